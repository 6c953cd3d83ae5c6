"""`opspact drift` on this machine: what differs, since when, what is intended, and what comes back."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from calling import Call, Contract

WANTED = "first line\nsecond line\n"


def _drift(opspact: Call, code: int) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the summary and the one host of a drift report, which must end with a code."""
    said = opspact("drift", "--format", "json")
    assert said.code == code, said.err
    reported = json.loads(said.out)
    return reported["summary"], reported["hosts"][0]


@pytest.mark.slow
def test_the_story_of_drift_that_comes_back(contract: Contract, opspact: Call) -> None:
    for arguments in (("init", "--quiet"), ("add", "."), ("commit", "--quiet", "--message", "first")):
        contract.git(*arguments)
    assert opspact("apply", "--yes").code == 0
    clean = opspact("drift")
    assert (clean.code, len(clean.out.splitlines())) == (0, 1)

    contract.kept.write_text("by hand\n")
    _, host = _drift(opspact, 1)
    (first,) = host["drift"]
    assert (first["step"], first["policy"], first["clauses"]) == (f"file {contract.kept}", "service/note", ["C1"])
    assert first["earlier"] == []
    assert host["applied"]["commit"] == contract.git("rev-parse", "HEAD")
    assert host["applied"]["actor"]

    _, host = _drift(opspact, 1)
    assert host["drift"][0]["since"] == first["since"]

    contract.kept.write_text(WANTED)
    assert _drift(opspact, 0)[0]["drift"] == 0
    contract.kept.write_text("by hand again\n")
    summary, host = _drift(opspact, 1)
    assert host["drift"][0]["since"] > first["since"]
    assert host["drift"][0]["earlier"] == [first["since"]]
    assert summary["recurring"] == 1
    assert "recurring: 2 times in 30 days" in opspact("drift").out

    (suite,) = ET.fromstring(opspact("drift", "--format", "junit").out)
    assert (suite.attrib["failures"], suite.attrib["errors"], suite.attrib["skipped"]) == ("1", "0", "0")


@pytest.mark.slow
def test_what_a_policy_changes_is_no_drift(contract: Contract, opspact: Call) -> None:
    assert opspact("apply", "--yes").code == 0
    contract.write("files/note", "another line\n")

    summary, host = _drift(opspact, 0)
    assert (summary["drift"], summary["unknown"], summary["intended"]) == (0, 0, 1)
    assert [(each["step"], each["action"]) for each in host["intended"]] == [(f"file {contract.kept}", "change")]
    (suite,) = ET.fromstring(opspact("drift", "--format", "junit").out)
    assert (suite.attrib["failures"], suite.attrib["skipped"]) == ("0", "1")


KNOWN = """\
kind: known_drift
name: the-note
steps: ["file *kept"]
hosts: here
reason: somebody writes it by hand
by: operators
until: %s
"""


@pytest.mark.slow
def test_drift_is_known_until_a_day(contract: Contract, opspact: Call) -> None:
    assert opspact("apply", "--yes").code == 0
    contract.kept.write_text("by hand\n")
    contract.write("policies/known.yaml", KNOWN % "2099-01-01")

    summary, host = _drift(opspact, 0)
    assert (summary["drift"], summary["known"], host["drift"]) == (0, 1, [])
    (known,) = host["known"]
    assert (known["known"]["policy"], known["known"]["expired"]) == ("known_drift/the-note", False)
    (suite,) = ET.fromstring(opspact("drift", "--format", "junit").out)
    assert (suite.attrib["failures"], suite.attrib["skipped"]) == ("0", "1")
    assert opspact("verify").code == 1

    contract.write("policies/known.yaml", KNOWN % "2026-01-01")
    summary, host = _drift(opspact, 1)
    assert (summary["drift"], summary["known"]) == (1, 0)
    assert host["drift"][0]["known"]["expired"]
    assert "expired on 2026-01-01" in opspact("drift").out


@pytest.mark.slow
def test_what_a_commit_accepts_that_was_not_applied_is_drift(contract: Contract, opspact: Call) -> None:
    contract.git("init", "-q")
    contract.git("add", "-A")
    contract.git("commit", "-qm", "first")
    assert opspact("apply", "--yes").code == 0
    contract.kept.write_text("by hand\n")
    contract.write("policies/known.yaml", KNOWN % "2099-01-01")
    contract.git("add", "-A")
    contract.git("commit", "-qm", "second")
    summary, _ = _drift(opspact, 1)
    assert (summary["drift"], summary["known"]) == (1, 0)


def test_known_drift_of_steps_that_nobody_has_is_a_note(contract: Contract, opspact: Call) -> None:
    contract.write("policies/known.yaml", (KNOWN % "2099-01-01").replace("kept", "other"))

    said = opspact("drift")
    assert (said.code, "policies/known.yaml:2 (known_drift/the-note)" in said.out) == (0, True)


def test_a_host_that_was_never_applied_has_no_drift(opspact: Call) -> None:
    summary, host = _drift(opspact, 0)

    assert (summary["drift"], summary["intended"], host["applied"]) == (0, 1, None)


def test_a_host_that_is_not_reached_is_unknown(contract: Contract, opspact: Call) -> None:
    contract.write("inventory/hosts.yaml", "all: {hosts: {here: {ansible_host: 127.0.0.1, ansible_port: 1}}}\n")

    summary, host = _drift(opspact, 1)
    assert (summary["unreachable"], host["reachable"], host["drift"]) == (1, False, [])
    assert "1 host not reached" in opspact("drift").out
    assert ET.fromstring(opspact("drift", "--format", "junit").out)[0].attrib["errors"] == "1"


def test_where_no_policy_applies_nothing_is_checked(contract: Contract, opspact: Call) -> None:
    (contract.folder / "policies/note.yaml").unlink()

    assert opspact("drift").code == 4


ROLLOUT = """\
kind: rollout
name: default
waves: [{percent: 100}]
fix_drift: [service/note]
"""
OTHER = """\
kind: service
name: other
clauses: [C1]
hosts: here
owner: operators
files:
  - {path: %s, source: files/note}
"""


def _committed(contract: Contract) -> None:
    contract.git("init", "--quiet")
    contract.git("add", ".")
    contract.git("commit", "--quiet", "--message", "policies")


@pytest.mark.slow
def test_only_drift_of_policies_that_allow_it_is_fixed(contract: Contract, opspact: Call) -> None:
    other = contract.kept.with_name("other")
    contract.write("policies/rollout.yaml", ROLLOUT)
    contract.write("policies/other.yaml", OTHER % other)
    _committed(contract)
    assert opspact("apply", "--yes").code == 0
    for path in (contract.kept, other):
        path.write_text("by hand\n")
    contract.write("files/note", "a change that is not applied yet\n")

    said = opspact("drift", "--fix", "--format", "json")
    reported = json.loads(said.out)
    (host,) = reported["hosts"]
    assert (said.code, host["fixed"]) == (1, [f"file {contract.kept}"]), said.err
    assert (contract.kept.read_text(), other.read_text()) == (WANTED, "by hand\n")
    assert "service/other" in host["why_not_fixed"]

    contract.git("checkout", "--quiet", "files/note")
    summary, host = _drift(opspact, 1)
    assert (summary["drift"], summary["unknown"]) == (1, 0)  # what was left is drift still
    assert [each["step"] for each in host["drift"]] == [f"file {other}"]
    other.write_text(WANTED)
    assert opspact("drift", "--fix").code == 0


@pytest.mark.slow
def test_the_base_decides_what_may_be_fixed(contract: Contract, opspact: Call) -> None:
    _committed(contract)
    assert opspact("apply", "--yes").code == 0
    contract.kept.write_text("by hand\n")
    contract.write("policies/rollout.yaml", ROLLOUT)
    contract.git("add", ".")
    contract.git("commit", "--quiet", "--message", "a branch that allows itself to fix drift")

    assert opspact("drift", "--fix").code == 1
    assert contract.kept.read_text() == "by hand\n"


@pytest.mark.slow
def test_a_freeze_stops_fixes_and_drift_is_shown(contract: Contract, opspact: Call) -> None:
    contract.write("policies/rollout.yaml", ROLLOUT)
    _committed(contract)
    assert opspact("apply", "--yes").code == 0
    contract.kept.write_text("by hand\n")
    until = (datetime.now(UTC) + timedelta(hours=1)).isoformat(timespec="minutes")
    assert opspact("freeze", "--until", until, "--reason", "holidays").code == 0

    said = opspact("drift", "--fix")
    assert (said.code, "holidays" in said.err, f"file {contract.kept}" in said.out) == (2, True, True)
    assert contract.kept.read_text() == "by hand\n"


@pytest.mark.slow
def test_a_fix_that_paused_is_resumed_as_a_fix(contract: Contract, opspact: Call) -> None:
    other = contract.kept.with_name("other")
    contract.write("policies/rollout.yaml", ROLLOUT.replace("[{percent", "[{pause: look at it}, {percent"))
    contract.write("policies/other.yaml", OTHER % other)
    _committed(contract)
    assert opspact("apply", "--yes").code == 0
    for path in (contract.kept, other):
        path.write_text("by hand\n")

    paused = opspact("drift", "--fix")
    assert (paused.code, "paused: look at it" in paused.out) == (1, True), paused.err
    assert contract.kept.read_text() == "by hand\n"

    assert opspact("apply", "--resume", "--yes").code == 0
    assert (contract.kept.read_text(), other.read_text()) == (WANTED, "by hand\n")
