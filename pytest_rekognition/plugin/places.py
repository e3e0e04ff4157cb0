"""Whose cassette lies where, and the command that records it."""

from __future__ import annotations

import inspect
import os
import re
import shlex
from functools import cache
from typing import TYPE_CHECKING, Any

import pytest

from pytest_rekognition.plugin.settings import MARKER

if TYPE_CHECKING:
    from pathlib import Path, PurePosixPath

_NAME_FIXTURE = "rekognition_cassette_name"
#: What pytest calls the fixtures that it makes of `setup_module`, `setUpClass` and the like.
_XUNIT = re.compile(r"_(?:xunit|unittest)_(\w+?)_fixture_")
#: What a shell reads inside double quotes.
_SHELL = frozenset('"$`\\!')


def default_path(item: pytest.Item) -> PurePosixPath:
    """Return the path of a test's own cassette, relative to the folder of all cassettes."""
    from pytest_rekognition.cassettes.naming import cassette_path  # noqa: PLC0415  not at plugin load

    chain = item.listchain()
    files = [number for number, node in enumerate(chain) if isinstance(node, pytest.File)]
    home = files[-1] if files else 0
    return cassette_path(chain[home].nodeid, [node.name for node in chain[home + 1 :]])


def marked_name(item: pytest.Item) -> str | None:
    """Return the name of the cassette that the nearest marker with one gives; `UsageError` if it is none."""
    from pytest_rekognition.errors import UsageError  # noqa: PLC0415  not at plugin load

    names = next((marker.args for marker in item.iter_markers(MARKER) if marker.args), None)
    if names is None:
        return None
    if len(names) != 1 or not isinstance(names[0], str):
        given = ", ".join(map(repr, names))
        raise UsageError(
            f"@pytest.mark.rekognition takes one name of a cassette, such as 'shared/staff', not {given}"
        )
    name: str = names[0]
    return name


def is_renamed(item: pytest.Item) -> bool:
    """Tell whether a fixture of the user's names the cassette of a test; when in doubt, it does.

    A test that was skipped has set up no fixture, and pytest has no public way to ask.
    """
    manager = getattr(item.session, "_fixturemanager", None)
    found = manager.getfixturedefs(_NAME_FIXTURE, item) if manager is not None else None
    return found is None or len(found) > 1


def wide_path(fixturedef: pytest.FixtureDef[Any], request: pytest.FixtureRequest) -> PurePosixPath:
    """Return the path of the cassette of a fixture that outlives a test: beside those of where it is defined."""
    from pytest_rekognition.cassettes.naming import fixture_path  # noqa: PLC0415  not at plugin load

    module, _, classes = fixturedef.baseid.partition("::")
    if module in {"", "."}:  # the conftest of the run's root, or a plugin
        name = module_of(fixturedef)
        home = "conftest.py" if name.endswith("conftest") else f"{name.replace('.', '/')}.py"
    else:
        home = module if module.endswith(".py") else f"{module}/conftest.py"
    owners = classes.split("::") if classes else []
    return fixture_path(home, plain_name(fixturedef.argname), _param(fixturedef, request), owners=owners)


def module_of(fixturedef: pytest.FixtureDef[Any]) -> str:
    """Return the dotted name of the module that a fixture's function comes from."""
    func = inspect.unwrap(fixturedef.func)
    return str(getattr(func, "__module__", None) or type(func).__module__)


def plain_name(fixture: str) -> str:
    """Return a fixture's name; `setup_module` for the fixture that pytest makes of it."""
    xunit = _XUNIT.match(fixture)
    return xunit.group(1) if xunit else fixture


def _param(fixturedef: pytest.FixtureDef[Any], request: pytest.FixtureRequest) -> str | None:
    """Return the id of the parameter that a fixture is set up with, as pytest makes it, or None."""
    if not hasattr(request, "param"):
        return None
    value, index = request.param, getattr(request, "param_index", 0)
    ids = fixturedef.ids
    given = ids(value) if callable(ids) else ids[index] if ids and index < len(ids) else None
    if given is not None:
        return str(given)
    is_plain = value is None or isinstance(value, str | int | float | bool)
    return str(value) if is_plain else f"{fixturedef.argname}{index}"


def record_command(item: pytest.Item) -> str:
    """Return the command that records what a test misses, for the shell that the run was started from."""
    path, separator, names = item.nodeid.partition("::")
    here = item.config.invocation_params.dir
    if here != item.config.rootpath:
        path = os.path.relpath(item.config.rootpath / path, here).replace(os.sep, "/")
    test = f"{path}{separator}{names}"
    quoted = shlex.quote(test) if _SHELL & set(test) else f'"{test}"'
    return f"pytest {quoted} --rekognition-mode=record"


@cache
def project_of(root: Path) -> Path:
    """Return the root of the repository that a run's root lies in; without one, the run's root itself."""
    return next((folder for folder in (root, *root.parents) if (folder / ".git").exists()), root)
