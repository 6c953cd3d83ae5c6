"""What the judge looks at: what was seen of an obligation, and what is known of its policy.

Comes in: what `evidence` gathered from the ledger. Goes out: frozen values for the judge.
"""

from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from opspact.obligations.schedule_history import AppliedSchedule
from opspact.structs import Struct

_INSTANT = timedelta(microseconds=1)


class Outcome(StrEnum):
    """What one attempt came to: done, failed, or unknown (its program died, its result is damaged)."""

    DONE = "done"
    FAILED = "failed"
    UNKNOWN = "unknown"


class Observation(Struct):
    """One attempt: when it began and what it proves for (`at`, UTC: its end, or the moment a copy was taken).

    `is_outdated`: it was made under another text of the policy than today's.
    """

    began: datetime
    at: datetime
    outcome: Outcome
    detail: str = ""
    is_outdated: bool = False


def observed_day(
    day: date, zone: ZoneInfo, outcome: Outcome = Outcome.DONE, *, detail: str = "", is_outdated: bool = False
) -> Observation:
    """Return a recorded day as an attempt at all that was due on it: nobody wrote the hour. Its age is the day's."""
    first, after = (datetime.combine(each, time(), zone).astimezone(UTC) for each in (day, day + timedelta(days=1)))
    return Observation(after - _INSTANT, first, outcome, detail, is_outdated)


class Unreachable(Struct):
    """A host that does not let us in: since when (UTC), and why, in a whole sentence ("cannot become root: …")."""

    since: datetime
    detail: str


class Occasion(Struct):
    """One thing after which something is owed: its name in words, and when it ended (UTC).

    `done`: when what is owed of it was done; None: not yet. `detail`: by whom, or why that is not known of it.
    `is_unknown`: nobody knows whether it has ended.
    """

    name: str
    at: datetime
    done: datetime | None = None
    detail: str = ""
    is_unknown: bool = False


class Evidence(Struct):
    """Everything that bears on one obligation.

    `applied`: since when it is owed (UTC): when its policy was first applied to the host that it concerns; None: never.
    `latest` is the newest attempt, `proof` the newest that is DONE; `failed`: the newest that FAILED, where none
    that is DONE came after it: one that is UNKNOWN clears nothing. `against` speaks against every proof so far (a
    server that misses the copies of a client). `schedules`: those that were in effect on the host, the oldest first;
    none where nothing is recorded of them. `is_pending`: the policy's present text has not been applied there.
    `occasions`: those after each of which something is owed, the oldest first.
    """

    applied: datetime | None = None
    latest: Observation | None = None
    proof: Observation | None = None
    against: tuple[str, ...] = ()
    unreachable: Unreachable | None = None
    schedules: tuple[AppliedSchedule, ...] = ()
    is_pending: bool = False
    failed: Observation | None = None
    occasions: tuple[Occasion, ...] = ()
