"""Which texts of policies came into effect with an apply, which policies were removed, and on which hosts.

In: what came of the apply, what was seen of each host, the ledger. Out: events.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping

from opspact.compile.obligations import policy_obligations
from opspact.compile.policy_steps import hosts_by_policy
from opspact.ledger.apply_events import AppliedJob, ApplyFinished, HostChecked, PolicyApplied
from opspact.ledger.events import Recorded
from opspact.ledger.policy_history import policy_histories
from opspact.ledger.store import Ledger
from opspact.model.contract import Contract
from opspact.obligations.obligation import JobSource, PersonSource, Scheduled
from opspact.steps.check import Reach
from opspact.workspace.workspace import Compiled


def applied_policies(
    ledger: Ledger, head: Compiled, event: ApplyFinished, *, checks: Collection[HostChecked]
) -> Iterator[PolicyApplied]:
    """Given what came of an apply, and of each host's check, yield what newly came into effect, and what was removed.

    One with steps is in effect on a host where all of them are ok, one without when no signal ended the apply. It is
    removed from a host that asks none of its steps any more, once all that was to be done there was done.
    """
    histories = policy_histories(ledger, head.contract.name)
    converged, with_steps, jobs = _converged(checks), hosts_by_policy(head.work), applied_jobs(head.contract)
    complete = [host for host, outcome in event.hosts.items() if outcome.is_complete]
    policies = head.contract.policy_index.policies
    for name in dict.fromkeys((*policies, *histories)):
        history, digest = histories.get(name), policies[name].digest if name in policies else ""
        asked = jobs.get(name, ())
        hosts = tuple(host for host in converged[name] if history is None or not history.has(digest, asked, host=host))
        is_new = not event.signal and (history is None or _in_effect(history.newest) != (digest, asked))
        wanted = with_steps.get(name, ())
        removed_from = tuple(host for host in complete if history and host in history.hosts and host not in wanted)
        if hosts or removed_from or (digest and name not in with_steps and is_new):
            previous = history.newest.sequence if history else 0
            yield PolicyApplied(name, digest, previous, hosts, asked if hosts or not removed_from else (), removed_from)


def removed_policies(ledger: Ledger, head: Compiled, host: str) -> Iterator[PolicyApplied]:
    """Given a host that is gone for good, yield for each policy that was in effect there that it is not any more."""
    policies = head.contract.policy_index.policies
    for name, history in policy_histories(ledger, head.contract.name).items():
        if host in history.hosts:
            digest = policies[name].digest if name in policies else ""
            yield PolicyApplied(name, digest, history.newest.sequence, removed_from=(host,))


def _in_effect(applied: Recorded[PolicyApplied]) -> tuple[str, tuple[AppliedJob, ...]]:
    return applied.event.digest, applied.event.jobs


def _converged(checks: Iterable[HostChecked]) -> Mapping[str, list[str]]:
    """Return the hosts on which all steps of each policy are ok."""
    found: dict[str, list[str]] = defaultdict(list)
    for check in checks:
        for policy, counts in check.policies.items() if check.reach is Reach.REACHED else ():
            if not counts.failed and not counts.unknown:
                found[policy].append(check.host)
    return found


def applied_jobs(contract: Contract) -> Mapping[str, tuple[AppliedJob, ...]]:
    """Given a contract, return the jobs and records that keep what each policy (`kind/name`) owes, with schedules."""
    found: dict[str, dict[str, AppliedJob]] = defaultdict(dict)
    for owed in policy_obligations(contract):
        match owed.source:
            case JobSource(job=name, host=host, item=item):
                subject = "" if item or owed.subject == f"host/{host}" else owed.subject
            case PersonSource(what=name):
                subject = owed.subject
            case _:
                continue
        due = owed.due if isinstance(owed.due, Scheduled) else None
        schedule, zone = (due.schedule, due.zone.key) if due else (None, "")
        of_policy = found[owed.policy]
        if schedule or name not in of_policy:
            of_policy[name] = AppliedJob(name, schedule, subject, zone)
    return {policy: tuple(jobs.values()) for policy, jobs in found.items()}
