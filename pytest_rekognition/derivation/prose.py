"""The model's HTML documentation, cut to one plain sentence."""

from __future__ import annotations

import html
import re

_NOTE = re.compile(r"<(note|important)>.*?</\1>", re.DOTALL)
_TAG = re.compile(r"<[^>]+>")
_SPACE = re.compile(r"\s+")
#: a full stop that ends a sentence: not one inside "e.g. ", "i.e. " or "(.csv"
_SENTENCE = re.compile(r"(.+?(?<!e\.g)(?<!i\.e)[.!?])(?=\s+[A-Z(\"']|$)", re.DOTALL)


def first_sentence(documentation: str) -> str:
    """Return the first sentence of an HTML text, without its markup, or an empty string."""
    text = plain(_NOTE.sub(" ", documentation)) or plain(documentation)
    found = _SENTENCE.match(text)
    return found[1] if found else text


def plain(documentation: str) -> str:
    """Return an HTML text without its markup, on one line."""
    spaced = documentation.replace("</p>", " ").replace("</li>", " ")
    return _SPACE.sub(" ", html.unescape(_TAG.sub("", spaced))).strip()
