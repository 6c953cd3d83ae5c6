"""Plans: what lies between two commits, or between the policies and the hosts as they are.

In: compiled contracts, a survey. Out: plans.
"""

from collections.abc import Collection, Iterable, Mapping

from opspact.errors import Stale
from opspact.plan.change import Action, Change
from opspact.plan.commit_comparison import compare
from opspact.plan.plan import HostPlan, Plan
from opspact.rollout.survey import Survey
from opspact.steps.base import Step
from opspact.steps.check import Reach
from opspact.steps.traits import depends_on
from opspact.structs import replace
from opspact.workspace.workspace import Compiled

NOTHING = "nothing"
"""What a plan is based on when nothing was ever applied."""
EACH_ITS_OWN = "the commit at which each host last converged"
"""What a plan is based on when that is not the same commit everywhere."""


def between(base: Compiled | None, head: Compiled, hosts: Iterable[str]) -> Plan:
    """Given two compiled contracts (None: nothing was there), return what changes on the hosts, without checking any.

    For a host of the base that the head does not have any more, nothing is planned: it is an orphan.
    """
    chosen = list(hosts)
    plan = since_converged(dict.fromkeys(chosen, base) if base else {}, head, chosen)
    return replace(plan, base=base.commit if base else NOTHING)


def since_converged(before: Mapping[str, Compiled], head: Compiled, hosts: Iterable[str]) -> Plan:
    """Given where each host last converged (not in it: never), return what changes, without checking any."""
    plans = _compared(before, head, hosts)
    bases = {plan.base for plan in plans if plan.base != NOTHING or not plan.is_empty}
    return Plan(
        base=EACH_ITS_OWN if len(bases) > 1 else next(iter(bases), NOTHING),
        head=head.commit,
        contract=head.contract.digest,
        live=False,
        hosts=tuple(plans),
    )


def _compared(before: Mapping[str, Compiled], head: Compiled, hosts: Iterable[str]) -> list[HostPlan]:
    """Return each host's plan; hosts that share their steps, before and now, share their changes too."""
    found: dict[tuple[int, int], tuple[Change, ...]] = {}
    plans = []
    for name in hosts:
        base = before.get(name)
        old = base.work[name].make if base and name in base.work else _NO_STEPS
        new = head.work[name].make
        key = (id(old), id(new))
        if key not in found:
            found[key] = compare(old, new)
        commit = base.commit if base else NOTHING
        plans.append(HostPlan(name, found[key], reach=Reach.NOT_CHECKED, base=commit))
    return plans


_NO_STEPS: tuple[Step, ...] = ()


def live(head: Compiled, survey: Survey) -> Plan:
    """Given the compiled contract and what was seen, return what is to be done."""
    hosts = tuple(_within(plan, head.contract.inventory.hosts) for plan in survey.plans())
    return Plan("hosts as they are", head.commit, head.contract.digest, live=True, hosts=hosts)


def _within(plan: HostPlan, hosts: Collection[str]) -> HostPlan:
    """Given a host's plan, return it without removals that need another host which is not in the inventory.

    What to remove comes from a manifest on the host: it must not lead anywhere that the inventory does not name.
    """

    def judged(change: Change) -> Change:
        servers = depends_on(change.step)
        if change.action is not Action.REMOVE or set(servers) <= set(hosts):
            return change
        return replace(change, action=Action.RELEASE, why=f"its server {', '.join(servers)} is not in the inventory")

    return replace(plan, changes=tuple(map(judged, plan.changes)))


def check_fresh(approved_digest: str, found: Plan) -> None:
    """Given the digest of an approved plan and the plan as it would be now, raise Stale unless they are the same."""
    if approved_digest != found.digest:
        raise Stale(
            f"plan {approved_digest[:12]} is stale: policies, commit or hosts have changed since "
            f"(it would be {found.digest[:12]} now)",
            hint="create the plan again with `opspact plan --live --out FILE`, and have it approved",
        )


def by_host(plan: Plan) -> dict[str, HostPlan]:
    """Given a plan, return its hosts by name."""
    return {host.name: host for host in plan.hosts}
