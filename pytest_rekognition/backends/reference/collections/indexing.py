"""IndexFaces: faces are found in an image, sifted, and stored."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from pytest_rekognition.backends.reference.attributes import wanted_members, wants_all
from pytest_rekognition.backends.reference.collections.matching import bare_face
from pytest_rekognition.backends.reference.collections.quality import sifted
from pytest_rekognition.backends.reference.collections.store import FACE_MODEL_VERSION, Collections, StoredFace
from pytest_rekognition.backends.reference.faces import MAX_FACES, face_detail
from pytest_rekognition.backends.reference.ids import image_id
from pytest_rekognition.backends.reference.images import image_of
from pytest_rekognition.geometry import Box, single, stored_ratio

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pytest_rekognition.backends.reference.collections.store import Collection
    from pytest_rekognition.backends.reference.engines.base import Floats
    from pytest_rekognition.backends.reference.ids import Ids
    from pytest_rekognition.backends.reference.region import Handler, Region

#: decimals of a stored confidence, as a ratio (measured: 1,036 of 1,036)
_DECIMALS: Final = 6
_PERCENT: Final = 100


def index_faces(request: Mapping[str, Any], region: Region) -> dict[str, Any]:
    """Answer IndexFaces: `FaceRecords`, the largest box first, and `UnindexedFaces` with their reasons.

    "If IndexFaces detects more faces than the value of MaxFaces, the faces with the lowest quality are filtered
    out first. If there are still more faces […], the faces with the smallest bounding boxes are filtered out".
    """
    with region.lock:
        region.part(Collections)[request["CollectionId"]]  # a missing one is told before the image is looked at
    attributes = request.get("DetectionAttributes") or ["DEFAULT"]
    members, complete = wanted_members(attributes), wants_all(attributes)
    data = image_of(request["Image"], region)
    faces = region.sight.faces(data)[:MAX_FACES]
    passed, left_out = sifted(faces, request.get("QualityFilter") or "AUTO")
    most = request.get("MaxFaces") or MAX_FACES
    left_out += [(face, ["EXCEEDS_MAX_FACES"]) for face in passed[most:]]
    indexed = passed[:most]
    details = [face_detail(face, members, complete=complete) for face in indexed]
    vectors = region.sight.vectors(data, indexed)
    with region.lock:
        collection = region.part(Collections)[request["CollectionId"]]
        source = _Source(image_id(data), request.get("ExternalImageId"))
        records = _stored(collection, region.ids, source, zip(details, vectors, strict=True))
    return {
        "FaceRecords": records,
        "FaceModelVersion": FACE_MODEL_VERSION,
        "UnindexedFaces": [
            {"Reasons": reasons, "FaceDetail": face_detail(face, members, complete=complete)}
            for face, reasons in left_out
        ],
    }


class _Source(NamedTuple):
    image_id: str
    external_image_id: str | None


def _stored(
    collection: Collection, ids: Ids, source: _Source, faces: Iterable[tuple[dict[str, Any], Floats]]
) -> list[dict[str, Any]]:
    """Store the faces of an image, and return their `FaceRecords`.

    "If you provide the same image, specify the same collection, and use the same external ID in the IndexFaces
    operation, Amazon Rekognition doesn't save duplicate face metadata": then a face keeps its id. Without an
    external id each call stores new faces, as users of the service report. A face that a test has stated anew, so
    that it is another one or less sure, is no duplicate.
    """
    known = collection.named_faces(*source)
    records, new = [], []
    for detail, vector in faces:
        box = Box(*(stored_ratio(detail["BoundingBox"][side]) for side in ("Left", "Top", "Width", "Height")))
        confidence = single(single(round(detail["Confidence"] / _PERCENT, _DECIMALS)) * _PERCENT)
        earlier = known.get(box, deque())
        face_id = next((one for one in earlier if _is_stored(collection, one, confidence, vector)), None)
        if face_id is not None:
            earlier.remove(face_id)
            face = collection.faces[face_id]
        else:
            face = StoredFace(
                face_id=ids.uuid4(),
                image_id=source.image_id,
                external_image_id=source.external_image_id,
                box=box,
                confidence=confidence,
                number=collection.next_number(),
            )
            new.append((face, vector))
        # the answer to IndexFaces itself is not rounded: Face and FaceDetail share box and Confidence, 21 of 21
        shared = {"BoundingBox": dict(detail["BoundingBox"]), "Confidence": detail["Confidence"]}
        records.append({"Face": bare_face(face) | shared, "FaceDetail": detail})
    collection.add_faces([face for face, _ in new], [vector for _, vector in new])
    return records


def _is_stored(collection: Collection, face_id: str, confidence: float, vector: Floats) -> bool:
    is_as_sure = collection.faces[face_id].confidence == confidence
    return is_as_sure and bool((collection.face_vector(face_id) == vector).all())


HANDLERS: Final[dict[str, Handler]] = {"IndexFaces": index_faces}
