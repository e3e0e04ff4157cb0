"""Fitting a face mesh: a network is shown a turned square about the face, and then one about its own mesh."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

from pytest_rekognition.backends.reference.engines.landmarks import EYE_LINE
from pytest_rekognition.backends.reference.engines.nets import blob, logistic
from pytest_rekognition.backends.reference.engines.regions import Region, around

if TYPE_CHECKING:
    from pytest_rekognition.backends.reference.engines.base import Floats, Pixels
    from pytest_rekognition.backends.reference.engines.faces import Edges
    from pytest_rekognition.backends.reference.engines.nets import Net
    from pytest_rekognition.geometry import Point


class Fit(NamedTuple):
    """A mesh in a face."""

    #: rows of x, y and z in pixels of the image
    mesh: Floats
    #: the chance that a face is there, 0..1: the mean of both looks. The second one alone, about a mesh that the
    #: first has imagined, sees faces in fists.
    presence: float


class MeshNet:
    """A network that fits a mesh into the picture of a face.

    Args:
        net: the network.
        size: pixels a side of its input.
        points: its output with x, y and z of each point, in pixels of the input.
        presence: its output with the logit of a face being there.
        about_box: the first square's side, in the longer one of the box.
        about_mesh: the second square's, in the longer one of the first mesh's bounds.

    """

    def __init__(
        self, net: Net, size: int, *, points: str, presence: str, about_box: float, about_mesh: float
    ) -> None:
        self._net = net
        self._size = size
        self._points, self._presence = points, presence
        self._about_box, self._about_mesh = about_box, about_mesh

    def fit(self, pixels: Pixels, edges: Edges, eye_left: Point, eye_right: Point) -> Fit:
        """Return the mesh of a face, given its box and its eyes in pixels."""
        angle = math.atan2(eye_right.y - eye_left.y, eye_right.x - eye_left.x)
        side = self._about_box * max(edges.right - edges.left, edges.bottom - edges.top)
        centre = (edges.left + edges.right) / 2, (edges.top + edges.bottom) / 2
        first = self._look(pixels, Region(*centre, side, angle))
        second = self._look(pixels, around(first.mesh, EYE_LINE, self._about_mesh))
        return Fit(second.mesh, (first.presence + second.presence) / 2)

    def _look(self, pixels: Pixels, region: Region) -> Fit:
        outputs = self._net.run(blob(region.crop(pixels, self._size)))
        mesh = region.out(outputs[self._points].reshape(-1, 3), self._size)
        return Fit(mesh, logistic(float(outputs[self._presence][0])))
