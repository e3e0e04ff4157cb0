"""`build`: a valid response of any operation, with what a test cares about set."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from pytest_rekognition import catalog
from pytest_rekognition.builders import items
from pytest_rekognition.builders.checking import refuse_breaches, refuse_no_list
from pytest_rekognition.builders.echo import echoed, page
from pytest_rekognition.builders.layout import grid
from pytest_rekognition.builders.names import by_member
from pytest_rekognition.builders.samples import sample
from pytest_rekognition.contract.outgoing import to_wire
from pytest_rekognition.contract.wording import shorten
from pytest_rekognition.errors import UsageError


class Listing(NamedTuple):
    """The list that an operation's response is about."""

    #: the response's member
    member: str
    #: what a test calls the items: `faces=2`
    noun: str
    kind: items.Kind
    #: the path to what the items are sorted by: a number, or a box by its area
    order: tuple[str, ...] = ()
    #: whether the largest comes first
    descending: bool = True
    #: the request's threshold on `Similarity`
    threshold: str | None = None
    #: the request's limit, beyond which items are left out
    limit: str | None = None


def _job(member: str, kind: items.Kind) -> Listing:
    return Listing(member, "faces", kind, ("Timestamp",), descending=False)


_LISTINGS: dict[str, Listing] = {
    "AssociateFaces": Listing("AssociatedFaces", "faces", items.FACE_ID_ITEM),
    "CompareFaces": Listing(
        "FaceMatches", "faces", items.COMPARED_MATCH, ("Similarity",), threshold="SimilarityThreshold"
    ),
    "DeleteFaces": Listing("DeletedFaces", "faces", items.FACE_ID),
    "DetectFaces": Listing("FaceDetails", "faces", items.DETECTED, ("BoundingBox",)),
    "DisassociateFaces": Listing("DisassociatedFaces", "faces", items.FACE_ID_ITEM),
    "GetCelebrityRecognition": _job("Celebrities", items.RECOGNIZED),
    "GetFaceDetection": _job("Faces", items.VIDEO_FACE),
    "GetFaceSearch": _job("Persons", items.SEARCHED_PERSON),
    "GetPersonTracking": _job("Persons", items.TRACKED),
    "IndexFaces": Listing("FaceRecords", "faces", items.RECORD, ("FaceDetail", "BoundingBox"), limit="MaxFaces"),
    "ListCollections": Listing("CollectionIds", "collections", items.COLLECTION),
    "ListFaces": Listing("Faces", "faces", items.LISTED),
    "ListUsers": Listing("Users", "users", items.USER),
    "RecognizeCelebrities": Listing("CelebrityFaces", "faces", items.CELEBRITY),
    "SearchFaces": Listing(
        "FaceMatches", "faces", items.FACE_MATCH, ("Similarity",), threshold="FaceMatchThreshold", limit="MaxFaces"
    ),
    "SearchFacesByImage": Listing(
        "FaceMatches", "faces", items.FACE_MATCH, ("Similarity",), threshold="FaceMatchThreshold", limit="MaxFaces"
    ),
    "SearchUsers": Listing(
        "UserMatches", "users", items.USER_MATCH, ("Similarity",), threshold="UserMatchThreshold", limit="MaxUsers"
    ),
    "SearchUsersByImage": Listing(
        "UserMatches", "users", items.USER_MATCH, ("Similarity",), threshold="UserMatchThreshold", limit="MaxUsers"
    ),
}
#: The documented default of every threshold on a similarity.
_THRESHOLD = 80
#: Why a job failed, where a test does not say.
FAILURE = "The video could not be read."


def build(operation: str, /, *, request: Mapping[str, Any] | None = None, **overrides: Any) -> dict[str, Any]:
    """Return a valid response (wire JSON), always the same one for the same arguments.

    `operation` is the API's name or the client's method. `overrides`, by API name or in snake case, are

    - the response's own members: `face_model_version="6.0"`, `FaceMatches=[]`; None leaves one out;
    - `faces=2` (in some operations `users=` or `collections=`): how many items the response lists, or a list with
      each item's own overrides, `faces=[{"smile": True}, {}]`;
    - members of every item: `smile=True`, `similarity=92`, as `face_detail` takes them.

    The request is followed as the service would: its attributes, ids, thresholds, limits and pages; it may be
    incomplete. Overrides win where the two disagree. A `JobStatus`, or a liveness session's `Status`, other than
    SUCCEEDED brings no results. Raises `UsageError` for an unknown name, `ContractError` where the overrides break
    the contract.
    """
    return build_response(operation, request, overrides)


def build_response(
    operation: str, request: Mapping[str, Any] | None, overrides: Mapping[str, Any]
) -> dict[str, Any]:
    """Return what `build` does; here an override may have any name, which is refused as no member's."""
    name = catalog.operation(operation).name
    schema = catalog.schema(name, "response")
    listing = _LISTINGS.get(name)
    _check_request(name, request)
    asked = request if request is not None else {}
    own, shared, counted = _split(name, listing, schema.get("properties", {}), overrides)
    response = echoed(name, sample(schema), asked)
    if _has_no_results(name, response, own):
        response = _without_results(name, response, own)
        counted = 0 if counted is None and not shared else counted
    if listing and listing.member not in own:
        response.update(_listed(name, listing, _slots(listing, shared, counted, asked), request))
    response.update(own)
    response = {member: value for member, value in response.items() if value is not None}
    wire = _as_wire(name, response)
    refuse_breaches(name, wire, f"build({name!r})")
    return wire


def _check_request(operation: str, request: object) -> None:
    """Refuse what is no request. It may hold matchers such as `ANY` anywhere, so values are hardly looked at."""
    builder = f"build({operation!r})"
    if request is None:
        return
    if not isinstance(request, Mapping):
        raise UsageError(f"{builder} takes request as the call's members, not {shorten(request)}")
    for member in ("Attributes", "DetectionAttributes"):
        if request.get(member) is not None:
            refuse_no_list(builder, f"request[{member!r}]", request[member])


def _has_no_results(operation: str, response: Mapping[str, Any], own: Mapping[str, Any]) -> bool:
    """Tell a job or a liveness session that is to be something else than SUCCEEDED."""
    member = "Status" if operation == "GetFaceLivenessSessionResults" else "JobStatus"
    return member in response and own.get(member) not in (None, "SUCCEEDED")


def _without_results(operation: str, response: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a job or a session that has not succeeded tells: its id, no results, why it failed."""
    pagination = catalog.operation(operation).pagination
    told: dict[str, Any] = {name: response[name] for name in ("JobId", "SessionId") if name in response}
    if own.get("JobStatus") == "FAILED":
        told["StatusMessage"] = FAILURE
    return told | {member: [] for member in (pagination.result_keys if pagination else ())}


def _split(
    operation: str, listing: Listing | None, members: Mapping[str, Any], overrides: Mapping[str, Any]
) -> tuple[dict[str, Any], dict[str, Any], Any]:
    """Return the overrides of the response itself, those of each item, and the items' number or list."""
    of_items = (listing.noun, *listing.kind.members) if listing else ()
    exact = {name: value for name, value in overrides.items() if listing and name == listing.member}
    others = {name: value for name, value in overrides.items() if name not in exact}
    named = by_member(others, (*members, *of_items), f"build({operation!r})")
    counted = named.pop(listing.noun, None) if listing else None
    own = {name: value for name, value in named.items() if name in members}
    shared = {name: value for name, value in named.items() if name not in members}
    return {**own, **exact}, shared, counted


def _slots(
    listing: Listing, shared: Mapping[str, Any], counted: Any, request: Mapping[str, Any]
) -> list[items.Slot]:
    each = _each(listing, counted, request)
    what = f"an item of {listing.noun}"
    boxes = grid(len(each))
    return [
        items.Slot(index, len(each), box, {**shared, **by_member(own, listing.kind.members, what)}, request)
        for index, (box, own) in enumerate(zip(boxes, each, strict=True))
    ]


def _each(listing: Listing, counted: Any, request: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return every item's own overrides."""
    named = len(items.asked_faces(request))
    if counted is None:
        counted = named or 1
    if isinstance(counted, list | tuple) and all(isinstance(own, Mapping) for own in counted):
        return list(counted)
    if isinstance(counted, int) and not isinstance(counted, bool) and counted >= 0:
        return [{}] * (min(counted, named) if named else counted)
    raise UsageError(
        f"{listing.noun} is a number from 0, or a list with each item's own overrides, not {shorten(counted)}"
    )


def _listed(
    operation: str, listing: Listing, slots: list[items.Slot], request: Mapping[str, Any] | None
) -> dict[str, Any]:
    """Return the response's list, sorted, filtered and cut as the request asks, and what goes with it."""
    made = _sorted(listing, [listing.kind.make(slot) for slot in slots])
    asked = request if request is not None else {}
    kept, below = _above_threshold(listing, made, request)
    limit = asked.get(listing.limit) if listing.limit else None
    most = limit if isinstance(limit, int) and limit > 0 else len(kept)
    kept, beyond = kept[:most], kept[most:]
    shown, token = page(operation, kept, asked)
    beside = _BESIDE.get(operation, _nothing)(shown, below, beyond)
    return {listing.member: shown, **token, **beside}


def _sorted(listing: Listing, made: list[Any]) -> list[Any]:
    if not listing.order:
        return made
    return sorted(made, key=lambda item: _rank(item, listing.order), reverse=listing.descending)


def _rank(item: Any, path: tuple[str, ...]) -> float:
    for step in path:
        item = item.get(step) if isinstance(item, Mapping) else None
    if isinstance(item, Mapping):
        width, height = item.get("Width"), item.get("Height")
        return width * height if isinstance(width, float | int) and isinstance(height, float | int) else 0.0
    return item if isinstance(item, int | float) else 0.0


def _above_threshold(
    listing: Listing, made: list[Any], request: Mapping[str, Any] | None
) -> tuple[list[Any], list[Any]]:
    """Return the items that the request's threshold lets through, and the others."""
    if listing.threshold is None or request is None:
        return made, []
    asked = request.get(listing.threshold)
    least = asked if isinstance(asked, int | float) else _THRESHOLD
    return (
        [item for item in made if _rank(item, ("Similarity",)) >= least],
        [item for item in made if _rank(item, ("Similarity",)) < least],
    )


def _nothing(_shown: list[Any], _below: list[Any], _beyond: list[Any]) -> dict[str, Any]:
    return {}


def _unmatched(_shown: list[Any], below: list[Any], _beyond: list[Any]) -> dict[str, Any]:
    return {"UnmatchedFaces": [match["Face"] for match in below]}


def _unindexed(_shown: list[Any], _below: list[Any], beyond: list[Any]) -> dict[str, Any]:
    reasons = ["EXCEEDS_MAX_FACES"]
    return {"UnindexedFaces": [{"Reasons": reasons, "FaceDetail": record["FaceDetail"]} for record in beyond]}


def _versions(shown: list[Any], _below: list[Any], _beyond: list[Any]) -> dict[str, Any]:
    return {"FaceModelVersions": ["7.0"] * len(shown)}


#: What goes with the list in the response.
_BESIDE = {
    "CompareFaces": _unmatched,
    "IndexFaces": _unindexed,
    "ListCollections": _versions,
}


def _as_wire(operation: str, response: Mapping[str, Any]) -> dict[str, Any]:
    try:
        return to_wire(operation, response)
    except (TypeError, ValueError) as error:
        raise UsageError(f"build({operation!r}) was given what JSON cannot carry: {error}") from None
