"""Results of jobs, with everything that a test does not care about filled in."""

from datetime import UTC, datetime, timedelta
from typing import Any

from opspact.ledger.job_events import JobResult
from opspact.model.result import Outcome, Result, Verdict

BEGAN = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)


def result_of(job: str, host: str = "app1", sequence: int = 1, **fields: Any) -> JobResult:
    """Return the event of a result; `started` and `ended` follow from each other, eight seconds apart."""
    ended = fields.pop("ended", None) or fields.get("started", BEGAN) + timedelta(seconds=8)
    started = fields.pop("started", ended - timedelta(seconds=8))
    given = {"spool": "5f3c", "outcome": Outcome.DONE, "verdict": Verdict.OK} | fields
    return JobResult(Result(job=job, host=host, sequence=sequence, started=started, ended=ended, **given))
