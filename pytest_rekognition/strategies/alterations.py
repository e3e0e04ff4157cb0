"""A given answer made odd: the legal oddities and the drifts that an application may meet in its place."""

from __future__ import annotations

from copy import deepcopy
from functools import cache
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from pytest_rekognition import catalog
from pytest_rekognition.contract import Contract
from pytest_rekognition.strategies.faults import UNKNOWN_VALUE, growth, may_grow
from pytest_rekognition.strategies.oddities import ODDITIES
from pytest_rekognition.strategies.operations import ATTRIBUTE_OPTIONS
from pytest_rekognition.strategies.shapes import resolved

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from pytest_rekognition.contract.paths import Steps
    from pytest_rekognition.strategies.faults import Fault

    Wire = dict[str, Any]
    #: Alters a copy of an answer in place, and returns what the application gets next, if it goes on as it should.
    #: A LookupError says that the answer lacks what would be altered.
    Change = Callable[[str, Wire, Mapping[str, Any]], "Rest | None"]

#: What leads to the page that was split off.
TOKEN: Final = "rekognition-variant"  # noqa: S105  no secret
#: One unknown member in every structure of an answer.
UNKNOWN_MEMBER: Final = "unknown-member"
#: An unknown value in an enumeration's place, and one more item that has it; the enumeration's path follows.
UNKNOWN: Final = "unknown-value"
ADDED: Final = "added-value"
#: The five landmarks that every face has are always the same: what is new comes in addition.
_FIXED: Final = "Landmarks.Type"


class Rest(NamedTuple):
    """What follows on an altered answer."""

    #: the answer to the next call that has the member with the value
    answer: Wire
    #: the request's member
    member: str
    value: Any
    #: the request of the altered answer, where the next one has to ask for the same
    first: Mapping[str, Any] | None = None
    #: the member that may differ all the same, as a page's size does
    free: str = ""
    #: whether it follows every time, as on what has failed: there is nothing to wait for
    is_final: bool = False

    def answers(self, request: Mapping[str, Any]) -> bool:
        """Tell whether a request goes on where the altered answer ended."""
        return bool(request.get(self.member) == self.value)

    def stray(self, request: Mapping[str, Any]) -> str:
        """Return the first member by which a request that goes on asks for something else, or nothing."""
        if self.first is None:
            return ""
        compared = [name for name in {**self.first, **request} if name not in {self.member, self.free}]
        return next((name for name in compared if self.first.get(name) != request.get(name)), "")


class Alteration(NamedTuple):
    """An answer that the service may give in place of another one."""

    #: such as `no-faces` or `unknown-value:FaceDetails.Emotions.Type`
    name: str
    #: whether it says the same, so that what a test expects of the application still holds
    is_same: bool
    #: wire JSON; keeps the contract, or holds drift where the name says so
    answer: Wire
    #: what follows on it, or None
    rest: Rest | None = None

    @property
    def is_failure(self) -> bool:
        """Whether the service says that it has failed, so that the application has to say so too."""
        return self.rest is not None and self.rest.is_final


def alterations(operation: str, request: Mapping[str, Any], response: Mapping[str, Any]) -> Iterator[Alteration]:
    """Yield what the service may answer in place of a response to a request, both wire JSON; always in one order.

    Nothing is yielded that leaves the response as it is, or that breaks the contract.
    """
    for name in _applying(operation, request, response):
        altered = alteration(name, operation, request, response)
        if altered is not None:
            yield altered


def alteration(
    name: str, operation: str, request: Mapping[str, Any], response: Mapping[str, Any]
) -> Alteration | None:
    """Return one alteration of a response by its name; None where it does not apply."""
    altered = deepcopy(dict(response))
    try:
        rest = _change(name)(operation, altered, request)
    except LookupError:
        return None
    answers = [altered] if rest is None else [altered, rest.answer]
    if altered == response or any(_breaks(operation, request, answer) for answer in answers):
        return None
    return Alteration(name, _kind(name) in SAME, altered, rest)


@cache
def names(operation: str) -> tuple[str, ...]:
    """Return the name of every alteration that answers of an operation may have, whatever was asked."""
    odd = [name for name, oddity in ODDITIES.items() if oddity.applies(operation, _widest(operation))]
    if not _has_optional_members(operation):
        odd.remove("absent-optional-members")
    return (*odd, *_unknown_values(_enumerations(catalog.schema(operation, "response"))), UNKNOWN_MEMBER)


def _unknown_values(found: Iterable[Steps]) -> list[str]:
    """Return the names of what may become of enumerations."""
    paths = dict.fromkeys((_path(steps), _is_nested(steps)) for steps in found)
    unknown = [f"{UNKNOWN}:{path}" for path, _ in paths if not path.endswith(_FIXED)]
    return unknown + [f"{ADDED}:{path}" for path, is_nested in paths if is_nested]


def _widest(operation: str) -> Wire:
    """Return what of a request each oddity applies to that may apply to an operation."""
    option = ATTRIBUTE_OPTIONS.get(operation)
    return {"MaxResults": 1} | ({option: ["ALL"]} if option else {})


def _has_optional_members(operation: str) -> bool:
    schema = catalog.schema(operation, "response")
    return bool(set(schema.get("properties", ())) - set(schema.get("required", ())))


def _enumerations(schema: Wire, steps: Steps = ()) -> Iterator[Steps]:
    """Yield where a schema's enumerations lie that may grow; 0 stands for a list's items."""
    schema = resolved(schema)
    if "enum" in schema and any(may_grow(schema, value) for value in schema["enum"]):
        yield steps
    for name, member in schema.get("properties", {}).items():
        yield from _enumerations(member, (*steps, name))
    if "items" in schema:
        yield from _enumerations(schema["items"], (*steps, 0))


def _kind(name: str) -> str:
    return name.partition(":")[0]


def _applying(operation: str, request: Mapping[str, Any], response: Mapping[str, Any]) -> list[str]:
    """Return the names that may apply to a response."""
    odd = [name for name, oddity in ODDITIES.items() if name in _OWN or oddity.applies(operation, request)]
    found = (fault.steps for fault in _growth("enum", operation, dict(response)))
    return [*odd, *_unknown_values(found), UNKNOWN_MEMBER]


def _breaks(operation: str, request: Mapping[str, Any], response: Wire) -> bool:
    """Tell whether a response to a request breaks the contract."""
    return any(found.severity == "breach" for found in Contract(operation).check_response(response, request))


# --- the changes ---------------------------------------------------------------------------------------------


def _change(name: str) -> Change:
    kind, _, path = name.partition(":")
    if kind == UNKNOWN:
        return _unknown(path)
    if kind == ADDED:
        return _added(path)
    return _OWN.get(kind) or _oddity(kind)


def _oddity(name: str) -> Change:
    def change(operation: str, response: Wire, request: Mapping[str, Any]) -> None:
        ODDITIES[name].change(operation, response, request)

    return change


def _more_pages(operation: str, response: Wire, request: Mapping[str, Any]) -> Rest:
    """Split an answer in two pages; a job's page has a token only where it is full."""
    pagination = _pagination(operation)
    rest = deepcopy(response)
    listed = [member for member in pagination.result_keys if member in response]
    count = len(response[listed[0]])
    if not count:
        raise LookupError
    is_full = count == request.get(pagination.limit_key)
    first = count if "JobStatus" in response and is_full else count // 2
    for member in listed:
        response[member], rest[member] = response[member][:first], rest[member][first:]
    response[pagination.output_token] = TOKEN
    return Rest(rest, pagination.input_token, TOKEN, request, pagination.limit_key)


def _empty_page(operation: str, response: Wire, request: Mapping[str, Any]) -> Rest:
    """Have an empty page before the answer."""
    pagination = _pagination(operation)
    if not ODDITIES["empty-page"].applies(operation, request) or not response[pagination.result_keys[0]]:
        raise LookupError
    rest = deepcopy(response)
    response.update({member: [] for member in pagination.result_keys if member in response})
    response[pagination.output_token] = TOKEN
    return Rest(rest, pagination.input_token, TOKEN, request, pagination.limit_key)


def _pagination(operation: str) -> catalog.Pagination:
    pagination = catalog.operation(operation).pagination
    if pagination is None:
        raise LookupError
    return pagination


def _unfinished(name: str, status: str, ident: str) -> Change:
    """Have a job or a session end after the next poll only."""

    def change(operation: str, response: Wire, request: Mapping[str, Any]) -> Rest:
        if response.get(status) != "SUCCEEDED" or "NextToken" in request:
            raise LookupError
        rest = deepcopy(response)
        ODDITIES[name].change(operation, response, request)
        return Rest(rest, ident, request[ident])

    return change


def _ended(name: str, status: str, ident: str) -> Change:
    """Have a job or a session come to nothing: so every further poll says."""

    def change(operation: str, response: Wire, request: Mapping[str, Any]) -> Rest:
        if response.get(status) not in ("SUCCEEDED", "IN_PROGRESS", "CREATED") or "NextToken" in request:
            raise LookupError
        ODDITIES[name].change(operation, response, request)
        return Rest(response, ident, request[ident], is_final=True)

    return change


def _rotate_0(operation: str, response: Wire, request: Mapping[str, Any]) -> None:
    """Say that the image stands upright, where nothing was said of it."""
    if any("Orientation" in member for member in response):
        raise LookupError
    ODDITIES["rotate-0"].change(operation, response, request)


def _unknown_members(operation: str, response: Wire, _: Mapping[str, Any]) -> None:
    for fault in _growth("additionalProperties", operation, response):
        fault.apply()


def _unknown(path: str) -> Change:
    """Put an unknown value in an enumeration's place, in a list in the first one's: for an emotion, the surest."""

    def change(operation: str, response: Wire, _: Mapping[str, Any]) -> None:
        for fault in _growth("enum", operation, response):
            if _path(fault.steps) == path and _last_index(fault.steps) == 0:
                fault.apply()

    return change


def _added(path: str) -> Change:
    """Add a copy of a list's last item with an unknown value: what was there still stands."""

    def change(operation: str, response: Wire, _: Mapping[str, Any]) -> None:
        found = [fault.steps for fault in _growth("enum", operation, response)]
        lists = {steps[:-2]: steps[-1] for steps in found if _path(steps) == path and _is_nested(steps)}
        for where, member in lists.items():
            items: Any = response
            for step in where:
                items = items[step]
            items.append({**deepcopy(items[-1]), member: UNKNOWN_VALUE})

    return change


def _is_nested(steps: Steps) -> bool:
    """Tell an enumeration in the items of a list that an item of another one has, as a face has emotions.

    One more item of an outer list, such as a face, would be other data.
    """
    return (
        isinstance(steps[-1], str)
        and isinstance(steps[-2:][0], int)
        and any(isinstance(step, int) for step in steps[:-2])
    )


def _growth(rule: str, operation: str, response: Wire) -> list[Fault]:
    return [fault for fault in growth(catalog.schema(operation, "response"), response) if fault.rule == rule]


def _path(steps: Steps) -> str:
    return ".".join(step for step in steps if isinstance(step, str))


def _last_index(steps: Steps) -> int:
    return next((step for step in reversed(steps) if isinstance(step, int)), 0)


#: The member that says how it went, and the one of the request that asks.
_JOB: Final = ("JobStatus", "JobId")
_SESSION: Final = ("Status", "SessionId")
#: Alterations beside the plain oddities, and in place of those that need another answer to follow.
_OWN: Final[dict[str, Change]] = {
    "more-pages": _more_pages,
    "empty-page": _empty_page,
    "unfinished-job": _unfinished("unfinished-job", *_JOB),
    "failed-job": _ended("failed-job", *_JOB),
    "unfinished-session": _unfinished("unfinished-session", *_SESSION),
    "expired-session": _ended("expired-session", *_SESSION),
    "failed-session": _ended("failed-session", *_SESSION),
    "rotate-0": _rotate_0,
    UNKNOWN_MEMBER: _unknown_members,
}
#: Those that say the same as the answer that they stand for.
SAME: Final = frozenset(
    {
        "more-pages",
        "empty-page",
        "unfinished-job",
        "unfinished-session",
        "rotate-0",
        "unsorted-emotions",
        UNKNOWN_MEMBER,
        ADDED,
    }
)
