"""Which drift may be fixed without asking: by the base's rollouts and windows; and what of a plan that leaves."""

from datetime import UTC, date, datetime

from opspact.errors import Place
from opspact.model.contract import Contract
from opspact.model.origin import Origin
from opspact.model.policies.known_drift import KnownDrift
from opspact.plan.change import Action, Change
from opspact.plan.change_reason import ChangeReason
from opspact.plan.commit_comparison import FOLLOWS
from opspact.plan.plan import HostPlan, Plan
from opspact.resolve.contract import resolve
from opspact.rollout.drift import Difference, DriftReport, HostDrift
from opspact.rollout.drift_fix import drift_fix, only
from opspact.steps.base import Step
from opspact.steps.check import Check, HostResult, Reach, State
from opspact.steps.content import Content
from opspact.steps.file import File
from opspact.steps.package import Package
from opspact.steps.port_answer import PortAnswer
from opspact.steps.unit import Unit

BASE = """\
kind: contract
name: office
customer: {zh: 甲, en: Customer}
provider: {zh: 乙, en: Provider}
period: 2026-01-01..2026-12-31
zone: Asia/Shanghai
language: en
---
kind: team
name: crew
text: {en: Crew}
---
kind: service
name: web
hosts: all
owner: crew
packages: [nginx]
---
kind: rollout
name: default
hosts: app1:app2
waves: [{percent: 100}]
fix_drift: [service/web]
---
kind: window
name: night
type: maintenance
hosts: app2
when: {schedule: daily at 01:00, for: 6h}
"""
INVENTORY = b"all: {hosts: {app1: {}, app2: {}, db1: {}}}\n"
DAY, NIGHT = datetime(2026, 3, 2, 4, tzinfo=UTC), datetime(2026, 3, 2, 18, tzinfo=UTC)  # 12:00 and 02:00 there
WEB = Origin("service/web", Place("policies/all.yaml", 1, 1))
OTHER = Origin("service/other", Place("policies/all.yaml", 9, 1))
NGINX = Package(name="nginx", origins=(WEB,))
VIM = Package(name="vim", origins=(OTHER,))
BOTH = Package(name="curl", origins=(OTHER, WEB))


def base() -> Contract:
    return resolve({"policies/all.yaml": BASE.encode(), "inventory/hosts.yaml": INVENTORY})


def drifted(name: str, *steps: Step, intended: tuple[Change, ...] = ()) -> HostDrift:
    found = tuple(Difference(Check(step, State.FAILED, "differs"), ChangeReason.DRIFT, DAY) for step in steps)
    return HostDrift(HostResult(name, Reach.REACHED, tuple(it.check for it in found)), found, intended)


def test_only_steps_of_policies_that_a_rollout_names_are_fixed() -> None:
    fix = drift_fix(DriftReport((drifted("app1", NGINX, VIM, BOTH), drifted("db1", NGINX))), base(), DAY)

    assert fix.steps == {"app1": ("package nginx",)}
    assert fix.why_not == {
        "app1": "fix_drift of no rollout names service/other or service/web",
        "db1": "fix_drift of no rollout names service/web",
    }


def test_what_nothing_makes_is_not_fixed_and_needs_no_reason() -> None:
    fix = drift_fix(DriftReport((drifted("app1", PortAnswer(port=80, origins=(WEB,))),)), base(), DAY)

    assert (fix.steps, fix.why_not) == ({}, {})


def test_known_drift_and_unknown_differences_are_left() -> None:
    known = KnownDrift("x", ("package *",), ("app1",), "why", "crew", date(2026, 3, 2), WEB)
    check = Check(NGINX, State.FAILED, "differs")
    differences = (
        Difference(check, ChangeReason.DRIFT, DAY, known=known, is_known=True),
        Difference(check, ChangeReason.UNKNOWN, DAY),
    )
    host = HostDrift(HostResult("app1", Reach.REACHED, (check,)), differences)

    fix = drift_fix(DriftReport((host,)), base(), DAY)
    assert (fix.steps, fix.why_not) == ({}, {})


def test_a_host_on_which_policies_are_not_applied_yet_is_left() -> None:
    host = drifted("app1", NGINX, intended=(Change(Action.REMOVE, VIM),))
    fix = drift_fix(DriftReport((host,)), base(), DAY)

    assert fix.steps == {}
    assert "not applied there yet" in fix.why_not["app1"]


def test_a_closed_host_is_left_and_the_others_are_fixed() -> None:
    report = DriftReport((drifted("app1", NGINX), drifted("app2", NGINX)))
    closed = drift_fix(report, base(), DAY)

    assert closed.steps == {"app1": ("package nginx",)}
    assert closed.why_not == {"app2": "outside maintenance window night"}
    assert set(drift_fix(report, base(), NIGHT).steps) == {"app1", "app2"}


def test_a_plan_keeps_the_chosen_steps_and_what_follows_them() -> None:
    conf = File(path="/etc/nginx/oa.conf", content=Content.of("x\n"))
    note = File(path="/etc/note", content=Content.of("x\n"))
    restarted, left = Unit(name="nginx.service", watches=(conf.path,)), Unit(name="note.service", watches=(note.path,))
    changes = (
        *(Change(Action.CHANGE, step, "content differs") for step in (conf, note)),
        *(Change(Action.CHANGE, step, FOLLOWS) for step in (restarted, left)),
        Change(Action.REMOVE, VIM),
    )
    plan = Plan("x", "y", "z", live=True, hosts=(HostPlan("app1", changes), HostPlan("app2", changes)))

    kept = only(plan, {"app1": (conf.identity, VIM.identity)})
    assert [[it.step for it in host.changes] for host in kept.hosts] == [[conf, restarted], []]
    assert only(plan, {}) is plan
