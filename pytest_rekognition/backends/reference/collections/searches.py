"""SearchFaces, SearchFacesByImage, SearchUsers, SearchUsersByImage."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from pytest_rekognition.backends.reference.collections.matching import (
    MOST_FACES,
    MOST_USERS,
    face_matches,
    threshold_of,
    user_matches,
)
from pytest_rekognition.backends.reference.collections.quality import sifted
from pytest_rekognition.backends.reference.collections.store import (
    FACE_MODEL_VERSION,
    USER_MODEL_VERSION,
    Collections,
)
from pytest_rekognition.backends.reference.faces import MAX_FACES, face_detail
from pytest_rekognition.backends.reference.images import image_of
from pytest_rekognition.backends.reference.paging import limited
from pytest_rekognition.backends.reference.refusals import invalid_parameters, no_faces

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_rekognition.backends.reference.collections.quality import Sifted
    from pytest_rekognition.backends.reference.collections.store import Collection
    from pytest_rekognition.backends.reference.engines.base import Floats
    from pytest_rekognition.backends.reference.region import Handler, Region


def search_faces(request: Mapping[str, Any], region: Region) -> dict[str, Any]:
    """Answer SearchFaces: `FaceMatches` of a stored face, which is no match of itself."""
    face_id = request["FaceId"]
    with region.lock:
        collection = region.part(Collections)[request["CollectionId"]]
        probe = _vector_of_face(collection, face_id)
        matches = face_matches(collection, probe, region.sight.embedder, without=face_id, **_face_limits(request))
    return {"SearchedFaceId": face_id, "FaceMatches": matches, "FaceModelVersion": FACE_MODEL_VERSION}


def search_faces_by_image(request: Mapping[str, Any], region: Region) -> dict[str, Any]:
    """Answer SearchFacesByImage: the largest face that passes the filter, and its `FaceMatches`."""
    data, seen = _look(request, region)
    if not seen.passed:
        raise no_faces()
    face = seen.passed[0]
    (probe,) = region.sight.vectors(data, [face])
    with region.lock:
        collection = region.part(Collections)[request["CollectionId"]]
        matches = face_matches(collection, probe, region.sight.embedder, **_face_limits(request))
    detail = face_detail(face)
    return {
        "SearchedFaceBoundingBox": detail["BoundingBox"],
        "SearchedFaceConfidence": detail["Confidence"],
        "FaceMatches": matches,
        "FaceModelVersion": FACE_MODEL_VERSION,
    }


def search_users(request: Mapping[str, Any], region: Region) -> dict[str, Any]:
    """Answer SearchUsers: `UserMatches` of a stored face, or of a user, who is no match of itself.

    A user without faces matches nothing, and nobody matches it (not documented).
    """
    face_id, user_id = request.get("FaceId"), request.get("UserId")
    if (face_id is None) == (user_id is None):
        raise invalid_parameters()
    with region.lock:
        collection = region.part(Collections)[request["CollectionId"]]
        if face_id is not None:
            searched = {"SearchedFace": {"FaceId": face_id}}
            probe: Floats | None = _vector_of_face(collection, face_id)
        else:
            user = collection.user(request["UserId"])
            searched = {"SearchedUser": {"UserId": user.user_id}}
            probe = collection.user_vector(user)
        matches = _users_like(collection, probe, request, region, without=user_id)
    return {"UserMatches": matches, "FaceModelVersion": USER_MODEL_VERSION, **searched}


def search_users_by_image(request: Mapping[str, Any], region: Region) -> dict[str, Any]:
    """Answer SearchUsersByImage: the largest face that passes the filter, its `UserMatches`, and the other faces.

    "If no valid face is detected in the image, the response will contain an empty UserMatches list and no
    SearchedFace object."
    """
    data, seen = _look(request, region)
    unsearched = [*seen.left_out, *((face, ["FACE_NOT_LARGEST"]) for face in seen.passed[1:])]
    probes = region.sight.vectors(data, seen.passed[:1])
    with region.lock:
        collection = region.part(Collections)[request["CollectionId"]]
        matches = _users_like(collection, probes[0] if probes else None, request, region)
    return {
        "UserMatches": matches,
        "FaceModelVersion": USER_MODEL_VERSION,
        **({"SearchedFace": {"FaceDetail": face_detail(seen.passed[0])}} if seen.passed else {}),
        "UnsearchedFaces": [
            {"FaceDetails": face_detail(face), "Reasons": reasons}
            for face, reasons in sorted(unsearched, key=lambda pair: -pair[0].box.area)
        ],
    }


def _look(request: Mapping[str, Any], region: Region) -> tuple[bytes, Sifted]:
    """Return the request's image and its faces; a missing collection is told before the image is looked at."""
    with region.lock:
        region.part(Collections)[request["CollectionId"]]
    data = image_of(request["Image"], region)
    faces = region.sight.faces(data)[:MAX_FACES]
    return data, sifted(faces, request.get("QualityFilter") or "NONE")


def _vector_of_face(collection: Collection, face_id: str) -> Floats:
    if face_id not in collection.faces:
        # as users of the service quote it
        raise invalid_parameters("faceId was not found in the collection")
    return collection.face_vector(face_id)


def _face_limits(request: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "threshold": threshold_of(request, "FaceMatchThreshold"),
        "most": limited(request, "MaxFaces", MOST_FACES),
    }


def _users_like(
    collection: Collection,
    probe: Floats | None,
    request: Mapping[str, Any],
    region: Region,
    without: str | None = None,
) -> list[dict[str, Any]]:
    if probe is None:
        return []
    return user_matches(
        collection,
        probe,
        region.sight.embedder,
        threshold=threshold_of(request, "UserMatchThreshold"),
        most=limited(request, "MaxUsers", MOST_USERS),
        without=without,
    )


HANDLERS: Final[dict[str, Handler]] = {
    "SearchFaces": search_faces,
    "SearchFacesByImage": search_faces_by_image,
    "SearchUsers": search_users,
    "SearchUsersByImage": search_users_by_image,
}
