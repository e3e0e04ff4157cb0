"""From a vector to the faces and users of a collection that match it, as the wire carries them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from pytest_rekognition.backends.reference.collections.store import FACE_MODEL_VERSION
from pytest_rekognition.geometry import single

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_rekognition.backends.reference.collections.store import Collection, StoredFace
    from pytest_rekognition.backends.reference.collections.vectors import Near
    from pytest_rekognition.backends.reference.engines.base import Embedder, Floats

#: percent: "The default value is 80%"
DEFAULT_THRESHOLD: Final = 80.0
#: "The maximum matching faces the search API returns is 4096" (Guidelines and quotas). No default of MaxFaces is
#: documented, so that this is it.
MOST_FACES: Final = 4096
#: the most that MaxUsers may be; its default is not documented either
MOST_USERS: Final = 500
#: steps of the bisection: they bring the range of cosines, 2 wide, below what a 32-bit float tells apart
_STEPS: Final = 30


def face_matches(
    collection: Collection,
    probe: Floats,
    embedder: Embedder,
    *,
    threshold: float = DEFAULT_THRESHOLD,
    most: int = MOST_FACES,
    without: str | None = None,
) -> list[dict[str, Any]]:
    """Return the `FaceMatches` of a vector, the nearest first, and of equally near ones the first to come.

    `Similarity` falls with them; that of two may be equal where their cosines, of more digits, are not.
    `threshold` is in percent. The face with the id `without` is left out: SearchFaces does not find the face
    itself. `region.lock` is held by the caller.
    """
    least = least_cosine(embedder, threshold)
    found = collection.nearest_faces(probe, least=least, most=most, without=without)
    return [
        {"Similarity": similarity, "Face": listed_face(collection, collection.faces[near.key])}
        for near, similarity in _similar(found, embedder, threshold)
    ]


def user_matches(
    collection: Collection,
    probe: Floats,
    embedder: Embedder,
    *,
    threshold: float = DEFAULT_THRESHOLD,
    most: int = MOST_USERS,
    without: str | None = None,
) -> list[dict[str, Any]]:
    """Return the `UserMatches` of a vector, in the order of `face_matches`; the user `without` is left out."""
    least = least_cosine(embedder, threshold)
    found = collection.nearest_users(probe, least=least, most=most, without=without)
    return [
        {"Similarity": similarity, "User": {"UserId": near.key, "UserStatus": collection.users[near.key].status}}
        for near, similarity in _similar(found, embedder, threshold)
    ]


def similarity(embedder: Embedder, one: Floats, other: Floats) -> float:
    """Return the `Similarity` of two vectors, a percentage, as the wire carries it."""
    return similarities(embedder, one, [other])[0]


def similarities(embedder: Embedder, one: Floats, others: list[Floats]) -> list[float]:
    """Return the `Similarity` of a vector to each of some others, which may be none."""
    if not others:
        return []
    import numpy as np  # noqa: PLC0415 - needs the extra

    from pytest_rekognition.backends.reference.collections.vectors import exact_cosines  # noqa: PLC0415 - likewise

    return [single(embedder.similarity(float(cosine))) for cosine in exact_cosines(np.stack(others), one)]


def least_cosine(embedder: Embedder, threshold: float) -> float:
    """Return a cosine, as high as can be told, below which no `Similarity` reaches the threshold, in percent."""
    low, high = -1.0, 1.0
    for _ in range(_STEPS):
        middle = (low + high) / 2
        if single(embedder.similarity(middle)) < threshold:
            low = middle
        else:
            high = middle
    return low


def _similar(found: list[Near], embedder: Embedder, threshold: float) -> list[tuple[Near, float]]:
    """Give each its `Similarity`, and leave out those below the threshold, as the wire's number has it."""
    pairs = [(near, single(embedder.similarity(near.cosine))) for near in found]
    return [(near, percent) for near, percent in pairs if percent >= threshold]


def listed_face(collection: Collection, face: StoredFace) -> dict[str, Any]:
    """Return a stored `Face` as ListFaces and the searches tell it."""
    owner = collection.owner(face.face_id)
    return {
        **bare_face(face),
        "IndexFacesModelVersion": FACE_MODEL_VERSION,
        **({} if owner is None else {"UserId": owner}),
    }


def bare_face(face: StoredFace) -> dict[str, Any]:
    """Return a stored `Face` without what only ListFaces and the searches tell."""
    external = {} if face.external_image_id is None else {"ExternalImageId": face.external_image_id}
    return {
        "FaceId": face.face_id,
        "BoundingBox": face.box.as_wire(),
        "ImageId": face.image_id,
        **external,
        "Confidence": face.confidence,
    }


def threshold_of(request: Mapping[str, Any], member: str, default: float = DEFAULT_THRESHOLD) -> float:
    """Return the threshold that a request asks for, in percent, or the default."""
    asked = request.get(member)
    return default if asked is None else float(asked)
