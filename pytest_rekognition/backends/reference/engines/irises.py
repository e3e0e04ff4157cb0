"""The irises and eyelids of a face mesh that was fitted without them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from pytest_rekognition.backends.reference.engines.nets import blob
from pytest_rekognition.backends.reference.engines.regions import around

if TYPE_CHECKING:
    from pytest_rekognition.backends.reference.engines.base import Floats, Pixels
    from pytest_rekognition.backends.reference.engines.nets import Net

#: pixels a side of the network's input
_SIZE: Final = 64
#: the square's side, in the eye's width (MediaPipe, iris_landmark_landmarks_to_roi)
_ABOUT_EYE: Final = 2.3
#: points of an iris: its middle, then its edge
_IRIS: Final = 5
_CONTOUR, _IRISES = "output_eyes_contours_and_brows", "output_iris"


class _Eye(NamedTuple):
    #: the rows of its corners in the mesh, the image's left one first
    corners: tuple[int, int]
    #: whether the network, which knows one eye, has to be shown a mirror image
    mirrored: bool
    #: the rows of the mesh that are the first points of the network's contour: the lower lid, then the upper
    lids: tuple[int, ...]


#: both eyes, the image's left one first (lids: MediaPipe, iris landmarks to face landmarks)
_EYES: Final = (
    _Eye(
        corners=(33, 133),
        mirrored=False,
        lids=(33, 7, 163, 144, 145, 153, 154, 155, 133, 246, 161, 160, 159, 158, 157, 173),
    ),
    _Eye(
        corners=(362, 263),
        mirrored=True,
        lids=(263, 249, 390, 373, 374, 380, 381, 382, 362, 466, 388, 387, 386, 385, 384, 398),
    ),
)


def with_irises(net: Net, pixels: Pixels, mesh: Floats) -> Floats:
    """Return a mesh of 468 points, in pixels, with its lids where they are seen, and ten points of irises."""
    refined, irises = mesh.copy(), []
    for eye in _EYES:
        region = around(mesh[list(eye.corners)], (0, 1), _ABOUT_EYE)
        outputs = net.run(blob(_turned(region.crop(pixels, _SIZE), mirrored=eye.mirrored)))
        contour, iris = (
            region.out(_unturned(outputs[name].reshape(-1, 3), mirrored=eye.mirrored), _SIZE)
            for name in (_CONTOUR, _IRISES)
        )
        refined[list(eye.lids), :2] = contour[: len(eye.lids), :2]
        depth = np.full((_IRIS, 1), mesh[list(eye.corners), 2].mean())
        irises.append(np.hstack([iris[:, :2], depth]))
    return np.vstack([refined, *irises]).astype(np.float32)


def _turned(crop: Pixels, *, mirrored: bool) -> Pixels:
    return crop[:, ::-1] if mirrored else crop


def _unturned(points: Floats, *, mirrored: bool) -> Floats:
    return points * (-1.0, 1.0, 1.0) + (float(_SIZE), 0.0, 0.0) if mirrored else points
