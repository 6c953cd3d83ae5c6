"""What `inspect` and `backup` have in common: which jobs are meant, running them, recording what they gave.

Comes in: the contract at work, a policy's name. Goes out: answers, recorded.
"""

from collections.abc import Iterable, Sequence
from functools import partial

from opspact.cli.hosts import CommandContext
from opspact.errors import NothingFound, Refused
from opspact.evidence.log_baseline import due_baselines
from opspact.jobs.collection import Collection, Collector
from opspact.jobs.run import Answer, run_now
from opspact.ledger.store import Ledger
from opspact.model.contract_jobs import collected_jobs, contract_jobs
from opspact.model.job import Job, JobKind
from opspact.text.suggestions import did_you_mean
from opspact.workspace.workspace import Compiled, context


def chosen_jobs(
    work: CommandContext, kinds: Iterable[JobKind], name: str | None, *, limit: str | None
) -> list[tuple[Job, tuple[str, ...]]]:
    """Given kinds, maybe one policy's name and a limit, return each job that is meant, and its hosts.

    Raise Refused when no policy has the name, NothingFound when no host is left.
    """
    wanted = set(kinds)
    jobs = [job for job in contract_jobs(work.head.contract) if job.kind in wanted]
    known = [job.name for job in jobs]
    if name is not None and name not in known:
        raise Refused(f'unknown policy "{name}"', hint=_other_name(work.head, name, known))
    hosts = set(work.head.chosen(limit))
    meant = [(job, tuple(host for host in job.hosts if host in hosts)) for job in jobs if name in {None, job.name}]
    found = [(job, on) for job, on in meant if on]
    if not found:
        raise NothingFound("no policy of this kind covers the chosen hosts")
    return found


def _other_name(head: Compiled, name: str, known: Sequence[str]) -> str:
    """Given a name that no policy has, and the policies', return what may be meant: hosts, or one of these."""
    if head.is_host_or_group(name):
        return f"for hosts use --limit {name}"
    return did_you_mean(name, known) or "run `opspact trace` for the list"


def run_jobs(work: CommandContext, meant: Sequence[tuple[Job, tuple[str, ...]]]) -> list[tuple[str, str, Answer]]:
    """Given jobs and hosts, run each there now, record the results, and return all answers with job and host."""
    names = [name for name in work.head.contract.inventory.hosts if any(name in on for _, on in meant)]
    answers: list[tuple[str, str, Answer]] = []
    with work.ledger() as ledger, work.sessions(names) as sessions, work.reporter() as reporter:
        collector = Collector(sessions, ledger, partial(context, work.head))
        for job, on in meant:
            reporter.stage(f"{job.key} on", len(on))
            answers += [(job.key, host, answer) for host, answer in run_now(collector, job, on).items()]
        _record_baselines(work.head, ledger)
    return answers


def collect_jobs(work: CommandContext, kinds: Iterable[JobKind], *, limit: str | None) -> Collection:
    """Given kinds of jobs and a limit, record what waits on the hosts, and return what that was."""
    wanted = set(kinds)
    jobs = [job for job in collected_jobs(work.head.contract) if job.kind in wanted]
    chosen = work.head.chosen(limit)
    with work.ledger() as ledger, work.sessions(chosen) as sessions, work.reporter() as reporter:
        reporter.stage("collecting from", len(chosen))
        collection = Collector(sessions, ledger, partial(context, work.head)).collect(jobs, on_progress=reporter.host)
        _record_baselines(work.head, ledger)
    return collection


def _record_baselines(head: Compiled, ledger: Ledger) -> None:
    """Record what is usual on hosts whose log reviews have learnt for long enough; another collect may have done so."""
    ledger.record_all(due_baselines(head.contract, ledger), context=context(head), skip_recorded=True)
