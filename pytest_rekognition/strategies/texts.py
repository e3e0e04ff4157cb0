"""Texts that a schema's pattern and length allow, made rather than searched for."""

from __future__ import annotations

import string
from base64 import b64encode
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from hypothesis import strategies as st

from pytest_rekognition.contract.patterns import matches

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

#: No text is drawn longer, unless its schema asks for more.
_LONGEST: Final = 16
#: What single characters are tried against a pattern: ASCII, and letters of other scripts.
_CHARACTERS: Final = [*map(chr, range(0x20, 0x7F)), *"àâèçñóßЖ日本٣"]
_ACCOUNT: Final = "us-east-1:123456789012"
#: Texts with a form of their own, by what their pattern holds; `{}` is a name.
_FORMS: Final = {
    "/dataset/": f"arn:aws:rekognition:{_ACCOUNT}:project/{{}}/dataset/train/1700000000000",
    "/version/": f"arn:aws:rekognition:{_ACCOUNT}:project/example/version/{{}}/1700000000000",
    ":project/": f"arn:aws:rekognition:{_ACCOUNT}:project/{{}}/1700000000000",
    ":streamprocessor/": f"arn:aws:rekognition:{_ACCOUNT}:streamprocessor/{{}}",
    ":kinesis:": f"arn:aws:kinesis:{_ACCOUNT}:stream/{{}}",
    ":kinesisvideo:": f"arn:aws:kinesisvideo:{_ACCOUNT}:stream/{{}}/1700000000000",
    ":sns:": f"arn:aws:sns:{_ACCOUNT}:{{}}",
    ":iam::": "arn:aws:iam::123456789012:role/{}",
    "^(?:\\{": '{{"source-ref": "s3://photos/{}.jpg"}}',
    "\\.(0|": "1.0.{}",
    "[0-9a-f]{8}-": "3f1c9a52-7d0e-4b6a-9c84-{:>012}",
}
#: What fills a form where the pattern does not allow a name of letters.
_FILLERS: Final = {"\\.(0|": (1, 3, "123456789"), "[0-9a-f]{8}-": (1, 12, "0123456789abcdef")}
_NAME: Final = (1, 12, string.ascii_letters + string.digits + "-_")


def text(schema: dict[str, Any]) -> SearchStrategy[str]:
    """Return the texts of a string schema."""
    pattern = schema.get("pattern")
    form = next((key for key in _FORMS if key in pattern), None) if pattern else None
    if form is not None:
        return _formed(form)
    least = schema.get("minLength", 0 if pattern is None or matches(pattern, "") else 1)
    most = min(schema.get("maxLength", _LONGEST), max(_LONGEST, least))
    return st.text(_alphabet(pattern) if pattern else _ANYTHING, min_size=least, max_size=most)


#: Everything that JSON carries: all of Unicode but lone surrogates.
_ANYTHING: Final = st.characters(codec="utf-8")


def _formed(form: str) -> SearchStrategy[str]:
    least, most, alphabet = _FILLERS.get(form, _NAME)
    return st.text(alphabet, min_size=least, max_size=most).map(_FORMS[form].format)


@cache
def _alphabet(pattern: str) -> str:
    """Return the characters that a pattern takes alone, letters and digits first, so that texts shrink to them.

    With a look-ahead they are letters alone, which begin nothing that is refused.
    """
    allowed = [character for character in _CHARACTERS if matches(pattern, character)]
    if "(?!" in pattern:
        allowed = [character for character in allowed if character.isalnum()]
    return "".join(sorted(allowed, key=lambda character: (not character.isalnum(), character)))


def blob(least: int = 1, most: int = 48) -> SearchStrategy[bytes]:
    """Return bytes that are no image."""
    return st.binary(min_size=least, max_size=most)


def base64_text() -> SearchStrategy[str]:
    """Return the base64 text of some bytes, as a response carries them."""
    return blob().map(lambda content: b64encode(content).decode())
