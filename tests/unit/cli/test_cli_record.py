"""`opspact record`: what is typed, what is recorded, how it stands afterwards."""

import json
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from calling import Call, Contract
from recorded import History

from opspact.cli.settings import LEDGER_FILE
from opspact.compile.build import build
from opspact.ledger.store import open_ledger
from opspact.resolve.contract import resolve
from opspact.schema.contract_files import read_tree

POLICIES = """\
kind: person
name: li-na
teams: [operators]
account: lina
from: 2026-01-01
---
kind: visit
name: call
clauses: [C1]
schedule: daily at 00:00
by: operators
"""


@pytest.fixture(autouse=True)
def policies(contract: Contract, monkeypatch: pytest.MonkeyPatch) -> None:
    contract.write("policies/visits.yaml", POLICIES)
    monkeypatch.setenv("OPSPACT_ACTOR", "lina")


def apply_days_ago(contract: Contract, days: int) -> None:
    """Record that the contract was applied some days ago."""
    resolved = resolve(read_tree(contract.folder))
    with open_ledger(contract.folder / ".opspact" / LEDGER_FILE) as ledger:
        History(ledger, resolved, build(resolved, day=datetime.now(UTC).date())).applied(
            datetime.now(UTC) - timedelta(days=days)
        )


def test_what_was_late_is_kept_once_it_is_recorded(contract: Contract, opspact: Call) -> None:
    apply_days_ago(contract, 9)
    late = opspact("record", "--format", "json")
    assert (late.code, json.loads(late.out)["recorded"]) == (1, None)
    assert [each["state"] for each in json.loads(late.out)["obligations"]] == ["late"]
    made = opspact("record", "call", "--note", "by \x1b[31mtelephone", "--format", "json")
    found, today = json.loads(made.out), datetime.now(ZoneInfo("Asia/Shanghai")).date().isoformat()
    assert made.code == 0
    assert (found["schema"], found["recorded"]["policy"], found["recorded"]["day"]) == (
        "opspact/record",
        "visit/call",
        today,
    )
    assert (found["recorded"]["person"], found["obligations"][0]["state"]) == ("li-na", "kept")
    for command in (("status",), ("trace", "visit/call")):
        assert opspact(*command, "--format", "json").code == 0
    with closing(sqlite3.connect(contract.folder / ".opspact" / LEDGER_FILE)) as ledger:
        assert ledger.execute("SELECT actor, kind FROM opspact_events WHERE kind = 'person.recorded'").fetchall() == [
            ("lina", "person.recorded")
        ]
    shown = opspact("ledger", "show", "--kind", "person.recorded")
    assert "visit/call" in shown.out
    assert "\x1b" not in shown.out


def test_a_day_long_ago_does_not_make_it_kept(contract: Contract, opspact: Call) -> None:
    apply_days_ago(contract, 9)
    assert opspact("record", "visit/call", "--by", "li-na", "--on", "2026-02-03").code == 1


@pytest.mark.parametrize(
    "arguments",
    [("visit/other",), ("call", "--by", "nobody"), ("call", "--on", "2999-01-01"), ("call", "--on", "3 May")],
)
def test_what_cannot_be_recorded_is_refused_and_records_nothing(
    contract: Contract, opspact: Call, arguments: tuple[str, ...]
) -> None:
    apply_days_ago(contract, 9)
    refused = opspact("record", *arguments)
    assert (refused.code, refused.out) == (2, "")
    assert "hint:" in refused.err
    assert opspact("ledger", "show", "--kind", "person.recorded").code == 4


def test_where_people_record_nothing_there_is_nothing_to_show(contract: Contract, opspact: Call) -> None:
    contract.write("policies/visits.yaml", POLICIES.partition("---")[0])
    assert opspact("record").code == 4
