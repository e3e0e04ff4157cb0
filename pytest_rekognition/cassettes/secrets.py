"""Credentials: none is ever written into a cassette.

What was recorded is looked through before it is written: for the forms that credentials have, and for the ones
that were in use. Also where they were escaped for JSON, encoded for a URL or in base64. A find stops the writing;
nothing is replaced silently, because nobody would notice what else leaks.
"""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from bisect import bisect_right
from typing import TYPE_CHECKING, NamedTuple

from pytest_rekognition.errors import SecretError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator


class Secret(NamedTuple):
    """Where a credential was found; never the credential itself."""

    #: such as `"AWS access key id"`
    kind: str
    #: from 1
    line: int


#: What may lie between a name and its value: quotes, escapes, `=`, `:`, a tag's end, short words (`: str = '`).
_GAP = r"[^A-Za-z0-9+/]{1,24}(?:[A-Za-z]{1,8}[^A-Za-z0-9+/]{1,12}){0,2}"
_WORD_START, _WORD_END = r"(?<![A-Za-z0-9])", r"(?![A-Za-z0-9])"

#: The forms that credentials have: the kind, what is in every one of them (in lower case, looked for first, since
#: that is fast), and the form. Each may begin anywhere, so none looks further than a bounded stretch.
_FORMS: tuple[tuple[str, tuple[str, ...], re.Pattern[str]], ...] = tuple(
    (kind, tuple(parts.split()), re.compile(pattern, re.ASCII))
    for kind, parts, pattern in (
        ("AWS access key id", "akia asia", rf"{_WORD_START}A[KS]IA[A-Z2-7]{{16}}{_WORD_END}"),
        (
            "AWS secret access key",
            "secret",
            rf"(?i:secret[_ .-]?(?:access[_ .-]?)?key){_GAP}[A-Za-z0-9+/]{{40}}(?![A-Za-z0-9+/=])",
        ),
        (
            "AWS session token",
            "iqojb3jpz2lu fwogzxivyxdz fqogzxivyxdz fqodyxdz aqodyxdz",
            r"(?:IQoJb3JpZ2lu|FwoGZXIvYXdz|FQoGZXIvYXdz|FQoDYXdz|AQoDYXdz)[A-Za-z0-9+/=%_-]{20}",
        ),
        ("AWS session token", "token", rf"(?i:(?:session|security)[_ .-]?token){_GAP}[A-Za-z0-9+/=%_-]{{100}}"),
        ("AWS session token", "x-amz-security", rf"(?i:x-amz-security-token){_GAP}[A-Za-z0-9+/=%_-]{{16}}"),
        ("AWS request signature", "aws4-", r"AWS4-(?:HMAC|ECDSA-P256)-SHA256[\s,+]{1,8}Credential="),
        ("AWS request signature", "x-amz-", rf"(?i:x-amz-(?:signature|credential)){_GAP}[A-Za-z0-9%/+-]{{16}}"),
        ("signature in a URL", "signature= sig=", r"[?&](?:[Ss]ignature|sig)=[A-Za-z0-9%+/_~-]{16}"),
        ("private key", "-----begin", r"-----BEGIN [A-Z0-9 ]{0,30}PRIVATE KEY(?: BLOCK)?-----"),
        (
            "GitHub token",
            "ghp_ gho_ ghu_ ghs_ ghr_ github_pat_",
            rf"{_WORD_START}(?:gh[pousr]_[A-Za-z0-9]{{36}}|github_pat_[A-Za-z0-9_]{{50}})",
        ),
        ("Slack token", "xox", rf"{_WORD_START}xox[abeoprs]-[A-Za-z0-9-]{{10}}"),
        ("JSON web token", ".eyj", r"(?<![\w-])eyJ[\w-]{10,4096}\.eyJ[\w-]{10,16384}\.[\w-]{10}"),
        ("bearer token", "bearer", rf"{_WORD_START}(?i:bearer)[\s:=]{{1,4}}[A-Za-z0-9._~+/-]{{20}}"),
        ("HTTP password", "basic", rf"(?i:authorization){_GAP}(?i:basic) {{1,4}}[A-Za-z0-9+/=_-]{{6}}"),
        ("password in a URL", "://", r"://[\w.~!$&*+,;=%-]{1,200}:[\w.~!$&*+,;:=%-]{1,200}@"),
    )
)
_IN_USE = "credential in use"
#: Shorter values occur by chance.
_SHORTEST_KNOWN = 8
#: What stands for credentials in tests and in local services. No account has them.
_FAKES = frozenset({"accesskey", "secretkey", "localstack", "minioadmin", "rekognition"})

#: An escape of JSON, however often it was escaped again.
_ESCAPE = re.compile(r"""(?<!\\)\\++(?:u00([2-7][0-9a-fA-F])|(["'/])|[nrtbf])""")
_PERCENT = re.compile(r"%(?:25)*+([2-7][0-9a-fA-F])")
#: A run of base64, of either alphabet; shorter ones hold no credential that has a form.
_RUN = re.compile(r"[A-Za-z0-9+/_-]{24,}+")
#: Base64 in lines, as YAML's `!!binary` and mail have it.
_LINES = re.compile(r"(?<![A-Za-z0-9+/])(?:[A-Za-z0-9+/]{60,76}\r?\n[ \t]*+)++[A-Za-z0-9+/]{0,76}")
_URLSAFE = str.maketrans("-_", "+/")
_BASE64_GROUP = 4


def find_secrets(text: str, known: Collection[str] = ()) -> list[Secret]:
    """Return the credentials in a text, in its order; `known` are those in use, which are found in any place."""
    values = [value for value in known if _is_telling(value)]
    found = {
        Secret(kind, line_of(position))
        for view, line_of in _views(text)
        for kind, position in _found(view, values)
    }
    return sorted(found, key=lambda secret: (secret.line, secret.kind))


def refuse_secrets(text: str, known: Collection[str], where: str) -> None:
    """Raise `SecretError` where a text holds a credential; `where` says what it is, and begins the sentence."""
    found = find_secrets(text, known)
    if found:
        listed = ", ".join(
            f"{kind} (line{_lines(found, kind)})" for kind in dict.fromkeys(row.kind for row in found)
        )
        raise SecretError(
            f"{where}: nothing was written, because it holds what looks like a credential: {listed}."
            " Keep it out of the call, or scrub it with the hook pytest_rekognition_before_record",
            found[0].line,
        )


def _lines(found: list[Secret], kind: str, most: int = 5) -> str:
    lines = [str(secret.line) for secret in found if secret.kind == kind]
    more = f" and {len(lines) - most} more" if len(lines) > most else ""
    return f"{'s' if len(lines) > 1 else ''} {', '.join(lines[:most])}{more}"


def _is_telling(value: str) -> bool:
    """Tell whether a credential in use is one that means something where it is found."""
    return len(value) >= _SHORTEST_KNOWN and value.lower() not in _FAKES


def _found(view: str, values: Collection[str]) -> Iterator[tuple[str, int]]:
    """Yield what a text holds, and where."""
    folded = view.lower()
    for kind, parts, form in _FORMS:
        if any(part in folded for part in parts):
            yield from ((kind, match.end()) for match in form.finditer(view))
    for value in values:
        for shape in _shapes(value):
            yield from ((_IN_USE, position) for position in _occurrences(view, shape))


def _occurrences(view: str, part: str) -> Iterator[int]:
    position = view.find(part)
    while position >= 0:
        yield position
        position = view.find(part, position + len(part))


def _shapes(value: str) -> set[str]:
    """Return a value, and what of it is the same in base64 wherever it begins in the bytes."""
    data = value.encode(errors="surrogatepass")
    shapes = {value}
    for before in range(3):
        encoded = b64encode(bytes(before) + data).decode()
        last = -(len(data) + before) % 3
        first = (0, 2, 3)[before]
        # The last character of an incomplete group also depends on what follows.
        inner = encoded[first : len(encoded) - last - 1] if last else encoded[first:]
        shapes |= {inner, inner.replace("+", "-").replace("/", "_")}
    return shapes


# --- the same text, as others would read it -----------------------------------------------------------------


def _views(text: str) -> Iterator[tuple[str, Callable[[int], int]]]:
    """Yield a text, and what is in it where it was escaped or encoded; with what tells the line of a position."""
    line_of = _line_counter(text)
    yield text, line_of
    plain = _ESCAPE.sub(_unescaped, text) if "\\" in text else text
    if plain != text:
        yield plain, _line_counter(plain)
    unquoted = _PERCENT.sub(_unquoted, plain) if "%" in plain else plain
    if unquoted != plain:
        yield unquoted, _line_counter(unquoted)
    positions, decoded = _decoded(unquoted)
    if decoded:
        starts = _starts(decoded)
        counted = _line_counter(unquoted)
        yield "".join(decoded), lambda position: counted(positions[bisect_right(starts, position) - 1])


def _line_counter(text: str) -> Callable[[int], int]:
    """Return what tells the line of a position. No view adds or takes away a line."""
    breaks: list[int] = []

    def line_of(position: int) -> int:
        if not breaks:
            breaks.extend(match.start() for match in re.finditer("\n", text))
            breaks.append(len(text) + 1)
        return bisect_right(breaks, position - 1) + 1

    return line_of


def _unescaped(match: re.Match[str]) -> str:
    code, character = match.groups()
    return chr(int(code, 16)) if code else character or " "


def _unquoted(match: re.Match[str]) -> str:
    return chr(int(match[1], 16))


def _decoded(text: str) -> tuple[list[int], list[str]]:
    """Return what the runs of base64 decode to, each from each of the four places where a group may begin."""
    positions, decoded = [], []
    for pattern in (_RUN, _LINES):
        for match in pattern.finditer(text):
            run = "".join(match[0].split()) if pattern is _LINES else match[0]
            for offset in range(_BASE64_GROUP):
                positions.append(match.start())
                decoded.append(f"{_bytes_of(run[offset:])}\n")
    return positions, decoded


def _bytes_of(run: str) -> str:
    """Return what a run decodes to, each byte a character."""
    rest = len(run) % _BASE64_GROUP
    whole = run[: len(run) - 1] if rest == 1 else f"{run}{'=' * (-rest % _BASE64_GROUP)}"
    return b64decode(whole.translate(_URLSAFE)).decode("latin-1")


def _starts(parts: list[str]) -> list[int]:
    starts, start = [], 0
    for part in parts:
        starts.append(start)
        start += len(part)
    return starts
