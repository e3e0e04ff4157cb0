"""ListFaces and DeleteFaces."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from pytest_rekognition.backends.reference.collections.manage import MOST_RESULTS
from pytest_rekognition.backends.reference.collections.matching import listed_face
from pytest_rekognition.backends.reference.collections.store import FACE_MODEL_VERSION, Collections
from pytest_rekognition.backends.reference.paging import limited, page

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_rekognition.backends.reference.collections.store import Collection
    from pytest_rekognition.backends.reference.region import Handler, Region


def list_faces(request: Mapping[str, Any], region: Region) -> dict[str, Any]:
    """Answer ListFaces: the `Faces` that both filters let through, in the order of their ids.

    That order is not documented. Every recorded answer that can tell has it (of four and of three faces), and so
    has the example of eleven faces in AWS's model; one of three faces in the developer guide has not.

    What a filter names and the collection does not have is passed over, a user too (not documented: the prose says
    no more than "to filter results with").
    """
    user_id, face_ids = request.get("UserId"), request.get("FaceIds")
    with region.lock:
        collection = region.part(Collections)[request["CollectionId"]]
        shown, more = page(
            _chosen(collection, user_id, face_ids),
            lambda face_id: face_id,
            scope=["ListFaces", region.name, collection.collection_id, collection.number, user_id, face_ids],
            token=request.get("NextToken"),
            limit=limited(request, "MaxResults", MOST_RESULTS),
        )
        faces = [listed_face(collection, collection.faces[face_id]) for face_id in shown]
    return {"Faces": faces, "FaceModelVersion": FACE_MODEL_VERSION, **more}


def _chosen(collection: Collection, user_id: str | None, face_ids: list[str] | None) -> list[str]:
    """Return the ids of the faces that are listed, in their order."""
    if user_id is None and face_ids is None:
        return collection.listed_faces.in_order()
    chosen = collection.faces.keys() if face_ids is None else collection.faces.keys() & set(face_ids)
    if user_id is not None:
        user = collection.users.get(user_id)
        chosen = user.faces.keys() & chosen if user else set()
    return sorted(chosen)


def delete_faces(request: Mapping[str, Any], region: Region) -> dict[str, Any]:
    """Answer DeleteFaces: `DeletedFaces`, and `UnsuccessfulFaceDeletions` with their reasons.

    A face that belongs to a user stays until it is disassociated. An id that is named twice counts once.
    """
    deleted, failed = [], []
    with region.lock:
        collection = region.part(Collections)[request["CollectionId"]]
        for face_id in dict.fromkeys(request["FaceIds"]):
            owner = collection.owner(face_id)
            if face_id not in collection.faces:
                failed.append({"FaceId": face_id, "Reasons": ["FACE_NOT_FOUND"]})
            elif owner is not None:
                reasons = ["ASSOCIATED_TO_AN_EXISTING_USER"]
                failed.append({"FaceId": face_id, "UserId": owner, "Reasons": reasons})
            else:
                collection.remove_face(face_id)
                deleted.append(face_id)
    return {"DeletedFaces": deleted, "UnsuccessfulFaceDeletions": failed}


HANDLERS: Final[dict[str, Handler]] = {"DeleteFaces": delete_faces, "ListFaces": list_faces}
