"""Consistent sequences of pages."""

from __future__ import annotations

from copy import deepcopy
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

from pytest_rekognition import catalog
from pytest_rekognition.exchange import Exchange
from pytest_rekognition.strategies.operations import api_name, plain_requests, plain_responses
from pytest_rekognition.strategies.scalars import invalid

if TYPE_CHECKING:
    from hypothesis.strategies import DrawFn

    from pytest_rekognition.catalog import Pagination


@st.composite
def pages(draw: DrawFn, operation: str) -> list[Exchange]:
    """Return all pages of one listing, in order: the exchanges that a paginator makes.

    Each request carries the token that the page before gave, and the same limit. Every page but the last is full
    and gives a token; no result comes twice, and the order holds across pages. `InvalidArgument` for an operation
    without pages.
    """
    name = api_name(operation)
    pagination = catalog.operation(name).pagination
    if pagination is None:
        raise invalid(f"{name} has no pages; those that have are {', '.join(_paged())}")
    asked = draw(plain_requests(name))
    asked = {
        member: asked[member] for member in asked if member not in (pagination.input_token, pagination.limit_key)
    }
    whole = draw(plain_responses(name, asked, least=draw(st.integers(0, 3)), done=True))
    token = whole.pop(pagination.output_token, "") or draw(st.sampled_from(["next", "more="]))
    limit = draw(st.integers(1, 4))
    return _split(name, pagination, {**asked, pagination.limit_key: limit}, whole, token)


def _paged() -> list[str]:
    return [name for name in catalog.operations() if catalog.operation(name).pagination]


def _split(
    name: str, pagination: Pagination, request: dict[str, Any], whole: dict[str, Any], token: str
) -> list[Exchange]:
    """Return a whole answer in pages."""
    limit = request[pagination.limit_key]
    count = max(1, -(-len(whole.get(pagination.result_keys[0], ())) // limit))
    pages = []
    for number in range(count):
        shown = slice(number * limit, (number + 1) * limit)
        response = deepcopy(
            {member: part for member, part in whole.items() if member not in pagination.result_keys}
        )
        response |= {member: whole[member][shown] for member in pagination.result_keys if member in whole}
        asked = dict(request) | ({pagination.input_token: f"{token}{number}"} if number else {})
        if number + 1 < count:
            response[pagination.output_token] = f"{token}{number + 1}"
        pages.append(Exchange(operation=name, request=asked, response=response, source="generated"))
    return pages
