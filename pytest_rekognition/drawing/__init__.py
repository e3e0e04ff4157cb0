"""Drawn faces: synthetic images with their exact ground truth, so that no repository needs a person's picture.

    image = draw(2, width=800)
    client.detect_faces(Image={"Bytes": image.bytes})
    image.faces[0].box

Drawing needs the `reference` extra (OpenCV and numpy); importing this package does not.
"""

from __future__ import annotations

from pytest_rekognition.drawing.face import HAIR_TONES, SKIN_TONES, DrawnFace
from pytest_rekognition.drawing.scene import DrawnImage, FaceTruth, draw

__all__ = ["HAIR_TONES", "SKIN_TONES", "DrawnFace", "DrawnImage", "FaceTruth", "draw"]
