"""`st.from_type` for the typed dicts of mypy-boto3-rekognition."""

from __future__ import annotations

from importlib import import_module
from typing import Any, Final

from hypothesis import strategies as st

from pytest_rekognition import catalog
from pytest_rekognition.errors import MissingDependencyError
from pytest_rekognition.strategies import faces, operations
from pytest_rekognition.strategies.shapes import Compiler

#: Parts that have a strategy of their own.
_PARTS: Final = {
    "BoundingBoxTypeDef": faces.bounding_boxes,
    "FaceDetailTypeDef": faces.face_details,
    "PoseTypeDef": faces.poses,
}


def register_types() -> None:
    """Teach `st.from_type` the typed dicts of mypy-boto3-rekognition: requests, responses and what they hold.

    `DetectFacesRequestTypeDef` gives `requests("DetectFaces")`, `DetectFacesResponseTypeDef` its responses (wire
    JSON, without `ResponseMetadata`), and `FaceDetailTypeDef` gives `face_details()`. Raises
    `MissingDependencyError` where the package is not installed.
    """
    try:
        types = import_module("mypy_boto3_rekognition.type_defs")
    except ImportError as missing:
        raise MissingDependencyError(
            "registering its types", package="mypy-boto3-rekognition (boto3-stubs[rekognition])", extra="types"
        ) from missing
    strategies = {name: part() for name, part in _PARTS.items()}
    compiler = Compiler("response", {})
    for shape in catalog.shapes():
        strategies.setdefault(f"{shape}TypeDef", compiler.value({"$ref": f"#/$defs/{shape}"}))
    for name in catalog.operations():
        strategies[f"{name}RequestTypeDef"] = operations.requests(name)
        strategies[f"{name}ResponseTypeDef"] = operations.responses(name)
    for name, strategy in strategies.items():
        known: Any = getattr(types, name, None)
        if hasattr(known, "__required_keys__"):  # of a typed dict, be it typing's or typing_extensions'
            st.register_type_strategy(known, strategy)
