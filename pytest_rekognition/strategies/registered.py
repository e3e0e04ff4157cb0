"""`st.from_type` for the typed dicts of mypy-boto3-rekognition."""

from __future__ import annotations

from importlib import import_module
from typing import Any, Final

from hypothesis import strategies as st

from pytest_rekognition import catalog
from pytest_rekognition.errors import MissingDependencyError
from pytest_rekognition.strategies import faces, operations
from pytest_rekognition.strategies.fits import fit
from pytest_rekognition.strategies.shapes import Compiler

#: Parts that have a strategy of their own.
_PARTS: Final = {
    "BoundingBoxTypeDef": faces.bounding_boxes,
    "FaceDetailTypeDef": faces.face_details,
    "PoseTypeDef": faces.poses,
}
#: Structures whose faces are not those of every operation, and an operation that answers with them.
_HOLDERS: Final = {"FaceDetection": "GetFaceDetection", "FaceRecord": "IndexFaces", "UnindexedFace": "IndexFaces"}


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
    for shape in catalog.shapes():
        drawn = strategies.setdefault(f"{shape}TypeDef", _shape(shape))
        strategies[f"{shape}OutputTypeDef"] = drawn  # in a response, where a request takes other types too
    for name in catalog.operations():
        strategies[f"{name}RequestTypeDef"] = operations.requests(name)
        strategies[f"{name}ResponseTypeDef"] = operations.responses(name)
    for name, strategy in strategies.items():
        known: Any = getattr(types, name, None)
        if hasattr(known, "__required_keys__"):  # of a typed dict, be it typing's or typing_extensions'
            st.register_type_strategy(known, strategy)


def _shape(name: str) -> st.SearchStrategy[Any]:
    """Return a shared shape's strategy, with the faces of the operation that answers with it."""
    operation = _HOLDERS.get(name, "")
    faces_of = faces.faces(("ALL",)) if operation == "IndexFaces" else operations.other_faces(operation)
    drawn = Compiler("response", {"FaceDetail": faces_of}).value({"$ref": f"#/$defs/{name}"})
    return drawn.map(_agreeing) if name == "FaceRecord" else drawn


def _agreeing(record: dict[str, Any]) -> dict[str, Any]:
    """Return a record whose two halves are one face."""
    fitted: dict[str, Any] = fit("IndexFaces", {"FaceRecords": [record]}, {})["FaceRecords"][0]
    return fitted
