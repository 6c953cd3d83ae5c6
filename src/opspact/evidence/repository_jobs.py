"""Which repositories hold the copies of a host, and which jobs look after a repository: as is in effect on the hosts.

Comes in: a contract, histories of its policies. Goes out: subjects of repositories, and of the results of jobs.

Today's text alone does not say it: it may not be applied yet, and what was reported before it still holds.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime

from opspact.ledger.apply_events import AppliedJob
from opspact.ledger.policy_history import PolicyHistory, Texts
from opspact.model.contract import Contract
from opspact.model.contract_jobs import check_job, prune_job, repository_users
from opspact.model.job import PRUNE
from opspact.model.names import job_subject, repository_subject
from opspact.model.policies.backup import Backup
from opspact.structs import Struct


class RepositoryJobs(Struct):
    """The subjects of the jobs that look after one repository: those there now, and those that were there once.

    Now: they are in effect on the server, or in the contract.
    """

    present: tuple[str, ...]
    past: tuple[str, ...]


def repositories_with_copies(texts: Texts, made: datetime | None) -> tuple[str, ...]:
    """Given the texts of a backup that came into effect on a host, return the repositories that count, in their order.

    `made`: when the newest copy was (UTC), so that it is where the text of that time says, or a later one; None: there
    is none, so that only the newest text counts.
    """
    since = [each for each in texts if made and each.at > made]
    before = [each for each in texts if each not in since]
    jobs = (job for each in (*before[-1:], *since) for job in each.event.jobs)
    return tuple(dict.fromkeys(job.subject for job in jobs if job.job.startswith(f"{PRUNE.name}/")))


def repository_jobs(repository: str, contract: Contract, histories: Mapping[str, PolicyHistory]) -> RepositoryJobs:
    """Given a repository's subject, a contract and its policies' histories, return the jobs that look after it."""
    server = repository.split("/")[1]
    wanted = [
        job.key
        for user in repository_users(contract)
        if repository_subject(user.server, user.repository) == repository
        for job in (prune_job(user), check_job(user) if isinstance(user, Backup) else None)
        if job
    ]
    in_effect = (
        job for each in histories.values() for text in each.hosts.get(server, ())[-1:] for job in text.event.jobs
    )
    ever = (job for each in histories.values() for text in each.texts for job in text.event.jobs)
    present = tuple(dict.fromkeys((*wanted, *_of(repository, in_effect))))
    past = (name for name in dict.fromkeys(_of(repository, ever)) if name not in present)
    return RepositoryJobs(
        tuple(job_subject(name, server) for name in present), tuple(job_subject(name, server) for name in past)
    )


def _of(repository: str, jobs: Iterable[AppliedJob]) -> list[str]:
    return [job.job for job in jobs if job.subject == repository]
