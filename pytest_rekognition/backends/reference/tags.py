"""TagResource, UntagResource, ListTagsForResource, and the resources of a region that can be tagged."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from pytest_rekognition.backends.reference.refusals import not_found, quota_exceeded

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pytest_rekognition.backends.reference.region import Handler, Region

#: tags of one resource: AWS's own limit (Tagging AWS Resources)
MOST: Final = 50


class Tags:
    """The tags of a region's resources by their ARNs. Whoever creates a resource opens it here, and closes it."""

    def __init__(self) -> None:
        self._tags: dict[str, dict[str, str]] = {}

    def open(self, arn: str, tags: Mapping[str, str] | None = None) -> None:
        """Let a new resource be tagged; raises `ServiceQuotaExceededException` for more than 50 tags."""
        self._tags[arn] = _within_quota(dict(tags or {}))

    def close(self, arn: str) -> None:
        """Forget a resource that is no more."""
        self._tags.pop(arn, None)

    def of(self, arn: str) -> dict[str, str]:
        """Return a resource's tags, copied; raises `ResourceNotFoundException`."""
        return dict(self._found(arn))

    def put(self, arn: str, tags: Mapping[str, str]) -> None:
        """Add tags to a resource, or change their values.

        Raises `ResourceNotFoundException`, and `ServiceQuotaExceededException` for more than 50 tags in all.
        """
        self._tags[arn] = _within_quota({**self._found(arn), **tags})

    def remove(self, arn: str, keys: Iterable[str]) -> None:
        """Take tags away, where they are there; raises `ResourceNotFoundException`."""
        tags = self._found(arn)
        for key in keys:
            tags.pop(key, None)

    def _found(self, arn: str) -> dict[str, str]:
        if arn not in self._tags:
            # not recorded, and the documentation has no text: worded as the one for collections
            raise not_found(f"The resource: {arn} does not exist")
        return self._tags[arn]


def _within_quota(tags: dict[str, str]) -> dict[str, str]:
    if len(tags) > MOST:
        raise quota_exceeded(f"A resource can have {MOST} tags, and would have {len(tags)}.")
    return tags


def tag_resource(request: Mapping[str, Any], region: Region) -> dict[str, Any]:
    """Answer TagResource, with nothing."""
    with region.lock:
        region.part(Tags).put(request["ResourceArn"], request["Tags"])
    return {}


def untag_resource(request: Mapping[str, Any], region: Region) -> dict[str, Any]:
    """Answer UntagResource, with nothing; a key that the resource does not have is passed over."""
    with region.lock:
        region.part(Tags).remove(request["ResourceArn"], request["TagKeys"])
    return {}


def list_tags_for_resource(request: Mapping[str, Any], region: Region) -> dict[str, Any]:
    """Answer ListTagsForResource: `Tags`."""
    with region.lock:
        return {"Tags": region.part(Tags).of(request["ResourceArn"])}


HANDLERS: Final[dict[str, Handler]] = {
    "ListTagsForResource": list_tags_for_resource,
    "TagResource": tag_resource,
    "UntagResource": untag_resource,
}
