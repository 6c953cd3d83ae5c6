"""Who signs for a contract: the signing keys of its people, each for as long as both are there.

In: a contract. Out: signers; the key of whoever is here.
"""

import os
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from opspact.errors import OperationFailed, Refused
from opspact.fleet.ssh_signature import OwnKey, Signer, own_keys
from opspact.model.contract import Contract
from opspact.model.policies.person import Person, SigningKey

KEY_VARIABLE = "OPSPACT_SIGNING_KEY"
_DAY = timedelta(days=1)
_AGENT_PATIENCE = 5.0  # seconds


def signers_of(contract: Contract) -> tuple[Signer, ...]:
    """Given a contract, return its people's signing keys: one for each period in which a person is there."""
    zone = ZoneInfo(contract.zone)
    return tuple(
        signer
        for person in contract.people.values()
        for key in person.signing_keys
        for signer in _signers(person, key, zone)
    )


def _signers(person: Person, key: SigningKey, zone: ZoneInfo) -> Iterator[Signer]:
    for period in person.employed:
        since = _begin(max(period.first, key.first or period.first), zone)
        last = min((day for day in (period.last, key.last) if day is not None), default=None)
        ends = [_begin(last + _DAY, zone)] if last is not None and last < date.max else []
        until = min([*ends, *([key.revoked] if key.revoked is not None else [])], default=None)
        if until is None or since < until:
            yield Signer(person.name, key.key, since, until)


def _begin(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(), zone).astimezone(UTC)


def named_key() -> Path | None:
    """Return the key that the environment names, if it does."""
    named = os.environ.get(KEY_VARIABLE)
    return Path(named).expanduser() if named else None


def key_holders(contract: Contract, at: datetime) -> tuple[str, ...]:
    """Return the people whose signing keys whoever is here can sign with, as far as that is known.

    None where OpenSSH is not installed, or the agent does not answer in time: what is going on need not wait for it.
    """
    signers = signers_of(contract)
    if not signers:
        return ()
    try:
        here = {each.fingerprint for each in own_keys(patience=_AGENT_PATIENCE)}
    except (Refused, OperationFailed, OSError, RuntimeError):  # RuntimeError: there is no home directory
        return ()
    return tuple(sorted({each.person for each in signers if each.fingerprint in here and not each.refusal(at)}))


def contract_key(contract: Contract, at: datetime) -> OwnKey:
    """Return the one key of whoever is here that the policies name. Raise Refused when there is none, or several."""
    known = {each.fingerprint for each in signers_of(contract) if not each.refusal(at)}
    found = {each.fingerprint: each for each in own_keys() if each.fingerprint in known}
    if not found:
        raise Refused(
            "none of your SSH keys is a signing key of this contract",
            hint="add it to `signing_keys` of your person policy, or name another one",
        )
    if len(found) > 1:
        raise Refused(f"several of your keys are signing keys: {', '.join(found)}", hint="name one")
    return next(iter(found.values()))
