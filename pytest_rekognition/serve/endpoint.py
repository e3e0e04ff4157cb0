"""Serves the application over HTTP, with waitress."""

from __future__ import annotations

import os
import socket
import threading
import time
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, Self

from pytest_rekognition import wire
from pytest_rekognition.clients import create_client
from pytest_rekognition.environment import FAKE_CREDENTIALS, PLACEHOLDER_REGION
from pytest_rekognition.errors import MissingDependencyError, UsageError
from pytest_rekognition.showing import show

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mypy_boto3_rekognition.client import RekognitionClient

    from pytest_rekognition.serve.app import Environ, ReferenceApp, StartResponse

#: Bytes beyond the limit that are read all the same, so that the client gets the refusal, not a lost connection.
_READ_ALL_THE_SAME = 48 * 1024 * 1024
#: Seconds: how long requests in flight have to end once the endpoint stops, and a connection may do nothing.
_GRACE, _IDLE = 30.0, 120
_CONNECTIONS = 1000
_HIGHEST_PORT = 65_535


class Endpoint:
    """Serves an application over HTTP, on this machine alone unless another host is named.

    As a context manager it serves from a thread of its own; `serve` serves from the present one, until `stop`. It
    serves once. It listens from its construction, on any free port where `port` is 0; one that is not to serve
    after all is given up with `close`. `threads` requests are answered at once. `grace` is how many seconds
    requests in flight have to end; one whose client has closed its side of the connection has none, and where one
    waits for the analysis of a video, that is broken off. The backend's other jobs go on.

    Raises `UsageError` where it cannot listen and for numbers that mean nothing, `MissingDependencyError` without
    waitress.
    """

    def __init__(
        self, app: ReferenceApp, *, host: str = "127.0.0.1", port: int = 0, threads: int = 8, grace: float = _GRACE
    ) -> None:
        try:
            from waitress.server import create_server  # noqa: PLC0415  an extra's
        except ImportError as missing:
            raise MissingDependencyError("an endpoint", package="waitress", extra="reference") from missing
        if not (_is_count(port) and port <= _HIGHEST_PORT):
            raise UsageError(
                f"port is {show(port)}: it is a number from 1 to {_HIGHEST_PORT}, or 0 for any free port"
            )
        if not (_is_count(threads) and threads >= 1):
            raise UsageError(f"threads is {show(threads)}: a number of them, at least one, has to answer")
        listener = _listener(host, port)
        name, port = listener.getsockname()[:2]
        #: where it is to be reached
        self.url = f"http://{_reachable(name)}:{port}"
        self._app = app
        #: the threads that are at a request
        self._answering: set[int] = set()
        self._map: dict[int, Any] = {}
        self._server = create_server(
            self._answer,
            map=self._map,
            sockets=[listener],
            threads=threads,
            ident="pytest-rekognition",
            max_request_body_size=app.max_body + _READ_ALL_THE_SAME,
            connection_limit=_CONNECTIONS,
            channel_timeout=_IDLE,
            clear_untrusted_proxy_headers=True,
        )
        self._grace = grace
        self._stopping = False
        self._has_begun = False
        self._beginning = threading.Lock()
        self._is_closed = False
        # What wakes the loop up is a file's number, which somebody else's file may have once it is closed. A
        # signal's handler may come while its own thread holds this.
        self._waking = threading.RLock()
        self._thread: threading.Thread | None = None
        self._inside = ExitStack()

    def __enter__(self) -> Self:
        self._begin()
        self._inside.enter_context(wire.let_through(f"{self.url}/"))
        self._thread = threading.Thread(target=self._run, name="rekognition-endpoint", daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End, once the requests in flight are answered, and give up the port, used or not; again is harmless."""
        self.stop()
        if self._thread is not None:
            self._thread.join()
        elif self._is_first():
            self._close()
        self._inside.close()

    @property
    def is_answering(self) -> bool:
        """Whether a thread is at a request; of an endpoint that has ended, at one that was given up."""
        return bool(self._answering)

    @property
    def environ(self) -> dict[str, str]:
        """What a process needs in its environment for its SDK to call this endpoint."""
        region = os.environ.get("AWS_DEFAULT_REGION") or PLACEHOLDER_REGION
        return {
            "AWS_ENDPOINT_URL_REKOGNITION": self.url,
            "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "false",
            "AWS_REGION": region,
            "AWS_DEFAULT_REGION": region,
            **FAKE_CREDENTIALS,
        }

    def client(self, **keywords: Any) -> RekognitionClient:
        """Create a client of this endpoint: boto3's where it is installed, else botocore's."""
        access_key, secret_key, token = FAKE_CREDENTIALS.values()
        ours = {
            "endpoint_url": self.url,
            "region_name": os.environ.get("AWS_DEFAULT_REGION") or PLACEHOLDER_REGION,
            "aws_access_key_id": access_key,
            "aws_secret_access_key": secret_key,
            "aws_session_token": token,
        }
        return create_client({**ours, **keywords})

    def stop(self) -> None:
        """Take no more connections, and have `serve` return once the requests in flight are answered."""
        self._stopping = True
        with self._waking:
            if not self._is_closed:
                self._server.pull_trigger()

    def serve(self) -> None:
        """Answer requests until `stop` is called, from another thread or a signal's handler.

        Raises `UsageError` for an endpoint that serves already, or has ended.
        """
        self._begin()
        self._run()

    def _begin(self) -> None:
        if not self._is_first():
            raise UsageError(f"the endpoint {self.url} serves already, or has ended: make another one")

    def _is_first(self) -> bool:
        """Tell, once, that nobody has served, or given up, this endpoint so far."""
        with self._beginning:
            has_begun, self._has_begun = self._has_begun, True
        return not has_begun

    def _answer(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        thread = threading.get_ident()
        self._answering.add(thread)
        try:
            return self._app(environ, start_response)
        finally:
            self._answering.discard(thread)

    def _run(self) -> None:
        try:
            while not self._stopping:
                self._turn(1.0)
            self._close_listener()
            deadline = time.monotonic() + self._grace
            self._turn(0.0)  # what has arrived by now is in flight too
            self._app.break_off(frozenset(self._answering))
            while self._is_busy() and time.monotonic() < deadline:
                self._turn(0.1)
                # a request that had to wait for its turn may have begun something
                self._app.break_off(frozenset(self._answering))
        finally:
            self._close()

    def _turn(self, timeout: float) -> None:
        from waitress import wasyncore  # noqa: PLC0415  an extra's

        wasyncore.loop(timeout=timeout, map=self._map, use_poll=True, count=1)

    def _is_busy(self) -> bool:
        """Tell whether a request is in flight: one whose header is there, or whose answer is not all sent.

        One whose client has closed its side of the connection is not.
        """
        return any(
            one.requests or one.total_outbufs_len or (one.request is not None and one.request.headers_finished)
            for one in list(self._server.active_channels.values())
            if not _has_gone(one.socket)
        )

    def _close_listener(self) -> None:
        """Close the listening socket alone: what wakes the loop up is needed to the end."""
        from waitress import wasyncore  # noqa: PLC0415  an extra's

        wasyncore.dispatcher.close(self._server)

    def _close(self) -> None:
        """Close what is left: the connections first, so that no thread wakes up a loop that is gone."""
        self._close_listener()
        for channel in list(self._server.active_channels.values()):
            channel.handle_close()
        self._server.task_dispatcher.shutdown(timeout=1)
        with self._waking:
            self._is_closed = True
            self._server.trigger.close()
        self._map.clear()


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _listener(host: str, port: int) -> socket.socket:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        family, *_, address = found[0]
        return socket.create_server(address[:2], family=family)
    except (OSError, OverflowError) as error:
        raise UsageError(f"cannot listen on port {port} of {host}: {error}") from None


def _has_gone(connection: socket.socket) -> bool:
    """Tell whether a client has closed its side of a connection, which does not block, or both are closed.

    One that has only said all it has to say, and still reads, cannot be told from one that has gone.
    """
    try:
        return connection.recv(1, socket.MSG_PEEK) == b""
    except BlockingIOError:
        return False
    except OSError:
        return True


def _reachable(name: str) -> str:
    """Return an address to connect to, of one that is listened on."""
    name = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(name, name)  # noqa: S104  told from, not listened on
    return f"[{name}]" if ":" in name else name
