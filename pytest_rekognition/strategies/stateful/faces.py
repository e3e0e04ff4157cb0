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
    PORTRAITS,
    THRESHOLDS,
    Machine,
    Place,
    asked,
    ids_of,
)
from pytest_rekognition.strategies.stateful.endpoint import DivergenceError, Question
from pytest_rekognition.strategies.stateful.model import (
    Outline,
    Sighting,
    StoredCollection,
    StoredFace,
    deletion,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pytest_rekognition.strategies.stateful.model import Likeness
    from pytest_rekognition.strategies.stateful.portraits import Portrait

_NAMES: Final = st.runner().flatmap(lambda machine: st.sampled_from(machine.names))
#: 'IndexFaces returns no more than 100 detected faces in an image, even if you specify a larger value'
_MOST_INDEXED: Final = 100
_NO_DUPLICATES: Final = (
    "'If you provide the same image, specify the same collection, and use the same external ID in the IndexFaces"
    " operation, Amazon Rekognition doesn't save duplicate face metadata.'"
)
#: so many faces are left in a collection, where there is a choice
_FEW: Final = 2
_LARGEST: Final = "'first detects the largest face in the image'"
#: which of an image's faces, the largest first, it is searched by
SEARCHED: Final = slice(1)
#: and by which not
UNSEARCHED: Final = slice(1, None)
_NO_COLLECTION: Final = "the collection does not exist"
_SAME_FACES: Final = "An image shows the same faces each time."


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

    @initialize(target=FACES, images=st.lists(PORTRAITS, min_size=1, max_size=4))
    def index_first_images(self, images: list[Portrait]) -> MultipleResults[Place]:
        """IndexFaces: something to begin with."""
        name = self.first_collection()
        return multiple(*(place for image in images for place in self._index(name, image, None, None)))

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
        return multiple(*self._index(collection, image, external_id, most))

    @rule(target=FACES, face=FACES, keep=st.booleans())
    def index_again(self, face: Place, *, keep: bool) -> MultipleResults[Place]:
        """IndexFaces: an image that is here already, with its ExternalImageId or without one."""
        known = self.model.get(face.collection, StoredCollection()).faces.get(face.id)
        if known is None:
            return multiple()
        external_id = known.external_id if keep else None
        return multiple(*self._index(face.collection, known.sighting.portrait, external_id, None))

    def _index(self, collection: str, image: Portrait, external_id: str | None, most: int | None) -> list[Place]:
        request = asked(
            Image={"Bytes": bytes(image)}, ExternalImageId=external_id, MaxFaces=most, QualityFilter="NONE"
        )
        if not self.exists("IndexFaces", collection, **request):
            return []
        if len(self.model[collection].faces) >= self.max_faces:
            return []
        question = Question("IndexFaces", {"CollectionId": collection, **request})
        answer = self.endpoint.answer("IndexFaces", **question.request)
        shown = outlines(_details(answer))
        self._check_shown(question, image, shown, len(answer["FaceRecords"]))
        face_ids = [record["Face"]["FaceId"] for record in answer["FaceRecords"]]
        question.hold("the FaceIds", sorted(set(face_ids)), sorted(face_ids), "Each face has an id of its own.")
        for record in answer["FaceRecords"]:
            number = shown.index(Outline.of(record["FaceDetail"]))
            self._store(question, Sighting(image, number), record["Face"])
        return [Place(collection, face_id) for face_id in face_ids]

    def _check_shown(self, question: Question, image: Portrait, shown: list[Outline], indexed: int) -> None:
        """Hold the faces to what the image shows, or was found to show before."""
        question.hold("faces in all", self.faces_on.setdefault(image, len(shown)), len(shown), _SAME_FACES)
        question.hold_outlines("the faces", self.outlines.setdefault(image, shown), shown, _SAME_FACES)
        most = min(len(shown), question.request.get("MaxFaces", _MOST_INDEXED))
        question.hold("faces indexed", most, indexed, "MaxFaces: 'The maximum number of faces to index.'")

    def _store(self, question: Question, sighting: Sighting, face: dict[str, Any]) -> None:
        """Put a face of an answer into the model."""
        collection, external_id = question.request["CollectionId"], question.request.get("ExternalImageId")
        stored, face_id = self.model[collection].faces, face["FaceId"]
        if face_id not in stored:
            self._check_duplicate(question, sighting)
            stored[face_id] = StoredFace(sighting, face["ImageId"], Outline.of(face), external_id)
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

    @precondition(lambda self: any(map(_is_full, self.model.values())))  # seldom: little can be done without faces
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
        # whether it finds itself is not documented
        candidates[face.id] = candidates[face.id]._replace(at_least=-math.inf)

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

            def search() -> None:
                answer = self._search(question, candidates)
                searched = {
                    "BoundingBox": answer["SearchedFaceBoundingBox"],
                    "Confidence": answer["SearchedFaceConfidence"],
                }
                self.check_sought(question, image, SEARCHED, [searched])

            self.endpoint.settled(search)

    def check_sought(
        self, question: Question, image: Portrait, which: slice, faces: list[Mapping[str, Any]]
    ) -> None:
        """Hold faces of an answer to some of an image's, of which the largest comes first."""
        due = range(self.faces_on[image])[which]
        question.hold("how many faces of the image", len(due), len(faces), _LARGEST)
        if image in self.outlines:
            question.hold_outlines("faces of the image", self.outlines[image][which], outlines(faces), _LARGEST)

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


def _is_full(collection: StoredCollection) -> bool:
    return len(collection.faces) > _FEW


def outlines(faces: Iterable[Mapping[str, Any]]) -> list[Outline]:
    """Return where faces lie, the largest first."""
    return sorted((Outline.of(face) for face in faces), key=lambda outline: outline.box.area, reverse=True)


def _details(answer: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the FaceDetail of each face that IndexFaces found."""
    return [face["FaceDetail"] for face in (*answer["FaceRecords"], *answer.get("UnindexedFaces", ()))]
