"""What an address tells of a recording: who answered, in which region; and an address without anything private."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, urlsplit

if TYPE_CHECKING:
    from pytest_rekognition.cassettes.interaction import RecordedBy

_REGION = r"(?P<region>[a-z]{2,8}(?:-[a-z]+)+-[0-9]{1,2})"
#: The domains of botocore's `partitions.json`: each partition's own, then its dual-stack one.
_DOMAINS = (
    "amazonaws.com",
    "api.aws",
    "amazonaws.com.cn",
    "api.amazonwebservices.com.cn",
    "amazonaws.eu",
    "api.amazonwebservices.eu",
)
_SUFFIX = "|".join(map(re.escape, _DOMAINS))
#: The service's own hosts, and those of a VPC endpoint: `vpce-0a1b-2c3d.rekognition.eu-west-1.vpce.amazonaws.com`.
_SERVICE = re.compile(
    rf"(?:rekognition(?:-fips)?\.{_REGION}\.(?:{_SUFFIX})"
    rf"|[a-z0-9-]+\.rekognition(?:-fips)?\.{_REGION.replace('region', 'vpce_region')}\.vpce\.(?:{_SUFFIX}))"
)


def provenance_of(uri: str) -> tuple[RecordedBy, str | None]:
    """Return who answered at an address (the service, or another endpoint), and the region that it names."""
    parts = _split(uri)
    host = _host(parts) if parts and parts.scheme in {"http", "https"} else None
    match = _SERVICE.fullmatch(host) if host else None
    if match is None:
        return ("endpoint" if host else "unknown"), None
    return "service", match["region"] or match["vpce_region"]


def clean_uri(uri: str) -> str:
    """Return an address without user, password, query and fragment; nothing for what is no address."""
    parts = _split(uri)
    host = _host(parts) if parts else None
    if parts is None or not host:
        return ""
    place = f"[{host}]" if ":" in host else host
    port = "" if parts.port is None else f":{parts.port}"
    return f"{parts.scheme}://{place}{port}{parts.path or '/'}"


def host_of(uri: str) -> str | None:
    """Return an address's host, or None for what is no address."""
    parts = _split(uri)
    return _host(parts) if parts else None


def _split(uri: str) -> SplitResult | None:
    try:
        parts = urlsplit(uri)
        parts.port  # noqa: B018  raises for what is no number
    except ValueError:
        return None
    return parts


def _host(parts: SplitResult) -> str | None:
    """Return the host in lower case, without the root's full stop."""
    return (parts.hostname or "").removesuffix(".") or None
