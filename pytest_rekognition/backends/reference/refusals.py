"""The failures that the service answers, as they were recorded; where none was, as documented."""

from __future__ import annotations

from pytest_rekognition.errors import ServiceError
from pytest_rekognition.sentences import sentences


def invalid_parameters(message: str = sentences("InvalidParameterException")[0]) -> ServiceError:
    """Return the error for an image that is too small, or a request that makes no sense."""
    return ServiceError("InvalidParameterException", message)


def no_faces() -> ServiceError:
    """Return the error for a search by an image in which no face was found."""
    return invalid_parameters(sentences("InvalidParameterException", "SearchFacesByImage")[-1])


def invalid_format() -> ServiceError:
    """Return the error for a file that is no readable PNG or JPEG."""
    return _usual("InvalidImageFormatException")


def too_large() -> ServiceError:
    """Return the error for a file of too many bytes, or an image of too many pixels."""
    return _usual("ImageTooLargeException")


def not_in_s3() -> ServiceError:
    """Return the error for an object that is not there, or not to be had."""
    return _usual("InvalidS3ObjectException")


def invalid_token() -> ServiceError:
    """Return the error for a NextToken that was never given out for this request."""
    return _usual("InvalidPaginationTokenException")


def not_found(what: str) -> ServiceError:
    """Return the error for something that does not exist; `what` is the whole sentence."""
    return ServiceError("ResourceNotFoundException", what)


def no_collection(name: str) -> ServiceError:
    """Return the error for a collection that does not exist, as recorded."""
    return _usual("ResourceNotFoundException", CollectionId=name)


def collection_exists(name: str) -> ServiceError:
    """Return the error for a collection that is there already, as recorded."""
    return _usual("ResourceAlreadyExistsException", CollectionId=name)


def validation(found: list[str]) -> ServiceError:
    """Return the error for members that break their documented constraints, one text each."""
    plural = "" if len(found) == 1 else "s"
    return ServiceError(
        "ValidationException", f"{len(found)} validation error{plural} detected: {'; '.join(found)}"
    )


def quota_exceeded(message: str) -> ServiceError:
    """Return the error for more than a resource may hold; no wording was recorded."""
    return ServiceError("ServiceQuotaExceededException", message)


def _usual(code: str, **request: str) -> ServiceError:
    """Return an error with what the service usually says with its code."""
    return ServiceError(code, sentences(code, request=request)[0])
