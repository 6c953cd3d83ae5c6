"""Drills with fakes at their doors: what is rehearsed where, what a fault must bring about, and what a cure must."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from building import tree
from runbook_texts import steps

from opspact.errors import LedgerUnavailable, NothingFound, OperationFailed, Refused
from opspact.fleet.signals import EndedBySignal
from opspact.ledger.run_events import RunOutcome
from opspact.ledger.runbook_events import EmergencyRehearsed
from opspact.model.contract import Contract
from opspact.model.result import Verdict
from opspact.resolve.contract import resolve
from opspact.runbook.drill import DrillDoors, DrillResult, DrillRun, Findings, carry_out
from opspact.runbook.procedure import procedure
from opspact.runbook.rehearsal import (
    PlannedRun,
    find_emergency,
    missing_answers,
    missing_evidence,
    plan_drill,
    refuse_outside_rehearsal,
    valid_answers,
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
UNMADE = "the fault was not made completely"
OK, BAD, UNKNOWN = Verdict.OK, Verdict.CRITICAL, Verdict.UNKNOWN


def contract_of(*policies: str) -> Contract:
    return resolve(tree(*policies, inventory=INVENTORY))


@pytest.fixture
def contract() -> Contract:
    return contract_of(FAULT, FIX, INSPECTION, EMERGENCY + REHEARSAL)


@dataclass
class Doors:
    """Doors that answer as a test says: each look of the inspection, how the fault and the cure end."""

    looks: Sequence[Findings | BaseException]
    fault: RunOutcome | DrillRun | BaseException = RunOutcome.DONE
    cure: RunOutcome | DrillRun | BaseException = RunOutcome.DONE
    ran: list[PlannedRun] = field(default_factory=list)
    recorded: list[DrillResult] = field(default_factory=list)

    def now(self) -> datetime:
        return BEGAN + timedelta(minutes=len(self.ran))

    def run(self, run: PlannedRun) -> DrillRun:
        self.ran.append(run)
        outcome = self.fault if run.runbook.rehearsal_only else self.cure
        if isinstance(outcome, BaseException):
            raise outcome
        if isinstance(outcome, DrillRun):
            return outcome
        return DrillRun(f"run-{len(self.ran)}", outcome, "" if outcome is RunOutcome.DONE else "it broke")

    def inspect(self) -> Findings:
        look, *self.looks = self.looks
        if isinstance(look, BaseException):
            raise look
        return look

    def record(self, result: DrillResult) -> str:
        self.recorded.append(result)
        return ""


def result_of(contract: Contract, doors: Doors) -> DrillResult:
    """Carry a drill out; what came of it is what was recorded, once."""
    planned = plan_drill(contract, find_emergency(contract, "gone"), host=None, began=BEGAN)
    found = carry_out(planned, DrillDoors(now=doors.now, run=doors.run, inspect=doors.inspect, record=doors.record))
    assert doors.recorded == [found]
    return found


def drill(contract: Contract, doors: Doors) -> EmergencyRehearsed:
    return result_of(contract, doors).event


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
    assert (broken.outcome, broken.runbook_run, broken.detail) == (ended, "", f"{UNMADE}: it broke")
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

    def missing(answers: Mapping[str, str]) -> tuple[str, ...]:
        return missing_answers(made, valid_answers(made, answers, ()))

    assert missing({}) == ("step-1", "step-1.cause", "step-2")
    assert missing({"step-1": "done", "step-2": "done"}) == ("step-1.cause",)
    assert missing({"step-1": "done", "cause": "disk", "step-2.confirm": "done"}) == ()
    assert missing({"step-1": "failed", "step-2": "done"}) == ()  # its value is not asked for then
    assert missing({"step-1": "repeat", "step-1.cause": "disk", "step-2": "done"}) == ("step-1",)


@pytest.mark.parametrize(
    ("step", "top", "answers", "attached", "missing"),
    [
        ("manual: {en: look}, attach: photo", "", {"step-1": "done"}, (), (("step-1",), ("photo",))),
        ("manual: {en: look}, attach: photo", "", {"step-1": "done"}, ("photo",), ((), ())),
        ("manual: {en: look}, attach: photo", "", {"step-1": "failed"}, (), ((), ())),
        ("manual: {en: look}", "evidence: {photo: {en: p}}\n", {"step-1": "done"}, (), ((), ("photo",))),
        ("manual: {en: look}", "evidence: {photo: {en: p}}\n", {"step-1": "done"}, ("photo",), ((), ())),
        ("command: [ls], capture: {photo: {output: true}}", "evidence: {photo: {en: p}}\n", {}, (), ((), ())),
        (
            "manual: {en: look}, ask: {photo: {text: {en: p}}}",
            *("evidence: {photo: {en: p}}\n", {"step-1": "done", "photo": "x"}, (), ((), ())),
        ),
        ("command: [ls]", INPUT + "evidence: {before: {en: p}}\n", {}, (), ((), ())),
    ],
)
def test_what_a_run_has_to_be_given_is_known_before_it_begins(
    *,
    step: str,
    top: str,
    answers: Mapping[str, str],
    attached: tuple[str, ...],
    missing: tuple[tuple[str, ...], tuple[str, ...]],
) -> None:
    contract = contract_of(steps(step, hosts="web", top=top))
    made = procedure(contract, contract.runbooks[0], ("app1",), inputs={})
    valid = valid_answers(made, answers, attached)
    assert (missing_answers(made, valid), missing_evidence(made, valid, attached)) == missing


def test_evidence_of_a_called_runbook_is_missing_unless_it_may_not_be_called() -> None:
    called = steps("command: [ls]", name="called", hosts="web", top="evidence: {photo: {en: p}}\n")
    for when, missing in (("", ("photo",)), (", when: {it: bad}", ())):
        call = f"runbook: {{name: called}}{when}"
        contract = contract_of(called, steps("command: [ls], capture: {it: {output: true}}", call, hosts="web"))
        runbook = next(each for each in contract.runbooks if each.name == "fix")
        assert missing_evidence(procedure(contract, runbook, ("app1",), inputs={}), {}, ()) == missing


LOST = OperationFailed("inspection daily could not be made on app1")


def test_an_inspection_that_cannot_look_at_the_fault_is_no_reason_to_leave_it(contract: Contract) -> None:
    doors = Doors([{"units": OK}, LOST, {"units": OK}])
    found = result_of(contract, doors)
    assert [each.runbook.name for each in doors.ran] == ["break-it", "fix"]
    assert (found.event.outcome, found.event.noticed, found.fault_remains) == (RunOutcome.FAILED, None, False)
    assert "could not look at the fault" in found.event.detail
    assert found.event.cured is not None


def test_what_nobody_has_looked_at_may_still_be_broken(contract: Contract) -> None:
    found = result_of(contract, Doors([{"units": OK}, {"units": BAD}, LOST]))
    assert (found.event.outcome, found.fault_remains) == (RunOutcome.FAILED, True)
    assert "could not look at what is cured" in found.event.detail
    seen = result_of(contract, Doors([{"units": OK}, {"units": BAD}, {"units": BAD}]))
    assert (seen.event.outcome, seen.fault_remains) == (RunOutcome.FAILED, True)


def test_a_cure_that_is_not_started_is_a_drill_that_failed(contract: Contract) -> None:
    found = result_of(contract, Doors([{}, {"units": BAD}], cure=Refused("somebody else is at it")))
    assert (found.event.outcome, found.event.runbook_run, found.fault_remains) == (RunOutcome.FAILED, "", True)
    assert found.event.detail == "runbook fix was not started: somebody else is at it"


def test_a_fault_that_was_made_in_part_remains_and_one_that_was_not_begun_does_not(contract: Contract) -> None:
    half = DrillRun("run-1", RunOutcome.FAILED, "the link was lost")
    assert result_of(contract, Doors([{}], fault=half)).fault_remains
    unmade = DrillRun("run-1", RunOutcome.FAILED, "a precondition is not met", has_changed=False)
    assert not result_of(contract, Doors([{}], fault=unmade)).fault_remains


@pytest.mark.parametrize(
    "doors",
    [
        Doors([LOST]),
        Doors([EndedBySignal(2)]),
        Doors([{}], fault=LedgerUnavailable("the disk is full")),
        Doors([{}], fault=EndedBySignal(2)),
    ],
)
def test_what_goes_wrong_before_the_fault_is_begun_is_no_drill(contract: Contract, doors: Doors) -> None:
    with pytest.raises((OperationFailed, LedgerUnavailable, EndedBySignal)):
        result_of(contract, doors)
    assert not doors.recorded


@pytest.mark.parametrize(
    "doors",
    [
        Doors([{}], fault=DrillRun("run-1", RunOutcome.STOPPED, "SIGINT", 2)),
        Doors([{}, EndedBySignal(2)]),
        Doors([{}, {}], cure=EndedBySignal(2)),
        Doors([{}, {}], cure=DrillRun("run-2", RunOutcome.STOPPED, "SIGINT", 2)),
    ],
)
def test_a_signal_after_the_fault_ends_the_drill_which_is_recorded_as_stopped(contract: Contract, doors: Doors) -> None:
    found = result_of(contract, doors)
    assert (found.event.outcome, found.signal, found.fault_remains) == (RunOutcome.STOPPED, 2, True)


def test_an_error_that_nobody_foresaw_does_not_keep_a_drill_from_being_concluded(contract: Contract) -> None:
    doors = Doors([{}, {}], cure=ValueError("a bug"))
    with pytest.raises(ValueError, match="a bug"):
        result_of(contract, doors)
    (found,) = doors.recorded
    assert (found.event.outcome, found.event.fault_run, found.fault_remains) == (RunOutcome.FAILED, "run-1", True)
    assert found.event.detail
