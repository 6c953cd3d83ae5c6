"""Runs that wait for an approval, carried out for real on this machine: `run`, `approve`, `resume`."""

import re
import shutil
from pathlib import Path

import pytest
from calling import Call, Contract, Said
from runbook_runs import APPROVAL, PERSON
from signing import make_key, public_line

pytestmark = pytest.mark.slow

RUNBOOK = """\
kind: runbook
name: note
text: {{zh: 记录, en: Write a note}}
risk: reversible
hosts: here
steps:
  - {{name: begin, text: {{en: begin}}, command: ["true"]}}
  - {{name: agree, text: {{en: wait for approval}}, approve: replace}}
  - {{name: write, text: {{en: write}}, command: [touch, {file}]}}
"""


class Office:
    """The tiny contract with a runbook that has to be approved, and two people of the customer with keys."""

    def __init__(self, contract: Contract, opspact: Call, folder: Path, *, monkeypatch: pytest.MonkeyPatch) -> None:
        self.opspact, self.file, self.home = opspact, folder / "out/written", folder / "home"
        self._monkeypatch = monkeypatch
        (self.home / ".ssh").mkdir(parents=True)
        self.file.parent.mkdir()
        monkeypatch.setenv("HOME", str(self.home))
        monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
        self.be("li-na")
        contract.write("runbooks/note.yaml", RUNBOOK.format(file=self.file))
        contract.write("policies/approval.yaml", APPROVAL % (1, "true"))
        self.keys = {name: make_key(folder, name) for name in ("he-jing", "li-na", "wang-fang")}
        for name, key in self.keys.items():
            line = f"signing_keys: [{{key: {public_line(key)}}}]\n"
            contract.write(f"policies/{name}.yaml", PERSON % (name, "customer", name, name.replace("-", ""), line))

    def be(self, name: str) -> None:
        self._monkeypatch.setenv("OPSPACT_ACTOR", name)

    def run(self) -> str:
        """Start a run, which waits for an approval; return its name."""
        said = self.opspact("runbook", "run", "note")
        assert (said.code, "1 approver from customer, not the requester" in said.out) == (1, True), said
        (run,) = set(re.findall(r"`opspact runbook show (\S+)`", said.out))
        return str(run)

    def approve(self, run: str, name: str, *options: str) -> Said:
        return self.opspact("runbook", "approve", run, "--key", str(self.keys[name]), *options)

    def resume(self, run: str, *options: str) -> Said:
        return self.opspact("runbook", "resume", run, *options)


@pytest.fixture
def office(contract: Contract, opspact: Call, tmp_path: Path, *, monkeypatch: pytest.MonkeyPatch) -> Office:
    return Office(contract, opspact, tmp_path, monkeypatch=monkeypatch)


def test_a_run_goes_on_once_somebody_else_has_approved(office: Office) -> None:
    run = office.run()
    assert office.resume(run).code == 1  # nobody has
    assert office.approve(run, "he-jing").code == 0
    said = office.resume(run)
    assert (said.code, office.file.exists()) == (0, True), said


def test_an_approval_comes_by_a_file(office: Office, tmp_path: Path) -> None:
    run, file = office.run(), tmp_path / "yes"
    assert office.approve(run, "he-jing", "--out", str(file)).code == 0
    said = office.resume(run, "--approval", str(file))
    assert (said.code, office.file.exists()) == (0, True), said


def test_a_run_that_failed_after_its_approval_goes_on_with_it(office: Office) -> None:
    run = office.run()
    assert office.approve(run, "he-jing").code == 0
    office.file.parent.rmdir()
    assert office.resume(run).code == 3
    office.file.parent.mkdir()
    said = office.resume(run, "--answer", "write=repeat")
    assert (said.code, office.file.exists()) == (0, True), said


def test_a_run_whose_approver_goes_on_with_it_waits_for_somebody_else(office: Office) -> None:
    run = office.run()
    assert office.approve(run, "he-jing").code == 0
    office.file.parent.rmdir()
    assert office.resume(run).code == 3
    office.be("he-jing")
    office.file.parent.mkdir()
    said = office.resume(run, "--answer", "write=repeat")
    assert (said.code, f"approved again (`opspact runbook approve {run}`)" in said.out) == (1, True), said
    assert "he-jing: is the requester" in office.approve(run, "he-jing").err
    assert office.approve(run, "wang-fang").code == 0
    said = office.resume(run)
    assert (said.code, office.file.exists()) == (0, True), said


def test_the_requester_does_not_approve_by_any_path(office: Office, tmp_path: Path) -> None:
    """By the command, by a file, as another actor: the key says who approves, the run who asked."""
    run, file = office.run(), tmp_path / "yes"
    assert "li-na: is the requester" in office.approve(run, "li-na").err
    office.be("he-jing")
    assert "li-na: is the requester" in office.approve(run, "li-na", "--out", str(file)).err
    assert not file.exists()
    assert office.approve(run, "he-jing", "--out", str(file)).code == 0
    assert office.resume(run).code == 1  # now he-jing has gone on with it, too
    assert "he-jing: is the requester" in office.resume(run, "--approval", str(file)).err
    assert not office.file.exists()


def test_another_name_does_not_make_another_person_of_whoever_has_the_key(office: Office) -> None:
    key = office.keys["li-na"]
    for file in (key, key.with_name(f"{key.name}.pub")):
        shutil.copy(file, office.home / ".ssh")
    office.be("he-jing")
    run = office.run()
    assert "li-na: is the requester" in office.approve(run, "li-na").err


def test_another_name_does_not_make_another_person_of_whoever_logged_in(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SUDO_USER", "lina")  # as sudo says it; the audit's login needs another kernel
    office.be("he-jing")
    run = office.run()
    assert "li-na: is the requester" in office.approve(run, "li-na").err


def test_a_step_of_a_called_runbook_is_approved_by_its_name_in_the_run(office: Office, contract: Contract) -> None:
    calling = RUNBOOK.format(file=office.file).replace("name: note\n", "name: outer\n")
    begin = calling.index("  - {name: begin")
    contract.write(
        "runbooks/outer.yaml", calling[:begin] + "  - {name: inner, text: {en: call}, runbook: {name: note}}\n"
    )
    said = office.opspact("runbook", "run", "outer")
    (run,) = set(re.findall(r"`opspact runbook show (\S+)`", said.out))
    assert office.approve(str(run), "he-jing", "agree").code == 2
    assert office.approve(str(run), "he-jing", "inner-agree").code == 0
    assert (office.resume(str(run)).code, office.file.exists()) == (0, True)


def test_nobody_known_runs_nothing_that_others_approve(office: Office) -> None:
    office.be("root")
    said = office.opspact("runbook", "run", "note")
    assert (said.code, "no policy says who root is" in said.out) == (1, True)
