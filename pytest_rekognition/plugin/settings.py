"""What a run is set to: the command line and the ini file, declared and checked once."""

from __future__ import annotations

import importlib.util
import os
import time
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import pytest

from pytest_rekognition.plugin import hookspecs

if TYPE_CHECKING:
    from pytest_rekognition.options import Options

MARKER = "rekognition"
#: When the run began, in seconds since the epoch.
BEGAN = pytest.StashKey[float]()
_BLOCKS = ("test", "session")
#: Modes in which every re-run would call the real service.
_LIVE_MODES = frozenset({"record", "rerecord", "live"})
#: The options of a test that the ini file may set, and what they are where it does not.
_INI_DEFAULTS = {
    "mode": "replay",
    "strict": False,
    "engine": "auto",
    "unrecorded": "fail",
    "keep_images": False,
    "embedder": "auto",
    "models": None,
    "s3_root": None,
}
#: Of these, the folders, relative to the root of the run.
_INI_FOLDERS = frozenset({"models", "s3_root"})
_INI_HELP = {
    "mode": "the default mode: replay, record, rerecord, once, reference or live",
    "strict": "fail also for drift",
    "engine": "the reference detector's engine, or auto",
    "unrecorded": "unrecorded calls in replay: fail or reference",
    "keep_images": "keep the images of recorded calls beside the cassettes",
    "embedder": "what tells the reference whose a face is: a name, auto, or an ONNX file relative to the root",
    "models": "a folder of weights for the reference, relative to the root of the run",
    "s3_root": "a folder that the reference reads in S3's place (DIR/BUCKET/KEY), relative to the root of the run",
}
#: The settings of the run, and their defaults.
_RUN_DEFAULTS = {"block_network": "test", "cassette_dir": "cassettes", "max_age": "", "variants": ""}
_RUN_HELP = {
    "block_network": "where Rekognition is out of reach: in each test that asks for the plugin (test), or"
    " everywhere (session)",
    "cassette_dir": "the folder of all cassettes, relative to the root of the run",
    "max_age": "tell of recordings that are older than this many days; 0 for never",
    "variants": "re-run each test with what the service may answer instead, at most so many times; 0 for never",
}
_MODES = (
    "who answers what no stub answers: replay (alias none), record (new_episodes), rerecord (all, rewrite), once,"
    " reference or live; wins over marker, fixture and ini"
)

_INI_ADVICE = ", such as 20, or 0 for not at all"
_COMMAND_LINE_ADVICE = ". On the command line write --rekognition-variants=N, or let the option come last"
_SESSION_BLOCK = (
    "from a test that does not use pytest-rekognition, and rekognition_block_network = session forbids that. Use"
    " the `rekognition` fixture or marker in the test, or set rekognition_block_network = test."
)


def pytest_addhooks(pluginmanager: pytest.PytestPluginManager) -> None:
    """Offer the hooks of this plugin."""
    pluginmanager.add_hookspecs(hookspecs)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Declare the command line and the ini file's options."""
    group = parser.getgroup(
        "rekognition", "Amazon Rekognition cassettes, stubs, reference answers, contract checks"
    )
    group.addoption("--rekognition-mode", metavar="MODE", help=_MODES)
    group.addoption(
        "--rekognition-strict",
        action="store_true",
        default=None,
        help="fail also for drift: members and values that the contract does not know yet",
    )
    group.addoption(
        "--rekognition-check",
        action="store_true",
        help="hold every recording of every cassette against the contract too, one test item each",
    )
    group.addoption(
        "--rekognition-variants",
        metavar="N",
        nargs="?",
        const=True,
        help="re-run each test with what the service may answer instead, and report what breaks the application;"
        " at most N times a test (default: 100); 0 for not at all",
    )
    group.addoption(
        "--rekognition-variant",
        metavar="NAME",
        help="run a test with one answer altered, by the name that the report has: DetectFaces#1:no-faces",
    )
    for name, default in _INI_DEFAULTS.items():
        kind: Literal["bool", "string"] = "bool" if isinstance(default, bool) else "string"
        parser.addini(
            f"rekognition_{name}", _INI_HELP[name], type=kind, default="" if default is None else default
        )
    for name, setting in _RUN_DEFAULTS.items():
        parser.addini(f"rekognition_{name}", _RUN_HELP[name], default=setting)


def pytest_configure(config: pytest.Config) -> None:
    """Declare the marker, check the settings once, and block the network where the whole session asks for it."""
    config.stash[BEGAN] = time.time()
    config.addinivalue_line(
        "markers",
        "rekognition(cassette, mode=..., strict=..., engine=..., embedder=..., models=..., s3_root=...,"
        " session=..., unrecorded=..., keep_images=...,"
        " allow_unused_stubs=..., allow_unanswered_calls=..., variants=..., may_break=...): answer this test's"
        " Rekognition calls, and hold them against the contract; the name of a cassette is for one that several"
        " tests share",
    )
    block = config.getini("rekognition_block_network")
    if block not in _BLOCKS:
        raise pytest.UsageError(f"rekognition_block_network is {block!r}; it is one of {', '.join(_BLOCKS)}.")
    max_age(config)
    _check_variants(config)
    if _is_customised(config):
        checked_settings(config)
    if config.getoption("rekognition_check") and cassette_dir(config).is_dir():
        config.args.append(str(cassette_dir(config)))
    if block == "session":
        from pytest_rekognition import wire  # noqa: PLC0415  not at plugin load

        session = ExitStack()
        session.enter_context(wire.blocked(_SESSION_BLOCK))
        config.add_cleanup(session.close)


def pytest_report_header(config: pytest.Config) -> list[str]:
    """Name the mode and the engine, where they are not the defaults, and what there is nothing to check of."""
    lines = []
    if _is_customised(config):
        settings = checked_settings(config)
        lines.append(f"rekognition: mode={settings.mode.value}, engine={_engine_name(settings)}")
    if config.getoption("rekognition_check") and not cassette_dir(config).is_dir():
        lines.append(f"rekognition: there is no cassette to check: no folder {cassette_dir(config)}")
    return lines


def cassette_dir(config: pytest.Config) -> Path:
    """Return the folder of all cassettes."""
    return Path(os.path.normpath(_below_root(config, config.getini("rekognition_cassette_dir"))))


def max_age(config: pytest.Config) -> int:
    """Return after how many days a recording is old; 0 for never."""
    days = config.getini("rekognition_max_age").strip() or "0"
    if not (days.isascii() and days.isdigit()):
        raise pytest.UsageError(
            f"rekognition_max_age is {days!r}; it is a number of days, such as 90, or 0 for never."
        )
    return int(days)


def _check_variants(config: pytest.Config) -> None:
    """Refuse numbers and names of variants that mean nothing, and a command line that would call the service."""
    _variants(config.getini("rekognition_variants").strip() or "0", "rekognition_variants", _INI_ADVICE)
    given = config.getoption("rekognition_variants")
    is_asked = given is True or (
        given is not None and _variants(given, "--rekognition-variants", _COMMAND_LINE_ADVICE) > 0
    )
    name = config.getoption("rekognition_variant")
    if name is not None:
        _check_variant(name)
    if not is_asked and name is None:
        return  # what the ini file asks for is passed over where it cannot be
    mode = checked_settings(config).mode
    if mode in _LIVE_MODES:
        raise pytest.UsageError(
            f"rekognition: variants are of answers that are at hand; mode {mode.value} would call the real service"
            " over and over. Record first, then try variants in mode replay."
        )


def _variants(number: str, option: str, advice: str) -> int:
    if not (number.isascii() and number.isdigit()):
        raise pytest.UsageError(f"{option} is {number!r}; it is a number of re-runs{advice}.")
    return int(number)


def _check_variant(name: str) -> None:
    from pytest_rekognition.errors import PytestRekognitionError  # noqa: PLC0415  not at plugin load
    from pytest_rekognition.plugin.sites import one_variant  # noqa: PLC0415

    try:
        one_variant(name)
    except PytestRekognitionError as error:
        raise pytest.UsageError(f"--rekognition-variant: {error}") from None


def ini(config: pytest.Config) -> dict[str, Any]:
    """Return the options of a test that the ini file sets."""
    chosen = {name: _ini_value(config, name) for name in _INI_DEFAULTS}
    return {**chosen, "variants": int(config.getini("rekognition_variants").strip() or 0)}


def _ini_value(config: pytest.Config, name: str) -> Any:
    try:
        value = config.getini(f"rekognition_{name}")
    except (ValueError, pytest.UsageError) as error:  # pytest's own need not say which option it is about
        raise pytest.UsageError(f"rekognition_{name}: {error}") from None
    if name in _INI_FOLDERS:
        return _below_root(config, value) if value else None
    if name == "embedder" and value != _INI_DEFAULTS[name]:
        from pytest_rekognition.backends.reference.engines import is_path  # noqa: PLC0415  not at plugin load

        return str(_below_root(config, value)) if is_path(value) else value
    return value


def _below_root(config: pytest.Config, value: str) -> Path:
    """Return a path of the ini file, relative to the root of the run; a leading `~` is the user's home."""
    from pytest_rekognition.options import expanded  # noqa: PLC0415  not at plugin load

    return config.rootpath / expanded(value)


def command_line(config: pytest.Config) -> dict[str, Any]:
    """Return the options of a test that the command line sets."""
    variants = config.getoption("rekognition_variants")
    chosen = {
        "mode": config.getoption("rekognition_mode"),
        "strict": config.getoption("rekognition_strict"),
        "variants": int(variants) if isinstance(variants, str) else variants,
    }
    return {name: value for name, value in chosen.items() if value is not None}


def _is_customised(config: pytest.Config) -> bool:
    return bool(command_line(config)) or ini(config) != {**_INI_DEFAULTS, "variants": 0}


def checked_settings(config: pytest.Config) -> Options:
    """Return the options of a test on which nothing else is set; a mistake in them is pytest's usage error."""
    from pytest_rekognition.errors import UsageError  # noqa: PLC0415  not at plugin load
    from pytest_rekognition.options import options  # noqa: PLC0415
    from pytest_rekognition.referencing import check_names  # noqa: PLC0415

    try:
        settings = options(ini(config), command_line(config))
        check_names(settings)  # missing weights are told in the header, and fail the tests that use them
    except UsageError as error:
        raise pytest.UsageError(f"rekognition: {error}") from None
    return settings


def _engine_name(settings: Options) -> str:
    if importlib.util.find_spec("cv2") is None:
        return "none (pip install 'pytest-rekognition[reference]')"
    from pytest_rekognition.backends.reference.engines import (  # noqa: PLC0415  not at plugin load
        engine_entry,
        missing_weights,
    )

    name = engine_entry(settings.engine, settings.models).name
    if missing_weights(name, "auto", settings.models) is None:
        return name
    return f"{name} (weights missing: pytest-rekognition models install {name})"
