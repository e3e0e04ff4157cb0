"""The command line: `pytest-rekognition`, also `python -m pytest_rekognition`.

Only typer comes with this package's import; what a command needs is imported in it, so that `--help` is quick.
"""

from __future__ import annotations

from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from pytest_rekognition.cli import checks, listing, models, pruning, scrubbing, serving
from pytest_rekognition.cli.output import COULD_NOT, complain, say
from pytest_rekognition.errors import PytestRekognitionError

PROGRAM = "pytest-rekognition"


class _Program(TyperGroup):
    """Says what went wrong in one line, without a traceback, and ends with status 2."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError:  # a reader that has seen enough
            raise
        except (PytestRekognitionError, OSError) as error:
            complain(str(error))
            raise typer.Exit(COULD_NOT) from None


def _version(wanted: bool) -> None:  # noqa: FBT001  typer's callback
    if wanted:
        from importlib.metadata import version  # noqa: PLC0415  only here

        say(f"{PROGRAM} {version(PROGRAM)}")
        raise typer.Exit


_PLAIN: dict[str, Any] = {
    "no_args_is_help": True,
    "rich_markup_mode": None,
    "context_settings": {"help_option_names": ["-h", "--help"], "max_content_width": 100},
}

app = typer.Typer(cls=_Program, add_completion=False, pretty_exceptions_enable=False, **_PLAIN)
cassettes = typer.Typer(**_PLAIN)
app.command("check", short_help="Hold recorded calls and JSON documents against the contract.")(checks.check)
app.command("serve", short_help="Answer Rekognition calls over HTTP, from the reference backend.")(serving.serve)
cassettes.command("ls", short_help="List cassettes, and what they hold.")(listing.ls)
cassettes.command("show", short_help="Show a cassette's calls and answers.")(listing.show)
cassettes.command("prune", short_help="Remove what the last full run did not use.")(pruning.prune)
cassettes.command("scrub", short_help="Import vcrpy's files without their secrets.")(scrubbing.scrub)
app.add_typer(cassettes, name="cassettes", help="List, show, prune and import recorded calls.")
weights = typer.Typer(**_PLAIN)
weights.command("install", short_help="Bring the weights of a better engine.")(models.install)
weights.command("list", short_help="List engines, embedders and their weights.")(models.show)
app.add_typer(weights, name="models", help="Bring and list the weights of the reference detector.")


@app.callback()
def _program(
    *,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Say the version, and end.")
    ] = False,
) -> None:
    """Hold recorded Amazon Rekognition calls against the contract, keep cassettes, and serve the reference.

    `check` is for CI; `cassettes` shows, prunes and imports recordings; `serve` answers Rekognition calls over
    HTTP on this machine; `models` brings the weights of its better engines.

    Exit status: 0, all is well; 1, something was found; 2, the command could not do its work.
    """


def main() -> None:
    """Run the command line and end the process."""
    app(prog_name=PROGRAM)
