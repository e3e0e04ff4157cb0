"""`python -m pytest_rekognition.derivation`: writes `schemas/`, or with `--check` compares."""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import replace
from difflib import unified_diff
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_rekognition.derivation import model, overlay
from pytest_rekognition.derivation.documents import Derivation

if TYPE_CHECKING:
    from collections.abc import Sequence

COMMAND = "python -m pytest_rekognition.derivation"
#: the wheel's `schemas/` where there is one, else the checkout's: the folder that the catalog reads
FOLDER = next(
    (place / "schemas" for place in Path(__file__).resolve().parents[1:3] if (place / "schemas").is_dir()),
    Path(__file__).resolve().parents[2] / "schemas",
)
_EXCERPT = 20
_MISMATCH = (
    """\
{folder} came from the model of botocore {recorded}; botocore {installed}, installed here, has another one, so
whether the files are stale cannot be judged.
To compare: pip install botocore=={recorded}
To move to the installed model: """
    + COMMAND
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the schemas, or compare them: 0 fresh, 1 stale, 2 not to be judged with this botocore."""
    options = _parser().parse_args(arguments)
    service, folder = model.installed(), options.folder
    recorded = _recorded_model(folder)
    if recorded and recorded["sha256"] == service.sha256:
        service = replace(service, botocore_version=recorded["botocore"])
    elif recorded and options.check:
        _say(_MISMATCH.format(folder=folder, recorded=recorded["botocore"], installed=service.botocore_version))
        return 2
    derived = Derivation(service, overlay.load())
    return check(derived, folder) if options.check else write(derived, folder)


def write(derived: Derivation, folder: Path) -> int:
    """Write every file and remove those that are no longer derived."""
    files = derived.files()
    for stray in _present(folder) - files.keys():
        (folder / stray).unlink()
    for path, text in files.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8", newline="\n")
    _say(f"{folder}: {len(files)} files from botocore {derived.model.botocore_version}")
    return 0


def check(derived: Derivation, folder: Path) -> int:
    """Compare every file with what would be written."""
    files = derived.files()
    written = {path: _read(folder / path) for path in files.keys() | _present(folder)}
    stale = sorted(path for path, text in written.items() if text != files.get(path, ""))
    for path in stale:
        _say(_excerpt(path, written[path], files.get(path, "")))
    if stale:
        _say(f"{len(stale)} stale of {len(files)} files in {folder}. To mend: {COMMAND}")
    return 1 if stale else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog=COMMAND, description=main.__doc__)
    parser.add_argument("--check", action="store_true", help="compare, write nothing")
    parser.add_argument("--folder", type=Path, default=FOLDER, help="default: %(default)s")
    return parser


def _recorded_model(folder: Path) -> dict[str, str] | None:
    """Return the model that the written schemas name, or None where there are none."""
    index = folder / "index.json"
    if not index.is_file():
        return None
    recorded: dict[str, str] = json.loads(index.read_text(encoding="utf-8"))["model"]
    return recorded


def _present(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.glob("**/*.json")}


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.is_file() else ""


def _excerpt(path: str, written: str, derived: str) -> str:
    """Return the first lines of what separates a file from its derivation."""
    lines = unified_diff(
        written.splitlines(), derived.splitlines(), f"written/{path}", f"derived/{path}", lineterm=""
    )
    return "\n".join(islice(lines, _EXCERPT))


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")


if __name__ == "__main__":
    sys.exit(main())
