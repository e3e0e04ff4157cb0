"""Stream processors: their life cycle. No stream is read, and nothing is written to one."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from pytest_rekognition.backends.reference.clock import checked_seconds
from pytest_rekognition.backends.reference.faces import as_single
from pytest_rekognition.backends.reference.paging import limited, page
from pytest_rekognition.backends.reference.refusals import invalid_parameters, not_found
from pytest_rekognition.backends.reference.tags import Tags
from pytest_rekognition.errors import ServiceError, UsageError
from pytest_rekognition.showing import show

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from pytest_rekognition.backends.reference.region import Handler, Region

#: processors of a region: "Stream processor limit exceeded for account, limit - 10", as recorded in 2018
MOST: Final = 10
#: "The default is 1000." (ListStreamProcessors, MaxResults); that it is also the most is not documented
_PAGE: Final = 1000
#: "Values between 0 and 100 are accepted, and values lower than 80 are set to 80." (FaceMatchThreshold)
_LEAST_THRESHOLD: Final = 80.0
#: seconds: "The largest amount of time is 2 minutes. The default is 10 seconds." (MaxDurationInSeconds)
_DURATION: Final = 10
#: "The current valid labels you can include in this list are" (ConnectedHomeSettings, Labels)
_LABELS: Final = frozenset({"PERSON", "PET", "PACKAGE", "ALL"})
#: "should not be used to create a face search stream processor" (KmsKeyId, RegionsOfInterest)
_OF_LABELS_ALONE: Final = ("KmsKeyId", "RegionsOfInterest")
#: members of a request that DescribeStreamProcessor repeats
_DESCRIBED: Final = (
    "Input",
    "Output",
    "RoleArn",
    "Settings",
    "NotificationChannel",
    "KmsKeyId",
    "RegionsOfInterest",
    "DataSharingPreference",
)
#: the statuses in which a processor may be started, changed and deleted. Which are meant is not documented beyond
#: ResourceInUseException, "The specified resource is already being used."
_AT_REST: Final = frozenset({"STOPPED", "FAILED"})


class StreamTimes:
    """What tests settle about the stream processors of all regions."""

    __slots__ = ("_failures", "_takes")

    def __init__(self) -> None:
        self._takes = 0.0
        self._failures: dict[str, str] = {}

    @property
    def takes(self) -> float:
        """Seconds that starting, stopping and updating take each; by default 0, each is done at once."""
        return self._takes

    @takes.setter
    def takes(self, seconds: float) -> None:
        self._takes = checked_seconds(seconds, "takes")

    def fail(self, name: str, message: str) -> None:
        """Let every later start of a processor end in FAILED, with this StatusMessage; both are texts.

        Raises `UsageError` for anything else.
        """
        for what, text in (("name", name), ("message", message)):
            if not isinstance(text, str) or not text:
                raise UsageError(f"{what} is {show(text)}: a text is needed")
        self._failures[name] = message

    def failure(self, name: str) -> str | None:
        """Return the StatusMessage with which a processor's start fails, or None."""
        return self._failures.get(name)


class _Change(NamedTuple):
    #: seconds since the epoch
    at: float
    status: str
    message: str | None = None


@dataclass(slots=True)
class _Processor:
    #: counts up within the region
    number: int
    name: str
    arn: str
    created: float
    #: what created it, member for member
    request: dict[str, Any]
    #: what DescribeStreamProcessor repeats
    members: dict[str, Any]
    #: in their order; the last one that is due is the present status
    changes: list[_Change] = field(default_factory=list)

    @property
    def finds_faces(self) -> bool:
        return "FaceSearch" in self.members["Settings"]

    def present(self, now: float) -> _Change:
        """Return the change that was the last one to happen."""
        happened = [change for change in self.changes if change.at <= now]
        return happened[-1] if happened else self.changes[0]  # a clock may be stopped at a time long ago

    def become(self, *changes: _Change) -> None:
        """Plan what happens from now on, in place of what was planned."""
        self.changes = [self.present(changes[0].at), *changes]


class Processors:
    """The stream processors of one region."""

    def __init__(self) -> None:
        self._by_name: dict[str, _Processor] = {}
        self._count = 0

    def __iter__(self) -> Iterator[_Processor]:
        return iter(list(self._by_name.values()))

    def __getitem__(self, name: str) -> _Processor:
        if name not in self._by_name:
            # no wording was recorded: this is the documentation's sentence about the error
            raise not_found("The resource specified in the request cannot be found.")
        return self._by_name[name]

    def created_by(self, request: Mapping[str, Any]) -> _Processor | None:
        """Return the processor that the very same request has created, or None: "Name is idempotent".

        Raises `ResourceInUseException` where another request has created one of this name.
        """
        processor = self._by_name.get(request["Name"])
        if processor is not None and processor.request != request:
            raise _in_use("The specified resource is already being used.")
        return processor

    def open(self, request: Mapping[str, Any], region: Region, members: dict[str, Any]) -> _Processor:
        """Add a processor, which is STOPPED."""
        if len(self._by_name) >= MOST:
            raise ServiceError(
                "LimitExceededException", f"Stream processor limit exceeded for account, limit - {MOST}"
            )
        self._count += 1
        now, name = region.clock.now(), request["Name"]
        arn = region.arn(f"streamprocessor/{name}")
        processor = _Processor(self._count, name, arn, now, deepcopy(dict(request)), members)
        processor.changes.append(_Change(now, "STOPPED"))
        self._by_name[name] = processor
        return processor

    def close(self, name: str) -> None:
        """Forget a processor."""
        del self._by_name[name]


def _in_use(message: str) -> ServiceError:
    return ServiceError("ResourceInUseException", message)


def _found(name: str, region: Region, purpose: str, allowed: frozenset[str]) -> _Processor:
    """Return a processor whose status allows something; the wording was recorded for stopping."""
    processor = region.part(Processors)[name]
    if processor.present(region.clock.now()).status not in allowed:
        raise _in_use(f"Stream Processor not available for {purpose}")
    return processor


def create_stream_processor(request: Mapping[str, Any], region: Region) -> dict[str, Any]:
    """Answer CreateStreamProcessor: `StreamProcessorArn`, the same one for the same request.

    That the collection exists is not asked for: the operation documents no ResourceNotFoundException.
    """
    _check(request)
    members = deepcopy({name: request[name] for name in _DESCRIBED if request.get(name) is not None})
    search = members["Settings"].get("FaceSearch")
    if search is not None:
        search["FaceMatchThreshold"] = max(_LEAST_THRESHOLD, float(search.get("FaceMatchThreshold") or 0))
    with region.lock:
        processors = region.part(Processors)
        processor = processors.created_by(request)
        if processor is None:
            processor = processors.open(request, region, members)
            try:
                region.part(Tags).open(processor.arn, request.get("Tags"))
            except ServiceError:
                processors.close(processor.name)
                raise
    return {"StreamProcessorArn": processor.arn}


def _check(request: Mapping[str, Any]) -> None:
    """Refuse a processor whose parts do not belong together, with `InvalidParameterException`."""
    settings, output = request["Settings"], request["Output"]
    search, home = settings.get("FaceSearch"), settings.get("ConnectedHome")
    if (search is None) == (home is None):
        raise invalid_parameters()
    if not (request["Input"].get("KinesisVideoStream") or {}).get("Arn"):
        raise invalid_parameters()
    if home is not None:
        _check_labels(home.get("Labels"))
    _check_regions(request.get("RegionsOfInterest"))
    # "This must be a S3Destination … for a label detection stream processor or a Kinesis data stream ARN for a
    # face search stream processor." (Output)
    needed, member, other = ("KinesisDataStream", "Arn", "S3Destination")
    if search is None:
        needed, member, other = ("S3Destination", "Bucket", "KinesisDataStream")
    elif not search.get("CollectionId") or any(request.get(name) for name in _OF_LABELS_ALONE):
        raise invalid_parameters()
    if not (output.get(needed) or {}).get(member) or output.get(other):
        raise invalid_parameters()


def _check_labels(labels: list[str] | None) -> None:
    if not labels or not _LABELS.issuperset(labels):
        raise invalid_parameters()


def _check_regions(regions: Sequence[Mapping[str, Any]] | None) -> None:
    """Refuse a region of interest that has not "either a polygon or a bounding box"."""
    if any(("BoundingBox" in region) == ("Polygon" in region) for region in regions or ()):
        raise invalid_parameters()


def delete_stream_processor(request: Mapping[str, Any], region: Region) -> dict[str, Any]:
    """Answer DeleteStreamProcessor, with nothing; its name is free at once."""
    with region.lock:
        processor = _found(request["Name"], region, "deleting", _AT_REST)
        region.part(Processors).close(processor.name)
        region.part(Tags).close(processor.arn)
    return {}


def describe_stream_processor(request: Mapping[str, Any], region: Region) -> dict[str, Any]:
    """Answer DescribeStreamProcessor."""
    with region.lock:
        processor = region.part(Processors)[request["Name"]]
        present = processor.present(region.clock.now())
        answer: dict[str, Any] = {
            "Name": processor.name,
            "StreamProcessorArn": processor.arn,
            "Status": present.status,
            "CreationTimestamp": processor.created,
            "LastUpdateTimestamp": present.at,
            **{name: as_single(value) for name, value in processor.members.items()},
        }
    return answer if present.message is None else answer | {"StatusMessage": present.message}


def list_stream_processors(request: Mapping[str, Any], region: Region) -> dict[str, Any]:
    """Answer ListStreamProcessors: `StreamProcessors`, the oldest first."""
    with region.lock:
        now = region.clock.now()
        shown, more = page(
            region.part(Processors),
            lambda processor: processor.number,
            scope=("ListStreamProcessors", region.name),
            token=request.get("NextToken"),
            limit=limited(request, "MaxResults", _PAGE),
        )
        listed = [{"Name": processor.name, "Status": processor.present(now).status} for processor in shown]
    return {"StreamProcessors": listed, **more}


def start_stream_processor(request: Mapping[str, Any], region: Region) -> dict[str, Any]:
    """Answer StartStreamProcessor: `SessionId`. One that detects labels stops by itself when its time is over."""
    with region.lock:
        processor = _found(request["Name"], region, "starting", _AT_REST)
        lasts = _duration(request, processor)
        times, now = region.service.part(StreamTimes), region.clock.now()
        running, failure = now + times.takes, times.failure(processor.name)
        if failure is not None:
            processor.become(_Change(now, "STARTING"), _Change(running, "FAILED", failure))
        elif lasts is None:
            processor.become(_Change(now, "STARTING"), _Change(running, "RUNNING"))
        else:
            end = _Change(running + lasts, "STOPPED")
            processor.become(_Change(now, "STARTING"), _Change(running, "RUNNING"), end)
        return {"SessionId": region.ids.uuid4()}


def _duration(request: Mapping[str, Any], processor: _Processor) -> int | None:
    """Return for how many seconds a processor runs, or None for one that runs until it is stopped.

    The selectors are each "a required parameter for label detection stream processors and should not be used to
    start a face search stream processor".
    """
    start, stop = request.get("StartSelector"), request.get("StopSelector")
    if processor.finds_faces:
        if start is not None or stop is not None:
            raise invalid_parameters()
        return None
    if start is None or stop is None:
        raise invalid_parameters()
    # "One of either producer timestamp or fragment number is required." says its documentation
    place = start.get("KVSStreamStartSelector") or {}
    if (place.get("ProducerTimestamp") is None) == (place.get("FragmentNumber") is None):
        raise invalid_parameters()
    return int(stop.get("MaxDurationInSeconds") or _DURATION)


def stop_stream_processor(request: Mapping[str, Any], region: Region) -> dict[str, Any]:
    """Answer StopStreamProcessor, with nothing: "Stops a running stream processor"."""
    with region.lock:
        processor = _found(request["Name"], region, "stopping", frozenset({"RUNNING"}))
        now = region.clock.now()
        stopped = now + region.service.part(StreamTimes).takes
        processor.become(_Change(now, "STOPPING"), _Change(stopped, "STOPPED"))
    return {}


def update_stream_processor(request: Mapping[str, Any], region: Region) -> dict[str, Any]:
    """Answer UpdateStreamProcessor, with nothing: "Label detection settings can be updated"."""
    with region.lock:
        processor = _found(request["Name"], region, "updating", _AT_REST)
        processor.members = _updated(processor, request)
        now = region.clock.now()
        rest = processor.present(now)
        updated = now + region.service.part(StreamTimes).takes
        processor.become(_Change(now, "UPDATING"), _Change(updated, rest.status, rest.message))
    return {}


def _updated(processor: _Processor, request: Mapping[str, Any]) -> dict[str, Any]:
    """Return a processor's members as they are after an update."""
    members = deepcopy(processor.members)
    settings = (request.get("SettingsForUpdate") or {}).get("ConnectedHomeForUpdate")
    regions, deleted = request.get("RegionsOfInterestForUpdate"), request.get("ParametersToDelete") or ()
    sharing = request.get("DataSharingPreferenceForUpdate")
    if processor.finds_faces and (settings is not None or regions is not None or deleted):
        raise invalid_parameters()
    home = members["Settings"].get("ConnectedHome", {})
    if settings is not None:
        if settings.get("Labels") is not None:
            _check_labels(settings["Labels"])
        home.update({name: value for name, value in deepcopy(dict(settings)).items() if value is not None})
    if regions is not None:
        _check_regions(regions)
        members["RegionsOfInterest"] = deepcopy(regions)
    if sharing is not None:
        members["DataSharingPreference"] = deepcopy(sharing)
    if "ConnectedHomeMinConfidence" in deleted:
        home.pop("MinConfidence", None)
    if "RegionsOfInterest" in deleted:
        members.pop("RegionsOfInterest", None)
    return members


HANDLERS: Final[dict[str, Handler]] = {
    "CreateStreamProcessor": create_stream_processor,
    "DeleteStreamProcessor": delete_stream_processor,
    "DescribeStreamProcessor": describe_stream_processor,
    "ListStreamProcessors": list_stream_processors,
    "StartStreamProcessor": start_stream_processor,
    "StopStreamProcessor": stop_stream_processor,
    "UpdateStreamProcessor": update_stream_processor,
}
