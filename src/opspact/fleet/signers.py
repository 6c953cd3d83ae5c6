"""Who signs for a contract: the signing keys of its people, each for as long as both are there.

In: a contract. Out: signers.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from opspact.fleet.ssh_signature import Signer
from opspact.model.contract import Contract
from opspact.model.policies.person import Person, SigningKey

_DAY = timedelta(days=1)


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
