"""A job run now, on its hosts side by side, as its timer would.

In: a collector, a job. Out: each host's result, recorded like any other, or why there is none.
"""

from collections.abc import Iterable

from opspact.fleet.failures import HostLost, quoted
from opspact.fleet.session import Session
from opspact.jobs.collection import Collection, Collector
from opspact.ledger.job_events import JobResult
from opspact.model import names
from opspact.model.job import HostJob
from opspact.model.result import Result
from opspact.steps.systemd import NO_SUCH_UNIT, start_command

Answer = Result | HostLost | str
"""What running a job on a host gave: a result, a lost host, or why there is no result."""

_BESIDE = 60.0  # seconds more than the job's own time limit, for starting and ending it


def run_now(collector: Collector, job: HostJob, hosts: Iterable[str]) -> dict[str, Answer]:
    """Given a job and hosts, run it there now and wait; return each host's result, or why there is none.

    What waited there before is collected too. A run that its timer started meanwhile counts as this one.
    """
    chosen = tuple(hosts)
    collector.collect([job], chosen)
    before = collector.positions((job.key, host) for host in chosen)
    unit = f"{job.unit_name}.service"

    def start(session: Session) -> str:
        done = session.run(start_command(unit), timeout=job.kind.time_limit + _BESIDE)
        if done.rc == NO_SUCH_UNIT:
            return f"{unit} is not on this host: apply the policies first"
        return f"{unit} left no result: {quoted(done.stderr) or f'see journalctl -u {unit}'}"

    started = collector.sessions.each(start, chosen)
    collected = collector.collect([job], chosen)
    after = collector.positions((job.key, host) for host in chosen)
    subjects = {names.job_subject(job.key, host): host for host in chosen}
    newest = collector.ledger.newest_of(JobResult, subjects, contract=collector.context().contract)
    answers: dict[str, Answer] = {}
    for subject, host in subjects.items():
        new = before[job.key, host] != after[job.key, host] and subject in newest
        answers[host] = newest[subject].event.result if new else _missing(started[host], collected, host)
    return answers


def _missing(started: str | HostLost, collected: Collection, host: str) -> HostLost | str:
    """Return why a host has no result of a run."""
    if isinstance(started, HostLost):
        return started
    if host in collected.unreached:
        return collected.unreached[host]
    return " ".join(collected.problems.get(host, [started]))
