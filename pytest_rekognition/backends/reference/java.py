"""The service is written in Java, which its refusals show: how it prints values, and what it cannot convert."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final

from pytest_rekognition.backends.reference.refusals import invalid_parameters
from pytest_rekognition.errors import ServiceError
from pytest_rekognition.geometry import single

if TYPE_CHECKING:
    from collections.abc import Mapping

#: the most that an Integer holds; what may be more is a Long
_MOST_INTEGER: Final = 2**31 - 1
#: A Float is written out from the first of these to below the second, and with an exponent outside.
_PLAIN: Final = (1e-3, 1e7)
#: significant digits that tell any two Floats apart
_MOST_DIGITS: Final = 9
_FOUND_LIST: Final = "Start of list found where not expected"
_FOUND_STRUCTURE: Final = "Start of structure or map found where not expected."
_NUMBER: Final = "com.amazon.coral.value.json.numbers.TruncatingBigNumber"
#: what a value of JSON is read as, in the order in which Python's types are told apart
_CLASSES: Final = ((bool, "java.lang.Boolean"), (str, "java.lang.String"), ((int, float), _NUMBER))


def as_float(value: float) -> float:
    """Return a number as a Float holds it: rounded to 32 bits, infinite beyond them."""
    try:
        return single(float(value))
    except OverflowError:
        return math.inf if value > 0 else -math.inf


def printed(value: Any) -> str:
    """Return a value as Java prints it, its fractions as Floats."""
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(printed, value))}]"
    if isinstance(value, dict):
        return f"{{{', '.join(f'{name}={printed(member)}' for name, member in value.items())}}}"
    return _printed_float(as_float(value)) if isinstance(value, float) else str(value)


def _printed_float(value: float) -> str:
    """Return a Float's text: as few digits as tell it from its neighbours, but two at least."""
    if not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    texts = (f"{value:.{digits}e}" for digits in range(1, _MOST_DIGITS))
    shortest = next(text for text in texts if as_float(float(text)) == value)
    mantissa, _, exponent = shortest.partition("e")
    least, most = _PLAIN
    if value != 0 and not least <= abs(value) < most:
        return f"{mantissa}E{int(exponent)}"
    fraction = mantissa.partition(".")[2].rstrip("0")
    return f"{float(shortest):.{max(1, len(fraction) - int(exponent))}f}"


def unreadable(value: Any, schema: Mapping[str, Any]) -> ServiceError:
    """Return the error for a value of JSON that a shape's type cannot be read from.

    Recorded is "class java.lang.String can not be converted to an Float" (DetectModerationLabels,
    aws/aws-sdk-php issue 1863). The others are those of AWS services that speak the same protocol. A null that a
    list or a map holds is refused as a request that makes no sense.
    """
    if value is None:
        return invalid_parameters()
    return ServiceError("SerializationException", _misread(value, schema))


def _misread(value: Any, schema: Mapping[str, Any]) -> str:
    if isinstance(value, list | tuple):
        return _FOUND_LIST
    found = next((name for kind, name in _CLASSES if isinstance(value, kind)), None)
    if found is None:
        return _FOUND_STRUCTURE
    if schema["type"] == "array":
        return "Expected list or null"
    if schema["type"] == "object":
        return "Expected null" if "properties" in schema else "Expected map or null"
    if "contentEncoding" in schema:
        return f"class {found} can not be converted to a Blob"
    return f"class {found} can not be converted to an {_wanted(schema)}"


def _wanted(schema: Mapping[str, Any]) -> str:
    if schema["type"] == "integer":
        return "Integer" if schema.get("maximum", 0) <= _MOST_INTEGER else "Long"
    return {"string": "String", "boolean": "Boolean", "number": "Float"}[schema["type"]]
