"""The environment while calls stay on this machine: fake credentials and no others, no profile, and a region."""

from __future__ import annotations

import os
import threading
from pathlib import Path

#: What a client without any region gets; AWS's own default in its examples.
PLACEHOLDER_REGION = "us-east-1"
_REGION = "AWS_DEFAULT_REGION"
#: What stands in for credentials; the values that moto uses too.
FAKE_CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_SESSION_TOKEN": "testing",
}
#: A client that names a profile without keys would ask the machine that it may run on for some.
_NO_METADATA = {"AWS_EC2_METADATA_DISABLED": "true"}
#: A profile that this machine may not have, and other places of credentials, which are fetched from an address.
_UNWANTED = (
    "AWS_PROFILE",
    "AWS_DEFAULT_PROFILE",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_ROLE_ARN",
    "AWS_ROLE_SESSION_NAME",
)


class FakeEnvironment:
    """Fakes the process's environment while at least one harness asks for it, and restores it after the last."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._users = 0
        self._saved: dict[str, str | None] = {}

    def enter(self) -> None:
        """Fake it, unless it is fake already."""
        with self._lock:
            self._users += 1
            if self._users == 1:
                fakes = {**FAKE_CREDENTIALS, **_NO_METADATA, _REGION: _configured_region() or PLACEHOLDER_REGION}
                self._saved = {name: os.environ.get(name) for name in (*fakes, *_UNWANTED)}
                os.environ.update(fakes)
                for name in _UNWANTED:
                    os.environ.pop(name, None)

    def leave(self) -> None:
        """Restore it, unless somebody else still asks for it."""
        with self._lock:
            self._users -= 1
            if self._users == 0:
                for name, value in self._saved.items():
                    if value is None:
                        os.environ.pop(name, None)
                    else:
                        os.environ[name] = value


def _configured_region() -> str | None:
    """Return the region that the user has configured, in the environment or a file."""
    if region := os.environ.get(_REGION):
        return region
    if not Path(os.environ.get("AWS_CONFIG_FILE", "~/.aws/config")).expanduser().is_file():
        return None
    from botocore.exceptions import BotoCoreError  # noqa: PLC0415  not at plugin load
    from botocore.session import Session  # noqa: PLC0415

    try:
        region = Session().get_config_variable("region")
    except BotoCoreError:
        return None
    return str(region) if region else None


#: The environment of this process.
FAKE_ENVIRONMENT = FakeEnvironment()
