"""AWS account ids: found in ARNs and access keys, and masked wherever they stand.

An account id is no credential, but nobody wants to publish it. The mask has the same length, so that what is
recorded stays valid.
"""

from __future__ import annotations

import re
from base64 import b32decode
from typing import TYPE_CHECKING, Any

from pytest_rekognition.errors import CassetteError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

#: What stands for every account: the one of AWS's own examples.
MASK = "123456789012"

_ACCOUNT = re.compile(r"[0-9]{12}")
#: The key's fifth character has the bit that says that an account is encoded, from `Q` on.
_KEY_WITH_ACCOUNT = re.compile(r"A[KS]IA[Q-Z2-7][A-Z2-7]{15}")
#: An ARN's account, and that of CreateCollection's shorter one: `aws:rekognition:REGION:ACCOUNT:collection/ID`.
_IN_ARN = re.compile(
    r"(?<![A-Za-z0-9-])(?:arn:aws[-a-z]*:[a-z0-9-]*|aws[-a-z]*:rekognition):[a-z0-9-]*:([0-9]{12}):"
)
#: Twelve digits that are no part of a longer run of digits or hexadecimal digits, nor of a UUID; `%3A` is a colon.
_STANDING_ALONE = re.compile(
    r"(?:(?<![0-9A-Fa-f])|(?<=%3[Aa])|(?<=%2[Ff]))"
    r"(?<![0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-)"
    r"[0-9]{12}(?![0-9A-Fa-f])"
)


def account_of_key(access_key_id: str) -> str | None:
    """Return the account that an access key id belongs to, or None where the id does not tell.

    The sixteen characters after `AKIA` or `ASIA` are base32. Their first bit says whether the forty bits after it
    are the account: keys of the old generation have none (withsecure.com, "A bitwise analysis of AWS access key
    identifiers").
    """
    if not _KEY_WITH_ACCOUNT.fullmatch(access_key_id):
        return None
    number = (int.from_bytes(b32decode(access_key_id[4:])[:6], "big") & 0x7FFFFFFFFF80) >> 7
    account = f"{number:012d}"
    return account if _ACCOUNT.fullmatch(account) else None


def mask_accounts(value: Any, accounts: Collection[str] = ()) -> Any:
    """Return a JSON structure with account ids masked in its texts, map keys included.

    Masked are the ids that ARNs anywhere in it name, and those in `accounts`: in the ARNs, and wherever else they
    stand alone. Numbers, UUIDs and other runs of twelve digits stay.
    """
    try:
        found = {account for text in _texts(value) for account in _IN_ARN.findall(text)}
        known = found.union(account for account in accounts if _ACCOUNT.fullmatch(account)) - {MASK}
        return _masked(value, known) if known else value
    except RecursionError:
        raise CassetteError("it is nested too deeply to look for account ids in it") from None


def masked_interaction(
    request: Mapping[str, Any], document: Any, accounts: Collection[str] = ()
) -> tuple[dict[str, Any], Any]:
    """Return a request and its answer's document with account ids masked: one found in either, in both."""
    masked_request, masked_document = mask_accounts([dict(request), document], accounts)
    return masked_request, masked_document


def matches_masked(stored: str, called: str) -> bool:
    """Tell whether a text with masked accounts is another one, with any account in each mask's place."""
    if len(stored) != len(called):
        return False
    at = 0
    for number, part in enumerate(stored.split(MASK)):
        if number:
            if not _ACCOUNT.fullmatch(called, at, at + len(MASK)):
                return False
            at += len(MASK)
        if not called.startswith(part, at):
            return False
        at += len(part)
    return True


def _texts(value: Any) -> Iterator[str]:
    """Yield the texts of a structure, however deep."""
    waiting = [value]
    while waiting:
        item = waiting.pop()
        if isinstance(item, str):
            yield item
        elif isinstance(item, dict):
            waiting += [*item, *item.values()]
        elif isinstance(item, list | tuple):
            waiting += item


def _masked(value: Any, accounts: Collection[str]) -> Any:
    if isinstance(value, str):
        return _STANDING_ALONE.sub(lambda match: MASK if match[0] in accounts else match[0], value)
    if isinstance(value, dict):
        return {_masked(name, accounts): _masked(item, accounts) for name, item in value.items()}
    return [_masked(item, accounts) for item in value] if isinstance(value, list | tuple) else value
