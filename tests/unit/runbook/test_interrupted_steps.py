"""Steps whose end nobody has recorded, that nobody could begin, or that a person has answered for."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

import pytest
from running_runbooks import CALLED, CONTRACT, FAILED, LOST, FakeDoors, Office, contract_of, runbook, said, step

from opspact.fleet.signals import EndedBySignal
from opspact.ledger.event_type import EventType
from opspact.ledger.run_events import RunOutcome, StageFinished
from opspact.ledger.store import Ledger
from opspact.run.leases import Leases
from opspact.runbook.doors import Prompt, Reply
from opspact.runbook.history import last_results, read_run
from opspact.values.secret import Secret

FIND = step("find", "command: [find]\ncapture: {state: {output: true}}")
LAST = step("x", "command: [x]\non_failure: rollback")


def office(ledger: Ledger, *steps: str, head: str = "") -> Office:
    return Office(ledger, contract_of(runbook(*steps, head=head)))


def undone(doors: FakeDoors) -> list[str]:
    return [call for call in doors.calls if "undo" in call]


def test_what_a_person_says_is_done_is_not_taken_back_where_it_was_skipped(ledger: Ledger) -> None:
    change = step("chg", "command: [chg]\nwhen: {state: bad}\nrollback: {command: [undo]}")
    runs = office(ledger, FIND, change, LAST)
    runs.start(FakeDoors({"app1 find": said("bad"), "app2 find": said("good"), "chg": LOST}), hosts=("app1", "app2"))
    doors = FakeDoors({"x": FAILED})
    assert runs.resume(doors, "run-1", chg="done").result.detail == "rolled back"
    assert undone(doors) == ["app1: undo"]


def test_a_killed_step_is_taken_back_only_where_its_condition_held(ledger: Ledger) -> None:
    change = step("chg", "command: [chg]\nwhen: {state: bad}\nrollback: {command: [undo]}")
    runs = office(ledger, FIND, change, LAST)
    doors = FakeDoors({"app1 find": said("bad"), "app2 find": said("good")})
    doors.raises["chg"] = EndedBySignal(9)
    with pytest.raises(EndedBySignal):
        runs.start(doors, hosts=("app1", "app2"))
    doors = FakeDoors({"x": FAILED})
    assert runs.resume(doors, "run-1", chg="done").result.detail == "rolled back"
    assert undone(doors) == ["app1: undo"]


@pytest.mark.parametrize("kind", ["", "\nidempotent: true"])
def test_a_killed_step_is_taken_back_although_its_host_could_not_be_taken_again(ledger: Ledger, kind: str) -> None:
    runs = office(ledger, step("a", f"command: [a]{kind}\nrollback: {{command: [undo]}}\non_failure: rollback"))
    doors = FakeDoors()
    doors.raises["a"] = EndedBySignal(9)
    with pytest.raises(EndedBySignal):
        runs.start(doors)
    doors = FakeDoors({"undo": FAILED})
    doors.refused["app1"] = "another run has it"
    failed = runs.resume(doors, "run-1", **({} if kind else {"a": "repeat"}))
    assert "rollback failed" in failed.result.detail
    doors = FakeDoors()  # that it was begun is still known at the attempt after that
    assert runs.resume(doors, "run-1", rollback_a="repeat").result.detail == "rolled back"
    assert undone(doors) == ["app1: undo"]


@pytest.mark.parametrize(
    "way", ["on_failure: goto\ngoto: c", "on_failure: rollback\nrollback: {command: [undo]}"], ids=["goto", "rollback"]
)
def test_a_step_that_was_recorded_but_not_ended_is_repeated_when_that_is_the_answer(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    runs = office(ledger, step("a", f"command: [a]\n{way}"), step("b", "command: [b]"), step("c", "command: [c]"))
    record = Leases.record

    def until_the_stage_ends(self: Leases, events: Iterable[EventType], **more: Any) -> None:
        given = list(events)
        if any(isinstance(each, StageFinished) and each.stage == "a" for each in given):
            raise EndedBySignal(9)
        record(self, given, **more)

    monkeypatch.setattr(Leases, "record", until_the_stage_ends)
    with pytest.raises(EndedBySignal):
        runs.start(FakeDoors({"a": FAILED}))
    monkeypatch.undo()
    monkeypatch.setattr("running_runbooks.run_to_resume", lambda found: found)  # the killed process is this one
    steps = read_run(ledger, CONTRACT, "run-1", now=datetime.now(UTC)).steps
    assert [each.event.outcome.value for each in steps] == ["failed"]
    doors = FakeDoors()
    again = runs.resume(doors, "run-1", a="repeat")
    assert again.result.outcome is RunOutcome.DONE
    assert [call for call in doors.calls if call.startswith("app1: ")] == ["app1: a", "app1: b", "app1: c"]


@pytest.mark.parametrize(
    "fields",
    [
        "command: [b]\nwhen: {state: {below: 10}}",
        "manual: {en: 'look at {{ state }}'}",
        "notify: {to: team operations, message: {en: 'it is {{ state }}'}}",
    ],
)
def test_a_step_of_which_nobody_can_say_what_it_is_fails_as_any_other(ledger: Ledger, fields: str) -> None:
    """The condition needs a number and there is none, or the text needs a value that differs between the hosts."""
    script = {"app1 find": said("12%"), "app2 find": said("13%")}
    stopped = office(ledger, FIND, step("b", fields), step("c", "command: [c]")).start(
        FakeDoors(script), hosts=("app1", "app2")
    )
    assert (stopped.result.outcome, stopped.path[-1]) == (RunOutcome.FAILED, "b failed")
    assert "state" in stopped.result.detail


def test_such_a_step_follows_its_on_failure_and_is_not_taken_back(ledger: Ledger) -> None:
    change = step("chg", "command: [chg]\nwhen: {state: {below: 10}}\nrollback: {command: [undo]}\non_failure: %s")
    doors = FakeDoors({"find": said("12%")})
    ran = office(ledger, FIND, change % "continue", step("c", "command: [c]")).start(doors)
    assert ran.path[1:] == ["chg failed", "c@app1 done", "close done"]
    doors = FakeDoors({"find": said("12%")})
    other = office(ledger, FIND, change % "rollback")
    other.number = 1
    back = other.start(doors)
    assert (back.result.detail, undone(doors)) == ("rolled back", [])


def test_an_empty_text_is_neither_above_nor_below_a_number(ledger: Ledger) -> None:
    give = step("find", "command: [find]\nwhen: {host: none}\ncapture: {state: {output: true}}")
    below = step("b", "command: [b]\nwhen: {state: {below: 10}}")
    above = step("c", "command: [c]\nwhen: {state: {above: 1}}")
    ran = office(ledger, give, below, above).start(FakeDoors())
    assert ran.path == ["find@app1 skipped", "b@app1 skipped", "c@app1 skipped", "close done"]


def test_a_manual_step_is_asked_again_when_that_is_what_the_operator_wants(ledger: Ledger) -> None:
    class Doors(FakeDoors):
        asked = 0

        def ask(self, prompt: Prompt) -> Reply | None:
            if prompt.name == "confirm":
                self.asked += 1
                self.answers["confirm"] = "failed" if self.asked == 1 else "done"
            return super().ask(prompt)

    doors = Doors()
    doors.answers["on_failure"] = "retry"
    ran = office(ledger, step("m", "manual: {en: x}\non_failure: ask")).start(doors)
    assert (doors.asked, ran.path) == (2, ["m done", "close done"])


def test_evidence_is_no_empty_text_and_may_differ_between_hosts(ledger: Ledger) -> None:
    head = "evidence: {proof: {en: the proof}}\n"
    text = step("a", "command: [a]\ncapture: {proof: {output: true}}")
    runs = office(ledger, text, head=head)
    empty = runs.start(FakeDoors({"a": said(" \n")}))
    assert empty.result.detail == "waiting: the evidence proof is missing (the proof)"
    two = FakeDoors({"app1 a": said("1"), "app2 a": said("2")})
    other = Office(ledger, contract_of(runbook(text, head=head, name="other")))
    other.number = 1
    assert other.start(two, "other", hosts=("app1", "app2")).result.outcome is RunOutcome.DONE


def test_whoever_is_asked_about_several_hosts_sees_what_is_known_of_each(ledger: Ledger) -> None:
    runs = office(ledger, step("a", "command: [a]"), step("b", "command: [b]\nwhen: {host: app2}"))
    runs.start(FakeDoors({"app1 a": FAILED, "app2 a": LOST}), hosts=("app1", "app2"))
    found = read_run(ledger, CONTRACT, "run-1", now=datetime.now(UTC))
    assert last_results(found, "a") == "app1 failed: it failed; app2 unknown: connection lost"
    assert last_results(found, "b") == ""


def test_what_a_run_skipped_after_it_had_waited_is_not_taken_back(ledger: Ledger) -> None:
    """The attempts of a stage and of a run are counted apart: what began in the second one was not interrupted."""
    runs = office(
        ledger,
        step("m", "manual: {en: x}"),
        step("a", "command: [a]\non_failure: goto\ngoto: c"),
        step("b", "command: [b]\nrollback: {command: [undo]}"),
        step("c", "command: [c]\nrollback: {command: [undo-c]}"),
        step("m2", "manual: {en: x}"),
        LAST,
    )
    runs.start(FakeDoors())
    doors = FakeDoors({"a": FAILED})
    doors.answers["m.confirm"] = "done"
    runs.resume(doors, "run-1")
    doors = FakeDoors({"x": FAILED})
    doors.answers["m2.confirm"] = "done"
    assert runs.resume(doors, "run-1").result.detail == "rolled back"
    assert undone(doors) == ["app1: undo-c"]


def test_evidence_of_a_called_runbook_that_was_skipped_after_the_run_had_waited_is_not_needed(ledger: Ledger) -> None:
    called = CALLED.replace("steps:", "evidence: {photo: {en: x}}\nsteps:")
    call = "runbook: {name: called, inputs: {unit: x}}\nwhen: {host: none}"
    runs = Office(ledger, contract_of(runbook(step("m", "manual: {en: x}"), step("call", call)), called))
    runs.start(FakeDoors())
    doors = FakeDoors()
    doors.answers["m.confirm"] = "done"
    assert runs.resume(doors, "run-1").result.outcome is RunOutcome.DONE


def test_an_answer_given_up_front_is_no_retry_for_ever(ledger: Ledger) -> None:
    class Doors(FakeDoors):
        def ask(self, prompt: Prompt) -> Reply | None:
            self.calls.append(f"ask {prompt.step}.{prompt.name}")
            return Reply("retry" if prompt.name == "on_failure" else "failed", is_up_front=True)

    for number, fields in enumerate(("command: [a]", "manual: {en: x}", "command: [a]\nwhen: {host: {above: 1}}")):
        runs = office(ledger, step("a", f"{fields}\non_failure: ask"))
        runs.number = number
        doors = Doors({"a": FAILED})
        assert runs.start(doors).result.outcome is RunOutcome.FAILED
        assert doors.calls.count("ask a.on_failure") == 2


def test_a_script_that_needs_no_lost_value_goes_on_and_one_that_does_fails_on_its_host(ledger: Ledger) -> None:
    head = 'inputs: {token: {text: {en: t}, secret: "secret:env:X"}}\n'
    text = (
        step("a", "command: [a]\ncapture: {pass: {output: true}}"),
        step("m", "manual: {en: x}"),
        step("b", "script: echo all checks passed"),
        step("c", 'script: use "${pass:-none}"\non_failure: continue'),
    )
    runs = Office(ledger, contract_of(runbook(*text, head=head)), {"token": Secret("Canary99")})
    runs.start(FakeDoors({"app1 a": said("Canary99"), "app2 a": said("plain")}), hosts=("app1", "app2"))
    doors = FakeDoors()
    doors.answers["confirm"] = "done"
    ran = runs.resume(doors, "run-1")
    assert ran.path[3:] == ["b@app1 done", "b@app2 done", "c@app1 failed", "c@app2 done", "close done"]
    assert [command.variables for command in doors.commands_seen] == [{}, {}, {"pass": "plain"}]


def test_a_zero_byte_in_a_variable_of_a_script_fails_the_step(ledger: Ledger) -> None:
    text = (step("a", "command: [a]\ncapture: {x: {output: true}}"), step("b", 'script: echo "$x"'))
    ran = office(ledger, *text).start(FakeDoors({"a": said("a\0b")}))
    assert ran.path == ["a@app1 done", "b@app1 failed"]
