"""What a test hands over beside its calls: images, and lists."""

from __future__ import annotations

from collections.abc import Iterable
from os import PathLike
from pathlib import Path
from typing import Any, Final

from pytest_rekognition.backends.reference.headers import checked
from pytest_rekognition.errors import ServiceError, UsageError
from pytest_rekognition.matching import plain_image
from pytest_rekognition.showing import show

#: what the image is for whose faces are stated
KNOWN_IMAGE: Final = "the image for know"


def given_image(image: Any, what: str) -> bytes:
    """Return the bytes of an image: of a PNG or JPEG by its path, of a drawn image, or bytes themselves.

    Raises `UsageError`, which says `what` it is for, where it is none of these, or none that the service takes.
    """
    data = _read(image, what) if isinstance(image, str | PathLike) else plain_image(image)
    if not isinstance(data, bytes):
        raise UsageError(f"{what}: an image is bytes, the path of a file, or a drawn image, not {show(image)}")
    try:
        checked(data)
    except ServiceError as refused:
        raise UsageError(f"{what} has {show(data)}, which the service does not take: {refused.message}") from None
    return data


def given_images(images: Any, what: str) -> tuple[bytes, ...]:
    """Return the bytes of several images, or of one; raises `UsageError` as `given_image`."""
    alone = isinstance(images, PathLike) or isinstance(plain_image(images), bytes)
    return tuple(given_image(image, what) for image in ((images,) if alone else listed(images, what)))


def listed(values: Any, what: str) -> tuple[Any, ...]:
    """Return the values of a list or its like; a text alone is a list of one. Else raises `UsageError`."""
    if isinstance(values, str):
        return (values,)
    if not isinstance(values, Iterable):
        raise UsageError(f"{what} is {show(values)}: a list is needed")
    return tuple(values)


def _read(path: str | PathLike[str], what: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except (OSError, ValueError) as error:  # ValueError: a path with a null character
        reason = getattr(error, "strerror", None) or error
        raise UsageError(f"{what} names a file that cannot be read, {str(path)!r}: {reason}") from None
