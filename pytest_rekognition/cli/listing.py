"""`pytest-rekognition cassettes ls` and `show`: what cassettes hold, for people."""

from __future__ import annotations

import json
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pytest_rekognition.cli import files
from pytest_rekognition.cli.output import COULD_NOT, columns, complain, say
from pytest_rekognition.errors import PytestRekognitionError, UsageError
from pytest_rekognition.showing import plural, show_path
from pytest_rekognition.showing import show as show_value

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pytest_rekognition.cassettes.interaction import Interaction

_HEAD = ("cassette", "interactions", "operations", "oldest", "source", "bytes")
#: The columns that are numbers.
_NUMBERS = frozenset({"interactions", "bytes"})


def ls(
    folder: Annotated[
        Path, typer.Argument(metavar="[DIR]", help="The folder to look into; this one if none is given.")
    ] = Path(),
) -> None:
    """List cassettes: how many calls each holds, of which operations, since when and from where."""
    found, problems = files.find([folder], files.CASSETTES)
    rows = []
    for file in found:
        try:
            if file.named or files.looks_like_cassette(file.path):
                rows.append(_row(file.path))
        except (PytestRekognitionError, OSError) as error:
            problems.append(files.Problem(str(file.path), str(error)))
    if rows:
        _print(rows)
    elif not problems:
        say(f"There is no cassette below {folder.resolve()}.")
    for problem in problems:
        complain(problem.message)
    raise typer.Exit(COULD_NOT if problems else 0)


def show(
    cassette: Annotated[Path, typer.Argument(metavar="CASSETTE", help="The cassette's file.")],
    index: Annotated[
        int | None, typer.Option(min=0, help="Show one interaction only; the first is 0.", show_default=False)
    ] = None,
) -> None:
    """Show what a cassette holds: each call, its answer, and where both come from. Images are summarised."""
    from pytest_rekognition.cassettes import storage  # noqa: PLC0415  only here

    if cassette.is_dir():
        raise UsageError(f"{cassette} is a folder; list it with: pytest-rekognition cassettes ls {cassette}")
    try:
        interactions = storage.read(cassette)
    except FileNotFoundError:
        raise UsageError(f"{cassette}: there is no such file") from None
    chosen = range(len(interactions)) if index is None else [index]
    if index is not None and index >= len(interactions):
        held = plural(len(interactions), "interaction")
        raise UsageError(f"{cassette} has no interaction {index}: it holds {held}, the first is 0")
    say("\n\n".join("\n".join(_lines(number, interactions[number])) for number in chosen) or "no interactions")


def _row(path: Path) -> tuple[str, ...]:
    from pytest_rekognition.cassettes import storage  # noqa: PLC0415  only where there is one

    interactions = storage.read(path)
    operations = Counter(interaction.operation for interaction in interactions)
    times = [interaction.recorded.at for interaction in interactions if interaction.recorded.at]
    return (
        show_path(path),
        str(len(interactions)),
        ", ".join(sorted(operations)) or "-",
        min(times)[:10] if times else "-",
        ", ".join(sorted({interaction.recorded.source for interaction in interactions})) or "-",
        str(path.stat().st_size),
    )


def _print(rows: Sequence[Sequence[str]]) -> None:
    """Print a table: drawn in a terminal, plain and stable elsewhere."""
    if not sys.stdout.isatty():
        say(columns([_HEAD, *rows]))
        return
    from rich.console import Console  # noqa: PLC0415  only in a terminal
    from rich.table import Table  # noqa: PLC0415  likewise
    from rich.text import Text  # noqa: PLC0415  likewise

    table = Table()
    for name in _HEAD:
        table.add_column(name, justify="right" if name in _NUMBERS else "left")
    for row in rows:
        table.add_row(*map(Text, row))
    Console().print(table)


def _lines(number: int, interaction: Interaction) -> Iterator[str]:
    from pytest_rekognition.cassettes.interaction import reason  # noqa: PLC0415  only where there is one
    from pytest_rekognition.cassettes.stored import summarised  # noqa: PLC0415  likewise

    yield f"#{number} {interaction.operation}: {interaction.status} {reason(interaction.status)}".rstrip()
    yield f"  {_origin(interaction)}"
    yield f"  digest {interaction.digest}"
    yield "  call"
    yield _indented(summarised(interaction.operation, interaction.request))
    yield "  answer"
    yield _indented(_answer(interaction)) if interaction.document is not None else f"    {_text(interaction)}"


def _origin(interaction: Interaction) -> str:
    told = interaction.recorded
    parts = [f"recorded {told.at or 'at an unknown time'}", f"source {told.source}"]
    parts += [f"{name} {value}" for name in ("region", "botocore", "contract") if (value := getattr(told, name))]
    return ", ".join([*parts, *([interaction.uri] if interaction.uri else [])])


def _text(interaction: Interaction) -> str:
    return show_value(interaction.body)


def _answer(interaction: Interaction) -> Any:
    """Return the answer's document; bytes that a person put into the file are summarised all the same."""
    from pytest_rekognition import catalog  # noqa: PLC0415  only where there is an interaction
    from pytest_rekognition.members import converted  # noqa: PLC0415  likewise

    document = interaction.document
    for path in catalog.operation(interaction.operation).response_blobs:
        document = converted(document, path, _summary)
    return document


def _summary(value: Any) -> Any:
    if isinstance(value, str):
        return f"<{len(value):,} characters>"
    return value


def _indented(document: Any) -> str:
    text = json.dumps(document, indent=2, ensure_ascii=False)
    return "\n".join(f"    {line}" for line in text.splitlines())
