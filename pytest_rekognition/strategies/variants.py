"""Exchanges with a legal oddity each: what `oddities` does to plain ones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

from pytest_rekognition.showing import show, show_members
from pytest_rekognition.strategies.oddities import ODDITIES
from pytest_rekognition.strategies.operations import api_name, checked_request, plain_requests, plain_responses

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hypothesis.strategies import DrawFn


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Variant:
    """One exchange with a legal oddity."""

    #: the API's name, such as `"DetectFaces"`
    operation: str
    #: what is odd, such as `box-off-image`
    name: str
    #: images as `bytes`
    request: dict[str, Any]
    #: wire JSON; keeps the contract, at times with a note
    response: dict[str, Any]

    def __repr__(self) -> str:
        return f"<Variant {self.name} of {self.operation}({show_members(self.request)}): {show(self.response)}>"

    def _repr_pretty_(self, printer: Any, _cycle: object) -> None:
        printer.text(repr(self))  # Hypothesis would print every member, so a hundred faces


@st.composite
def variants(draw: DrawFn, operation: str, request: Mapping[str, Any] | None = None) -> Variant:
    """Return exchanges with one legal oddity each, by name: what `docs/strategies.md` lists.

    With a request the response answers it. Every operation has `absent-optional-members`; the others apply where
    their members lie.
    """
    name = api_name(operation)
    given = checked_request(name, request)
    asked = draw(plain_requests(name)) if given is None else dict(given)
    chosen = draw(st.sampled_from([odd for odd, oddity in ODDITIES.items() if oddity.applies(name, asked)]))
    response = draw(plain_responses(name, asked, least=1, done=True))
    ODDITIES[chosen].change(name, response, asked)
    return Variant(operation=name, name=chosen, request=asked, response=response)
