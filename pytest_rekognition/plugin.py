"""The pytest plugin: options, marker, fixtures, and the line at the end of the run.

Nothing heavy is imported here: botocore, jsonschema and OpenCV come in with the first test that needs them.
"""

from __future__ import annotations

import importlib.util
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import pytest

from pytest_rekognition import seam

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Mapping

    from mypy_boto3_rekognition.client import RekognitionClient

    from pytest_rekognition.drawing import DrawnImage
    from pytest_rekognition.harness import Rekognition
    from pytest_rekognition.options import Options
    from pytest_rekognition.report.summary import Tally

_MARKER = "rekognition"
_XDIST_KEY = "rekognition_tally"
_WENT = pytest.StashKey["_Went"]()
_HARNESS = pytest.StashKey["Rekognition"]()
_TALLY = pytest.StashKey["Tally | None"]()
_BLOCKS = ("test", "session")
#: The options that the ini file may set, and what they are where it does not.
_INI_DEFAULTS = {"mode": "replay", "strict": False, "engine": "auto", "unrecorded": "fail"}
_INI_HELP = {
    "mode": "the default mode: replay, reference or live",
    "strict": "fail also for drift",
    "engine": "the reference detector's engine, or auto",
    "unrecorded": "unrecorded calls in replay: fail or reference",
}

_SESSION_BLOCK = (
    "from a test that does not use pytest-rekognition, and rekognition_block_network = session forbids that. Use"
    " the `rekognition` fixture or marker in the test, or set rekognition_block_network = test."
)
_TEARDOWN_BLOCK = (
    "from a fixture that is torn down after {test}, whose harness has closed. Make the call inside the test, or"
    " give the fixture a harness of its own: with Rekognition(...) as rekognition."
)


class _Went(NamedTuple):
    """How a test went."""

    #: `passed`, `skipped`, `failed`, or nothing where it did not get to run
    outcome: str
    #: what the exception that ended it says
    reason: str


seam.install()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Declare the command line and the ini file's options."""
    group = parser.getgroup("rekognition", "Amazon Rekognition stubs, reference answers and contract checks")
    group.addoption(
        "--rekognition-mode",
        metavar="MODE",
        help="who answers what no stub answers: replay, reference or live; wins over marker, fixture and ini",
    )
    group.addoption(
        "--rekognition-strict",
        action="store_true",
        default=None,
        help="fail also for drift: members and values that the contract does not know yet",
    )
    for name, default in _INI_DEFAULTS.items():
        kind: Literal["bool", "string"] = "bool" if isinstance(default, bool) else "string"
        parser.addini(f"rekognition_{name}", _INI_HELP[name], type=kind, default=default)
    parser.addini(
        "rekognition_block_network",
        "where Rekognition is out of reach: in each test that asks for the plugin (test), or everywhere (session)",
        default="test",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Declare the marker, check the settings once, and block the network where the whole session asks for it."""
    config.addinivalue_line(
        "markers",
        "rekognition(mode=..., strict=..., engine=..., unrecorded=..., allow_unused_stubs=...,"
        " allow_unanswered_calls=...): answer this test's Rekognition calls, and hold them against the contract",
    )
    config.stash[_TALLY] = None
    block = config.getini("rekognition_block_network")
    if block not in _BLOCKS:
        raise pytest.UsageError(f"rekognition_block_network is {block!r}; it is one of {', '.join(_BLOCKS)}.")
    if _is_customised(config):
        _checked_settings(config)
    if block == "session":
        from pytest_rekognition import wire  # noqa: PLC0415  not at plugin load

        session = ExitStack()
        session.enter_context(wire.blocked(_SESSION_BLOCK))
        config.add_cleanup(session.close)


def _ini(config: pytest.Config) -> dict[str, Any]:
    return {name: config.getini(f"rekognition_{name}") for name in _INI_DEFAULTS}


def _command_line(config: pytest.Config) -> dict[str, Any]:
    chosen = {"mode": config.getoption("rekognition_mode"), "strict": config.getoption("rekognition_strict")}
    return {name: value for name, value in chosen.items() if value is not None}


def _is_customised(config: pytest.Config) -> bool:
    return bool(_command_line(config)) or _ini(config) != _INI_DEFAULTS


def _checked_settings(config: pytest.Config) -> Options:
    from pytest_rekognition.backends.reference.engines import engine_entry  # noqa: PLC0415  not at plugin load
    from pytest_rekognition.errors import UsageError  # noqa: PLC0415
    from pytest_rekognition.options import options  # noqa: PLC0415

    try:
        settings = options(_ini(config), _command_line(config))
        engine_entry(settings.engine)
    except UsageError as error:
        raise pytest.UsageError(f"rekognition: {error}") from None
    return settings


def pytest_report_header(config: pytest.Config) -> str | None:
    """Name the mode and the engine, where they are not the defaults."""
    if not _is_customised(config):
        return None
    settings = _checked_settings(config)
    return f"rekognition: mode={settings.mode.value}, engine={_engine_name(settings.engine)}"


def _engine_name(engine: str) -> str:
    if importlib.util.find_spec("cv2") is None:
        return "none (pip install 'pytest-rekognition[reference]')"
    from pytest_rekognition.backends.reference.engines import engine_entry  # noqa: PLC0415  not at plugin load

    return engine_entry(engine).name


# --- one test ------------------------------------------------------------------------------------------------


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Open the harness of a test that asks for it, by fixture or marker, before its other fixtures are set up.

    The list is the test's own: the one that pytest has made is shared by all parameters of a function.
    """
    names = getattr(item, "fixturenames", None)
    if names is not None and ("rekognition" in names or item.get_closest_marker(_MARKER)):
        item.fixturenames = ["rekognition", *(name for name in names if name != "rekognition")]  # type: ignore[attr-defined]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item) -> Generator[None]:
    """Keep calls from the network also where a fixture of the test is torn down after the harness has closed."""
    harness = item.stash.get(_HARNESS, None)
    if harness is None or not harness.offline:
        return (yield)
    from pytest_rekognition.wire import blocked  # noqa: PLC0415  not at plugin load

    with blocked(_TEARDOWN_BLOCK.format(test=item.nodeid)):
        return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Remember how a test went: only one that ran to its end is held to everything that it left behind."""
    report = yield
    if call.when == "setup":
        item.stash[_WENT] = _Went("", "")
    elif call.when == "call":
        outcome = "failed" if hasattr(report, "wasxfail") else report.outcome
        item.stash[_WENT] = _Went(outcome, str(call.excinfo.value) if call.excinfo else "")
    return report


@pytest.fixture(scope="session")
def rekognition_config() -> Mapping[str, Any]:
    """Options for all tests in reach, by name (`mode`, `strict` …); override it at any scope."""
    return {}


@pytest.fixture
def rekognition(request: pytest.FixtureRequest, rekognition_config: Mapping[str, Any]) -> Generator[Rekognition]:
    """Answer this test's Rekognition calls, and hold every exchange against the contract."""
    harness = _harness(request, rekognition_config)
    harness.open()
    request.node.stash[_HARNESS] = harness
    try:
        yield harness
    finally:
        harness.close()
        _tally(request.config).add(harness.sources(), harness.drifts())
    _verify(request.node, harness)


def _harness(request: pytest.FixtureRequest, fixture: Mapping[str, Any]) -> Rekognition:
    """Create a test's harness; a mistake in its options is told without a traceback through this package."""
    from pytest_rekognition.errors import UsageError  # noqa: PLC0415  not at plugin load
    from pytest_rekognition.harness import Rekognition  # noqa: PLC0415

    try:
        return Rekognition(**_keywords(request, fixture))
    except UsageError as error:
        mistake = str(error)
    pytest.fail(mistake, pytrace=False)


def _keywords(request: pytest.FixtureRequest, fixture: Mapping[str, Any]) -> dict[str, Any]:
    """Merge the options by precedence: command line over marker over fixture over ini."""
    from pytest_rekognition.errors import UsageError  # noqa: PLC0415  not at plugin load

    if not hasattr(fixture, "keys"):
        raise UsageError(f"the fixture rekognition_config returns options by name, not {fixture!r}")
    merged = {**_ini(request.config), **fixture}
    for marker in reversed(list(request.node.iter_markers(_MARKER))):
        if marker.args:
            raise UsageError(
                f"@pytest.mark.rekognition takes keywords only in this version, not {marker.args[0]!r}:"
                " named cassettes are not part of it yet."
            )
        merged |= marker.kwargs
    return merged | _command_line(request.config)


def _verify(item: pytest.Item, harness: Rekognition) -> None:
    """Fail a test for what it left behind, with the message alone: no line of code is at fault here.

    A test that was skipped may leave stubs unused. One that failed already, or never ran, is not failed once more.
    """
    from pytest_rekognition.report.messages import left_behind  # noqa: PLC0415  not at plugin load

    went = item.stash.get(_WENT, _Went("", ""))
    problems = harness.problems(unused_stubs=went.outcome != "skipped")
    if problems and went.outcome in {"passed", "skipped"}:
        pytest.fail(left_behind(problems), pytrace=False)
    others = [problem for problem in problems if problem != went.reason]
    if others:
        item.add_report_section("teardown", "rekognition", "\n".join(others))


@pytest.fixture
def rekognition_client(rekognition: Rekognition) -> RekognitionClient:
    """Create a client that the harness answers, of boto3 where it is installed, else of botocore."""
    return rekognition.client()


@pytest.fixture
def face_image() -> Callable[..., DrawnImage]:
    """Draw synthetic faces, with their ground truth: `face_image(2)`, `face_image([DrawnFace(smile=True)])`."""
    from pytest_rekognition.drawing import draw  # noqa: PLC0415  not at plugin load

    return draw


# --- the whole run -------------------------------------------------------------------------------------------


def _tally(config: pytest.Config) -> Tally:
    tally = config.stash[_TALLY]
    if tally is None:
        from pytest_rekognition.report.summary import Tally  # noqa: PLC0415  not at plugin load

        tally = config.stash[_TALLY] = Tally()
    return tally


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Send a worker's counts to the controller of a distributed run."""
    tally = session.config.stash[_TALLY]
    output = getattr(session.config, "workeroutput", None)
    if output is not None and tally is not None:
        output[_XDIST_KEY] = tally.dump()


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Add a worker's counts to the controller's."""
    dumped = getattr(node, "workeroutput", {}).get(_XDIST_KEY)
    if dumped is not None:
        _tally(node.config).merge(dumped)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Write one quiet line, and with -v each drift."""
    tally = config.stash[_TALLY]
    line = tally.line() if tally is not None else None
    if tally is None or line is None:
        return
    terminalreporter.write_line(line)
    if config.get_verbosity() > 0:
        for detail in tally.details():
            terminalreporter.write_line(detail)
