"""How each rule of the contract is broken alone, in an exchange that keeps it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from pytest_rekognition.attributes import ATTRIBUTE_MEMBERS
from pytest_rekognition.contract.paths import locate
from pytest_rekognition.contract.rules.attributes import RECENT_MEMBERS, asked_members
from pytest_rekognition.strategies.faults import Fault, remover, setter
from pytest_rekognition.strategies.operations import ATTRIBUTE_OPTIONS
from pytest_rekognition.strategies.scalars import identifier

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from pytest_rekognition.contract.paths import Steps

    Wire = dict[str, Any]
    #: Yields the faults of one rule in a response to a request.
    Spoiler = Callable[["Case"], Iterator[Fault]]


class Case(NamedTuple):
    """An exchange that is to be broken."""

    operation: str
    request: Wire
    response: Wire


#: An id that nothing drawn has.
_STRANGER: Final = identifier(2**100 + 7)
_NO_BASE64: Final = "no base64"
_S3_OBJECT: Final = {"Bucket": "photos", "Name": "a.jpg"}
#: How small a box must be for `box-near-image` to stay silent when it is pushed out.
_SMALL: Final = 0.25
_AREA_SLACK: Final = 1e-5


def _updater(holder: Wire, members: Wire) -> Callable[[], object]:
    return lambda: holder.update(members)


# --- faces ---------------------------------------------------------------------------------------------------


def faces(where: tuple[str, ...]) -> Spoiler:
    """Break one face: its ages, its landmarks, its emotions."""

    def spoil(case: Case) -> Iterator[Fault]:
        for steps, face in locate(case.response, where):
            yield from _face(steps, face)

    return spoil


def _face(steps: Steps, face: Any) -> Iterator[Fault]:
    marks, ages, emotions = face["Landmarks"], face.get("AgeRange"), face.get("Emotions")
    last = (*steps, "Landmarks", len(marks) - 1)
    yield Fault("landmark-types-unique", (*last, "Type"), setter(marks[-1], "Type", marks[0]["Type"]))
    yield Fault("landmarks-are-ratios", (*last, "X"), setter(marks[-1], "X", 320.0))
    if ages:
        yield Fault("age-range-ordered", (*steps, "AgeRange", "Low"), setter(ages, "Low", ages["High"] + 1))
    if emotions:
        repeated = setter(emotions[-1], "Type", emotions[0]["Type"])
        yield Fault("emotion-types-unique", (*steps, "Emotions", len(emotions) - 1, "Type"), repeated)


def added(where: tuple[str, ...]) -> Spoiler:
    """Give faces that may have any member, and come with the default ones, ages and emotions that are wrong."""

    def spoil(case: Case) -> Iterator[Fault]:
        emotions = [
            {"Type": kind, "Confidence": sure} for kind, sure in (("SAD", 60.0), ("CALM", 30.0), ("SAD", 10.0))
        ]
        for steps, face in locate(case.response, where):
            ages = setter(face, "AgeRange", {"Low": 31, "High": 30})
            yield Fault("age-range-ordered", (*steps, "AgeRange", "Low"), ages)
            moods = setter(face, "Emotions", emotions)
            yield Fault("emotion-types-unique", (*steps, "Emotions", 2, "Type"), moods)

    return spoil


def boxes(where: tuple[str, ...]) -> Spoiler:
    """Push a box just out of the image."""

    def spoil(case: Case) -> Iterator[Fault]:
        for steps, holder in locate(case.response, where):
            box: Any = holder.get("BoundingBox", {})  # type: ignore[attr-defined]
            for side, size in (("Left", "Width"), ("Top", "Height")):
                if box and box[size] <= _SMALL:
                    yield Fault("box-in-image", (*steps, "BoundingBox", side), setter(box, side, 1.0))

    return spoil


def attributes(where: tuple[str, ...]) -> Spoiler:
    """Leave out what was asked for, and add what was not."""

    def spoil(case: Case) -> Iterator[Fault]:
        attributes = case.request.get(ATTRIBUTE_OPTIONS[case.operation]) or ()
        asked = asked_members(attributes)
        recent = RECENT_MEMBERS - {ATTRIBUTE_MEMBERS.get(name, "") for name in attributes}
        for steps, face in locate(case.response, where):
            for name in sorted(asked - (recent if "ALL" in attributes else frozenset())):
                yield Fault("attribute-missing", (*steps, name), remover(face, name))
            if "Smile" not in asked:
                yield Fault("attribute-unasked", (*steps, "Smile"), setter(face, "Smile", dict(_SURE)))

    return spoil


_SURE: Final = {"Value": True, "Confidence": 99.5}


def surplus(rule: str, name: str, *where: str) -> Spoiler:
    """Give a face a member that the operation leaves out."""

    def spoil(case: Case) -> Iterator[Fault]:
        for steps, face in locate(case.response, where):
            yield Fault(rule, (*steps, name), setter(face, name, dict(_SURE)))

    return spoil


# --- lists ---------------------------------------------------------------------------------------------------


def too_many(rule: str, member: str, option: str) -> Spoiler:
    """Have the request ask for one less than there are."""

    def spoil(case: Case) -> Iterator[Fault]:
        count = len(case.response.get(member, ()))
        if count > 1:
            yield Fault(rule, (member,), setter(case.request, option, count - 1))

    return spoil


def below(rule: str, member: str, key: str, option: str, default: float) -> Spoiler:
    """Put the last match below the threshold."""

    def spoil(case: Case) -> Iterator[Fault]:
        least, items = case.request.get(option, default), case.response.get(member, ())
        if items and key in items[-1] and least > 0:
            yield Fault(rule, (member, len(items) - 1, key), setter(items[-1], key, least / 2))

    return spoil


def unsorted(rule: str, member: str, key: tuple[str, ...], *, swap: str | None = None) -> Spoiler:
    """Change the places of two neighbours that differ, or only of their member `swap`."""

    def spoil(case: Case) -> Iterator[Fault]:
        items = case.response.get(member, [])
        if case.request.get("SortBy", "TIMESTAMP") != "TIMESTAMP":
            return
        for index in range(len(items) - 1):
            one, other = _rank(items[index], key), _rank(items[index + 1], key)
            if one is not None and other is not None and abs(one - other) > _AREA_SLACK:
                yield Fault(rule, (member, index + 1, *key), _swapper(items, index, swap))

    return spoil


def _rank(item: Any, key: tuple[str, ...]) -> float | None:
    for step in key:
        item = item.get(step)
        if item is None:
            return None
    return float(item["Width"] * item["Height"]) if isinstance(item, dict) else float(item)


def _swapper(items: list[Any], index: int, member: str | None) -> Callable[[], object]:
    def swap() -> None:
        one, other = items[index], items[index + 1]
        if member is None:
            items[index], items[index + 1] = other, one
        else:
            one[member], other[member] = other[member], one[member]

    return swap


def beyond_largest(member: str, other: str, limit: int) -> Spoiler:
    """Fill the other of two lists up to the limit that they have together."""

    def spoil(case: Case) -> Iterator[Fault]:
        others = case.response[other]
        yield Fault("largest-only", (member,), lambda: others.extend(others[:1] * (limit - len(others))))

    return spoil


def replaced(rule: str, *where: str, option: str | None = None, value: str = _STRANGER) -> Spoiler:
    """Put a stranger in an id's place; with `option`, only where the request has it."""

    def spoil(case: Case) -> Iterator[Fault]:
        if option is None or option in case.request:
            for steps, _ in locate(case.response, where):
                yield Fault(rule, steps, setter(_at(case.response, steps[:-1]), steps[-1], value))

    return spoil


def repeated(*where: str) -> Spoiler:
    """Give the last of a list the first one's id."""

    def spoil(case: Case) -> Iterator[Fault]:
        found = list(locate(case.response, where))
        if len(found) > 1:
            steps = found[-1][0]
            yield Fault("ids-unique", steps, setter(_at(case.response, steps[:-1]), steps[-1], found[0][1]))

    return spoil


def _at(payload: Any, steps: Steps) -> Any:
    for step in steps:
        payload = payload[step]
    return payload


# --- single operations ---------------------------------------------------------------------------------------


def gone(rule: str, name: str, **needed: str) -> Spoiler:
    """Take a member away; `needed` are the response's members and their values, or the request's member."""

    def spoil(case: Case) -> Iterator[Fault]:
        asked = needed.get("asked")
        others = {member: value for member, value in needed.items() if member != "asked"}
        fits = all(case.response.get(member) == value for member, value in others.items())
        if name in case.response and fits and (asked is None or asked in case.request):
            yield Fault(rule, (name,), remover(case.response, name))

    return spoil


def records(case: Case) -> Iterator[Fault]:
    """Make a record's face another than its detail, and of another image."""
    records = case.response["FaceRecords"]
    for index, record in enumerate(records):
        steps, face = ("FaceRecords", index, "Face"), record["Face"]
        yield Fault("record-agrees", (*steps, "Confidence"), setter(face, "Confidence", face["Confidence"] / 2))
        if "ExternalImageId" in face:
            yield Fault("external-image-id", (*steps, "ExternalImageId"), remover(face, "ExternalImageId"))
        else:
            yield Fault("external-image-id", (*steps, "ExternalImageId"), setter(face, "ExternalImageId", "other"))
        if index:
            yield Fault("one-image-id", (*steps, "ImageId"), setter(face, "ImageId", _STRANGER))


def unindexed(case: Case) -> Iterator[Fault]:
    """Give a reason that the request did not."""
    if "MaxFaces" in case.request:
        return
    for index, face in enumerate(case.response["UnindexedFaces"]):
        steps = ("UnindexedFaces", index, "Reasons", 0)
        yield Fault("unindexed-reasons", steps, setter(face, "Reasons", ["EXCEEDS_MAX_FACES"]))


def versions(case: Case) -> Iterator[Fault]:
    """List one version too many."""
    versions = case.response["FaceModelVersions"]
    yield Fault("versions-match-collections", ("FaceModelVersions",), lambda: versions.append("7.0"))


def arn(name: str) -> Spoiler:
    """Change the end of a collection's ARN."""

    def spoil(case: Case) -> Iterator[Fault]:
        yield Fault("arn-names-collection", (name,), setter(case.response, name, case.response[name] + "-other"))

    return spoil


def unmatched_face(case: Case) -> Iterator[Fault]:
    """Take away the face that has matches."""
    if case.response["UserMatches"]:
        yield Fault("no-match-without-face", ("SearchedFace",), remover(case.response, "SearchedFace"))


def job(member: str) -> Spoiler:
    """Make a job's answer disagree with its status."""

    def spoil(case: Case) -> Iterator[Fault]:
        response = case.response
        if response["JobStatus"] == "FAILED":
            yield Fault("failure-explained", ("StatusMessage",), remover(response, "StatusMessage"))
        elif response["JobStatus"] == "SUCCEEDED":
            yield Fault("video-described", ("VideoMetadata",), remover(response, "VideoMetadata"))
            if len(response[member]) < case.request.get("MaxResults", 1000):
                yield Fault("token-when-more", ("NextToken",), setter(response, "NextToken", "more"))
        if response[member] and "NextToken" not in response:
            yield Fault("results-when-succeeded", (member,), setter(response, "JobStatus", "IN_PROGRESS"))

    return spoil


def liveness(case: Case) -> Iterator[Fault]:
    """Make a session disagree with its status."""
    status = case.response["Status"]
    if status == "SUCCEEDED":
        yield Fault("liveness-confidence", ("Confidence",), remover(case.response, "Confidence"))
    else:
        yield Fault("liveness-feedback", ("Feedback",), setter(case.response, "Feedback", []))
    if status in ("CREATED", "IN_PROGRESS"):
        yield Fault("liveness-unfinished", ("Confidence",), setter(case.response, "Confidence", 99.5))


def session_images(*where: str) -> Spoiler:
    """Break the images of a session: their base64, and their one source."""

    def spoil(case: Case) -> Iterator[Fault]:
        for steps, image in locate(case.response, where):
            both = {"Bytes": "Pz8/", "S3Object": _S3_OBJECT}
            yield Fault("image-or-bucket", (*steps, "S3Object"), _updater(image, both))  # type: ignore[arg-type]
            if "Bytes" in image:  # type: ignore[operator]
                yield Fault("base64", (*steps, "Bytes"), setter(image, "Bytes", _NO_BASE64))

    return spoil


# --- requests ------------------------------------------------------------------------------------------------


def request_faults(operation: str, request: Wire) -> Iterator[Fault]:
    """Yield the faults that the rules find in a request, each alone."""
    for name in ("Image", "SourceImage", "TargetImage", "Video"):
        if name in request:
            yield from _sources(name, request[name])
    if operation == "SearchUsers":
        yield from _search_keys(request)
    for name in ("RegionsOfInterest", "RegionsOfInterestForUpdate"):
        yield from _regions(name, request.get(name, ()))


def _sources(name: str, image: Wire) -> Iterator[Fault]:
    if "S3Object" in image:
        for part in ("Bucket", "Name"):
            yield Fault("s3-object-named", (name, "S3Object", part), remover(image["S3Object"], part))
    if name == "Video":
        yield Fault("video-source", (name, "S3Object"), remover(image, "S3Object"))
        return
    if "Bytes" in image:
        yield Fault("base64", (name, "Bytes"), setter(image, "Bytes", _NO_BASE64))
        yield Fault("image-source", (name, "S3Object"), setter(image, "S3Object", dict(_S3_OBJECT)))
    yield Fault("image-source", (name, "Bytes"), image.clear)


def _regions(name: str, regions: Sequence[Wire]) -> Iterator[Fault]:
    for index, region in enumerate(regions):
        box = {"Left": 0.25, "Top": 0.25, "Width": 0.5, "Height": 0.5}
        both = {"BoundingBox": box, "Polygon": [{"X": 0.5, "Y": 0.5}]} | region
        yield Fault("box-or-polygon", (name, index, "Polygon"), _updater(region, both))
        yield Fault("box-or-polygon", (name, index, "BoundingBox"), region.clear)


def _search_keys(request: Wire) -> Iterator[Fault]:
    both = {"FaceId": _STRANGER, "UserId": "user-1"} | request
    yield Fault("user-search-key", ("UserId",), _updater(request, both))
    present = "FaceId" if "FaceId" in request else "UserId"
    yield Fault("user-search-key", ("FaceId",), remover(request, present))
