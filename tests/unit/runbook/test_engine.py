"""What a run of a runbook does at each step, and where it goes on after it was stopped."""

import pytest
from running_runbooks import (
    BACKUP,
    DONE,
    FAILED,
    FIRST,
    LOST,
    SECOND,
    FakeDoors,
    Office,
    contract_of,
    runbook,
    step,
)

from opspact.errors import Refused
from opspact.fleet.signals import EndedBySignal
from opspact.ledger.run_events import RunOutcome
from opspact.ledger.runbook_events import Attachment, RunbookNotice, StepOutcome
from opspact.ledger.store import Ledger
from opspact.run.resume import Unanswered
from opspact.runbook.doors import Reply, Verdict
from opspact.structs import replace


def office(ledger: Ledger, *steps: str, head: str = "") -> Office:
    return Office(ledger, contract_of(runbook(*steps, head=head)))


def test_steps_go_in_order_and_hosts_are_taken_before_each_and_given_back_to_people(ledger: Ledger) -> None:
    doors = FakeDoors()
    doors.answers["ask.confirm"] = "done"
    ran = office(ledger, FIRST, SECOND, step("ask", "manual: {en: x}")).start(doors)
    assert ran.result.outcome is RunOutcome.DONE
    assert ran.path == ["first@app1 done", "second@app1 done", "ask done", "close done"]
    assert doors.calls == [
        *("take app1", "app1: run first", "take app1", "app1: run second"),
        *("release", "ask ask.confirm"),
    ]


def test_a_failed_step_ends_the_run_and_a_resumed_one_repeats_it_when_a_person_says_so(ledger: Ledger) -> None:
    runs = office(ledger, FIRST, SECOND)
    ran = runs.start(FakeDoors({"run second": FAILED}))
    assert (ran.result.outcome, ran.path) == (RunOutcome.FAILED, ["first@app1 done", "second@app1 failed"])
    with pytest.raises(Unanswered, match="did it take effect"):
        runs.resume(FakeDoors(), ran.run)
    doors = FakeDoors()
    again = runs.resume(doors, ran.run, second="repeat")
    assert again.result.outcome is RunOutcome.DONE
    assert "app1: run first" not in doors.calls
    assert "app1: run second" in doors.calls


def test_what_a_person_says_is_done_is_not_repeated_and_counts_in_conditions(ledger: Ledger) -> None:
    runs = office(ledger, FIRST, SECOND, step("third", "command: [run, third]\nwhen: {second: done}"))
    ran = runs.start(FakeDoors({"run second": LOST}))
    doors = FakeDoors()
    again = runs.resume(doors, ran.run, second="done")
    assert again.path[-2:] == ["third@app1 done", "close done"]
    assert "app1: run second" not in doors.calls


def test_a_step_of_which_nobody_knows_is_never_continued_from(ledger: Ledger) -> None:
    """Whatever follows a failure: only what may be repeated is treated as failed."""
    runs = office(ledger, step("first", "command: [run, first]\non_failure: continue"), SECOND)
    ran = runs.start(FakeDoors({"run first": LOST}))
    assert (ran.result.outcome, ran.path) == (RunOutcome.FAILED, ["first@app1 unknown"])
    safe = office(ledger, step("first", "command: [run, first]\nidempotent: true\non_failure: continue"), SECOND)
    safe.number = 10
    assert safe.start(FakeDoors({"run first": LOST})).path[:2] == ["first@app1 unknown", "second@app1 done"]


def test_a_killed_step_is_asked_about(ledger: Ledger) -> None:
    runs = office(ledger, FIRST, SECOND)
    doors = FakeDoors()
    doors.raises["run second"] = EndedBySignal(15)
    with pytest.raises(EndedBySignal):
        runs.start(doors)
    with pytest.raises(Unanswered):
        runs.resume(FakeDoors(), "run-1")
    assert runs.resume(FakeDoors(), "run-1", second="repeat").path[-2:] == ["second@app1 done", "close done"]


def test_tries_wait_between_and_stop_at_the_first_success(ledger: Ledger) -> None:
    text = step("first", "command: [run, first]\nretries: 3\nretry_after: 7s")
    doors = FakeDoors({"run first": (FAILED, FAILED, DONE)})
    ran = office(ledger, text).start(doors)
    assert ran.steps[0].tries == 3
    assert doors.calls.count("wait 7") == 2
    assert doors.calls.count("app1: run first") == 3


def test_tries_are_used_up(ledger: Ledger) -> None:
    ran = office(ledger, step("first", "command: [run, first]\nretries: 2")).start(FakeDoors({"run first": FAILED}))
    assert (ran.steps[0].tries, ran.result.outcome) == (3, RunOutcome.FAILED)


def test_what_is_unknown_is_tried_again_only_where_that_does_no_harm(ledger: Ledger) -> None:
    doors = FakeDoors({"run first": (LOST, DONE)})
    ran = office(ledger, step("first", "command: [run, first]\nretries: 2")).start(doors)
    assert ran.path == ["first@app1 unknown"]


def test_continue_goes_on_and_a_condition_sees_it(ledger: Ledger) -> None:
    bad = step("first", "command: [run, first]\non_failure: continue")
    only = step("cure", "command: [run, cure]\nwhen: {first: failed}")
    other = step("fine", "command: [run, fine]\nwhen: {first: done}")
    ran = office(ledger, bad, only, other).start(FakeDoors({"run first": FAILED}))
    assert ran.path == ["first@app1 failed", "cure@app1 done", "fine@app1 skipped", "close done"]


def test_goto_skips_what_lies_between_and_survives_an_interruption(ledger: Ledger) -> None:
    text = (
        step("first", "command: [run, first]\non_failure: goto\ngoto: last"),
        SECOND,
        step("last", "manual: {en: x}"),
    )
    runs = office(ledger, *text)
    ran = runs.start(FakeDoors({"run first": FAILED}))
    assert ran.path == ["first@app1 failed", "second skipped"]
    doors = FakeDoors()
    doors.answers["last.confirm"] = "done"
    again = runs.resume(doors, ran.run)
    assert again.path == ["first@app1 failed", "second skipped", "last done", "close done"]


ROLLED_BACK = (
    step("first", "command: [run, first]\nrollback: {command: [undo, first]}"),
    step("skipped", "command: [run, it]\nwhen: {first: failed}\nrollback: {command: [undo, it]}"),
    step("second", "command: [run, second]\non_failure: rollback\nrollback: {command: [undo, second]}"),
    step("third", "command: [run, third]\nrollback: {command: [undo, third]}"),
)


def test_a_rollback_takes_steps_back_in_reverse_order(ledger: Ledger) -> None:
    doors = FakeDoors({"run second": FAILED})
    runs = office(ledger, *ROLLED_BACK)
    ran = runs.start(doors)
    assert (ran.result.outcome, ran.result.detail) == (RunOutcome.FAILED, "rolled back")
    undone = [call for call in doors.calls if "undo" in call]
    assert undone == ["app1: undo second", "app1: undo first"]
    with pytest.raises(Refused, match="rolled back"):
        runs.resume(FakeDoors(), ran.run)


def test_a_rollback_that_failed_is_gone_on_with(ledger: Ledger) -> None:
    runs = office(ledger, *ROLLED_BACK)
    ran = runs.start(FakeDoors({"run second": FAILED, "undo second": FAILED}))
    assert ran.result.detail.startswith("the rollback failed")
    with pytest.raises(Unanswered, match="roll back"):
        runs.resume(FakeDoors(), ran.run)
    doors = FakeDoors()
    again = runs.resume(doors, ran.run, rollback_second="repeat")
    assert again.result.detail == "rolled back"
    assert [call for call in doors.calls if "run" in call] == []
    assert [call for call in doors.calls if "undo" in call] == ["app1: undo second", "app1: undo first"]


def test_what_a_rollback_could_not_do_a_person_does_and_the_others_follow(ledger: Ledger) -> None:
    back = ROLLED_BACK[2].replace("[undo, second]", "[undo, second, '{{ made }}']")
    runs = office(
        ledger,
        *ROLLED_BACK[:2],
        back.replace("command: [run, second]\n", "command: [run, second]\n    capture: {made: {output: true}}\n"),
    )
    ran = runs.start(FakeDoors({"run second": FAILED}))
    assert 'the value "made" is missing' in ran.result.detail
    doors = FakeDoors()
    assert runs.resume(doors, ran.run, rollback_second="done").result.detail == "rolled back"
    assert [call for call in doors.calls if "undo" in call] == ["app1: undo first"]


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [("continue", RunOutcome.DONE), ("abort", RunOutcome.FAILED), ("rollback", RunOutcome.FAILED)],
)
def test_the_operator_says_what_follows(ledger: Ledger, answer: str, outcome: RunOutcome) -> None:
    doors = FakeDoors({"run first": FAILED})
    doors.answers["on_failure"] = answer
    ran = office(ledger, step("first", "command: [run, first]\non_failure: ask"), SECOND).start(doors)
    assert ran.result.outcome is outcome
    assert ("app1: run second" in doors.calls) == (answer == "continue")


def test_a_retry_that_is_asked_for_leaves_hosts_alone_that_are_done(ledger: Ledger) -> None:
    doors = FakeDoors({"app2 run first": (FAILED, DONE)})
    doors.answers["on_failure"] = "retry"
    text = step("first", "command: [run, first]\non_failure: ask")
    ran = office(ledger, text).start(doors, hosts=("app1", "app2"))
    assert ran.result.outcome is RunOutcome.DONE
    assert [call for call in doors.calls if "run" in call] == ["app1: run first", "app2: run first", "app2: run first"]


def test_a_resumed_step_leaves_hosts_alone_on_which_it_is_done(ledger: Ledger) -> None:
    runs = office(ledger, FIRST, SECOND)
    ran = runs.start(FakeDoors({"app2 run first": FAILED}), hosts=("app1", "app2"))
    doors = FakeDoors()
    again = runs.resume(doors, ran.run, first="repeat")
    assert again.result.outcome is RunOutcome.DONE
    assert [call for call in doors.calls if "first" in call] == ["app2: run first"]


def test_a_host_that_cannot_be_taken_is_not_written_on(ledger: Ledger) -> None:
    doors = FakeDoors()
    doors.refused["app1"] = "another run has taken this host"
    ran = office(ledger, FIRST).start(doors)
    assert ran.path == ["first@app1 failed"]
    assert "app1: run first" not in doors.calls


def test_runbooks_that_call_each_other_are_refused(ledger: Ledger) -> None:
    text = step("call", "runbook: {name: try}")
    with pytest.raises(Refused, match="calls itself"):
        office(ledger, text).procedure()


def test_a_precondition_that_is_not_met_starts_nothing(ledger: Ledger) -> None:
    head = "preconditions: [{text: {zh: 应答, en: it answers}, check: [{unit: nginx.service}]}]\n"
    doors = FakeDoors()
    doors.verdicts["app1"] = Verdict(StepOutcome.FAILED, "unit nginx.service is not running")
    runs = office(ledger, FIRST, head=head)
    ran = runs.start(doors)
    assert ran.result.outcome is RunOutcome.FAILED
    assert "it answers (app1): unit nginx.service is not running" in ran.result.detail
    assert doors.calls == ["check app1"]
    assert runs.resume(FakeDoors(), ran.run).result.outcome is RunOutcome.DONE


def protected(ledger: Ledger) -> Office:
    text = runbook(FIRST, head="restore_point: daily\n").replace(
        "without_restore_point: {zh: 没有数据, en: no data}\n", ""
    )
    return Office(ledger, contract_of(text, policies=(BACKUP,)))


def test_a_restore_point_is_taken_before_the_first_step(ledger: Ledger) -> None:
    doors = FakeDoors()
    ran = protected(ledger).start(doors)
    assert ran.result.outcome is RunOutcome.DONE
    assert doors.calls[:3] == ["copies of daily", "backup daily of app1", "take app1"]
    assert ran.path[0] == "restore-point@app1 done"


def test_a_target_that_no_restore_point_covers_is_left_alone(ledger: Ledger) -> None:
    text = runbook(FIRST, head="restore_point: daily\n").replace(
        "without_restore_point: {zh: 没有数据, en: no data}\n", ""
    )
    policy = BACKUP.replace("hosts: web", "hosts: app2")
    doors = FakeDoors()
    ran = Office(ledger, contract_of(text, policies=(policy,))).start(doors)
    assert ran.result.detail == "no restore point covers app1"
    assert doors.calls == []


@pytest.mark.parametrize("outcome", [StepOutcome.FAILED, StepOutcome.UNKNOWN])
def test_without_a_fresh_verified_copy_nothing_starts(ledger: Ledger, outcome: StepOutcome) -> None:
    doors = FakeDoors()
    doors.copy = Verdict(outcome, "the newest copy is 40h old, more than 26h")
    ran = protected(ledger).start(doors)
    assert ran.result.detail == "no restore point: daily of app1: the newest copy is 40h old, more than 26h"
    assert doors.calls == ["copies of daily"]


def test_a_copy_that_cannot_be_made_starts_nothing(ledger: Ledger) -> None:
    doors = FakeDoors({"backup daily": FAILED})
    ran = protected(ledger).start(doors)
    assert ran.result.outcome is RunOutcome.FAILED
    assert "app1: run first" not in doors.calls


def test_a_run_waits_for_an_approval_and_goes_on_with_it(ledger: Ledger) -> None:
    approval = "kind: approval\nname: risky\nneeds: {role: customer}\nfor: [destructive]\n"
    contract = contract_of(runbook(step("yes", "approve: risky"), FIRST), policies=(approval,))
    runs = Office(ledger, contract)
    doors = FakeDoors()
    ran = runs.start(doors)
    assert (ran.result.outcome, ran.result.detail) == (RunOutcome.STOPPED, "waiting: yes: one approval is missing")
    assert "app1: run first" not in doors.calls
    doors.approval = Verdict(StepOutcome.DONE, "approved by zhang-wei")
    again = runs.resume(doors, ran.run)
    assert again.path == ["yes done", "first@app1 done", "close done"]


def test_a_notice_is_recorded(ledger: Ledger) -> None:
    text = step("tell", 'notify: {to: team operations, message: {zh: "{{ host }}", en: "Run {{ run }} began"}}')
    office(ledger, text).start(FakeDoors())
    (notice,) = ledger.read(RunbookNotice, contract="office")
    assert (notice.event.recipient, notice.event.message) == ("team operations", "Run run-1 began")


def test_waiting_looks_again_until_it_is_so_or_time_is_up(ledger: Ledger) -> None:
    text = step("wait", "wait: {until: [{unit: nginx.service}], every: 20s}\ntimeout: 1m")
    doors = FakeDoors()
    doors.verdicts["app1"] = Verdict(StepOutcome.FAILED, "unit nginx.service is not running")
    ran = office(ledger, text).start(doors)
    assert ran.steps[0].outcome is StepOutcome.FAILED
    assert ran.steps[0].detail.startswith("not so within 1m: unit nginx.service")
    assert doors.calls.count("check app1") == 4


PHOTO = Reply("attached", (Attachment("photo", "disk.jpg", "0" * 64, 3, "YWJj"),))


def test_a_run_is_closed_with_its_evidence_alone(ledger: Ledger) -> None:
    head = "evidence: {photo: {zh: 照片, en: a photo of the disk}}\n"
    runs = office(ledger, FIRST, head=head)
    ran = runs.start(FakeDoors())
    assert ran.result.detail == "waiting: the evidence photo is missing (a photo of the disk)"
    doors = FakeDoors()
    doors.replies["close.photo"] = PHOTO
    assert runs.resume(doors, ran.run).result.outcome is RunOutcome.DONE


def test_evidence_of_a_manual_step_closes_the_run(ledger: Ledger) -> None:
    head = "evidence: {photo: {zh: 照片, en: a photo of the disk}}\n"
    runs = office(ledger, step("change", "manual: {en: change the disk}\nattach: photo"), head=head)
    without = FakeDoors()
    without.answers["change.confirm"] = "done"
    ran = runs.start(without)
    assert "its evidence photo is missing" in ran.result.detail
    doors = FakeDoors()
    doors.replies["change.confirm"] = replace(PHOTO, text="done")
    assert runs.resume(doors, ran.run).result.outcome is RunOutcome.DONE


def test_a_manual_step_that_failed_is_a_failed_step(ledger: Ledger) -> None:
    doors = FakeDoors()
    doors.answers["change.confirm"] = "failed"
    ran = office(ledger, step("change", "manual: {en: x}\non_failure: continue"), FIRST).start(doors)
    assert ran.path == ["change failed", "first@app1 done", "close done"]


def test_one_run_for_a_runbook_and_a_host(ledger: Ledger) -> None:
    runs = office(ledger, step("ask", "manual: {en: x}"))
    ran = runs.start(FakeDoors())
    with pytest.raises(Refused, match=f"run {ran.run} of try for app1 is waiting"):
        runs.start(FakeDoors())
    assert runs.start(FakeDoors(), hosts=("app2",)).result.outcome is RunOutcome.STOPPED
