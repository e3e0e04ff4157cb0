"""The near misses reach every rule of the contract's table and every keyword of its schemas."""

from contextlib import suppress
from copy import deepcopy

import pytest
from hypothesis import Phase, find, settings
from hypothesis import strategies as st
from hypothesis.errors import NoSuchExample

from pytest_rekognition import catalog
from pytest_rekognition.contract import wire_values
from pytest_rekognition.contract.paths import locate
from pytest_rekognition.contract.patterns import matches
from pytest_rekognition.contract.rules import rows
from pytest_rekognition.members import converted
from pytest_rekognition.strategies.faults import schema_faults
from pytest_rekognition.strategies.operations import plain_requests, plain_responses
from pytest_rekognition.strategies.shapes import Compiler, resolved
from pytest_rekognition.strategies.spoilers import Case, request_faults
from pytest_rekognition.strategies.spoilt import rule_faults

search = settings(
    max_examples=300,
    phases=[Phase.generate],
    derandomize=True,
    database=None,
    deadline=None,
)

#: Why a rule cannot be broken alone in some parts of responses.
NO_AGES = "this face has no AgeRange: one is drift, or more than the default attributes"
NO_EMOTIONS = "this face has no Emotions: they are more than the default attributes"
ONE_FACE = "a record's face and its detail have one box: another one breaks their agreement too"
SCHEMA = "the schema's maxItems is the same limit, and comes first"
UNREACHABLE = {
    ("CompareFaces", "FaceMatches.*.Face", "age-range-ordered"): NO_AGES,
    ("CompareFaces", "UnmatchedFaces.*", "age-range-ordered"): NO_AGES,
    ("DetectProtectiveEquipment", "", "largest-only"): SCHEMA,
    ("GetCelebrityRecognition", "Celebrities.*.Celebrity.Face", "age-range-ordered"): NO_AGES,
    ("GetCelebrityRecognition", "Celebrities.*.Celebrity.Face", "emotion-types-unique"): NO_EMOTIONS,
    ("GetFaceSearch", "Persons.*.Person.Face", "age-range-ordered"): NO_AGES,
    ("GetFaceSearch", "Persons.*.Person.Face", "emotion-types-unique"): NO_EMOTIONS,
    ("GetPersonTracking", "Persons.*.Person.Face", "age-range-ordered"): NO_AGES,
    ("GetPersonTracking", "Persons.*.Person.Face", "emotion-types-unique"): NO_EMOTIONS,
    ("IndexFaces", "FaceRecords.*.Face", "box-in-image"): ONE_FACE,
    ("IndexFaces", "FaceRecords.*.FaceDetail", "box-in-image"): ONE_FACE,
    ("RecognizeCelebrities", "CelebrityFaces.*.Face", "age-range-ordered"): NO_AGES,
    ("RecognizeCelebrities", "UnrecognizedFaces.*", "age-range-ordered"): NO_AGES,
}


@pytest.mark.parametrize(
    ("operation", "side"),
    [(name, side) for name in catalog.operations() for side in ("request", "response") if rows(name, side)],
)
def test_every_rule_of_the_table_has_a_near_miss(operation, side):
    """In each part of a payload, each rule whose violation is a breach is broken, but for those known to hide."""
    lacking = set(due(operation, side))

    def is_all(broken):
        lacking.difference_update(broken)
        return not lacking

    with suppress(NoSuchExample):
        if lacking:
            find(broken_rules(operation, side), is_all, settings=search)
    assert set() == lacking


def test_each_exception_is_a_rule_of_the_table():
    """What is said to be out of reach is in the table, and a breach."""
    table = {
        (operation, place(row.where), rule.name)
        for operation in catalog.operations()
        for row in rows(operation, "response")
        for rule in row.rules
        if rule.severity == "breach"
    }
    assert set() == set(UNREACHABLE) - table


def due(operation, side):
    """Yield each rule of the table over a member that the payload has, by its part and its place there."""
    members = catalog.schema(operation, side).get("properties", {})
    for row in rows(operation, side):
        for number, rule in enumerate(row.rules):
            is_due = rule.severity == "breach" and (operation, place(row.where), rule.name) not in UNREACHABLE
            if is_due and {*row.where[:1]} <= {*members}:
                yield place(row.where), rule.name, number


@st.composite
def broken_rules(draw, operation, side):
    """Return the rules that the faults of an exchange break, each kind of fault tried once."""
    request = draw(plain_requests(operation))
    case = Case(operation, request, draw(plain_responses(operation, request, least=2)))
    kinds = {}
    for number, fault in enumerate(faults(side, case)):
        kinds.setdefault((fault.rule, place(fault.steps)), number)
    return {found for number in kinds.values() for found in broken_by(case, side, number)}


def broken_by(case, side, number):
    """Yield the rules that one of the faults of an exchange breaks."""
    broken = Case(case.operation, *deepcopy(case[1:]))
    faults(side, broken)[number].apply()
    request = converted(broken.request, ("Image", "Bytes"), wire_values.blob)
    for name in ("SourceImage", "TargetImage"):
        request = converted(request, (name, "Bytes"), wire_values.blob)
    payload = broken.response if side == "response" else request
    for row in rows(case.operation, side):
        for place_in_row, rule in enumerate(row.rules):
            if any(any(rule.check(part, request)) for _, part in locate(payload, row.where)):
                yield place(row.where), rule.name, place_in_row


def faults(side, case):
    return list(request_faults(case.operation, case.request) if side == "request" else rule_faults(case))


def place(steps):
    return ".".join("*" if isinstance(step, int) else str(step) for step in steps)


# --- schemas -------------------------------------------------------------------------------------------------

#: Characters of which some pattern takes each, and some takes none.
CHARACTERS = ("a", "1", "§", "\n")
#: Limits that are broken in a payload of their own.
LIMITS = (
    "exclusiveMinimum",
    "maxItems",
    "maxLength",
    "maxProperties",
    "maximum",
    "minItems",
    "minLength",
    "minimum",
    "pattern",
)


#: Members that break their pattern where they are longer: it has a length itself.
FIXED_LENGTH = ("SessionId", "Version", "Minimum", "Maximum")


@pytest.mark.parametrize("side", ["request", "response"])
@pytest.mark.parametrize("operation", catalog.operations())
def test_every_keyword_of_a_schema_has_a_near_miss(operation, side):
    """Each keyword that a payload can break alone is broken, in every place of it, maps included."""
    schema = catalog.schema(operation, side)
    found = {(fault.rule, place(fault.steps)) for fault in schema_faults(side, schema, whole(schema))}
    due = {
        (keyword, where)
        for keyword, where in keywords(side, schema)
        if keyword != "maxLength" or not where.endswith(FIXED_LENGTH)
    }
    assert set() == due - found


def whole(schema):
    """Return a payload with every member, one item in each list and one entry in each map."""
    schema = resolved(schema)
    if "properties" in schema:
        return {name: whole(member) for name, member in schema["properties"].items()}
    if "items" in schema:
        return [whole(schema["items"])]
    if "propertyNames" in schema:
        return {"key": whole(schema["additionalProperties"])}
    return find(Compiler("response", {}).value(schema), lambda _: True, settings=search)


def keywords(side, schema, where=()):
    """Yield each keyword of a schema with its place, but for what is drift in a response."""
    schema = resolved(schema)
    if where:
        yield "type", place(where)
    for name, member in schema.get("properties", {}).items():
        yield from keywords(side, member, (*where, name))
    yield from (("required", place((*where, name))) for name in schema.get("required", ()))
    if side == "request" and schema.get("additionalProperties") is False:
        yield "additionalProperties", place((*where, "UnheardOf"))
    if side == "request" and "enum" in schema:
        yield "enum", place(where)
    yield from ((name, place(where)) for name in LIMITS if breakable(schema, name))
    if "items" in schema:
        yield from keywords(side, schema["items"], (*where, 0))
    if "propertyNames" in schema:
        yield from keywords(side, schema["additionalProperties"], (*where, "key"))
        names = resolved(schema["propertyNames"])
        yield from ((name, place(where)) for name in LIMITS if breakable(names, name))


def breakable(schema, keyword):
    """Tell a limit that can be broken, and no other one with it."""
    if keyword not in schema or "enum" in schema:
        return False
    limit, pattern = schema[keyword], schema.get("pattern")
    if keyword == "pattern":  # some take any text
        return not all(matches(pattern, text * max(schema.get("minLength", 1), 1)) for text in CHARACTERS)
    if keyword == "minLength" and pattern:  # most take no shorter one
        return any(matches(pattern, text * length) for text in CHARACTERS for length in range(limit))
    return limit != 0 if keyword == "minItems" else abs(limit) < 2**53  # JSON has no whole numbers beyond
