"""Which images the service takes, and the error that it answers to the others. Nothing is decoded here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pytest_rekognition.backends.reference.refusals import invalid_format, invalid_parameters, too_large
from pytest_rekognition.images import describe_image, is_complete

if TYPE_CHECKING:
    from pytest_rekognition.images import ImageInfo

#: pixels a side: "The minimum image dimensions is 80 pixels for both height and width" (docs, Guidelines and
#: quotas in Amazon Rekognition)
MIN_SIDE: Final = 80
#: pixels a side: "The maximum image dimensions for DetectLabels is 10K pixels for both width and height" (the same
#: page). None is documented for DetectFaces, so it has its neighbours'.
MAX_SIDE: Final = 10_000
#: pixels in all: this project's limit, not the service's. A pixel took up to 6.2 bytes while an image was decoded
#: (620 MB at 10,000 x 10,000), so that this bounds one image to some 300 MB.
MAX_PIXELS: Final = 50_000_000


def checked(data: bytes) -> ImageInfo:
    """Return what an image's header says, or raise the `ServiceError` for an image that the service refuses."""
    info = describe_image(data)
    if info is None or not is_complete(data):
        raise invalid_format()
    if max(info.width, info.height) > MAX_SIDE or info.width * info.height > MAX_PIXELS:
        raise too_large()
    if min(info.width, info.height) < MIN_SIDE:
        raise invalid_parameters()
    return info
