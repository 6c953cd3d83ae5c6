"""`opspact apply` and `verify` on this machine: what is done, what is asked, what is refused beforehand."""

import fcntl
import json
import os
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from calling import Call, Contract

from opspact.fleet import run_folder


@pytest.mark.slow
def test_the_story_of_one_file_on_one_host(contract: Contract, opspact: Call) -> None:
    first = opspact("apply", "--yes")
    assert first.code == 0, first.err
    assert contract.kept.read_text() == "first line\nsecond line\n"

    again = opspact("apply", "--yes", "--format", "json")
    assert (again.code, json.loads(again.out)["ansible_started"]) == (0, False)
    assert opspact("verify").code == 0

    contract.kept.write_text("by hand\n")
    drift = opspact("verify", "--format", "json")
    (check,) = json.loads(drift.out)["hosts"][0]["checks"]
    assert (drift.code, check["step"], check["state"]) == (1, f"file {contract.kept}", "failed")

    assert opspact("plan", "--live", "--out", "plan.json").code == 0
    contract.kept.write_text("by another hand\n")
    assert opspact("apply", "plan.json").code == 2
    assert contract.kept.read_text() == "by another hand\n"

    opspact("plan", "--live", "--out", "plan.json")
    fixed = opspact("apply", "plan.json", "--format", "json")
    reported = json.loads(fixed.out)
    assert fixed.code == 0
    assert (reported["schema"], reported["converged"], reported["ansible_started"]) == ("opspact/apply", True, True)
    assert reported["hosts"][0]["planned"] == {"change": [f"file {contract.kept}"]}

    (contract.folder / "policies/note.yaml").unlink()
    left = opspact("verify", "--format", "json")
    assert (left.code, json.loads(left.out)["summary"]["orphans"]) == (1, 1)
    assert opspact("apply", "--yes").code == 0
    assert not contract.kept.exists()

    assert opspact("apply", "--yes").code == 4
    assert opspact("ledger", "verify").code == 0


def test_verify_in_json_counts_what_was_planned(contract: Contract, opspact: Call) -> None:
    said = opspact("verify", "--format", "json")
    reported = json.loads(said.out)

    assert said.code == 1
    assert list(reported)[:2] == ["schema", "version"]
    summary = reported["summary"]
    assert summary["planned"] == summary["ok"] + summary["failed"] + summary["unknown"] == 1
    (host,) = reported["hosts"]
    (check,) = host["checks"]
    assert (host["name"], host["reachable"]) == ("here", True)
    assert (check["step"], check["policy"], check["clauses"]) == (f"file {contract.kept}", "service/note", ["C1"])
    assert (check["state"], check["detail"]) == ("failed", "does not exist")


def test_verify_in_junit_has_a_case_for_each_check(opspact: Call) -> None:
    suites = ET.fromstring(opspact("verify", "--format", "junit").out)

    assert (suites.attrib["tests"], suites.attrib["failures"], suites.attrib["errors"]) == ("1", "1", "0")
    (failure,) = suites.iter("failure")
    assert failure.attrib["message"] == "does not exist"
    assert failure.text == "policies/note.yaml:7 (service/note; clauses C1)"


def test_a_host_that_does_not_answer_makes_its_checks_unknown_never_fewer(contract: Contract, opspact: Call) -> None:
    contract.write("inventory/hosts.yaml", "all: {hosts: {here: {ansible_host: 127.0.0.1, ansible_port: 1}}}\n")
    said = opspact("verify", "--format", "json")
    reported = json.loads(said.out)

    assert said.code == 1
    assert reported["summary"]["unknown"] == reported["summary"]["planned"] == 1
    assert (reported["hosts"][0]["reachable"], reported["hosts"][0]["reach"]) == (False, "down")


def test_apply_reports_which_host_was_not_reached_and_ends_with_3(contract: Contract, opspact: Call) -> None:
    contract.write("inventory/hosts.yaml", "all: {hosts: {here: {ansible_host: 127.0.0.1, ansible_port: 1}}}\n")
    said = opspact("apply", "--yes")

    assert said.code == 3
    assert said.out.count("unreachable") == 1


def test_nobody_to_ask_and_no_yes_is_refused_before_any_host_is_touched(contract: Contract, opspact: Call) -> None:
    assert opspact("apply").code == 2
    assert not (contract.folder / ".opspact").exists()


@pytest.mark.parametrize(
    "text",
    [
        None,
        "no json",
        "[]",
        '{"schema": "opspact/plan", "version": 1}',
        '{"schema": "opspact/plan", "version": 2, "digest": "0", "hosts": [], "contract": "", "live": true}',
        '{"schema": "opspact/plan", "version": 1, "digest": "0", "hosts": [], "contract": "", "live": false}',
        '{"schema": "opspact/plan", "version": 1, "digest": "0", "hosts": [], "contract": "", "live": true}',
    ],
)
def test_a_file_that_is_no_plan_for_this_contract_is_refused(
    contract: Contract, opspact: Call, text: str | None
) -> None:
    if text is not None:
        contract.write("plan.json", text)
    assert opspact("apply", "plan.json").code == 2
    assert not contract.kept.exists()


def test_a_second_apply_is_told_who_is_at_work(contract: Contract, opspact: Call) -> None:
    opspact("verify")
    with (contract.folder / ".opspact/lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        lock.write("li-na on desk7, process 42, since 2026-11-23T09:00:00Z\n")
        lock.flush()
        said = opspact("apply", "--yes")

    assert said.code == 2
    assert "li-na on desk7" in said.err
    assert not contract.kept.exists()


def test_without_a_ledger_that_can_be_written_nothing_is_done(
    contract: Contract, opspact: Call, tmp_path: Path
) -> None:
    (tmp_path / "folder.sqlite3").mkdir()
    said = opspact("apply", "--yes", "--ledger", str(tmp_path / "folder.sqlite3"))

    assert said.code in {2, 3}
    assert not contract.kept.exists()


def test_without_room_for_the_files_of_a_run_nothing_is_done(
    contract: Contract, opspact: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_folder, "CAPACITY", 10**18)
    said = opspact("apply", "--yes")

    assert (said.code, "XDG_RUNTIME_DIR" in said.err) == (2, True)
    assert not contract.kept.exists()


def test_the_state_folder_is_private_and_never_in_git(contract: Contract, opspact: Call) -> None:
    contract.git("init", "--quiet")
    opspact("verify")

    assert (contract.folder / ".opspact").stat().st_mode & 0o777 == 0o700
    assert ".opspact" not in contract.git("status", "--porcelain", "--untracked-files=all")


@pytest.mark.slow
@pytest.mark.parametrize("command", [("verify",), ("plan", "--live"), ("apply", "--yes")], ids=" ".join)
def test_a_clock_that_is_off_is_reported_once(
    opspact: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, command: tuple[str, ...]
) -> None:
    """`apply` and `plan` reach the host several times."""
    assert "clocks differ" not in opspact("verify").err
    program = tmp_path / "date"
    program.write_text("#!/bin/sh\nexec /bin/date --date '-71 days' \"$@\"\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    said = opspact(*command)
    assert said.err.count("clocks differ: here is 71 days behind this machine") == 1, said.err
