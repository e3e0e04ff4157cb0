"""What the service says with an error: as recorded, for errors that were never recorded as documented."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

_CONSTRAINTS: Final = "The input fails to satisfy the constraints specified by an AWS service."
_FAILED: Final = "The request processing has failed because of an unknown error, exception or failure."
_TOO_SHORT: Final = (
    "1 validation error detected: Value '[]' at 'faceIds' failed to satisfy constraint: "
    "Member must have length greater than or equal to 1"
)
#: By the error's code, the usual sentence first; `{CollectionId}` is the request's. The sources of those that were
#: not recorded stand in `derivation/overlay.toml`, with the errors.
_SENTENCES: Final[dict[str, tuple[str, ...]]] = {
    "AccessDeniedException": ("You are not authorized to perform the action.",),
    "ExpiredTokenException": ("The security token included in the request is expired.",),
    "ImageTooLargeException": ("Image size is too large.",),
    "IncompleteSignature": ("The request signature does not conform to AWS standards.",),
    "InternalFailure": (_FAILED,),
    "InternalServerError": ("Internal server error",),
    "InvalidClientTokenId": (
        "The X.509 certificate or AWS access key ID provided does not exist in our records.",
    ),
    "InvalidImageFormatException": ("Request has invalid image format",),
    "InvalidPaginationTokenException": ("Invalid Token",),
    "InvalidParameterException": ("Request has invalid parameters",),
    "InvalidS3ObjectException": (
        "Unable to get object metadata from S3. Check object key, region and/or access permissions.",
    ),
    "InvalidSignatureException": (
        "The request signature we calculated does not match the signature you provided.",
    ),
    "NotAuthorized": ("You do not have permission to perform this action.",),
    "OptInRequired": ("The AWS access key ID needs a subscription for the service.",),
    "ProvisionedThroughputExceededException": ("Provisioned Rate exceeded.",),
    "ResourceAlreadyExistsException": ("The collection id: {CollectionId} already exists",),
    "ResourceNotFoundException": ("The collection id: {CollectionId} does not exist",),
    "SerializationException": ("class java.lang.String can not be converted to an Float",),
    "ServiceUnavailable": ("The request has failed due to a temporary failure of the server.",),
    "ThrottlingException": ("Slow down; sudden increase in rate of requests.", "Service Unavailable"),
    "UnrecognizedClientException": ("The security token included in the request is invalid.",),
    "ValidationError": (_CONSTRAINTS,),
    "ValidationException": (_CONSTRAINTS,),
}
#: What one operation alone was recorded to say, beside what all say.
_OWN: Final[dict[tuple[str, str], tuple[str, ...]]] = {
    ("DeleteFaces", "ValidationException"): (_TOO_SHORT,),
    ("SearchFacesByImage", "InvalidParameterException"): (
        "There are no faces in the image. Should be at least 1.",
    ),
}
#: Stands for a collection's name; of other resources no sentence is known.
_COLLECTION: Final = "{CollectionId}"


def sentences(code: str, operation: str = "", request: Mapping[str, Any] | None = None) -> tuple[str, ...]:
    """Return what the service may say with an error's code, the usual first; the code, where none is known."""
    collection = (request or {}).get("CollectionId")
    said = [*_SENTENCES.get(code, ()), *_OWN.get((operation, code), ())]
    known = [text for text in said if collection is not None or _COLLECTION not in text]
    return tuple(text.replace(_COLLECTION, str(collection)) for text in known) or (code,)
