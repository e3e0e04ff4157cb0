"""The S3 and SNS that the reference uses: those that the calling client would reach, or a folder in S3's place.

A mock (moto), an emulator (LocalStack) or a server (MinIO) answers them as it answers the application's clients.
AWS itself is out of reach: nothing leaves this machine for it unless whoever made the `Surroundings` allows it.
"""

from __future__ import annotations

import os
import threading
from contextlib import closing, contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

from pytest_rekognition import wire
from pytest_rekognition.backends.reference.neighbours import UnavailableObjectError
from pytest_rekognition.environment import FAKE_CREDENTIALS
from pytest_rekognition.errors import NetworkBlockedError, PytestRekognitionError, UsageError
from pytest_rekognition.showing import show_path

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from botocore.exceptions import ClientError

    from pytest_rekognition.backends.reference.neighbours import ObjectName, Publish
    from pytest_rekognition.wire import Credentials

#: Says of an answer that it stands for a request which was not let out.
_REFUSED = "x-pytest-rekognition-refused"
_FORBIDDEN, _SERVER_FAILED = 403, 500
#: Repeated by no retry mode, and parsed without a body in every protocol.
_NOT_IMPLEMENTED = 501
#: Providers of credentials that ask nobody over a network and start no program.
_LOCAL_CREDENTIALS = frozenset({"env", "shared-credentials-file", "config-file"})
#: Seconds: what answers here is near.
_TIMEOUT = 10


class SurroundingsError(PytestRekognitionError):
    """S3 or SNS, as the reference found them: out of order, or not to be reached."""


class _Place(NamedTuple):
    """What tells one client from another."""

    service: str
    region: str
    credentials: Credentials | None
    #: what the environment says of AWS: an address or a profile that is set later is for a new client
    environment: frozenset[tuple[str, str]]


class Surroundings:
    """S3 and SNS through botocore; see `pytest_rekognition.backends.reference.Neighbours`.

    Args:
        session: the boto3 or botocore session that clients are created with. By default each call's own
            credentials and the process's configuration (environment, `~/.aws/config`) count. Unless AWS may be
            reached, only keys that lie on this machine are taken: no role is assumed, no program is run.
        s3_root: a folder that is read in S3's place: `ROOT/BUCKET/KEY`.
        aws: whether AWS itself may be reached.

    Raises `UsageError` for a folder that is not there, and for an asynchronous session.

    """

    def __init__(self, *, session: Any = None, s3_root: Path | None = None, aws: bool = False) -> None:
        if s3_root is not None and not s3_root.is_dir():
            raise UsageError(
                f"s3_root, {show_path(s3_root)}, is no folder: create it, with a folder for each bucket"
            )
        if type(session).__module__.startswith("aiobotocore"):
            raise UsageError("session is a session of boto3 or botocore, not one of aiobotocore")
        self._session = session
        self._s3_root = s3_root
        self._aws = aws
        self._clients: dict[_Place, Any] = {}
        self._lock = threading.Lock()

    def read(self, name: ObjectName, region: str, most: int) -> bytes:
        """Return an object's bytes, cut off after `most + 1`.

        An object of a bucket in another region is not to be had: "The region for the S3 bucket containing the S3
        object must match the region you use for Amazon Rekognition operations" (the documentation of `S3Object`).
        A stand-in that does not tell its buckets' regions is believed.
        """
        if self._s3_root is not None:
            return _read_file(self._s3_root, name, most)
        version = {} if name.version is None else {"VersionId": name.version}
        place, doing = self._place("s3", region), f"reading {name.bucket}/{name.key}"
        client = self._client(place, doing)
        try:
            with self._translated(place, doing):
                _check_region(client, name.bucket, region)
                answer = client.get_object(Bucket=name.bucket, Key=name.key, **version)
                with closing(answer["Body"]) as body:
                    return bytes(body.read(most + 1))
        except _RefusedError as refused:
            raise UnavailableObjectError(str(refused)) from None

    def publisher(self, region: str) -> Publish:
        """Return what publishes with the present caller's credentials, now and later.

        It raises `NetworkBlockedError` where SNS is AWS's own, and `SurroundingsError` where it refuses or fails.
        """
        place = self._place("sns", region)
        client = self._client(place, "making ready to publish")

        def publish(topic: str, message: str) -> None:
            try:
                with self._translated(place, f"publishing to {topic}"):
                    client.publish(TopicArn=topic, Message=message)
            except _RefusedError as refused:
                raise SurroundingsError(f"SNS refused a message to {topic}: {refused}") from None

        return publish

    def _place(self, service: str, region: str) -> _Place:
        credentials = None if self._session is not None else wire.caller().credentials
        environment = frozenset(item for item in os.environ.items() if item[0].startswith("AWS_"))
        return _Place(service, region, credentials, environment)

    def _client(self, place: _Place, doing: str) -> Any:
        with self._lock:
            if place not in self._clients:
                self._clients[place] = self._new_client(place, doing)
            return self._clients[place]

    def _new_client(self, place: _Place, doing: str) -> Any:
        from botocore.config import Config  # noqa: PLC0415  not for a backend that no call leads here
        from botocore.exceptions import BotoCoreError  # noqa: PLC0415  likewise
        from botocore.session import Session  # noqa: PLC0415  likewise

        config = Config(connect_timeout=_TIMEOUT, read_timeout=_TIMEOUT, retries={"total_max_attempts": 2})
        try:
            session: Any = self._session if self._session is not None else Session()
            create = getattr(session, "create_client", None) or session.client
            client = create(place.service, region_name=place.region, config=config, **self._keys(place, session))
        except (BotoCoreError, ValueError) as error:
            name = place.service.upper()
            raise SurroundingsError(
                f"{name} is out of reach while {doing} for the reference backend, as no client can be made:"
                f" {error}. Check AWS_ENDPOINT_URL_{name} (such as http://localhost:4566), AWS_ENDPOINT_URL,"
                " AWS_PROFILE, the files of the AWS configuration, and the region of the calling client"
            ) from error
        if not self._aws:
            client.meta.events.register_last("before-send", _keep_from_aws)
        return client

    @contextmanager
    def _translated(self, place: _Place, doing: str) -> Iterator[None]:
        """Raise this package's errors. A client that was kept from AWS is forgotten: a mock may be there next."""
        try:
            with _translated(place.service, doing):
                yield
        except NetworkBlockedError:
            with self._lock:
                self._clients.pop(place, None)
            raise

    def _keys(self, place: _Place, session: Any) -> Mapping[str, str | None]:
        """Return what to sign with, where the session is not to choose: a stand-in may want nothing particular."""
        if place.credentials is not None:
            return _keys(*place.credentials)
        if self._aws:
            return {}
        return _local_keys(session) or _keys(*FAKE_CREDENTIALS.values())


def _local_keys(session: Any) -> Mapping[str, str | None] | None:
    """Return the keys that a session was given, or that lie on this machine; it resolves nothing for that."""
    from botocore.credentials import RefreshableCredentials  # noqa: PLC0415  loaded

    inner = getattr(session, "_session", session)  # boto3's session has botocore's within
    found = getattr(inner, "_credentials", None)  # asking for them would resolve them
    if found is None:
        providers = inner.get_component("credential_provider").providers
        local = (provider.load() for provider in providers if provider.METHOD in _LOCAL_CREDENTIALS)
        found = next((credentials for credentials in local if credentials is not None), None)
    elif isinstance(found, RefreshableCredentials):  # a role's, for example
        found = None
    return None if found is None else _keys(*found.get_frozen_credentials()[:3])


def _keys(access_key: str, secret_key: str, token: str | None) -> Mapping[str, str | None]:
    return {
        "aws_access_key_id": access_key,
        "aws_secret_access_key": secret_key,
        "aws_session_token": token,
    }


# --- AWS is out of reach -------------------------------------------------------------------------------------


class _Refusal:
    """The response to a request that was not let out, as botocore reads it."""

    status_code = _NOT_IMPLEMENTED
    content = b""
    text = ""
    raw = None

    def __init__(self, url: str) -> None:
        from botocore.awsrequest import HeadersDict  # noqa: PLC0415  loaded long before any request

        self.url = url
        self.headers = HeadersDict({_REFUSED: url})


def _keep_from_aws(request: Any, **_: object) -> _Refusal | None:
    """`before-send`, after every other handler: answer what would leave for AWS, unless a mock has answered it."""
    host = (urlsplit(request.url).hostname or "").rstrip(".")
    return _Refusal(request.url) if host.endswith(_aws_domains()) else None


@cache
def _aws_domains() -> tuple[str, ...]:
    """Return what the names of AWS's own hosts end with, in each of its partitions, as botocore knows them."""
    from botocore.loaders import create_loader  # noqa: PLC0415  loaded long before any request

    outputs = [partition["outputs"] for partition in create_loader().load_data("partitions")["partitions"]]
    suffixes = {output[name] for output in outputs for name in ("dnsSuffix", "dualStackDnsSuffix")}
    return tuple(sorted(f".{suffix}" for suffix in suffixes))


class _RefusedError(Exception):
    """What a service says no to."""


@contextmanager
def _translated(service: str, doing: str) -> Iterator[None]:
    """Raise this package's errors for botocore's: `_RefusedError` where the service says no."""
    from botocore.exceptions import BotoCoreError, ClientError, ParamValidationError  # noqa: PLC0415  loaded
    from botocore.parsers import ResponseParserError  # noqa: PLC0415  likewise

    name = service.upper()
    try:
        yield
    except ParamValidationError as error:
        raise _RefusedError(str(error)) from None
    except ClientError as error:
        _raise_refused(error, name, doing)
        raise SurroundingsError(f"{name} failed while {doing} for the reference backend: {error}") from error
    except (BotoCoreError, ResponseParserError) as error:
        raise SurroundingsError(
            f"{name} is out of reach while {doing} for the reference backend: {error}"
        ) from error


def _raise_refused(error: ClientError, service: str, doing: str) -> None:
    """Raise what a failure comes to, unless the service itself is out of order."""
    metadata = error.response["ResponseMetadata"]
    url = metadata["HTTPHeaders"].get(_REFUSED)
    if url is not None:
        others = ", or name a folder with s3_root" if service == "S3" else ""
        raise NetworkBlockedError(
            f"{service} {error.operation_name}",
            f"({urlsplit(url).hostname}), {doing} for the reference backend, which no call may. Start moto's"
            f" mock_aws, or set AWS_ENDPOINT_URL_{service} to the address of LocalStack, for example{others}",
        ) from None
    if metadata["HTTPStatusCode"] < _SERVER_FAILED:
        raise _RefusedError(str(error)) from None


# --- S3 ------------------------------------------------------------------------------------------------------


def _check_region(client: Any, bucket: str, region: str) -> None:
    """Raise `_RefusedError` for a bucket of another region; one that may not be looked at may yet be read from."""
    from botocore.exceptions import ClientError  # noqa: PLC0415  loaded

    try:
        metadata = client.head_bucket(Bucket=bucket)["ResponseMetadata"]
    except ClientError as error:
        metadata = error.response["ResponseMetadata"]
        if metadata["HTTPStatusCode"] != _FORBIDDEN or _REFUSED in metadata["HTTPHeaders"]:
            raise
    actual = metadata["HTTPHeaders"].get("x-amz-bucket-region", region)
    if actual != region:
        raise _RefusedError(f"the bucket {bucket} is in {actual}, not in {region}")


def _read_file(root: Path, name: ObjectName, most: int) -> bytes:
    """Return a file in an object's place; it has no versions."""
    parts = (name.bucket, *name.key.split("/"))
    place = root.joinpath(*parts)
    leads_out = ".." in parts or place.parts[len(root.parts) :] != parts  # "", ".", separators, drives
    if leads_out or name.version is not None:
        raise UnavailableObjectError(f"{show_path(root)} has no {name}")
    try:
        with place.open("rb") as file:
            return file.read(most + 1)
    except (OSError, ValueError) as error:
        raise UnavailableObjectError(str(error)) from None
