"""The reference backend: answers calls from the images' own pixels, on the CPU, in the service's place.

    backend = ReferenceBackend()
    backend.reply(Call("DetectFaces", {"Image": {"Bytes": data}})).response["FaceDetails"]

The same bytes give the same answer on every run and thread count. What no engine can measure is filled in by
`conventions`; `measures` says what is measured.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from pytest_rekognition.backends.reference.detect_faces import detect_faces
from pytest_rekognition.backends.reference.detector import Detector
from pytest_rekognition.errors import NoReferenceError
from pytest_rekognition.exchange import Reply

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pytest_rekognition.exchange import Call

__all__ = ["HANDLERS", "Detector", "ReferenceBackend"]

#: the operations that have a reference; each handler takes the request and the detector, and returns the response
HANDLERS: Final[Mapping[str, Callable[[Mapping[str, Any], Detector], dict[str, Any]]]] = {
    "DetectFaces": detect_faces,
}


class ReferenceBackend:
    """Answers the operations of `HANDLERS`; see `pytest_rekognition.backends.Backend`.

    `engine` is a name of the engine table, or `"auto"` for the best one present; another raises `UsageError`.
    """

    def __init__(self, engine: str = "auto") -> None:
        self.detector = Detector(engine)

    @property
    def measures(self) -> frozenset[str]:
        """The members of `FaceDetail` that are measured; the others follow a convention."""
        return self.detector.measures

    def reply(self, call: Call) -> Reply:
        """Answer a call.

        Raises:
            ServiceError: what the service answers to such a request or image.
            NoReferenceError: there is no reference for this operation, or for an image in S3.
            MissingDependencyError: OpenCV or numpy is not installed.

        """
        handler = HANDLERS.get(call.operation)
        if handler is None:
            raise NoReferenceError(
                f"there is no reference for {call.operation} yet, only for {', '.join(HANDLERS)}: stub it with"
                f' rekognition.on("{call.operation}").returns(...), or ask'
                ' the service itself with mode="live"'
            )
        return Reply(handler(call.request, self.detector))
