"""`opspact status`: one screen and its JSON, and that `trace` and `backup status` give the same answers."""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from calling import Call, Contract
from recorded import History

from opspact.cli.settings import LEDGER_FILE
from opspact.compile.build import build
from opspact.fleet.failures import lost
from opspact.ledger.store import open_ledger
from opspact.model.result import Item, Verdict
from opspact.resolve.contract import resolve
from opspact.schema.contract_files import read_tree
from opspact.steps.check import Reach

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
CLAUSE = "kind: clause\nname: {}\nsection: '1'\ntext: {{en: Promise}}\nkept_by: opspact\nevidence_within: 92 days\n"
BACKUP = """\
kind: backup
name: nightly
clauses: [D2]
hosts: here
what: {paths: [/srv]}
schedule: daily at 01:00
encryption: none
to: {host: vault, repository: daily}
keep: {daily: 7}
rpo: 26h
rto: 8h
drill: {within: 92 days}
---
kind: inspection
name: hourly
clauses: [D5]
hosts: here
schedule: hourly at :15
items: [{disk: {mount: /, warn: 80%, critical: 90%}}]
"""


@pytest.fixture
def history(contract: Contract) -> Iterator[History]:
    """Record what happened to a contract with a backup and an inspection, in the ledger that commands read."""
    contract.write("inventory/hosts.yaml", "all: {hosts: {here: {ansible_connection: local}, vault: {}}}\n")
    contract.write("policies/clauses.yaml", "---\n".join(map(CLAUSE.format, ("D2", "D5"))))
    contract.write("policies/backup.yaml", BACKUP)
    resolved = resolve(read_tree(contract.folder))
    place = contract.folder / ".opspact" / LEDGER_FILE
    with open_ledger(place) as ledger:
        yield History(ledger, resolved, build(resolved, day=datetime.now(UTC).date()))


def data(opspact: Call, *arguments: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(opspact(*arguments, "--format", "json").out)
    return found


def test_before_the_first_apply_nothing_is_carried_out_and_nothing_is_wrong(opspact: Call) -> None:
    found = data(opspact, "status")
    assert (found["schema"], found["version"]) == ("opspact/status", 1)
    assert {each["state"] for each in found["obligations"]} == {"not_carried_out"}
    said = opspact("status")
    assert said.code == 0
    assert LEDGER_FILE in said.err


def test_an_old_copy_is_failed_and_trace_and_backup_status_say_the_same(history: History, opspact: Call) -> None:
    now = datetime.now(UTC)
    history.applied(now - 9 * DAY)
    history.checked(now - HOUR, "here")
    history.result("backup/nightly", "here", now - 5 * DAY, copy=now - 5 * DAY)
    history.ledger.close()
    status, trace, backup = data(opspact, "status"), data(opspact, "trace"), data(opspact, "backup", "status")
    of_backup = [each for each in status["obligations"] if each["policy"] == "backup/nightly"]
    (policy,) = (each for each in trace["policies"] if each["name"] == "backup/nightly")
    assert policy["obligations"] == of_backup == backup["obligations"]
    states = {(each["obligation"], each["subject"]): each["state"] for each in of_backup}
    assert states["copy", "host/here"] == "failed"
    assert states["check", "host/here"] == "kept"
    assert next(each["state"] for each in trace["clauses"] if each["name"] == "D2") == "failed"
    assert status["clauses"]["D2"] == "failed"
    commands = (("status",), ("trace",), ("trace", "D2"), ("trace", "backup/nightly"), ("backup", "status"))
    assert [opspact(*words).code for words in commands] == [1, 1, 1, 1, 1]
    assert opspact("trace", "inspection/hourly").code == 1
    assert opspact("trace", "here").code == 0


def test_the_keys_of_an_obligation_are_those_that_scripts_read(history: History, opspact: Call) -> None:
    history.applied(datetime.now(UTC) - DAY)
    history.ledger.close()
    for each in data(opspact, "status")["obligations"]:
        assert {"policy", "subject", "proof", "state", "since", "due", "evidence", "clauses"} <= each.keys()
    summary = data(opspact, "status")["summary"]
    assert list(summary) == ["failed", "late", "unknown", "not_carried_out", "not_due", "kept"]
    assert sum(summary.values()) == len(data(opspact, "status")["obligations"])


def test_the_screen_names_what_is_wrong_what_is_due_and_the_clauses(history: History, opspact: Call) -> None:
    now = datetime.now(UTC)
    history.applied(now - 9 * DAY)
    full = Item(item="disk", subject="/", verdict=Verdict.CRITICAL, message="95 % used")
    history.result("inspection/hourly", "here", now - 2 * HOUR, verdict=Verdict.CRITICAL, items=(full,))
    history.ledger.close()
    said = opspact("status")
    assert said.code == 1
    for named in ("inspection/hourly", "host/here", "95 % used", "D5", "opspact inspect collect"):
        assert named in said.out
    found = data(opspact, "status")
    assert [(each["host"], each["verdict"]) for each in found["findings"]] == [("here", "critical")]
    assert ["inspection/hourly", "host/here", "inspection"] in found["due_soon"]


def test_the_screen_is_one_screen_even_when_much_is_wrong(history: History, opspact: Call, contract: Contract) -> None:
    services = "---\n".join(
        f"kind: inspection\nname: each{number}\nclauses: [D5]\nhosts: here\nschedule: hourly at :15\n"
        "items: [{units: {}}]\n"
        for number in range(40)
    )
    contract.write("policies/many.yaml", services)
    history.applied(datetime.now(UTC) - 9 * DAY, "backup/nightly")
    history.ledger.close()
    resolved = resolve(read_tree(contract.folder))
    with open_ledger(contract.folder / ".opspact" / LEDGER_FILE) as ledger:
        more = History(ledger, resolved, build(resolved, day=datetime.now(UTC).date()))
        more.applied(datetime.now(UTC) - 9 * DAY, *(f"inspection/each{number}" for number in range(40)))
    said = opspact("status").out
    assert len(said.splitlines()) < 60
    assert "opspact status --format json" in said


def test_status_contacts_no_host_and_needs_no_secret(history: History, opspact: Call, contract: Contract) -> None:
    contract.write("inventory/hosts.yaml", "all: {hosts: {here: {ansible_host: 192.0.2.1}, vault: {}}}\n")
    history.applied(datetime.now(UTC) - DAY)
    history.ledger.close()
    assert opspact("status").code in {0, 1}


@pytest.mark.parametrize("how", ["cut off", "without its anchor"])
def test_a_ledger_whose_end_is_cut_off_is_said_to_be_so_and_nothing_is_judged_by_it(
    history: History, opspact: Call, contract: Contract, *, how: str
) -> None:
    history.applied(datetime.now(UTC) - DAY)
    history.ledger.close()
    file = contract.folder / ".opspact" / LEDGER_FILE
    if how == "cut off":
        with closing(sqlite3.connect(file)) as database:
            database.execute("drop trigger opspact_events_refuses_delete")
            database.execute("delete from opspact_events where sequence = (select max(sequence) from opspact_events)")
            database.commit()
    else:
        file.with_suffix(".head").unlink()
    proved = opspact("ledger", "verify")
    assert data(opspact, "status")["kind"] == "ledger broken"
    for words in (("status",), ("trace",), ("backup", "status"), ("inspect", "show")):
        said = opspact(*words)
        assert (said.code, said.out) == (proved.code, "")
        assert "ledger.head" in said.err
        assert "opspact ledger verify" in said.err


@pytest.mark.parametrize("how", ["a directory", "a server that is away"])
def test_a_ledger_that_cannot_be_read_refuses_what_only_reads(contract: Contract, opspact: Call, *, how: str) -> None:
    place = contract.folder / "elsewhere"
    place.mkdir()
    target = str(place) if how == "a directory" else f"postgresql://auditor@/ledger?host={place}"
    for words in (("status",), ("trace",), ("plan",), ("ledger", "verify"), ("backup", "status")):
        said = opspact(*words, "--ledger", target, "--format", "json")
        reported = json.loads(said.out)
        assert (said.code, reported["kind"], reported["exit_code"]) == (2, "ledger unavailable", 2)
    assert opspact("apply", "--yes", "--ledger", target).code == 3


def test_an_inspection_that_is_late_is_shown_although_there_is_no_result_of_any(
    history: History, opspact: Call
) -> None:
    history.applied(datetime.now(UTC) - 9 * DAY)
    history.ledger.close()
    said = opspact("inspect", "show")
    shown = data(opspact, "inspect", "show")
    assert (said.code, shown["results"]) == (1, [])
    assert [each["state"] for each in shown["obligations"] if each["obligation"] == "inspection"] == ["late"]


@pytest.mark.parametrize("reach", [Reach.DOWN, Reach.NO_PRIVILEGE, Reach.BUSY])
def test_why_a_host_was_not_checked_is_said_once_and_as_it_was_found(
    history: History, opspact: Call, *, reach: Reach
) -> None:
    history.applied(datetime.now(UTC) - DAY)
    history.checked(datetime.now(UTC) - HOUR, "here", reach=reach)
    history.ledger.close()
    reasons = {each["reason"] for each in data(opspact, "status")["obligations"] if each["proof"] == "check"}

    assert lost("here", reach, "ssh: Connection timed out").detail in reasons
    assert sum(reason.count("unreachable") for reason in reasons) == (reach is Reach.DOWN)
