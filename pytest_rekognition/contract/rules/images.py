"""Rules over the images and videos of a request, and the regions of them that are looked at."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from pytest_rekognition.contract.rules.base import Finding, rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_rekognition.contract.rules.base import Request

#: The base64 alphabet, and how much of a text's ends is looked at: an image has millions of characters.
_BASE64 = re.compile(r"[A-Za-z0-9+/]*={0,2}")
_UNPADDED = re.compile(r"[A-Za-z0-9+/]*")
_END = 1000


@rule("image-source", "breach", source="Image: 'Provides the input image either as bytes or an S3 object.'")
def image_source(image: Any, _: Request) -> Iterator[Finding]:
    """Hold an image to bytes or S3, one of the two."""
    if "Bytes" in image and "S3Object" in image:
        yield Finding(("S3Object",), "is present beside Bytes: an image is one of the two", image["S3Object"])
    elif "Bytes" not in image and "S3Object" not in image:
        yield Finding(("Bytes",), "is missing, as is S3Object: an image is one of the two")


@rule("base64", "breach", source="Image: 'Image bytes passed by using the Bytes property must be base64-encoded.'")
def base64_text(text: Any, _: Request) -> Iterator[Finding]:
    """Hold the text of an image to base64; of a long one, its ends."""
    head, tail = text[:_END], text[_END:][-_END:]
    unpadded = not tail or _UNPADDED.fullmatch(head)
    if len(text) % 4 or not unpadded or not _BASE64.fullmatch(tail or head):
        yield Finding((), f"is {len(text):,} characters of text, which is no base64", text)


@rule("video-source", "breach", source="Video: 'The video must be stored in an Amazon S3 bucket.'")
def video_source(video: Any, _: Request) -> Iterator[Finding]:
    """Hold a stored video to S3."""
    if "S3Object" not in video:
        yield Finding(("S3Object",), "is missing: a stored video comes from an Amazon S3 bucket")


@rule("s3-object-named", "breach", source="S3Object: 'Provides the S3 bucket name and object name.'")
def s3_object_named(s3_object: Any, _: Request) -> Iterator[Finding]:
    """Hold an S3 object to a bucket and a name."""
    for name in ("Bucket", "Name"):
        if name not in s3_object:
            yield Finding((name,), "is missing: an S3 object is found by its bucket and its name")


@rule(
    "box-or-polygon",
    "breach",
    source="RegionsOfInterest: 'each region has either a polygon or a bounding box'",
)
def box_or_polygon(region: Any, _: Request) -> Iterator[Finding]:
    """Hold a region of interest to a box or a polygon, one of the two."""
    if "BoundingBox" in region and "Polygon" in region:
        message = "is present beside BoundingBox: a region of interest has one of the two"
        yield Finding(("Polygon",), message, region["Polygon"])
    elif "BoundingBox" not in region and "Polygon" not in region:
        yield Finding(("BoundingBox",), "is missing, as is Polygon: a region of interest has one of the two")
