"""Where `draw(n)` puts n faces, and how it varies them: an even grid, the rest by the seed."""

from __future__ import annotations

import random
from typing import Final, NamedTuple

from pytest_rekognition.drawing.face import BOX_ASPECT, HAIR_TONES, SKIN_TONES, DrawnFace
from pytest_rekognition.errors import UsageError

#: the most faces that `draw(n)` makes: DetectFaces returns no more
MOST_FACES: Final = 100
#: pixels; the default detector misses smaller faces
MIN_HEIGHT: Final = 36
#: a face's share of its cell, leaving room for hair, jitter and roll
_FILL: Final = 0.62
#: the largest face that `draw(n)` makes, a ratio of the image's height
_LARGEST: Final = 0.5
#: degrees either way
_ROLL: Final = 6.0
#: shares of the faces that smile; that wear glasses, and that have a beard
_SMILING: Final = 0.5
_WEARING: Final = 0.25


class _Grid(NamedTuple):
    columns: int
    rows: int
    #: the face height that fits the cells, a ratio of the image's height
    size: float


def arrange(count: int, width: int, height: int, seed: int) -> tuple[DrawnFace, ...]:
    """Return `count` faces that do not overlap; raises `UsageError` where they would be too small to be found."""
    if not 0 <= count <= MOST_FACES:
        raise UsageError(f"faces is {count}: draw 0 to {MOST_FACES}, or give a sequence of DrawnFace")
    if count == 0:
        return ()
    grid = max((_grid(count, columns, width, height) for columns in range(1, count + 1)), key=_by_size)
    if grid.size * height < MIN_HEIGHT:
        raise UsageError(
            f"faces is {count}, which in {width}x{height} pixels would be {grid.size * height:.0f} pixels high,"
            f" and the default detector misses faces under {MIN_HEIGHT}: draw fewer, or a larger image"
        )
    chance = random.Random(seed)  # noqa: S311 - a reproducible choice is wanted
    return tuple(_vary(chance, index, count, grid) for index in range(count))


def _grid(count: int, columns: int, width: int, height: int) -> _Grid:
    rows = -(-count // columns)
    size = min(_LARGEST, _FILL / rows, _FILL * width / columns / BOX_ASPECT / height)
    return _Grid(columns, rows, size)


def _by_size(grid: _Grid) -> tuple[float, int]:
    return grid.size, -grid.columns * grid.rows


def _vary(chance: random.Random, index: int, count: int, grid: _Grid) -> DrawnFace:
    row, column = divmod(index, grid.columns)
    in_row = min(grid.columns, count - row * grid.columns)
    x = (column + 0.5 + chance.uniform(-0.04, 0.04)) / in_row
    y = (row + 0.5 + chance.uniform(-0.03, 0.03)) / grid.rows
    return DrawnFace(
        place=(x, y),
        size=grid.size * chance.uniform(0.86, 1.0),
        roll=chance.uniform(-_ROLL, _ROLL),
        smile=chance.random() < _SMILING,
        eyeglasses=chance.random() < _WEARING,
        beard=chance.random() < _WEARING,
        skin=chance.choice(tuple(SKIN_TONES)),
        hair=chance.choice(tuple(HAIR_TONES)),
    )
