"""The kind `person`, as it is meant: somebody who works under the contract.

Comes in: what `resolve` made of the document. Goes out: frozen values, held by the contract.
"""

from collections.abc import Mapping
from datetime import date

from opspact.model.origin import Origin
from opspact.model.text import Text
from opspact.structs import Struct
from opspact.values.secret import SecretReference


class Certificate(Struct):
    """Something that a person has shown to know; `until` its last day (None: it does not expire)."""

    name: str
    until: date | None


class Person(Struct):
    """Somebody who works under the contract, from the first to the last day (both included).

    `channels` say how they are reached: an address, or where one is kept.
    """

    name: str
    text: Text
    teams: tuple[str, ...]
    account: str
    shell: str
    keys: tuple[str, ...]
    since: date | None
    until: date | None
    channels: Mapping[str, str | SecretReference]
    certificates: tuple[Certificate, ...]
    origin: Origin

    def ended_before(self, day: date) -> bool:
        """Return whether the person's last day was before that day."""
        return self.until is not None and self.until < day

    def works_on(self, day: date) -> bool:
        """Return whether the person is with the contract on that day."""
        return (self.since is None or self.since <= day) and (self.until is None or day <= self.until)
