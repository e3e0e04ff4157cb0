"""From the cosine between two faces' vectors to `Similarity`."""

from __future__ import annotations

from typing import NamedTuple

from pytest_rekognition.backends.reference.engines.nets import logistic


class Curve(NamedTuple):
    """A logistic curve over the cosine, stretched so that it reaches 100 at 1."""

    steepness: float
    #: the cosine at half the height
    middle: float

    def at(self, cosine: float) -> float:
        """Return 0..100; a cosine that rounding has put outside -1..1 counts as its end."""
        inside = min(1.0, max(-1.0, cosine))
        return 100.0 * self._height(inside) / self._height(1.0)

    def _height(self, cosine: float) -> float:
        return logistic(self.steepness * (cosine - self.middle))
