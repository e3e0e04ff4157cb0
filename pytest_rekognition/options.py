"""What a test may set: in the ini file, a fixture, the marker or on the command line."""

from __future__ import annotations

from dataclasses import dataclass, fields
from enum import StrEnum
from numbers import Integral
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args

from pytest_rekognition.errors import UsageError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

Unrecorded = Literal["fail", "reference"]


class Mode(StrEnum):
    """Who answers the calls that no stub answers."""

    #: a recording; a call that was not recorded fails
    REPLAY = "replay"
    #: a recording, else the real service, whose answer is recorded
    RECORD = "record"
    #: the real service, whose answers replace the recording
    RERECORD = "rerecord"
    #: the reference backend, on this machine's CPU
    REFERENCE = "reference"
    #: the real service, nothing is written
    LIVE = "live"
    #: `record` where there is no cassette yet, else `replay`; a harness is in one of the two once it is open
    ONCE = "once"

    @property
    def offline(self) -> bool:
        """Whether no call may reach the network."""
        return self in {Mode.REPLAY, Mode.REFERENCE}

    @property
    def records(self) -> bool:
        """Whether answers of the real service are written to a cassette."""
        return self in {Mode.RECORD, Mode.RERECORD}


#: The names that vcrpy and pytest-recording have for modes.
ALIASES = {
    "none": Mode.REPLAY,
    "new_episodes": Mode.RECORD,
    "all": Mode.RERECORD,
    "rewrite": Mode.RERECORD,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """The options of one test. Construct it with `options(...)`, whose errors guess what was meant."""

    #: who answers the calls that no stub answers
    mode: Mode = Mode.REPLAY
    #: whether drift fails a test too
    strict: bool = False
    #: the reference detector's engine, or "auto" for the best one present
    engine: str = "auto"
    #: what tells the reference whose a face is: an embedder's name, the path of an ONNX network, or an `Embedder`
    embedder: Any = "auto"
    #: a folder of weights, which the reference looks into first
    models: Path | None = None
    #: a folder that the reference reads in S3's place: `ROOT/BUCKET/KEY`
    s3_root: Path | None = None
    #: the boto3 or botocore session whose S3 and SNS the reference uses, by default those of the calling client
    session: Any = None
    #: what an unrecorded call does in mode `replay`
    unrecorded: Unrecorded = "fail"
    #: whether a stub may stay unused
    allow_unused_stubs: bool = False
    #: whether a call that nobody answered may be swallowed by the code under test
    allow_unanswered_calls: bool = False
    #: how often at most pytest runs the test again, each time with one answer altered; 0 for not at all
    variants: int = 0
    #: names of alterations under which the application may break, such as `no-faces` or `DetectFaces#1:no-faces`
    may_break: tuple[str, ...] = ()
    #: the cassette's file, or None for no cassette
    cassette: Path | None = None
    #: the folder of all cassettes, by default the cassette's own
    cassette_dir: Path | None = None
    #: whether other tests use the cassette too, so that rerecording keeps their calls
    shared_cassette: bool = False
    #: when the run began, as recordings have it; what others rerecorded since in a shared cassette is kept
    run_began: str = ""
    #: whether the images of recorded calls are kept, below `images/` in the folder of all cassettes
    keep_images: bool = False
    #: a folder; where a recorded image is a file below it, the cassette names its path
    project: Path | None = None
    #: the command that records what a test misses, as its error is to show it
    record_command: str = ""
    #: scrubs a call (operation, stored request, its answer or None at a lookup) in place before it is recorded
    before_record: Callable[[str, dict[str, Any], dict[str, Any] | None], None] | None = None
    #: vcrpy's seams: a serializer, a persister and a matcher, in place of this package's own
    serializer: Any = None
    persister: Any = None
    matcher: Callable[[Any, Any], Any] | None = None

    @property
    def uses_reference(self) -> bool:
        """Whether the reference backend answers what no stub answers."""
        return self.mode is Mode.REFERENCE or (self.mode is Mode.REPLAY and self.unrecorded == "reference")


#: How often a test is run again at most, where `variants` is True.
DEFAULT_VARIANTS = 100
_PATHS = frozenset({"cassette", "cassette_dir", "models", "project", "s3_root"})
#: Options that are objects, and what each must have.
_SEAMS: dict[str, tuple[str, ...]] = {
    "before_record": ("__call__",),
    "serializer": ("serialize", "deserialize"),
    "persister": ("load_cassette", "save_cassette"),
    "matcher": ("__call__",),
}
_NAMES = tuple(field.name for field in fields(Options))


def options(*layers: Mapping[str, Any], unlisted: Collection[str] = ()) -> Options:
    """Merge layers of options, the later ones winning, and check every name and value of each layer.

    Raises `UsageError`, with a guess at what was meant, which is none of `unlisted`.
    """
    merged: dict[str, Any] = {}
    for layer in layers:
        for name, value in layer.items():
            if name not in _NAMES:
                known = [known for known in _NAMES if known not in unlisted]
                listed = ", ".join(known)
                raise UsageError(f"unknown option {name!r}{did_you_mean(name, known)} The options are {listed}.")
            merged[name] = _checked(name, value)
    return Options(**merged)


def _checked(name: str, value: Any) -> Any:
    if name == "mode":
        return _mode(value)
    if name == "unrecorded":
        return _choice(name, value, get_args(Unrecorded))
    if name in _FORMS:
        return _FORMS[name](value)
    if name in _PATHS:
        return _path(name, value)
    if name in _SEAMS:
        return _seam(name, value)
    expected = str if name in {"engine", "record_command", "run_began"} else bool
    if not isinstance(value, expected):
        raise UsageError(f"{name} must be a {expected.__name__}, not {value!r}")
    return value


def _mode(value: Any) -> Mode:
    name = _choice("mode", value, [*(mode.value for mode in Mode), *ALIASES])
    return ALIASES.get(name) or Mode(name)


def _variants(value: Any) -> int:
    if isinstance(value, bool):
        return DEFAULT_VARIANTS if value else 0
    if not isinstance(value, int) or value < 0:
        raise UsageError(f"variants must be True, False or a number of re-runs, not {value!r}")
    return value


def _may_break(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list | tuple) or not all(isinstance(item, str) for item in value):
        raise UsageError(f"may_break must be a list of names, such as ['no-faces'], not {value!r}")
    return tuple(value)


def _embedder(value: Any) -> Any:
    if isinstance(value, str | PathLike):
        return str(expanded(value))
    unfit = [member for member, fits in _EMBEDDER.items() if not fits(getattr(value, member, None))]
    if unfit or isinstance(value, type):
        lacking = f", which lacks such a {' and a '.join(unfit)}" if unfit else ""
        raise UsageError(
            "embedder must be a name, the path of an ONNX network, or an Embedder: an object with a name (a text),"
            f" a size (a whole number from 1), and the methods embed and similarity; not {value!r}{lacking}"
        )
    return value


def _is_size(value: Any) -> bool:
    return isinstance(value, Integral) and not isinstance(value, bool) and int(value) > 0


#: Members of an embedder, and what tells whether one will do.
_EMBEDDER: dict[str, Callable[[Any], bool]] = {
    "name": lambda value: isinstance(value, str),
    "size": _is_size,
    "embed": callable,
    "similarity": callable,
}


def _session(value: Any) -> Any:
    if not (value is None or callable(getattr(value, "create_client", None) or getattr(value, "client", None))):
        raise UsageError(f"session must be a session of boto3 or botocore, not {value!r}")
    return value


#: Options with a form of their own.
_FORMS: dict[str, Callable[[Any], Any]] = {
    "variants": _variants,
    "may_break": _may_break,
    "embedder": _embedder,
    "session": _session,
}


def _path(name: str, value: Any) -> Path | None:
    if value is not None and not isinstance(value, str | PathLike):
        raise UsageError(f"{name} must be a path, not {value!r}")
    return None if value is None else expanded(value)


def expanded(value: str | PathLike[str]) -> Path:
    """Return a path, a leading `~` being the user's home; one of an unknown user stays as it is."""
    try:
        return Path(value).expanduser()
    except RuntimeError:
        return Path(value)


def _seam(name: str, value: Any) -> Any:
    missing = [method for method in _SEAMS[name] if not callable(getattr(value, method, None))]
    if value is not None and missing:
        raise UsageError(f"{name} must have {' and '.join(_SEAMS[name])}, as in vcrpy; {value!r} has not")
    return value


def _choice(name: str, value: Any, known: Any) -> str:
    if not isinstance(value, str) or value not in known:
        raise UsageError(f"{name} must be one of {', '.join(known)}, not {value!r}{did_you_mean(value, known)}")
    return str(value)
