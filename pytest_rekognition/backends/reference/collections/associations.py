"""AssociateFaces and DisassociateFaces: which faces belong to which user."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from pytest_rekognition.backends.reference.collections.matching import similarity, threshold_of
from pytest_rekognition.backends.reference.collections.store import Collections
from pytest_rekognition.backends.reference.refusals import quota_exceeded
from pytest_rekognition.backends.reference.requests_seen import answered_once

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from pytest_rekognition.backends.reference.collections.store import Collection, User
    from pytest_rekognition.backends.reference.region import Handler, Region

#: "the total number of faces that can be associated with a single UserID is also limited to 100"
MOST_FACES_OF_A_USER: Final = 100
#: percent: "The value ranges from 0-100 and default value is 75"
DEFAULT_USER_THRESHOLD: Final = 75.0


def associate_faces(request: Mapping[str, Any], region: Region) -> dict[str, Any]:
    """Answer AssociateFaces: `AssociatedFaces`, `UnsuccessfulFaceAssociations` with their reasons, `UserStatus`.

    "If more API calls are made after the limit is reached, a ServiceQuotaExceededException will result." Those of
    one call that are too many are unsuccessful; no reason is documented for that, so their `Reasons` are empty.
    """

    def associate() -> dict[str, Any]:
        collection = region.part(Collections)[request["CollectionId"]]
        user = collection.user(request["UserId"])
        if len(user.faces) >= MOST_FACES_OF_A_USER:
            raise quota_exceeded(
                f"The user id: {user.user_id} has {MOST_FACES_OF_A_USER} faces, the most it can have"
            )
        low = _low_matches(
            collection, user, region, threshold_of(request, "UserMatchThreshold", DEFAULT_USER_THRESHOLD)
        )
        done: list[str] = []
        failed: list[dict[str, Any]] = []
        for face_id in _others(request["FaceIds"], user):
            refused = _foreign(collection, user, face_id) or low(face_id)
            if refused is None and len(user.faces) + len(done) >= MOST_FACES_OF_A_USER:
                refused = {"Reasons": []}
            if refused is None:
                done.append(face_id)
            else:
                failed.append({"FaceId": face_id, **refused})
        collection.associate(user, done)
        return {
            "AssociatedFaces": [{"FaceId": face_id} for face_id in done],
            "UnsuccessfulFaceAssociations": failed,
            "UserStatus": _status(user, changed=bool(done)),
        }

    return answered_once("AssociateFaces", request, region, associate)


def disassociate_faces(request: Mapping[str, Any], region: Region) -> dict[str, Any]:
    """Answer DisassociateFaces: `DisassociatedFaces`, `UnsuccessfulFaceDisassociations`, `UserStatus`.

    "If a given face is already disassociated from the given UserID, it will be ignored".
    """

    def disassociate() -> dict[str, Any]:
        collection = region.part(Collections)[request["CollectionId"]]
        user = collection.user(request["UserId"])
        done = [face_id for face_id in dict.fromkeys(request["FaceIds"]) if face_id in user.faces]
        refusals = {face_id: _foreign(collection, user, face_id) for face_id in _others(request["FaceIds"], user)}
        collection.associate(user, without=done)
        return {
            "DisassociatedFaces": [{"FaceId": face_id} for face_id in done],
            "UnsuccessfulFaceDisassociations": [
                {"FaceId": face_id, **refused} for face_id, refused in refusals.items() if refused is not None
            ],
            "UserStatus": _status(user, changed=bool(done)),
        }

    return answered_once("DisassociateFaces", request, region, disassociate)


def _others(face_ids: Iterable[str], user: User) -> list[str]:
    """Return the ids, each once, of faces that are not the user's already: those are ignored."""
    return [face_id for face_id in dict.fromkeys(face_ids) if face_id not in user.faces]


def _foreign(collection: Collection, user: User, face_id: str) -> dict[str, Any] | None:
    """Return why a face is out of a user's reach, as the wire tells it, or None."""
    if face_id not in collection.faces:
        return {"Reasons": ["FACE_NOT_FOUND"]}
    owner = collection.owner(face_id)
    if owner not in {None, user.user_id}:
        return {"UserId": owner, "Reasons": ["ASSOCIATED_TO_A_DIFFERENT_USER"]}
    return None


def _low_matches(
    collection: Collection, user: User, region: Region, threshold: float
) -> Callable[[str], dict[str, Any] | None]:
    """Return what tells whether a face is too unlike the faces that a user has before the call.

    "The UserMatchThreshold parameter specifies the minimum user match confidence required for the face to be
    associated with a UserID that has at least one FaceID already associated."
    """
    own = collection.user_vector(user)

    def refused(face_id: str) -> dict[str, Any] | None:
        if own is None:
            return None
        confidence = similarity(region.sight.embedder, own, collection.face_vector(face_id))
        return None if confidence >= threshold else {"Confidence": confidence, "Reasons": ["LOW_MATCH_CONFIDENCE"]}

    return refused


def _status(user: User, *, changed: bool) -> str:
    """Return an answer's `UserStatus`: UPDATING where something changed, as recorded, though it is settled."""
    return "UPDATING" if changed else user.status


HANDLERS: Final[dict[str, Handler]] = {
    "AssociateFaces": associate_faces,
    "DisassociateFaces": disassociate_faces,
}
