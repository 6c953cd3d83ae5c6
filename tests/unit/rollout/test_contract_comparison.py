"""What a change does to the contract itself: obligations, deadlines, findings; and what changes nothing."""

from collections.abc import Mapping
from datetime import UTC, datetime

import pytest
from building import DAY, backup, service, tree

from opspact.compile.build import build
from opspact.compile.obligations import obligations
from opspact.evidence.approvals import Requirement
from opspact.obligations.obligation import Obligation
from opspact.plan.obligation_comparison import compare_obligations, obligation_groups
from opspact.plan.plan import Plan
from opspact.resolve.contract import resolve
from opspact.rollout.approval_requirements import requirements
from opspact.rollout.base import Base
from opspact.rollout.contract_comparison import ContractComparison, PolicyDifference, compare_contracts
from opspact.workspace.workspace import Compiled

INSPECTION = """\
kind: inspection
name: look
clauses: [C1]
hosts: web
schedule: daily at 07:30
items: [{units: {failed: 0}}]
"""
SLA = """\
kind: sla
name: standard
clauses: [C1]
levels:
  I:
    means: {zh: 停, en: down}
    milestones:
      respond: {within: 30m, calendar: always}
      restore: {within: 24h, calendar: desk, pauses: [customer]}
warn_at: [50%]
pause_reasons: {customer: {text: {zh: 客, en: customer}}}
"""
DESK = """\
kind: calendar
name: desk
zone: Asia/Shanghai
week: {mon-fri: ["09:00-17:00"]}
"""
APPROVAL = """\
kind: approval
name: weakening
needs: {role: customer, count: 2}
for: [weakening]
"""
CLAUSE = "kind: clause\nname: C1\nsection: one\ntext: {zh: 一, en: one}\nkept_by: opspact\nevidence_within: 31 days\n"
NOTE = service("note", "clauses: [C1]\nfiles: [{path: /etc/note, content: x}]")
POLICIES = (CLAUSE, INSPECTION, SLA, DESK, NOTE, APPROVAL)


def compiled(*policies: str, more: Mapping[str, str | bytes] | None = None) -> Compiled:
    files = tree(*policies, files=more)
    contract = resolve(files)
    return Compiled(files, contract, build(contract, day=DAY), "", DAY)


def compared(*after: str, before: tuple[str, ...] = POLICIES) -> ContractComparison:
    return compare_contracts(compiled(*before), compiled(*after))


def needed(*after: str) -> tuple[Requirement, ...]:
    """Return the approvals that a change needs by the policies before it; no host is changed."""
    base, head = compiled(*POLICIES).contract, compiled(*after)
    return requirements(Base(base, "a"), head.contract, Plan("a", "b", head.contract.digest, live=False), day=DAY)


def edited(old: str, new: str) -> tuple[str, ...]:
    """Return the policies with one text in place of another, which is there once."""
    assert sum(policy.count(old) for policy in POLICIES) == 1
    return tuple(policy.replace(old, new) for policy in POLICIES)


def changes(found: ContractComparison) -> list[tuple[str, str, str, tuple[str, ...]]]:
    return [
        (each.difference.value, each.obligation.policy, each.obligation.what, each.subjects)
        for each in found.obligations
    ]


def test_another_schedule_is_due_at_other_times_and_nothing_else() -> None:
    found = compared(*edited("daily at 07:30", "daily at 06:00"))

    assert changes(found) == [("due", "inspection/look", "inspection", ("host/app1", "host/app2"))]
    assert (found.deadlines, found.reductions, found.duty) == ((), (), ())
    assert found.policies.changed == ("inspection/look",)


def test_a_policy_that_is_new_or_gone_brings_or_takes_its_obligations() -> None:
    fewer = tuple(policy for policy in POLICIES if policy is not INSPECTION)

    new, gone = compared(*POLICIES, before=fewer), compared(*fewer)
    hosts = ("host/app1", "host/app2")
    assert changes(new) == [("new", "inspection/look", what, hosts) for what in ("check", "inspection")]
    assert changes(gone) == [("gone", "inspection/look", what, hosts) for what in ("check", "inspection")]


def test_more_hosts_are_new_obligations_of_those_alone() -> None:
    found = compared(*edited("hosts: web\nschedule", "hosts: all\nschedule"))

    assert {each[3] for each in changes(found)} == {("host/db1", "host/backup1", "host/backup2")}


def test_other_clauses_are_other_terms() -> None:
    found = compared(*edited("clauses: [C1]\nhosts: web\nschedule", "hosts: web\nschedule"))

    assert {each[0] for each in changes(found)} == {"terms"}
    assert all(each.before and each.before.clauses == ("C1",) for each in found.obligations)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("daily at 07:30", '"30 7 * * *"'),
        ("within: 30m", "within: 1800s"),
        ("within: 24h", "within: 1440m"),
        ("kind: inspection\nname: look", "# a comment\nname: look\nkind: inspection"),
    ],
)
def test_other_words_for_the_same_owe_the_same(old: str, new: str) -> None:
    assert compared(*edited(old, new)).is_equal


def test_policies_in_other_files_and_another_order_change_nothing() -> None:
    found = compared("---\n".join(reversed(POLICIES)))

    assert found.is_equal
    assert found.policies == PolicyDifference()


def test_a_longer_time_is_a_deadline_that_moves_and_needs_the_approval_of_the_base() -> None:
    lifted = tuple(policy for policy in edited("within: 24h", "within: 48h") if policy is not APPROVAL)
    found = compared(*lifted)
    (change,) = found.deadlines

    assert (change.level, change.milestone, change.hours) == ("I", "restore", None)
    assert (str(change.before and change.before.within), str(change.after and change.after.within)) == ("24h", "48h")
    assert [(each.approval.name, each.occasions) for each in needed(*lifted)] == [("weakening", ("weakening",))]
    assert {finding.code for finding in found.reductions} >= {"OP502"}


def test_a_shorter_time_needs_no_approval() -> None:
    found = compared(*edited("within: 24h", "within: 12h"))

    assert len(found.deadlines) == 1
    assert found.reductions == ()
    assert needed(*edited("within: 24h", "within: 12h")) == ()


def test_a_calendar_with_other_hours_moves_the_deadlines_on_it_alone() -> None:
    found = compared(*edited('"09:00-17:00"', '"09:00-18:00"'))
    (change,) = found.deadlines

    assert (change.milestone, change.hours) == (
        "restore",
        (datetime(2026, 1, 1, 9, tzinfo=UTC), datetime(2026, 1, 1, 10, tzinfo=UTC)),
    )


def test_another_name_for_the_same_hours_moves_no_deadline() -> None:
    renamed = tuple(
        each.replace("name: desk", "name: office-hours").replace("calendar: desk", "calendar: office-hours")
        for each in POLICIES
    )
    assert not compared(*renamed).deadlines


def test_milestones_that_are_new_or_gone_are_deadlines_that_move() -> None:
    line = "      respond: {within: 30m, calendar: always}\n"
    without = edited(line, "")

    (gone,) = compared(*without).deadlines
    (new,) = compared(*POLICIES, before=without).deadlines
    assert (gone.after, new.before) == (None, None)
    assert gone.before == new.after


def test_findings_are_the_same_whatever_line_they_stand_on() -> None:
    without, added = compiled(*POLICIES), compiled(*POLICIES, backup("daily"))
    lower = compiled(*POLICIES, f"\n\n\n{backup('daily')}")

    found = compare_contracts(without, added).findings
    assert "backup/daily" in {each.policy for each in found.new}
    assert compare_contracts(added, without).findings.gone == found.new
    assert compare_contracts(added, lower).findings.is_empty


def test_an_accepted_finding_weighs_less_and_is_said() -> None:
    plain = compiled(*POLICIES)
    (first, *_) = [each for each in compare_contracts(compiled(CLAUSE), plain).findings.new if each.severity != "note"]
    accepted = (
        f"kind: accepted\nname: known\nfinding: {first.code}\nwhere: {first.place.file}#{first.policy.split('/')[1]}\n"
        "reason: known\nby: operations\nuntil: 2026-12-31\n"
    )
    found = compare_contracts(plain, compiled(*POLICIES, accepted)).findings

    assert [(was.code, was.severity.value, now.severity.value) for was, now in found.changed] == [
        (first.code, first.severity.value, "note")
    ]


def test_what_is_compared_is_exactly_what_is_owed() -> None:
    one = compiled(*POLICIES)
    alike = {
        (of_terms.first.policy, of_terms.first.what, subject)
        for of_name in obligation_groups(one.contract, one.work).values()
        for of_terms in of_name.values()
        for subject in of_terms.subjects
    }

    assert alike == {key(each) for each in obligations(one.contract, one.work)}
    assert compare_obligations({}, obligation_groups(one.contract, one.work))


def key(obligation: Obligation) -> tuple[str, str, str]:
    return (obligation.policy, obligation.what, obligation.subject)
