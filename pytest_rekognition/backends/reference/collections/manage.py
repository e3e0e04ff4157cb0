"""CreateCollection, DeleteCollection, DescribeCollection, ListCollections."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from pytest_rekognition.backends.reference.collections.store import FACE_MODEL_VERSION, Collections
from pytest_rekognition.backends.reference.paging import limited, page
from pytest_rekognition.backends.reference.refusals import collection_exists
from pytest_rekognition.backends.reference.requests_seen import RequestsSeen
from pytest_rekognition.backends.reference.tags import Tags

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_rekognition.backends.reference.region import Handler, Region

#: the most that `MaxResults` of ListCollections and ListFaces may be; no default is documented, so that this is it
MOST_RESULTS: Final = 4096
_OK: Final = 200


def create_collection(request: Mapping[str, Any], region: Region) -> dict[str, Any]:
    """Answer CreateCollection: `StatusCode`, `FaceModelVersion`, `CollectionArn` (without `arn:`, as recorded)."""
    name = request["CollectionId"]
    arn = _arn(name, region)
    with region.lock:
        collections = region.part(Collections)
        if name in collections:
            raise collection_exists(name)
        region.part(Tags).open(arn, request.get("Tags"))
        collections.open(name, region.clock.now())
    return {
        "StatusCode": _OK,
        "CollectionArn": arn.removeprefix("arn:"),
        "FaceModelVersion": FACE_MODEL_VERSION,
    }


def delete_collection(request: Mapping[str, Any], region: Region) -> dict[str, Any]:
    """Answer DeleteCollection: `StatusCode`. Faces, users and tags go with it."""
    name = request["CollectionId"]
    with region.lock:
        region.part(Collections).close(name)
        region.part(Tags).close(_arn(name, region))
        region.part(RequestsSeen).forget(name)
    return {"StatusCode": _OK}


def describe_collection(request: Mapping[str, Any], region: Region) -> dict[str, Any]:
    """Answer DescribeCollection: the counts of faces and users, the ARN, when and for which model it was made."""
    with region.lock:
        collection = region.part(Collections)[request["CollectionId"]]
        return {
            "FaceCount": len(collection.faces),
            "FaceModelVersion": FACE_MODEL_VERSION,
            "CollectionARN": _arn(collection.collection_id, region),
            "CreationTimestamp": collection.created,
            "UserCount": len(collection.users),
        }


def list_collections(request: Mapping[str, Any], region: Region) -> dict[str, Any]:
    """Answer ListCollections: `CollectionIds` in the order of their making (not documented), and their models."""
    with region.lock:
        shown, more = page(
            region.part(Collections),
            lambda collection: collection.number,
            scope=["ListCollections", region.name],
            token=request.get("NextToken"),
            limit=limited(request, "MaxResults", MOST_RESULTS),
        )
    return {
        "CollectionIds": [collection.collection_id for collection in shown],
        "FaceModelVersions": [FACE_MODEL_VERSION for _ in shown],
        **more,
    }


def _arn(collection_id: str, region: Region) -> str:
    return region.arn(f"collection/{collection_id}")


HANDLERS: Final[dict[str, Handler]] = {
    "CreateCollection": create_collection,
    "DeleteCollection": delete_collection,
    "DescribeCollection": describe_collection,
    "ListCollections": list_collections,
}
