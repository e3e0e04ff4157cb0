"""The rules on collections and their faces."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final

from hypothesis import strategies as st
from hypothesis.stateful import MultipleResults, initialize, multiple, precondition, rule

from pytest_rekognition.strategies.stateful.base import (
    COLLECTIONS,
    FACES,
    MORE_FACES,
    MOST_MATCHES,
    PAGE_SIZES,
    PORTRAITS,
    THRESHOLDS,
    Machine,
    Place,
    asked,
    ids_of,
)
from pytest_rekognition.strategies.stateful.endpoint import DivergenceError, Question
from pytest_rekognition.strategies.stateful.model import Sighting, StoredCollection, StoredFace, deletion

if TYPE_CHECKING:
    from pytest_rekognition.strategies.stateful.model import Likeness
    from pytest_rekognition.strategies.stateful.portraits import Portrait

_NAMES: Final = st.runner().flatmap(lambda machine: st.sampled_from(machine.names))
#: 'IndexFaces returns no more than 100 detected faces in an image, even if you specify a larger value'
_MOST_INDEXED: Final = 100
_NO_DUPLICATES: Final = (
    "'If you provide the same image, specify the same collection, and use the same external ID in the IndexFaces"
    " operation, Amazon Rekognition doesn't save duplicate face metadata.'"
)
_NO_COLLECTION: Final = "the collection does not exist"
#: a made-up token, of the documented length
_NO_TOKEN: Final = "bm8gcGFnZSBvZiB0aGlzIGxpc3Q="  # noqa: S105  no password


class FaceRules(Machine):
    """Collections and faces."""

    def exists(self, operation: str, name: str, **request: Any) -> bool:
        """Tell whether a collection exists; where it does not, hold the call to failing."""
        if name in self.model:
            return True
        code = "ResourceNotFoundException"
        self.endpoint.refused(operation, code, why=_NO_COLLECTION, CollectionId=name, **request)
        return False

    def first_collection(self) -> str:
        """Return the collection that a run begins with; the first to ask for it creates it."""
        if self.names[0] not in self.model:
            self.create_collection(self.names[0])
        return self.names[0]

    @initialize(target=COLLECTIONS)
    def create_first_collection(self) -> str:
        """CreateCollection: something to begin with."""
        return self.first_collection()

    @initialize(target=FACES, image=PORTRAITS)
    def index_first_image(self, image: Portrait) -> MultipleResults[Place]:
        """IndexFaces: something to begin with."""
        return self._index(self.first_collection(), image, None, None)

    @rule(target=COLLECTIONS, name=_NAMES)
    def create_collection(self, name: str) -> str:
        """CreateCollection: a new one, or one that is there."""
        if name in self.model:
            code, why = "ResourceAlreadyExistsException", "the collection exists"
            self.endpoint.refused("CreateCollection", code, why=why, CollectionId=name)
        else:
            self.endpoint.answer("CreateCollection", CollectionId=name)
            self.model[name] = StoredCollection()
        return name

    @precondition(lambda self: len(self.model) == self.max_collections)  # seldom: all that is in it is lost
    @rule(collection=COLLECTIONS)
    def delete_collection(self, collection: str) -> None:
        """DeleteCollection: 'this operation removes all faces in the collection'."""
        if self.exists("DeleteCollection", collection):
            self.endpoint.answer("DeleteCollection", CollectionId=collection)
            del self.model[collection]

    @rule(
        target=FACES,
        collection=COLLECTIONS,
        image=PORTRAITS,
        external_id=st.sampled_from((None, "a:1", "b-2.jpg")),
        most=st.sampled_from((None, 1, 2)),
    )
    def index_faces(
        self, collection: str, image: Portrait, external_id: str | None, most: int | None
    ) -> MultipleResults[Place]:
        """IndexFaces: each face of an image, or the largest ones."""
        return self._index(collection, image, external_id, most)

    @rule(target=FACES, face=FACES, keep=st.booleans())
    def index_again(self, face: Place, *, keep: bool) -> MultipleResults[Place]:
        """IndexFaces: an image that is here already, with its ExternalImageId or without one."""
        known = self.model.get(face.collection, StoredCollection()).faces.get(face.id)
        if known is None:
            return multiple()
        return self._index(face.collection, known.sighting.portrait, known.external_id if keep else None, None)

    def _index(
        self, collection: str, image: Portrait, external_id: str | None, most: int | None
    ) -> MultipleResults[Place]:
        request = asked(
            Image={"Bytes": bytes(image)}, ExternalImageId=external_id, MaxFaces=most, QualityFilter="NONE"
        )
        if not self.exists("IndexFaces", collection, **request):
            return multiple()
        if len(self.model[collection].faces) >= self.max_faces:
            return multiple()
        question = Question("IndexFaces", {"CollectionId": collection, **request})
        answer = self.endpoint.answer("IndexFaces", **question.request)
        self._check_number(image, question, answer)
        face_ids = [record["Face"]["FaceId"] for record in answer["FaceRecords"]]
        question.hold("the FaceIds", sorted(set(face_ids)), sorted(face_ids), "Each face has an id of its own.")
        for record in answer["FaceRecords"]:
            self._store(question, Sighting(image, _number(record, answer)), record["Face"])
        return multiple(*(Place(collection, face_id) for face_id in face_ids))

    def _check_number(self, image: Portrait, question: Question, answer: dict[str, Any]) -> None:
        """Hold the number of faces to what the image shows, or was found to show before."""
        indexed, left = len(answer["FaceRecords"]), len(answer.get("UnindexedFaces", ()))
        due = self.faces_on.setdefault(image, indexed + left)
        question.hold("faces in all", due, indexed + left, "An image shows the same faces each time.")
        most = min(due, question.request.get("MaxFaces", _MOST_INDEXED))
        question.hold("faces indexed", most, indexed, "MaxFaces: 'The maximum number of faces to index.'")

    def _store(self, question: Question, sighting: Sighting, face: dict[str, Any]) -> None:
        """Put a face of an answer into the model."""
        collection, external_id = question.request["CollectionId"], question.request.get("ExternalImageId")
        stored, face_id = self.model[collection].faces, face["FaceId"]
        if face_id not in stored:
            self._check_duplicate(question, sighting)
            stored[face_id] = StoredFace(sighting, face["ImageId"], external_id)
        elif stored[face_id].sighting != sighting or self.saves_duplicates:
            raise DivergenceError(f"{question} gave the FaceId {face_id}, which another face has")
        self.check_face(collection, face, question)
        same = {other.image_id for other in stored.values() if other.sighting.portrait == sighting.portrait}
        question.hold("the ImageIds of this image", [face["ImageId"]], sorted(same), "An image has one id.")

    def _check_duplicate(self, question: Question, sighting: Sighting) -> None:
        """Refuse a face that is stored already, where the documentation's word on that is to be held."""
        external_id = question.request.get("ExternalImageId")
        if self.saves_duplicates is not False or external_id is None:
            return
        twins = [
            face_id
            for face_id, face in self.model[question.request["CollectionId"]].faces.items()
            if (face.sighting, face.external_id) == (sighting, external_id)
        ]
        question.refuse("stores again what is here already", twins, _NO_DUPLICATES)

    @rule(collection=COLLECTIONS, page=PAGE_SIZES)
    def list_everything(self, collection: str, page: int | None) -> None:
        """ListCollections, ListFaces and ListUsers, in pages, of a collection that may be gone."""
        self.endpoint.settled(lambda: self.check_collections(page))
        here = [
            self.exists(operation, collection) for operation in ("DescribeCollection", "ListFaces", "ListUsers")
        ]
        if all(here):
            self.endpoint.settled(lambda: self.check_faces(collection, page))
            self.endpoint.settled(lambda: self.check_users(collection, page))
            place = {"CollectionId": collection, "NextToken": _NO_TOKEN}
            self.endpoint.refused(
                "ListFaces", "InvalidPaginationTokenException", why="the token is made up", **place
            )

    @rule(face=FACES, more=MORE_FACES, page=PAGE_SIZES)
    def list_chosen_faces(self, face: Place, more: list[Place], page: int | None) -> None:
        """ListFaces, filtered by FaceIds and by a user; what ids that are not there do is not documented."""
        stored = self.model.get(face.collection, StoredCollection()).faces
        present = [face_id for face_id in ids_of(face, more) if face_id in stored]
        if not present:
            return
        self.endpoint.settled(lambda: self.check_faces(face.collection, page, FaceIds=present))
        user = stored[present[0]].user
        if user is not None:
            self.endpoint.settled(lambda: self.check_faces(face.collection, page, UserId=user))

    @rule(face=FACES, more=MORE_FACES)
    def delete_faces(self, face: Place, more: list[Place]) -> None:
        """DeleteFaces, of the first one's collection: the others may be nowhere, or in another one."""
        collection, face_ids = face.collection, ids_of(face, more)
        if not self.exists("DeleteFaces", collection, FaceIds=face_ids):
            return
        question = Question("DeleteFaces", {"CollectionId": collection, "FaceIds": face_ids})
        due = deletion(self.model[collection], face_ids)
        answer = self.endpoint.answer("DeleteFaces", **question.request)
        self.check_sorted(question, answer, ("DeletedFaces", "UnsuccessfulFaceDeletions"), due)
        for face_id in due.done:
            del self.model[collection].faces[face_id]

    @rule(face=FACES, threshold=THRESHOLDS, most=MOST_MATCHES)
    def search_faces(self, face: Place, threshold: float | None, most: int | None) -> None:
        """SearchFaces: a face finds its own image, and where persons are told apart, its person."""
        options = asked(FaceId=face.id, FaceMatchThreshold=threshold, MaxFaces=most)
        if not self.exists("SearchFaces", face.collection, **options):
            return
        stored = self.model[face.collection].faces
        if face.id not in stored:  # which of the two it is, is not documented
            codes, why = ("InvalidParameterException", "ResourceNotFoundException"), "the face is not there"
            self.endpoint.refused("SearchFaces", *codes, why=why, CollectionId=face.collection, **options)
            return
        question = Question("SearchFaces", {"CollectionId": face.collection, **options})
        candidates = self._likenesses(face.collection, stored[face.id].sighting)
        candidates[face.id] = candidates[face.id]._replace(
            at_least=-math.inf
        )  # whether it finds itself is not documented

        def search() -> None:
            answer = self._search(question, candidates)
            question.hold("SearchedFaceId", face.id, answer["SearchedFaceId"], "It is the face asked for.")

        self.endpoint.settled(search)

    @rule(collection=COLLECTIONS, image=PORTRAITS, threshold=THRESHOLDS, most=MOST_MATCHES)
    def search_faces_by_image(
        self, collection: str, image: Portrait, threshold: float | None, most: int | None
    ) -> None:
        """SearchFacesByImage: the largest face of an image finds itself."""
        options = asked(Image={"Bytes": bytes(image)}, FaceMatchThreshold=threshold, MaxFaces=most)
        if not self.exists("SearchFacesByImage", collection, **options):
            return
        shown = self.faces_on.get(image)
        if shown == 0:
            code, why = "InvalidParameterException", "'If no faces are detected in the input image'"
            self.endpoint.refused("SearchFacesByImage", code, why=why, CollectionId=collection, **options)
        elif shown is not None:
            question = Question("SearchFacesByImage", {"CollectionId": collection, **options})
            candidates = self._likenesses(collection, Sighting(image, 0))
            self.endpoint.settled(lambda: self._search(question, candidates))

    def _likenesses(self, collection: str, sighting: Sighting) -> dict[str, Likeness]:
        """Return how alike each face of a collection and another one must be found."""
        return {
            face_id: sighting.likeness(face.sighting, tells_persons=self.tells_persons)
            for face_id, face in self.model[collection].faces.items()
        }

    def _search(self, question: Question, candidates: dict[str, Likeness]) -> dict[str, Any]:
        answer: dict[str, Any] = self.endpoint.answer(question.operation, **question.request)
        matches = [(match["Face"]["FaceId"], match["Similarity"]) for match in answer["FaceMatches"]]
        self.check_matches(question, matches, candidates)
        for match in answer["FaceMatches"]:
            self.check_face(question.request["CollectionId"], match["Face"], question)
        return answer


def _number(record: dict[str, Any], answer: dict[str, Any]) -> int:
    """Return which of an image's faces a record is: how many of those found are larger."""
    details = [other["FaceDetail"] for other in (*answer["FaceRecords"], *answer.get("UnindexedFaces", ()))]
    areas = sorted((_area(detail) for detail in details), reverse=True)
    return areas.index(_area(record["FaceDetail"]))


def _area(detail: dict[str, Any]) -> float:
    box = detail["BoundingBox"]
    return float(box["Width"] * box["Height"])
