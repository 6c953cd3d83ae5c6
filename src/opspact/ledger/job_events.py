"""Events of scheduled jobs: what hosts reported, what was lost before anybody collected it, who could not be reached.

In: what hosts spooled. Out: events.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from opspact.ledger.event_type import EventType
from opspact.steps.check import Reach


@dataclass(frozen=True, slots=True)
class JobResult(EventType):
    """What one run of a job (`job`: `inspection/daily-servers`) left on a host, as the host spooled it.

    `spool` is the spool's own name there, `sequence` the result's number in it: each result is recorded once.
    """

    kind: ClassVar[str] = "job.result"

    job: str
    host: str
    spool: str
    sequence: int
    result: Mapping[str, object]

    @property
    def subject(self) -> str:
        """The job on the host."""
        return job_subject(self.job, self.host)

    @property
    def key(self) -> str:
        """The job, the host and the result's number in its spool."""
        return f"{self.job} {self.host} {self.spool}:{self.sequence}"


@dataclass(frozen=True, slots=True)
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
        return job_subject(self.job, self.host)

    @property
    def key(self) -> str:
        """The job, the host and the first lost number in its spool."""
        return f"{self.job} {self.host} {self.spool}:{self.first}"


@dataclass(frozen=True, slots=True)
class HostReach(EventType):
    """How a host answers, recorded when that changes. `detail` says why it was not reached."""

    kind: ClassVar[str] = "host.reach"

    host: str
    reach: Reach
    detail: str = ""

    @property
    def subject(self) -> str:
        """The host."""
        return f"host/{self.host}"


JobEvent = HostReach | JobResult | ResultsLost
"""Every event of scheduled jobs."""


def job_subject(job: str, host: str) -> str:
    """Given a job (`kind/policy`) and a host, return the subject of its events: `job/KIND/POLICY/host/HOST`."""
    return f"job/{job}/host/{host}"
