"""Results of jobs as they lie in ledgers, for tests of what is made of them."""

from datetime import UTC, datetime, timedelta
from typing import Any

from opspact.ledger.job_events import JobResult
from opspact.model.result import Outcome, Result, Verdict

SPOOL = "0123456789ab"
ENDED = datetime(2026, 11, 23, 7, 30, tzinfo=UTC)


def job_result(job: str, host: str, sequence: int = 1, **fields: Any) -> JobResult:
    """Return the event of a result: a good one that took a minute, unless fields say otherwise."""
    ended = fields.get("ended", ENDED)
    defaults = {
        "spool": SPOOL,
        "started": ended and ended - timedelta(minutes=1),
        "ended": ended,
        "outcome": Outcome.DONE,
        "verdict": Verdict.OK,
    }
    return JobResult(Result(**{"job": job, "host": host, "sequence": sequence, **defaults, **fields}))
