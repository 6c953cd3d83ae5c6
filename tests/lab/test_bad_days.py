"""Bad days: hosts that do not answer or answer wrongly, opspact ended in the middle, two at once, impossible policies.

Each test has a contract with a name and paths of its own, so none sees what another left.
"""

import re
import signal
import stat
import subprocess
import time
from pathlib import Path

import pytest
from contracts import Contract, Said, no_lock, nothing_left, until
from labkit import Lab
from patient import is_starting, let_start, make_quick, noted, patient

from opspact.ledger.events import AnyEvent
from opspact.ledger.run_events import RunFinished, RunOutcome, StageFinished
from opspact.ledger.store import open_ledger
from opspact.ledger.verify import verify

pytestmark = pytest.mark.lab


def gone(lab: Lab, contract: Contract, host: str) -> str:
    """Return whatever a host still holds of a contract."""
    name = contract.name
    look = f"ls -d /srv/{name}* /etc/systemd/system/{name}* /etc/systemd/system/*/{name}* 2>/dev/null; true"
    return lab.root(host, look).out


def pretend(contract: Contract, lab: Lab) -> None:
    """Have an inventory in which machines stand under several names, each with a fault of its own."""
    strangers = contract.home / "strangers"
    keys = re.sub(r"^\S+", lab.address("backup1"), lab.known_hosts.read_text().splitlines()[0])
    strangers.write_text(keys + "\n")
    text = (contract.folder / "inventory/hosts.yaml").read_text().replace("ConnectTimeout=10", "ConnectTimeout=3")
    head, groups = text.split("  hosts:\n", 1)
    common = re.search(r"ansible_ssh_common_args: (\".*\")", head)
    assert common
    wrong = common[1].replace(str(lab.known_hosts), str(strangers))
    more = (
        f"    stranger: {{ansible_host: {lab.address('backup1')}, ansible_ssh_common_args: {wrong}}}\n"
        f"    powerless: {{ansible_host: {lab.address('app1')}, ansible_user: nosudo}}\n"
        f"    full: {{ansible_host: {lab.address('backup1')}}}\n"
    )
    contract.write("inventory/hosts.yaml", f"{head}  hosts:\n{more}{groups}")
    contract.commit()


def test_hosts_that_cannot_be_worked_on_are_told_as_what_they_are_and_the_others_are_kept(healthy_lab: Lab) -> None:
    with noted(healthy_lab, "mixed", hosts="app1:app2:db1:stranger:powerless:full") as contract:
        pretend(contract, healthy_lab)
        healthy_lab.stop("app2")
        healthy_lab.cut("db1")
        healthy_lab.fill("backup1", "/srv")
        reported = contract.run("apply", "--yes", "--format", "json")
        assert (reported.code, reported.json["converged"]) == (3, False)
        assert {host["name"]: (host["converged"], host["reach"]) for host in reported.json["hosts"]} == {
            "app1": (True, "reached"),
            "app2": (False, "down"),
            "db1": (False, "down"),
            "stranger": (False, "wrong host key"),
            "powerless": (False, "no privilege"),
            "full": (False, "reached"),
        }
        assert "No space left on device" in reported.of_host("full")["why"]
        assert "cannot become root" in reported.of_host("powerless")["why"]
        assert healthy_lab.root("app1", "cat /srv/mixed-note").out == "noted\n"
        assert healthy_lab.root("backup1", "ls /srv | grep mixed").out == ""
        checked = contract.run("verify", "--format", "json")
        summary = checked.json["summary"]
        assert (checked.code, *(summary[key] for key in ("planned", "ok", "failed", "unknown"))) == (1, 6, 1, 1, 4)
        words = contract.run("verify").out
        assert all(word in words for word in ("down", "wrong host key", "no privilege", "does not exist"))
        event = contract.events("apply.finished")[-1]["body"]
        assert (False, {"down", "wrong host key", "no privilege"}) == (
            event["is_converged"],
            {host["reach"] for host in event["hosts"].values() if "reach" in host},
        )
        healthy_lab.up()
        healthy_lab.inventory(contract.folder / "inventory")
        contract.change("policies/all.yaml", "app1:app2:db1:stranger:powerless:full", "app1:app2:db1:backup1")
        contract.commit()
        contract.good("apply", "--yes")
        contract.good("ledger", "retire", "full", "--reason", "another name of backup1")
        contract.good("verify")


def test_what_cannot_be_noted_on_a_host_is_not_done_there(healthy_lab: Lab) -> None:
    with noted(healthy_lab, "unnoted") as contract:
        healthy_lab.root("app1", "mkdir -p /var/lib/opspact")
        healthy_lab.fill("app1", "/var/lib/opspact")
        reported = contract.run("apply", "--yes", "--format", "json")
        assert (reported.code, reported.of_host("app1")["converged"], reported.of_host("app2")["converged"]) == (
            3,
            False,
            True,
        )
        assert "No space left on device" in reported.of_host("app1")["why"]
        assert gone(healthy_lab, contract, "app1") == ""
        healthy_lab.unfill("app1")
        contract.good("apply", "--yes")
        assert healthy_lab.root("app1", "cat /srv/unnoted-note").out == "noted\n"


def test_a_host_cut_off_in_the_middle_is_not_taken_for_done_and_the_next_apply_heals_it(healthy_lab: Lab) -> None:
    with patient(healthy_lab, "cutoff", seconds=4) as contract:
        process = contract.start("apply", "--yes", "--format", "json")
        until(lambda: is_starting(healthy_lab, "app2", "cutoff"), within=60)
        healthy_lab.cut("app2")
        out, err = process.communicate(timeout=120)
        reported = Said(process.returncode, out, err)
        assert (reported.code, reported.of_host("app1")["converged"], reported.of_host("app2")["converged"]) == (
            3,
            True,
            False,
        )
        assert reported.of_host("app2")["reach"] == "cut off"
        nothing_left(contract)
        healthy_lab.heal("app2")
        contract.good("apply", "--yes")  # the shell that the cut left there gives its lock up when asked
        contract.good("verify")


ENDINGS = [
    pytest.param(signal.SIGKILL, -signal.SIGKILL, id="kill"),
    pytest.param(signal.SIGTERM, 128 + signal.SIGTERM, id="term"),
    pytest.param(signal.SIGINT, 128 + signal.SIGINT, id="ctrl-c"),
]


@pytest.mark.parametrize(("number", "code"), ENDINGS)
def test_ended_while_it_looks_nothing_is_left_and_nothing_was_done(
    healthy_lab: Lab, number: signal.Signals, code: int
) -> None:
    with noted(healthy_lab, f"looking{number}") as contract:
        healthy_lab.cut("app2")  # so that looking takes long
        process = contract.start("apply", "--yes")
        until(lambda: not no_lock(healthy_lab, "app1"))
        process.send_signal(number)
        began = time.monotonic()
        process.communicate(timeout=30)
        assert code == process.returncode
        assert time.monotonic() - began < 8
        nothing_left(contract)
        until(lambda: no_lock(healthy_lab, "app1"))
        assert gone(healthy_lab, contract, "app1") == ""
        healthy_lab.heal("app2")
        contract.good("apply", "--yes")


@pytest.mark.parametrize(("number", "code"), ENDINGS)
def test_ended_while_ansible_runs_the_next_apply_heals_and_nothing_is_forgotten(
    healthy_lab: Lab, number: signal.Signals, code: int
) -> None:
    name = f"ended{number}"
    with patient(healthy_lab, name) as contract:
        process = contract.start("apply", "--yes", "--format", "json")
        until(lambda: all(is_starting(healthy_lab, host, name) for host in ("app1", "app2")), within=60)
        at_work = contract.processes()
        assert all(any(word in line for line in at_work) for word in ("ssh -", "ansible_worker", "ansible-playbook"))
        process.send_signal(number)
        out, err = process.communicate(timeout=60)
        assert (code, False) == (process.returncode, "Traceback" in err)
        nothing_left(contract)
        until(lambda: no_lock(healthy_lab, "app1", "app2"))
        if out:
            assert number == Said(code, out, err).json["signal"]
        recorded = _events(contract)
        assert ["apply.started", *(["apply.finished"] if out else [])] == [
            event.kind for event in recorded if event.kind.startswith("apply.")
        ]
        ends = [(event.outcome, event.signal) for event in recorded if isinstance(event, RunFinished)]
        stages = [event.outcome for event in recorded if isinstance(event, StageFinished)]
        assert (ends, stages) == (([(RunOutcome.STOPPED, number)], [RunOutcome.STOPPED]) if out else ([], []))
        for host in ("app1", "app2"):  # what still starts has 90 s for it
            healthy_lab.root(host, f"systemctl stop {name}.service")
        assert contract.run("verify").code == 1
        make_quick(contract, healthy_lab, "app1", "app2")
        if number is not signal.SIGKILL:
            contract.good("apply", "--yes")
            contract.good("verify")
        if number is not signal.SIGINT:
            contract.drop("policies/all.yaml", "patient")
            contract.commit()
            _prune(contract)
            assert [gone(healthy_lab, contract, host) for host in ("app1", "app2")] == ["", ""]


def _events(contract: Contract) -> list[AnyEvent]:
    """Return all events, from a ledger that holds."""
    with open_ledger(contract.folder / ".opspact/ledger.sqlite3", create=False) as ledger:
        verify(ledger)
        return [each.event for each in ledger.read_any()]


def _prune(contract: Contract) -> None:
    """Apply a contract that asks nothing any more: what the hosts' notes say is taken away."""
    reported = contract.good("apply", "--yes", "--format", "json")
    assert all(host["planned"].get("remove") for host in reported.json["hosts"])
    assert contract.run("verify").code == 4


def test_a_second_apply_of_the_same_folder_or_of_a_clone_is_refused_or_waits_and_disturbs_nothing(
    healthy_lab: Lab,
) -> None:
    job = "https://gitlab.example/shop/-/jobs/42"
    with patient(healthy_lab, "twice") as contract:
        before = [temporary(healthy_lab, host) for host in ("app1", "app2")]
        first = contract.start("apply", "--yes", CI_JOB_URL=job)
        until(lambda: all(is_starting(healthy_lab, host, "twice") for host in ("app1", "app2")), within=60)
        same = contract.run("apply", "--yes")
        contract.git("clone", "--quiet", ".", str(contract.home / "clone" / "contract"))
        clone = Contract(contract.home / "clone", "twice", contract.passphrase, {"XDG_RUNTIME_DIR": str(contract.runs)})
        other = clone.run("apply", "--yes", "--format", "json")
        assert first.poll() is None
        assert [(said.code, f"process {first.pid}" in said.err) for said in (same, other)] == [(2, True), (2, True)]
        assert "another apply of this contract is running" in same.err
        assert "another apply has locked every chosen host" in other.json["message"]
        assert (other.json["kind"], other.json["exit_code"], job in other.err) == ("busy", 2, True)
        waiting = [each.start("apply", "--yes", "--wait", "5m") for each in (contract, clone)]
        said = [_first_line_of(process, "waiting for at most 5m") for process in waiting]
        assert [f"process {first.pid}" in line and job in line for line in said] == [True, True], said
        let_start(healthy_lab, "twice", "app1", "app2")
        outs = [process.communicate(timeout=120)[0] for process in (first, *waiting)]
        assert [process.returncode for process in (first, *waiting)] == [0, 0, 0], outs
        clone.good("verify")
        contract.good("verify")
        assert [temporary(healthy_lab, host) for host in ("app1", "app2")] == before


def _first_line_of(process: "subprocess.Popen[str]", begin: str) -> str:
    """Return the first line that it writes on standard error and that begins so."""
    assert process.stderr is not None
    return next(line for line in process.stderr if line.startswith(begin))


def temporary(lab: Lab, host: str) -> str:
    """Return the temporary files of runs that are on a host."""
    return lab.root(host, "ls -d /tmp/ansible* /tmp/mitogen* /root/.ansible/tmp/* /srv/*/.opspact* 2>/dev/null").out


def test_empty_folders_of_killed_runs_are_tidied_by_the_next_and_nothing_else_is(healthy_lab: Lab) -> None:
    tmp = "/root/.ansible/tmp"
    old, young = ("ansible_mitogen_old", "ansible_mitogen_full/kept", "somebody_else"), "ansible_mitogen_young"
    made = " ".join(f"{tmp}/{name}" for name in (*old, young))
    aged = " ".join(f"{tmp}/{name.partition('/')[0]}" for name in old)
    healthy_lab.root("app1", f"rm -rf {tmp}/*")  # what other tests' killed runs left is young too
    assert healthy_lab.root("app1", f"mkdir -p {made} && touch -d '2 hours ago' {aged}").rc == 0
    with noted(healthy_lab, "tidied") as contract:
        contract.good("apply", "--yes")
        left = healthy_lab.root("app1", f"cd {tmp}; ls -d ansible_mitogen_* somebody_else; rm -r *").out.split()
    assert left == ["ansible_mitogen_full", "ansible_mitogen_young", "somebody_else"]


def test_a_host_that_somebody_else_works_on_is_left_to_them_and_the_others_are_kept(healthy_lab: Lab) -> None:
    with noted(healthy_lab, "busy") as contract:
        healthy_lab.root("app1", "echo 'li-na on desk, process 7' >/run/opspact.lock")
        hold = [*healthy_lab.ssh_command("app1"), "sudo flock /run/opspact.lock sleep 30"]
        with subprocess.Popen(hold, stdin=subprocess.DEVNULL) as holding:
            until(lambda: not no_lock(healthy_lab, "app1"))
            reported = contract.run("apply", "--yes", "--format", "json")
            healthy_lab.root("app1", "pkill -x sleep")
            holding.wait(20)
        assert (reported.code, reported.of_host("app1")["reach"], reported.of_host("app2")["converged"]) == (
            3,
            "busy",
            True,
        )
        assert "li-na on desk, process 7" in reported.of_host("app1")["why"]
        assert gone(healthy_lab, contract, "app1") == ""
        contract.good("apply", "--yes")


TWO_NOTES = """\
---
kind: service
name: other-note
hosts: app1
owner: crew
files: [{path: /srv/refused-note, source: files/other}]
"""
TWO_PORTS = """\
---
kind: service
name: one
hosts: app1
owner: crew
normal: [{tcp: {port: 8080}}]
---
kind: service
name: two
hosts: app1
owner: crew
normal: [{tcp: {port: 8080}}]
"""


@pytest.mark.parametrize(
    ("hosts", "more", "word"),
    [
        pytest.param("app1:&db1", "", "matches no host", id="matches-nobody"),
        pytest.param("wep", "", "did you mean", id="misspelt-group"),
        pytest.param("app1", TWO_NOTES, "two policies conflict over file /srv/refused-note on", id="two-contents"),
        pytest.param("app1", TWO_PORTS, "two services use tcp/8080 on", id="one-port"),
    ],
)
def test_policies_that_cannot_be_are_refused_before_any_host_is_asked(
    healthy_lab: Lab, hosts: str, *, more: str, word: str
) -> None:
    with noted(healthy_lab, "refused", hosts=hosts) as contract:
        contract.write("files/other", "other\n")
        if more:
            contract.write("policies/more.yaml", more.removeprefix("---\n"))
        record = _stub(contract.home / "stub")
        path = f"{contract.home}/stub:{contract.variables['PATH']}"
        for command in (("plan", "--live"), ("apply", "--yes")):
            said = contract.run(*command, PATH=path)
            assert (said.code, word in said.err + said.out) == (2, True)
            assert re.search(r"policies/\w+\.yaml:\d+", said.err + said.out)
        assert not record.exists()
        assert not (contract.folder / ".opspact" / "ledger.sqlite3").exists()


def _stub(folder: Path) -> Path:
    """Write programs that only note that they were called; return the note's path."""
    folder.mkdir()
    for program in ("ssh", "ansible-playbook"):
        stub = folder / program
        stub.write_text(f"#!/bin/sh\necho called >>{folder}/record\nexit 255\n")
        stub.chmod(stub.stat().st_mode | stat.S_IXUSR)
    return folder / "record"


def test_a_misspelt_limit_is_refused_before_any_host_is_asked(healthy_lab: Lab) -> None:
    with noted(healthy_lab, "limited") as contract:
        record = _stub(contract.home / "stub")
        said = contract.run(
            "apply", "--yes", "--limit", "wep", PATH=f"{contract.home}/stub:{contract.variables['PATH']}"
        )
        assert (said.code, "wep" in said.err, record.exists()) == (2, True, False)
