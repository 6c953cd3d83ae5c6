"""Runbooks on real hosts of both releases: killed, cut off, waited for, two operators at once, a secret planted.

The tests share the hosts and go in the order written.
"""

import random
import signal
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from canary import files_with, loud, on_host, watched
from contracts import Contract, Said, small, until
from effort import EFFORT
from labkit import Lab

pytestmark = pytest.mark.lab

NEWER, OLDER = "app1", "app2"
STRANGE = "$(touch /srv/pwned); `id` | 'q' \"d\" {{ 1 + 1 }} 中文 *"
RUNBOOKS = """\
kind: runbook
name: words
text: {zh: 文字, en: Words stay what they are}
risk: reversible
hosts: web
limits: {max_targets: 2}
without_restore_point: {zh: 没有数据, en: no data is changed}
inputs:
  word: {text: {en: a word}, pattern: ".*"}
steps:
  - name: as-argument
    text: {zh: 参数, en: as an argument}
    command: [printf, "%s|", "{{ word }}", 甲 乙]
    capture: {printed: {output: true}}
  - name: as-variable
    text: {zh: 变量, en: as a variable}
    script: |
      printf '%s|%s' "$word" "$host"
    assert: {output: {contains: 中文}}
  - name: as-fact
    text: {zh: 事实, en: as a variable of Ansible}
    ansible:
      - ansible.builtin.copy: {dest: /srv/word, content: "{{ word }}", mode: "0644"}
    rollback: {command: [rm, -f, /srv/word]}
  - name: compared
    text: {zh: 比较, en: it is what it was}
    command: [cmp, -s, /srv/word, "-"]
    stdin: "{{ word }}"
  - name: user
    text: {zh: 账号, en: another account}
    command: [id, -un]
    user: nobody
    assert: {output: nobody}
---
kind: runbook
name: once
text: {zh: 一次, en: Something that must not be done twice}
risk: reversible
hosts: web
without_restore_point: {zh: 没有数据, en: no data is changed}
steps:
  - name: before
    text: {zh: 之前, en: before}
    command: [sh, -c, "echo before >>/srv/once; hostname"]
    capture: {name: {output: true}}
  - name: charge
    text: {zh: 扣款, en: charge}
    script: |
      echo charged >>/srv/once
      sleep 10
  - name: after
    text: {zh: 之后, en: after}
    command: [sh, -c, "echo after $0 >>/srv/once", "{{ name }}"]
---
kind: runbook
name: charges
text: {zh: 多次扣款, en: Charges}
risk: reversible
hosts: web
without_restore_point: {zh: 没有数据, en: no data is changed}
steps:
CHARGES---
kind: runbook
name: limited
text: {zh: 限时, en: A time limit}
risk: reversible
hosts: web
limits: {max_targets: 2}
without_restore_point: {zh: 没有数据, en: no data is changed}
steps:
  - name: slow
    text: {zh: 慢, en: slow}
    script: |
      sleep 4242 & sleep 4242
    timeout: 2s
---
kind: runbook
name: borders
text: {zh: 边界, en: Stops at a border}
risk: reversible
hosts: web
without_restore_point: {zh: 没有数据, en: no data is changed}
steps:
  - {name: one, text: {zh: 一, en: one}, command: [sh, -c, "echo one >>/srv/borders; sleep 3; echo end >>/srv/borders"]}
  - {name: two, text: {zh: 二, en: two}, command: [sh, -c, "echo two >>/srv/borders"]}
---
kind: runbook
name: secretive
text: {zh: 密码, en: A secret goes in}
risk: reversible
hosts: web
without_restore_point: {zh: 没有数据, en: no data is changed}
inputs:
  password: {text: {en: the password}, secret: "secret:vault:borg"}
steps:
  - name: shows-it
    text: {zh: 显示, en: shows it}
    script: |
      echo "it is $password"
      printf '%s\\n' "$PGPASSWORD" >&2
      cat
    environment: {PGPASSWORD: "{{ password }}"}
    stdin: "{{ password }}\\n"
    capture: {shown: {output: true}}
  - name: tasks
    text: {zh: 任务, en: tasks}
    ansible:
      - name: Compare the password
        ansible.builtin.assert: {that: [password | length > 8]}
        no_log: true
  - name: fails
    text: {zh: 失败, en: fails with it}
    script: |
      echo "wrong password $password" >&2
      exit 9
"""

NAMES = [f"charge-{number}" for number in range(6)]
CHARGES = "".join(
    f"  - name: {name}\n    text: {{zh: 扣款, en: charge}}\n"
    f'    command: [sh, -c, "sleep 0.2; echo {name} >>/srv/charges; sleep 0.2"]\n'
    for name in NAMES
)
KILLS = 2 if EFFORT == 1 else 20


@pytest.fixture(scope="module")
def contract(two_releases: Lab) -> Iterator[Contract]:
    with small(two_releases, "running", "") as made:
        made.write("runbooks/all.yaml", RUNBOOKS.replace("CHARGES", CHARGES))
        made.commit()
        yield made


def run_of(contract: Contract) -> str:
    """Return the newest run."""
    found: str = contract.events("runbook.started")[-1]["body"]["run"]
    return found


def start(contract: Contract, runbook: str, *arguments: str) -> Said:
    return contract.run("runbook", "run", runbook, *arguments, "--format", "json")


def is_gone(lab: Lab, host: str) -> bool:
    return "4242" not in lab.root(host, "ps -eo args").out


def is_said(lab: Lab, host: str, word: str, *, file: str = "/srv/charges") -> bool:
    return word in lab.root(host, f"cat {file}").out


def outcomes(said: Said) -> list[tuple[str, str]]:
    return [(step["step"], step["outcome"]) for step in said.json["steps"]]


def test_values_stay_what_they_are_on_both_releases(two_releases: Lab, contract: Contract) -> None:
    said = start(contract, "words", "--host", NEWER, "--host", OLDER, "--input", f"word={STRANGE}")
    assert said.code == 0, said
    steps = contract.events("runbook.step")
    printed = [each["body"]["values"]["printed"] for each in steps if each["body"]["step"] == "as-argument"]
    assert printed == [f"{STRANGE}|甲 乙|"] * 2
    said_by = {each["body"]["host"]: each["body"]["output"] for each in steps if each["body"]["step"] == "as-variable"}
    assert said_by == {host: f"{STRANGE}|{host}" for host in (NEWER, OLDER)}
    for host in (NEWER, OLDER):
        assert two_releases.root(host, "cat /srv/word; ls /srv").out.startswith(STRANGE)
        assert "pwned" not in two_releases.root(host, "ls /srv").out
    changed = [each["body"]["changed"] for each in steps if each["body"]["step"] == "as-fact"]
    assert changed == [True, True]


def test_a_step_killed_inside_is_asked_about_and_never_repeated_silently(two_releases: Lab, contract: Contract) -> None:
    """One run goes on here, the other one in a clone with the same ledger: another operator's machine."""
    runs = {host: killed_inside(two_releases, contract, host) for host in (NEWER, OLDER)}
    again = contract.run("runbook", "run", "once", "--host", NEWER)
    assert again.code == 2, again
    assert runs[NEWER] in again.err
    for host, run in runs.items():
        asked = contract.run("runbook", "resume", run)
        assert asked.code == 2, asked
        assert "did it take effect?" in asked.err
        assert two_releases.root(host, "cat /srv/once").out == "before\ncharged\n"
    other = clone(contract)
    ledger = str(contract.folder / ".opspact" / "ledger.sqlite3")
    going = [
        contract.start("runbook", "resume", runs[NEWER], "--answer", "charge=done"),
        other.start("--ledger", ledger, "runbook", "resume", runs[OLDER], "--answer", "charge=done"),
    ]
    for process in going:
        said = process.communicate(timeout=300)
        assert process.returncode == 0, said
    for host, run in runs.items():
        assert two_releases.root(host, "cat /srv/once").out == f"before\ncharged\nafter {host}\n"
        assert contract.run("runbook", "resume", run).code == 2


def killed_inside(lab: Lab, contract: Contract, host: str) -> str:
    """Start a run, kill it inside a step that must not be repeated, and return it."""
    lab.root(host, "rm -f /srv/once")
    process = contract.start("runbook", "run", "once", "--host", host)
    until(partial(is_said, lab, host, "charged", file="/srv/once"), within=120)
    process.kill()
    process.communicate()
    return run_of(contract)


def clone(contract: Contract) -> Contract:
    """Return a clone of the contract, as another operator has it."""
    home = contract.home / "elsewhere"
    contract.git("clone", "--quiet", ".", str(home / "contract"))
    return Contract(home, contract.name, contract.passphrase, contract.variables)


def test_whenever_it_is_killed_each_step_has_its_effect_once(two_releases: Lab, contract: Contract) -> None:
    """A person looks at the host and says what is true: the rest is opspact's."""
    chance, asked = random.Random(20261130), 0
    for number in range(KILLS):
        host = (NEWER, OLDER)[number % 2]
        two_releases.root(host, "rm -f /srv/charges")
        process = contract.start("runbook", "run", "charges", "--host", host)
        until(partial(is_said, two_releases, host, "charge-0"), within=60)
        time.sleep(chance.uniform(0, 1.5))
        process.kill()
        process.communicate()
        run = run_of(contract)
        said = contract.run("runbook", "resume", run, "--format", "json")
        if said.code == 2 and "did it take effect?" in said.err:
            asked += 1
            (name,) = [name for name in NAMES if f"stage {name} " in said.err]
            time.sleep(1)  # what runs on the host ends by itself
            there = name in two_releases.root(host, "cat /srv/charges").out
            said = contract.run("runbook", "resume", run, "--answer", f"{name}={'done' if there else 'repeat'}")
        assert said.code == 0 or process.returncode == 0, said
        assert two_releases.root(host, "cat /srv/charges").out.split() == NAMES
    assert asked > 0, "some kills came inside a step"


def test_a_link_cut_inside_a_step_leaves_it_unknown(two_releases: Lab, contract: Contract) -> None:
    host = NEWER
    two_releases.root(host, "rm -f /srv/once")
    process = contract.start("runbook", "run", "once", "--host", host, "--format", "json")
    until(lambda: "charged" in two_releases.root(host, "cat /srv/once").out, within=120)
    two_releases.cut(host)
    out, err = process.communicate(timeout=300)
    two_releases.heal(host)
    assert process.returncode == 3, (out, err)
    run = run_of(contract)
    last = contract.events("runbook.step")[-1]["body"]
    assert (last["step"], last["outcome"]) == ("charge", "unknown")
    asked = contract.run("runbook", "resume", run)
    assert asked.code == 2, asked
    assert two_releases.root(host, "cat /srv/once").out == "before\ncharged\n"
    assert contract.run("runbook", "abandon", run, "--reason", "the test is over").code == 0


def test_a_time_limit_ends_what_runs_on_the_host(two_releases: Lab, contract: Contract) -> None:
    said = start(contract, "limited", "--host", NEWER, "--host", OLDER)
    assert said.code == 3, said
    assert said.json["detail"].count("not finished within 2s") == 2
    for host in (NEWER, OLDER):
        until(partial(is_gone, two_releases, host))


def test_an_interrupt_stops_at_the_border(two_releases: Lab, contract: Contract) -> None:
    host = OLDER
    two_releases.root(host, "rm -f /srv/borders")
    process = contract.start("runbook", "run", "borders", "--host", host)
    until(lambda: "one" in two_releases.root(host, "cat /srv/borders").out, within=120)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=120)
    assert process.returncode == 128 + signal.SIGINT, (out, err)
    assert two_releases.root(host, "cat /srv/borders").out == "one\nend\n"
    assert "resume" in out
    assert "stopping after this step" in err
    assert contract.run("runbook", "resume", run_of(contract)).code == 0
    assert two_releases.root(host, "cat /srv/borders").out == "one\nend\ntwo\n"


def test_one_of_two_operators_runs_it(two_releases: Lab, contract: Contract) -> None:
    host = NEWER
    two_releases.root(host, "rm -f /srv/borders")
    both = [contract.start("runbook", "run", "borders", "--host", host) for _ in range(2)]
    said = [process.communicate(timeout=300) for process in both]
    assert sorted(process.returncode for process in both) == [0, 2], said
    assert two_releases.root(host, "cat /srv/borders").out == "one\nend\ntwo\n"


def test_a_secret_is_found_nowhere(two_releases: Lab, contract: Contract, tmp_path: Path) -> None:
    since = tmp_path / "since"
    since.touch()
    with watched([contract.passphrase]) as watch:
        said = loud(contract, "runbook", "run", "secretive", "--host", NEWER)
        run = run_of(contract)
        resumed = loud(contract, "runbook", "resume", run, "--answer", "fails=repeat")
    assert (said.code, resumed.code) == (3, 3), (said, resumed)
    texts = said.out + said.err + resumed.out + resumed.err
    assert contract.passphrase not in texts
    assert watch.looks > 0
    assert watch.seen == set()
    here = [str(contract.home), "/dev/shm", "/tmp"]
    assert files_with([contract.passphrase], since, *here) == []
    assert on_host(two_releases, NEWER, [contract.passphrase]) == []


def test_check_mode_covers_tasks_and_changes_nothing(two_releases: Lab, contract: Contract) -> None:
    two_releases.root(NEWER, "rm -f /srv/word")
    before = len(contract.events("runbook.started"))
    said = start(contract, "words", "--host", NEWER, "--input", "word=x", "--dry-run")
    assert said.code == 0, said
    by_name = {step["step"]: step["coverage"] for step in said.json["steps"]}
    assert by_name == {
        "as-argument": "not_simulated",
        "as-variable": "not_simulated",
        "as-fact": "simulated",
        "compared": "not_simulated",
        "user": "not_simulated",
    }
    assert said.json["coverage"] == 20
    assert two_releases.root(NEWER, "ls /srv/word").rc != 0
    assert len(contract.events("runbook.started")) == before
