"""A valid value for any schema of the catalog: what an operation's response holds that no test cares about."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_rekognition.builders.faces import DEFAULT_BOX, compared, detail
from pytest_rekognition.contract.patterns import matches

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_ACCOUNT = "us-east-1:123456789012"
_UUID = "3f1c9a52-7d0e-4b6a-9c84-5e2d1f0a7b63"
#: Texts to try in turn against a pattern and a length.
_TEXTS = (
    "example",
    "1.0",
    "1.0.0",
    "1234567890",
    _UUID,
    f"arn:aws:rekognition:{_ACCOUNT}:project/example/1700000000000",
    f"arn:aws:rekognition:{_ACCOUNT}:project/example/version/example/1700000000000",
    f"arn:aws:rekognition:{_ACCOUNT}:project/example/dataset/train/1700000000000",
    f"arn:aws:rekognition:{_ACCOUNT}:streamprocessor/example",
    f"arn:aws:kinesis:{_ACCOUNT}:stream/example",
    f"arn:aws:kinesisvideo:{_ACCOUNT}:stream/example/1700000000000",
    f"arn:aws:sns:{_ACCOUNT}:AmazonRekognitionExample",
    "arn:aws:iam::123456789012:role/example",
    "{}",
    "example-" * 8,
)
#: Members that a response leaves out unless a test sets them.
_LEFT_OUT = frozenset(
    {
        "FailureDetails",
        "HumanLoopActivationOutput",
        "JobTag",
        "NextToken",
        "OrientationCorrection",
        "SourceImageOrientationCorrection",
        "StatusMessage",
        "TargetImageOrientationCorrection",
        "Video",
    }
)
#: Lists of what went wrong, which are empty unless a test sets them.
_EMPTY = frozenset(
    {
        "Feedback",
        "UnindexedFaces",
        "UnmatchedFaces",
        "UnrecognizedFaces",
        "UnsearchedFaces",
        "UnsuccessfulFaceAssociations",
        "UnsuccessfulFaceDeletions",
        "UnsuccessfulFaceDisassociations",
    }
)
#: Members with a usual value.
_USUAL: dict[str, Any] = {
    "FaceModelVersion": "7.0",
    "JobId": "0123456789abcdef" * 4,
    "JobStatus": "SUCCEEDED",
    "Status": "SUCCEEDED",
    "StatusCode": 200,
    "UserStatus": "ACTIVE",
}
#: Shapes with a usual value.
_SHAPES: dict[str, Callable[[], Any]] = {
    "AuditImage": lambda: {"Bytes": "/9j/4AAQSkZJRg==", "BoundingBox": DEFAULT_BOX.as_wire()},
    "BoundingBox": DEFAULT_BOX.as_wire,
    "ComparedFace": lambda: compared({}),
    "FaceDetail": lambda: detail({}),
    "VideoMetadata": lambda: {
        "Codec": "h264",
        "DurationMillis": 600_000,
        "Format": "QuickTime / MOV",
        "FrameRate": 25.0,
        "FrameHeight": 720,
        "FrameWidth": 1280,
        "ColorRange": "LIMITED",
    },
}


def sample(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Return a valid structure for a self-contained object schema, the same one every time."""
    structure: dict[str, Any] = _Sampler(schema.get("$defs", {})).value(schema, ())
    return structure


class _Sampler:
    def __init__(self, shapes: Mapping[str, Any]) -> None:
        self._shapes = shapes

    def value(self, schema: Mapping[str, Any], above: tuple[str, ...]) -> Any:
        """Return a value; `above` are the shapes that it lies in."""
        if "$ref" in schema:
            name = schema["$ref"].rpartition("/")[2]
            usual = _SHAPES.get(name)
            return usual() if usual else self.value(self._shapes[name], (*above, name))
        if "enum" in schema:
            return schema["enum"][0]
        kind = schema["type"]
        return _SCALARS[kind](schema) if kind in _SCALARS else getattr(self, f"_{kind}")(schema, above)

    def _object(self, schema: Mapping[str, Any], above: tuple[str, ...]) -> dict[str, Any]:
        if isinstance(schema["additionalProperties"], dict):
            return {"example": self.value(schema["additionalProperties"], above)}
        required = schema.get("required", ())
        structure = {}
        for name, member in schema.get("properties", {}).items():
            recursive = member.get("$ref", "").rpartition("/")[2] in above
            if name in required or not (name in _LEFT_OUT or recursive):
                structure[name] = self._member(name, member, above)
        return structure

    def _member(self, name: str, schema: Mapping[str, Any], above: tuple[str, ...]) -> Any:
        if name in _EMPTY:
            return []
        resolved = self._shapes[schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema
        usual = _USUAL.get(name)
        if usual is not None and usual in resolved.get("enum", (usual,)):
            return usual
        return self.value(schema, above)

    def _array(self, schema: Mapping[str, Any], above: tuple[str, ...]) -> list[Any]:
        return [self.value(schema["items"], above)] * max(1, schema.get("minItems", 1))


def _text(schema: Mapping[str, Any]) -> str:
    if schema.get("contentEncoding") == "base64":
        return "/9j/4AAQSkZJRg=="
    least, most = schema.get("minLength", 0), schema.get("maxLength", 10**6)
    for text in _TEXTS:
        if least <= len(text) <= most and matches(schema.get("pattern", ""), text):
            return text
    raise LookupError(f"no sample text for {schema}: add one to _TEXTS")


def _whole_number(schema: Mapping[str, Any]) -> int:
    return int(min(max(1, schema.get("minimum", 1)), schema.get("maximum", 1)))


def _number(schema: Mapping[str, Any]) -> float:
    if "x-timestamp" in schema:
        return 1_700_000_000.0
    if schema.get("maximum") == 100:  # noqa: PLR2004  a percentage
        return 99.5
    return float(min(max(0.5, schema.get("minimum", 0.5)), schema.get("maximum", 99.5)))


_SCALARS: dict[Any, Callable[[Mapping[str, Any]], Any]] = {
    "string": _text,
    "integer": _whole_number,
    "number": _number,
    "boolean": lambda _: True,
}
