"""The 52 blendshapes of MediaPipe's face landmarker, read off a face mesh."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pytest_rekognition.backends.reference.engines.base import Floats
    from pytest_rekognition.backends.reference.engines.nets import Net

# fmt: off
#: the rows of the mesh that the network reads (MediaPipe, face_blendshapes_graph.cc, kLandmarksSubsetIdxs)
_ROWS: Final = (
    0, 1, 4, 5, 6, 7, 8, 10, 13, 14, 17, 21, 33, 37, 39, 40, 46, 52, 53, 54, 55, 58, 61, 63, 65, 66, 67, 70, 78,
    80, 81, 82, 84, 87, 88, 91, 93, 95, 103, 105, 107, 109, 127, 132, 133, 136, 144, 145, 146, 148, 149, 150,
    152, 153, 154, 155, 157, 158, 159, 160, 161, 162, 163, 168, 172, 173, 176, 178, 181, 185, 191, 195, 197,
    234, 246, 249, 251, 263, 267, 269, 270, 276, 282, 283, 284, 285, 288, 291, 293, 295, 296, 297, 300, 308,
    310, 311, 312, 314, 317, 318, 321, 323, 324, 332, 334, 336, 338, 356, 361, 362, 365, 373, 374, 375, 377,
    378, 379, 380, 381, 382, 384, 385, 386, 387, 388, 389, 390, 397, 398, 400, 402, 405, 409, 415, 454, 466,
    468, 469, 470, 471, 472, 473, 474, 475, 476, 477,
)
# fmt: on
#: the rows of the network's output that are used (the same file, kBlendshapeNames)
_SHAPES: Final = {"eyeBlinkLeft": 9, "eyeBlinkRight": 10, "mouthSmileLeft": 44, "mouthSmileRight": 45}


def shapes_of(net: Net, mesh: Floats) -> dict[str, float]:
    """Return how far the blendshapes that are used are taken, 0..1, for a mesh in pixels."""
    (values,) = net.run(mesh[_ROWS, :2].reshape(1, len(_ROWS), 2)).values()
    return {name: float(values[row]) for name, row in _SHAPES.items()}
