"""A consumer of the public types alone: mypy and pyright read it, nobody runs it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from pytest_rekognition import (
    Contract,
    DrawnFace,
    DrawnImage,
    Exchange,
    Mode,
    Rekognition,
    ServiceError,
    Violation,
    build,
    draw,
    face_detail,
)
from pytest_rekognition.backends.reference import ReferenceBackend

if TYPE_CHECKING:
    from mypy_boto3_rekognition.client import RekognitionClient

    from pytest_rekognition.backends import Backend


def stubs(rekognition: Rekognition, rekognition_client: RekognitionClient) -> int:
    def answer(request: Mapping[str, Any]) -> Mapping[str, Any]:
        if "CollectionId" not in request:
            raise ServiceError("InvalidParameterException", "Request has invalid parameters")
        return build("SearchFaces", request=request)

    rekognition.on("DetectFaces", Attributes=["ALL"]).returns(faces=2, smile=True).raises("ThrottlingException")
    rekognition.on("SearchFaces").answers(answer, times=2)
    response = rekognition_client.detect_faces(Image={"Bytes": b""}, Attributes=["ALL"])
    return len(response["FaceDetails"])


def contract(exchange: Exchange) -> list[str]:
    violations: list[Violation] = Contract(exchange.operation).check(exchange)
    return [violation.path for violation in violations if violation.severity == "breach"]


def drawn(face_image: Callable[..., DrawnImage]) -> bytes:
    image = draw([DrawnFace(smile=True)], width=640, height=480)
    box = image.faces[0].box
    assert box.width <= 1
    return face_image(2).bytes + image.bytes


def harness() -> dict[str, Any]:
    with Rekognition(mode="reference") as rekognition:
        assert rekognition.options.mode is Mode.REFERENCE
        client = rekognition.client()
        client.detect_faces(Image={"Bytes": b""})
    return face_detail(smile=True)


def reference() -> Backend:
    return ReferenceBackend("haar")
