"""Events of scheduled jobs: what hosts reported, what was lost before anybody collected it, who could not be reached.

In: what hosts spooled. Out: events.
"""

from typing import ClassVar

from opspact.ledger.event_type import EventType
from opspact.model import names
from opspact.model.result import Result
from opspact.steps.check import Reach


class JobResult(EventType):
    """What one run of a job left on a host; each result is recorded once."""

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
