"""The values of a run: from step to step, host by host, into called runbooks, and never a secret in the open."""

import pytest
from running_runbooks import (
    CALLED,
    FAILED,
    SECOND,
    FakeDoors,
    Office,
    contract_of,
    runbook,
    said,
    step,
)

from opspact.ledger.run_events import RunOutcome
from opspact.ledger.runbook_events import StepOutcome
from opspact.ledger.store import Ledger
from opspact.structs import replace
from opspact.values.secret import Secret


def office(ledger: Ledger, *steps: str, head: str = "") -> Office:
    return Office(ledger, contract_of(runbook(*steps, head=head)))


def test_values_go_from_step_to_step_host_by_host(ledger: Ledger) -> None:
    text = (
        step("first", "command: [run, first]\ncapture: {pid: {pattern: 'pid=([0-9]+)'}}"),
        step("second", 'command: [kill, "{{ pid }}"]\nwhen: {pid: {above: 10}}'),
    )
    doors = FakeDoors({"app1 run first": said("pid=7\n"), "app2 run first": said("pid=42\n")})
    ran = office(ledger, *text).start(doors, hosts=("app1", "app2"))
    assert ran.path[2:] == ["second@app1 skipped", "second@app2 done", "close done"]
    assert "app2: kill 42" in doors.calls


def test_values_are_kept_when_the_run_goes_on(ledger: Ledger) -> None:
    text = (
        step("first", "command: [run, first]\ncapture: {name: {output: true}}"),
        step("ask", "manual: {en: look}\nask: {cause: {text: {en: why}, choice: [disk, memory]}}"),
        step("last", 'command: [cure, "{{ name }}", "{{ cause }}"]'),
    )
    runs = office(ledger, *text)
    ran = runs.start(FakeDoors({"run first": said("db1\n")}))
    assert (ran.result.outcome, ran.result.detail[:8]) == (RunOutcome.STOPPED, "waiting:")
    doors = FakeDoors()
    doors.answers |= {"ask.confirm": "done", "cause": "disk"}
    again = runs.resume(doors, ran.run)
    assert again.result.outcome is RunOutcome.DONE
    assert "app1: cure db1 disk" in doors.calls


def test_a_value_that_is_not_found_fails_the_step(ledger: Ledger) -> None:
    text = step("first", "command: [run, first]\ncapture: {pid: {pattern: 'pid=([0-9]+)'}}")
    ran = office(ledger, text).start(FakeDoors({"run first": said("nothing\n")}))
    assert ran.steps[0].outcome is StepOutcome.FAILED
    assert "pid is not captured" in ran.steps[0].detail


@pytest.mark.parametrize(
    ("source", "output", "why"),
    [
        ("{pattern: 'ok|pid=([0-9]+)'}", "ok", "the group of ok|pid=([0-9]+) matches nothing in the output"),
        ("{json: a}", r'{"a": "\ud800"}', "the output has no JSON value at a"),
        ("{json: a}", "[" * 100_000, "the output has no JSON value at a"),
        ("{output: true}", "换" * 30_000, "it has 90000 bytes, and a value 65536 at most: capture a part of it"),
    ],
    ids=["an optional group", "half a character", "nested too deeply", "too large"],
)
def test_what_is_no_value_fails_the_step_and_nothing_else(
    ledger: Ledger, *, source: str, output: str, why: str
) -> None:
    text = (step("a", f"command: [a]\ncapture: {{x: {source}}}\non_failure: continue"), SECOND)
    ran = office(ledger, *text).start(FakeDoors({"a": said(output)}))
    assert ran.path == ["a@app1 failed", "second@app1 done", "close done"]
    assert ran.steps[0].detail == f"x is not captured: {why}"


def test_a_script_has_the_values_that_it_names_and_no_others(ledger: Ledger) -> None:
    text = (
        step("a", "command: [a]\ncapture: {large: {output: true}, small: {exit_code: true}}"),
        step("b", 'script: echo "$small on $host"'),
    )
    doors = FakeDoors({"a": said("x" * 60_000)})
    office(ledger, *text).start(doors)
    assert doors.commands_seen[1].variables == {"small": "0", "host": "app1"}


@pytest.mark.parametrize(
    ("asserted", "is_done"),
    [
        ("{output: {contains: active}}", True),
        ("{output: other}", False),
        ("{exit_code: 0, changed: true}", True),
        ("[{output: other}, {output: {matches: 'act.*'}}]", True),
        ("{output: {above: 3}}", False),
    ],
)
def test_what_is_asserted_decides(ledger: Ledger, asserted: str, is_done: bool) -> None:
    doors = FakeDoors({"run first": replace(said("active\n"), changed=True)})
    ran = office(ledger, step("first", f"command: [run, first]\nassert: {asserted}")).start(doors)
    assert (ran.steps[0].outcome is StepOutcome.DONE) == is_done


SECRETIVE = """\
inputs:
  password: {text: {zh: 密码, en: the password}, secret: "secret:env:PW"}
"""


def test_a_secret_reaches_the_host_and_nothing_else(ledger: Ledger) -> None:
    text = (
        step(
            "first",
            'script: |\n  echo "$password"\nenvironment: {PGPASSWORD: "{{ password }}"}\n'
            "capture: {shown: {output: true}}",
        ),
        step("second", 'command: [use, "{{ shown }}"]'),
    )
    contract = contract_of(runbook(*text, head=SECRETIVE))
    runs = Office(ledger, contract, {"password": Secret("Canary-1234")})
    doors = FakeDoors({'echo "$password"': said("it is Canary-1234\n", errors="Canary-1234")})
    ran = runs.start(doors)
    assert doors.commands_seen[0].environment == {"PGPASSWORD": "Canary-1234"}
    assert doors.commands_seen[0].variables["password"] == "Canary-1234"
    assert ran.steps[0].hidden == ("shown",)
    assert "use it is Canary-1234" in " ".join(doors.calls), "a value that is hidden is there until the run stops"
    texts = "".join(each.as_line() for each in ledger.sealed())
    assert "Canary" not in texts
    assert "secret:env:PW" in texts


def test_a_called_runbook_has_its_own_values(ledger: Ledger) -> None:
    text = (
        step("first", "command: [run, first]\ncapture: {word: {output: true}}"),
        step("call", 'runbook: {name: called, inputs: {unit: "{{ word }}"}}'),
        step("last", 'command: [last, "{{ word }}"]'),
    )
    runs = Office(ledger, contract_of(runbook(*text), CALLED))
    doors = FakeDoors({"run first": said("nginx"), "stop nginx b": said("inner")})
    ran = runs.start(doors)
    assert ran.path == [
        *("first@app1 done", "call-stop@app1 done", "call-start@app1 done", "last@app1 done", "close done"),
    ]
    assert [call for call in doors.calls if call.startswith("app1")] == [
        *("app1: run first", "app1: stop nginx b", "app1: start inner", "app1: last nginx"),
    ]


def test_the_calling_step_says_what_follows_a_failure_inside(ledger: Ledger) -> None:
    text = (
        step(
            "call", "runbook: {name: called, inputs: {unit: nginx}}\non_failure: goto\ngoto: last\nwhen: {target: app1}"
        ),
        SECOND,
        step("last", "command: [run, last]"),
    )
    runs = Office(ledger, contract_of(runbook(*text), CALLED))
    ran = runs.start(FakeDoors({"stop nginx b": FAILED}))
    assert ran.path == [
        *("call-stop@app1 failed", "call-start skipped", "second skipped", "last@app1 done", "close done"),
    ]


def test_a_called_runbook_runs_on_the_host_that_the_calling_one_gives(ledger: Ledger) -> None:
    called = CALLED.replace("  mode:", "  place: {text: {en: place}, host: db}\n  mode:").replace(
        "{name: stop, text: {en: stop},", "{name: stop, text: {en: stop}, on: '{{ place }}',"
    )
    head = "inputs: {where: {text: {en: where}, host: all}}\n"
    text = step("call", 'runbook: {name: called, inputs: {unit: nginx, place: "{{ where }}"}}')
    runs = Office(ledger, contract_of(runbook(text, head=head), called))
    doors = FakeDoors()
    runs.start(doors, where="db1")
    assert "db1: stop nginx b" in doors.calls
    assert any(call.startswith("app1: start") for call in doors.calls)
