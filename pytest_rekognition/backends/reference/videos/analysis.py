"""What each kind of job looks for in a video, and the order in which its results are told."""

from __future__ import annotations

import json
import logging
import time
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from pytest_rekognition.backends.reference.celebrities import Celebrities
from pytest_rekognition.backends.reference.collections.matching import face_matches, threshold_of
from pytest_rekognition.backends.reference.collections.store import Collections
from pytest_rekognition.backends.reference.conventions import UNMEASURED
from pytest_rekognition.backends.reference.faces import MAX_FACES, as_single, face_detail
from pytest_rekognition.backends.reference.videos.jobs import DroppedJobError, FailedJobError, Findings
from pytest_rekognition.backends.reference.videos.tracking import Tracker, on_whole_pixels
from pytest_rekognition.errors import MissingDependencyError

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Iterator, Mapping

    from pytest_rekognition.backends.reference.engines.base import Floats, MeasuredFace
    from pytest_rekognition.backends.reference.region import Region
    from pytest_rekognition.backends.reference.videos.reading import Frame, Metadata
    from pytest_rekognition.geometry import Box

    #: yields the results in a video's frames, in the wire's form
    Search = Callable[[Iterator[Frame], Mapping[str, Any], Region], Iterator[dict[str, Any]]]
    #: what a result is sorted by
    Order = Callable[[Mapping[str, Any]], Any]

#: the members that come with ALL: "the returned values for FaceOccluded and EyeDirection will always be 'null'",
#: which is absent on the wire
_ALL_MEMBERS: Final = tuple(member for member in UNMEASURED if member not in {"FaceOccluded", "EyeDirection"})
#: the `StatusMessage` of jobs whose file is no video of a known kind, as users of the service quote it
UNREADABLE: Final = "Unsupported codec/format."
#: seconds between two lines that tell how far an analysis is
_TOLD_EVERY: Final = 2.0
_SECOND: Final = 1000
_LOGGER: Final = logging.getLogger("pytest_rekognition")


class Kind(NamedTuple):
    """A kind of job."""

    #: the operation that starts it
    start: str
    #: the operation that gets its results
    get: str
    #: the member of the response that has the results
    member: str
    search: Search
    #: by the values of `SortBy`, the default first
    orders: Mapping[str, Order]


def look_at(
    data: bytes, kind: Kind, request: Mapping[str, Any], region: Region, dropped: threading.Event
) -> Findings:
    """Look at a video's frames for what a job wants.

    Raises `FailedJobError` and `ServiceError`, and between two frames `DroppedJobError` once the event is set.
    """
    reading = load_reading()
    try:
        with reading.open_video(data) as video:
            name = f"{kind.start} of {request['Video']['S3Object']['Name']}"
            frames = _told(_wanted(video.samples(), dropped), video.metadata, name)
            items, orders = _kept(kind.search(frames, request, region), kind)
            return Findings(video.metadata.as_wire(), items, orders)
    except reading.UnreadableVideoError:
        raise FailedJobError(UNREADABLE) from None


def _kept(found: Iterator[dict[str, Any]], kind: Kind) -> tuple[tuple[str, ...], dict[str, list[int]]]:
    """Return results as they are kept, and by the values of `SortBy` their numbers in that order."""
    texts: list[str] = []
    keys: dict[str, list[Any]] = {name: [] for name in kind.orders}
    for item in found:
        texts.append(json.dumps(item))
        for name, order in kind.orders.items():
            keys[name].append(order(item))
    return tuple(texts), {name: sorted(range(len(texts)), key=own.__getitem__) for name, own in keys.items()}


def load_reading() -> Any:
    """Import what reads videos; raises `MissingDependencyError`."""
    try:
        from pytest_rekognition.backends.reference.videos import reading  # noqa: PLC0415 - needs the extra
    except ImportError as missing:
        raise MissingDependencyError(
            "looking at videos", package="OpenCV (opencv-python-headless, with numpy)", extra="reference"
        ) from missing
    return reading


def _wanted(frames: Iterator[Frame], dropped: threading.Event) -> Iterator[Frame]:
    """Yield the frames as long as somebody wants them."""
    for frame in frames:
        if dropped.is_set():
            raise DroppedJobError
        yield frame


def _told(frames: Iterator[Frame], metadata: Metadata, name: str) -> Iterator[Frame]:
    """Yield the frames, and log now and then how far it is, and how long it will take."""
    began = told = time.monotonic()
    for frame in frames:
        now = time.monotonic()
        if now - told >= _TOLD_EVERY:
            told, share = now, min(1.0, frame.time / metadata.duration)
            left = f", about {(now - began) * (1 - share) / share:.0f} s left" if share else ""
            _LOGGER.info("%s: %.0f %% of %.1f s%s", name, 100 * share, metadata.duration / _SECOND, left)
        yield frame


def _faces(frames: Iterator[Frame], request: Mapping[str, Any], region: Region) -> Iterator[dict[str, Any]]:
    """Yield the `FaceDetection`s of a video."""
    complete = request.get("FaceAttributes") == "ALL"
    members = _ALL_MEMBERS if complete else ()
    for frame in frames:
        for face in _seen(frame, region):
            yield {"Timestamp": frame.time, "Face": face_detail(face, members, complete=complete)}


def _persons(frames: Iterator[Frame], _: Mapping[str, Any], region: Region) -> Iterator[dict[str, Any]]:
    """Yield the `PersonDetection`s of a video."""
    for frame, person, _vector in _followed(frames, region):
        yield {"Timestamp": frame.time, "Person": person}


def _matches(frames: Iterator[Frame], request: Mapping[str, Any], region: Region) -> Iterator[dict[str, Any]]:
    """Yield the `PersonMatch`es of a video: those of persons who match nobody have no `FaceMatches`.

    So does the example of the documentation, though its prose tells of matched persons alone.
    """
    threshold = threshold_of(request, "FaceMatchThreshold")
    for frame, person, vector in _followed(frames, region):
        with region.lock:
            collection = region.part(Collections)[request["CollectionId"]]
            found = face_matches(collection, vector, region.sight.embedder, threshold=threshold)
        yield {"Timestamp": frame.time, "Person": person, **({"FaceMatches": found} if found else {})}


def _celebrities(frames: Iterator[Frame], _: Mapping[str, Any], region: Region) -> Iterator[dict[str, Any]]:
    """Yield the `CelebrityRecognition`s of a video: "no information is returned for faces not recognized"."""
    celebrities = region.service.part(Celebrities)
    for frame in frames:
        for face in _seen(frame, region):
            match = celebrities.match(region.sight.vector(frame.pixels, face), region.sight)
            if match is not None:
                celebrity = {
                    **match.celebrity.info(),
                    "Id": match.celebrity.id,
                    "Confidence": match.confidence,
                    "BoundingBox": _person_box(face.box, frame),
                    "Face": face_detail(face),
                }
                yield {"Timestamp": frame.time, "Celebrity": celebrity}


def _followed(frames: Iterator[Frame], region: Region) -> Iterator[tuple[Frame, dict[str, Any], Floats]]:
    """Yield each face of a video with its `PersonDetail` and its vector.

    No engine sees bodies: the box of a person is that of the face, as in the documentation's example of a person
    whose body does not show.
    """
    tracker = Tracker(region.sight.embedder.similarity)
    for frame in frames:
        faces = _seen(frame, region)
        vectors = [region.sight.vector(frame.pixels, face) for face in faces]
        indices = tracker.follow([(face.box, vector) for face, vector in zip(faces, vectors, strict=True)])
        for index, face, vector in zip(indices, faces, vectors, strict=True):
            person = {"Index": index, "BoundingBox": _person_box(face.box, frame), "Face": face_detail(face)}
            yield frame, person, vector


def _seen(frame: Frame, region: Region) -> list[MeasuredFace]:
    """Return the faces of a frame, the largest first; as many as in an image (not documented for videos)."""
    return region.sight.detector.look(frame.pixels)[:MAX_FACES]


def _person_box(box: Box, frame: Frame) -> dict[str, float]:
    height, width = frame.pixels.shape[:2]
    wire: dict[str, float] = as_single(on_whole_pixels(box, width, height).as_wire())
    return wire


def _by_time(item: Mapping[str, Any]) -> Any:
    return item["Timestamp"]


def _by_person(item: Mapping[str, Any]) -> Any:
    return item["Person"]["Index"], item["Timestamp"]


def _by_celebrity(item: Mapping[str, Any]) -> Any:
    return item["Celebrity"]["Id"], item["Timestamp"]


def _by_confidence(item: Mapping[str, Any]) -> Any:
    """Sort "by the tracked persons …, the array elements for each person are sorted by detection confidence"."""
    return item["Person"]["Index"], -item["Person"]["Face"]["Confidence"], item["Timestamp"]


KINDS: Final = (
    Kind("StartFaceDetection", "GetFaceDetection", "Faces", _faces, {"TIMESTAMP": _by_time}),
    Kind("StartFaceSearch", "GetFaceSearch", "Persons", _matches, {"TIMESTAMP": _by_time, "INDEX": _by_person}),
    Kind(
        "StartPersonTracking",
        "GetPersonTracking",
        "Persons",
        _persons,
        {"TIMESTAMP": _by_time, "INDEX": _by_confidence},
    ),
    Kind(
        "StartCelebrityRecognition",
        "GetCelebrityRecognition",
        "Celebrities",
        _celebrities,
        {"TIMESTAMP": _by_time, "ID": _by_celebrity},
    ),
)
