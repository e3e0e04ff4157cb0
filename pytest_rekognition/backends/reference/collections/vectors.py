"""Vectors that are searched for the nearest ones, all of them each time, so that no match is ever missed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from pytest_rekognition.backends.reference.engines.base import Floats

#: rows that a matrix begins with; it doubles when they are used up
_FIRST: Final = 16
#: numbers that are told exactly at a time: 8 MB in 64 bits
_AT_A_TIME: Final = 1 << 20


class Near(NamedTuple):
    """A vector that was found."""

    key: str
    #: between it and the one searched for, -1..1
    cosine: float


class Vectors:
    """Unit vectors of one size by their keys, one row of a matrix each.

    Adding takes constant time on average, removing always: the last row moves into the gap. A search reads the
    matrix once and copies no more of it than the candidates. Of two that are equally near, the one with the
    smaller number comes first, wherever it lies in the matrix. Numbers at the end of the vectors that are 0 in all
    of them, as those of stated persons in most collections, are not kept.
    """

    def __init__(self, size: int) -> None:
        self._size = size
        self._matrix = np.empty((_FIRST, 1), np.float32)
        self._numbers = np.empty(_FIRST, np.int64)
        self._keys: list[str] = []
        self._rows: dict[str, int] = {}

    def __len__(self) -> int:
        return len(self._keys)

    def __contains__(self, key: object) -> bool:
        return key in self._rows

    def __getitem__(self, key: str) -> Floats:
        vector = np.zeros(self._size, np.float32)
        vector[: self._columns] = self._matrix[self._rows[key]]
        return vector

    def put(self, key: str, vector: Floats, number: int) -> None:
        """Add a vector, or give a key another one; `number` is its place among those equally near."""
        if key not in self._rows:
            self.extend([key], [vector], [number])
            return
        row = self._rows[key]
        self._make_room(0, vector)
        self._matrix[row], self._numbers[row] = vector[: self._columns], number

    def extend(self, keys: Sequence[str], vectors: Sequence[Floats] | Floats, numbers: Sequence[int]) -> None:
        """Add vectors with new keys, one or more, each with its number."""
        start, end = len(self._keys), len(self._keys) + len(keys)
        table = np.asarray(vectors)
        self._make_room(end, table)
        self._matrix[start:end] = table[:, : self._columns]
        self._numbers[start:end] = numbers
        self._rows.update(zip(keys, range(start, end), strict=True))
        self._keys.extend(keys)

    def remove(self, key: str) -> None:
        """Take a vector away."""
        row, last = self._rows.pop(key), self._keys.pop()
        if last != key:
            self._matrix[row] = self._matrix[len(self._keys)]
            self._numbers[row] = self._numbers[len(self._keys)]
            self._keys[row] = last
            self._rows[last] = row

    def nearest(self, probe: Floats, *, least: float, most: int, without: str | None = None) -> list[Near]:
        """Return the nearest vectors, the nearest first.

        At most `most` of them, each with a cosine of `least` or more; the one with the key `without` is left out.
        """
        probe = probe[: self._columns]
        cosines = self._matrix[: len(self._keys)] @ probe
        rows = np.flatnonzero(cosines >= self._floor(cosines, least, most + (without in self._rows)))
        if without in self._rows:
            rows = rows[rows != self._rows[without]]
        exact = self._exact_cosines(rows, probe)
        order = np.lexsort((self._numbers[rows], -exact))[:most]
        order = order[exact[order] >= least]
        return [
            Near(self._keys[row], cosine)
            for row, cosine in zip(rows[order].tolist(), exact[order].tolist(), strict=True)
        ]

    @property
    def _columns(self) -> int:
        return self._matrix.shape[1]

    @property
    def _slack(self) -> float:
        """The most that a 32-bit product of two unit vectors can be off, in whatever order it is summed up."""
        return float(self._columns * np.finfo(np.float32).eps)

    def _floor(self, cosines: Floats, least: float, most: int) -> float:
        """Return what every one of the `most` nearest is above, before its cosine is told exactly."""
        floor = least - self._slack
        if np.count_nonzero(cosines >= floor) <= most:
            return floor
        place = len(cosines) - most
        return max(floor, float(np.partition(cosines, place)[place]) - 2 * self._slack)

    def _exact_cosines(self, rows: NDArray[np.intp], probe: Floats) -> Floats:
        exact = np.empty(len(rows), np.float32)
        step = max(1, _AT_A_TIME // self._columns)
        for at in range(0, len(rows), step):
            exact[at : at + step] = exact_cosines(self._matrix[rows[at : at + step]], probe)
        return exact

    def _make_room(self, rows: int, vectors: Floats) -> None:
        """Have at least so many rows, and the columns that a vector or a table of them needs."""
        room, columns = len(self._matrix), max(self._columns, _used(vectors))
        while room < rows:
            room *= 2
        if (room, columns) == self._matrix.shape:
            return
        used = len(self._keys)
        matrix = np.zeros((room, columns), np.float32)
        numbers = np.empty(room, np.int64)
        matrix[:used, : self._columns], numbers[:used] = self._matrix[:used], self._numbers[:used]
        self._matrix, self._numbers = matrix, numbers


def _used(vectors: Floats) -> int:
    """Return the number of columns up to the last in which a vector, or any of a table of them, is not 0."""
    (columns,) = np.nonzero(np.atleast_2d(vectors).any(axis=0))
    return int(columns[-1]) + 1 if len(columns) else 0


def exact_cosines(matrix: Floats, probe: Floats) -> Floats:
    """Return the cosines between the rows of a matrix and a vector, all of length 1.

    They are summed up in 64 bits, each row by itself. So equal vectors have equal cosines, and any number of
    threads gives the same ones; the product of a matrix promises neither.
    """
    products = np.multiply(matrix, probe, dtype=np.float64)
    cosines: Floats = np.clip(products.sum(axis=1), -1.0, 1.0).astype(np.float32)
    return cosines


def mean_vector(vectors: Sequence[Floats]) -> Floats:
    """Return the direction of the mean of unit vectors; of those that cancel each other out, zeros."""
    mean = np.stack(vectors).mean(axis=0, dtype=np.float64)
    direction: Floats = (mean / (np.linalg.norm(mean) or 1.0)).astype(np.float32)
    return direction
