"""The kind `person`, as it is meant: somebody who works under the contract.

Comes in: what `resolve` made of the document. Goes out: frozen values, held by the contract.
"""

from collections.abc import Mapping
from datetime import date, datetime

from opspact.model.origin import Origin
from opspact.model.text import Text
from opspact.structs import Struct
from opspact.values.period import OpenPeriod
from opspact.values.secret import SecretReference


class Certificate(Struct):
    """Something that a person has shown to know; `until` its last day (None: it does not expire)."""

    name: str
    until: date | None


class SigningKey(Struct):
    """A key that signs for a person from its first day on to its last one (None: as long as they are there).

    `revoked`: from then on no signature that was not seen before counts.
    """

    key: str
    first: date | None
    last: date | None
    revoked: datetime | None


class Person(Struct):
    """Somebody who works under the contract.

    `employed`: on which days, in order, with breaks between; at least one period. `channels` say how they are reached:
    an address, or where one is kept.
    """

    name: str
    text: Text
    teams: tuple[str, ...]
    account: str
    shell: str
    keys: tuple[str, ...]
    employed: tuple[OpenPeriod, ...]
    channels: Mapping[str, str | SecretReference]
    certificates: tuple[Certificate, ...]
    signing_keys: tuple[SigningKey, ...]
    origin: Origin

    def works_on(self, day: date) -> bool:
        """Return whether the person is with the contract on that day."""
        return any(day in period for period in self.employed)

    def works_between(self, first: date, after: date) -> bool:
        """Return whether the person is with the contract on any day from the first to the one before `after`."""
        return any(each.first < after and (each.last is None or first <= each.last) for each in self.employed)

    def ended_on(self, day: date) -> date | None:
        """Return the last day of a person who has left by that day and is not back; None for others."""
        last = max((each.last for each in self.employed if each.last and each.last < day), default=None)
        return None if self.works_on(day) else last

    def last_day(self, day: date) -> date | None:
        """Given a day on which the person works, return the last one before a break or the end; None: none is known."""
        return next((each.last for each in self.employed if day in each), None)

    def starts_after(self, day: date) -> date | None:
        """Return the first day after that day on which the person starts or is back; None where there is none."""
        return next((each.first for each in self.employed if each.first > day), None)
