r"""The model's Java patterns, rewritten so that every engine reads them alike.

The service holds a pattern against the whole string, so each comes out anchored once, as `^(?:…)$`. What
engines disagree on is spelled out: `\d`, `\w` and `\S` (ASCII in Java, Unicode elsewhere), the dot (which
line ends it refuses) and a literal hyphen after a range. `\p{…}` stays.

An engine whose `$` also matches before a last line feed (Python's) must read it as `\Z`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

#: one element of a Java pattern: a class, an escape, or a character
_TOKEN = re.compile(r"\[(?:\\.|[^\]\\])+\]|\\p\{\w+\}|\\u[0-9A-Fa-f]{4}|\\.|.", re.DOTALL)
#: one element of a class: a range, or a member
_ATOM = r"(?:\\p\{\w+\}|\\u[0-9A-Fa-f]{4}|\\.|[^\\])"
_MEMBER = re.compile(rf"({_ATOM})-({_ATOM})|({_ATOM})", re.DOTALL)

_ANCHORS = frozenset("^$")
_CLASS_ESCAPES = {r"\d": "0-9", r"\w": "A-Za-z0-9_"}
_ESCAPES = {
    r"\d": "[0-9]",
    r"\w": "[A-Za-z0-9_]",
    r"\S": r"[^\t\n\u000B\f\r ]",
    ".": r"[^\n\r\u0085\u2028\u2029]",
    r"\/": "/",
    r"\-": "-",
}


def ecma(java: str) -> str:
    """Return a Java whole-string pattern as an anchored ECMA-262 pattern."""
    return anchored("".join(_translated(_unanchored(java))))


def anchored(pattern: str) -> str:
    """Return a pattern that holds for the whole string."""
    return f"^(?:{pattern})$"


def _unanchored(java: str) -> str:
    if java.startswith("(^") and java.endswith("$)"):
        return java[2:-2]
    return java.removeprefix("^").removesuffix("$")


def _translated(java: str) -> Iterator[str]:
    for token in _TOKEN.findall(java):
        if token.startswith("[") and len(token) > 1:
            yield _class(token)
        elif token in _ANCHORS:
            raise ValueError(f"an inner anchor in {java!r}: say in patterns.py what it means")
        else:
            yield _ESCAPES.get(token, token)


def _class(token: str) -> str:
    negated = token.startswith("[^")
    inner = token[2 if negated else 1 : -1]
    members = (
        f"{_member(low)}-{_member(high)}" if low else _member(single)
        for low, high, single in _MEMBER.findall(inner)
    )
    return f"[{'^' if negated else ''}{''.join(members)}]"


def _member(atom: str) -> str:
    if atom in ("-", r"\-"):
        return r"\-"
    if atom in (r"\.", r"\/"):
        return atom[1]
    if atom == "[":
        return r"\["
    return _CLASS_ESCAPES.get(atom, atom)
