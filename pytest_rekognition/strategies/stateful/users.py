"""The rules on users: who belongs to whom, and who is found."""

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
    USERS,
    Place,
    asked,
    ids_of,
)
from pytest_rekognition.strategies.stateful.endpoint import DivergenceError, Question
from pytest_rekognition.strategies.stateful.faces import FaceRules
from pytest_rekognition.strategies.stateful.model import (
    Sighting,
    StoredCollection,
    StoredFace,
    association,
    disassociation,
    matched_person,
    of_one_person,
    user_likenesses,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_rekognition.strategies.stateful.portraits import Portrait

_NO_USER: Final = "the user does not exist"
#: the error of a search for what is not there; which of the two it is, is not documented
_NOT_THERE: Final = ("InvalidParameterException", "ResourceNotFoundException")
#: what an update leaves a user in: it may be under way still
_STATUSES: Final = {"ACTIVE", "CREATED", "UPDATING"}


class UserRules(FaceRules):
    """Users."""

    @initialize(target=USERS)
    def create_first_user(self) -> MultipleResults[Place]:
        """CreateUser: somebody to begin with."""
        return self.create_user(self.first_collection(), "user-1")

    @rule(target=USERS, collection=COLLECTIONS, name=st.sampled_from(("user-1", "user-2", "user-3")))
    def create_user(self, collection: str, name: str) -> MultipleResults[Place]:
        """CreateUser: a new one, or one that is there, which is a conflict."""
        if not self.exists("CreateUser", collection, UserId=name):
            return multiple()
        request = {"CollectionId": collection, "UserId": name}
        if name in self.model[collection].users:
            why = "UserId: 'This ID needs to be unique within the collection.'"
            self.endpoint.refused("CreateUser", "ConflictException", why=why, **request)
        else:
            self.endpoint.answer("CreateUser", **request)
            self.model[collection].users[name] = False
        return multiple(Place(collection, name))

    def user_exists(self, operation: str, user: Place, **options: Any) -> bool:
        """Tell whether a user exists; where it or its collection does not, hold the call to failing."""
        if not self.exists(operation, user.collection, UserId=user.id, **options):
            return False
        if user.id in self.model[user.collection].users:
            return True
        request = {"CollectionId": user.collection, "UserId": user.id, **options}
        self.endpoint.refused(operation, "ResourceNotFoundException", why=_NO_USER, **request)
        return False

    @rule(user=USERS)
    def delete_user(self, user: Place) -> None:
        """DeleteUser: its faces stay, and are nobody's."""
        if self.user_exists("DeleteUser", user):
            self.endpoint.answer("DeleteUser", CollectionId=user.collection, UserId=user.id)
            self.model[user.collection].free(user.id)
            del self.model[user.collection].users[user.id]

    @rule(user=USERS, face=FACES, more=MORE_FACES, match=st.booleans())
    def associate_faces(self, user: Place, face: Place, more: list[Place], *, match: bool) -> None:
        """AssociateFaces: free faces become the user's; `match` leaves UserMatchThreshold at its default."""
        stored = self.model.get(user.collection, StoredCollection())
        face_ids, person = ids_of(face, more), None
        if match and self.tells_persons:
            face_ids = of_one_person(stored, user.id, face_ids)
            person = matched_person(stored, user.id, face_ids)
        if self.user_exists("AssociateFaces", user, FaceIds=face_ids):
            self._associate(user, face_ids, person)

    @precondition(lambda self: any(self._taken()))
    @rule(choice=st.integers(0, 1000))
    def associate_a_face_of_another_user(self, choice: int) -> None:
        """AssociateFaces: a face that belongs to somebody else stays where it is."""
        taken = list(self._taken())
        user, face_id = taken[choice % len(taken)]
        self._associate(user, [face_id], None)

    @precondition(lambda self: any(self._strangers()))
    @rule(choice=st.integers(0, 1000))
    def associate_a_stranger(self, choice: int) -> None:
        """AssociateFaces: a free face that is not like the user's own is refused at the default threshold."""
        strangers = list(self._strangers())
        user, face_id, person = strangers[choice % len(strangers)]
        self._associate(user, [face_id], person)

    @precondition(lambda self: any(self._owned()))
    @rule(choice=st.integers(0, 1000))
    def use_a_face_in_use(self, choice: int) -> None:
        """DeleteFaces, ListFaces and SearchUsersByImage, of a face that belongs to somebody."""
        owned = list(self._owned())
        place, face = owned[choice % len(owned)]
        self.delete_faces(face=place, more=[])
        self.endpoint.settled(lambda: self.check_faces(place.collection, None, UserId=face.user))
        self.search_users_by_image(
            collection=place.collection, image=face.sighting.portrait, threshold=0, most=None
        )

    def _owned(self) -> Iterator[tuple[Place, StoredFace]]:
        """Yield each face that belongs to a user."""
        for collection, stored in self.model.items():
            faces = stored.faces.items()
            yield from ((Place(collection, name), face) for name, face in faces if face.user is not None)

    def _strangers(self) -> Iterator[tuple[Place, str, str]]:
        """Yield each user who is one person, with each free face of another one, and who the user is."""
        for collection, stored in self.model.items() if self.tells_persons else ():
            for user in stored.users:
                person = matched_person(stored, user, ())
                free = ((name, face) for name, face in stored.faces.items() if face.user is None)
                yield from (
                    (Place(collection, user), name, person)
                    for name, face in free
                    if person is not None and face.sighting.person != person
                )

    def _taken(self) -> Iterator[tuple[Place, str]]:
        """Yield each user with each face that belongs to another one of the same collection."""
        for collection, stored in self.model.items():
            for user in stored.users:
                others = (name for name, face in stored.faces.items() if face.user not in {None, user})
                yield from ((Place(collection, user), name) for name in others)

    def _associate(self, user: Place, face_ids: list[str], person: str | None) -> None:
        stored = self.model[user.collection]
        request: dict[str, Any] = {"CollectionId": user.collection, "UserId": user.id, "FaceIds": face_ids}
        if person is None:
            request["UserMatchThreshold"] = 0
        due = association(stored, user.id, face_ids, person=person)
        question = Question("AssociateFaces", request)
        answer = self.endpoint.answer("AssociateFaces", **request)
        self.check_sorted(question, answer, ("AssociatedFaces", "UnsuccessfulFaceAssociations"), due)
        _check_status(question, answer)
        for face_id in due.done:
            stored.faces[face_id].user = user.id
            stored.users[user.id] = True

    @rule(user=USERS, face=FACES, more=MORE_FACES)
    def disassociate_faces(self, user: Place, face: Place, more: list[Place]) -> None:
        """DisassociateFaces: the user's faces become free."""
        face_ids = ids_of(face, more)
        request = {"CollectionId": user.collection, "UserId": user.id, "FaceIds": face_ids}
        if not self.user_exists("DisassociateFaces", user, FaceIds=face_ids):
            return
        stored = self.model[user.collection]
        due = disassociation(stored, user.id, face_ids)
        question = Question("DisassociateFaces", request)
        answer = self.endpoint.answer("DisassociateFaces", **request)
        self.check_sorted(question, answer, ("DisassociatedFaces", "UnsuccessfulFaceDisassociations"), due)
        _check_status(question, answer)
        for face_id in due.done:
            stored.faces[face_id].user = None

    @rule(face=FACES, threshold=THRESHOLDS, most=MOST_MATCHES)
    def search_users(self, face: Place, threshold: float | None, most: int | None) -> None:
        """SearchUsers by a face."""
        options = asked(FaceId=face.id, UserMatchThreshold=threshold, MaxUsers=most)
        if not self.exists("SearchUsers", face.collection, **options):
            return
        stored = self.model[face.collection].faces.get(face.id)
        if stored is None:
            why, place = "the face is not there", {"CollectionId": face.collection}
            self.endpoint.refused("SearchUsers", *_NOT_THERE, why=why, **place, **options)
        else:
            self._search_users("SearchUsers", face.collection, options, [stored.sighting])

    @rule(user=USERS, threshold=THRESHOLDS, most=MOST_MATCHES)
    def search_users_like(self, user: Place, threshold: float | None, most: int | None) -> None:
        """SearchUsers by a user; whether it finds itself is not documented, nor what one without a face finds."""
        options = asked(UserMatchThreshold=threshold, MaxUsers=most)
        if not self.user_exists("SearchUsers", user, **options):
            return
        faces = self.model[user.collection].faces_of(user.id)
        if faces:
            sightings = [face.sighting for face in faces.values()]
            self._search_users("SearchUsers", user.collection, {"UserId": user.id} | options, sightings)

    @rule(collection=COLLECTIONS, image=PORTRAITS, threshold=THRESHOLDS, most=MOST_MATCHES)
    def search_users_by_image(
        self, collection: str, image: Portrait, threshold: float | None, most: int | None
    ) -> None:
        """SearchUsersByImage: the largest face of an image finds its user."""
        options = asked(Image={"Bytes": bytes(image)}, UserMatchThreshold=threshold, MaxUsers=most)
        if not self.exists("SearchUsersByImage", collection, **options):
            return
        shown = self.faces_on.get(image)
        if shown is not None:
            sightings = [Sighting(image, 0)] if shown else []
            self._search_users("SearchUsersByImage", collection, options, sightings)

    def _search_users(
        self, operation: str, collection: str, options: dict[str, Any], sightings: list[Sighting]
    ) -> None:
        """Search users by what has these faces; without a face, nobody is found."""
        question, stored = Question(operation, {"CollectionId": collection, **options}), self.model[collection]
        likenesses = dict(user_likenesses(stored, sightings, tells_persons=self.tells_persons))
        if "UserId" in options:
            likenesses[options["UserId"]] = likenesses[options["UserId"]]._replace(at_least=-math.inf)

        def search() -> None:
            answer = self.endpoint.answer(operation, **question.request)
            matches = [(match["User"]["UserId"], match["Similarity"]) for match in answer["UserMatches"]]
            self.check_matches(question, matches, likenesses)

        self.endpoint.settled(search)


def _check_status(question: Question, answer: dict[str, Any]) -> None:
    if answer.get("UserStatus") not in _STATUSES:
        raise DivergenceError(
            f"{question} answered the UserStatus {answer.get('UserStatus')}, and {' or '.join(sorted(_STATUSES))}"
            " is due"
        )
