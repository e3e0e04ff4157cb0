"""`pytest-rekognition cassettes prune`: what the last full run did not use is removed."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from pytest_rekognition.cli.output import FOUND, say
from pytest_rekognition.errors import CassetteError, UsageError
from pytest_rekognition.showing import plural, show_path

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pytest_rekognition.cassettes.interaction import Interaction

#: Where the plugin keeps its verdict, below pytest's cache folder.
VERDICT = Path("v", "rekognition", "unused")
_REMEDY = "run the whole test suite once with pytest, so that it is known what is unused"


class _Stale(NamedTuple):
    """A cassette with unused interactions, or one that no test used."""

    path: Path
    #: its name in the verdict
    name: str
    #: the digests of unused interactions; None where the whole file is unused
    unused: frozenset[str] | None
    #: the digest of the file at the time, where the verdict has one
    sha256: str | None

    def kept(self, interactions: Iterable[Interaction]) -> list[Interaction]:
        """Return what is to stay."""
        unused = self.unused
        return [] if unused is None else [one for one in interactions if one.digest not in unused]


def prune(
    folder: Annotated[
        Path | None,
        typer.Argument(metavar="[DIR]", help="Prune only what lies below this folder.", show_default=False),
    ] = None,
    *,
    cache_dir: Annotated[Path, typer.Option("--cache-dir", metavar="DIR", help="pytest's cache folder.")] = Path(
        ".pytest_cache"
    ),
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be removed, and remove nothing.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Remove recordings that the last full test run did not use.

    The run leaves its verdict in pytest's cache. Where there is none, or a cassette has changed since, nothing is
    removed.

    Exit status: 0, done, or nothing to do; 1, you said no; 2, refused.
    """
    place = cache_dir / VERDICT
    verdict = _read(place)
    stale = [one for one in _stale(verdict, cache_dir) if folder is None or _is_below(one.path, folder)]
    _refuse_changed(stale, place)
    if not stale:
        say("There is nothing to prune.")
        return
    for one in stale:
        say(_sentence(one))
    if dry_run:
        return
    if not yes and not typer.confirm("Remove them?"):
        say("Nothing was removed.")
        raise typer.Exit(FOUND)
    for one in stale:
        _remove(one)
        _forget(verdict, one, place)


def _read(place: Path) -> dict[str, Any]:
    """Return the verdict, checked as far as anything rests on it."""
    try:
        verdict: Any = json.loads(place.read_text("utf-8"))
    except FileNotFoundError:
        raise UsageError(f"there is no verdict of a full run at {place}: {_REMEDY}") from None
    except ValueError:
        raise UsageError(f"the verdict of the last full run at {place} is broken: {_REMEDY}") from None
    if not _is_known(verdict):
        raise UsageError(f"the verdict of the last full run at {place} is of another version: {_REMEDY}")
    checked: dict[str, Any] = verdict
    return checked


def _is_known(verdict: Any) -> bool:
    members = {"folder": str, "cassettes": dict, "orphans": list}
    return (
        isinstance(verdict, dict)
        and all(isinstance(verdict.get(name), kind) for name, kind in members.items())
        and all(
            isinstance(row, dict) and {"sha256", "unused"} <= row.keys() for row in verdict["cassettes"].values()
        )
    )


def _root(verdict: dict[str, Any], cache_dir: Path) -> Path:
    """Return the folder of all cassettes, which is told from the run's root: where the cache is, or above."""
    for above in cache_dir.resolve().parents:
        folder = Path(above, verdict["folder"])
        if folder.is_dir():
            return folder
    raise UsageError(f"the folder of cassettes of the last full run, {verdict['folder']}, is not there: {_REMEDY}")


def _stale(verdict: dict[str, Any], cache_dir: Path) -> Iterator[_Stale]:
    root = _root(verdict, cache_dir)
    for name, row in verdict["cassettes"].items():
        if row["unused"]:
            yield _Stale(_inside(root, name), name, frozenset(row["unused"]), row["sha256"])
    for name in verdict["orphans"]:
        path = _inside(root, name)
        if path.exists():
            yield _Stale(path, name, None, None)


def _inside(root: Path, name: str) -> Path:
    path = root / name
    if not path.resolve().is_relative_to(root.resolve()):
        raise UsageError(f"the verdict names {name!r}, which does not lie in {root}: {_REMEDY}")
    return path


def _is_below(path: Path, folder: Path) -> bool:
    return path.resolve().is_relative_to(folder.resolve())


def _refuse_changed(stale: Iterable[_Stale], place: Path) -> None:
    judged = place.stat().st_mtime_ns
    changed = [one for one in stale if _has_changed(one, judged)]
    if changed:
        names = ", ".join(show_path(one.path) for one in changed)
        raise UsageError(f"nothing was removed: {names} changed since the last full run: {_REMEDY} now")


def _has_changed(one: _Stale, judged: int) -> bool:
    """Tell whether a file is not the one that was judged: by its digest, or for an orphan by its time."""
    if not one.path.is_file():
        return True
    if one.sha256 is None:
        return one.path.stat().st_mtime_ns > judged
    return hashlib.sha256(one.path.read_bytes()).hexdigest() != one.sha256


def _sentence(one: _Stale) -> str:
    from pytest_rekognition.cassettes import storage  # noqa: PLC0415  not for --help

    if one.unused is None:
        return f"{show_path(one.path)}: the whole cassette, which no test uses"
    interactions = storage.read(one.path)
    removed = [interaction for interaction in interactions if interaction.digest in one.unused]
    if len(removed) == len(interactions):
        return f"{show_path(one.path)}: the whole cassette, of which nothing is used"
    operations = ", ".join(sorted({interaction.operation for interaction in removed}))
    return f"{show_path(one.path)}: {len(removed)} of {plural(len(interactions), 'interaction')} ({operations})"


def _remove(one: _Stale) -> None:
    """Remove what is unused, under the cassette's lock; a cassette of which nothing stays goes as a whole."""
    from pytest_rekognition.cassettes import storage  # noqa: PLC0415  not for --help

    def kept(interactions: list[Interaction]) -> list[Interaction]:
        _refuse_other(one)
        return one.kept(interactions)

    if one.unused is not None and one.kept(storage.read(one.path)):
        storage.Store(one.path).change(kept)
        return
    with storage.locked(one.path):
        _refuse_other(one)
        one.path.unlink()


def _refuse_other(one: _Stale) -> None:
    """Refuse, with the lock held, what has changed while the question was asked."""
    if one.sha256 is not None and _has_changed(one, 0):
        raise CassetteError(f"{show_path(one.path)} has just changed, and was left alone: {_REMEDY} again")


def _forget(verdict: dict[str, Any], one: _Stale, place: Path) -> None:
    """Keep in the verdict only what is still to be done."""
    if one.unused is None:
        verdict["orphans"].remove(one.name)
    else:
        del verdict["cassettes"][one.name]
    place.write_text(json.dumps(verdict), "utf-8")
