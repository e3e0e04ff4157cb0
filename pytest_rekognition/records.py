"""What happened: one record a call that was answered, and what is wrong with its request."""

from __future__ import annotations

import json
from copy import deepcopy
from functools import cached_property
from typing import TYPE_CHECKING, Any

from pytest_rekognition.checking import settled_by_error, unreadable
from pytest_rekognition.exchange import FAILED, Exchange, error_of

if TYPE_CHECKING:
    from pytest_rekognition.contract import Contract
    from pytest_rekognition.exchange import Call, ErrorReply, Violation
    from pytest_rekognition.wire import WireCall, WireReply


class Record:
    """One answered call. Exchanges are made of it when somebody looks: copies, which nobody can spoil."""

    def __init__(self, call: Call, reply: WireReply) -> None:
        self.call = call
        self.reply = reply

    @property
    def failed(self) -> bool:
        """Whether the answer is an error."""
        return self.reply.status >= FAILED

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
        return unreadable(self.call.operation, self.reply.status, self.reply.body)

    @cached_property
    def _document(self) -> Any:
        try:
            return json.loads(self.reply.body)
        except ValueError:
            return None


def request_violations(contract: Contract, call: WireCall, record: Record) -> list[Violation]:
    """Return what is wrong with a request, less what its answer, an error, has settled."""
    if not record.failed:
        return contract.check_request(call.wire)
    if record.reply.source == "stub":
        return []  # the test's own answer to whatever the request is: not even checked
    return settled_by_error(call.call.operation, contract.check_request(call.wire), record.reply.source)
