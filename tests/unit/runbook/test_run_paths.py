"""Ways through a run that were wrong once: calls, gotos, rollbacks, hosts one by one, answers that come late."""

import json
from collections.abc import Mapping, Sequence

import pytest
from running_runbooks import (
    BACKUP,
    CALLED,
    DONE,
    FAILED,
    FIRST,
    HEAD,
    LOST,
    FakeDoors,
    Office,
    contract_of,
    runbook,
    said,
    step,
)
from runs import context

from opspact.errors import Refused
from opspact.fleet.signals import EndedBySignal
from opspact.ledger.run_events import RunOutcome, StageFinished
from opspact.ledger.runbook_events import RunbookStepEnded, StepOutcome
from opspact.ledger.store import Ledger
from opspact.run.resume import Unanswered
from opspact.runbook.doors import Answer, Prompt, Reply, Tasks, Verdict
from opspact.values.secret import Secret

APPROVAL = "kind: approval\nname: risky\nneeds: {role: customer}\nfor: [destructive]\n"
APPROVED = Verdict(StepOutcome.DONE, "approved by he-jing")
CALL = "runbook: {name: called, inputs: {unit: x}}"


def office(ledger: Ledger, *steps: str, head: str = "", more: Sequence[str] = ()) -> Office:
    return Office(ledger, contract_of(runbook(*steps, head=head), *more))


def test_what_was_repeated_counts_as_it_ended(ledger: Ledger) -> None:
    fine = step("fine", "command: [run, fine]\nwhen: {first: done}")
    cure = step("cure", "command: [run, cure]\nwhen: {first: failed}")
    runs = office(ledger, FIRST, fine, cure)
    ran = runs.start(FakeDoors({"run first": FAILED}))
    again = runs.resume(FakeDoors(), ran.run, first="repeat")
    assert again.path[-3:] == ["fine@app1 done", "cure@app1 skipped", "close done"]


def test_a_goto_leads_to_the_first_step_of_a_call(ledger: Ledger) -> None:
    text = (
        step("first", "command: [run, first]\non_failure: goto\ngoto: cure"),
        step("mid", "command: [run, mid]"),
        step("cure", CALL),
        step("verify", "command: [run, verify]"),
    )
    ran = office(ledger, *text, more=(CALLED,)).start(FakeDoors({"run first": FAILED}))
    assert ran.path == [
        *("first@app1 failed", "mid skipped", "cure-stop@app1 done", "cure-start@app1 done"),
        *("verify@app1 done", "close done"),
    ]


def test_a_call_that_continues_leaves_the_called_runbook(ledger: Ledger) -> None:
    text = (step("call", f"{CALL}\non_failure: continue"), step("next", "command: [run, next]"))
    ran = office(ledger, *text, more=(CALLED,)).start(FakeDoors({"stop x b": FAILED}))
    assert ran.path == ["call-stop@app1 failed", "call-start skipped", "next@app1 done", "close done"]


def test_a_call_in_a_call_has_the_outer_ones_way(ledger: Ledger) -> None:
    mid = HEAD.format(name="mid") + "steps:\n" + step("inner", CALL)
    text = (
        step("call", "runbook: {name: mid}\non_failure: goto\ngoto: last"),
        step("next", "command: [run, next]"),
        step("last", "command: [run, last]"),
    )
    ran = office(ledger, *text, more=(CALLED, mid)).start(FakeDoors({"stop x b": FAILED}))
    assert ran.path[-3:] == ["next skipped", "last@app1 done", "close done"]


def test_done_for_the_target_of_a_goto_goes_on_after_it(ledger: Ledger) -> None:
    text = (
        step("a", "command: [a]\non_failure: goto\ngoto: c"),
        step("b", "command: [b]"),
        step("c", "command: [c]"),
        step("d", "command: [d]"),
    )
    runs = office(ledger, *text)
    doors = FakeDoors({"a": FAILED})
    doors.raises["c"] = EndedBySignal(15)
    with pytest.raises(EndedBySignal):
        runs.start(doors)
    assert runs.resume(FakeDoors(), "run-1", c="done").path[-2:] == ["d@app1 done", "close done"]


def test_a_rollback_runs_where_its_step_was_begun(ledger: Ledger) -> None:
    text = (
        step("find", "command: [find]\ncapture: {state: {output: true}}"),
        step("chg", "command: [chg]\nwhen: {state: bad}\nrollback: {command: [undo]}"),
        step("x", "command: [x]\non_failure: rollback"),
    )
    doors = FakeDoors({"app1 find": said("bad"), "app2 find": said("good"), "x": FAILED})
    office(ledger, *text).start(doors, hosts=("app1", "app2"))
    assert [call for call in doors.calls if "undo" in call] == ["app1: undo"]


def test_a_host_that_could_not_be_taken_is_not_rolled_back(ledger: Ledger) -> None:
    doors = FakeDoors()
    doors.refused["app1"] = "another run"
    office(ledger, step("a", "command: [a]\nrollback: {command: [undo]}\non_failure: rollback")).start(doors)
    assert [call for call in doors.calls if "undo" in call] == []


def test_a_rollback_has_no_assertion_and_is_never_repeated_silently(ledger: Ledger) -> None:
    text = (
        step("chg", "command: [chg]\nassert: {output: started}\nrollback: {command: [undo]}"),
        step("x", "command: [x]\non_failure: rollback"),
    )
    runs = office(ledger, *text)
    done = runs.start(FakeDoors({"chg": said("started"), "x": FAILED, "undo": said("undone")}))
    assert done.result.detail == "rolled back"
    lost = runs.start(FakeDoors({"chg": said("started"), "x": FAILED, "undo": LOST}))
    with pytest.raises(Unanswered, match="roll back"):
        runs.resume(FakeDoors(), lost.run)
    assert runs.resume(FakeDoors(), lost.run, rollback_chg="done").result.detail == "rolled back"


def test_tasks_have_the_values_of_their_host_and_no_secret_in_the_open(ledger: Ledger) -> None:
    seen: list[tuple[tuple[str, ...], Mapping[str, str | Secret]]] = []

    class Doors(FakeDoors):
        def tasks(
            self, hosts: Sequence[str], tasks: Tasks, *, values: Mapping[str, str | Secret], timeout: float
        ) -> Mapping[str, Answer]:
            seen.append((tuple(hosts), values))
            return super().tasks(hosts, tasks, values=values, timeout=timeout)

    head = 'inputs: {token: {text: {en: t}, secret: "secret:env:X"}}\n'
    text = (
        step("find", "command: [find]\ncapture: {pid: {output: true}}"),
        step("line", "command: [line]\ncapture: {line: {output: true}}"),
        step("k", "ansible: [{ansible.builtin.command: {argv: [kill, '{{ pid }}', '{{ line }}']}}]"),
    )
    runs = Office(ledger, contract_of(runbook(*text, head=head)), {"token": Secret("Canary99")})
    doors = Doors({"app1 find": said("111"), "app2 find": said("222"), "line": said("id=Canary99")})
    runs.start(doors, hosts=("app1", "app2"))
    assert [(hosts, values["pid"]) for hosts, values in seen] == [(("app1",), "111"), (("app2",), "222")]
    assert all(isinstance(values["line"], Secret) and "token" not in values for _, values in seen)


def test_a_host_never_has_the_value_of_another_one(ledger: Ledger) -> None:
    text = (
        step("find", "command: [find]\ncapture: {pid: {pattern: 'pid ([0-9]+)'}}\non_failure: continue"),
        step("k", "command: [kill, '{{ pid }}']"),
    )
    doors = FakeDoors({"app1 find": said("pid 111"), "app2 find": said("none")})
    ran = office(ledger, *text).start(doors, hosts=("app1", "app2"))
    assert "app2: kill 111" not in doors.calls
    assert "missing on app2" in ran.result.detail


def test_an_older_run_is_not_gone_on_with_beside_a_newer_one(ledger: Ledger) -> None:
    runs = office(ledger, step("a", "command: [a]\nidempotent: true"), step("m", "manual: {en: x}"))
    old = runs.start(FakeDoors({"a": FAILED}))
    new = runs.start(FakeDoors())
    with pytest.raises(Refused, match=f"run {new.run} of try for app1 began after run {old.run}"):
        runs.resume(FakeDoors(), old.run)


def test_a_try_that_was_repeated_stays_on_record(ledger: Ledger) -> None:
    doors = FakeDoors({"a": (said("first output", 1, "boom"), DONE)})
    doors.answers["on_failure"] = "retry"
    event = office(ledger, step("a", "command: [a]\non_failure: ask")).start(doors).steps[0]
    assert event.tries == 2
    assert "[try 1, failed: boom]\nfirst output" in event.output


def test_a_question_that_is_not_answered_loses_nothing(ledger: Ledger) -> None:
    class Doors(FakeDoors):
        def ask(self, prompt: Prompt) -> Reply | None:  # noqa: ARG002 - of the protocol
            raise Refused("the terminal was closed")

    with pytest.raises(Refused):
        office(ledger, step("a", "command: [a]\non_failure: ask")).start(Doors({"a": said("important", 1, "boom")}))
    (event,) = (each.event for each in ledger.read(RunbookStepEnded, contract="office"))
    assert (event.outcome, event.output) == (StepOutcome.FAILED, "important")


@pytest.mark.parametrize("use", ["$folder", "${folder}", "${folder%/}", "${folder#/srv}"])
def test_a_script_never_runs_without_a_value_that_it_names(use: str, ledger: Ledger) -> None:
    text = (
        step("find", "command: [find]\ncapture: {folder: {output: true}}\nwhen: {host: nope}"),
        step("s", f'script: du --exclude-dir=x --folder=y "{use}"/cache'),
    )
    doors = FakeDoors()
    ran = office(ledger, *text).start(doors)
    assert doors.commands_seen == []
    assert "the value folder is missing" in ran.result.detail


def test_a_captured_password_is_not_recorded(ledger: Ledger) -> None:
    text = step("gen", "command: [gen]\ncapture: {password: {pattern: 'password=(\\S+)'}}")
    event = office(ledger, text).start(FakeDoors({"gen": said("password=Canary77x")})).steps[0]
    assert (event.hidden, event.values) == (("password",), {})
    assert "Canary" not in json.dumps([each.as_line() for each in ledger.sealed()])


def test_a_value_that_was_not_recorded_is_never_taken_for_empty(ledger: Ledger) -> None:
    head = 'inputs: {token: {text: {en: t}, secret: "secret:env:X"}}\n'
    text = (
        step("gen", "command: [gen]\ncapture: {line: {output: true}}"),
        step("m", "manual: {en: x}"),
        step("cond", "command: [cond]\nwhen: {line: {contains: id}}"),
    )
    runs = Office(ledger, contract_of(runbook(*text, head=head)), {"token": Secret("Canary99")})
    ran = runs.start(FakeDoors({"gen": said("id=Canary99")}))
    doors = FakeDoors()
    doors.answers["m.confirm"] = "done"
    again = runs.resume(doors, ran.run)
    assert (again.result.outcome, "held a secret" in again.result.detail) == (RunOutcome.FAILED, True)
    assert "app1: cond" not in doors.calls


def test_what_a_called_runbook_demands_is_demanded(ledger: Ledger) -> None:
    called = CALLED.replace(
        "without_restore_point: {zh: 没有, en: none}\n",
        "restore_point: daily\npreconditions: [{text: {en: p}, check: [{unit: x}]}]\nevidence: {photo: {en: x}}\n",
    )
    runs = Office(ledger, contract_of(runbook(step("call", CALL)), called, policies=(BACKUP,)))
    doors = FakeDoors()
    ran = runs.start(doors)
    assert doors.calls[:3] == ["copies of daily", "backup daily of app1", "check app1"]
    assert ran.result.detail == "waiting: the evidence photo is missing (x)"
    other = CALLED.replace("hosts: web", "hosts: db")
    with pytest.raises(Refused, match="may not be run for app1"):
        Office(ledger, contract_of(runbook(step("call", CALL)), other)).procedure()


def test_an_input_of_a_called_runbook_has_to_fit(ledger: Ledger) -> None:
    text = (
        step("f", "command: [f]\ncapture: {v: {output: true}}"),
        step("call", "runbook: {name: called, inputs: {unit: '{{ v }}'}}"),
    )
    doors = FakeDoors({"f": said("; rm -rf /")})
    ran = office(ledger, *text, more=(CALLED,)).start(doors)
    assert "does not fit" in ran.result.detail
    assert not any("stop" in call for call in doors.calls)


def test_every_host_that_is_written_on_needs_a_copy(ledger: Ledger) -> None:
    text = runbook(step("w", "command: [drop]\non: db1"), FIRST, head="restore_point: daily\n")
    text = text.replace("without_restore_point: {zh: 没有数据, en: no data}\n", "")
    doors = FakeDoors()
    ran = Office(ledger, contract_of(text, policies=(BACKUP,))).start(doors)
    assert (ran.result.detail, doors.calls) == ("no restore point covers db1", [])


def test_an_approval_is_asked_for_again_when_the_run_goes_on(ledger: Ledger) -> None:
    contract = contract_of(runbook(step("yes", "approve: risky"), FIRST), policies=(APPROVAL,))
    runs = Office(ledger, contract)
    doors = FakeDoors({"run first": FAILED})
    doors.approval = APPROVED
    ran = runs.start(doors)
    late = FakeDoors()
    again = runs.resume(late, ran.run, first="repeat")
    assert again.result.outcome is RunOutcome.STOPPED
    assert "approved again (`opspact runbook approve run-1`): yes: one approval is missing" in again.result.detail
    assert "app1: run first" not in late.calls
    approved = FakeDoors()
    approved.approval = APPROVED
    assert runs.resume(approved, ran.run).path[-2:] == ["first@app1 done", "close done"]  # it was answered before


class ExpiringDoors(FakeDoors):
    """An approval that counts so many times, and has expired then."""

    def __init__(self, times: int, script: Mapping[str, Sequence[Answer] | Answer] | None = None) -> None:
        super().__init__(script)
        self.times = times

    def approvals(self, run: str, step: str, approval: str) -> Verdict:
        self.times -= 1
        self.approval = APPROVED if self.times >= 0 else Verdict(StepOutcome.UNKNOWN, "expired")
        return super().approvals(run, step, approval)


def test_an_approval_that_expires_while_people_are_waited_for_counts_no_more(ledger: Ledger) -> None:
    text = (step("yes", "approve: risky"), step("people", "manual: {en: x}"), FIRST)
    runs = Office(ledger, contract_of(runbook(*text), policies=(APPROVAL,)))
    doors = ExpiringDoors(1)
    doors.answers["people.confirm"] = "done"
    ran = runs.start(doors)
    assert (ran.result.outcome, ran.path) == (RunOutcome.STOPPED, ["yes done", "people done"])
    assert "before step first, this has to be approved again" in ran.result.detail
    still = runs.resume(FakeDoors(), ran.run)  # not asked whether it took effect: nothing was carried out
    assert (still.result.outcome, still.path) == (RunOutcome.STOPPED, ran.path)
    approved = FakeDoors()
    approved.approval = APPROVED
    assert runs.resume(approved, ran.run).path == [*ran.path, "first@app1 done", "close done"]


def test_an_approval_that_expires_at_a_question_counts_no_more(ledger: Ledger) -> None:
    text = (step("yes", "approve: risky"), step("first", "command: [run, first]\non_failure: ask"))
    runs = Office(ledger, contract_of(runbook(*text), policies=(APPROVAL,)))
    doors = ExpiringDoors(2, {"run first": (FAILED, DONE)})
    doors.answers["on_failure"] = "retry"
    ran = runs.start(doors)
    assert (ran.result.outcome, ran.path) == (RunOutcome.STOPPED, ["yes done", "first@app1 failed"])
    assert doors.calls.count("app1: run first") == 1


def test_every_approval_that_is_needed_is_named_and_that_of_a_skipped_step_is_not(ledger: Ledger) -> None:
    text = (
        step("find", "command: [find]\nidempotent: true\non_failure: goto\ngoto: two"),
        step("passed", "approve: risky"),
        step("two", "approve: risky"),
        step("three", "approve: risky\nwhen: {find: done}"),
        step("four", "approve: risky"),
        FIRST,
    )
    ran = Office(ledger, contract_of(runbook(*text), policies=(APPROVAL,))).start(ExpiringDoors(2, {"find": FAILED}))
    assert ran.path[-3:] == ["two done", "three skipped", "four done"]
    assert ran.result.detail.endswith("two: expired; four: expired")


def test_a_step_that_is_recorded_as_approved_is_not_approved_by_that(ledger: Ledger) -> None:
    """Who may write the ledger can say that the stage ended; without a signature nothing is changed."""
    runs = Office(ledger, contract_of(runbook(step("yes", "approve: risky"), FIRST), policies=(APPROVAL,)))
    ran = runs.start(FakeDoors())
    ledger.record(StageFinished(ran.run, "yes", RunOutcome.DONE, attempt=2), context=context())
    doors = FakeDoors()
    assert runs.resume(doors, ran.run).result.outcome is RunOutcome.STOPPED
    assert "app1: run first" not in doors.calls


def test_a_zero_byte_in_a_value_fails_the_step(ledger: Ledger) -> None:
    text = (step("f", "command: [f]\ncapture: {x: {pattern: '(?s).+'}}"), step("k", "command: [echo, '{{ x }}']"))
    ran = office(ledger, *text).start(FakeDoors({"f": said("a\0b")}))
    assert ran.result.outcome is RunOutcome.FAILED
