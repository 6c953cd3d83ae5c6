"""A value that holds a secret is kept in memory alone, masked wherever it is used, and missing after a stop."""

import json

import pytest
from running_runbooks import FAILED, FakeDoors, Office, contract_of, runbook, said, step

from opspact.ledger.run_events import RunOutcome
from opspact.ledger.store import Ledger
from opspact.onhost.redaction import LONGEST_LINE, Redactor
from opspact.runbook.doors import Prompt, Reply
from opspact.runbook.value_secrets import is_masked, is_masked_within, secret_texts
from opspact.values.secret import Secret

CANARY = "Canary77x"
PERSON = "kind: person\nname: zhang\nteams: [customer]\nfrom: 2026-01-01\nchannels: {email: a@example.com}\n"
GENERATE = step("gen", "command: [gen]\ncapture: {word: {pattern: 'password=(\\S+)'}}")
TOKEN = 'inputs: {token: {text: {en: t}, secret: "secret:env:X"}}\n'


def recorded(ledger: Ledger) -> str:
    return json.dumps([each.as_line() for each in ledger.sealed()], ensure_ascii=False)


@pytest.mark.parametrize(
    "use",
    [
        "command: [use, '{{ word }}']",
        "command: [use]\nstdin: '{{ word }}'",
        "command: [use]\nenvironment: {WORD: '{{ word }}'}",
        'script: use "$word"',
        "fabric: {task: use, arguments: {word: '{{ word }}'}}",
        "check: [{file: '/srv/{{ word }}'}]",
        "notify: {to: person zhang, message: {en: 'it is {{ word }}'}}",
        "manual: {en: 'type {{ word }}'}",
        "command: [use]\nassert: {output: {contains: nothing}}\non_failure: ask",
    ],
)
@pytest.mark.parametrize("code", [0, 1])
def test_a_captured_password_is_masked_wherever_it_is_used(ledger: Ledger, use: str, code: int) -> None:
    files = {"runbooks/fabfile.py": "from fabric import task\n@task\ndef use(c, word): ...\n"}
    contract = contract_of(runbook(GENERATE, step("use", use)), policies=(PERSON,), files=files)
    shown: list[str] = []

    class Doors(FakeDoors):
        def ask(self, prompt: Prompt) -> Reply | None:
            shown.append(prompt.text)
            return super().ask(prompt)

    answer = said(f"connected with {CANARY}", code, f"bad {CANARY}" if code else "")
    doors = Doors({"gen": said(f"password={CANARY}"), "use": answer, 'use "$word"': answer})
    ran = Office(ledger, contract).start(doors)
    assert CANARY not in recorded(ledger) + ran.result.detail + "".join(shown)


def test_what_an_operator_types_is_masked_too(ledger: Ledger) -> None:
    ask = step("m", "manual: {en: x}\nask: {password: {text: {en: pw}}}")
    runs = Office(ledger, contract_of(runbook(ask, step("use", "command: [use]\nstdin: '{{ password }}'"))))
    doors = FakeDoors({"use": said(f"got {CANARY}")})
    doors.answers = {"confirm": "done", "password": CANARY}
    runs.start(doors)
    assert doors.commands_seen[0].stdin == CANARY
    assert CANARY not in recorded(ledger)


def test_the_output_of_the_step_that_captures_a_secret_by_its_name_is_masked(ledger: Ledger) -> None:
    text = step("gen", "command: [gen]\ncapture: {password: {output: true}}")
    Office(ledger, contract_of(runbook(text))).start(FakeDoors({"gen": said(f"{CANARY}\n")}))
    assert CANARY not in recorded(ledger)


def test_each_try_of_a_step_is_masked(ledger: Ledger) -> None:
    text = step("gen", "command: [gen]\nretries: 1\nretry_after: 1s\ncapture: {password: {pattern: 'is (\\S+)'}}")
    first, second = said("is OneCanary", 1, "not OneCanary"), said("is TwoCanary, was OneCanary")
    Office(ledger, contract_of(runbook(text))).start(FakeDoors({"gen": [first, second]}))
    assert "Canary" not in recorded(ledger)


@pytest.mark.parametrize("condition", ["{is_not: 'id=Canary99'}", "{contains: id}", "''"])
def test_a_secret_of_one_host_is_never_taken_for_empty_or_for_that_of_another(ledger: Ledger, condition: str) -> None:
    text = (
        step("a", "command: [a]\ncapture: {x: {output: true}}"),
        step("m", "manual: {en: x}"),
        step("b", f"command: [b]\nwhen: {{x: {condition}}}"),
    )
    runs = Office(ledger, contract_of(runbook(*text, head=TOKEN)), {"token": Secret("Canary99")})
    runs.start(FakeDoors({"app1 a": said("id=Canary99"), "app2 a": said("plain")}), hosts=("app1", "app2"))
    doors = FakeDoors()
    doors.answers["confirm"] = "done"
    again = runs.resume(doors, "run-1")
    assert (again.result.outcome, "held a secret" in again.result.detail) == (RunOutcome.FAILED, True)
    assert not [call for call in doors.calls if call.endswith(": b")]


def test_a_value_that_is_captured_again_is_no_longer_missing(ledger: Ledger) -> None:
    text = (
        step("gen", "command: [gen]\nidempotent: true\ncapture: {line: {output: true}}\nassert: {output: fine}"),
        step("use", "command: [use, '{{ line }}']"),
    )
    runs = Office(ledger, contract_of(runbook(*text, head=TOKEN)), {"token": Secret("Canary99")})
    assert runs.start(FakeDoors({"gen": said("Canary99")})).result.outcome is RunOutcome.FAILED
    doors = FakeDoors({"gen": said("fine")})
    assert runs.resume(doors, "run-1").result.outcome is RunOutcome.DONE
    assert "app1: use fine" in doors.calls


def test_evidence_that_nothing_can_show_any_more_is_asked_for(ledger: Ledger) -> None:
    text = (step("gen", "command: [gen]\ncapture: {proof: {output: true}}"), step("m", "manual: {en: x}"))
    head = TOKEN + "evidence: {proof: {en: the proof}}\n"
    runs = Office(ledger, contract_of(runbook(*text, head=head)), {"token": Secret("Canary99")})
    runs.start(FakeDoors({"gen": said("Canary99")}))
    doors = FakeDoors()
    doors.answers["m.confirm"] = "done"
    assert runs.resume(doors, "run-1").result.detail == "waiting: the evidence proof is missing (the proof)"


@pytest.mark.parametrize(
    "value",
    [
        f"password={CANARY}",
        f'password="{CANARY}"',
        f'{{"user": "oa", "password": "{CANARY}", "token": "Canary99z"}}',
        f'{{\n  "password": "{CANARY}",\r\n  "user": "oa"\n}}',
        f"mysql -u oa -p{CANARY} oa && mysql -u oa -pCanary99z oa",
        f'{{"rest": "{"x" * LONGEST_LINE}", "password": "{CANARY}"}}',
    ],
    ids=["plain", "quoted", "JSON in a line", "JSON", "two in a line", "a long line"],
)
def test_what_is_secret_in_a_value_is_masked_and_what_is_not_stays(ledger: Ledger, value: str) -> None:
    text = (step("a", "command: [a]\ncapture: {all: {output: true}}"), step("b", "command: [b]"))
    doors = FakeDoors({"a": said(value), "b": said(f"oa has {CANARY}" + " and Canary99z" * ("99z" in value))})
    ran = Office(ledger, contract_of(runbook(*text))).start(doors)
    assert ran.steps[1].output.startswith("oa has [redacted]")
    assert "Canary" not in recorded(ledger)


def test_a_secret_of_which_only_its_name_tells_is_masked_whole_unless_it_is_short() -> None:
    redactor = Redactor()
    assert secret_texts(redactor, CANARY) == [CANARY]
    assert secret_texts(redactor, "100") == []


@pytest.mark.parametrize("condition", ["when: {%s: {below: 10}}", "assert: {%s: {below: 10}}"])
@pytest.mark.parametrize("name", ["pw", "word", "password"])
def test_a_secret_is_no_number_and_the_message_does_not_say_it(ledger: Ledger, condition: str, name: str) -> None:
    """It is longer than what is shown of it: half a secret would not be masked."""
    secret = "Secret" + "long" * 300
    capture = {"pw": "", "word": "", "password": "\ncapture: {password: {output: true}}"}[name]
    head = 'inputs: {pw: {text: {en: t}, secret: "secret:env:X"}}\n'
    text = (GENERATE, step("b", f"command: [b]{capture}\n{condition % name}\nidempotent: true"))
    runs = Office(ledger, contract_of(runbook(*text, head=head)), {"pw": Secret(secret)})
    ran = runs.start(FakeDoors({"gen": said(f"password={secret}"), "b": said(secret)}))
    assert "longlong" not in recorded(ledger) + ran.result.detail


def test_lines_of_any_length_are_searched() -> None:
    redactor, status = Redactor(), f'{{"status": "active", "rest": "{"x" * LONGEST_LINE}"}}'
    behind = f'{{"rest": "{"x" * LONGEST_LINE}", "password": "{CANARY}", "status": "active"}}'
    assert not is_masked(redactor, status)
    assert is_masked(redactor, behind)
    assert not is_masked_within(redactor, "active", status)
    assert not is_masked_within(redactor, "active", behind)
    assert is_masked_within(redactor, CANARY, behind)
    assert is_masked_within(redactor, CANARY, f"password={CANARY}\n{status}")
    lines = "first line\n" + "b" * 17_000
    assert not is_masked_within(redactor, lines, f"{lines}\n")


def test_a_value_from_a_long_line_is_recorded_unless_it_is_secret(ledger: Ledger) -> None:
    text = step("a", "command: [a]\ncapture: {state: {json: status}, word: {json: password}}")
    line = json.dumps({"rest": "x" * 17_000, "password": CANARY, "status": "active"})
    (event, *_) = Office(ledger, contract_of(runbook(text))).start(FakeDoors({"a": said(line)})).steps
    assert (event.values, event.hidden) == ({"state": "active"}, ("word",))


def test_a_failed_step_gives_nothing_secret_away(ledger: Ledger) -> None:
    text = (GENERATE, step("fail", "command: [fail, '{{ word }}']\non_failure: continue"), step("m", "manual: {en: x}"))
    runs = Office(ledger, contract_of(runbook(*text)))
    runs.start(FakeDoors({"gen": said(f"password={CANARY}"), f"fail {CANARY}": FAILED}))
    assert CANARY not in recorded(ledger)
