"""Images and videos as requests name them: their bytes, or where they lie in S3."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from pytest_rekognition.backends.reference.neighbours import ObjectName, UnavailableObjectError
from pytest_rekognition.backends.reference.refusals import invalid_parameters, not_in_s3, too_large

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_rekognition.backends.reference.region import Region

#: bytes: "Maximum image size stored as an Amazon S3 object is limited to 15 MB" (docs, Guidelines and quotas)
MAX_S3_BYTES: Final = 15_728_640


def image_of(image: Mapping[str, Any], region: Region) -> bytes:
    """Return the bytes of an `Image` structure, of an image in S3 too; raises `ServiceError` as the service.

    How many `Bytes` there may be is a matter of `validation`.
    """
    data, place = image.get("Bytes"), image.get("S3Object")
    if (data is None) == (place is None):
        raise invalid_parameters()
    if data is not None:
        return bytes(data)
    stored = object_bytes(image["S3Object"], region, MAX_S3_BYTES)
    if len(stored) > MAX_S3_BYTES:
        raise too_large()
    return stored


def object_bytes(place: Mapping[str, Any], region: Region, most: int) -> bytes:
    """Return the bytes of an `S3Object` structure, cut off after `most + 1`; raises `InvalidS3ObjectException`."""
    if not place.get("Bucket") or not place.get("Name"):
        raise invalid_parameters()
    name = ObjectName(place["Bucket"], place["Name"], place.get("Version"))
    try:
        return region.service.neighbours.read(name, region.name, most)
    except UnavailableObjectError:
        raise not_in_s3() from None
