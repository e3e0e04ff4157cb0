"""Changes by which the responses of several operations answer a request: ids, thresholds, order, pages, jobs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from pytest_rekognition.builders.responses import FAILURE
from pytest_rekognition.geometry import single
from pytest_rekognition.strategies.scalars import distinct, identifier

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    #: Changes a response in place. Members that it lacks stay away unless the request or a rule asks for them.
    Fit = Callable[[dict[str, Any], Mapping[str, Any]], None]

#: 'If you specify a value greater than 1000, a maximum of 1000 results is returned.'
LARGEST_PAGE: Final = 1000
#: The documented default of every threshold on a similarity.
THRESHOLD: Final = 80.0
#: 'the minimum user match confidence required for the face to be associated … default value is 75'
_USER_THRESHOLD: Final = 75.0
#: What a finished job's answer describes, where nothing was drawn.
_VIDEO: Final = {
    "Codec": "h264",
    "DurationMillis": 2000,
    "Format": "QuickTime / MOV",
    "FrameRate": 25.0,
    "FrameHeight": 240,
    "FrameWidth": 320,
}


# --- places --------------------------------------------------------------------------------------------------


def places(payload: Any, *path: str) -> Iterator[tuple[Any, Any]]:
    """Yield what holds the members that a path names (`*`: every item), and their key in it."""
    step, rest = path[0], path[1:]
    keys = range(len(payload)) if step == "*" else [step] * (step in payload)
    for key in keys:
        if rest:
            yield from places(payload[key], *rest)
        else:
            yield payload, key


def once(make: Callable[[int], str], *paths: tuple[str, ...]) -> Fit:
    """Make the ids at some paths appear once."""

    def change(response: dict[str, Any], _: Mapping[str, Any]) -> None:
        found = [place for path in paths for place in places(response, *path)]
        for (holder, key), ident in zip(found, distinct((h[k] for h, k in found), make), strict=True):
            holder[key] = ident

    return change


def user_name(number: int) -> str:
    """Return the id of a user, by its number."""
    return f"user-{number}"


def same(*path: str, option: str | None = None) -> Fit:
    """Make members equal the request's option, or without one the first of them."""

    def change(response: dict[str, Any], request: Mapping[str, Any]) -> None:
        found = list(places(response, *path))
        for holder, key in found:
            holder[key] = request.get(option, holder[key]) if option else found[0][0][found[0][1]]

    return change


# --- lists ---------------------------------------------------------------------------------------------------


def by_area(member: str, *box: str) -> Fit:
    """Sort a list by its items' boxes, the largest first."""

    def change(response: dict[str, Any], _: Mapping[str, Any]) -> None:
        response.get(member, []).sort(key=lambda item: _area(item, box), reverse=True)

    return change


def _area(item: Any, box: tuple[str, ...]) -> float:
    for step in box:
        item = item.get(step, {})
    return float(item.get("Width", 0) * item.get("Height", 0))


def above(member: str, key: str, option: str, default: float) -> Fit:
    """Lift a percentage over the request's threshold, and sort by it."""

    def change(response: dict[str, Any], request: Mapping[str, Any]) -> None:
        lift(response.get(member, []), key, request.get(option, default))

    return change


def lift(items: list[Any], key: str, least: float) -> None:
    """Lift percentages that are below the least one over it, and sort by them, the highest first."""
    for item in items:
        if item.get(key, least) < least:
            item[key] = max(least, min(100.0, single(least + (100.0 - least) * item[key] / 100)))
    items.sort(key=lambda item: -item.get(key, 0.0))


def at_most(member: str, option: str) -> Fit:
    """Cut a list to the number that the request asks for."""

    def change(response: dict[str, Any], request: Mapping[str, Any]) -> None:
        if request.get(option):
            del response.get(member, [])[request[option] :]

    return change


def matches(member: str, threshold: str, limit: str) -> tuple[Fit, ...]:
    """Make matches similar enough, sorted, and no more than the request asks for."""
    return above(member, "Similarity", threshold, THRESHOLD), at_most(member, limit)


def asked_ids(done: tuple[str, ...], undone: str) -> tuple[Fit, ...]:
    """Give each of the request's faces to at most one of two lists."""
    paths = (done, (undone, "*", "FaceId"))

    def change(response: dict[str, Any], request: Mapping[str, Any]) -> None:
        if "FaceIds" not in request:
            return
        asked = list(dict.fromkeys(request["FaceIds"]))
        left = len(asked)
        for member in (done[0], undone):
            del response.get(member, [])[left:]
            left -= len(response.get(member, ()))
        found = [place for path in paths for place in places(response, *path)]
        for (holder, key), ident in zip(found, asked, strict=False):
            holder[key] = ident

    return once(identifier, *paths), change


def refused(member: str) -> Fit:
    """Make faces that nothing was done with another user's than the request's, or too unlike by its threshold."""

    def change(response: dict[str, Any], request: Mapping[str, Any]) -> None:
        least = request.get("UserMatchThreshold", _USER_THRESHOLD)
        if member in response and least == 0:  # which no match is below
            response[member] = [face for face in response[member] if "Confidence" not in face]
        for face in response.get(member, ()):
            if "UserId" in face and face["UserId"] == request.get("UserId"):
                face["UserId"] = distinct([face["UserId"]] * 2, user_name)[1]
            if face.get("Confidence", -1.0) >= least:
                face["Confidence"] = single(face["Confidence"] / 101 * least)

    return change


# --- pages and jobs ------------------------------------------------------------------------------------------


def page(*members: str) -> Fit:
    """Cut a page to the request's limit. An empty one may have a token: it says nothing of this page's length."""

    def change(response: dict[str, Any], request: Mapping[str, Any]) -> None:
        limit = request.get("MaxResults") or LARGEST_PAGE
        for member in members:
            del response.get(member, [])[limit:]

    return change


def job(member: str, index: tuple[str, ...], by_index: str) -> Fit:
    """Make a job's answer agree with its status, and its results with the video's time and the request's order."""

    def change(response: dict[str, Any], request: Mapping[str, Any]) -> None:
        if "JobId" in response:
            response["JobId"] = request.get("JobId", response["JobId"])
        if response.get("JobStatus", "SUCCEEDED") == "SUCCEEDED":
            _succeeded(response, member, min(request.get("MaxResults", LARGEST_PAGE), LARGEST_PAGE))
        else:
            _unfinished(response, member)
        times = sorted(item.get("Timestamp", 0) for item in response.get(member, ()))
        for item, time in zip(response.get(member, ()), times, strict=True):
            if "Timestamp" in item:
                item["Timestamp"] = time
        if index and request.get("SortBy") == by_index:
            response.get(member, []).sort(key=lambda item: _index(item, index))

    return change


def _succeeded(response: dict[str, Any], member: str, limit: int) -> None:
    items = response.get(member, [])
    del items[limit:]
    response.pop("StatusMessage", None)
    if len(items) < limit:
        response.pop("NextToken", None)
    # GetSegmentDetection alone describes the video as a list, of one
    video = response.setdefault("VideoMetadata", [dict(_VIDEO)] if member == "Segments" else dict(_VIDEO))
    if isinstance(video, dict):
        last = max((item.get("Timestamp", 0) for item in items), default=0)
        video["DurationMillis"] = max(video["DurationMillis"], last)


def _unfinished(response: dict[str, Any], member: str) -> None:
    if member in response:
        response[member] = []
    response.pop("NextToken", None)
    if response["JobStatus"] == "FAILED":
        response["StatusMessage"] = response.get("StatusMessage") or FAILURE
    else:
        response.pop("StatusMessage", None)


def _index(item: Any, path: tuple[str, ...]) -> tuple[bool, Any]:
    for step in path:
        if step not in item:
            return True, 0
        item = item[step]
    return False, item
