"""Ids in the service's forms, the same ones on every run."""

from __future__ import annotations

import hashlib
import random
import threading
import uuid
from typing import Final

_UUID_BITS: Final = 128
_JOB_BYTES: Final = 32
#: of the name-based ids; any fixed one serves
_NAMESPACE: Final = uuid.UUID("6f1d8a54-3c5f-4f0e-9b4a-5d2f4c1e7a90")


class Ids:
    """Gives out ids, in an order that a seed settles, so that a test sees the same ones on every run."""

    def __init__(self, seed: str) -> None:
        self._random = random.Random(seed)  # noqa: S311  ids of a test, which nobody may guess at
        self._lock = threading.Lock()

    def uuid4(self) -> str:
        """Return a new id of the form of a random UUID, as faces and sessions have."""
        with self._lock:
            bits = self._random.getrandbits(_UUID_BITS)
        return str(uuid.UUID(int=bits, version=4))

    def job(self) -> str:
        """Return a new job's id: 64 hexadecimal characters."""
        with self._lock:
            return self._random.randbytes(_JOB_BYTES).hex()


def image_id(data: bytes) -> str:
    """Return the id of an image, a UUID of version 3, which follows from its bytes."""
    return str(uuid.uuid3(_NAMESPACE, hashlib.sha256(data).hexdigest()))
