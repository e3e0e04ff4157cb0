"""One region of the reference service: what its operations read and change, and what all regions share."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, Final, TypeVar, cast

from pytest_rekognition.backends.reference.clock import Clock
from pytest_rekognition.backends.reference.ids import Ids

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pytest_rekognition.backends.reference.neighbours import Neighbours
    from pytest_rekognition.backends.reference.sight import Sight

    #: answers a request of one operation, or raises `ServiceError`
    Handler = Callable[[Mapping[str, Any], "Region"], dict[str, Any]]

T = TypeVar("T")

#: the account that everything belongs to: the one of AWS's examples, which is nobody's
ACCOUNT: Final = "123456789012"
#: how the names of a partition's regions begin; all others are in `aws` (botocore's table of partitions)
_PARTITIONS: Final = {
    "cn-": "aws-cn",
    "us-gov-": "aws-us-gov",
    "eusc-": "aws-eusc",
    "us-iso-": "aws-iso",
    "us-isob-": "aws-iso-b",
    "eu-isoe-": "aws-iso-e",
    "us-isof-": "aws-iso-f",
}


class _Parts:
    """Keeps one object of each kind, made when it is first asked for."""

    def __init__(self) -> None:
        #: held while state is read or changed, and not while pixels are looked at
        self.lock = threading.RLock()
        self._parts: dict[type, object] = {}

    def part(self, kind: type[T]) -> T:
        """Return the one object of a kind, such as the collections of a region."""
        with self.lock:
            if kind not in self._parts:
                self._parts[kind] = kind()
            return cast("T", self._parts[kind])


class Service(_Parts):
    """What all regions share; its parts are what tests have said, whatever the region."""

    def __init__(self, sight: Sight, neighbours: Neighbours) -> None:
        super().__init__()
        #: sees faces in images, and whose they are
        self.sight = sight
        #: S3 and SNS
        self.neighbours = neighbours
        #: tells the time
        self.clock = Clock()


class Region(_Parts):
    """One region; its parts are its collections, jobs and sessions."""

    def __init__(self, name: str, service: Service) -> None:
        super().__init__()
        #: such as `us-east-1`
        self.name = name
        self.service = service
        self.ids = Ids(name)

    @property
    def sight(self) -> Sight:
        """Sees faces in images, and whose they are."""
        return self.service.sight

    @property
    def clock(self) -> Clock:
        """Tells the time."""
        return self.service.clock

    def arn(self, resource: str) -> str:
        """Return the ARN of a resource, such as `collection/staff`, in the region's partition."""
        partition = next((name for start, name in _PARTITIONS.items() if self.name.startswith(start)), "aws")
        return f"arn:{partition}:rekognition:{self.name}:{ACCOUNT}:{resource}"
