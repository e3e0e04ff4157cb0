"""The text of a cassette: vcrpy's document as YAML. This module is a serializer in vcrpy's sense.

`serialize` writes one form, which `deserialize` reads without a YAML parser, many times faster; any other YAML is
read by PyYAML's safe loader. Both readers give the same document, and a property test holds them to that.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from pytest_rekognition.errors import CassetteError

if TYPE_CHECKING:
    from collections.abc import Iterator

#: What vcrpy writes, and expects.
FORMAT_VERSION = 1
_HEAD, _FOOT = "interactions:\n", f"version: {FORMAT_VERSION}\n"
#: Wider than any line, so that none is folded.
_WIDTH = 1_000_000

#: Texts that YAML reads as texts without quotes, and texts in quotes that hold no quote.
_PLAIN = (
    r"(?!(?i:y|n|yes|no|true|false|on|off|null)$)[A-Za-z][\w./+-]*(?:://[\w.:/-]+)?(?<!:)"
    r"|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|\d+\.\d+\.\d+"
)
_SCALAR = rf"(?:{_PLAIN}|'[^'\n]*')"
#: Characters that mean something to YAML besides themselves, or that it refuses.
_NOT_PLAIN_TEXT = re.compile(
    "[^\n\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]"
)


def _block(name: str, indent: int) -> str:
    """Return the pattern of a text: lines below `|-`, or on the same line in quotes."""
    space = " " * indent
    lines = rf"{space}(?! )[^\n]+\n(?:{space}[^\n]+\n)*"
    return rf"(?:\|-\n(?P<{name}_lines>{lines})|(?P<{name}>'[^'\n]*')\n)"


_ENTRY = re.compile(
    "- request:\n"
    "    method: POST\n"
    rf"    uri: (?P<uri>{_SCALAR})\n"
    "    headers:\n"
    rf"      Content-Type:\n      - (?P<asked_type>{_SCALAR})\n"
    rf"      X-Amz-Target:\n      - (?P<target>{_SCALAR})\n"
    f"    body: {_block('request', 6)}"
    "  response:\n"
    "    status:\n"
    r"      code: (?P<code>[1-9]\d\d)\n"
    r"      message: (?P<message>[A-Z][A-Za-z]+(?: [A-Z][A-Za-z]+)*|'')\n"
    "    headers:\n"
    rf"      Content-Type:\n      - (?P<answered_type>{_SCALAR})\n"
    rf"(?:      x-amzn-RequestId:\n      - (?P<request_id>{_SCALAR})\n)?"
    "    body:\n"
    f"      string: {_block('answer', 8)}"
    "    recorded:\n"
    rf"(?P<recorded>(?:      [a-z]+: {_SCALAR}\n)+)",
    re.MULTILINE,
)


def serialize(cassette_dict: dict[str, Any]) -> str:
    """Return the text of a document; texts of several lines stay several lines."""
    import yaml  # noqa: PLC0415  only where a cassette is written

    return yaml.dump(
        cassette_dict,
        Dumper=_dumper(),
        sort_keys=False,
        default_flow_style=False,
        allow_unicode=True,
        width=_WIDTH,
    )


def deserialize(cassette_string: str) -> dict[str, Any]:
    """Return the document of a text, else raise `CassetteError` with the line."""
    entries = _entries(cassette_string)
    if entries is not None:
        return {"interactions": entries, "version": FORMAT_VERSION}
    return _deserialize_yaml(cassette_string)


def line_of(cassette_string: str, index: int) -> int | None:
    """Return the line, from 1, where the interaction of an index begins, where the text tells."""
    import yaml  # noqa: PLC0415  only where something is broken

    root = yaml.compose(cassette_string, Loader=yaml.SafeLoader)
    for name, node in root.value if isinstance(root, yaml.MappingNode) else ():
        if name.value == "interactions" and isinstance(node, yaml.SequenceNode) and index < len(node.value):
            line: int = node.value[index].start_mark.line
            return line + 1
    return None


def _dumper() -> Any:
    """Return a safe dumper that writes texts of several lines as such."""
    import yaml  # noqa: PLC0415  only where a cassette is written

    class Dumper(getattr(yaml, "CSafeDumper", yaml.SafeDumper)):  # type: ignore[misc]
        """PyYAML's, with the one change."""

        def ignore_aliases(self, _: object) -> bool:
            """Write equal parts out each time: nobody reads anchors in a diff."""
            return True

    def text(dumper: Any, value: str) -> Any:
        style = "|" if "\n" in value else None
        return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)

    Dumper.add_representer(str, text)
    return Dumper


def _deserialize_yaml(text: str) -> dict[str, Any]:
    import yaml  # noqa: PLC0415  only where somebody else wrote the file

    try:
        document = yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506  it is safe
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else None
        raise CassetteError(f"it is no YAML that can be read safely: {error.problem}", line) from None
    except yaml.YAMLError as error:
        raise CassetteError(f"it is no YAML: {error}") from None
    return _checked(document)


def _checked(document: Any) -> dict[str, Any]:
    if document is None:
        raise CassetteError("it is empty, which no cassette is: restore it, or delete it and record anew", 1)
    if not isinstance(document, dict) or "interactions" not in document:
        raise CassetteError("it is no cassette: it has no 'interactions'", 1)
    if document.get("version") != FORMAT_VERSION:
        raise CassetteError(f"its version is {document.get('version')!r}, where {FORMAT_VERSION} is known", 1)
    if not isinstance(document["interactions"], list):
        raise CassetteError("its 'interactions' are no list", 1)
    return document


# --- the fast way ------------------------------------------------------------------------------------------


def _entries(text: str) -> list[dict[str, Any]] | None:
    """Return the interactions of a text in the one form that `serialize` gives them, else None."""
    if text == f"interactions: []\n{_FOOT}":
        return []
    if not (text.startswith(_HEAD) and text.endswith(_FOOT)) or _NOT_PLAIN_TEXT.search(text):
        return None
    found, position, end = [], len(_HEAD), len(text) - len(_FOOT)
    while position < end:
        match = _ENTRY.match(text, position, end)
        if match is None:
            return None
        found.append(_entry(match))
        position = match.end()
    return found


def _entry(match: re.Match[str]) -> dict[str, Any]:
    headers = {"Content-Type": [_scalar(match["answered_type"])]}
    if match["request_id"] is not None:
        headers["x-amzn-RequestId"] = [_scalar(match["request_id"])]
    return {
        "request": {
            "method": "POST",
            "uri": _scalar(match["uri"]),
            "headers": {
                "Content-Type": [_scalar(match["asked_type"])],
                "X-Amz-Target": [_scalar(match["target"])],
            },
            "body": _text(match, "request", 6),
        },
        "response": {
            "status": {"code": int(match["code"]), "message": _scalar(match["message"])},
            "headers": headers,
            "body": {"string": _text(match, "answer", 8)},
            "recorded": dict(_pairs(match["recorded"])),
        },
    }


def _pairs(lines: str) -> Iterator[tuple[str, str]]:
    for line in lines.splitlines():
        name, _, value = line.strip().partition(": ")
        yield name, _scalar(value)


def _scalar(text: str) -> str:
    return text[1:-1] if text.startswith("'") else text


def _text(match: re.Match[str], name: str, indent: int) -> str:
    lines = match[f"{name}_lines"]
    if lines is None:
        return _scalar(match[name])
    return lines[indent:-1].replace("\n" + " " * indent, "\n")
