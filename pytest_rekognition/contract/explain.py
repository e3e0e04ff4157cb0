"""Say what is wrong with a payload that its schema refuses. The only module that runs jsonschema."""

from __future__ import annotations

from functools import cache
from math import isfinite
from typing import TYPE_CHECKING, Any, NamedTuple

from pytest_rekognition.contract.paths import Steps, sort_key
from pytest_rekognition.contract.patterns import matches
from pytest_rekognition.contract.wording import schema_message

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from jsonschema.protocols import Validator


#: Where a fault lies: the steps to the value, and those to the schema's keyword.
Place = tuple[Steps, Steps]


class Fault(NamedTuple):
    """One broken schema keyword."""

    #: the steps to the member at fault; for a missing member, its own
    steps: Steps
    #: the schema keyword, such as `maximum`
    keyword: str
    message: str
    #: the offending value, or None where a member is missing
    value: Any


#: Of a payload that cannot be looked into.
NO_JSON = Fault((), "type", "is no JSON: it is nested too deeply, or holds what JSON cannot carry", None)


def faults(schema: Mapping[str, Any], payload: Any, places: Sequence[Place] = ()) -> list[Fault]:
    """Return every fault of the payload, sorted by path; of a value of the wrong type, only that.

    With `places` only those are looked at, which in a large payload is hundreds of times faster.
    """
    found = list(_faults_at(schema, payload, places)) or list(map(_fault, _errors(schema, payload)))
    mistyped = {sort_key(fault.steps) for fault in found if fault.keyword == "type"}
    kept = [fault for fault in found if fault.keyword == "type" or sort_key(fault.steps) not in mistyped]
    return sorted(kept, key=lambda fault: (sort_key(fault.steps), fault.keyword))


def agrees(schema: Mapping[str, Any], payload: Any) -> bool:
    """Return whether jsonschema accepts the payload: the differential test's other opinion."""
    return next(_errors(schema, payload), None) is None


def _errors(schema: Mapping[str, Any], payload: Any) -> Iterator[Any]:
    return _validator_class()(schema).iter_errors(payload)


def _fault(error: Any) -> Fault:
    keyword, value = error.validator, error.instance
    message = schema_message(keyword, value, error.validator_value, error.schema, error.message)
    return Fault(tuple(error.absolute_path), keyword, message, value)


def _faults_at(schema: Mapping[str, Any], payload: Any, places: Sequence[Place]) -> Iterator[Fault]:
    """Yield the faults of single keywords; none at all where a place is of no use, so that all is looked at."""
    if any("propertyNames" in shape for shape in schema["$defs"].values()):
        return  # a map's names may be empty or numbers, which the places of jsonschema-rs do not tell from others
    validator: Any = _validator_class()(schema)
    for steps, (*above, keyword) in dict.fromkeys(places):
        part, value = _follow(schema, above, schema), _follow(payload, steps, schema)
        for error in validator.VALIDATORS[keyword](validator, part[keyword], value, part):
            culprit = error.instance if error.absolute_path else value
            message = schema_message(str(keyword), culprit, part[keyword], part, error.message)
            yield Fault((*steps, *error.absolute_path), str(keyword), message, culprit)


def _follow(document: Any, steps: Iterable[Any], schema: Mapping[str, Any]) -> Any:
    """Return the part of a payload or a schema that steps lead to, through references too."""
    for step in steps:
        document = document[step]
        if step == "$ref":
            document = schema["$defs"][document.rpartition("/")[2]]
    return document


@cache
def _validator_class() -> type[Validator]:
    from jsonschema import Draft202012Validator, validators  # noqa: PLC0415  only a failure pays for it

    checks = {"type": _type, "enum": _enum, "pattern": _pattern, "required": _required}
    checks["additionalProperties"] = _additional
    numbers = Draft202012Validator.TYPE_CHECKER.redefine("number", _is_number)
    extended: Any = validators.extend(Draft202012Validator, checks, type_checker=numbers)  # type: ignore[no-untyped-call]
    return extended  # type: ignore[no-any-return]


def _error(message: str, **parts: Any) -> Any:
    from jsonschema import ValidationError  # noqa: PLC0415  only a failure pays for it

    return ValidationError(message, **parts)


def _type(validator: Any, expected: Any, value: object, _: Any) -> Iterator[Any]:
    """Hold values to JSON's: NaN, the infinities, decimal and complex numbers and lone surrogates are none."""
    kinds = [expected] if isinstance(expected, str) else expected
    if not _is_json(value):
        yield _error("is no JSON")
    elif not any(validator.is_type(value, kind) for kind in kinds):
        yield _error("has the wrong type")


def _is_number(_checker: Any, value: object) -> bool:
    """Tell numbers that can be compared with limits: jsonschema itself takes `Decimal` and complex for such."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_json(value: object) -> bool:
    if isinstance(value, float):
        return isfinite(value)
    if isinstance(value, str):
        return not any(map(_is_surrogate, value))
    return value is None or isinstance(value, bool | int | list | tuple | dict)


def _is_surrogate(character: str) -> bool:
    return "\ud800" <= character <= "\udfff"


def _enum(validator: Any, allowed: Any, value: object, schema: Any) -> Iterator[Any]:
    """Leave values of the wrong type to `type`: only unknown text may be the service's growth."""
    if not any(_type(validator, schema.get("type", "string"), value, schema)) and value not in allowed:
        yield _error("is not allowed")


def _pattern(_validator: Any, pattern: str, value: object, _: Any) -> Iterator[Any]:
    if isinstance(value, str) and not matches(pattern, value):
        yield _error("does not match")


def _required(_validator: Any, required: list[str], value: object, _: Any) -> Iterator[Any]:
    """Report each missing member under its own path."""
    if isinstance(value, dict):
        for name in required:
            if name not in value:
                yield _error("is missing", path=(name,), instance=None)


def _additional(validator: Any, allowed: Any, value: object, schema: Any) -> Iterator[Any]:
    """Report each unknown member under its own path; where a map is due, hold every value to its schema."""
    if not isinstance(value, dict):
        return
    for name in [name for name in value if name not in schema.get("properties", {})]:
        if allowed is False:
            yield _error("is unknown", path=(name,), instance=value[name])
        else:
            yield from validator.descend(value[name], allowed, path=name)
