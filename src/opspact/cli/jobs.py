"""What `inspect` and `backup` have in common: which jobs are meant, running them, recording what they gave.

Comes in: the contract at work, a policy's name. Goes out: answers, recorded.
"""

from collections.abc import Iterable, Sequence

from opspact.cli.hosts import AtWork
from opspact.errors import NothingThere, Refused
from opspact.jobs import collection
from opspact.model.policies.backup import Backup
from opspact.model.policies.inspection import Inspection
from opspact.report.jobs import Answer

Policies = Sequence[Inspection] | Sequence[Backup]


def chosen_jobs(
    work: AtWork, policies: Policies, name: str | None, *, limit: str | None
) -> list[tuple[str, tuple[str, ...]]]:
    """Given policies, maybe one's name and a limit, return policy and hosts of each job that is meant.

    Raise Refused when no policy has the name, NothingThere when no host is left.
    """
    known = [policy.name for policy in policies]
    if name is not None and name not in known:
        raise Refused(f"no policy of this kind is called {name!r}", hint=f"there are: {', '.join(known) or 'none'}")
    hosts = set(work.head.chosen(limit))
    meant = [
        (policy.name, tuple(host for host in policy.hosts if host in hosts))
        for policy in policies
        if name is None or policy.name == name
    ]
    found = [(policy, on) for policy, on in meant if on]
    if not found:
        raise NothingThere("no policy of this kind applies to the hosts chosen")
    return found


def run_jobs(work: AtWork, kind: str, meant: Iterable[tuple[str, tuple[str, ...]]]) -> list[tuple[str, str, Answer]]:
    """Given jobs, run each on its hosts now, record the results, and return all answers with policy and host."""
    listed = list(meant)
    names = [name for name in work.head.contract.inventory.hosts if any(name in on for _, on in listed)]
    answers: list[tuple[str, str, Answer]] = []
    with work.ledger() as ledger, work.reporter() as reporter, work.sessions(names) as sessions:
        for policy, on in listed:
            reporter.stage(f"{kind} {policy} on", len(on))
            found = collection.run_now(sessions, kind, policy, hosts=on)
            collection.keep(
                [answer for answer in found.values() if isinstance(answer, collection.Result)], work.head, ledger
            )
            answers += [(policy, host, answer) for host, answer in found.items()]
    return answers
