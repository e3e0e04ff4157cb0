"""Rules over a response's lists: their order, their length, and what they must echo of the request."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_rekognition.contract.paths import json_path, locate
from pytest_rekognition.contract.rules.base import Finding, Rule, kebab
from pytest_rekognition.contract.wording import shorten

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_rekognition.contract.paths import Steps
    from pytest_rekognition.contract.rules.base import Request
    from pytest_rekognition.exchange import Severity

#: Areas are products of rounded ratios: those this close together may come in either order.
_AREA_SLACK = 1e-6


def by_area(member: str, box: Steps, *, source: str) -> Rule:
    """Hold a list of faces to descending box area; `box` leads from an item to its box."""

    def check(response: Any, _: Request) -> Iterator[Finding]:
        last = float("inf")
        for index, item in enumerate(response.get(member, ())):
            area = _area(item, box)
            if area > last + _AREA_SLACK:
                message = f"covers {area:.4g} of the image, more than the face before it: the largest comes first"
                yield Finding((member, index, *box), message, item)
            last = area

    return Rule("faces-by-area", "breach", source, check)


def _area(item: Any, box: Steps) -> float:
    for step in box:
        item = item.get(step) or {}
    return item.get("Width", 0) * item.get("Height", 0)  # type: ignore[no-any-return]


def descending(member: str, key: str, *, source: str) -> Rule:
    """Hold a list to descending order of a member of its items."""

    def check(response: Any, _: Request) -> Iterator[Finding]:
        yield from _order(response, (member,), (key,), ascending=False)

    return Rule("sorted-by-" + kebab(key), "breach", source, check)


def sorted_by_time(member: str, *, index: Steps = (), by_index: str = "INDEX", source: str) -> Rule:
    """Hold a video's list to its timestamps, or where the request's `SortBy` says so, to its items' index."""

    def check(response: Any, request: Request) -> Iterator[Finding]:
        order = request.get("SortBy", "TIMESTAMP") if request is not None else None
        if index and order == by_index:
            yield from _grouped(response.get(member, ()), member, index)
        elif order is not None or not index or any(_grouped(response.get(member, ()), member, index)):
            yield from _order(response, (member,), ("Timestamp",), ascending=True)

    return Rule("sorted-by-time", "breach", source, check)


def _order(response: Any, where: Steps, key: Steps, *, ascending: bool) -> Iterator[Finding]:
    last: Any = None
    for steps, value in locate(response, (*where, "*", *key)):
        if last is not None and (value < last if ascending else value > last):
            word = "ascending" if ascending else "descending"
            relation = "below" if ascending else "above"
            message = f"is {shorten(value)}, {relation} the {shorten(last)} before it: the order is {word}"
            yield Finding(steps, message, value)
        last = value


def _grouped(items: Any, member: str, key: Steps) -> Iterator[Finding]:
    """Yield where the items of one person or celebrity do not stand together."""
    seen: set[Any] = set()
    last: Any = None
    for steps, value in locate(items, ("*", *key)):
        if value != last and value in seen:
            yield Finding(
                (member, *steps), f"is {shorten(value)} again, after others: SortBy groups the items", value
            )
        seen.add(value)
        last = value


def threshold(member: str, option: str, default: float, *, source: str) -> Rule:
    """Hold each match's `Similarity` to the threshold that the request asked for, or to its default."""

    def check(response: Any, request: Request) -> Iterator[Finding]:
        if request is None:
            return
        least = request.get(option, default)
        asked = f"the {option} asked for" if option in request else f"{option}'s default"
        for index, match in enumerate(response.get(member, ())):
            if match.get("Similarity", least) < least:
                message = f"is {shorten(match['Similarity'])}, below {asked}, {least}"
                yield Finding((member, index, "Similarity"), message, match["Similarity"])

    return Rule("above-threshold", "breach", source, check)


def confident_enough(member: str, option: str, *, source: str) -> Rule:
    """Hold each item's `Confidence` to what the request asked for."""

    def check(response: Any, request: Request) -> Iterator[Finding]:
        least = (request or {}).get(option, 0)
        for steps, confidence in locate(response, (member, "*", "Confidence")):
            if confidence < least:
                yield Finding(
                    steps, f"is {shorten(confidence)}, below the {option} asked for, {least}", confidence
                )

    return Rule("above-" + kebab(option), "breach", source, check)


def at_most(member: str, option: str, *, source: str, ceiling: int | None = None) -> Rule:
    """Hold a list's length to an option of the request, and to the service's own ceiling."""

    def check(response: Any, request: Request) -> Iterator[Finding]:
        limits = [limit for limit in ((request or {}).get(option), ceiling) if limit]
        items = response.get(member, ())
        if limits and len(items) > min(limits):
            yield Finding((member,), f"has {len(items):,} items, more than the {min(limits):,} of {option}", items)

    return Rule("at-most-" + kebab(option), "breach", source, check)


def together_at_most(members: tuple[str, ...], limit: int, *, source: str) -> Rule:
    """Hold several lists to one limit on their lengths' sum."""

    def check(response: Any, _: Request) -> Iterator[Finding]:
        total = sum(len(response.get(member, ())) for member in members)
        if total > limit:
            names = " and ".join(members)
            message = f"brings {names} to {total:,} items; the service returns the {limit} largest"
            yield Finding((members[0],), message, response.get(members[0]))

    return Rule("largest-only", "breach", source, check)


def echoes(member: Steps, option: str, *, source: str) -> Rule:
    """Hold a member of the response to the value that the request had."""

    def check(response: Any, request: Request) -> Iterator[Finding]:
        asked = (request or {}).get(option)
        for steps, value in locate(response, member):
            if asked is not None and value != asked:
                yield Finding(
                    steps, f"is {shorten(value)}, where the request's {option} is {shorten(asked)}", value
                )

    return Rule("echoes-" + kebab(option), "breach", source, check)


def among(where: Steps, option: str, *, source: str) -> Rule:
    """Hold ids to those that the request named."""

    def check(response: Any, request: Request) -> Iterator[Finding]:
        asked = (request or {}).get(option)
        if not asked:
            return
        for steps, value in locate(response, where):
            if value not in asked:
                yield Finding(steps, f"is {shorten(value)}, which is none of the request's {option}", value)

    return Rule("among-" + kebab(option), "breach", source, check)


def unique(*wheres: Steps, source: str, severity: Severity = "breach") -> Rule:
    """Hold ids to appearing once, across all the lists named."""

    def check(response: Any, _: Request) -> Iterator[Finding]:
        seen: dict[Any, Steps] = {}
        for where in wheres:
            for steps, value in locate(response, where):
                if value in seen:
                    yield Finding(steps, f"is {shorten(value)} again, as in {json_path(seen[value])}", value)
                seen.setdefault(value, steps)

    return Rule("ids-unique", severity, source, check)
