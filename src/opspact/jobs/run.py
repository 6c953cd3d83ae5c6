"""Jobs run now, on their hosts side by side, as their timers would.

In: a collector, jobs. Out: each host's result, recorded like any other, or why there is none.
"""

import base64
from collections.abc import Iterable, Sequence
from functools import partial
from shlex import quote

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
    return {host: answer for (_, host), answer in run_all(collector, [job], hosts).items()}


def run_all(collector: Collector, jobs: Sequence[HostJob], hosts: Iterable[str]) -> dict[tuple[str, str], Answer]:
    """Given jobs that do not wait for each other, and hosts, run all of them on each at once, as `run_now` does.

    Return each answer by the key of its job and its host.
    """
    chosen = tuple(hosts)
    subjects = {(job.key, host): names.job_subject(job.key, host) for job in jobs for host in chosen}
    collector.collect(jobs, chosen)
    before = collector.positions(subjects)
    started = collector.sessions.each(partial(_start, jobs), chosen)
    collected = collector.collect(jobs, chosen)
    after = collector.positions(subjects)
    newest = collector.ledger.newest_of(JobResult, subjects.values(), contract=collector.context().contract)
    answers: dict[tuple[str, str], Answer] = {}
    for (key, host), subject in subjects.items():
        new = before[key, host] != after[key, host] and subject in newest
        on_host = started[host]
        begun = on_host if isinstance(on_host, HostLost) else on_host[key]
        answers[key, host] = newest[subject].event.result if new else _missing(begun, collected, host)
    return answers


def _start(jobs: Sequence[HostJob], session: Session) -> dict[str, str]:
    """Start jobs on one host and wait for all of them; return for each what to say if it left no result."""
    units = {job.key: f"{job.unit_name}.service" for job in jobs}
    limit = max(job.kind.time_limit for job in jobs) + _BESIDE
    done = session.run("\n".join((*map(_in_background, units.values()), "wait")), timeout=limit)
    ends = {unit: (int(rc), base64.b64decode(said)) for unit, rc, said in map(_fields, done.stdout.splitlines())}
    return {key: _without_result(unit, *ends.get(unit, (0, b""))) for key, unit in units.items()}


def _in_background(unit: str) -> str:
    """Return the shell that starts a unit beside others, and says in one line how that ended and what was said."""
    said = 'printf %s "$said" | base64 -w 0'
    return f'{{ said=$(exec 2>&1\n{start_command(unit)}); echo {quote(unit)} $? "$({said})"; }} &'


def _fields(line: bytes) -> tuple[str, str, bytes]:
    unit, rc, said = line.split(b" ")
    return unit.decode(), rc.decode(), said


def _without_result(unit: str, rc: int, said: bytes) -> str:
    if rc == NO_SUCH_UNIT:
        return f"{unit} is not on this host: apply the policies first"
    return f"{unit} left no result: {quoted(said) or f'see journalctl -u {unit}'}"


def _missing(started: str | HostLost, collected: Collection, host: str) -> HostLost | str:
    """Return why a host has no result of a run."""
    if isinstance(started, HostLost):
        return started
    if host in collected.unreached:
        return collected.unreached[host]
    return " ".join(collected.problems.get(host, [started]))
