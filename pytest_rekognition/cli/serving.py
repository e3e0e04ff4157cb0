"""`pytest-rekognition serve`: the reference backend as an HTTP endpoint."""

from __future__ import annotations

import atexit
import os
import signal
import sys
from pathlib import Path  # noqa: TC003  typer reads it
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from pytest_rekognition.cli.output import say

if TYPE_CHECKING:
    import logging
    from collections.abc import Callable
    from types import FrameType

    from pytest_rekognition.backends.reference import ReferenceBackend
    from pytest_rekognition.serve import Endpoint

_STOPPING = (signal.SIGINT, signal.SIGTERM)
#: Added to a signal's number, the status of what it ended.
_SIGNALLED = 128
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
    setup: Annotated[
        Path | None, typer.Option(metavar="FILE.py", help="Call its function setup(backend) first.")
    ] = None,
    threads: Annotated[int, typer.Option(min=1, help="How many requests are answered at once.")] = 8,
    max_body: Annotated[
        int | None, typer.Option(metavar="BYTES", min=1, help="The largest body of a request; 16 MiB by default.")
    ] = None,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Print a line for each request.")] = False,
) -> None:
    """Answer Rekognition calls over HTTP, of any SDK, from the reference backend.

    Collections, jobs and sessions live as long as the process. Signatures are not checked. S3 and SNS are where
    the environment says (AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL_SNS); AWS itself only with --aws. What the
    reference cannot see, such as who is a celebrity, the function of --setup says.

    SIGINT (Ctrl+C) or SIGTERM ends it, once the requests in flight are answered; the second one without them.
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
    backend.jobs.in_background = True  # a caller that has waited for long starts another job
    if setup is not None:
        _set_up(backend, setup)
    app = ReferenceApp(backend, max_body=max_body or MAX_BODY)
    endpoint = Endpoint(app, host=host, port=port, threads=threads)
    _stop_on_signals(endpoint)
    say(f"Rekognition's reference: {endpoint.url} (engine {backend.detector.engine}, {len(HANDLERS)} operations)")
    say(f"export AWS_ENDPOINT_URL_REKOGNITION={endpoint.url}")
    try:
        endpoint.serve()
        backend.close()
    except SystemExit as second:
        _leave(int(second.code or 0))
    if endpoint.is_answering:
        _leave(0)


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


def _set_up(backend: ReferenceBackend, path: Path) -> None:
    """Call the function `setup` of a user's file; raises `UsageError`, with their own line, where that fails.

    The file's folder is looked into for modules, as that of a program is.
    """
    import runpy  # noqa: PLC0415  not for --help

    from pytest_rekognition.errors import UsageError  # noqa: PLC0415  likewise

    if not path.is_file():
        raise UsageError(f"--setup names {path}, which is no file")
    sys.path.insert(0, str(path.resolve().parent))
    try:
        function = runpy.run_path(str(path)).get("setup")
        _check_runs(function)
        if callable(function):
            function(backend)
            return
    except Exception as error:
        raise UsageError(f"{_place(error, path)}: {_reason(error)}") from error
    raise UsageError(f"{path} has no function setup(backend), which --setup is to call")


def _check_runs(function: object) -> None:
    """Raise `UsageError` for a function that runs only once it is awaited, or iterated over."""
    import inspect  # noqa: PLC0415  not for --help

    from pytest_rekognition.errors import UsageError  # noqa: PLC0415  likewise

    if inspect.iscoroutinefunction(function) or inspect.isasyncgenfunction(function):
        raise UsageError("setup is an async function, which nobody would await: make it a plain one, with def")
    if inspect.isgeneratorfunction(function):
        raise UsageError("setup has a yield, so that calling it does nothing: make it a plain function")


def _place(error: Exception, path: Path) -> str:
    """Return the line of a file that an error comes from, as `setup.py:12`; or the file, where it has none."""
    import traceback  # noqa: PLC0415  not for --help

    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == str(path)]
    if isinstance(error, SyntaxError) and error.filename == str(path):
        lines.append(error.lineno)
    return f"{path}:{lines[-1]}" if lines else str(path)


def _reason(error: Exception) -> str:
    from pytest_rekognition.errors import PytestRekognitionError  # noqa: PLC0415  not for --help

    return str(error) if isinstance(error, PytestRekognitionError) else f"{type(error).__name__}: {error}"


def _stop_on_signals(endpoint: Endpoint) -> None:
    """Have the first signal end the endpoint, the second one the process, and the third one kill it.

    The second one raises `SystemExit`, and does not kill: folders with videos of up to 10 GB are to go.
    """

    def end(number: int, _: FrameType | None) -> None:
        _on_signals(signal.SIG_DFL)
        raise SystemExit(_SIGNALLED + number)

    def stop(*_: object) -> None:
        _on_signals(end)
        endpoint.stop()

    _on_signals(stop)


def _leave(status: int) -> NoReturn:
    """End the process while threads may be at a request that is given up.

    What is to be done at the end is done: jobs are waited for, temporary folders removed, logs and files flushed.
    But the interpreter is not finalised, as that would abort the process once a thread comes back from OpenCV.
    """
    try:
        atexit._run_exitfuncs()  # noqa: SLF001  os._exit leaves them out, and nothing public runs them
        sys.stdout.flush()
        sys.stderr.flush()
    finally:
        os._exit(status)  # whatever they raise, such as for a pipe that is closed


def _on_signals(handler: Callable[[int, FrameType | None], object] | signal.Handlers) -> None:
    for number in _STOPPING:
        signal.signal(number, handler)
