"""What is intended and what is drift in a plan for hosts as they are.

In: a survey and its plan, the ledger, the contract. Out: the reason of each change, by host.
"""

from collections.abc import Collection, Mapping
from datetime import date
from functools import cache
from zoneinfo import ZoneInfo

from opspact.errors import Refused
from opspact.ledger.apply_events import ApplyFinished, ApplyStarted
from opspact.ledger.events import Recorded
from opspact.ledger.store import Ledger
from opspact.plan.change_reason import ChangeReason, LastApply, change_reasons
from opspact.plan.plan import Plan
from opspact.rollout.survey import Survey
from opspact.steps.base import Step
from opspact.workspace.workspace import Compiled, Workspace

Reasons = Mapping[str, Mapping[str, ChangeReason]]
"""The reason of each change: by host, then by the step's identity."""


def reasons_of(plan: Plan, survey: Survey, ledger: Ledger | None, *, workspace: Workspace, head: Compiled) -> Reasons:
    """Given a plan for hosts as they are, and what it was made of, return the reason of each change.

    Without a ledger nobody knows whether the last apply converged a host: what differs though its policy is the same
    is unknown then.
    """
    changing = {host.name for host in plan.hosts if host.changes and host.name in survey.manifests}
    last = _known_applies(ledger, workspace, head, hosts=changing) if ledger and changing else {}
    return {
        host.name: change_reasons(
            host, survey.results[host.name], survey.manifests[host.name], last=last.get(host.name)
        )
        for host in plan.hosts
        if host.name in changing
    }


def last_applies(ledger: Ledger, contract: str, hosts: Collection[str]) -> dict[str, Recorded[ApplyFinished]]:
    """Given the ledger, a contract's name and hosts, return the newest apply that finished on each; maybe none.

    One that fixed some drift and left other steps as they were is none.
    """
    found: dict[str, Recorded[ApplyFinished]] = {}
    for finished in ledger.read(ApplyFinished, contract=contract, newest_first=True):
        applied = finished.event.hosts.keys() - finished.event.left.keys()
        found |= dict.fromkeys((applied & set(hosts)) - found.keys(), finished)
        if len(found) == len(hosts):
            break
    return found


def _known_applies(
    ledger: Ledger, workspace: Workspace, head: Compiled, *, hosts: Collection[str]
) -> dict[str, LastApply]:
    """Return the last apply to each host that the ledger knows. One that was begun and did not finish has failed."""
    zone = ZoneInfo(head.contract.zone)

    @cache
    def compiled(commit: str, day: date) -> Compiled | None:
        try:
            return workspace.compiled_at(commit, day=day)
        except Refused:
            return None

    def last_apply(name: str, finished: Recorded[ApplyFinished], *, is_newest: bool) -> LastApply:
        def steps() -> Mapping[str, Step] | None:
            commit, plus, _ = finished.commit.partition("+")
            was = compiled(commit, finished.at.astimezone(zone).date()) if commit and not plus else None
            return {step.identity: step for step in was.work[name].make} if was and name in was.work else None

        return LastApply(is_newest and finished.event.hosts[name].is_converged, steps)

    found = last_applies(ledger, head.contract.name, hosts)
    begun: dict[str, int] = {}
    oldest = min((finished.sequence for finished in found.values()), default=0)
    later = ledger.read(ApplyFinished, contract=head.contract.name, after=oldest)
    fixes = {each.event.run for each in later if each.event.left}
    for started in ledger.read(ApplyStarted, contract=head.contract.name, after=oldest):
        if started.event.run in fixes:
            continue
        begun |= dict.fromkeys(started.event.hosts.keys() & set(hosts), started.sequence)
    return {
        name: last_apply(name, finished, is_newest=begun.get(name, 0) < finished.sequence)
        for name, finished in found.items()
    }
