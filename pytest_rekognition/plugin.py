"""The pytest plugin: options, marker, fixtures, and the line at the end of the run.

Nothing heavy is imported here: botocore, jsonschema and OpenCV come in with the first test that needs them.
"""

from __future__ import annotations

import importlib.util
from typing import TYPE_CHECKING, Any

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
#: Why a test did not run to its end.
_UNFINISHED = pytest.StashKey[str]()
_TALLY = pytest.StashKey["Tally | None"]()
_BLOCKS = ("test", "session")

seam.install()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Declare the command line and the ini file's options."""
    group = parser.getgroup("rekognition", "Amazon Rekognition stubs, recordings and contract checks")
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
    parser.addini("rekognition_mode", "the default mode: replay, reference or live", default="replay")
    parser.addini("rekognition_strict", "fail also for drift", type="bool", default=False)
    parser.addini("rekognition_engine", "the reference detector's engine, or auto", default="auto")
    parser.addini("rekognition_unrecorded", "unrecorded calls in replay: fail or reference", default="fail")
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

        wire.block(blocked=True)
        config.add_cleanup(lambda: wire.block(blocked=False))


def _ini(config: pytest.Config) -> dict[str, Any]:
    names = ("mode", "strict", "engine", "unrecorded")
    return {name: config.getini(f"rekognition_{name}") for name in names}


def _command_line(config: pytest.Config) -> dict[str, Any]:
    chosen = {"mode": config.getoption("rekognition_mode"), "strict": config.getoption("rekognition_strict")}
    return {name: value for name, value in chosen.items() if value is not None}


def _is_customised(config: pytest.Config) -> bool:
    defaults = {"mode": "replay", "strict": False, "engine": "auto", "unrecorded": "fail"}
    return bool(_command_line(config)) or _ini(config) != defaults


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


def pytest_itemcollected(item: pytest.Item) -> None:
    """Give the harness to a marked test, whether or not it asks for the fixture."""
    names = getattr(item, "fixturenames", None)
    if names is not None and item.get_closest_marker(_MARKER) and "rekognition" not in names:
        names.insert(0, "rekognition")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Remember which tests failed or were skipped: what they left behind is not held against them once more."""
    report = yield
    if call.when != "teardown" and not report.passed:
        item.stash[_UNFINISHED] = str(call.excinfo.value) if call.excinfo else ""
    return report


@pytest.fixture(scope="session")
def rekognition_config() -> Mapping[str, Any]:
    """Options for all tests in reach, by name (`mode`, `strict` …); override it at any scope."""
    return {}


@pytest.fixture
def rekognition(request: pytest.FixtureRequest, rekognition_config: Mapping[str, Any]) -> Generator[Rekognition]:
    """Answer this test's Rekognition calls, and hold every exchange against the contract."""
    from pytest_rekognition.harness import Rekognition  # noqa: PLC0415  not at plugin load

    keywords = _keywords(request, rekognition_config)
    harness = Rekognition(**keywords)
    harness.open()
    try:
        yield harness
    finally:
        harness.close()
        _count(request.config, harness)
    reason = request.node.stash.get(_UNFINISHED, None)
    if reason is None:
        _verify(harness)
    else:
        _append_section(request.node, [problem for problem in harness.problems() if problem != reason])


def _keywords(request: pytest.FixtureRequest, fixture: Mapping[str, Any]) -> dict[str, Any]:
    """Merge the options by precedence: command line over marker over fixture over ini."""
    __tracebackhide__ = True
    from pytest_rekognition.errors import UsageError  # noqa: PLC0415  not at plugin load

    merged = {**_ini(request.config), **fixture}
    for marker in reversed(list(request.node.iter_markers(_MARKER))):
        if marker.args:
            raise UsageError(
                f"@pytest.mark.rekognition takes keywords only in this version, not {marker.args[0]!r}:"
                " named cassettes are not part of it yet."
            )
        merged |= marker.kwargs
    return merged | _command_line(request.config)


def _verify(harness: Rekognition) -> None:
    """Fail the test for what it left behind, with the message alone: no line of code is at fault here."""
    from pytest_rekognition.report.messages import left_behind  # noqa: PLC0415  not at plugin load

    problems = harness.problems()
    if problems:
        pytest.fail(left_behind(problems), pytrace=False)


def _append_section(item: pytest.Item, problems: list[str]) -> None:
    if problems:
        item.add_report_section("teardown", "rekognition", "\n".join(problems))


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


def _count(config: pytest.Config, harness: Rekognition) -> None:
    drifts = [finding for finding in harness.findings if finding.severity == "drift"]
    _tally(config).add(harness.exchanges, drifts)


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
