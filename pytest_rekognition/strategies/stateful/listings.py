"""The rules on listings: their filters, and their tokens."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from hypothesis.stateful import precondition, rule

from pytest_rekognition.strategies.stateful.base import (
    CHOICES,
    COLLECTIONS,
    FACES,
    MORE_FACES,
    PAGE_SIZES,
    Place,
    ids_of,
    pick,
)
from pytest_rekognition.strategies.stateful.endpoint import Question
from pytest_rekognition.strategies.stateful.faces import FaceRules
from pytest_rekognition.strategies.stateful.model import StoredCollection

if TYPE_CHECKING:
    from collections.abc import Iterator

_BAD_TOKEN: Final = "InvalidPaginationTokenException"  # noqa: S105  an error's code
#: a made-up token, of the documented length
_NO_TOKEN: Final = "bm8gcGFnZSBvZiB0aGlzIGxpc3Q="  # noqa: S105  no password


class _Listing(NamedTuple):
    """A listing that can be asked for, and how many things it has."""

    operation: str
    request: dict[str, Any]
    length: int


class ListingRules(FaceRules):
    """Listings."""

    @rule(collection=COLLECTIONS, page=PAGE_SIZES)
    def list_everything(self, collection: str, page: int | None) -> None:
        """ListCollections, ListFaces and ListUsers, in pages, of a collection that may be gone."""
        self.endpoint.settled(lambda: self.check_collections(page))
        self._refuse_token("ListCollections", {}, _NO_TOKEN, "the token is made up")
        here = [
            self.exists(operation, collection) for operation in ("DescribeCollection", "ListFaces", "ListUsers")
        ]
        if all(here):
            self.endpoint.settled(lambda: self.check_faces(collection, page))
            self.endpoint.settled(lambda: self.check_users(collection, page))
            for operation in ("ListFaces", "ListUsers"):
                self._refuse_token(operation, {"CollectionId": collection}, _NO_TOKEN, "the token is made up")

    @precondition(lambda self: any(self._long_listings()))
    @rule(choice=CHOICES)
    def ask_with_the_token_of_another_listing(self, choice: int) -> None:
        """ListCollections, ListFaces and ListUsers: a token is good for the listing, and the filters, it is of."""
        source = pick(self._long_listings(), choice)
        answer = self.endpoint.answer(source.operation, MaxResults=1, **source.request)
        token = answer.get("NextToken")
        if token is None:  # which those rules tell that check what is listed
            return
        why = f"the token is of {Question(source.operation, source.request)}"
        for other in self._listings():
            if (other.operation, other.request) != (source.operation, source.request):
                self._refuse_token(other.operation, other.request, token, why)

    def _refuse_token(self, operation: str, request: dict[str, Any], token: str, why: str) -> None:
        self.endpoint.refused(operation, _BAD_TOKEN, why=why, NextToken=token, **request)

    def _long_listings(self) -> Iterator[_Listing]:
        """Yield the listings of more than one page of one."""
        return (listing for listing in self._listings() if listing.length > 1)

    def _listings(self) -> Iterator[_Listing]:
        """Yield what can be listed: everything, or with a filter some of it."""
        yield _Listing("ListCollections", {}, len(self.model))
        for name, stored in self.model.items():
            place = {"CollectionId": name}
            yield _Listing("ListUsers", place, len(stored.users))
            yield _Listing("ListFaces", place, len(stored.faces))
            some = list(stored.faces)[1:]
            if some:
                yield _Listing("ListFaces", place | {"FaceIds": some}, len(some))
            owners = {face.user: None for face in stored.faces.values() if face.user is not None}
            for user in owners:
                yield _Listing("ListFaces", place | {"UserId": user}, len(stored.faces_of(user)))

    @rule(face=FACES, more=MORE_FACES, page=PAGE_SIZES)
    def list_chosen_faces(self, face: Place, more: list[Place], page: int | None) -> None:
        """ListFaces, filtered by FaceIds; what ids that are not there do is not documented."""
        stored = self.model.get(face.collection, StoredCollection()).faces
        present = [face_id for face_id in ids_of(face, more) if face_id in stored]
        if present:
            self.endpoint.settled(lambda: self.check_faces(face.collection, page, FaceIds=present))

    def list_faces_of(self, name: str, user: str, face_ids: list[str]) -> None:
        """ListFaces, filtered by a user, and by FaceIds beside: then a face passes both filters."""
        self.endpoint.settled(lambda: self.check_faces(name, None, UserId=user))
        self.endpoint.settled(lambda: self.check_faces(name, 1, UserId=user, FaceIds=face_ids))
