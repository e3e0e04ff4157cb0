"""CreateUser, DeleteUser, ListUsers."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any, Final

from pytest_rekognition.backends.reference.collections.matching import MOST_USERS
from pytest_rekognition.backends.reference.collections.store import Collections, User
from pytest_rekognition.backends.reference.paging import limited, page
from pytest_rekognition.backends.reference.requests_seen import answered_once
from pytest_rekognition.errors import ServiceError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_rekognition.backends.reference.region import Handler, Region


def create_user(request: Mapping[str, Any], region: Region) -> dict[str, Any]:
    """Answer CreateUser, with nothing."""

    def create() -> dict[str, Any]:
        collection = region.part(Collections)[request["CollectionId"]]
        name = request["UserId"]
        if name in collection.users:
            # not recorded: the documentation's own sentence on the exception
            raise ServiceError("ConflictException", "A User with the same Id already exists within the collection")
        key = uuid.UUID(region.ids.uuid4()).int
        collection.add_user(User(user_id=name, key=key, number=collection.next_number()))
        return {}

    return answered_once("CreateUser", request, region, create)


def delete_user(request: Mapping[str, Any], region: Region) -> dict[str, Any]:
    """Answer DeleteUser, with nothing. "Faces that are associated with the UserID are disassociated" before."""

    def delete() -> dict[str, Any]:
        collection = region.part(Collections)[request["CollectionId"]]
        collection.remove_user(collection.user(request["UserId"]))
        return {}

    return answered_once("DeleteUser", request, region, delete)


def list_users(request: Mapping[str, Any], region: Region) -> dict[str, Any]:
    """Answer ListUsers: `Users`, "sorted by system generated primary key ID", which tells nothing."""
    with region.lock:
        collection = region.part(Collections)[request["CollectionId"]]
        shown, more = page(
            collection.listed_users.in_order(),
            lambda key: key,
            scope=["ListUsers", region.name, collection.collection_id, collection.number],
            token=request.get("NextToken"),
            limit=limited(request, "MaxResults", MOST_USERS),
        )
        users = map(collection.user_of_key, shown)
        return {"Users": [{"UserId": user.user_id, "UserStatus": user.status} for user in users], **more}


HANDLERS: Final[dict[str, Handler]] = {
    "CreateUser": create_user,
    "DeleteUser": delete_user,
    "ListUsers": list_users,
}
