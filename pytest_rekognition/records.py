"""What happened: one record a call that was answered, and what is wrong with its request."""

from __future__ import annotations

import json
from copy import deepcopy
from functools import cached_property
from typing import TYPE_CHECKING, Any

from pytest_rekognition import catalog
from pytest_rekognition.exchange import ErrorReply, Exchange, Violation, error_of
from pytest_rekognition.showing import show

if TYPE_CHECKING:
    from pytest_rekognition.contract import Contract
    from pytest_rekognition.exchange import Call
    from pytest_rekognition.wire import WireCall, WireReply

#: The least HTTP status that botocore takes for a failure, and the least that is the server's.
_FAILED, _SERVER_FAILED = 300, 500


class Record:
    """One answered call. Exchanges are made of it when somebody looks: copies, which nobody can spoil."""

    def __init__(self, call: Call, reply: WireReply) -> None:
        self.call = call
        self.reply = reply

    @property
    def failed(self) -> bool:
        """Whether the answer is an error."""
        return self.reply.status >= _FAILED

    @cached_property
    def exchange(self) -> Exchange:
        """What `calls` gives."""
        return Exchange(
            operation=self.call.operation,
            request=deepcopy(dict(self.call.request)),
            response=None if self.failed or self.unreadable else json.loads(self.reply.body),
            status=self.reply.status,
            error=self.error if self.failed else None,
            source=self.reply.source,
        )

    @property
    def judged_response(self) -> Any:
        """The response's members, where possible the very object that was judged before."""
        return self.reply.response if self.reply.response is not None else self._document

    @cached_property
    def error(self) -> ErrorReply:
        """The failure that the document describes; its code is empty where there is none."""
        return error_of(self._document)

    @cached_property
    def unreadable(self) -> Violation | None:
        """A violation where the body is no JSON object; only a note where the server failed, which is retried."""
        if self.reply.response is not None or isinstance(self._document, dict):
            return None
        return Violation(
            operation=self.call.operation,
            side="error" if self.failed else "response",
            path="$",
            rule="document",
            severity="note" if self.reply.status >= _SERVER_FAILED else "breach",
            message=f"the body is no JSON object, but {show(self.reply.body)}",
        )

    @cached_property
    def _document(self) -> Any:
        try:
            return json.loads(self.reply.body)
        except ValueError:
            return None


def request_violations(contract: Contract, call: WireCall, record: Record) -> list[Violation]:
    """Return what is wrong with a request, less what its answer, an error, has settled.

    A stubbed error is the test's own answer to whatever the request is. An error of the reference backend or the
    service settles what is wrong with an image (its size), which is the users' doing; not a misspelt attribute.
    """
    if record.failed and record.reply.source == "stub":
        return []
    violations = contract.check_request(call.wire)
    if not record.failed:
        return violations
    images = {".".join(("$", *path)) for path in catalog.operation(call.call.operation).request_blobs}
    return [violation for violation in violations if violation.path not in images]
