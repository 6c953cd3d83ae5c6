"""What a dry run does and does not do."""

from running_runbooks import BACKUP, CALLED, FIRST, FakeDoors, Office, contract_of, runbook, said, step

from opspact.ledger.runbook_events import RunbookStarted, StepOutcome
from opspact.ledger.store import Ledger
from opspact.runbook.attempt import Attempt
from opspact.runbook.doors import Verdict
from opspact.runbook.dry_run import Coverage, DryRun, DryStep, percent

STEPS = (
    FIRST,
    step("look", "check: [{unit: nginx.service}]\non_failure: continue"),
    step("cure", "command: [cure]\nwhen: {look: failed}"),
    step("fine", "command: [fine]\nwhen: {look: done}"),
    step("later", "command: [later]\nwhen: {pid: 7}"),
    step("tasks", "ansible: [{ansible.builtin.ping: {}}]"),
    step("ask", "manual: {en: look}"),
    step("pid", "command: [pid]\ncapture: {pid: {output: true}}\nrollback: {command: [back]}"),
)


def dry(office: Office, doors: FakeDoors) -> list[DryStep]:
    made = office.procedure()
    started = RunbookStarted("dry-run", "try", made.digest, made.targets)
    attempt = Attempt(procedure=made, started=started, operator="li-na", secrets={})
    return list(DryRun(made, attempt.values(), doors).steps())


def coverage(steps: list[DryStep]) -> dict[str, str]:
    return {each.name: each.coverage.value for each in steps}


def test_checks_and_check_mode_are_simulated_and_nothing_else_is_run(ledger: Ledger) -> None:
    doors = FakeDoors()
    doors.verdicts["app1"] = Verdict(StepOutcome.FAILED, "unit nginx.service is not running")
    steps = dry(Office(ledger, contract_of(runbook(*STEPS))), doors)
    assert coverage(steps) == {
        "first": "not simulated",
        "look": "simulated",
        "cure": "not simulated",
        "fine": "skipped",
        "later": "not simulated",
        "tasks": "simulated",
        "ask": "not simulated",
        "pid": "not simulated",
    }
    assert doors.calls == ["check app1", "tasks on app1 in check mode"]
    assert percent(steps) == round(100 * 2 / 7)
    assert "depends on pid" in steps[4].found
    assert steps[1].outcome is StepOutcome.FAILED
    assert ledger.head().sequence == 0


def test_commands_of_a_read_only_runbook_are_run_and_their_values_known(ledger: Ledger) -> None:
    text = runbook(
        step("pid", "command: [pid]\ncapture: {pid: {output: true}}"),
        step("seven", 'command: [look, "{{ pid }}"]\nwhen: {pid: "7"}'),
    ).replace("risk: reversible", "risk: read-only")
    doors = FakeDoors({"pid": said("7\n")})
    steps = dry(Office(ledger, contract_of(text)), doors)
    assert set(coverage(steps).values()) == {"simulated"}
    assert "app1: look 7" in doors.calls


def test_a_called_runbook_is_not_run_because_the_calling_one_is_read_only(ledger: Ledger) -> None:
    text = runbook(step("call", "runbook: {name: called, inputs: {unit: nginx}}")).replace("reversible", "read-only")
    doors = FakeDoors()
    steps = dry(Office(ledger, contract_of(text, CALLED)), doors)
    assert {each.coverage for each in steps} == {Coverage.NOT_SIMULATED}
    assert doors.calls == []


def test_the_copy_of_a_restore_point_is_looked_up_and_none_is_made(ledger: Ledger) -> None:
    text = runbook(FIRST, head="restore_point: daily\n").replace(
        "without_restore_point: {zh: 没有数据, en: no data}\n", ""
    )
    doors = FakeDoors()
    doors.copy = Verdict(StepOutcome.UNKNOWN, "no check has been made yet")
    steps = dry(Office(ledger, contract_of(text, policies=(BACKUP,))), doors)
    assert (steps[0].name, steps[0].outcome) == ("restore-point", StepOutcome.UNKNOWN)
    assert doors.calls == ["copies of daily"]
