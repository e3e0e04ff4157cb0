"""Fixtures that outlive a test: what they call while they are set up and torn down has a cassette of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from pytest_rekognition.plugin import places
from pytest_rekognition.plugin.items import CURRENT, HARNESS, KEYWORDS
from pytest_rekognition.plugin.run import account_for

if TYPE_CHECKING:
    from collections.abc import Generator

    from pytest_rekognition.harness import Rekognition

#: Whose fixtures make no calls, but for those that pytest makes of the user's own `setup_module` and the like.
_CALLING_NOBODY = ("_pytest", "pytest_rekognition")


@pytest.hookimpl(wrapper=True)
def pytest_fixture_setup(
    fixturedef: pytest.FixtureDef[Any], request: pytest.FixtureRequest
) -> Generator[None, object, object]:
    """Give a fixture that is wider than a test a harness of its own, while it is set up and while it is torn down.

    Finalizers run in reverse: the first one that is added closes what the last one opens.
    """
    harness = _harness(fixturedef, request)
    if harness is None:
        return (yield)
    told: list[str] = []
    fixturedef.addfinalizer(lambda: _end(request.config, fixturedef, harness, told))
    where = f"setup of the fixture {places.plain_name(fixturedef.argname)!r}"
    harness.open()
    try:
        value = yield
    except pytest.skip.Exception:
        harness.close(passed=False)
        _fail_for(harness, told, where)
        raise
    except BaseException as error:
        harness.close(passed=False)
        for problem in harness.problems(unused_stubs=False):
            if problem != str(error):
                error.add_note(problem)
        raise
    harness.close()
    fixturedef.addfinalizer(harness.open)
    _fail_for(harness, told, where)
    return value


def _harness(fixturedef: pytest.FixtureDef[Any], request: pytest.FixtureRequest) -> Rekognition | None:
    """Return the harness of a fixture with the options of the test that it is set up for, or None for none."""
    item = request.config.stash.get(CURRENT, None)
    if fixturedef.scope == "function" or item is None or item.stash.get(HARNESS, None) is None:
        return None
    if not fixturedef.baseid and places.module_of(fixturedef).partition(".")[0] in _CALLING_NOBODY:
        return None
    from pytest_rekognition.harness import Rekognition  # noqa: PLC0415  loaded with the test's own

    keywords = item.stash[KEYWORDS]
    path = keywords["cassette_dir"] / places.wide_path(fixturedef, request)
    return Rekognition(**{**keywords, "cassette": path, "shared_cassette": True})


def _end(config: pytest.Config, fixturedef: pytest.FixtureDef[Any], harness: Rekognition, told: list[str]) -> None:
    harness.close()
    account_for(config, harness)
    _fail_for(harness, told, f"teardown of the fixture {places.plain_name(fixturedef.argname)!r}")


def _fail_for(harness: Rekognition, told: list[str], where: str) -> None:
    """Fail for what a fixture left behind and nobody was told yet, with the message alone."""
    problems = [problem for problem in harness.problems(unused_stubs=False) if problem not in told]
    told += problems
    if problems:
        listed = "\n".join(f"{number}. {problem}" for number, problem in enumerate(problems, 1))
        pytest.fail(f"Rekognition, in the {where}:\n{listed}", pytrace=False)
