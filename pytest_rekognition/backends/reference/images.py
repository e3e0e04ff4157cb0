"""Which images the service takes, and the error that it answers to the others. Nothing is decoded here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from pytest_rekognition.errors import NoReferenceError, ServiceError
from pytest_rekognition.images import describe_image, is_complete

if TYPE_CHECKING:
    from pytest_rekognition.images import ImageInfo

#: bytes: "Blob of image bytes up to 5 MBs" (Image.Bytes; the service model says 5242880)
MAX_BYTES: Final = 5_242_880
#: pixels a side: "The minimum image dimensions is 80 pixels for both height and width" (docs, Guidelines and
#: quotas in Amazon Rekognition)
MIN_SIDE: Final = 80
#: pixels a side: "The maximum image dimensions for DetectLabels is 10K pixels for both width and height" (the same
#: page). None is documented for DetectFaces, so it has its neighbours'.
MAX_SIDE: Final = 10_000
#: pixels in all: this project's limit, not the service's. A pixel took up to 6.2 bytes while an image was decoded
#: (620 MB at 10,000 x 10,000), so that this bounds one image to some 300 MB.
MAX_PIXELS: Final = 50_000_000


def image_bytes(image: Mapping[str, Any], operation: str) -> bytes:
    """Return the bytes of an `Image` structure; raises `NoReferenceError` for an image in S3."""
    data, place = image.get("Bytes"), image.get("S3Object")
    if data is None and isinstance(place, Mapping):
        raise NoReferenceError(
            f"{operation} names an image in S3, {dict(place)}, which the reference backend does not fetch: stub"
            f' the call with rekognition.on("{operation}").returns(...), or pass the image itself,'
            ' Image={"Bytes": ...}'
        )
    if place is not None or not isinstance(data, (bytes, bytearray, memoryview)):
        raise invalid_parameters()
    return bytes(data)


def checked(data: bytes) -> ImageInfo:
    """Return what an image's header says, or raise the `ServiceError` for an image that the service refuses."""
    if len(data) > MAX_BYTES:
        raise too_large()
    info = describe_image(data)
    if info is None or not is_complete(data):
        raise invalid_format()
    if max(info.width, info.height) > MAX_SIDE or info.width * info.height > MAX_PIXELS:
        raise too_large()
    if min(info.width, info.height) < MIN_SIDE:
        raise invalid_parameters()
    return info


def invalid_format() -> ServiceError:
    """Return the error for a file that is no readable PNG or JPEG."""
    return ServiceError("InvalidImageFormatException", "Request has invalid image format")


def invalid_parameters() -> ServiceError:
    """Return the error for an image that is too small, or a request that makes no sense."""
    return ServiceError("InvalidParameterException", "Request has invalid parameters")


def too_large() -> ServiceError:
    """Return the error for a file of too many bytes, or an image of too many pixels."""
    return ServiceError("ImageTooLargeException", "Image size is too large.")
