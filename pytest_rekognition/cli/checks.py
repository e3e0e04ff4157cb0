"""`pytest-rekognition check`: files of exchanges held against the contract."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003  typer reads it
from typing import TYPE_CHECKING, Annotated

import typer

from pytest_rekognition.cli import files
from pytest_rekognition.cli.files import Problem
from pytest_rekognition.cli.outcome import Checked, Format, Outcome
from pytest_rekognition.cli.output import COULD_NOT, FOUND, WELL
from pytest_rekognition.errors import PytestRekognitionError
from pytest_rekognition.showing import show_path

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pytest_rekognition.cli.files import Found


def check(
    paths: Annotated[
        list[Path],
        typer.Argument(
            metavar="PATH",
            help="Cassettes (.yaml, .yml), JSON documents (.json, .jsonl), folders of them, or patterns.",
            show_default=False,
        ),
    ],
    *,
    format_: Annotated[Format, typer.Option("--format", help="How to print what was found.")] = Format.TEXT,
    strict: Annotated[bool, typer.Option("--strict", help="Fail for drift too.")] = False,
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="Print only what fails the check, and no summary.")
    ] = False,
) -> None:
    """Hold every recorded call and every JSON document against the documented contract.

    A JSON document is {"operation": "DetectFaces", "request": {...}, "response": {...}}, with "error": {"code":
    ..., "message": ...} in place of the response of a failure. Without a request only the answer is checked.

    Exit status: 0, no breach (with --strict: and no drift); 1, breaches; 2, something could not be checked.
    """
    from pytest_rekognition.cli import formats  # noqa: PLC0415  only here

    outcome = check_files(paths)
    fatal = {"breach", "drift"} if strict else {"breach"}
    if quiet:
        outcome = _only(outcome, fatal)
    formats.WRITERS[format_](outcome, summary=not quiet)
    severities = {violation.severity for exchange in outcome.checked for violation in exchange.violations}
    raise typer.Exit(COULD_NOT if outcome.errors else FOUND if severities & fatal else WELL)


def check_files(paths: Sequence[Path]) -> Outcome:
    """Return what is wrong with the exchanges of files, folders and patterns."""
    found, errors = files.find(paths, files.CASSETTES | files.DOCUMENTS)
    checked: list[Checked] = []
    read = skipped = 0
    for file in found:
        try:
            if not file.named and not _is_ours(file.path):
                skipped += 1
                continue
            checked += _checked(file)
            read += 1
        except (PytestRekognitionError, OSError) as error:
            errors.append(Problem(show_path(file.path), str(error)))
    if not checked and not errors:
        where = ", ".join(map(str, paths))
        others = f" ({skipped} other files)" if skipped else ""
        errors.append(Problem(where, f"{where}: there is no exchange to check{others}"))
    return Outcome(read, checked, errors, skipped)


def _only(outcome: Outcome, severities: set[str]) -> Outcome:
    kept = [
        exchange._replace(violations=[found for found in exchange.violations if found.severity in severities])
        for exchange in outcome.checked
    ]
    return outcome._replace(checked=kept)


def _is_ours(path: Path) -> bool:
    """Tell whether a file of a folder is a cassette or a document, be it broken or not."""
    if path.suffix in files.CASSETTES:
        return files.looks_like_cassette(path)
    from pytest_rekognition.documents import DocumentError, read_values  # noqa: PLC0415  only where there is one

    try:
        return any(isinstance(value, dict) and "operation" in value for value in read_values(path))
    except DocumentError:
        return b'"operation"' in path.read_bytes()


def _checked(file: Found) -> Iterator[Checked]:
    name = show_path(file.path)
    if file.path.suffix in files.CASSETTES:
        from pytest_rekognition.cassettes import storage  # noqa: PLC0415  only where there is one
        from pytest_rekognition.checking import check_interaction  # noqa: PLC0415  likewise

        for index, recorded in enumerate(storage.read(file.path)):
            yield Checked(name, index, recorded.operation, recorded.recorded.at, check_interaction(recorded))
    elif file.path.suffix in files.DOCUMENTS:
        from pytest_rekognition.checking import check_exchange  # noqa: PLC0415  only where there is one
        from pytest_rekognition.documents import read_documents  # noqa: PLC0415  likewise

        for index, exchange in enumerate(read_documents(file.path)):
            yield Checked(name, index, exchange.operation, None, check_exchange(exchange))
    else:
        raise PytestRekognitionError(
            f"{name}: it is neither a cassette (.yaml, .yml) nor a JSON document (.json, .jsonl)"
        )
