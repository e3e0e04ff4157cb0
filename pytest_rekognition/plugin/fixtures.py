"""The fixtures."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pytest_rekognition.plugin import places, settings
from pytest_rekognition.plugin.items import HARNESS, KEYWORDS, WENT, Went
from pytest_rekognition.plugin.run import account_for

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator, Mapping

    from mypy_boto3_rekognition.client import RekognitionClient

    from pytest_rekognition.drawing import DrawnImage, DrawnVideo
    from pytest_rekognition.harness import Rekognition
    from pytest_rekognition.serve import Endpoint

#: The cassettes that tests have asked for, by their path in small letters.
_PATHS: pytest.StashKey[dict[str, str]] = pytest.StashKey()
#: Options that follow from which test it is.
_OURS = ("cassette", "cassette_dir", "shared_cassette", "project", "record_command", "run_began")


@pytest.fixture(scope="session")
def rekognition_config() -> Mapping[str, Any]:
    """Options for all tests in reach, by name (`mode`, `strict` …); override it at any scope."""
    return {}


@pytest.fixture(scope="session")
def rekognition_cassette_dir(pytestconfig: pytest.Config) -> Path:
    """Return the folder of all cassettes: the ini file's `rekognition_cassette_dir`; override it at any scope."""
    return settings.cassette_dir(pytestconfig)


@pytest.fixture
def rekognition_cassette_name(request: pytest.FixtureRequest) -> str:
    """Return the test's cassette, relative to the folder of all; override it where several tests share one."""
    with _told():
        return places.marked_name(request.node) or _default_name(request.node)


@pytest.fixture
def rekognition(
    request: pytest.FixtureRequest,
    rekognition_config: Mapping[str, Any],
    rekognition_cassette_dir: Path,
    rekognition_cassette_name: str,
) -> Generator[Rekognition]:
    """Answer this test's Rekognition calls, and hold every exchange against the contract."""
    from pytest_rekognition.harness import Rekognition  # noqa: PLC0415  not at plugin load
    from pytest_rekognition.plugin import finder  # noqa: PLC0415

    item = request.node
    with _told():
        own = _own_keywords(item, Path(rekognition_cassette_dir), rekognition_cassette_name)
        item.stash[KEYWORDS] = _keywords(item, rekognition_config, own)
        harness = Rekognition(**item.stash[KEYWORDS])
        harness.alter = finder.altering(item, harness.options)
    harness.open()
    item.stash[HARNESS] = harness
    try:
        yield harness
    finally:
        harness.close(passed=item.stash.get(WENT, Went()).outcome == "passed")
        account_for(request.config, harness)
    _verify(item, harness)
    finder.verify(item, harness)


@contextmanager
def _told() -> Iterator[None]:
    """Tell a mistake in the options of a test without a traceback through this package."""
    from pytest_rekognition.errors import UnknownOperationError, UsageError  # noqa: PLC0415  not at plugin load

    try:
        yield
    except (UsageError, UnknownOperationError) as error:
        raise pytest.fail.Exception(str(error), pytrace=False) from None


def _default_name(item: pytest.Item) -> str:
    return str(places.default_path(item)).removesuffix(".yaml")


def _own_keywords(item: pytest.Item, folder: Path, name: str) -> dict[str, Any]:
    """Return the options that follow from which test it is."""
    from pytest_rekognition.cassettes.naming import named_path  # noqa: PLC0415
    from pytest_rekognition.cassettes.settings import stamp  # noqa: PLC0415  not at plugin load
    from pytest_rekognition.errors import UsageError  # noqa: PLC0415

    if not isinstance(name, str):
        raise UsageError(
            f"the fixture rekognition_cassette_name returns a name such as 'shared/staff', not {name!r}"
        )
    path = named_path(places.marked_name(item) or name)
    _refuse_twin(item.config, str(folder / path))
    own = {
        "cassette": folder / path,
        "cassette_dir": folder,
        "shared_cassette": path != places.default_path(item),
        "project": places.project_of(item.config.rootpath),
        "record_command": places.record_command(item),
        "run_began": stamp(datetime.fromtimestamp(item.config.stash[settings.BEGAN], UTC)),
    }
    hook = item.ihook.pytest_rekognition_before_record
    if hook.get_hookimpls():
        own["before_record"] = lambda operation, request, response: hook(
            operation=operation, request=request, response=response
        )
    return own


def _refuse_twin(config: pytest.Config, path: str) -> None:
    """Refuse, everywhere, a cassette that is another test's on the file systems that ignore case."""
    from pytest_rekognition.errors import UsageError  # noqa: PLC0415  not at plugin load

    first = config.stash.setdefault(_PATHS, {}).setdefault(path.casefold(), path)
    if first != path:
        raise UsageError(
            f"{path} and {first} are one file where a file system ignores case. Rename a test, or name one of the"
            " cassettes with @pytest.mark.rekognition('NAME')."
        )


def _keywords(item: pytest.Item, fixture: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    """Merge the options by precedence: command line over marker over fixture over ini."""
    from pytest_rekognition.errors import UsageError  # noqa: PLC0415  not at plugin load
    from pytest_rekognition.options import options  # noqa: PLC0415

    if not hasattr(fixture, "keys"):
        raise UsageError(f"the fixture rekognition_config returns options by name, not {fixture!r}")
    given = dict(fixture)
    for marker in reversed(list(item.iter_markers(settings.MARKER))):
        given |= marker.kwargs
    refused = [name for name in _OURS if name in given]
    if refused:
        raise UsageError(
            f"{refused[0]!r} follows from the test itself. Name a cassette with @pytest.mark.rekognition('NAME')"
            " or the fixture rekognition_cassette_name, its folder with the ini option or the fixture"
            " rekognition_cassette_dir."
        )
    # what is wrong is told, also where another layer wins over it
    options(fixture, *(marker.kwargs for marker in item.iter_markers(settings.MARKER)), unlisted=_OURS)
    chosen = settings.command_line(item.config)
    if given.get("variants") is False:  # a test that must not be run twice, whatever the command line says
        chosen.pop("variants", None)
    return {**settings.ini(item.config), **own, **given, **chosen}


def _verify(item: pytest.Item, harness: Rekognition) -> None:
    """Fail a test for what it left behind, with the message alone: no line of code is at fault here.

    A test that was skipped may leave stubs unused. One that failed already, or never ran, is not failed once more.
    """
    from pytest_rekognition.report.messages import left_behind  # noqa: PLC0415  not at plugin load

    went = item.stash.get(WENT, Went())
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
def rekognition_endpoint(rekognition: Rekognition) -> Generator[Endpoint]:
    """Answer over HTTP, for other processes and SDKs: from this test's stubs, else from its reference backend."""
    from pytest_rekognition.serve import Endpoint, ReferenceApp  # noqa: PLC0415  not at plugin load

    with Endpoint(ReferenceApp(rekognition.reference, answer=rekognition.answer_http)) as endpoint:
        yield endpoint


@pytest.fixture
def face_image() -> Callable[..., DrawnImage]:
    """Draw synthetic faces, with their ground truth: `face_image(2)`, `face_image([DrawnFace(smile=True)])`."""
    from pytest_rekognition.drawing import draw  # noqa: PLC0415  not at plugin load

    return draw


@pytest.fixture
def face_video() -> Callable[..., DrawnVideo]:
    """Draw videos of synthetic faces, with their ground truth at any time: `face_video(2, format="mov")`."""
    from pytest_rekognition.drawing import draw_video  # noqa: PLC0415  not at plugin load

    return draw_video
