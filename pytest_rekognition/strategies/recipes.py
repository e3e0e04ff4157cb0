"""The members of a face, each made from a few whole numbers: 0 stands for the usual value.

A face is drawn as one flat row of numbers: that is several times faster than strategies inside strategies, and
shrinks to the usual face at once. The ranges are those of recorded responses.
"""

from __future__ import annotations

from math import factorial
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from hypothesis import strategies as st

from pytest_rekognition.attributes import TWO_VALUED
from pytest_rekognition.geometry import single
from pytest_rekognition.strategies.scalars import STEPS, between

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from hypothesis.strategies import DrawFn, SearchStrategy

    Wire = dict[str, Any]

#: Both ways from the usual value, or one way.
BOTH: Final = (-STEPS, STEPS)
UP: Final = (0, STEPS)
#: How far out of the image boxes reach, on each side (measured).
LEFT_MOST, TOP_MOST, RIGHT_MOST, BOTTOM_MOST = -0.0145, -0.150, 1.0707, 1.0078
#: The emotions of today's faces, in the order in which equal ones stand; until 2019 there was no FEAR.
EMOTIONS: Final = ("CALM", "HAPPY", "SURPRISED", "CONFUSED", "SAD", "ANGRY", "DISGUSTED", "FEAR")
#: How many numbers stand for which emotion, if any, is one that the service cannot name.
_NAMELESS: Final = 64


class Recipe(NamedTuple):
    """How a value is made from whole numbers."""

    #: the least and the most of each number; 0 is the usual
    ranges: tuple[tuple[int, int], ...]
    make: Callable[..., Any]

    def strategy(self) -> SearchStrategy[Any]:
        """Return the values."""
        return numbers(self.ranges).map(self.of)

    def of(self, drawn: Sequence[int]) -> Any:
        """Return the value of a row of numbers."""
        return self.make(*drawn)


def numbers(ranges: Sequence[tuple[int, int]]) -> SearchStrategy[tuple[int, ...]]:
    """Return rows of whole numbers."""
    return _row([st.integers(low, high) for low, high in ranges])


@st.composite
def _row(draw: DrawFn, columns: Sequence[SearchStrategy[int]]) -> tuple[int, ...]:
    # not `st.tuples`, whose every item Hypothesis varies a hundred times to explain a failure
    return tuple([draw(column) for column in columns])


def one_of_each(recipes: dict[str, Recipe]) -> Recipe:
    """Return the recipe of a structure, from those of its members."""

    def make(*drawn: int) -> Wire:
        row = iter(drawn)
        return {name: recipe.make(*[next(row) for _ in recipe.ranges]) for name, recipe in recipes.items()}

    return Recipe(tuple(pair for recipe in recipes.values() for pair in recipe.ranges), make)


def _number(low: float, high: float, usual: float, *, power: int = 1) -> Recipe:
    def make(step: int) -> float:
        return between(step, low, high, usual, power)

    return Recipe((BOTH,), make)


def confidence(step: int, least: float) -> float:
    """Return a percentage: 99.5 for 0, down to `least` for 19 of 20 steps, and from there up to 100."""
    away = abs(step) / STEPS
    if away <= _DOWN:
        return single(99.5 - (99.5 - least) * away / _DOWN)
    return single(99.5 + 0.5 * (away - _DOWN) / (1 - _DOWN))


#: The share of the steps that lead down from the usual confidence.
_DOWN: Final = 0.95


def _percentage(least: float) -> Recipe:
    def make(step: int) -> float:
        return confidence(step, least)

    return Recipe((UP,), make)


def _box(height_step: int, ratio_step: int, across: int, down: int) -> Wire:
    height = between(height_step, 0.01, 1.0, 0.375)
    width = single(min(1.0, height * between(ratio_step, 0.3, 1.7, 2 / 3)))
    left = _slid(across, width, LEFT_MOST, RIGHT_MOST)
    top = _slid(down, height, TOP_MOST, BOTTOM_MOST)
    return {"Width": width, "Height": height, "Left": left, "Top": top}


def _slid(step: int, size: float, low: float, high: float) -> float:
    """Return where a box begins: centred for 0 steps; at least half of it stays in the image."""
    return between(step, max(low, -size / 2), min(high - size, 1 - size / 2), (1 - size) / 2)


def _ages(low: int, width: int) -> Wire:
    return {"Low": 26 + low, "High": 34 + low + width}


def _two_valued(usual: bool | str, other: bool | str) -> Recipe:  # noqa: FBT001 - values of the wire
    def make(step: int) -> Wire:
        return {"Value": usual if step >= 0 else other, "Confidence": confidence(step, 50.0)}

    return Recipe((BOTH,), make)


def emotions(*counts: int) -> Recipe:
    """Return the recipe of a face's emotions, so many of any: one leads, the others follow, most of them low.

    At times one of them is UNKNOWN, which is documented. Every number of them takes the same row: Hypothesis takes
    the shortest row for the simplest.
    """

    def make(choice: int, order: int, nameless: int, most_step: int, *rest: int) -> list[Wire]:
        count = counts[choice]
        known = EMOTIONS if count == len(EMOTIONS) else EMOTIONS[:-1]
        most = confidence(most_step, 0.0)
        names = _permuted(known, order)[:count]
        if 0 < nameless <= count:
            names[-nameless] = "UNKNOWN"
        shares = [most, *(single(most * (step / STEPS) ** 3) for step in rest[: count - 1])]
        ranked = sorted(zip(names, shares, strict=True), key=lambda pair: -pair[1])
        return [{"Type": name, "Confidence": share} for name, share in ranked]

    orders = factorial(len(EMOTIONS))
    return Recipe(((0, len(counts) - 1), (0, orders - 1), (0, _NAMELESS), *[UP] * len(EMOTIONS)), make)


def _permuted(names: Sequence[str], order: int) -> list[str]:
    """Return names in the order of a number: 0 for their own, a small one changes only which comes first."""
    left, permuted = list(names), []
    while left:
        order, place = divmod(order, len(left))
        permuted.append(left.pop(place))
    return permuted


BOX: Final = Recipe((BOTH,) * 4, _box)
#: Percent. Measured: 55.0..100.
LEAST_CONFIDENCE: Final = 55.0
FACE_CONFIDENCE: Final = _percentage(LEAST_CONFIDENCE)
#: In degrees. Measured: Roll to 165.7, Yaw to 84.2, Pitch to 32.3.
POSE: Final = one_of_each(
    {
        "Roll": _number(-180, 180, 0, power=2),
        "Yaw": _number(-90, 90, 0, power=2),
        "Pitch": _number(-45, 45, 0, power=2),
    }
)
#: Every member but the landmarks, which follow from the others.
MEMBERS: Final[dict[str, Recipe]] = {
    "BoundingBox": BOX,
    "AgeRange": Recipe(((-26, 60), (-6, 12)), _ages),
    **dict.fromkeys(TWO_VALUED, _two_valued(usual=False, other=True)),
    "EyesOpen": _two_valued(usual=True, other=False),
    "Gender": _two_valued("Female", "Male"),
    "Pose": POSE,
    "Quality": one_of_each({"Brightness": _number(0, 100, 80), "Sharpness": _number(0, 100, 95.5)}),
    "Confidence": FACE_CONFIDENCE,
    "EyeDirection": one_of_each(
        {"Yaw": _number(-45, 45, 0), "Pitch": _number(-30, 30, 0), "Confidence": _percentage(8.0)}
    ),
}
