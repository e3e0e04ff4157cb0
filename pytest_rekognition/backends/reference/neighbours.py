"""The other AWS services that the reference needs: S3 to read from, SNS to publish to."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, NoReturn, Protocol

from pytest_rekognition.errors import NoReferenceError

if TYPE_CHECKING:
    from collections.abc import Callable

    #: publishes a message to an SNS topic: `publish(topic_arn, message)`
    Publish = Callable[[str, str], None]


class ObjectName(NamedTuple):
    """An object in S3, as `S3Object` names it."""

    bucket: str
    key: str
    version: str | None = None


class UnavailableObjectError(Exception):
    """An object in S3 that is not there or not to be had, for one of the reasons that the service knows."""


class Neighbours(Protocol):
    """The other services, as whoever makes the present call reaches them."""

    def read(self, name: ObjectName, region: str, most: int) -> bytes:
        """Return an object's bytes; one of more than `most` bytes is cut off after `most + 1` of them.

        Raises:
            UnavailableObjectError: it does not exist, lies in another region, or may not be read.
            PytestRekognitionError: S3 is out of reach here; the message says what to do.

        """
        ...

    def publisher(self, region: str) -> Publish:
        """Return what publishes to SNS as the present caller would, to be kept for later.

        It raises `PytestRekognitionError` where SNS is out of reach.
        """
        ...


class Nowhere:
    """No other service: whatever needs one is told so."""

    def read(self, name: ObjectName, region: str, most: int) -> NoReturn:  # noqa: ARG002  the protocol's
        """Refuse."""
        raise NoReferenceError(
            f"the call names an object in S3, {name.bucket}/{name.key}, and this reference backend was given no S3"
            ' to read from: pass the image itself, Image={"Bytes": ...}, or ReferenceBackend(neighbours=...)'
        )

    def publisher(self, region: str) -> NoReturn:  # noqa: ARG002
        """Refuse."""
        raise NoReferenceError(
            "the call wants a message published to SNS, and this reference backend was given no SNS: leave"
            " NotificationChannel away, or pass ReferenceBackend(neighbours=...)"
        )
