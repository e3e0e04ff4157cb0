"""The engine table: the face detectors that the reference backend can look through.

A new engine is a module here and a row of `ENGINES`. OpenCV and numpy are imported when an engine is loaded.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from pytest_rekognition.backends.reference.engines.base import EngineEntry, Weights
from pytest_rekognition.backends.reference.engines.template import EYE_MEMBERS
from pytest_rekognition.errors import MissingDependencyError, UsageError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_rekognition.backends.reference.engines.base import Engine, Pixels
    from pytest_rekognition.images import ImageInfo

_WHEEL: Final = "in the opencv-python-headless wheel (cv2.data.haarcascades)"
_BEST_FIRST: Final = ("haar",)


def load_engine(name: str = "auto") -> Engine:
    """Return a new engine by its name, or with `"auto"` the best one present."""
    with _opencv():
        return engine_entry(name).load()


def engine_entry(name: str = "auto") -> EngineEntry:
    """Return an engine's row of the table; raises `UsageError` for a name that is not in it."""
    wanted = _BEST_FIRST[0] if name == "auto" else name
    if wanted not in ENGINES:
        choices = ", ".join(("auto", *ENGINES))
        near = did_you_mean(name, ("auto", *ENGINES))
        raise UsageError(f"{name!r} is no engine of the reference detector ({choices}){near}")
    return ENGINES[wanted]


def decode(data: bytes, info: ImageInfo) -> Pixels | None:
    """Return a PNG's or JPEG's pixels, a JPEG's turned upright by its Exif orientation, or None if that fails."""
    with _opencv():
        from pytest_rekognition.backends.reference.engines import pixels  # noqa: PLC0415 - needs the extra
    return pixels.decode(data, turn=info.media_type == "image/jpeg")


def _load_haar() -> Engine:
    from pytest_rekognition.backends.reference.engines.haar import HaarEngine  # noqa: PLC0415 - needs the extra

    return HaarEngine()


@contextmanager
def _opencv() -> Iterator[None]:
    try:
        yield
    except MissingDependencyError:
        raise
    except ImportError as missing:
        raise MissingDependencyError(
            "the reference backend", package="OpenCV (opencv-python-headless, with numpy)", extra="reference"
        ) from missing


#: the engines by name
ENGINES: Final = {
    entry.name: entry
    for entry in (
        EngineEntry(
            name="haar",
            files=(
                Weights(
                    name="haarcascade_frontalface_alt2.xml",
                    sha256="7b0c967d9abbdfbde025eb9c786947d151b6426040d07a8f9562ed8fd90724b4",
                    source=_WHEEL,
                ),
                Weights(
                    name="haarcascade_eye.xml",
                    sha256="71cc64fc305a355dc60067880f6fbbd43dd155bd63ee3844661a1bda34b2fd8c",
                    source=_WHEEL,
                ),
            ),
            measures=frozenset({"BoundingBox", "Quality"}) | EYE_MEMBERS,
            load=_load_haar,
        ),
    )
}
