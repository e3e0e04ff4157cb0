"""A compiler from the contract's schemas to strategies; shapes that say more than their schema are in a table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from hypothesis import strategies as st

from pytest_rekognition import catalog
from pytest_rekognition.geometry import single, stored_ratio
from pytest_rekognition.strategies import recipes
from pytest_rekognition.strategies.faces import members
from pytest_rekognition.strategies.scalars import identifier, identifiers, limit, number, singles, whole_number
from pytest_rekognition.strategies.still import still_image
from pytest_rekognition.strategies.texts import base64_text, blob, text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hypothesis.strategies import DrawFn, SearchStrategy

    from pytest_rekognition.catalog import SchemaSide

    Strategy = SearchStrategy[Any]

#: Lists are drawn no longer, unless their schema asks for more.
MOST_ITEMS: Final = 3
_BOOLEANS: Final = st.booleans()
#: Most jobs have succeeded: the others have no results.
_USUAL_STATUS: Final = ("SUCCEEDED", "SUCCEEDED", "SUCCEEDED", "IN_PROGRESS", "FAILED")


@st.composite
def structure(draw: DrawFn, required: Mapping[str, Strategy], optional: Mapping[str, Strategy]) -> dict[str, Any]:
    """Return structures with the required members and any of the optional ones; shrinks to the former."""
    made = {name: draw(member) for name, member in required.items()}
    return made | {name: draw(member) for name, member in optional.items() if draw(_BOOLEANS)}


def _s3_object() -> Strategy:
    key = st.text("abcdefghijklmnopqrstuvwxyz0123456789-/.", min_size=1, max_size=12)
    bucket = st.text("abcdefghijklmnopqrstuvwxyz0123456789-", min_size=3, max_size=12)
    return structure({"Bucket": bucket, "Name": key}, {"Version": key})


def _image(contents: Strategy) -> Strategy:
    """Return images by exactly one of their two sources."""
    return st.one_of(structure({"S3Object": _S3_OBJECTS}, {}), structure({"Bytes": contents}, {}))


def _audit_image() -> Strategy:
    source = st.one_of(structure({"S3Object": _S3_OBJECTS}, {}), structure({"Bytes": base64_text()}, {}))
    return st.builds(lambda image, box: image | box, source, structure({}, {"BoundingBox": _BOXES}))


def _region() -> Strategy:
    """Return regions of interest: a box or a polygon, which is "a shape made up of up to 10 Point objects"."""
    corner = structure({"X": singles(0.0, 1.0, 0.0), "Y": singles(0.0, 1.0, 0.0)}, {})
    polygon = st.lists(corner, min_size=3, max_size=10)
    return st.one_of(structure({"BoundingBox": _BOXES}, {}), structure({"Polygon": polygon}, {}))


def _attributes() -> Strategy:
    """Return what `Attributes` may ask for: DEFAULT, ALL, both, some by name, or nothing."""
    names = catalog.shape("Attribute")["enum"]
    named = st.lists(st.sampled_from(names), max_size=4, unique=True)
    return st.one_of(st.builds(lambda: ["DEFAULT"]), st.builds(lambda: ["ALL"]), named)


def _compared_face() -> Strategy:
    """Return what CompareFaces and RecognizeCelebrities find: at times with emotions and a smile."""
    return st.one_of(members(frozenset()), members(frozenset({"Emotions", "Smile"})))


def _video_metadata() -> Strategy:
    return structure(
        {
            "Codec": st.sampled_from(["h264", "mpeg4"]),
            "DurationMillis": st.integers(0, 3_600_000).map(lambda millis: 2000 + millis),
            "Format": st.just("QuickTime / MOV"),
            "FrameRate": singles(1.0, 60.0, 25.0),
            "FrameHeight": st.integers(0, 1920).map(lambda more: 240 + more),
            "FrameWidth": st.integers(0, 3520).map(lambda more: 320 + more),
        },
        {"ColorRange": st.sampled_from(["LIMITED", "FULL"])},
    )


def _stored_box(box: Mapping[str, float]) -> dict[str, float]:
    """Return a box as collections keep it."""
    return {side: stored_ratio(ratio) for side, ratio in box.items()}


def _stored_confidence(step: int) -> float:
    """Return a face's Confidence as collections keep it: a ratio of six decimals, as a percentage (measured)."""
    return single(single(round(recipes.confidence(step, recipes.LEAST_CONFIDENCE) / 100, 6)) * 100)


def _unsuccessful(reasons: Mapping[str, Mapping[str, Strategy]]) -> Strategy:
    """Return faces that nothing was done with: each has its reason, and the members that go with it."""
    return st.one_of(
        [
            structure({"FaceId": _FACE_IDS, **told, "Reasons": st.just(reason).map(lambda why: [why])}, {})
            for reason, told in reasons.items()
        ]
    )


_BOXES: Final = recipes.BOX.strategy()
_S3_OBJECTS: Final = _s3_object()
_FACE_IDS: Final = identifiers(4)
#: Images mostly have ids of version 3, at times of version 5 (13 of 1,072).
_IMAGE_IDS: Final = st.builds(identifier, st.integers(0, 2**64 - 1), st.sampled_from([3] * 7 + [5]))
_USER_IDS: Final = text(catalog.shape("UserId"))
#: Why nothing was done with a face, and the members that tell more of it.
_NOT_FOUND: Final[dict[str, dict[str, Strategy]]] = {"FACE_NOT_FOUND": {}}
_ANOTHERS: Final[dict[str, dict[str, Strategy]]] = {"ASSOCIATED_TO_A_DIFFERENT_USER": {"UserId": _USER_IDS}}
#: Shapes of which the schema says too little, on both sides.
_SHAPES: Final[dict[str, Strategy]] = {
    "AgeRange": recipes.MEMBERS["AgeRange"].strategy(),
    "Attributes": _attributes(),
    "AuditImage": _audit_image(),
    "BoundingBox": _BOXES,
    "ComparedFace": _compared_face(),
    "Emotions": recipes.emotions(8).strategy(),
    "FaceId": _FACE_IDS,
    "ImageId": _IMAGE_IDS,
    "Image": _image(still_image()),
    "ImageQuality": recipes.MEMBERS["Quality"].strategy(),
    "Pose": recipes.POSE.strategy(),
    "RegionOfInterest": _region(),
    "S3Object": _S3_OBJECTS,
    "UnsuccessfulFaceAssociation": _unsuccessful(
        _NOT_FOUND | _ANOTHERS | {"LOW_MATCH_CONFIDENCE": {"Confidence": singles(0.0, 100.0, 50.0)}}
    ),
    "UnsuccessfulFaceDeletion": _unsuccessful(
        _NOT_FOUND | {"ASSOCIATED_TO_AN_EXISTING_USER": {"UserId": _USER_IDS}}
    ),
    "UnsuccessfulFaceDisassociation": _unsuccessful(_NOT_FOUND | _ANOTHERS),
    "Video": structure({"S3Object": _S3_OBJECTS}, {}),
    "VideoMetadata": _video_metadata(),
}
_TOKENS: Final = st.text("abcdefghijklmnopqrstuvwxyz0123456789+/=", min_size=1, max_size=24)
_VERSIONS: Final = st.sampled_from(["7.0", "6.0", "5.0", "3.0"])
_USERS_VERSIONS: Final = st.sampled_from(["7", "6"])
_CONFIDENCES: Final = recipes.FACE_CONFIDENCE.strategy()
_OK: Final = st.just(200)
#: Members whose values are known from recordings or prose, of one shape or operation, else wherever they lie.
_MEMBERS: Final[dict[str, Strategy]] = {
    "ComparedSourceImageFace.Confidence": _CONFIDENCES,
    "CreateCollection.StatusCode": _OK,
    "DeleteCollection.StatusCode": _OK,
    "Face.BoundingBox": _BOXES.map(_stored_box),
    "Face.Confidence": recipes.numbers([recipes.UP]).map(lambda row: _stored_confidence(*row)),
    # 'CREATED - A UserID has been created, but has no FaceID(s) associated with it.': none that could match
    "MatchedUser.UserStatus": st.sampled_from(["ACTIVE", "UPDATING"]),
    "SearchUsers.FaceModelVersion": _USERS_VERSIONS,
    "SearchUsersByImage.FaceModelVersion": _USERS_VERSIONS,
    "FaceModelVersion": _VERSIONS,
    "IndexFacesModelVersion": _VERSIONS,
    "JobStatus": st.sampled_from(_USUAL_STATUS),
    "MatchConfidence": st.integers(0, 100).map(lambda below: float(100 - below)),
    "NextToken": _TOKENS,
    "SearchedFaceConfidence": _CONFIDENCES,
    "Timestamp": st.integers(0, 3_600_000),
}
#: Shapes that are narrower in a response. Recorded: JobIds of 64 hexadecimal characters, or 62.
_SENT: Final[dict[str, Strategy]] = {
    "JobId": st.builds(
        lambda value, size: f"{value:0{size}x}", st.integers(0, 16**62 - 1), st.sampled_from([64, 62])
    ),
}
#: How many results a request may ask for.
_LIMITS: Final = frozenset({"MaxFaces", "MaxLabels", "MaxResults", "MaxUsers"})
#: Members that are absent today: null by the documentation, or of a service that has ended.
_ABSENT: Final = frozenset(
    {"OrientationCorrection", "SourceImageOrientationCorrection", "TargetImageOrientationCorrection"}
)


def resolved(schema: dict[str, Any]) -> dict[str, Any]:
    """Return a schema, or the shared shape that it refers to, with the lengths that it adds to it."""
    if "$ref" not in schema:
        return schema
    shape = catalog.shape(schema["$ref"].rpartition("/")[2])
    return shape | {name: schema[name] for name in ("minItems", "maxItems") if name in schema}


class Compiler:
    """Makes strategies of schemas; `shapes` are strategies that stand for shared shapes.

    With `oriented` there is an image's orientation, which came until 2020.
    """

    def __init__(self, side: SchemaSide, shapes: Mapping[str, Strategy], *, oriented: bool = False) -> None:
        self._shapes = {**_SHAPES, **(_SENT if side == "response" else {}), **shapes}
        self._blobs = blob() if side == "request" else base64_text()
        self._absent = frozenset() if oriented else _ABSENT

    def root(self, operation: str, schema: dict[str, Any], *, full: Mapping[str, int] | None = None) -> Strategy:
        """Return the strategy of an operation's whole payload.

        A full one has every optional member of the top level, and the lists that `full` names have up to twice as
        many items as it says, and at least so many.
        """
        if full is None:
            return self._object(schema, operation)
        named = self._members(schema, operation)
        for name, least in full.items():
            items = self.value(resolved(schema["properties"][name])["items"])
            named[name] = st.lists(items, min_size=least, max_size=2 * max(least, MOST_ITEMS))
        return structure(named, {})

    def value(self, schema: dict[str, Any], shape: str = "") -> Strategy:
        """Return the strategy of a schema, a shared shape's if it is named, or of the shape that it refers to."""
        if "minItems" in schema:
            schema = resolved(schema)
        if "$ref" in schema:
            name = schema["$ref"].rpartition("/")[2]
            if name not in self._shapes:
                self._shapes[name] = self.value(catalog.shape(name), name)
            return self._shapes[name]
        if "enum" in schema:
            return st.sampled_from([value for value in schema["enum"] if value is not None])
        kind = schema["type"] if isinstance(schema["type"], str) else schema["type"][0]  # nulls are never sent
        if kind == "string" and schema.get("contentEncoding") == "base64":
            return self._blobs
        return _SCALARS[kind](schema) if kind in _SCALARS else self._composed(kind, schema, shape)

    def _composed(self, kind: str, schema: dict[str, Any], shape: str) -> Strategy:
        if kind == "array":
            least = schema.get("minItems", 0)
            most = min(schema.get("maxItems", MOST_ITEMS), max(MOST_ITEMS, least))
            values = resolved(schema["items"]).get("enum", ())
            if len(values) >= most:
                return st.lists(st.sampled_from(values), min_size=least, max_size=most, unique=True)
            return st.lists(self.value(schema["items"]), min_size=least, max_size=most)
        if isinstance(schema["additionalProperties"], dict):
            names, values = self.value(schema["propertyNames"]), self.value(schema["additionalProperties"])
            return st.dictionaries(names, values, max_size=MOST_ITEMS)
        return self._object(schema, shape)

    def _object(self, schema: dict[str, Any], owner: str) -> Strategy:
        named, required = self._members(schema, owner), schema.get("required", ())
        return structure(
            {name: member for name, member in named.items() if name in required},
            {name: member for name, member in named.items() if name not in required},
        )

    def _members(self, schema: dict[str, Any], owner: str) -> dict[str, Strategy]:
        return {
            name: self._member(f"{owner}.{name}", name, member)
            for name, member in schema.get("properties", {}).items()
            if name not in self._absent
        }

    def _member(self, path: str, name: str, schema: dict[str, Any]) -> Strategy:
        known = _MEMBERS.get(path, _MEMBERS.get(name))
        if known is not None:
            return known
        return limit(resolved(schema)) if name in _LIMITS else self.value(schema)


_SCALARS: Final[dict[Any, Any]] = {
    "string": text,
    "integer": whole_number,
    "number": number,
    "boolean": lambda _: _BOOLEANS,
}
