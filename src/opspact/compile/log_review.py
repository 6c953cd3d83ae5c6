"""The kind `log_review`: its program, settings and timer as steps; the reviews that it owes, and who reads them.

Comes in: log reviews. Goes out: portions, obligations.
"""

from collections.abc import Iterator
from datetime import timedelta
from zoneinfo import ZoneInfo

from opspact.compile.jobs import job_steps
from opspact.compile.portion import Portion
from opspact.model.contract import Contract
from opspact.model.contract_jobs import log_review_job
from opspact.model.policies.log_review import LogReview
from opspact.obligations.obligation import JobSource, Obligation, PersonSource, Proof, Scheduled

READING = "reading of the report"
"""What people record of a log review."""

_TOLERANCE = timedelta(hours=1)
"""How long after it was due a review may begin."""
_READ_WITHIN = timedelta(days=1)


def log_review_portion(review: LogReview, contract: Contract) -> Portion:
    """Given a review of logs, return its steps, which all of its hosts share."""
    settings = {
        "sources": review.sources,
        "failed_logins": review.failed_logins,
        "failures_then_success": review.failures_then_success,
        "many_users": review.many_users,
        "dormant_after": review.dormant_after.seconds,
        "passwords": _allowed(review.passwords),
        "root_logins": _allowed(review.root_logins),
        "accounts_ignored": review.accounts_ignored,
    }
    job = log_review_job(review)
    return Portion(job.hosts, tuple(job_steps(job, settings, zone=contract.zone)))


def _allowed(is_allowed: bool) -> str:
    return "allowed" if is_allowed else "forbidden"


def log_review_obligations(contract: Contract) -> Iterator[Obligation]:
    """Given a contract, yield the reviews that are owed of the logs of each host, and that somebody reads them."""
    zone = ZoneInfo(contract.zone)
    for review in contract.log_reviews:
        due, job = Scheduled(review.schedule, zone, _TOLERANCE), log_review_job(review)
        for host in job.hosts:
            source = JobSource(job.key, host)
            yield Obligation(review.origin, f"host/{host}", "log review", Proof.RESULT, due=due, source=source)
        if review.read_by:
            read, policy = Scheduled(review.schedule, zone, _READ_WITHIN), review.origin.policy
            reader = PersonSource(policy, READING, zone, command="opspact logs review")
            yield Obligation(review.origin, policy, READING, Proof.RECORD, due=read, source=reader)
