"""Drills with fakes at their doors: what is rehearsed where, what a fault must bring about, and what a cure must."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from building import tree
from runbook_texts import steps

from opspact.errors import NothingFound, Refused
from opspact.ledger.run_events import RunOutcome
from opspact.ledger.runbook_events import EmergencyRehearsed
from opspact.model.contract import Contract
from opspact.model.result import Verdict
from opspact.resolve.contract import resolve
from opspact.runbook.drill import DrillDoors, DrillRun, Findings, carry_out
from opspact.runbook.procedure import procedure
from opspact.runbook.rehearsal import (
    PlannedRun,
    find_emergency,
    plan_drill,
    refuse_outside_rehearsal,
    unanswered_steps,
)

BEGAN = datetime(2026, 3, 2, 4, 0, 0, 123456, tzinfo=UTC)
INVENTORY = """\
web: {hosts: {app1: {opspact_rehearsal: true}, app2: {}, app3: {opspact_rehearsal: "no"}}}
db: {hosts: {db1: {}}}
"""
INSPECTION = "kind: inspection\nname: daily\nhosts: web\nschedule: daily at 07:00\nitems: [{units: {}}]\n"
EMERGENCY = """\
kind: emergency
name: gone
symptoms: {en: [gone]}
runbook: fix
drill_within: 180 days
"""
REHEARSAL = """\
rehearsal:
  fault: {name: break-it}
  noticed_by: daily
  inputs: {before: "{{ began }}"}
  answers: {step-1: {cause: disk}, step-2: {}}
"""
FAULT = steps('command: ["false"]', name="break-it", hosts="web", top="rehearsal_only: true\n")
INPUT = "inputs: {before: {text: {en: before}, pattern: '.*'}}\n"
FIX = steps(
    "manual: {en: ask}, ask: {cause: {text: {en: cause}}}",
    "manual: {en: confirm}",
    "manual: {en: maybe}, when: {cause: disk}",
    hosts="web",
    top=INPUT,
)
OK, BAD, UNKNOWN = Verdict.OK, Verdict.CRITICAL, Verdict.UNKNOWN


def contract_of(*policies: str) -> Contract:
    return resolve(tree(*policies, inventory=INVENTORY))


@pytest.fixture
def contract() -> Contract:
    return contract_of(FAULT, FIX, INSPECTION, EMERGENCY + REHEARSAL)


@dataclass
class Doors:
    """Doors that answer as a test says: each look of the inspection, how the fault and the cure end."""

    looks: list[Findings]
    fault: RunOutcome = RunOutcome.DONE
    cure: RunOutcome = RunOutcome.DONE
    ran: list[PlannedRun] = field(default_factory=list)

    def now(self) -> datetime:
        return BEGAN + timedelta(minutes=len(self.ran))

    def run(self, run: PlannedRun) -> DrillRun:
        self.ran.append(run)
        outcome = self.fault if run.runbook.rehearsal_only else self.cure
        return DrillRun(f"run-{len(self.ran)}", outcome, "" if outcome is RunOutcome.DONE else "it broke")

    def inspect(self) -> Findings:
        return self.looks.pop(0)


def drill(contract: Contract, doors: Doors) -> EmergencyRehearsed:
    planned = plan_drill(contract, find_emergency(contract, "gone"), host=None, began=BEGAN)
    return carry_out(planned, DrillDoors(now=doors.now, run=doors.run, inspect=doors.inspect))


def test_a_fault_that_is_noticed_and_cured_is_a_drill_that_went_well(contract: Contract) -> None:
    doors = Doors([{"units": OK}, {"units": BAD}, {"units": OK}])
    event = drill(contract, doors)
    assert (event.outcome, event.host, event.fault_run, event.runbook_run) == (
        *(RunOutcome.DONE, "app1"),
        *("run-1", "run-2"),
    )
    assert (event.broken, event.noticed, event.cured) == (
        *(BEGAN + timedelta(minutes=1),) * 2,
        BEGAN + timedelta(minutes=2),
    )
    fault, cure = doors.ran
    assert (fault.runbook.name, fault.answers) == ("break-it", {})
    assert (cure.inputs, cure.answers) == (
        {"before": "2026-03-02T04:00:00Z"},
        {"step-1": "done", "step-2": "done", "step-1.cause": "disk"},
    )


@pytest.mark.parametrize(
    ("looks", "said"),
    [
        ([{"units": OK}, {"units": OK}, {"units": OK}], "did not notice"),
        ([{"units": BAD}, {"units": BAD}, {"units": OK}], "did not notice"),  # it was bad before
        ([{"units": OK}, {"units": UNKNOWN}, {"units": OK}], "did not notice"),
        ([{"units": OK}, {"units": BAD}, {"units": BAD}], "still reports units"),
        ([{"units": OK}, {"units": BAD}, {"units": UNKNOWN}], "still reports units"),
        ([{"units": OK}, {"units": BAD}, {}], "still reports units"),
        ([{}, {"database oa": BAD}, {}], ""),  # named only while it is gone
    ],
)
def test_an_inspection_has_to_notice_and_to_be_content_again(
    contract: Contract, looks: list[Findings], said: str
) -> None:
    event = drill(contract, Doors(looks))
    assert (event.outcome is RunOutcome.DONE, event.outcome is RunOutcome.FAILED) == (not said, bool(said))
    assert said in event.detail


@pytest.mark.parametrize("ended", [RunOutcome.FAILED, RunOutcome.STOPPED])
def test_a_run_that_does_not_end_well_is_how_the_drill_ended(contract: Contract, ended: RunOutcome) -> None:
    broken = drill(contract, Doors([{}, {}], fault=ended))
    assert (broken.outcome, broken.runbook_run, broken.detail) == (ended, "", "the fault was not made: it broke")
    stopped = drill(contract, Doors([{}, {"units": BAD}], cure=ended))
    assert (stopped.outcome, stopped.cured, stopped.detail) == (ended, None, "it broke")


def test_nothing_is_rehearsed_where_the_inventory_does_not_say_so(contract: Contract) -> None:
    emergency = find_emergency(contract, "gone")
    assert plan_drill(contract, emergency, host="app1", began=BEGAN).host == "app1"
    for host in ("app2", "app3", "db1", "unknown"):
        with pytest.raises(Refused):
            plan_drill(contract, emergency, host=host, began=BEGAN)
    nowhere = resolve(tree(FAULT, FIX, INSPECTION, EMERGENCY + REHEARSAL))
    with pytest.raises(NothingFound):
        plan_drill(nowhere, find_emergency(nowhere, "gone"), host=None, began=BEGAN)
    without = contract_of(FAULT, FIX, EMERGENCY)
    with pytest.raises(Refused):
        plan_drill(without, find_emergency(without, "gone"), host=None, began=BEGAN)
    with pytest.raises(Refused):
        find_emergency(contract, "gon")


def test_a_fault_is_refused_in_earnest_and_a_drill_where_it_would_reach_others(contract: Contract) -> None:
    runbooks = {each.name: each for each in contract.runbooks}
    fault = procedure(contract, runbooks["break-it"], ("app1",), inputs={})
    refuse_outside_rehearsal(contract, fault, "gone")
    with pytest.raises(Refused, match="makes a fault"):
        refuse_outside_rehearsal(contract, fault, "")
    elsewhere = procedure(contract, runbooks["break-it"], ("app2",), inputs={})
    with pytest.raises(Refused, match="app2"):
        refuse_outside_rehearsal(contract, elsewhere, "gone")
    wide = contract_of(steps('command: ["true"]', 'command: ["true"], on: db', hosts="web"))
    (runbook,) = wide.runbooks
    with pytest.raises(Refused, match="db1"):
        refuse_outside_rehearsal(wide, procedure(wide, runbook, ("app1",), inputs={}), "gone")
    refuse_outside_rehearsal(wide, procedure(wide, runbook, ("app1",), inputs={}), "")


def test_steps_that_wait_for_a_person_are_those_without_condition_and_answer(contract: Contract) -> None:
    runbook = next(each for each in contract.runbooks if each.name == "fix")
    made = procedure(contract, runbook, ("app1",), inputs={})
    assert unanswered_steps(made, {}) == ("step-1", "step-2")
    assert unanswered_steps(made, {"step-1": "done", "step-2": "done"}) == ()
