"""Contract testing for code that calls the Amazon Rekognition face APIs.

A pytest plugin whose fixtures stub, record, replay or locally answer Rekognition calls, and hold every exchange
against the documented contract. Names are loaded when they are first used: nothing heavy comes with the plugin.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pytest_rekognition.builders import build, face_detail
    from pytest_rekognition.contract import Contract
    from pytest_rekognition.drawing import DrawnFace, DrawnImage, DrawnVideo, MovingFace, draw, draw_video
    from pytest_rekognition.errors import (
        CassetteError,
        ContractError,
        MissingDependencyError,
        NetworkBlockedError,
        NoReferenceError,
        PytestRekognitionError,
        ReferenceFailedError,
        SecretError,
        ServiceError,
        UnansweredCallError,
        UnknownOperationError,
        UsageError,
        VerificationError,
    )
    from pytest_rekognition.exchange import Call, ErrorReply, Exchange, Reply, Violation
    from pytest_rekognition.harness import Rekognition
    from pytest_rekognition.options import Mode

__all__ = [
    "Call",
    "CassetteError",
    "Contract",
    "ContractError",
    "DrawnFace",
    "DrawnImage",
    "DrawnVideo",
    "ErrorReply",
    "Exchange",
    "MissingDependencyError",
    "Mode",
    "MovingFace",
    "NetworkBlockedError",
    "NoReferenceError",
    "PytestRekognitionError",
    "ReferenceFailedError",
    "Rekognition",
    "Reply",
    "SecretError",
    "ServiceError",
    "UnansweredCallError",
    "UnknownOperationError",
    "UsageError",
    "VerificationError",
    "Violation",
    "build",
    "draw",
    "draw_video",
    "face_detail",
]

_HOMES = {
    "builders": ("build", "face_detail"),
    "contract": ("Contract",),
    "drawing": ("DrawnFace", "DrawnImage", "DrawnVideo", "MovingFace", "draw", "draw_video"),
    "exchange": ("Call", "ErrorReply", "Exchange", "Reply", "Violation"),
    "harness": ("Rekognition",),
    "options": ("Mode",),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOME_OF.get(name, 'errors')}"), name)
