"""What `check` found, and the formats in which it can be printed."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from pytest_rekognition.cli.files import Problem
    from pytest_rekognition.exchange import Violation


class Format(StrEnum):
    """How the findings are printed; `formats.WRITERS` has a row for each."""

    TEXT = "text"
    JSON = "json"


class Checked(NamedTuple):
    """One exchange of a file."""

    file: str
    #: its place in the file, from 0
    number: int
    operation: str
    #: when it was recorded, where the file says so
    recorded: str | None
    violations: list[Violation]


class Outcome(NamedTuple):
    """What was found in all the files."""

    #: how many held exchanges
    files: int
    checked: list[Checked]
    errors: list[Problem]
    #: how many files of folders are something else
    skipped: int
