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

#: What stands for accounts, numbered in the order in which a cassette meets them: no account has such a number.
MASK = re.compile(r"(?<![0-9])0{10}(?:0[1-9]|[1-9][0-9])(?![0-9])")
_MOST_ACCOUNTS = 99
#: What AWS's examples, moto and LocalStack have for an account.
_NOBODYS = frozenset({"123456789012", "000000000000"})

_ACCOUNT = re.compile(r"[0-9]{12}")
#: The key's fifth character has the bit that says that an account is encoded, from `Q` on.
_KEY_WITH_ACCOUNT = re.compile(r"A[KS]IA[Q-Z2-7][A-Z2-7]{15}")
#: An ARN's account, and that of CreateCollection's shorter one: `aws:rekognition:REGION:ACCOUNT:collection/ID`.
_IN_ARN = re.compile(
    r"(?<![A-Za-z0-9-])(?:arn:aws[-a-z]*:[a-z0-9-]*|aws[-a-z]*:rekognition):[a-z0-9-]*:([0-9]{12}):"
)
#: Twelve digits that are no part of a longer run of digits, nor of a UUID.
_STANDING_ALONE = re.compile(
    r"(?<![0-9])(?<![0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-)[0-9]{12}(?![0-9])"
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


def mask_accounts(value: Any, accounts: Collection[str] = (), masks: dict[str, str] | None = None) -> Any:
    """Return a JSON structure with account ids masked in its texts, map keys included.

    Masked are the ids that ARNs anywhere in it name, and those in `accounts`: in the ARNs, and wherever else they
    stand. `masks` says what stands for which account, and is added to. Other runs of twelve digits stay.
    """
    try:
        found = {account for text in _texts(value) for account in _IN_ARN.findall(text)}
        known = found.union(account for account in accounts if _ACCOUNT.fullmatch(account))
        known = {account for account in known - _NOBODYS if not MASK.fullmatch(account)}
        numbered = {} if masks is None else masks
        for account in sorted(known - numbered.keys()):
            numbered[account] = _free_mask(numbered.values())
        return _masked(value, {account: numbered[account] for account in known}) if known else value
    except RecursionError:
        raise CassetteError("it is nested too deeply to look for account ids in it") from None


def masked_interaction(
    request: Mapping[str, Any],
    document: Any,
    accounts: Collection[str] = (),
    masks: dict[str, str] | None = None,
) -> tuple[dict[str, Any], Any]:
    """Return a request and its answer's document with account ids masked: one found in either, in both."""
    masked_request, masked_document = mask_accounts([dict(request), document], accounts, masks)
    return masked_request, masked_document


def unmasked(stored: str, called: str) -> dict[str, str] | None:
    """Return which account each mask of a stored text stands for in another one; None where that is another text.

    The same mask is the same account everywhere, and two masks are two accounts.
    """
    if len(stored) != len(called):
        return None
    accounts: dict[str, str] = {}
    at = 0
    for mask in MASK.finditer(stored):
        account = called[mask.start() : mask.end()]
        if stored[at : mask.start()] != called[at : mask.start()] or not _ACCOUNT.fullmatch(account):
            return None
        if accounts.setdefault(mask[0], account) != account:
            return None
        at = mask.end()
    same = stored[at:] == called[at:] and len(set(accounts.values())) == len(accounts)
    return accounts if same else None


def _free_mask(taken: Collection[str]) -> str:
    masks = (f"{number:012d}" for number in range(1, _MOST_ACCOUNTS + 1))
    free = next((mask for mask in masks if mask not in taken), None)
    if free is None:
        raise CassetteError(f"it names more than {_MOST_ACCOUNTS} accounts")
    return free


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


def _masked(value: Any, masks: Mapping[str, str]) -> Any:
    if isinstance(value, str):
        return _STANDING_ALONE.sub(lambda match: masks.get(match[0], match[0]), value)
    if isinstance(value, dict):
        return {_masked(name, masks): _masked(item, masks) for name, item in value.items()}
    return [_masked(item, masks) for item in value] if isinstance(value, list | tuple) else value
