"""Clients for the tests that ask this package for one."""

from __future__ import annotations

import importlib.util
from typing import TYPE_CHECKING, Any, cast

from pytest_rekognition.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mypy_boto3_rekognition.client import RekognitionClient


def create_client(keywords: Mapping[str, Any]) -> RekognitionClient:
    """Return a client, of boto3 where it is installed, else of botocore; `UsageError` for another service's."""
    service = keywords.get("service_name", "rekognition")
    if service != "rekognition":
        raise UsageError(
            f"rekognition.client() creates clients for rekognition, not for {service!r}."
            " Create other services' clients with boto3, and mock them with moto, for example."
        )
    keywords = {name: value for name, value in keywords.items() if name != "service_name"}
    if importlib.util.find_spec("boto3") is not None:
        import boto3  # noqa: PLC0415  optional

        return boto3.client("rekognition", **keywords)
    from botocore.session import get_session  # noqa: PLC0415  not at plugin load

    return cast("RekognitionClient", get_session().create_client("rekognition", **keywords))
