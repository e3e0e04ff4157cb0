"""Boxes, poses, landmarks, emotions and whole faces: each face one coherent head."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from hypothesis import strategies as st

from pytest_rekognition.attributes import ATTRIBUTE_MEMBERS, DEFAULT_MEMBERS, OPTIONAL_MEMBERS
from pytest_rekognition.contract.rules.attributes import RECENT_MEMBERS, asked_members
from pytest_rekognition.geometry import Box
from pytest_rekognition.strategies import head, recipes
from pytest_rekognition.strategies.scalars import invalid

if TYPE_CHECKING:
    from hypothesis.strategies import DrawFn, SearchStrategy

    Wire = dict[str, Any]

#: How many landmarks a face may have.
_LANDMARK_COUNTS: Final = (30, 25, 5)


class Era(NamedTuple):
    """What ALL brought at a time."""

    landmarks: int
    emotions: int
    #: whether EyeDirection and FaceOccluded came
    recent: bool
    #: whether the image's orientation came, where it was not known from the file
    oriented: bool = False


TODAY: Final = Era(30, 8, recent=True)
#: Today, from late 2019 to 2023, in 2019, and before (measured).
ERAS: Final = (TODAY, Era(30, 8, recent=False), Era(30, 7, recent=False), Era(25, 3, recent=False, oriented=True))


_BOXES: Final = recipes.BOX.strategy()
_POSES: Final = recipes.POSE.strategy()
_EMOTIONS: Final = recipes.emotions(8, 7, 3).strategy()
#: The number that stands for one person's proportions; 0 has the template's.
_PERSON: Final = (0, 2**16 - 1)
_PERSONS: Final = st.integers(*_PERSON)


# --- parts of a face -----------------------------------------------------------------------------------------


@st.composite
def bounding_boxes(draw: DrawFn) -> Wire:
    """Return `BoundingBox` structures of faces: mostly inside the image, some a little outside.

    They reach as far out as measured: Left from -0.0145, Top from -0.150, the right edge to 1.0707, the bottom to
    1.0078. At least half of a box is in the image.
    """
    return draw(_BOXES)


@st.composite
def poses(draw: DrawFn) -> Wire:
    """Return `Pose` structures in degrees: Roll to 180 either way, Yaw to 90, Pitch to 45, mostly near frontal."""
    return draw(_POSES)


@st.composite
def landmarks(
    draw: DrawFn,
    *,
    box: Mapping[str, float] | Box | None = None,
    pose: Mapping[str, float] | None = None,
    count: int = 30,
) -> list[Wire]:
    """Return the `Landmarks` of one head, turned by `pose` and put into `box`; None draws them.

    `count` is 30, 25 (faces until mid 2019) or 5 (DEFAULT faces); names and orders are the recorded ones. Positive
    Yaw turns the nose to the image's right, positive Pitch lifts it, positive Roll turns clockwise.
    """
    if count not in _LANDMARK_COUNTS:
        raise invalid(f"{count=} must be 30, 25 or 5, as the service sends landmarks")
    chosen = draw(_BOXES) if box is None else _given_box(box)
    turn = draw(_POSES) if pose is None else _structure("pose", pose, ("Roll", "Yaw", "Pitch"), 180.0)
    order = draw(st.sampled_from(head.ORDERS[count]))
    return head.landmarks(order, chosen, turn, head.Look(person=draw(_PERSONS)))


def _given_box(box: Mapping[str, float] | Box) -> Wire:
    given = box.as_wire() if isinstance(box, Box) else box
    wire = _structure("box", given, ("Width", "Height", "Left", "Top"), 2.0)
    if min(wire["Width"], wire["Height"]) <= 0:
        raise invalid(f"box={box!r} must have a Width and a Height above 0")
    return wire


def _structure(name: str, given: Any, members: tuple[str, ...], most: float) -> Wire:
    """Return a structure that a caller gave, checked."""
    if not isinstance(given, Mapping) or set(given) != set(members):
        raise invalid(f"{name}={given!r} must have exactly the members {', '.join(members)}")
    for member, value in given.items():
        if isinstance(value, bool) or not isinstance(value, int | float) or not -most <= value <= most:
            raise invalid(f"{name}[{member!r}]={value!r} must be a number from {-most:g} to {most:g}")
    return dict(given)


@st.composite
def emotions(draw: DrawFn) -> list[Wire]:
    """Return the `Emotions` of one face: 8, 7 (2019) or 3 (before), each once, the most confident first."""
    return draw(_EMOTIONS)


#: The service's order of a face's members.
_ORDER: Final = (
    *("BoundingBox", "AgeRange", "Smile", "Eyeglasses", "Sunglasses", "Gender", "Beard", "Mustache", "EyesOpen"),
    *("MouthOpen", "Emotions", "Landmarks", "Pose", "Quality", "Confidence", "FaceOccluded", "EyeDirection"),
)


# --- whole faces ---------------------------------------------------------------------------------------------


@st.composite
def face_details(draw: DrawFn, *, attributes: Sequence[str] = ("ALL",)) -> Wire:
    """Return `FaceDetail` structures with the members that a request's `attributes` bring.

    One coherent head: landmarks follow the box, the pose, open eyes, an open mouth and a smile. With ALL also
    faces of earlier years: 25 landmarks, 7 or 3 emotions, no `EyeDirection` and `FaceOccluded`. Shrinks to a
    frontal face in the middle of the image.
    """
    return draw(faces(_checked(attributes)))


def _checked(attributes: Sequence[str]) -> tuple[str, ...]:
    known = ("DEFAULT", "ALL", *ATTRIBUTE_MEMBERS)
    if isinstance(attributes, str) or not isinstance(attributes, Sequence):
        raise invalid(f'{attributes=} must be a list of names, such as ["ALL"]')
    for name in attributes:
        if name not in known:
            raise invalid(f"attributes names {name!r}, which is none of {', '.join(known)}")
    return tuple(attributes)


@lru_cache(maxsize=256)
def faces(attributes: tuple[str, ...] = (), *, eras: tuple[Era, ...] = ERAS) -> SearchStrategy[Wire]:
    """Return faces with what these attributes bring, with ALL in one of these eras."""
    if "ALL" not in attributes:
        return members(asked_members(attributes))
    named = frozenset(ATTRIBUTE_MEMBERS[name] for name in attributes if name in ATTRIBUTE_MEMBERS)
    drawn = _recipe(OPTIONAL_MEMBERS, tuple(era.emotions for era in eras))

    def make(person: int, *rest: int) -> Wire:
        era = eras[rest[0]]
        face = drawn.make(*rest)
        for name in frozenset() if era.recent else RECENT_MEMBERS - named:
            del face[name]
        return _face(head.ORDERS[era.landmarks][0], person, face)

    return recipes.Recipe((_PERSON, *drawn.ranges), make).strategy()


@lru_cache(maxsize=256)
def members(wanted: frozenset[str], *, count: int = 5) -> SearchStrategy[Wire]:
    """Return today's faces with the DEFAULT members, those wanted, and so many landmarks."""
    orders, drawn = head.ORDERS[count], _recipe(wanted, (TODAY.emotions,))

    def make(order: int, person: int, *rest: int) -> Wire:
        return _face(orders[order], person, drawn.make(*rest))

    return recipes.Recipe(((0, len(orders) - 1), _PERSON, *drawn.ranges), make).strategy()


def _recipe(wanted: frozenset[str], counts: tuple[int, ...]) -> recipes.Recipe:
    """Return the recipe of the DEFAULT members and those wanted but landmarks; emotions, if any, come first.

    Their first number chooses from `counts`.
    """
    names = wanted.union(DEFAULT_MEMBERS)
    known = {"Emotions": recipes.emotions(*counts), **recipes.MEMBERS}
    return recipes.one_of_each({name: recipe for name, recipe in known.items() if name in names})


def _face(order: tuple[str, ...], person: int, drawn: Wire) -> Wire:
    look = head.Look(
        eyes_open=_value(drawn, "EyesOpen", default=True),
        mouth_open=_value(drawn, "MouthOpen", default=False),
        smile=_value(drawn, "Smile", default=False),
        person=person,
    )
    drawn["Landmarks"] = head.landmarks(order, drawn["BoundingBox"], drawn["Pose"], look)
    return {name: drawn[name] for name in _ORDER if name in drawn}


def _value(drawn: Wire, name: str, *, default: bool) -> bool:
    return bool(drawn[name]["Value"]) if name in drawn else default
