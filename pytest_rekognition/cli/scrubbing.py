"""`pytest-rekognition cassettes scrub`: files of vcrpy and pytest-recording, made into clean cassettes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from pytest_rekognition.cli import files
from pytest_rekognition.cli.output import COULD_NOT, FOUND, WELL, complain, say
from pytest_rekognition.errors import CassetteError, PytestRekognitionError, UsageError
from pytest_rekognition.showing import plural, show_path

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pytest_rekognition.cassettes.foreign import Imported
    from pytest_rekognition.cli.files import Found


class _Job(NamedTuple):
    """A file, and where its scrubbed text goes."""

    source: Path
    target: Path


def scrub(
    paths: Annotated[
        list[Path],
        typer.Argument(metavar="PATH", help="Files of vcrpy or pytest-recording, or folders of them."),
    ],
    *,
    output: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR", help="Write here, under the same relative names; else each file is overwritten."
        ),
    ] = None,
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing; end with 1 if something would change.")
    ] = False,
) -> None:
    """Import vcrpy's files, and clean edited cassettes: credentials, account ids and images are left out.

    Says of each file what was dropped (calls of other services) and what was removed. A file that cannot be read
    is left as it is.

    Exit status: 0, done; 1, --check found something to do; 2, a file could not be scrubbed.
    """
    found, problems = files.find(paths, files.CASSETTES)
    changed = 0
    for job in _jobs(found, output):
        try:
            changed += _scrub(job, check=check)
        except (PytestRekognitionError, OSError) as error:
            problems.append(files.Problem(str(job.source), str(error)))
    for problem in problems:
        complain(problem.message)
    say(f"{plural(changed, 'file')} {'would change' if check else 'written'}")
    raise typer.Exit(COULD_NOT if problems else FOUND if check and changed else WELL)


def _jobs(found: Iterable[Found], output: Path | None) -> list[_Job]:
    """Return what is to be done, or raise `UsageError` before anything is."""
    jobs = [_job(file, output) for file in found if file.named or files.looks_like_cassette(file.path)]
    if not jobs:
        raise UsageError("there is no cassette in the paths given")
    sources: dict[Path, Path] = {}
    for job in jobs:
        other = sources.setdefault(job.target.resolve(), job.source)
        if other != job.source:
            raise UsageError(f"{other} and {job.source} would both become {job.target}: scrub them one by one")
    return jobs


def _job(file: Found, output: Path | None) -> _Job:
    if output is None:
        return _Job(file.path, file.path)
    inside = file.given.is_dir() and not file.named
    relative = file.path.relative_to(file.given) if inside else Path(file.path.name)
    return _Job(file.path, output / relative.with_suffix(_suffix(relative)))


def _suffix(path: Path) -> str:
    """Return the suffix of what is written, which is YAML."""
    return path.suffix if path.suffix in files.CASSETTES else ".yaml"


def _scrub(job: _Job, *, check: bool) -> bool:
    """Scrub a file, say what was done, and return whether anything changes."""
    if job.target == job.source and job.source.suffix not in files.CASSETTES:
        raise CassetteError(f"{show_path(job.source)}: it is no .yaml file; pass --output DIR to import it there")
    if not job.source.exists():
        raise CassetteError(f"{show_path(job.source)}: there is no such file")
    imported, changes = _dry(job) if check else _written(job)
    if imported.interactions:
        say(f"{show_path(job.source)}: {_told(job, imported, changes=changes)}")
    else:
        say(f"{show_path(job.source)}: left alone, it holds no Rekognition call")
    for sentence in dict.fromkeys(imported.dropped):
        times = imported.dropped.count(sentence)
        say(f"  dropped: {sentence}{f' ({times} times)' if times > 1 else ''}")
    for sentence in imported.repaired:
        say(f"  removed: {sentence}")
    return changes


def _told(job: _Job, imported: Imported, *, changes: bool) -> str:
    calls = plural(len(imported.interactions), "call")
    if not changes:
        return f"{calls}, nothing to change"
    return f"{calls} -> {show_path(job.target)}" if job.target != job.source else calls


def _written(job: _Job) -> tuple[Imported, bool]:
    from pytest_rekognition.cassettes import storage  # noqa: PLC0415  not for --help

    with storage.locked(job.target):
        imported, text = _cleaned(job.source)
        changes = _changes(job, imported, text)
        if changes:
            storage.replace(job.target, text)
    return imported, changes


def _dry(job: _Job) -> tuple[Imported, bool]:
    imported, text = _cleaned(job.source)
    return imported, _changes(job, imported, text)


def _changes(job: _Job, imported: Imported, text: bytes) -> bool:
    """Tell whether a text is to be written; raises `CassetteError` where it would overwrite another file."""
    before = job.target.read_bytes() if job.target.exists() else None
    changes = bool(imported.interactions) and text != before
    if changes and before is not None and not job.target.samefile(job.source):
        place = show_path(job.target)
        raise CassetteError(
            f"{show_path(job.source)}: {place} exists and is another file; move or remove it first"
        )
    return changes


def _cleaned(source: Path) -> tuple[Imported, bytes]:
    """Return what is left of a file, and its text; raises `CassetteError` naming the file, or `SecretError`."""
    from pytest_rekognition.cassettes import serializer  # noqa: PLC0415  not for --help
    from pytest_rekognition.cassettes.foreign import read_foreign  # noqa: PLC0415  likewise
    from pytest_rekognition.cassettes.interaction import to_entry  # noqa: PLC0415  likewise
    from pytest_rekognition.cassettes.secrets import refuse_secrets  # noqa: PLC0415  likewise

    try:
        imported = read_foreign(source.read_bytes().decode())
    except UnicodeDecodeError:
        raise CassetteError(f"{show_path(source)}: it is no UTF-8 text") from None
    except CassetteError as error:
        place = f"{show_path(source)}:{error.line}" if error.line else show_path(source)
        raise CassetteError(f"{place}: {error}") from None
    entries = [to_entry(interaction) for interaction in imported.interactions]
    text = serializer.serialize({"interactions": entries, "version": serializer.FORMAT_VERSION})
    refuse_secrets(text, imported.known, show_path(source))
    return imported, text.encode()
