"""The engine table: the face detectors that the reference backend can look through.

A new engine is a module here, a row of `ENGINES` and its files in `files`. OpenCV and numpy are imported when an
engine is loaded.
"""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from pytest_rekognition.backends.reference import weights
from pytest_rekognition.backends.reference.engines import files
from pytest_rekognition.backends.reference.engines.base import EmbedderEntry, EngineEntry
from pytest_rekognition.backends.reference.engines.template import EYE_MEMBERS
from pytest_rekognition.errors import MissingDependencyError, UsageError, did_you_mean
from pytest_rekognition.showing import show_path

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_rekognition.backends.reference.engines.base import Embedder, Engine, Pixels
    from pytest_rekognition.backends.reference.weights import Weights
    from pytest_rekognition.images import ImageInfo

#: what the name of a network's file ends with
_NETWORK: Final = ".onnx"
#: who needs a network, and where it comes from
_ARCFACE: Final = "the arcface embedder"
_OWN_NETWORK: Final = "a network of your own, or choose the descriptor"
#: the members of `FaceDetail` that an engine with a face mesh measures
_BY_MESH: Final = frozenset(
    {"BoundingBox", "Quality", "Landmarks", "Pose", "Smile", "EyesOpen", "MouthOpen", "Emotions.HAPPY"}
)


def load_engine(name: str = "auto", folder: Path | None = None) -> Engine:
    """Return a new engine by its name, or with `"auto"` the best one present.

    Args:
        name: of the table, or `"auto"`.
        folder: of weights, looked into before the usual places; see `weights`.

    Raises:
        UsageError: no such engine, or no such folder.
        MissingDependencyError: OpenCV or numpy is not installed.
        WeightsError: the engine's weights are nowhere, or are not those that were measured.

    """
    with _opencv():
        return engine_entry(name, folder).load(folder)


def engine_entry(name: str = "auto", folder: Path | None = None) -> EngineEntry:
    """Return an engine's row of the table, be its weights there or not; of `"auto"` the best one's present.

    Raises `UsageError` for a name that is not in the table, or a folder that is not there. Nothing is read.
    """
    if name == "auto":
        return next(entry for entry in ENGINES.values() if is_present(entry, folder))
    if name not in ENGINES:
        choices = ", ".join(("auto", *ENGINES))
        near = did_you_mean(name, ("auto", *ENGINES))
        raise UsageError(f"{name!r} is no engine of the reference detector ({choices}){near}")
    return ENGINES[name]


def is_present(entry: EngineEntry, folder: Path | None = None) -> bool:
    """Tell by names and sizes whether an engine's files are there; OpenCV's own count as there."""
    return entry.embedded or weights.present(entry.files, folder)


def load_embedder(name: str = "auto", path: Path | None = None, folder: Path | None = None) -> Embedder:
    """Return a new embedder by its name, or with `"auto"` the best one present.

    Args:
        name: `"arcface"`, `"descriptor"` or `"auto"`: `arcface` where a network is named or found.
        path: an ArcFace-style network of the user's, an ONNX file; its sha256 is not pinned.
        folder: of weights, looked into before the usual places; see `weights`.

    Raises:
        UsageError: no such embedder, file or folder.
        MissingDependencyError: OpenCV or numpy is not installed.
        WeightsError: there is no network, or it is not the one that was pinned, or none that can be run.

    """
    wanted = embedder_entry(name, path, folder)
    with _opencv():
        return _load_arcface(path, folder) if wanted.name == "arcface" else _load_descriptor()


def embedder_entry(name: str = "auto", path: Path | None = None, folder: Path | None = None) -> EmbedderEntry:
    """Return an embedder's row of the table, as `engine_entry` does; `arguments` are those of `load_embedder`."""
    if name not in ("auto", *EMBEDDERS):
        choices = ", ".join(("auto", *EMBEDDERS))
        near = did_you_mean(name, ("auto", *EMBEDDERS))
        raise UsageError(f"{name!r} is no embedder of the reference detector ({choices}){near}")
    if path is not None and name == "descriptor":
        raise UsageError(f"the descriptor embedder reads no file: leave {path} out, or choose arcface")
    if name != "auto":
        return EMBEDDERS[name]
    found = path is not None or _network(folder) is not None
    return EMBEDDERS["arcface" if found else "descriptor"]


def embedder_choice(text: str, folder: Path | None = None) -> tuple[str, Path | None]:
    """Return the name in the table, and the user's own network, that an option `embedder` means.

    What is neither a name of the table nor `"auto"` is the path of a network, for `arcface`. Nothing is read.

    Raises:
        UsageError: there is neither a name nor a file like that.

    """
    path = Path(text)
    if text in ("auto", *EMBEDDERS) or not (path.is_file() or is_path(text)):
        return embedder_entry(text, folder=folder).name, None
    return "arcface", _own_network(path).resolve()


def is_path(text: str) -> bool:
    """Tell whether a text that names an embedder can only mean a file, be it there or not."""
    return Path(text).name != text or text.endswith(_NETWORK)


def missing_weights(engine: str, embedder: str, folder: Path | None = None) -> str | None:
    """Say what an engine and an embedder of the table lack, or return None; by names alone, nothing is read.

    `"auto"` lacks nothing: it takes what is there.
    """
    entry = engine_entry(engine, folder)
    lacking = [file for file in entry.files if not entry.embedded and weights.find(file, folder) is None]
    if lacking:
        return weights.missing(lacking[0], *_bringing(entry.name), folder)
    if embedder == "arcface" and not any(weights.find(file, folder) for file in EMBEDDERS["arcface"].files):
        return weights.missing(files.MOBILEFACENET, _ARCFACE, _OWN_NETWORK, folder)
    return None


def decode(data: bytes, info: ImageInfo) -> Pixels | None:
    """Return a PNG's or JPEG's pixels, a JPEG's turned upright by its Exif orientation, or None if that fails."""
    with _opencv():
        from pytest_rekognition.backends.reference.engines import pixels  # noqa: PLC0415 - needs the extra
    return pixels.decode(data, turn=info.media_type == "image/jpeg")


def _network(folder: Path | None) -> Weights | None:
    """Return the first known network that is there with its size."""
    return next((file for file in EMBEDDERS["arcface"].files if weights.present([file], folder)), None)


def _load_arcface(path: Path | None, folder: Path | None) -> Embedder:
    from pytest_rekognition.backends.reference.engines import arcface  # noqa: PLC0415 - needs the extra

    if path is not None:
        content = _own_network(path).read_bytes()
        digest = weights.digest_of(content)
        known = next((one.name for one in EMBEDDERS["arcface"].files if one.sha256 == digest), "")
        return arcface.ArcfaceEmbedder(content, arcface.LEVELS.get(known, arcface.ARCFACE))
    file = _network(folder) or files.MOBILEFACENET
    content = weights.read(file, _ARCFACE, _OWN_NETWORK, folder)
    return arcface.ArcfaceEmbedder(content, arcface.LEVELS[file.name])


def _own_network(path: Path) -> Path:
    if not path.is_file():
        raise UsageError(f"there is no file {show_path(path)}: name an ONNX file of an ArcFace-style network")
    return path


def _load_descriptor() -> Embedder:
    from pytest_rekognition.backends.reference.engines.descriptor import (  # noqa: PLC0415 - needs the extra
        DescriptorEmbedder,
    )

    return DescriptorEmbedder()


def _load_yunet(folder: Path | None) -> Engine:
    from pytest_rekognition.backends.reference.engines.yunet import YunetEngine  # noqa: PLC0415 - needs the extra

    return YunetEngine(*_contents("yunet", folder))


def _load_blaze(folder: Path | None) -> Engine:
    from pytest_rekognition.backends.reference.engines.blaze import BlazeEngine  # noqa: PLC0415 - needs the extra

    return BlazeEngine(*_contents("blaze", folder))


def _load_haar(_: Path | None) -> Engine:
    from pytest_rekognition.backends.reference.engines.haar import HaarEngine  # noqa: PLC0415 - needs the extra

    return HaarEngine()


def _contents(name: str, folder: Path | None) -> list[bytes]:
    """Return the contents of an engine's files, in the table's order."""
    feature, remedy = _bringing(name)
    return [weights.read(file, feature, remedy, folder) for file in ENGINES[name].files]


def _bringing(name: str) -> tuple[str, str]:
    """Return who needs an engine's files, and what brings them."""
    return f"the {name} engine", f"it with: pytest-rekognition models install {name}"


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


#: the engines by name, the best one first
ENGINES: Final = {
    entry.name: entry
    for entry in (
        EngineEntry(
            name="yunet",
            files=(files.YUNET_DETECTOR, files.YUNET_TASK),
            measures=_BY_MESH,
            load=_load_yunet,
        ),
        EngineEntry(
            name="blaze",
            files=(files.BLAZE_DETECTOR, files.BLAZE_MESH, files.BLAZE_IRIS),
            measures=_BY_MESH,
            load=_load_blaze,
        ),
        EngineEntry(
            name="haar",
            files=files.HAAR,
            measures=frozenset({"BoundingBox", "Quality"}) | EYE_MEMBERS,
            load=_load_haar,
            embedded=True,
        ),
    )
}

#: the embedders by name, the best one first
EMBEDDERS: Final = {
    entry.name: entry
    for entry in (
        EmbedderEntry(
            name="arcface",
            files=(files.MOBILEFACENET, files.SFACE),
            tells="the same person again",
        ),
        EmbedderEntry(
            name="descriptor",
            files=(),
            tells="the same photograph again, smaller, darker, mirrored or recompressed; no people",
        ),
    )
}
