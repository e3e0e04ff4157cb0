"""Where a test's cassette lies: a path that says whose it is, that no two tests share, on any file system."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from pytest_rekognition.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

SUFFIX = ".yaml"
_CUT_OFF = ".interrupted"
#: How an interrupted rerecording is kept, beside the cassette that stays.
INTERRUPTED = f"{_CUT_OFF}{SUFFIX}"
#: Beside cassettes: locks, journals and texts in the making. Nothing in it is to be committed.
WORKING_FOLDER = ".recording"
#: Below the folder of all cassettes: the images that were kept.
IMAGES = "images"
#: Begins the name of a cassette of a fixture: no test function has a '-' in its name.
FIXTURE = "fixture-"

_UNSAFE = re.compile(r"[^A-Za-z0-9_.\-\[\]=,+@]")
_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
#: A function's name and its parameters' id; capitals in the id are lost where a file system ignores case.
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(?:\[[a-z0-9_.\-\[\]=,+@]*\])?")
#: What Windows takes for a device, whatever follows the first dot.
_DEVICE = re.compile(r"(?:con|prn|aux|nul|(?:com|lpt)[0-9])(?:\.|$)", re.IGNORECASE)
#: Names of folders that could be taken for something else: hidden, cut by Windows, a cassette, or hashed here.
_MISTAKABLE = re.compile(r"\..*|.*\.|.*\.ya?ml|.*-[0-9a-f]{12}", re.IGNORECASE | re.DOTALL)
#: In bytes. Most file systems take 255; the files of an interrupted recording and of a lock are named after it.
_LONGEST, _LONGEST_NAMED = 100, 200
#: Hexadecimal digits. 10,000 names that are equal but for theirs share one with a chance of 1 in 5 million.
_DIGITS = 12


def cassette_path(module: str, names: Sequence[str]) -> PurePosixPath:
    """Return the path of a test's cassette, relative to the folder of all cassettes.

    `module` is the test module's path as in the test's id, `names` are the names below it: classes, the function
    with its parameters. `tests/test_app.py` and `["TestX", "test_y[1]"]` give
    `tests/test_app/TestX.test_y[1].yaml`.
    A name that would not be the same everywhere is made safe, and told apart by the digest of the whole.

    Two tests share a path only where the names of classes or functions differ in case alone, on a file system that
    ignores it.
    """
    return _folder(module) / _file(names[:-1], "", names[-1] if names else "")


def fixture_path(base: str, name: str, param: str | None = None, *, owners: Sequence[str] = ()) -> PurePosixPath:
    """Return the path of the cassette of a fixture that outlives a test.

    `base` is the module that defines it, such as `tests/conftest.py`; `owners` are the classes inside.
    """
    return _folder(base) / _file(owners, FIXTURE, name if param is None else f"{name}[{param}]")


def is_fixture_path(path: str) -> bool:
    """Tell whether a cassette's path may be one of a fixture."""
    return any(part.startswith(FIXTURE) for part in path.rpartition("/")[2].split("."))


def named_path(name: str) -> PurePosixPath:
    """Return the path of a cassette that somebody named: `shared/staff`, with or without `.yaml`.

    Raises `UsageError` for a name that would leave the folder of all cassettes, or is not safe everywhere.
    """
    for part in name.removesuffix(SUFFIX).split("/"):
        mistake = _mistake(part)
        if mistake:
            raise UsageError(
                f"{name!r} is no name for a cassette: {mistake}. A name is a path below the folder of all"
                " cassettes, such as 'shared/staff'."
            )
    return PurePosixPath(f"{name.removesuffix(SUFFIX)}{SUFFIX}")


def _mistake(part: str) -> str | None:
    """Return what is wrong with one part of a cassette's name, or None."""
    unsafe = _UNSAFE.search(part)
    mistakes = {
        "a part of it is empty, or it begins or ends with '/'": not part,
        f"{part!r} leads out of the folder": part in {".", ".."},
        "its parts are divided by '/', not by a backslash": "\\" in part,
        f"{unsafe.group() if unsafe else ''!r} is not safe in a file's name everywhere": unsafe is not None,
        f"{part!r} begins or ends with a dot": part.startswith(".") or part.endswith("."),
        f"{part!r} is a device on Windows": _DEVICE.match(part) is not None,
        f"cassettes end in {SUFFIX}": part.endswith(".yml"),
        f"{_CUT_OFF!r} ends the names of recordings that were cut off": part.endswith(_CUT_OFF),
        f"a part of it is longer than {_LONGEST_NAMED} characters": len(part) > _LONGEST_NAMED,
    }
    return next((mistake for mistake, is_made in mistakes.items() if is_made), None)


def _folder(module: str) -> PurePosixPath:
    *folders, last = module.split("/")
    stem = last.removesuffix(".py")
    is_plain = stem != last and "." not in stem and _is_plain_folder(stem)
    return PurePosixPath(
        *(folder if _is_plain_folder(folder) else _hashed(folder, folder) for folder in folders),
        stem if is_plain else _hashed(last, last),
    )


def _is_plain_folder(name: str) -> bool:
    strange = _UNSAFE.search(name) or _MISTAKABLE.fullmatch(name) or _DEVICE.match(name)
    return bool(name) and strange is None and len(name) <= _LONGEST


def _file(owners: Sequence[str], kind: str, name: str) -> str:
    whole = ".".join([*owners, kind + name])
    is_plain = all(map(_IDENTIFIER.fullmatch, owners)) and _NAME.fullmatch(name) is not None
    strange = _DEVICE.match(whole) or whole.endswith(_CUT_OFF)
    if is_plain and not strange and len(whole) <= _LONGEST:
        return f"{whole}{SUFFIX}"
    return f"{_hashed(whole, json.dumps([kind, *owners, name]))}{SUFFIX}"


def _hashed(name: str, whole: str) -> str:
    """Return a name made safe and cut, with the digest of what it stands for."""
    safe = _UNSAFE.sub("_", name)
    if safe.startswith(".") or _DEVICE.match(safe):
        safe = f"_{safe}"
    digest = hashlib.sha256(whole.encode("utf-8", "surrogatepass")).hexdigest()[:_DIGITS]
    return f"{safe[: _LONGEST - _DIGITS - 1]}-{digest}"
