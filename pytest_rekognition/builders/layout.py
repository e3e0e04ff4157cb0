"""Where several faces lie: a grid without overlaps, the largest first."""

from __future__ import annotations

from math import ceil, sqrt

from pytest_rekognition.geometry import Box

#: The largest face, and how much of its cell a face fills.
_WIDTH, _HEIGHT, _FILL = 0.25, 0.375, 0.8
#: How much smaller than the first face the last may get.
_SHRINK = 0.2


def grid(count: int) -> list[Box]:
    """Return so many boxes inside the image, in descending order of area."""
    columns = ceil(sqrt(count))
    rows = ceil(count / columns) if count else 0
    return [_cell(index, count, columns, rows) for index in range(count)]


def _cell(index: int, count: int, columns: int, rows: int) -> Box:
    scale = 1 - _SHRINK * index / count
    width = min(_WIDTH, _FILL / columns) * scale
    height = min(_HEIGHT, _FILL / rows) * scale
    middle_x, middle_y = (index % columns + 0.5) / columns, (index // columns + 0.5) / rows
    return Box(middle_x - width / 2, middle_y - height / 2, width, height)
