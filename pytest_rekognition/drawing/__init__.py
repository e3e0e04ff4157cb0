"""Drawn faces: synthetic images and videos, with ground truth, so that no repository needs a person's picture.

    image = draw(2, width=800)
    client.detect_faces(Image={"Bytes": image.bytes})
    image.faces[0].box
    video = draw_video([MovingFace({0: DrawnFace(place=(0.3, 0.5)), 1500: DrawnFace(place=(0.7, 0.5))})])
    video.faces_at(500)[0].box

Drawing needs the `reference` extra (OpenCV and numpy); importing this package does not.
"""

from __future__ import annotations

from pytest_rekognition.drawing.face import HAIR_TONES, SKIN_TONES, DrawnFace
from pytest_rekognition.drawing.scene import DrawnImage, FaceTruth, draw
from pytest_rekognition.drawing.video import DrawnVideo, MovingFace, draw_video

__all__ = [
    "HAIR_TONES",
    "SKIN_TONES",
    "DrawnFace",
    "DrawnImage",
    "DrawnVideo",
    "FaceTruth",
    "MovingFace",
    "draw",
    "draw_video",
]
