"""`opspact runbook run|resume|abandon` on this machine: real commands, checks and tasks, a real ledger."""

import json
import os
import socket
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest
from calling import Call, Contract
from runbook_texts import HERE

from opspact.ledger.runbook_events import RunbookAnswered, RunbookStepEnded
from opspact.ledger.store import open_ledger

pytestmark = pytest.mark.slow

STEPS = """\
inputs:
  word: {text: {zh: 词, en: a word}, pattern: ".*", default: ok}
steps:
  - name: say
    text: {zh: 说, en: say it}
    command: [printf, "%s", "{{ word }}"]
    capture: {said: {output: true}}
  - name: ask
    text: {zh: 问, en: ask}
    manual: {zh: 看一看, en: look at it}
    ask: {cause: {text: {zh: 原因, en: the cause}, choice: [disk, memory]}}
  - name: cure
    text: {zh: 治, en: cure it}
    script: |
      echo "$said: $cause" >>FILE
    when: {cause: disk}
"""


@pytest.fixture
def effect(contract: Contract) -> Path:
    file = contract.folder / "effect"
    contract.write("runbooks/try.yaml", HERE.format(name="try", risk="reversible") + STEPS.replace("FILE", str(file)))
    return file


def steps(contract: Contract) -> list[tuple[str, str]]:
    with open_ledger(contract.folder / ".opspact/ledger.sqlite3", create=False) as ledger:
        found = ledger.read(RunbookStepEnded, contract="tiny")
        return [(each.event.step, each.event.outcome.value) for each in found]


def test_answers_given_up_front_carry_it_to_its_end(contract: Contract, opspact: Call, effect: Path) -> None:
    said = opspact("runbook", "run", "try", "--answer", "ask=done", "--answer", "ask.cause=disk", "--input", "word=a b")
    assert said.code == 0, said.err
    assert effect.read_text() == "a b: disk\n"
    assert steps(contract) == [("say", "done"), ("ask", "done"), ("cure", "done"), ("close", "done")]
    assert "说" in said.err, "in the language of the contract"


def test_a_step_that_nobody_answers_stops_it_there_and_resume_goes_on(
    contract: Contract, opspact: Call, effect: Path
) -> None:
    said = opspact("runbook", "run", "try", "--format", "json")
    assert said.code == 1
    found = json.loads(said.out)
    assert (found["outcome"], found["detail"]) == ("waiting", "waiting: ask: nobody has confirmed it (看一看)")
    again = opspact("runbook", "run", "try")
    assert (again.code, found["run"] in again.err) == (2, True)
    done = opspact("runbook", "resume", found["run"], "--answer", "ask=done", "--answer", "cause=memory")
    assert done.code == 0, done.err
    assert not effect.exists()
    assert opspact("runbook", "resume", found["run"]).code == 2
    with open_ledger(contract.folder / ".opspact/ledger.sqlite3", create=False) as ledger:
        answers = [(each.event.question, each.event.answer) for each in ledger.read(RunbookAnswered, contract="tiny")]
    assert answers == [("confirm", "done"), ("cause", "memory")]


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("tri",), 'did you mean "try"'),
        (("try", "--host", "there"), "may not be run for there"),
        (("try", "--input", "wrod=x"), 'did you mean "word"'),
        (("try", "--input", "word"), "expected NAME=VALUE"),
        (("try", "--answer", "ask=done", "--answer", "ask=done"), "given twice"),
        (("try", "--answer", "ask=done", "--answer", "cause=fire"), "expected one of disk, memory"),
        (("try", "--answer", "aks=done"), 'did you mean "ask"'),
        (("try", "--attach", "photo=/nowhere"), "there is no evidence photo"),
    ],
)
@pytest.mark.usefixtures("effect")
def test_what_is_wrong_is_said(opspact: Call, arguments: tuple[str, ...], why: str) -> None:
    said = opspact("runbook", "run", *arguments)
    assert said.code == 2, said
    assert why in said.err


@pytest.mark.usefixtures("effect")
def test_a_run_is_abandoned_and_a_new_one_may_start(opspact: Call) -> None:
    run = json.loads(opspact("runbook", "run", "try", "--format", "json").out)["run"]
    assert opspact("runbook", "abandon", run, "--reason", "wrong host").code == 0
    assert "abandoned" in opspact("runbook", "resume", run).err
    assert opspact("runbook", "abandon", "runbook-x", "--reason", "x").code == 4
    assert opspact("runbook", "run", "try").code == 1


def test_a_runbook_that_was_changed_is_not_gone_on_with(contract: Contract, opspact: Call, effect: Path) -> None:
    run = json.loads(opspact("runbook", "run", "try", "--format", "json").out)["run"]
    file = contract.folder / "runbooks/try.yaml"
    file.write_text(file.read_text().replace("{cause: disk}", "{cause: memory}"))
    said = opspact("runbook", "resume", run, "--answer", "ask=done", "--answer", "cause=memory")
    assert (said.code, "was changed since run" in said.err) == (2, True)
    assert not effect.exists()


def test_what_check_finds_wrong_in_a_runbook_does_not_start(contract: Contract, opspact: Call) -> None:
    file = contract.folder / "gone"
    text = f"steps: [{{name: a, text: {{zh: 甲, en: a}}, command: [touch, '{file}', '{{{{ nothing }}}}']}}]\n"
    contract.write("runbooks/x.yaml", HERE.format(name="try", risk="reversible") + text)
    said = opspact("runbook", "run", "try")
    assert (said.code, "OP270" in said.err) == (2, True), said.err
    assert not file.exists()


EVIDENCE = """\
inputs:
  key: {text: {zh: 密, en: the key}, secret: "secret:env:OA_KEY"}
steps:
  - {name: first, text: {zh: 先, en: first}, command: ["true"]}
  - {name: look, text: {zh: 看, en: look}, manual: {zh: 看, en: look at it}, attach: photo}
"""


def test_evidence_with_a_secret_is_refused_before_anything_is_done(
    contract: Contract, opspact: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    contract.write("runbooks/x.yaml", HERE.format(name="try", risk="reversible") + EVIDENCE)
    monkeypatch.setenv("OA_KEY", "seven-dwarfs-2026")
    photo = contract.folder / "photo.txt"
    arguments = ("runbook", "run", "try", "--answer", "look=done", "--attach", f"photo={photo}")
    photo.write_text("password=Horse-Battery-7")
    said = opspact(*arguments)
    assert (said.code, "holds a secret" in said.err) == (2, True), said.err
    assert not (contract.folder / ".opspact/ledger.sqlite3").exists() or steps(contract) == []
    photo.write_text("here it is: seven-dwarfs-2026")
    said = opspact(*arguments)
    assert said.code == 3, "a run has begun, and can be resumed"
    assert steps(contract) == [("first", "done")]
    run = json.loads(opspact("runbook", "list", "--runs", "--format", "json").out)["runs"][0]["run"]
    assert f"runbook resume {run}" in said.err
    photo.write_text("words")
    said = opspact("runbook", "resume", run, "--answer", "look=done", "--attach", f"photo={photo}")
    assert said.code == 0, said.err


def test_what_destroys_asks_for_the_name_of_its_target(contract: Contract, opspact: Call) -> None:
    text = "steps: [{name: a, text: {zh: 甲, en: a}, command: [touch, FILE]}]\n"
    file = contract.folder / "gone"
    contract.write("runbooks/x.yaml", HERE.format(name="try", risk="destructive") + text.replace("FILE", str(file)))
    for arguments in ((), ("--confirm", "there")):
        assert opspact("runbook", "run", "try", *arguments).code == 2
        assert not file.exists()
    assert opspact("runbook", "run", "try", "--confirm", "here").code == 0
    assert file.exists()


@pytest.mark.parametrize(
    ("given", "starts"),
    [("here", False), ("also-here", False), ("here,here", False), ("here,also-here", True), ("also-here, here", True)],
)
def test_what_destroys_on_several_targets_asks_for_all_names(
    contract: Contract, opspact: Call, *, given: str, starts: bool
) -> None:
    contract.write(
        "inventory/more.yaml", "all: {hosts: {also-here: {ansible_connection: local, ansible_become: false}}}\n"
    )
    head = HERE.format(name="try", risk="destructive").replace("hosts: here", "hosts: here:also-here")
    text = "limits: {max_targets: 2}\nsteps: [{name: a, text: {zh: 甲, en: a}, check: [{file: /etc/passwd}]}]\n"
    contract.write("runbooks/x.yaml", head + text)
    said = opspact("runbook", "run", "try", "--host", "here", "--host", "also-here")
    assert (said.code, "--confirm here,also-here" in said.err) == (2, True), said.err
    said = opspact("runbook", "run", "try", "--host", "here", "--host", "also-here", "--confirm", given)
    assert said.code == (0 if starts else 2), said.err


@pytest.mark.parametrize("reason", ["", "  ", "a\x1b[1mb"])
@pytest.mark.usefixtures("effect")
def test_a_run_is_not_abandoned_without_a_reason(opspact: Call, reason: str) -> None:
    run = json.loads(opspact("runbook", "run", "try", "--format", "json").out)["run"]
    said = opspact("runbook", "abandon", run, "--reason", reason)
    assert (said.code, "a reason is required" in said.err) == (2, True), said.err
    assert opspact("runbook", "resume", run).code == 1, "it is not abandoned"


def test_a_step_that_may_have_had_its_effect_is_answered_for_by_option(contract: Contract, opspact: Call) -> None:
    text = "steps: [{name: a, text: {zh: 甲, en: a}, command: ['false']}]\n"
    contract.write("runbooks/x.yaml", HERE.format(name="try", risk="reversible") + text)
    run = json.loads(opspact("runbook", "run", "try", "--format", "json").out)["run"]
    for arguments in ((), ("--answer", "a=failed")):
        said = opspact("runbook", "resume", run, *arguments)
        assert (said.code, "--answer a=done or --answer a=repeat" in said.err) == (2, True), said.err
        assert ("a=failed" in said.err) is bool(arguments)
    assert opspact("runbook", "resume", run, "--answer", "a=done").code == 0


class Page(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write("办公 OA".encode())

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - as in the base class
        pass


@pytest.fixture
def page() -> Iterator[int]:
    server = HTTPServer(("127.0.0.1", 0), Page)
    thread = Thread(target=server.serve_forever)
    thread.start()
    yield server.server_port
    server.shutdown()
    thread.join()
    server.server_close()


def checks(contract: Contract, opspact: Call, text: str) -> tuple[str, str]:
    """Return what a check came to, and what was found."""
    body = f"steps: [{{name: look, text: {{zh: 看, en: look}}, check: [{text}]}}]\n"
    contract.write("runbooks/look.yaml", HERE.format(name="look", risk="read-only") + body)
    opspact("runbook", "run", "look", "--host", "here")
    with open_ledger(contract.folder / ".opspact/ledger.sqlite3", create=False) as ledger:
        event = next(
            it.event
            for it in ledger.read(RunbookStepEnded, contract="tiny", newest_first=True)
            if it.event.step == "look"
        )
    return event.outcome.value, event.output


@pytest.mark.parametrize(
    ("text", "outcome", "found"),
    [
        ("{file: /etc/passwd}", "done", "file /etc/passwd is as expected"),
        ("{file: {path: /etc/passwd, contains: 'root:', owner: root, mode: '0644'}}", "done", "as expected"),
        ("{file: {path: /etc/passwd, contains: Canary}}", "failed", 'does not contain "Canary"'),
        ("{file: {path: /etc/passwd, mode: '0600'}}", "failed", "has mode 0644, expected 0600"),
        ("{file: {path: /nowhere, exists: false}}", "done", "not found"),
        ("{file: /nowhere}", "failed", "not found"),
        ("{process: {name: no-such-program, running: false}}", "done", "not running"),
        ("{process: no-such-program}", "failed", "not running"),
        ("{command: {run: [sh, -c, 'echo 97%']}}", "done", "expected exit code"),
        ("{command: {run: [sh, -c, 'exit 3'], exit_code: 3}}", "done", ""),
        ("{command: {run: [sh, -c, 'echo why >&2; exit 3']}}", "failed", "exit code 3, expected 0: why"),
        ("{command: {run: [echo, '97'], output: {below: 95}}}", "failed", "gave '97', expected that it is below 95"),
        ("{command: {run: [echo, much], output: {below: 95}}}", "unknown", "its output is no number"),
        ("{command: {run: [id, -un], output: root}}", "done", "gave 'root'"),
    ],
)
def test_checks_say_what_they_found(contract: Contract, opspact: Call, *, text: str, outcome: str, found: str) -> None:
    if os.geteuid() != 0:
        pytest.skip("the answers are root's")
    assert (each := checks(contract, opspact, text))[0] == outcome, each
    assert found in each[1]


def test_ports_and_pages_are_asked_on_the_host(contract: Contract, opspact: Call, page: int) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        nothing = free.getsockname()[1]
    for text, outcome in (
        (f"{{tcp: {{port: {page}}}}}", "done"),
        (f"{{tcp: {{port: {nothing}}}}}", "failed"),
        (f'{{http: {{url: "http://localhost:{page}/", contains: 办公}}}}', "done"),
        (f'{{http: {{url: "http://localhost:{page}/", status: 404}}}}', "failed"),
        (f'{{http: {{url: "http://localhost:{nothing}/"}}}}', "failed"),
    ):
        assert (each := checks(contract, opspact, text))[0] == outcome, each


def test_tasks_get_values_that_nobody_templates(contract: Contract, opspact: Call) -> None:
    file = contract.folder / "by-ansible"
    text = (
        "inputs: {word: {text: {en: w, zh: 词}, pattern: '.*'}}\nsteps:\n"
        "  - name: tasks\n    text: {zh: 任务, en: tasks}\n    ansible:\n"
        f"      - ansible.builtin.copy: {{dest: {file}, content: '{{{{ word }}}}', mode: '0600'}}\n"
    )
    contract.write("runbooks/t.yaml", HERE.format(name="tasks", risk="reversible") + text)
    word = "{{ 6 * 7 }} $(id) 中文"
    dry = opspact("runbook", "run", "tasks", "--input", f"word={word}", "--dry-run", "--format", "json")
    assert (dry.code, json.loads(dry.out)["coverage"], file.exists()) == (0, 100, False)
    said = opspact("runbook", "run", "tasks", "--input", f"word={word}", "--format", "json")
    assert said.code == 0, said.err
    assert file.read_text() == word
    assert json.loads(said.out)["steps"][0]["changed"] is True


FABFILE = '''\
from fabric import task


@task
def restart(c, service, times=1):
    """Restart a service."""
    for number in range(times):
        c.run(f"echo {number} {service} >>{FILE}")
    done = c.run("echo 完成", hide=True)
    return done.stdout.strip()


@task
def breaks(c):
    c.run("echo why >&2; exit 3")
'''
FABRIC = """\
inputs: {unit: {text: {en: unit, zh: 服务}, pattern: "[a-z ]+"}}
steps:
  - name: restart
    text: {zh: 重启, en: restart}
    fabric: {task: restart, arguments: {service: "{{ unit }}", times: "2"}}
    capture: {said: {output: true}}
  - name: breaks
    text: {zh: 失败, en: breaks}
    fabric: {task: breaks}
"""


def test_tasks_of_the_fabfile_are_called_over_our_sessions(contract: Contract, opspact: Call) -> None:
    file = contract.folder / "by-fabric"
    contract.write("runbooks/fabfile.py", FABFILE.replace("FILE", repr(str(file))))
    contract.write("runbooks/f.yaml", HERE.format(name="fabric", risk="reversible") + FABRIC)
    said = opspact("runbook", "run", "fabric", "--input", "unit=nginx", "--format", "json")
    assert said.code == 3, said.err
    assert len(json.loads(said.out)["steps"]) == 2, said
    done, broken = json.loads(said.out)["steps"]
    assert (done["outcome"], done["values"]) == ("done", {"said": "完成"})
    assert file.read_text() == "0 nginx\n1 nginx\n"
    assert broken["outcome"] == "failed"
    with open_ledger(contract.folder / ".opspact/ledger.sqlite3", create=False) as ledger:
        first, second = (each.event for each in ledger.read(RunbookStepEnded, contract="tiny"))
    assert "echo 1 nginx" in first.output
    assert len(first.digest) == 64
    assert "3" in second.detail


def test_a_fabfile_that_is_missing_or_was_changed_is_found_before_anything_runs(
    contract: Contract, opspact: Call
) -> None:
    contract.write("runbooks/f.yaml", HERE.format(name="fabric", risk="reversible") + FABRIC)
    assert 'no such file "runbooks/fabfile.py"' in opspact("check").err
    contract.write("runbooks/fabfile.py", FABFILE.replace("FILE", "'/dev/null'"))
    said = opspact("runbook", "run", "fabric", "--input", "unit=nginx", "--format", "json")
    run = json.loads(said.out)["run"]
    contract.write("runbooks/fabfile.py", FABFILE.replace("FILE", "'/dev/null'") + "# another text\n")
    assert "was changed since run" in opspact("runbook", "resume", run, "--answer", "breaks=repeat").err
