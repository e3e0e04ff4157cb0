"""What commands print, and with what status they end."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from collections.abc import Sequence

#: All is well; something was found; the command could not do its work.
WELL, FOUND, COULD_NOT = 0, 1, 2


def say(text: str) -> None:
    """Print a line."""
    typer.echo(text)


def complain(text: str) -> None:
    """Print a line on standard error."""
    typer.echo(f"error: {text}", err=True)


def columns(rows: Sequence[Sequence[str]]) -> str:
    """Return rows as aligned columns, two spaces apart."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )
