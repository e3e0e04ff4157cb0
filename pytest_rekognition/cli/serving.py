"""`pytest-rekognition serve`: the reference backend as an HTTP endpoint."""

from __future__ import annotations

import signal
import sys
from pathlib import Path  # noqa: TC003  typer reads it
from typing import TYPE_CHECKING, Annotated

import typer

from pytest_rekognition.cli.output import say

if TYPE_CHECKING:
    import logging

    from pytest_rekognition.serve import Endpoint

_STOPPING = (signal.SIGINT, signal.SIGTERM)
#: A line of the log, where no terminal shows it.
_LINE = "%(asctime)s %(levelname)s %(message)s"


def serve(
    *,
    host: Annotated[
        str, typer.Option(help="The address to listen on; 0.0.0.0 lets other machines in.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="The port; 0 for any free one.")] = 8700,
    engine: Annotated[str, typer.Option(help="The engine of the detector, or auto.")] = "auto",
    embedder: Annotated[
        str, typer.Option(help="What tells whose a face is: a name, an ONNX file, or auto.")
    ] = "auto",
    models: Annotated[
        Path | None, typer.Option(metavar="DIR", help="A folder of weights, looked into first.")
    ] = None,
    s3_root: Annotated[Path | None, typer.Option(metavar="DIR", help="Read DIR/BUCKET/KEY in S3's place.")] = None,
    aws: Annotated[
        bool, typer.Option("--aws", help="Let images be read from AWS's own S3, and SNS be published to.")
    ] = False,
    threads: Annotated[int, typer.Option(min=1, help="How many requests are answered at once.")] = 8,
    max_body: Annotated[
        int | None, typer.Option(metavar="BYTES", min=1, help="The largest body of a request; 16 MiB by default.")
    ] = None,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Print a line for each request.")] = False,
) -> None:
    """Answer Rekognition calls over HTTP, of any SDK, from the reference backend.

    Collections, jobs and sessions live as long as the process. Signatures are not checked. S3 and SNS are where
    the environment says (AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL_SNS); AWS itself only with --aws.

    SIGINT (Ctrl+C) or SIGTERM ends it, once the requests in flight are answered; the second one at once.
    """
    from pytest_rekognition.backends.reference import HANDLERS  # noqa: PLC0415  not for --help
    from pytest_rekognition.options import options  # noqa: PLC0415  likewise
    from pytest_rekognition.referencing import check_reference, reference_backend  # noqa: PLC0415  likewise
    from pytest_rekognition.serve import MAX_BODY, Endpoint, ReferenceApp  # noqa: PLC0415  likewise

    _log(verbose=verbose)
    chosen = {"engine": engine, "embedder": embedder, "models": models, "s3_root": s3_root}
    settings = options({"mode": "reference", **chosen})
    check_reference(settings)
    backend = reference_backend(settings, aws=aws)
    backend.load()
    app = ReferenceApp(backend, max_body=max_body or MAX_BODY)
    endpoint = Endpoint(app, host=host, port=port, threads=threads)
    _stop_on_signals(endpoint)
    say(f"Rekognition's reference: {endpoint.url} (engine {backend.detector.engine}, {len(HANDLERS)} operations)")
    say(f"export AWS_ENDPOINT_URL_REKOGNITION={endpoint.url}")
    endpoint.serve()


def _log(*, verbose: bool) -> None:
    """Show what is logged on standard error; requests only where they are asked for."""
    import logging  # noqa: PLC0415  not for --help

    logging.basicConfig(level=logging.WARNING, format=_LINE, handlers=[_handler()])
    logging.getLogger("pytest_rekognition").setLevel(logging.INFO)
    logging.getLogger("pytest_rekognition.access").setLevel(logging.INFO if verbose else logging.WARNING)
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)  # a queue is what threads are for


def _handler() -> logging.Handler:
    """Return what writes to standard error: in colours on a terminal; elsewhere one record, one line."""
    import logging  # noqa: PLC0415  not for --help

    if not sys.stderr.isatty():
        return logging.StreamHandler()
    from rich.console import Console  # noqa: PLC0415  only in a terminal
    from rich.logging import RichHandler  # noqa: PLC0415  likewise

    handler = RichHandler(console=Console(stderr=True), show_path=False)
    handler.setFormatter(logging.Formatter("%(message)s"))
    return handler


def _stop_on_signals(endpoint: Endpoint) -> None:
    def stop(*_: object) -> None:
        for number in _STOPPING:
            signal.signal(number, signal.SIG_DFL)
        endpoint.stop()

    for number in _STOPPING:
        signal.signal(number, stop)
