"""One item of a response's list, such as a face record, a match, a person or a user."""

from __future__ import annotations

import hashlib
import uuid
from typing import TYPE_CHECKING, Any, NamedTuple

from pytest_rekognition.builders.faces import COMPARED_MEMBERS, DETAIL_MEMBERS, box_of, compared, detail
from pytest_rekognition.geometry import Box, single

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

#: A stored video is sampled twice a second (measured: every 480 or 520 ms).
_SAMPLE_MILLIS = 500


class Slot(NamedTuple):
    """What one item is made from."""

    #: counted from 0
    number: int
    #: how many items there are
    total: int
    #: where the item's face lies, unless `named` says
    box: Box
    #: overrides by API name
    named: Mapping[str, Any]
    #: the request's members, maybe incomplete or with matchers in place of values
    request: Mapping[str, Any]

    def value(self, member: str, default: Any) -> Any:
        """Return a member's override, or its default."""
        return self.named.get(member, default)

    def asked(self, option: str, kind: type[Any] | tuple[type[Any], ...], default: Any = None) -> Any:
        """Return an option of the request, where it has it as a value of the kind due."""
        value = self.request.get(option)
        return value if isinstance(value, kind) and not isinstance(value, bool) else default


class Kind(NamedTuple):
    """One kind of item."""

    #: the members that a test may set, by API name
    members: tuple[str, ...]
    make: Callable[[Slot], Any]


def face_id(index: int) -> str:
    """Return the id of the face at an index, the same in every operation."""
    return str(uuid.UUID(bytes=_digest(f"face {index}"), version=4))


def image_id() -> str:
    """Return the id of the image that all faces come from."""
    return str(uuid.UUID(bytes=_digest("image"), version=3))


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()[:16]


def _stored(slot: Slot, ident: str | None = None) -> dict[str, Any]:
    """Return a `Face`, as a collection keeps it."""
    face = {
        "FaceId": slot.value("FaceId", ident or face_id(slot.number)),
        "BoundingBox": box_of(slot.named, slot.box),
        "ImageId": slot.value("ImageId", image_id()),
        "Confidence": slot.value("Confidence", 99.875),
    }
    return face | {name: slot.named[name] for name in _STORED_OPTIONAL if name in slot.named}


_STORED_OPTIONAL = ("ExternalImageId", "IndexFacesModelVersion", "UserId")
_STORED_MEMBERS = ("FaceId", "BoundingBox", "ImageId", "Confidence", *_STORED_OPTIONAL)


def _detected(slot: Slot) -> dict[str, Any]:
    return detail(slot.named, attributes=_attributes(slot, "Attributes"), box=slot.box)


def _attributes(slot: Slot, option: str) -> tuple[str, ...]:
    return tuple(name for name in slot.asked(option, (list, tuple), ()) if isinstance(name, str))


def _record(slot: Slot) -> dict[str, Any]:
    external = slot.value("ExternalImageId", slot.asked("ExternalImageId", str))
    named = dict(slot.named) | ({"ExternalImageId": external} if external is not None else {})
    face = _stored(slot._replace(named=named))
    shown = {name: value for name, value in slot.named.items() if name in DETAIL_MEMBERS}
    attributes = _attributes(slot, "DetectionAttributes")
    return {"Face": face, "FaceDetail": detail(shown, attributes=attributes, box=slot.box)}


def _similarity(slot: Slot, option: str) -> Any:
    """Return a similarity between the request's threshold and 100, the first item's the highest."""
    least = max(80.0, slot.asked(option, (int, float), 80.0))
    below = (100 - least) * (slot.number + 1) / (slot.total + 2)
    return slot.value("Similarity", max(single(100 - below), least))


def _compared_match(slot: Slot) -> dict[str, Any]:
    named = {name: value for name, value in slot.named.items() if name in COMPARED_MEMBERS}
    similarity = _similarity(slot, "SimilarityThreshold")
    return {"Similarity": similarity, "Face": compared(named, box=slot.box)}


def _face_match(slot: Slot) -> dict[str, Any]:
    return {"Similarity": _similarity(slot, "FaceMatchThreshold"), "Face": _stored(slot, _other_face(slot))}


def _other_face(slot: Slot) -> str:
    """Return a match's id, which is never that of the face searched for."""
    ident = face_id(slot.number)
    return face_id(slot.number + slot.total) if ident == slot.asked("FaceId", str) else ident


def _user(slot: Slot) -> dict[str, Any]:
    return {
        "UserId": slot.value("UserId", f"user-{slot.number + 1}"),
        "UserStatus": slot.value("UserStatus", "ACTIVE"),
    }


def _user_match(slot: Slot) -> dict[str, Any]:
    return {"Similarity": _similarity(slot, "UserMatchThreshold"), "User": _user(slot)}


def asked_faces(request: Mapping[str, Any]) -> list[str]:
    """Return the ids of the faces that a request names, each once."""
    named = request.get("FaceIds")
    ids = named if isinstance(named, list | tuple) else ()
    return list(dict.fromkeys(ident for ident in ids if isinstance(ident, str)))


def _named_face(slot: Slot) -> str:
    """Return the id that the request has at an item's place, or one of our own."""
    named = asked_faces(slot.request)
    return named[slot.number] if slot.number < len(named) else face_id(slot.number)


def _listed(slot: Slot) -> dict[str, Any]:
    """Return a stored face, of those that the request filters by."""
    user = slot.value("UserId", slot.asked("UserId", str))
    named = dict(slot.named) | ({"UserId": user} if user is not None else {})
    return _stored(slot._replace(named=named), _named_face(slot))


def _timestamp(slot: Slot) -> Any:
    return slot.value("Timestamp", slot.number * _SAMPLE_MILLIS)


def _video_face(slot: Slot) -> dict[str, Any]:
    named = {name: value for name, value in slot.named.items() if name in DETAIL_MEMBERS}
    return {"Timestamp": _timestamp(slot), "Face": detail(named, box=slot.box)}


def _person(slot: Slot) -> dict[str, Any]:
    """Return a person whose face shows; the body's box reaches below it."""
    named = {name: value for name, value in slot.named.items() if name in DETAIL_MEMBERS}
    body = Box(slot.box.left, slot.box.top, slot.box.width, min(1 - slot.box.top, slot.box.height * 2))
    return {
        "Index": slot.value("Index", slot.number),
        "BoundingBox": {side: single(ratio) for side, ratio in body.as_wire().items()},
        "Face": detail(named, box=slot.box),
    }


def _tracked(slot: Slot) -> dict[str, Any]:
    return {"Timestamp": _timestamp(slot), "Person": _person(slot)}


def _searched_person(slot: Slot) -> dict[str, Any]:
    match = {"Similarity": slot.value("Similarity", 99.5), "Face": _stored(slot._replace(named={}))}
    return {**_tracked(slot), "FaceMatches": [match]}


def _celebrity(slot: Slot) -> dict[str, Any]:
    named = {name: value for name, value in slot.named.items() if name in COMPARED_MEMBERS}
    return {
        "Urls": slot.value("Urls", ["www.example.com/celebrity"]),
        "Name": slot.value("Name", f"Celebrity {slot.number + 1}"),
        "Id": slot.value("Id", f"{slot.number + 1:07}"),
        "Face": compared(named, box=slot.box),
        "MatchConfidence": slot.value("MatchConfidence", 99.0),
        "KnownGender": slot.value("KnownGender", {"Type": "Female"}),
    }


def _recognized(slot: Slot) -> dict[str, Any]:
    named = {name: value for name, value in slot.named.items() if name in DETAIL_MEMBERS}
    celebrity = _celebrity(slot._replace(named={**slot.named, "BoundingBox": {}}))
    known = {name: celebrity[name] for name in ("Urls", "Name", "Id", "KnownGender")}
    face = detail(named, box=slot.box)
    place = {"BoundingBox": face["BoundingBox"]} if "BoundingBox" in face else {}
    return {
        "Timestamp": _timestamp(slot),
        "Celebrity": {**known, "Confidence": celebrity["MatchConfidence"], **place, "Face": face},
    }


_CELEBRITY_MEMBERS = ("Urls", "Name", "Id", "MatchConfidence", "KnownGender")

DETECTED = Kind(DETAIL_MEMBERS, _detected)
RECORD = Kind(tuple(dict.fromkeys((*DETAIL_MEMBERS, *_STORED_MEMBERS))), _record)
COMPARED_MATCH = Kind(("Similarity", *COMPARED_MEMBERS), _compared_match)
FACE_MATCH = Kind(("Similarity", *_STORED_MEMBERS), _face_match)
USER = Kind(("UserId", "UserStatus"), _user)
USER_MATCH = Kind(("Similarity", "UserId", "UserStatus"), _user_match)
LISTED = Kind(_STORED_MEMBERS, _listed)
VIDEO_FACE = Kind(("Timestamp", *DETAIL_MEMBERS), _video_face)
TRACKED = Kind(("Timestamp", "Index", *DETAIL_MEMBERS), _tracked)
SEARCHED_PERSON = Kind(("Timestamp", "Index", "Similarity", *DETAIL_MEMBERS), _searched_person)
CELEBRITY = Kind((*_CELEBRITY_MEMBERS, *COMPARED_MEMBERS), _celebrity)
RECOGNIZED = Kind(("Timestamp", *_CELEBRITY_MEMBERS, *DETAIL_MEMBERS), _recognized)
COLLECTION = Kind((), lambda slot: f"collection-{slot.number + 1}")
FACE_ID = Kind((), _named_face)
FACE_ID_ITEM = Kind((), lambda slot: {"FaceId": _named_face(slot)})
