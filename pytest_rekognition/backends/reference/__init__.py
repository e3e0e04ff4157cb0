"""The reference backend: answers the operations on faces in the service's place, from the images' own pixels.

    backend = ReferenceBackend()
    backend.reply(Call("DetectFaces", {"Image": {"Bytes": data}})).response["FaceDetails"]

The same calls give the same answers on every run and thread count. What no engine can measure is filled in by
`conventions`; `measures` says what is measured.
"""

from __future__ import annotations

import threading
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from pytest_rekognition.backends.reference import (
    celebrities,
    collections,
    compare_faces,
    detect_faces,
    liveness,
    streams,
    tags,
    videos,
)
from pytest_rekognition.backends.reference.detector import Detector, shared_detector
from pytest_rekognition.backends.reference.engines import embedder_choice, engine_entry, load_embedder
from pytest_rekognition.backends.reference.engines.base import Embedder, MeasuredFace
from pytest_rekognition.backends.reference.given import KNOWN_IMAGE, given_image
from pytest_rekognition.backends.reference.knowledge import known_faces
from pytest_rekognition.backends.reference.neighbours import Neighbours, Nowhere
from pytest_rekognition.backends.reference.region import Region, Service
from pytest_rekognition.backends.reference.sight import Sight
from pytest_rekognition.backends.reference.validation import check_request, present_members
from pytest_rekognition.environment import PLACEHOLDER_REGION
from pytest_rekognition.errors import NoReferenceError, PytestRekognitionError, ReferenceFailedError
from pytest_rekognition.exchange import Reply
from pytest_rekognition.images import aspect_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

    from pytest_rekognition.backends.reference.clock import Clock
    from pytest_rekognition.backends.reference.region import Handler
    from pytest_rekognition.exchange import Call

__all__ = ["HANDLERS", "Detector", "Embedder", "MeasuredFace", "Neighbours", "ReferenceBackend"]

#: held while an embedder is loaded: one that somebody else is loading is waited for
_LOADING: Final = threading.Lock()
#: the operations that have a reference
HANDLERS: Final[Mapping[str, Handler]] = {
    **celebrities.HANDLERS,
    **collections.HANDLERS,
    **compare_faces.HANDLERS,
    **detect_faces.HANDLERS,
    **liveness.HANDLERS,
    **streams.HANDLERS,
    **tags.HANDLERS,
    **videos.HANDLERS,
}


class ReferenceBackend:
    """Answers the operations of `HANDLERS`; see `pytest_rekognition.backends.Backend`.

    `engine` is a name of the engine table, or `"auto"` for the best one present; `embedder` likewise, or the path
    of an ONNX network, or an `Embedder`. `models` is a folder of weights that is looked into first. `neighbours`
    are the S3 and SNS that are used. An unknown name, or a file that is not there, raises `UsageError`.
    """

    def __init__(
        self,
        engine: str = "auto",
        *,
        embedder: str | Embedder = "auto",
        models: Path | None = None,
        neighbours: Neighbours | None = None,
    ) -> None:
        self.detector = shared_detector(engine_entry(engine, models).name, models)
        sight = Sight(self.detector, _loading(embedder, models))
        self._service = Service(sight, neighbours or Nowhere())
        self._regions: dict[str, Region] = {}
        self._lock = threading.Lock()

    @property
    def measures(self) -> frozenset[str]:
        """The members of `FaceDetail` that are measured; the others follow a convention."""
        return self.detector.measures

    @property
    def clock(self) -> Clock:
        """The service's time."""
        return self._service.clock

    @property
    def celebrities(self) -> celebrities.Celebrities:
        """The people whom the service knows."""
        return self._service.part(celebrities.Celebrities)

    @property
    def liveness(self) -> liveness.Liveness:
        """What liveness sessions come to."""
        return self._service.part(liveness.Liveness)

    @property
    def jobs(self) -> videos.Jobs:
        """The analyses of videos, and how long they take."""
        return self._service.part(videos.Jobs)

    @property
    def streams(self) -> streams.StreamTimes:
        """How long stream processors take to start and stop, and which fail."""
        return self._service.part(streams.StreamTimes)

    def load(self) -> None:
        """Load the engine and the embedder now, and not at the first image.

        Raises:
            MissingDependencyError: OpenCV or numpy is not installed.
            WeightsError: weights are nowhere, or are not those that were measured.

        """
        self.detector.load()
        self._service.sight.embedder  # noqa: B018  loads it

    def close(self) -> None:
        """Let whatever is not finished rest: no thread of the service's is left."""
        self.jobs.close()

    def know(self, image: Any, faces: Iterable[tuple[Mapping[str, Any], str | None]]) -> None:
        """State an image's faces, each a complete `FaceDetail` and who it is, or None to let the pixels tell.

        The image is bytes, a file's path, or a drawn one. Raises `UsageError`; `Rekognition.know` takes short
        forms of faces.
        """
        data = given_image(image, KNOWN_IMAGE)
        self._service.sight.knowledge.know(data, known_faces(faces, aspect_of(data)))

    def region(self, name: str | None = None) -> Region:
        """Return a region's state, by default that of the region that a client without one has."""
        with self._lock:
            key = name or PLACEHOLDER_REGION
            if key not in self._regions:
                self._regions[key] = Region(key, self._service)
            return self._regions[key]

    def reply(self, call: Call) -> Reply:
        """Answer a call.

        Raises:
            ServiceError: what the service answers to such a request or image.
            NoReferenceError: there is no reference for this operation.
            ReferenceFailedError: a mistake of this package, or of the embedder.
            MissingDependencyError: OpenCV or numpy is not installed.

        """
        handler = HANDLERS.get(call.operation)
        if handler is None:
            raise NoReferenceError(f"there is no reference for {call.operation}: it is no operation on faces")
        try:
            request = present_members(call.operation, call.request)
            check_request(call.operation, request)
            return Reply(handler(request, self.region(call.region)))
        except PytestRekognitionError:
            raise
        except Exception as error:
            raise ReferenceFailedError(call.operation, error) from error


def _loading(embedder: str | Embedder, models: Path | None) -> Callable[[], Embedder]:
    """Return what loads an embedder once it is needed; what a name or a path means is settled here."""
    if not isinstance(embedder, str):
        return lambda: embedder
    name, path = embedder_choice(embedder, models)

    def load() -> Embedder:
        with _LOADING:
            return _shared_embedder(name, path, models)

    return load


@lru_cache(maxsize=4)
def _shared_embedder(name: str, path: Path | None, models: Path | None) -> Embedder:
    """Return the process's one embedder of a name in the table, or of a file: it is slow to load."""
    return load_embedder(name, path, models)
