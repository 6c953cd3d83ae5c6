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
from procedures import AGREED, APPROVAL, PERSON, RUNBOOKS, TEAM
from signing import make_key, public_line

pytestmark = pytest.mark.lab

NEWER, OLDER = "app1", "app2"
STRANGE = "$(touch /srv/pwned); `id` | 'q' \"d\" {{ 1 + 1 }} 中文 *"
NAMES = [f"charge-{number}" for number in range(6)]
CHARGES = "".join(
    f"  - name: {name}\n    text: {{zh: 扣款, en: charge}}\n"
    f'    command: [sh, -c, "sleep 0.2; echo {name} >>/srv/charges; sleep 0.2"]\n'
    for name in NAMES
)
KILLS = 2 * EFFORT


@pytest.fixture(scope="module")
def contract(two_releases: Lab) -> Iterator[Contract]:
    with small(two_releases, "running", TEAM) as made:
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


def test_somebody_else_approves_and_in_time(two_releases: Lab, contract: Contract, tmp_path: Path) -> None:
    keys = {name: make_key(tmp_path, name) for name in ("he-jing", "li-na")}
    people = "---\n".join(PERSON.format(name=name, key=public_line(key)) for name, key in keys.items())
    contract.write("policies/people.yaml", people)
    for name, expires in (("lasting", "7 days"), ("quick", "1s")):
        contract.write(f"policies/{name}.yaml", APPROVAL.format(name=name, expires=expires))
        contract.write(f"runbooks/{name}.yaml", AGREED.format(name=name))
        two_releases.root(OLDER, f"rm -f /srv/{name}")
    contract.commit()

    def as_requester(*arguments: str) -> Said:
        return contract.run(*arguments, OPSPACT_ACTOR="li-na")

    def approve(run: str, person: str) -> Said:
        return contract.run("runbook", "approve", run, "--key", str(keys[person]), OPSPACT_ACTOR=person)

    for name in ("lasting", "quick"):
        waiting = as_requester("runbook", "run", name, "--host", OLDER)
        assert waiting.code == 1, waiting
        run = run_of(contract)
        assert as_requester("runbook", "resume", run).code == 1
        own = approve(run, "li-na")
        assert (own.code, "is the requester" in own.err) == (2, True), own
        assert approve(run, "he-jing").code == 0
        time.sleep(1.5)
        resumed = as_requester("runbook", "resume", run)
        assert resumed.code == (0 if name == "lasting" else 1), resumed
        assert ("expired" in resumed.out) == (name == "quick"), resumed
        expected = "before\nafter\n" if name == "lasting" else "before\n"
        assert two_releases.root(OLDER, f"cat /srv/{name}").out == expected
    assert contract.run("runbook", "abandon", run, "--reason", "the test is over").code == 0


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
