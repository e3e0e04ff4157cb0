"""The rules on who belongs to whom."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, Any, Final

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from pytest_rekognition.strategies.stateful.base import CHOICES, FACES, MORE_FACES, USERS, Place, ids_of, pick
from pytest_rekognition.strategies.stateful.endpoint import Question
from pytest_rekognition.strategies.stateful.model import (
    StoredCollection,
    StoredFace,
    association,
    disassociation,
    matched_person,
    of_one_person,
)
from pytest_rekognition.strategies.stateful.users import UserRules

if TYPE_CHECKING:
    from collections.abc import Iterator

#: a FaceId that nobody has
NO_FACE: Final = "00000000-0000-4000-8000-000000000000"
_AGGREGATED: Final = "'associating all of those face vectors into one user vector': each of them counts."


class AssociationRules(UserRules):
    """Users and their faces."""

    @rule(user=USERS, face=FACES, more=MORE_FACES, match=st.booleans(), once=st.booleans())
    def associate_faces(self, user: Place, face: Place, more: list[Place], *, match: bool, once: bool) -> None:
        """AssociateFaces: free faces become the user's; `match` leaves UserMatchThreshold at its default."""
        self._offer(user, ids_of(face, more), match=match, once=once)

    @precondition(lambda self: any(self._wanting()))
    @rule(choice=CHOICES, most=st.integers(2, 6), match=st.booleans(), twice=st.booleans())
    def associate_several_faces(self, choice: int, most: int, *, match: bool, twice: bool) -> None:
        """AssociateFaces: several faces, all of them free and of the user's own collection, or one `twice`."""
        user = pick(self._wanting(), choice)
        free = self.model[user.collection].free_faces()[:most]
        self._offer(user, free + free[:1] if twice else free, match=match, once=False)

    def _wanting(self) -> Iterator[Place]:
        """Yield each user of a collection with free faces."""
        for collection, stored in self.model.items():
            if stored.free_faces():
                yield from (Place(collection, user) for user in stored.users)

    def _offer(self, user: Place, face_ids: list[str], *, match: bool, once: bool) -> None:
        """Associate faces that may be nowhere with a user who may be gone."""
        stored, person = self.model.get(user.collection, StoredCollection()), None
        if match and self.tells_persons:
            face_ids = of_one_person(stored, user.id, face_ids)
            person = matched_person(stored, user.id, face_ids)
        if self.user_exists("AssociateFaces", user, FaceIds=face_ids):
            self._associate(user, face_ids, person, once=once)

    @precondition(lambda self: any(self._taken()))
    @rule(choice=CHOICES)
    def associate_a_face_of_another_user(self, choice: int) -> None:
        """AssociateFaces: a face that belongs to somebody else stays where it is."""
        user, face_id = pick(self._taken(), choice)
        self._associate(user, [face_id], None)

    @precondition(lambda self: any(self._strangers()))
    @rule(choice=CHOICES, take=st.booleans(), part=st.booleans())
    def associate_a_stranger(self, choice: int, *, take: bool, part: bool) -> None:
        """AssociateFaces: a free face that is not like the user's own is refused at the default threshold.

        At the threshold 0 it is taken, and from then on counts among the user's faces, unless they `part` again.
        """
        user, own, other = pick(self._strangers(), choice)
        stored = self.model[user.collection]
        if stored.faces[own].user is None:
            self._associate(user, [own], None)
            self.endpoint.settled(lambda: self.check_users(user.collection, None))
        self._associate(user, [other], stored.faces[own].sighting.person)
        if take:
            alone = len(stored.faces_of(user.id)) == 1
            before = self._similarity(user, other)
            self._associate(user, [other], None)
            if alone:  # among more faces, one may hardly count
                for face_id in (own, other):
                    self._hold_nearer(user, face_id, before)
            if part:
                self._take_away(user, own)

    def _hold_nearer(self, user: Place, face_id: str, before: float) -> None:
        """Hold a user of two faces to being more like either than the two are like each other."""

        def look() -> None:
            now = self._similarity(user, face_id)
            wrong = [now] if now <= before else []
            question = Question("SearchUsers", {"CollectionId": user.collection, "FaceId": face_id})
            question.refuse(
                f"answered for {user.id}, whose face it is, no more than the {before} of its other one",
                wrong,
                _AGGREGATED,
            )

        self.endpoint.settled(look)

    def _similarity(self, user: Place, face_id: str) -> float:
        """Return how alike a face and a user are found; less than nothing where they are not."""
        request = {"CollectionId": user.collection, "FaceId": face_id, "UserMatchThreshold": 0}
        matches = self.endpoint.answer("SearchUsers", **request)["UserMatches"]
        found = (match["Similarity"] for match in matches if match["User"]["UserId"] == user.id)
        return float(next(found, -1))

    @precondition(lambda self: any(self._owned()))
    @rule(choice=CHOICES)
    def use_a_face_in_use(self, choice: int) -> None:
        """DeleteFaces, ListFaces and SearchUsersByImage, of a face that belongs to somebody."""
        place, face = pick(self._owned(), choice)
        stored = self.model[place.collection]
        self.delete_faces(face=place, more=[])
        others = [face_id for face_id, other in stored.faces.items() if other.user != face.user]
        self.list_faces_of(place.collection, str(face.user), [place.id, *others])
        self.search_users_by_image(
            collection=place.collection, image=face.sighting.portrait, threshold=0, most=None
        )

    @precondition(lambda self: any(self._owned(least=2)))
    @rule(choice=CHOICES)
    def take_away_one_of_several(self, choice: int) -> None:
        """DisassociateFaces: a user who keeps other faces is found by those, and as the one whom they show."""
        place, face = pick(self._owned(least=2), choice)
        self._take_away(Place(place.collection, str(face.user)), place.id)

    def _take_away(self, user: Place, face_id: str) -> None:
        """Take one of several faces from a user, and search by it, and by another one."""
        self._disassociate(user, [face_id])
        for searched in (face_id, next(iter(self.model[user.collection].faces_of(user.id)))):
            self.search_users(face=Place(user.collection, searched), threshold=None, most=None)

    def _owned(self, least: int = 1) -> Iterator[tuple[Place, StoredFace]]:
        """Yield each face that belongs to a user of so many faces at least."""
        for collection, stored in self.model.items():
            for user in stored.users:
                faces = stored.faces_of(user)
                if len(faces) >= least:
                    yield from ((Place(collection, face_id), face) for face_id, face in faces.items())

    def _strangers(self) -> Iterator[tuple[Place, str, str]]:
        """Yield each user who is one person, or nobody yet, with a face of that one and a free one of another."""
        for collection, stored in self.model.items() if self.tells_persons else ():
            free = stored.free_faces()
            for user in stored.users:
                owned = list(stored.faces_of(user))
                if owned and matched_person(stored, user, ()) is None:
                    continue
                for own, other in product(owned[:1] or free, free):
                    if stored.faces[own].sighting.person != stored.faces[other].sighting.person:
                        yield Place(collection, user), own, other

    def _taken(self) -> Iterator[tuple[Place, str]]:
        """Yield each user with each face that belongs to another one of the same collection."""
        for collection, stored in self.model.items():
            for user in stored.users:
                others = (name for name, face in stored.faces.items() if face.user not in {None, user})
                yield from ((Place(collection, user), name) for name in others)

    def _associate(self, user: Place, face_ids: list[str], person: str | None, *, once: bool = False) -> None:
        stored = self.model[user.collection]
        request: dict[str, Any] = {"CollectionId": user.collection, "UserId": user.id, "FaceIds": face_ids}
        if person is None:
            request["UserMatchThreshold"] = 0
        due = association(stored, user.id, face_ids, person=person)
        question = Question("AssociateFaces", request)
        answer = self.update(question, once=once, other={"FaceIds": [*face_ids, NO_FACE]})
        self.check_sorted(question, answer, ("AssociatedFaces", "UnsuccessfulFaceAssociations"), due)
        for face_id in due.done:
            stored.faces[face_id].user = user.id
            stored.users[user.id] = True
        self.check_status(question, user.collection, {"UserId": user.id} | answer, settled=False)

    @rule(user=USERS, face=FACES, more=MORE_FACES, once=st.booleans())
    def disassociate_faces(self, user: Place, face: Place, more: list[Place], *, once: bool) -> None:
        """DisassociateFaces: the user's faces become free."""
        face_ids = ids_of(face, more)
        if self.user_exists("DisassociateFaces", user, FaceIds=face_ids):
            self._disassociate(user, face_ids, once=once)

    def _disassociate(self, user: Place, face_ids: list[str], *, once: bool = False) -> None:
        stored = self.model[user.collection]
        question = Question(
            "DisassociateFaces", {"CollectionId": user.collection, "UserId": user.id, "FaceIds": face_ids}
        )
        due = disassociation(stored, user.id, face_ids)
        answer = self.update(question, once=once, other={"FaceIds": [*face_ids, NO_FACE]})
        self.check_sorted(question, answer, ("DisassociatedFaces", "UnsuccessfulFaceDisassociations"), due)
        for face_id in due.done:
            stored.faces[face_id].user = None
        self.check_status(question, user.collection, {"UserId": user.id} | answer, settled=False)
