"""The rules on users: who there is, and who is found."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final

from hypothesis import strategies as st
from hypothesis.stateful import MultipleResults, initialize, multiple, rule

from pytest_rekognition.strategies.stateful.base import (
    COLLECTIONS,
    FACES,
    MOST_MATCHES,
    PORTRAITS,
    THRESHOLDS,
    USERS,
    Place,
    asked,
)
from pytest_rekognition.strategies.stateful.endpoint import Question
from pytest_rekognition.strategies.stateful.faces import SEARCHED, UNSEARCHED
from pytest_rekognition.strategies.stateful.listings import ListingRules
from pytest_rekognition.strategies.stateful.model import Sighting, user_likenesses

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_rekognition.strategies.stateful.portraits import Portrait

_NO_USER: Final = "the user does not exist"
#: the error of a search for what is not there; which of the two it is, is not documented
_NOT_THERE: Final = ("InvalidParameterException", "ResourceNotFoundException")
#: the users that there may be
_NAMES: Final = ("user-1", "user-2", "user-3")
_SOMEBODY_ELSE: Final = "user-4"


class UserRules(ListingRules):
    """Users."""

    @initialize(target=USERS, number=st.integers(1, 2))
    def create_first_users(self, number: int) -> MultipleResults[Place]:
        """CreateUser: somebody to begin with."""
        collection = self.first_collection()
        for name in _NAMES[:number]:
            self.create_user(collection, name, once=False)
        return multiple(*(Place(collection, name) for name in _NAMES[:number]))

    @rule(target=USERS, collection=COLLECTIONS, name=st.sampled_from(_NAMES), once=st.booleans())
    def create_user(self, collection: str, name: str, *, once: bool) -> MultipleResults[Place]:
        """CreateUser: a new one, or one that is there, which is a conflict; `once` is for `update`."""
        if not self.exists("CreateUser", collection, UserId=name):
            return multiple()
        request = {"CollectionId": collection, "UserId": name}
        if name in self.model[collection].users:
            why = "UserId: 'This ID needs to be unique within the collection.'"
            self.endpoint.refused("CreateUser", "ConflictException", why=why, **request)
        else:
            self.update(Question("CreateUser", request), once=once, other={"UserId": _SOMEBODY_ELSE})
            self.model[collection].users[name] = False
        return multiple(Place(collection, name))

    def update(self, question: Question, *, once: bool, other: Mapping[str, Any] | None = None) -> Any:
        """Return the answer to an update; `once` makes it with a ClientRequestToken, and then asks for `other`."""
        if once:
            return self.endpoint.answer_once(question.operation, other, **question.request)
        return self.endpoint.answer(question.operation, **question.request)

    def user_exists(self, operation: str, user: Place, **options: Any) -> bool:
        """Tell whether a user exists; where it or its collection does not, hold the call to failing."""
        if not self.exists(operation, user.collection, UserId=user.id, **options):
            return False
        if user.id in self.model[user.collection].users:
            return True
        request = {"CollectionId": user.collection, "UserId": user.id, **options}
        self.endpoint.refused(operation, "ResourceNotFoundException", why=_NO_USER, **request)
        return False

    @rule(user=USERS, once=st.booleans())
    def delete_user(self, user: Place, *, once: bool) -> None:
        """DeleteUser: its faces stay, and are nobody's."""
        if self.user_exists("DeleteUser", user):
            question = Question("DeleteUser", {"CollectionId": user.collection, "UserId": user.id})
            self.update(question, once=once)
            self.model[user.collection].free(user.id)
            del self.model[user.collection].users[user.id]

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
            self._search_users("SearchUsersByImage", collection, options, sightings, image)

    def _search_users(
        self,
        operation: str,
        collection: str,
        options: dict[str, Any],
        sightings: list[Sighting],
        image: Portrait | None = None,
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
            for match in answer["UserMatches"]:
                self.check_status(question, collection, match["User"])
            if image is not None:
                searched = [answer["SearchedFace"]["FaceDetail"]] if "SearchedFace" in answer else []
                others = [face["FaceDetails"] for face in answer.get("UnsearchedFaces", ())]
                self.check_sought(question, image, SEARCHED, searched)
                self.check_sought(question, image, UNSEARCHED, others)

        self.endpoint.settled(search)
