"""The images of a stateful test, and who is on them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from pytest_rekognition.drawing import DrawnFace, draw
from pytest_rekognition.errors import UsageError
from pytest_rekognition.images import summarise

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_rekognition.geometry import Box


@dataclass(frozen=True, slots=True, repr=False)
class Portrait:
    """An image and who is on it; `bytes(portrait)` is the file.

    `Portrait(data, ("anna", "bruno"))` shows two persons, anna's face being the larger one. Two faces of one name
    are of one person, on one image or on two. An image that shows nobody has no names.
    """

    #: a PNG's or JPEG's content
    content: bytes
    #: one name a face, the largest face first
    persons: tuple[str, ...] = ()
    #: where the faces lie, in the same order, where that is known
    boxes: tuple[Box, ...] = ()

    @property
    def stated(self) -> list[dict[str, Any]]:
        """The faces as `Rekognition.know` takes them: `rekognition.know(portrait, portrait.stated)`.

        Raises `UsageError` where it is not known where they lie.
        """
        if len(self.boxes) != len(self.persons):
            raise UsageError(
                f"{self!r} has {len(self.persons)} persons and {len(self.boxes)} boxes: give each one"
            )
        pairs = zip(self.persons, self.boxes, strict=True)
        return [{"person": person, "bounding_box": box} for person, box in pairs]

    def __bytes__(self) -> bytes:
        return self.content

    def __repr__(self) -> str:
        return f"<Portrait of {' and '.join(self.persons) or 'nobody'}, {summarise(self.content)}>"

    def _repr_pretty_(self, printer: Any, _cycle: object) -> None:
        printer.text(repr(self))  # Hypothesis would print every member, so all the bytes


#: how each person looks
_LOOKS: Final[dict[str, dict[str, Any]]] = {
    "anna": {"skin": "light", "hair": "red"},
    "bruno": {"skin": "dark", "hair": "black", "beard": True},
    "carla": {"skin": "olive", "hair": "grey", "eyeglasses": True},
}
#: pixels
_HEIGHT: Final = 240


@cache
def drawn_portraits() -> tuple[Portrait, ...]:
    """Return drawn images: two of anna, one of bruno, one of all three, and one of nobody.

    Raises `MissingDependencyError` where the extra `reference` is not installed.
    """
    return (
        _drawn(240, ("anna", {})),
        _drawn(240, ("anna", {"smile": True, "mouth_open": True, "place": (0.45, 0.5)})),
        _drawn(240, ("bruno", {})),
        _drawn(
            640,
            ("bruno", {"place": (0.2, 0.5), "size": 0.7}),
            ("anna", {"place": (0.55, 0.5), "size": 0.6}),
            ("carla", {"place": (0.85, 0.5), "size": 0.5}),
        ),
        _drawn(240),
    )


def _drawn(width: int, *faces: tuple[str, dict[str, Any]]) -> Portrait:
    drawn: Sequence[DrawnFace] = [DrawnFace(**{"size": 0.7} | _LOOKS[person] | look) for person, look in faces]
    image = draw(drawn, width=width, height=_HEIGHT)
    return Portrait(image.bytes, tuple(person for person, _ in faces), tuple(face.box for face in image.faces))
