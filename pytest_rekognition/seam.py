"""Attaching the wire to botocore and aiobotocore, at no cost to a run that imports neither."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_rekognition.onimport import when_imported

if TYPE_CHECKING:
    from types import ModuleType

#: The modules that the wire attaches to; the first is where botocore keeps its built-in handlers.
MODULES = (
    "botocore.handlers",
    "botocore.session",
    "botocore.endpoint",
    "botocore.retries.adaptive",
    "aiobotocore.session",
    "aiobotocore.endpoint",
    "aiobotocore.retries.adaptive",
)


def install() -> None:
    """Attach the wire to what is imported, and to whatever is imported, or imported again, later."""
    for name in MODULES:
        when_imported(name, _attach)


def _attach(module: ModuleType) -> None:
    from pytest_rekognition.attach import attach  # noqa: PLC0415  only where botocore is in use

    attach(module)
