"""The documents of `schemas/`: an index, the shared shapes, and one document an operation."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from pytest_rekognition.derivation.model import SERVICE, digest
from pytest_rekognition.derivation.shapes import describe, is_plain, schema_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pytest_rekognition.derivation.model import Model
    from pytest_rekognition.derivation.overlay import Overlay

    Json = dict[str, Any]

DIALECT = "https://json-schema.org/draft/2020-12/schema"
#: identifiers only: nothing is served there
BASE = "https://pytest-rekognition.invalid/schemas/"
SHAPES = "shapes.json"
SIDES = {"Request": "input", "Response": "output"}


@dataclass(frozen=True, slots=True)
class Derivation:
    """One model and one overlay, made into documents."""

    model: Model
    overlay: Overlay
    #: documents by path, such as `operations/DetectFaces.json`
    documents: dict[str, Json] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        self.documents["index.json"] = self._index()
        self.documents[SHAPES] = self._shapes()
        for name in sorted(self.model.operations):
            self.documents[f"operations/{name}.json"] = self._operation(name)

    def files(self) -> dict[str, str]:
        """Return the text of each file by its path."""
        return {path: as_text(document) for path, document in self.documents.items()}

    def schema(self, shape: str, prefix: str) -> Json:
        """Return one shape's schema; `prefix` leads from its document to the shared shapes."""
        described = self.model.shapes[shape]
        schema = schema_of(described, lambda member: self._refer(member, prefix))
        return self.overlay.patched(shape, schema | describe(described))

    def _refer(self, shape: str, prefix: str) -> Json:
        described = self.model.shapes[shape]
        if is_plain(described) and shape not in self.overlay.shapes:
            return schema_of(described, lambda member: self._refer(member, prefix))
        return {"$ref": f"{prefix}#/$defs/{shape}"}

    def _index(self) -> Json:
        metadata = self.model.service["metadata"]
        return {
            "derived_by": "python -m pytest_rekognition.derivation",
            "service": SERVICE,
            "title": metadata["serviceFullName"],
            "api_version": metadata["apiVersion"],
            "model": {"botocore": self.model.botocore_version, "sha256": self.model.sha256},
            "overlay": {"sha256": digest(asdict(self.overlay))},
            "operations": sorted(self.model.operations),
            "errors": self._errors(),
        }

    def _errors(self) -> Json:
        modelled = {
            name: {"statuses": [500 if shape.get("fault") else 400], "common": False}
            for name, shape in self.model.shapes.items()
            if shape.get("exception")
        }
        reviewed = {
            error.code: {"statuses": error.statuses, "common": error.common} for error in self.overlay.errors
        }
        return dict(sorted((modelled | reviewed).items()))

    def _shapes(self) -> Json:
        roots = {
            operation[side]["shape"] for operation in self.model.operations.values() for side in SIDES.values()
        }
        shared = sorted({shape for root in roots for shape in self._below(root)} - roots)
        definitions = {shape: self.schema(shape, "") for shape in shared if "$ref" in self._refer(shape, "")}
        return {"$schema": DIALECT, "$id": BASE + SHAPES, **self._version(), "$defs": definitions}

    def _below(self, shape: str) -> Iterator[str]:
        for member in self._members(shape).values():
            yield member
            yield from self._below(member)

    def _members(self, shape: str) -> dict[str, str]:
        """Return the shapes directly below one, by the path step that leads there (`*` for any item)."""
        described = self.model.shapes[shape]
        steps = dict(described.get("members", {}))
        if item := described.get("member") or described.get("value"):
            steps["*"] = item
        return {step: member["shape"] for step, member in steps.items()}

    def _version(self) -> Json:
        return {"x-model": {"botocore": self.model.botocore_version, "sha256": self.model.sha256}}

    def _operation(self, name: str) -> Json:
        operation = self.model.operations[name]
        roots = {side: operation[key]["shape"] for side, key in SIDES.items()}
        return {
            "$schema": DIALECT,
            "$id": f"{BASE}operations/{name}.json",
            "title": name,
            **describe(operation),
            **self._version(),
            "x-idempotent": operation.get("idempotent", False),
            "x-errors": [error["shape"] for error in operation["errors"]],
            "x-pagination": self._pagination(name, roots),
            "x-paths": {side.lower(): self._paths(root) for side, root in roots.items()},
            "$defs": {side: self.schema(root, f"../{SHAPES}") for side, root in roots.items()},
        }

    def _paths(self, root: str) -> Json:
        """Where blobs and timestamps lie, so that no reader has to walk the schema; and what clients make up."""
        leaves = list(self._leaves(root, ()))
        by_kind = {
            name: [list(path) for path, kind in leaves if kind == kind_of]
            for name, kind_of in (("blobs", "blob"), ("timestamps", "timestamp"))
        }
        members = self.model.shapes[root].get("members", {})
        tokens = [[name] for name, member in members.items() if member.get("idempotencyToken")]
        return by_kind | {"tokens": tokens} if tokens else by_kind

    def _leaves(self, shape: str, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], str]]:
        yield path, self.model.shapes[shape]["type"]
        for step, member in self._members(shape).items():
            yield from self._leaves(member, (*path, step))

    def _pagination(self, name: str, roots: Mapping[str, str]) -> Json | None:
        """Return the paginator: botocore's, or what every pair of `NextToken` members implies."""
        if listed := self.model.paginators.get(name):
            result = listed["result_key"]
            tokens = {key: listed[key] for key in ("input_token", "output_token", "limit_key")}
            return tokens | {"result_keys": [result] if isinstance(result, str) else list(result)}
        if not all("NextToken" in self._members(root) for root in roots.values()):
            return None
        tokens = {"input_token": "NextToken", "output_token": "NextToken", "limit_key": "MaxResults"}
        return tokens | {"result_keys": [self._result_key(name, roots["Response"])]}

    def _result_key(self, name: str, response: str) -> str:
        reviewed = [row.result_key for row in self.overlay.paginations if row.operation == name]
        lists = [
            member
            for member, shape in self._members(response).items()
            if self.model.shapes[shape]["type"] == "list"
        ]
        candidates = reviewed or lists
        if len(candidates) != 1:
            raise ValueError(f"{name} pages one of {candidates}: say which in a [[pagination]] of the overlay")
        return candidates[0]


def as_text(document: Json) -> str:
    """Return a document's text, as it lies in its file."""
    return json.dumps(document, indent=1, ensure_ascii=False) + "\n"
