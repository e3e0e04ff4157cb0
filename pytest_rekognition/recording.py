"""From options to a cassette in use."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Literal

from pytest_rekognition.cassettes.cassette import Cassette
from pytest_rekognition.cassettes.settings import CassetteSettings
from pytest_rekognition.cassettes.vcrpy import AdaptedPersister, matches_by
from pytest_rekognition.errors import CassetteError, UsageError
from pytest_rekognition.options import Mode
from pytest_rekognition.showing import show, show_path

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_rekognition.options import Options

#: What a mode does with new recordings.
_WRITES: dict[Mode, Literal["add", "replace"]] = {Mode.RECORD: "add", Mode.RERECORD: "replace"}


def settled(settings: Options) -> Options:
    """Return options whose mode is what it comes to: `once` records where there is no cassette yet."""
    path = settings.cassette
    if path is None and (settings.mode.records or settings.mode is Mode.ONCE):
        raise UsageError(f"mode {settings.mode.value!r} needs a cassette to record to: pass cassette='NAME.yaml'")
    if settings.mode is not Mode.ONCE or path is None:
        return settings
    return replace(settings, mode=Mode.REPLAY if _is_older(path, settings.run_began) else Mode.RECORD)


def _is_older(path: Path, run_began: str) -> bool:
    """Tell whether there was a cassette before the run: others may have begun a shared one since."""
    if not path.exists():
        return False
    return not run_began or path.stat().st_mtime < datetime.fromisoformat(run_began).timestamp()


def cassette_of(settings: Options) -> Cassette | None:
    """Return the cassette that options name, in the use that their mode makes of it; None where it makes none."""
    if settings.cassette is None or settings.mode in {Mode.REFERENCE, Mode.LIVE}:
        return None
    persister, matcher = settings.persister, settings.matcher
    return Cassette(
        CassetteSettings(
            path=settings.cassette,
            root=settings.cassette_dir or settings.cassette.parent,
            replays=settings.mode in {Mode.REPLAY, Mode.RECORD},
            writes=_WRITES.get(settings.mode),
            shared=settings.shared_cassette,
            once=settings.strict,
            keep_images=settings.keep_images,
            project=settings.project,
            run_began=settings.run_began,
            scrub=settings.before_record,
            matches=None if matcher is None else matches_by(matcher),
            serializer=settings.serializer,
            persister=None if persister is None else AdaptedPersister(persister),
        )
    )


def as_cassette_error(error: Exception, cassette: Cassette) -> CassetteError:
    """Return an error of whatever was at work on a cassette (a hook, the disk) as one of this package."""
    if isinstance(error, CassetteError):
        return error
    return CassetteError(f"{show_path(cassette.path)}: {type(error).__name__}: {show(str(error))}")
