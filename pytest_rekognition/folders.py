"""The files of a project: not those of its environments, its packages or its hidden folders."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

#: Folders of other people's files. Hidden ones, and virtual environments by their mark, are skipped too.
_NOT_OURS = frozenset({"node_modules", "site-packages", "__pycache__"})
_ENVIRONMENT_MARK = "pyvenv.cfg"


def own_files(root: Path) -> Iterator[Path]:
    """Yield every file below a folder, hidden ones included, in no order."""
    for folder, folders, files in os.walk(root):
        place = Path(folder)
        if _ENVIRONMENT_MARK in files and place != root:
            folders.clear()
            continue
        folders[:] = [name for name in folders if name not in _NOT_OURS and not name.startswith(".")]
        yield from (place / name for name in files)
