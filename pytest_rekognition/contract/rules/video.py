"""Rules over the results of a stored video's analysis (`Get…`)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_rekognition.contract.rules.base import Finding, Rule, rule
from pytest_rekognition.contract.wording import shorten

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_rekognition.contract.rules.base import Request

#: 'If you specify a value greater than 1000, a maximum of 1000 results is returned. The default value is 1000.'
LARGEST_PAGE = 1000


@rule(
    "failure-explained", "breach", source="'If the job fails, StatusMessage provides a descriptive error message.'"
)
def failure_explained(response: Any, _: Request) -> Iterator[Finding]:
    """Hold a failed job to saying why."""
    if response.get("JobStatus") == "FAILED" and not response.get("StatusMessage"):
        yield Finding(("StatusMessage",), "is missing, though JobStatus is FAILED")


@rule(
    "only-failure-explained",
    "note",
    source="'If the job fails, StatusMessage provides a descriptive error message.'",
)
def only_failure_explained(response: Any, _: Request) -> Iterator[Finding]:
    """Hold the message to failed jobs."""
    if "StatusMessage" in response and response.get("JobStatus") != "FAILED":
        message = f"is present, but JobStatus is {response.get('JobStatus')}, not FAILED"
        yield Finding(("StatusMessage",), message, response["StatusMessage"])


@rule(
    "video-described",
    "breach",
    source="'Videometadata is returned in every page of paginated responses'",
)
def video_described(response: Any, _: Request) -> Iterator[Finding]:
    """Hold every page of results to describing the video."""
    if response.get("JobStatus") == "SUCCEEDED" and "VideoMetadata" not in response:
        yield Finding(("VideoMetadata",), "is missing; every page of a finished job's results has it")


def status_rules(member: str) -> tuple[Rule, ...]:
    """Return the rules on a job's status, for an operation with its results in `member`."""

    def unfinished(response: Any, _: Request) -> Iterator[Finding]:
        """Hold a job that has not succeeded to no results and no further page."""
        status = response.get("JobStatus", "SUCCEEDED")
        for name in (member, "NextToken"):
            if status != "SUCCEEDED" and response.get(name):
                yield Finding((name,), f"is present, but JobStatus is {status}, not SUCCEEDED", response[name])

    def token(response: Any, request: Request) -> Iterator[Finding]:
        """Hold a page that is not full to being the last."""
        count = len(response.get(member, ()))
        wanted = 1 if request is None else min(request.get("MaxResults", LARGEST_PAGE), LARGEST_PAGE)
        if "NextToken" in response and count < wanted:
            message = f"is present, but the page has {count} of at most {wanted} results, so nothing is left"
            yield Finding(("NextToken",), message, response["NextToken"])

    def timely(response: Any, _: Request) -> Iterator[Finding]:
        """Hold results to the video's length."""
        duration = response.get("VideoMetadata", {}).get("DurationMillis")
        for index, item in enumerate(response.get(member, ())):
            if duration is not None and item.get("Timestamp", 0) > duration:
                message = f"is {shorten(item['Timestamp'])} ms, after the video's end at {duration} ms"
                yield Finding((member, index, "Timestamp"), message, item["Timestamp"])

    return (
        Rule("results-when-succeeded", "breach", "'first check that the status value … is SUCCEEDED'", unfinished),
        Rule(
            "token-when-more",
            "breach",
            "'If there are more results than specified in MaxResults, the value of NextToken …'",
            token,
        ),
        Rule("within-video", "note", "Timestamp: 'in milliseconds from the start of the video'", timely),
        failure_explained,
        only_failure_explained,
        video_described,
    )
