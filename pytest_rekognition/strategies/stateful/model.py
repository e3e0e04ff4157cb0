"""What must be true of an account's collections: a model in plain Python, which knows nothing of any client."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from pytest_rekognition.geometry import Box

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from pytest_rekognition.strategies.stateful.portraits import Portrait

#: what two faces are found to be alike with, at the least, where they are one face of one image
_SAME_IMAGE: Final = 99.0
#: what tells persons apart: the documented default of FaceMatchThreshold and UserMatchThreshold in searches
_SAME_PERSON: Final = 80.0


class Likeness(NamedTuple):
    """How alike two faces must be found, in percent, or what nobody knows."""

    #: minus infinity where a threshold of 0 need not find it either
    at_least: float = -math.inf
    below: float = math.inf


_UNKNOWN: Final = Likeness()
#: how far two answers on one face may differ in a box's sides, as ratios of the image: what is stored is rounded
_SAME_SIDE: Final = 1e-3
#: and in the Confidence, in percent
_SAME_CONFIDENCE: Final = 0.01


class Outline(NamedTuple):
    """Where an answer says that a face lies, and how sure that is."""

    #: a side that the answer lacks is not a number
    box: Box
    #: percent
    confidence: float

    @classmethod
    def of(cls, face: Mapping[str, Any]) -> Outline:
        """Return the outline in a `Face` or a `FaceDetail`."""
        box = face.get("BoundingBox", {})
        sides = (box.get(side, math.nan) for side in ("Left", "Top", "Width", "Height"))
        return cls(Box(*sides), face.get("Confidence", math.nan))

    def fits(self, other: Outline) -> bool:
        """Tell whether both are of one face, as far as rounding goes."""
        sides = zip(self.box, other.box, strict=True)
        return (
            all(abs(one - another) <= _SAME_SIDE for one, another in sides)
            and abs(self.confidence - other.confidence) <= _SAME_CONFIDENCE
        )

    def as_wire(self) -> dict[str, Any]:
        """Return it as an answer has it."""
        return {"BoundingBox": self.box.as_wire(), "Confidence": self.confidence}


class Sighting(NamedTuple):
    """One face of one image."""

    portrait: Portrait
    #: from 0, the largest face first
    number: int

    def likeness(self, other: Sighting, *, tells_persons: bool) -> Likeness:
        """Return how alike this and another face are, where that is known."""
        if self == other:
            return Likeness(_SAME_IMAGE)
        if not tells_persons:
            return _UNKNOWN
        return Likeness(_SAME_PERSON) if self.person == other.person else Likeness(below=_SAME_PERSON)

    @property
    def person(self) -> str:
        """Who it is, by the image's own account."""
        return self.portrait.persons[self.number]


@dataclass(slots=True)
class StoredFace:
    """A face in a collection."""

    sighting: Sighting
    image_id: str
    outline: Outline
    external_id: str | None = None
    #: whom it is associated with
    user: str | None = None


@dataclass(slots=True)
class StoredCollection:
    """A collection."""

    #: by their FaceIds
    faces: dict[str, StoredFace] = field(default_factory=dict)
    #: by their UserIds, whether a face was ever associated with them
    users: dict[str, bool] = field(default_factory=dict)
    #: what it was described with first, and has to be for ever
    description: dict[str, object] = field(default_factory=dict)

    def faces_of(self, user: str) -> dict[str, StoredFace]:
        """Return a user's faces."""
        return {face_id: face for face_id, face in self.faces.items() if face.user == user}

    def free_faces(self) -> list[str]:
        """Return the FaceIds of the faces that belong to nobody."""
        return [face_id for face_id, face in self.faces.items() if face.user is None]

    def user_statuses(self, user: str) -> set[str]:
        """Return the statuses that a user may have once everything has settled.

        'ACTIVE - All associations or disassociations of FaceID(s) for a UserID are complete. CREATED - A UserID
        has been created, but has no FaceID(s) associated with it.' Both fit a user whose faces are all gone.
        """
        if self.faces_of(user):
            return {"ACTIVE"}
        return {"ACTIVE", "CREATED"} if self.users[user] else {"CREATED"}

    def free(self, user: str) -> None:
        """Take a user's faces from it: 'Faces that are associated with the UserID are disassociated'."""
        for face in self.faces_of(user).values():
            face.user = None


class Refusal(NamedTuple):
    """Why a face is not served."""

    reason: str
    #: whose it is, where that is why
    owner: str | None = None


class Sorted(NamedTuple):
    """What must become of the FaceIds of one request, each once however often it is named."""

    done: list[str]
    #: by their FaceIds
    refused: dict[str, Refusal]


_NOT_FOUND: Final = Refusal("FACE_NOT_FOUND")


def deletion(collection: StoredCollection, face_ids: Iterable[str]) -> Sorted:
    """Return what DeleteFaces does."""
    done: list[str] = []
    refused: dict[str, Refusal] = {}
    for face_id in dict.fromkeys(face_ids):
        face = collection.faces.get(face_id)
        if face is None:
            refused[face_id] = _NOT_FOUND
        elif face.user is not None:
            refused[face_id] = Refusal("ASSOCIATED_TO_AN_EXISTING_USER", face.user)
        else:
            done.append(face_id)
    return Sorted(done, refused)


def association(
    collection: StoredCollection, user: str, face_ids: Iterable[str], *, person: str | None = None
) -> Sorted:
    """Return what AssociateFaces does; where the match counts, `person` is who the user is.

    'If a given face is already associated with the given UserID, it will be ignored and will not be returned in
    the response.'
    """
    done: list[str] = []
    refused: dict[str, Refusal] = {}
    for face_id in dict.fromkeys(face_ids):
        face = collection.faces.get(face_id)
        if face is None:
            refused[face_id] = _NOT_FOUND
        elif face.user not in {None, user}:
            refused[face_id] = Refusal("ASSOCIATED_TO_A_DIFFERENT_USER", face.user)
        elif face.user is None and person not in {None, face.sighting.person}:
            refused[face_id] = Refusal("LOW_MATCH_CONFIDENCE")
        elif face.user is None:
            done.append(face_id)
    return Sorted(done, refused)


def disassociation(collection: StoredCollection, user: str, face_ids: Iterable[str]) -> Sorted:
    """Return what DisassociateFaces does.

    'If a given face is already disassociated from the given UserID, it will be ignored and not be returned'.
    """
    done: list[str] = []
    refused: dict[str, Refusal] = {}
    for face_id in dict.fromkeys(face_ids):
        face = collection.faces.get(face_id)
        if face is None:
            refused[face_id] = _NOT_FOUND
        elif face.user == user:
            done.append(face_id)
        elif face.user is not None:
            refused[face_id] = Refusal("ASSOCIATED_TO_A_DIFFERENT_USER", face.user)
    return Sorted(done, refused)


def of_one_person(collection: StoredCollection, user: str, face_ids: list[str]) -> list[str]:
    """Return what to offer to a user without a face: faces of one person, so that it is known who the user is."""
    faces = [(face_id, collection.faces.get(face_id)) for face_id in face_ids]
    persons = [face.sighting.person for _, face in faces if face is not None]
    if collection.faces_of(user) or not persons:
        return face_ids
    return [face_id for face_id, face in faces if face is None or face.sighting.person == persons[0]]


def matched_person(collection: StoredCollection, user: str, face_ids: Iterable[str]) -> str | None:
    """Return whose faces AssociateFaces takes for a user; None where the documentation leaves that open.

    'the minimum user match confidence required for the face to be associated with a UserID that has at least one
    FaceID already associated' says nothing of a first request with several persons, or of a user of several.
    """
    persons = {face.sighting.person for face in collection.faces_of(user).values()}
    if not persons:
        offered = (collection.faces.get(face_id) for face_id in face_ids)
        persons = {face.sighting.person for face in offered if face is not None and face.user is None}
    return persons.pop() if len(persons) == 1 else None


def user_likenesses(
    collection: StoredCollection, sightings: list[Sighting], *, tells_persons: bool
) -> Iterator[tuple[str, Likeness]]:
    """Yield how alike each user and the one whose faces these are must be found."""
    for user in collection.users:
        pairs = [
            mine.likeness(face.sighting, tells_persons=tells_persons)
            for face in collection.faces_of(user).values()
            for mine in sightings
        ]
        if pairs:
            yield user, Likeness(min(pair.at_least for pair in pairs), max(pair.below for pair in pairs))
        else:  # without a face there is nothing to match
            yield user, Likeness(below=0.0)
