"""What a change of the policies does to the contract itself, beside the steps on its hosts.

In: the contract compiled before and after. Out: reductions, duty, deadlines, findings and
obligations that differ. No host is contacted, and no ledger is read.
"""

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from opspact.analyse.deadline_comparison import DeadlineChange, compare_deadlines
from opspact.analyse.finding_comparison import FindingComparison, compare_findings
from opspact.analyse.rule import RuleContext
from opspact.analyse.rules.contract.reductions import RULES as REDUCTIONS
from opspact.analyse.run import analyse
from opspact.model.contract import Contract
from opspact.model.finding import Finding
from opspact.model.roster.changes import DutyChange, duty_changes
from opspact.plan.obligation_comparison import ObligationChange, Obligations, compare_obligations, obligation_groups
from opspact.structs import Struct
from opspact.workspace.compile_cache import NO_CACHE, CompileCache
from opspact.workspace.workspace import Compiled


class PolicyDifference(Struct):
    """Policies (`kind/name`) that are new, gone, or say something else; comments, layout and files do not count."""

    new: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()


class ContractComparison(Struct):
    """What differs between two contracts."""

    before: Contract
    after: Contract
    reductions: tuple[Finding, ...] = ()
    duty: tuple[DutyChange, ...] = ()
    deadlines: tuple[DeadlineChange, ...] = ()
    findings: FindingComparison = FindingComparison()
    obligations: tuple[ObligationChange, ...] = ()
    policies: PolicyDifference = PolicyDifference()

    @property
    def is_equal(self) -> bool:
        """Whether both contracts promise the same, by the same people, at the same times, with the same findings."""
        return self.findings.is_empty and not (self.reductions or self.duty or self.deadlines or self.obligations)


class _Side(Struct):
    """What one side of a comparison is compared by: what is found about it, what it owes."""

    findings: tuple[Finding, ...]
    obligations: Obligations


def compare_contracts(before: Compiled, after: Compiled, *, cache: CompileCache = NO_CACHE) -> ContractComparison:
    """Given a contract compiled before and after a change, return what differs, from the day of the second on.

    `cache`: where what was found about the same content before is kept.
    """
    one, other, day = before.contract, after.contract, after.day
    key = cache.key("comparison", one.digest + other.digest, day)
    found = cache.get(key)
    if found is None:
        was, now = (_side(side, day, cache) for side in (before, after))
        found = {
            "reductions": analyse(RuleContext(other, day, before=one), REDUCTIONS),
            "duty": tuple(_duty(one, other, day)),
            "deadlines": compare_deadlines(one, other),
            "findings": compare_findings(was.findings, now.findings),
            "obligations": compare_obligations(was.obligations, now.obligations),
            "policies": _policies(one, other),
        }
        if after.is_large:
            cache.put(key, found)
    return ContractComparison(one, other, **found)


def _side(compiled: Compiled, day: date, cache: CompileCache) -> _Side:
    key = cache.key("side", compiled.contract.digest, day)
    side: _Side | None = cache.get(key)
    if side is None:
        findings = analyse(RuleContext(compiled.contract, day))
        side = _Side(findings, obligation_groups(compiled.contract, compiled.work))
        if compiled.is_large:
            cache.put(key, side)
    return side


def _duty(before: Contract, after: Contract, day: date) -> list[DutyChange]:
    """Return who changes when, from a day on to the end of the contract."""
    zone = ZoneInfo(after.zone)
    last = max(before.period.last, after.period.last, day) + timedelta(days=1)
    start, end = (datetime.combine(each, time(), zone) for each in (day, last))
    return duty_changes(before, after, start=start, end=end)


def _policies(before: Contract, after: Contract) -> PolicyDifference:
    one, other = before.policy_index.policies, after.policy_index.policies
    return PolicyDifference(
        new=tuple(name for name in other if name not in one),
        gone=tuple(name for name in one if name not in other),
        changed=tuple(name for name, policy in other.items() if name in one and one[name].digest != policy.digest),
    )
