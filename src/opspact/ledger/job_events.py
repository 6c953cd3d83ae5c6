"""Events of scheduled jobs: what hosts reported, what was lost before anybody collected it, who could not be reached.

In: what hosts spooled. Out: events.
"""

from typing import ClassVar

from opspact.ledger.event_type import EventType
from opspact.ledger.redaction import masked
from opspact.model import names
from opspact.model.result import Result
from opspact.onhost.redaction import Redactor
from opspact.steps.check import Reach
from opspact.structs import replace

_UNMASKED = "unmasked"


class JobResult(EventType):
    """What one run of a job left on a host; each result is recorded once.

    A result that a host kept with secrets in it, although it masks by the same patterns as the ledger, has a fact that
    says so: `with_secrets_marked`.
    """

    kind: ClassVar[str] = "job.result"

    result: Result

    @property
    def subject(self) -> str:
        """The job on the host."""
        return self.result.subject

    @property
    def key(self) -> str:
        """The job, the host and the result's number in its spool."""
        return f"{self.result.job} {self.result.host} {self.result.spool}:{self.result.sequence}"

    @property
    def has_secrets(self) -> bool:
        """Whether the host kept something that it should have masked."""
        return self.result.facts.get(_UNMASKED) is True

    def with_secrets_marked(self, redactor: Redactor) -> "JobResult":
        """Given what masks in the ledger, return the event as it is to be recorded, with the fact where it is due."""
        is_alike = self.result.facts.get("redaction") == redactor.digest
        if not is_alike or masked(self, redactor) == self:
            return self
        return JobResult(replace(self.result, facts={**self.result.facts, _UNMASKED: True}))


class ResultsLost(EventType):
    """Results of a job that a host no longer has, and that nobody collected: `first` to `last`, both included."""

    kind: ClassVar[str] = "job.lost"

    job: str
    host: str
    spool: str
    first: int
    last: int

    @property
    def subject(self) -> str:
        """The job on the host."""
        return names.job_subject(self.job, self.host)

    @property
    def key(self) -> str:
        """The job, the host and the first lost number in its spool."""
        return f"{self.job} {self.host} {self.spool}:{self.first}"


class HostReach(EventType):
    """How a host answers, recorded where the newest event that says so, this or HostChecked, says something else.

    `detail` says why it was not reached.
    """

    kind: ClassVar[str] = "host.reach"
    subject_field: ClassVar[str] = "host"

    host: str
    reach: Reach
    detail: str = ""


JobEvent = HostReach | JobResult | ResultsLost
"""Every event of scheduled jobs."""
