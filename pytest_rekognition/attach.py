"""Attaching the wire to botocore and aiobotocore: its handlers, a first region, and retries that never sleep.

The handlers join botocore's built-in ones, so every client has them, whenever and wherever it was created. This
module imports botocore only where botocore is loaded already.
"""

from __future__ import annotations

import functools
import gc
import inspect
import sys
from typing import TYPE_CHECKING, Any

from pytest_rekognition import wire
from pytest_rekognition.environment import PLACEHOLDER_REGION

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import ModuleType

#: The mark of what has been attached already.
_OURS = "_pytest_rekognition"


def _join_builtin_handlers(handlers: ModuleType) -> None:
    """Give the handlers to every session to come, and to what exists already."""
    ours = [(event, handler, handlers.REGISTER_FIRST) for event, handler in wire.HANDLERS.items()]
    if ours[0] in handlers.BUILTIN_HANDLERS:
        return
    handlers.BUILTIN_HANDLERS[:0] = ours
    if hasattr(sys.modules.get("botocore.session"), "Session"):
        _adopt_existing_clients()


def _adopt_existing_clients() -> None:
    """Register on the sessions and clients that were created before we came (in a notebook, by another plugin)."""
    from botocore.hooks import HierarchicalEmitter  # noqa: PLC0415  only where botocore is loaded

    emitters = [found for found in gc.get_objects() if isinstance(found, HierarchicalEmitter)]
    for emitter in emitters:
        for event, handler in wire.HANDLERS.items():
            emitter.unregister(event, handler)  # it may have come with the session: once is enough
            emitter.register_first(event, handler)


def _offer_region(session: ModuleType) -> None:
    """Let a Rekognition client be created where no region is configured, as code under test does at import."""
    cls = session.AioSession if hasattr(session, "AioSession") else session.Session
    create_client = cls.create_client
    if hasattr(create_client, _OURS):
        return

    @functools.wraps(create_client)
    def with_region(
        self: Any, service_name: str, region_name: str | None = None, *args: Any, **kwargs: Any
    ) -> Any:
        if service_name == "rekognition" and region_name is None and not _has_region(self, kwargs):
            kwargs["config"] = _placeholder_config(kwargs.get("config"))
        return create_client(self, service_name, region_name, *args, **kwargs)

    setattr(with_region, _OURS, True)
    cls.create_client = with_region


def _has_region(session: Any, options: Mapping[str, Any]) -> bool:
    config = options.get("config") or session.get_default_client_config()
    return bool(getattr(config, "region_name", None) or session.get_config_variable("region"))


def _placeholder_config(config: Any) -> Any:
    from botocore.config import Config  # noqa: PLC0415  only where a client is created

    agent = f"{getattr(config, 'user_agent_extra', None) or ''} {wire.PLACEHOLDER_MARK}".strip()
    placeholder = Config(region_name=PLACEHOLDER_REGION, user_agent_extra=agent)
    return config.merge(placeholder) if config is not None else placeholder


class _Unhurried:
    """A module whose `sleep` passes at once for the retries of calls that were answered here."""

    def __init__(self, module: Any, at_once: Callable[[], Any]) -> None:
        self._module = module
        self._at_once = at_once

    def __getattr__(self, name: str) -> Any:
        return getattr(self._module, name)

    def sleep(self, seconds: float) -> Any:
        """Sleep, unless the attempt that failed was answered here."""
        if not wire.retry_is_due_at_once():
            return self._module.sleep(seconds)
        return self._at_once()


def _unhurry(endpoint: ModuleType) -> None:
    if not isinstance(endpoint.time, _Unhurried):
        endpoint.time = _Unhurried(endpoint.time, lambda: None)  # type: ignore[attr-defined]


def _unhurry_async(endpoint: ModuleType) -> None:
    asyncio = endpoint.asyncio
    if not isinstance(asyncio, _Unhurried):
        endpoint.asyncio = _Unhurried(asyncio, lambda: asyncio.sleep(0))  # type: ignore[attr-defined]


def _unlimit(adaptive: ModuleType) -> None:
    """Keep the rate limiter of retry mode `adaptive`, which sleeps too, to calls that leave the machine."""
    limiters = [value for name, value in vars(adaptive).items() if name.endswith("ClientRateLimiter")]
    for limiter in limiters:
        if not hasattr(limiter.on_sending_request, _OURS):
            limiter.on_sending_request = _only_if_leaving(limiter.on_sending_request)


def _only_if_leaving(on_sending_request: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(on_sending_request)
    def unless_answered(self: Any, request: Any, **kwargs: Any) -> Any:
        if getattr(request, "url", None) == wire.NOWHERE:
            return _nothing() if inspect.iscoroutinefunction(on_sending_request) else None
        return on_sending_request(self, request, **kwargs)

    setattr(unless_answered, _OURS, True)
    return unless_answered


async def _nothing() -> None:
    """Return nothing, to whoever awaits it."""


_ATTACH: dict[str, Callable[[ModuleType], None]] = {
    "botocore.handlers": _join_builtin_handlers,
    "botocore.session": _offer_region,
    "botocore.endpoint": _unhurry,
    "botocore.retries.adaptive": _unlimit,
    "aiobotocore.session": _offer_region,
    "aiobotocore.endpoint": _unhurry_async,
    "aiobotocore.retries.adaptive": _unlimit,
}


def attach(module: ModuleType) -> None:
    """Put this module's part of the seam into one of the modules that `seam.MODULES` names; again is harmless."""
    _ATTACH[module.__name__](module)
