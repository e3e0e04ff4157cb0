"""The operations on stored videos: Start… begins a job, Get… tells its results page by page."""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from pytest_rekognition.backends.reference.collections.store import Collections
from pytest_rekognition.backends.reference.images import object_bytes
from pytest_rekognition.backends.reference.paging import limited, page
from pytest_rekognition.backends.reference.refusals import invalid_parameters, invalid_token
from pytest_rekognition.backends.reference.requests_seen import RequestsSeen
from pytest_rekognition.backends.reference.videos.analysis import KINDS, Kind, load_reading, look_at
from pytest_rekognition.backends.reference.videos.jobs import KEPT, Findings, Job, Jobs
from pytest_rekognition.errors import ServiceError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_rekognition.backends.reference.neighbours import Publish
    from pytest_rekognition.backends.reference.region import Handler, Region

#: bytes, and milliseconds: "The maximum file size is 10GB. The maximum duration is 6 hours."
#: (VideoTooLargeException)
MAX_BYTES: Final = 10 * 1024**3
MAX_DURATION: Final = 6 * 3600 * 1000
#: "If you specify a value greater than 1000, a maximum of 1000 results is returned. The default value is 1000."
LARGEST_PAGE: Final = 1000
#: seconds: "The TTL for pagination tokens is 24 hours" (Guidelines and quotas)
TOKEN_KEPT: Final = 24 * 3600


class StartsSeen(RequestsSeen):
    """The starts that came with a token."""

    #: seconds: "A ClientRequestToken token has a lifetime of 7 days"
    kept = KEPT


def start(kind: Kind, request: Mapping[str, Any], region: Region) -> dict[str, Any]:
    """Answer a Start operation: `JobId`, the same one for the same request with the same token."""
    known = _known(kind, request, region)
    if known is not None:
        return known
    publish = _publisher(request, region)
    data = _video(kind, request, region)
    jobs = region.service.part(Jobs)
    with region.lock:
        known = _known(kind, request, region)
        if known is not None:
            return known
        job = Job(
            job_id=region.ids.job(),
            operation=kind.start,
            region=region.name,
            request=request,
            look=partial(look_at, data, kind, request, region),
            publish=publish,
        )
        jobs.open(job, region.clock)
        response = {"JobId": job.job_id}
        if request.get("ClientRequestToken"):
            region.part(StartsSeen).keep(kind.start, request, response, region.clock.now())
    jobs.begin(job, region.clock)
    return response


def get(kind: Kind, request: Mapping[str, Any], region: Region) -> dict[str, Any]:
    """Answer a Get operation: `JobStatus`, and once the job has succeeded a page of its results."""
    now = region.clock.now()
    job = region.service.part(Jobs).find(request["JobId"], kind.start, region.name, now)
    _check_token(job, request.get("NextToken"), now)
    status = job.status  # asked once: the job may end meanwhile
    response = {"JobStatus": status, **_echo(job), kind.member: []}
    if status == "FAILED" and job.mistake is not None:
        raise job.mistake
    if status == "FAILED":
        return response | {"StatusMessage": job.failure}
    if status == "IN_PROGRESS" or job.findings is None:
        return response
    items, following = _page(kind, job, job.findings, request)
    for token in following.values():
        job.tokens[token] = now
    return response | {"VideoMetadata": dict(job.findings.metadata), kind.member: items} | following


def _known(kind: Kind, request: Mapping[str, Any], region: Region) -> dict[str, Any] | None:
    if not request.get("ClientRequestToken"):
        return None
    with region.lock:
        return region.part(StartsSeen).find(kind.start, request, region.clock.now())


def _publisher(request: Mapping[str, Any], region: Region) -> Publish | None:
    return region.service.neighbours.publisher(region.name) if request.get("NotificationChannel") else None


def _video(kind: Kind, request: Mapping[str, Any], region: Region) -> bytes:
    """Return the video's bytes; raises what a Start operation refuses before there is a job.

    An object that is no video is not refused: its job fails, as recorded.
    """
    if kind.start == "StartFaceSearch":
        with region.lock:
            region.part(Collections)[request["CollectionId"]]
    place = request["Video"].get("S3Object")
    if place is None:
        raise invalid_parameters()
    data = object_bytes(place, region, MAX_BYTES)
    if len(data) > MAX_BYTES:
        raise ServiceError(
            "VideoTooLargeException",
            f"Video size in bytes: {len(data)} is more than the maximum limit of: {MAX_BYTES} bytes.",
        )
    if load_reading().duration_of(data) > MAX_DURATION:
        # not recorded: the documentation's description of the exception
        raise ServiceError(
            "VideoTooLargeException",
            "The file size or duration of the supplied media is too large. The maximum file size is 10GB."
            " The maximum duration is 6 hours.",
        )
    return data


def _echo(job: Job) -> dict[str, Any]:
    tag = {"JobTag": job.request["JobTag"]} if job.request.get("JobTag") else {}
    return {"JobId": job.job_id, "Video": {"S3Object": dict(job.request["Video"]["S3Object"])}, **tag}


def _check_token(job: Job, token: str | None, now: float) -> None:
    """Refuse a token that the job never gave out, whatever has become of it, or gave out too long ago."""
    if token and (token not in job.tokens or now - job.tokens[token] >= TOKEN_KEPT):
        raise invalid_token()


def _page(
    kind: Kind, job: Job, findings: Findings, request: Mapping[str, Any]
) -> tuple[list[dict[str, Any]], dict[str, str]]:
    sorting = request.get("SortBy") or next(iter(kind.orders))
    order = findings.orders[sorting]
    places, following = page(
        range(len(order)),
        lambda place: place,
        scope=[kind.get, job.job_id, sorting],
        token=request.get("NextToken"),
        limit=limited(request, "MaxResults", LARGEST_PAGE),
    )
    return [json.loads(findings.items[order[place]]) for place in places], following


HANDLERS: Final[dict[str, Handler]] = {
    **{kind.start: partial(start, kind) for kind in KINDS},
    **{kind.get: partial(get, kind) for kind in KINDS},
}
