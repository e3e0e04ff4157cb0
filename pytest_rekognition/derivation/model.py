"""The service model, as botocore ships it: where every type, range and pattern comes from."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

SERVICE = "rekognition"


@dataclass(frozen=True, slots=True)
class Model:
    """One version of the service model."""

    #: `shapes`, `operations` and `metadata` of service-2.json
    service: Mapping[str, Any]
    #: operation name to paginator, of paginators-1.json
    paginators: Mapping[str, Any]
    #: the botocore release that shipped it
    botocore_version: str

    @property
    def shapes(self) -> Mapping[str, Any]:
        """Every shape by name."""
        return self.service["shapes"]  # type: ignore[no-any-return]

    @property
    def operations(self) -> Mapping[str, Any]:
        """Every operation by name."""
        return self.service["operations"]  # type: ignore[no-any-return]

    @property
    def sha256(self) -> str:
        """The digest of the model and its paginators, whatever their files' formatting."""
        return digest({"service": self.service, "paginators": self.paginators})


def installed() -> Model:
    """Return the model of the installed botocore."""
    import botocore  # noqa: PLC0415 - only a derivation needs it
    from botocore.loaders import Loader  # noqa: PLC0415

    loader = Loader()
    return Model(
        service=loader.load_service_model(SERVICE, "service-2"),
        paginators=loader.load_service_model(SERVICE, "paginators-1")["pagination"],
        botocore_version=botocore.__version__,
    )


def digest(document: Any) -> str:
    """Return the sha256 of a JSON value's canonical text."""
    text = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()
