"""How a head is turned, from its face mesh: the turn that brings a mean face nearest to it.

Mean absolute error against the service: roll 2.7 degrees, yaw 3.2, pitch 4.6.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np

from pytest_rekognition.backends.reference.engines.base import Pose

if TYPE_CHECKING:
    from pytest_rekognition.backends.reference.engines.base import Floats

#: degrees: the service calls a face level that looks this far up from the mean face's level
_LEVEL_PITCH: Final = 7.2


class _Vertex(NamedTuple):
    """A vertex of the mean face, in centimetres: x to the image's right, y up, z towards the viewer."""

    #: its row in the mesh, and its mirror image's; the same in the middle of the face
    left: int
    right: int
    #: distance from the middle
    x: float
    y: float
    z: float
    #: what it counts
    weight: float


#: The vertices of MediaPipe's canonical face model that its face geometry pipeline holds a mesh against, and what
#: each counts there (Copyright The MediaPipe Authors, Apache-2.0). The others count nothing.
_VERTICES: Final = (
    _Vertex(4, 4, 0.0, -0.463170, 7.586580, 0.070910),
    _Vertex(6, 6, 0.0, 2.473255, 5.788627, 0.032100),
    _Vertex(10, 10, 0.0, 8.261778, 4.481535, 0.008447),
    _Vertex(33, 263, 4.445859, 2.663991, 3.173422, 0.058724),
    _Vertex(54, 284, 6.279331, 6.615427, 1.425850, 0.007667),
    _Vertex(67, 297, 3.523964, 8.005976, 3.729163, 0.009078),
    _Vertex(117, 346, 5.258659, 0.945811, 2.974312, 0.009792),
    _Vertex(119, 348, 3.300681, 0.861641, 3.872784, 0.014565),
    _Vertex(121, 350, 1.820731, 1.467954, 4.224124, 0.018591),
    _Vertex(127, 356, 7.743095, 2.364999, -2.005167, 0.005198),
    _Vertex(129, 358, 1.785794, -0.978284, 4.850470, 0.120625),
    _Vertex(132, 361, 7.270895, -2.890917, -2.252455, 0.005560),
    _Vertex(133, 362, 1.856432, 2.585245, 3.757904, 0.053286),
    _Vertex(136, 365, 5.085276, -7.178590, 0.714711, 0.066890),
    _Vertex(143, 372, 6.407571, 2.236021, 1.560843, 0.014817),
    _Vertex(147, 376, 6.234883, -1.944430, 1.663542, 0.014263),
    _Vertex(198, 420, 1.246815, 0.230297, 5.681036, 0.025462),
    _Vertex(205, 425, 3.832928, -1.537326, 4.137731, 0.047252),
)


def _rows() -> tuple[list[int], list[tuple[float, float, float, float]]]:
    """Return the rows of the mesh that count, and for each the mean face's x, y, z and the weight."""
    left = {v.left: (-v.x, v.y, v.z, v.weight) for v in _VERTICES}
    rows = left | {v.right: (v.x, v.y, v.z, v.weight) for v in _VERTICES}
    return list(rows), list(rows.values())


_ROWS, _VALUES = _rows()
_MEAN_FACE: Final = np.array(_VALUES)[:, :3]
_WEIGHTS: Final = np.array(_VALUES)[:, 3:]


def pose_of(mesh: Floats) -> Pose:
    """Return the pose of a mesh in pixels, each angle in -180..180 degrees.

    With weights, the turn of the mean face that lies nearest to the mesh (orthogonal Procrustes), taken apart as
    R = Rz(roll) Ry(yaw) Rx(pitch).
    """
    seen = mesh[_ROWS].astype(np.float64) * (1.0, -1.0, -1.0)
    turn = _nearest_turn(_MEAN_FACE, seen)
    roll = math.degrees(math.atan2(turn[1, 0], turn[0, 0]))
    yaw = math.degrees(math.atan2(-turn[2, 0], math.hypot(turn[0, 0], turn[1, 0])))
    pitch = math.degrees(math.atan2(turn[2, 1], turn[2, 2]))
    return Pose(roll=round(-roll, 3), yaw=round(yaw, 3), pitch=round(_LEVEL_PITCH - pitch, 3))


def _nearest_turn(start: Any, end: Any) -> Any:
    """Return the rotation that brings one cloud of points nearest to another, whatever their size and place."""
    total = _WEIGHTS.sum()
    a = start - (_WEIGHTS * start).sum(axis=0) / total
    b = end - (_WEIGHTS * end).sum(axis=0) / total
    u, _, v = np.linalg.svd((_WEIGHTS * b).T @ a)
    sign = np.sign(np.linalg.det(u @ v))
    return u @ np.diag([1.0, 1.0, sign]) @ v
