"""Events of log reviews: what is usual on a host, and that somebody read what its logs say.

In: what reviews learnt, what a person says of their reports. Out: events.
"""

from datetime import datetime
from typing import ClassVar

from opspact.ledger.event_type import EventType
from opspact.model import names
from opspact.structs import Struct


class KnownAccount(Struct, order=True):
    """An account that is usual on a host; from which networks, and with which keys, it logs in there."""

    name: str
    networks: tuple[str, ...] = ()
    keys: tuple[str, ...] = ()


class LogBaseline(EventType):
    """What is usual on a host by a log review (`log_review/NAME`): every account that was used there.

    The first edition is what was seen from `since` until `until` (UTC); every other one is what a review accepted on
    top. The newest counts.
    """

    kind: ClassVar[str] = "review.baseline"

    policy: str
    host: str
    edition: int
    since: datetime
    until: datetime
    accounts: tuple[KnownAccount, ...]

    @property
    def subject(self) -> str:
        """The log review on the host."""
        return names.job_subject(self.policy, self.host)

    @property
    def key(self) -> str:
        """The log review, the host and the edition: of two reviews at once, one is refused."""
        return f"{self.policy} {self.host} {self.edition}"


class LogsReviewed(EventType):
    """A person read the reports of a log review on a host, up to a result (`spool`, `number`) with that one included.

    `accepted`: what was new, and is usual from now on.
    """

    kind: ClassVar[str] = "review.recorded"

    policy: str
    host: str
    person: str
    spool: str
    number: int
    note: str = ""
    accepted: tuple[KnownAccount, ...] = ()

    @property
    def subject(self) -> str:
        """The log review on the host."""
        return names.job_subject(self.policy, self.host)


ReviewEvent = LogBaseline | LogsReviewed
"""Every event of log reviews."""
