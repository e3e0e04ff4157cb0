"""Images and videos as requests name them: their bytes, or where they lie in S3."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from pytest_rekognition.backends.reference.neighbours import ObjectName, UnavailableObjectError
from pytest_rekognition.backends.reference.refusals import invalid_parameters, not_in_s3, too_large

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_rekognition.backends.reference.region import Region

#: bytes: "Blob of image bytes up to 5 MBs" (Image.Bytes; the service model says 5242880)
MAX_BYTES: Final = 5_242_880
#: bytes: "Maximum image size stored as an Amazon S3 object is limited to 15 MB" (docs, Guidelines and quotas)
MAX_S3_BYTES: Final = 15_728_640


def image_of(image: Mapping[str, Any], region: Region) -> bytes:
    """Return the bytes of an `Image` structure, of an image in S3 too; raises `ServiceError` as the service."""
    data, place = image.get("Bytes"), image.get("S3Object")
    if (data is None) == (place is None):
        raise invalid_parameters()
    if place is None:
        return _at_most(MAX_BYTES, bytes(data or b""))
    return _at_most(MAX_S3_BYTES, object_bytes(place, region, MAX_S3_BYTES))


def _at_most(most: int, data: bytes) -> bytes:
    if len(data) > most:
        raise too_large()
    return data


def object_bytes(place: Mapping[str, Any], region: Region, most: int) -> bytes:
    """Return the bytes of an `S3Object` structure, cut off after `most + 1`; raises `InvalidS3ObjectException`."""
    if not place.get("Bucket") or not place.get("Name"):
        raise invalid_parameters()
    name = ObjectName(place["Bucket"], place["Name"], place.get("Version"))
    try:
        return region.service.neighbours.read(name, region.name, most)
    except UnavailableObjectError:
        raise not_in_s3() from None
