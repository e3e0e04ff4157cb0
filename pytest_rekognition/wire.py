"""The seam: where calls are answered and exchanges observed, inside botocore and aiobotocore.

botocore emits `before-send.rekognition` with the signed request, and takes a handler's response for the
service's; `response-received.rekognition` tells what came back, whoever sent it. The user's serializer, signer,
endpoint rules, retries and parser all run for real.

`attach` gives the handlers to every client; while no tap is open they do nothing.
"""

from __future__ import annotations

import itertools
import json
import re
import sys
import uuid
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from pytest_rekognition import catalog
from pytest_rekognition.errors import MockedServiceError, NetworkBlockedError
from pytest_rekognition.exchange import CONTENT_TYPE, Arrival, Call
from pytest_rekognition.wire_request import WireRequest

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator, Mapping

    from pytest_rekognition.exchange import Source

#: An address that no mock knows: after we have answered, moto's handler is called too, and must find nothing.
NOWHERE = "https://answered.invalid/"
#: What the answers of this package's own endpoint say of themselves.
REFERENCE_HEADER = "X-Pytest-Rekognition-Reference"
#: For which regions an asymmetric signature is good.
REGIONS_HEADER = "X-Amz-Region-Set"
_ASYMMETRIC = "AWS4-ECDSA-"
#: A signature's scope; an access key may have slashes.
_SCOPE = re.compile(r"Credential=[^,]+/\d{8}/(?P<region>[^,]*)/[^/,]+/aws4_request")
#: What botocore's and aiobotocore's credentials keep, some below a leading underscore.
_CREDENTIALS = frozenset({"access_key", "secret_key", "token"})
#: How a client that was created with the placeholder region is told from one whose region somebody chose.
PLACEHOLDER_MARK = "md/pytest-rekognition#placeholder-region"


class WireCall(NamedTuple):
    """A request as it was about to leave the machine."""

    #: the call, images as bytes
    call: Call
    #: the request's members as the wire carries them, images in base64
    wire: dict[str, Any]


class WireReply(NamedTuple):
    """An answer as it would arrive from the network."""

    #: the HTTP status
    status: int
    #: the JSON document
    body: bytes
    #: who answered
    source: Source = "live"
    #: whether the answer may break the contract on purpose
    unchecked: bool = False
    #: the document's members, where whoever answered has them at hand
    response: Mapping[str, Any] | None = None
    #: how it came, where it came from the network
    arrival: Arrival | None = None
    #: the request id that it is given, where it is a recorded one
    request_id: str | None = None
    #: when it was recorded, where that is known
    recorded: str | None = None


class Tap(Protocol):
    """Somebody who answers calls in the service's place and looks at what came back."""

    @property
    def offline(self) -> bool:
        """Whether no call may reach the network, so that neither credentials nor region matter."""
        ...

    def answer(self, call: WireCall) -> WireReply | None:
        """Answer a call, or return None to let it go to the real service."""
        ...

    def observe(self, call: WireCall, reply: WireReply) -> None:
        """Look at the answer to a call, whoever gave it."""
        ...


class Credentials(NamedTuple):
    """What a client signs with."""

    access_key: str
    secret_key: str
    token: str | None = None


class Caller(NamedTuple):
    """The client that makes the present call."""

    #: the region that it is for, or None where nobody knows
    region: str | None = None
    #: what it would sign with; None where it has nothing yet, or is no client of this process
    credentials: Credentials | None = None
    #: whether it calls an address that is let through
    let_through: bool = False


class _InFlight(NamedTuple):
    """The attempt that this thread or task is making."""

    tap: Tap
    call: WireCall
    #: what was answered here, or None where the call went to the real service
    reply: WireReply | None
    #: the request as it left
    request: Any


_taps: list[Tap] = []
_blocks: list[str] = []
_let_through: list[str] = []
_request_numbers = itertools.count(1)
_caller: ContextVar[Caller] = ContextVar("rekognition_caller", default=Caller())  # noqa: B039  immutable
_in_flight: ContextVar[_InFlight | None] = ContextVar("rekognition_in_flight", default=None)
_secrets: ContextVar[frozenset[str]] = ContextVar("rekognition_secrets", default=frozenset())
_sleepless: ContextVar[bool] = ContextVar("rekognition_sleepless", default=False)


def open_tap(tap: Tap) -> None:
    """Hand every Rekognition call of this process to a tap, until it is closed; the last one opened has them."""
    _taps.append(tap)


def close_tap(tap: Tap) -> None:
    """Take the calls away from a tap."""
    _taps.remove(tap)


@contextmanager
def blocked(reason: str) -> Iterator[None]:
    """Refuse every Rekognition call for which no tap is open; `reason` ends the sentence of the error."""
    _blocks.append(reason)
    try:
        yield
    finally:
        _blocks.remove(reason)


@contextmanager
def let_through(address: str) -> Iterator[None]:
    """Leave the calls to an address of this machine, such as our own endpoint's, alone: no tap sees them."""
    _let_through.append(address)
    try:
        yield
    finally:
        _let_through.remove(address)


def caller() -> Caller:
    """Return who makes the call that this thread or task is answering."""
    return _caller.get()


def is_client_error(error: Exception) -> bool:
    """Tell whether an exception is one that botocore itself raises, such as for a lost connection."""
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415  loaded long before any call

    return isinstance(error, BotoCoreError | ClientError)


def is_refused_request(error: BaseException) -> bool:
    """Tell whether botocore refused to send a request, for its parameters."""
    from botocore.exceptions import ParamValidationError  # noqa: PLC0415  loaded long before any call

    return isinstance(error, ParamValidationError)


def _active() -> Tap | None:
    return _taps[-1] if _taps else None


# --- the handlers ------------------------------------------------------------------------------------------


def _begin(params: Mapping[str, Any], request_signer: Any, context: Mapping[str, Any], **_: object) -> None:
    """`before-call`: know who calls. Credentials are taken as they lie there: none is fetched or refreshed."""
    if not _taps:
        return
    held = _held_credentials(request_signer)
    access_key, secret_key = held.get("access_key"), held.get("secret_key")
    credentials = Credentials(access_key, secret_key, held.get("token")) if access_key and secret_key else None
    _caller.set(Caller(context.get("client_region"), credentials, _is_let_through(params.get("url", ""))))


def _is_let_through(url: str) -> bool:
    return any(url.startswith(address) for address in _let_through)


def _answer(request: Any, event_name: str, **_: object) -> Any:
    """`before-send`: answer, or let the request go by returning None."""
    if _is_let_through(request.url):
        _in_flight.set(None)
        return None
    tap = _active()
    operation = event_name.rpartition(".")[2]
    if tap is None:
        if _blocks:
            raise NetworkBlockedError(operation, _blocks[-1])
        return _let_go(request)
    call = read_call(operation, request.body, _caller.get().region)
    _in_flight.set(None)
    reply = tap.answer(call)
    _in_flight.set(_InFlight(tap, call, reply, request))
    if reply is None:
        _refuse_mocks(operation)
        return _let_go(request)
    request.url = NOWHERE
    return _Response(reply)


def _let_go(request: Any) -> None:
    """Leave the request to the network, unless nobody has chosen the region that it would reach."""
    if PLACEHOLDER_MARK in str(request.headers.get("User-Agent", "")):
        from botocore.exceptions import NoRegionError  # noqa: PLC0415  only where botocore is loaded

        raise NoRegionError


def _refuse_mocks(operation: str) -> None:
    """Refuse to take moto's answer for the service's: its handler comes after this one."""
    models, config = sys.modules.get("moto.core.models"), sys.modules.get("moto.core.config")
    if models is None or not models.botocore_stubber.enabled:
        return
    if config is None or not config.passthrough_service("rekognition"):
        raise MockedServiceError(operation)


def _observe(response_dict: Mapping[str, Any] | None, **_: object) -> None:
    """`response-received`: show the tap what came back."""
    flight = _in_flight.get()
    if flight is not None and response_dict is not None:
        flight.tap.observe(flight.call, flight.reply or _received(flight.request, response_dict))


def _received(request: Any, response: Mapping[str, Any]) -> WireReply:
    """Return what came from the network, and how."""
    import botocore  # noqa: PLC0415  whoever emitted the event has imported it

    headers = {str(name).lower(): str(value) for name, value in response["headers"].items()}
    arrival = Arrival(
        uri=str(request.url),
        region=signed_region(request.headers.get("Authorization"), request.headers.get(REGIONS_HEADER)),
        content_type=headers.get("content-type", ""),
        request_id=headers.get("x-amzn-requestid"),
        from_reference=REFERENCE_HEADER.lower() in headers,
        botocore=botocore.__version__,
        secrets=_secrets.get(),
    )
    return WireReply(response["status_code"], response["body"], arrival=arrival)


def signed_region(authorization: str | bytes | None, regions: str | bytes | None = None) -> str | None:
    """Return the region that a signature is for, or None.

    It is in the scope, `Credential=KEY/DATE/REGION/rekognition/aws4_request`; that of an asymmetric signature has
    none. There it is the first of `regions`, the header `REGIONS_HEADER`, that is no pattern such as `*`.
    """
    text = _text(authorization)
    if text.startswith(_ASYMMETRIC):
        named = (name.strip() for name in _text(regions).split(","))
        return next((name for name in named if name and "*" not in name), None)
    found = _SCOPE.search(text)
    return found["region"] if found else None


def _text(header: str | bytes | None) -> str:
    return header.decode() if isinstance(header, bytes) else header or ""


def _remember_secrets(request_signer: Any = None, **_: object) -> None:
    """`before-sign`: know the credentials in use, so that nothing that holds one of them is ever written."""
    tap = _active()
    if tap is None or tap.offline:
        return
    _secrets.set(frozenset(_held_credentials(request_signer).values()))


def _held_credentials(request_signer: Any) -> dict[str, str]:
    """Return what a client's credentials hold at the moment, by the names of `_CREDENTIALS`."""
    held = vars(getattr(request_signer, "_credentials", None) or object)
    plain = {name.lstrip("_"): value for name, value in held.items() if isinstance(value, str)}
    return {name: value for name, value in plain.items() if name in _CREDENTIALS}


def _go_unsigned(**_: object) -> Any:
    """`choose-signer`: with the network out of reach no credentials are needed, and real ones never used."""
    tap = _active()
    if tap is None or not tap.offline or _caller.get().let_through:
        return None
    import botocore  # noqa: PLC0415  whoever emitted the event has imported it

    return botocore.UNSIGNED


def _before_retry(**_: object) -> None:
    """`needs-retry`: an attempt that was answered here is repeated at once."""
    flight = _in_flight.get()
    _sleepless.set(flight is not None and flight.reply is not None)


def retry_is_due_at_once() -> bool:
    """Tell, once for each retry, whether the attempt before it was answered here, so that nobody need wait."""
    due = _sleepless.get()
    _sleepless.set(False)
    return due


def _after_call(**_: object) -> None:
    """`after-call`: nothing of this call outlives it."""
    _caller.set(Caller())
    _in_flight.set(None)
    _secrets.set(frozenset())
    _sleepless.set(False)


HANDLERS: dict[str, Callable[..., Any]] = {
    "before-send.rekognition": _answer,
    "before-call.rekognition": _begin,
    "response-received.rekognition": _observe,
    "choose-signer.rekognition": _go_unsigned,
    "before-sign.rekognition": _remember_secrets,
    "needs-retry.rekognition": _before_retry,
    "after-call.rekognition": _after_call,
    "after-call-error.rekognition": _after_call,
}


# --- reading and writing the wire ---------------------------------------------------------------------------


def read_call(operation: str, body: bytes, region: str | None = None) -> WireCall:
    """Return the call that a request's body makes.

    Raises `ValueError` for a body that is no JSON object; images are decoded when somebody looks at them.
    """
    wire = json.loads(body)
    if not isinstance(wire, dict):
        raise ValueError("the body is no JSON object")  # noqa: TRY004  as json.loads does
    request = WireRequest(wire, catalog.operation(operation).request_blobs)
    return WireCall(Call(operation, request, region), wire)


def error_body(code: str, message: str) -> bytes:
    """Return the document of a failure, with the members that a recorded one had."""
    return json.dumps({"__type": code, "Code": code, "Logref": str(uuid.UUID(int=0)), "Message": message}).encode()


def made_up_request_id() -> str:
    """Return a request id that no service has given out."""
    return f"00000000-0000-4000-8000-{next(_request_numbers):012x}"


class _AwaitableBytes(bytes):
    """Bytes that botocore takes as they are and aiobotocore may await."""

    __slots__ = ()

    def __await__(self) -> Generator[None, None, bytes]:
        return self
        yield  # makes this a generator, which is what `await` needs


class _Response:
    """The response object as both clients read it."""

    def __init__(self, reply: WireReply) -> None:
        from botocore.awsrequest import HeadersDict  # noqa: PLC0415  loaded long before any request

        self.status_code = reply.status
        self.content = _AwaitableBytes(reply.body)
        self.url = NOWHERE
        self.raw = None
        self.headers = HeadersDict(
            {
                "Content-Type": CONTENT_TYPE,
                "Content-Length": str(len(reply.body)),
                "x-amzn-RequestId": reply.request_id or made_up_request_id(),
            }
        )

    @property
    def text(self) -> str:
        """The document as text."""
        return self.content.decode()
