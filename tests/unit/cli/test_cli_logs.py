"""`opspact logs`: what is shown of log reviews, what a review records, how it stands afterwards."""

import json
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from calling import Call, Contract
from recorded import History

from opspact.cli.settings import LEDGER_FILE
from opspact.compile.build import build
from opspact.evidence.log_baseline import due_baselines
from opspact.ledger.store import open_ledger
from opspact.model.result import Item, Verdict
from opspact.resolve.contract import resolve
from opspact.schema.contract_files import read_tree

POLICIES = """\
kind: person
name: li-na
teams: [operators]
account: lina
from: 2026-01-01
---
kind: log_review
name: daily
clauses: [C1]
hosts: here
schedule: "*/30 * * * *"
sources: [logins]
baseline: {learn: 1 day}
read_by: operators
"""
JOB = "log_review/daily"
NOW = datetime.now(UTC).replace(microsecond=0)


@pytest.fixture(autouse=True)
def policies(contract: Contract, monkeypatch: pytest.MonkeyPatch) -> None:
    contract.write("policies/logs.yaml", POLICIES)
    monkeypatch.setenv("OPSPACT_ACTOR", "lina")


def account(name: str, at: datetime, network: str) -> Item:
    text = f"{at:%Y-%m-%dT%H:%M:%SZ}"
    facts = {"first": text, "networks": {network: text}, "keys": {}, "logins": [[text, network, "publickey"]]}
    return Item(item="account", subject=name, verdict=Verdict.OK, message="1 login", facts=facts)


@pytest.fixture
def reports(contract: Contract) -> None:
    """A week of learning, then a login from elsewhere and as root."""
    resolved = resolve(read_tree(contract.folder))
    with open_ledger(contract.folder / ".opspact" / LEDGER_FILE) as ledger:
        history = History(ledger, resolved, build(resolved, day=NOW.date()))
        history.applied(NOW - timedelta(days=9))
        history.result(
            JOB, "here", NOW - timedelta(days=8), items=(account("ops", NOW - timedelta(days=8), "192.0.2.0/24"),)
        )
        root = Item(item="root login", subject="root\x1b[2J", verdict=Verdict.WARNING, message="root logged in")
        began = NOW - timedelta(minutes=4)
        history.result(JOB, "here", began, items=(account("ops", began, "192.0.9.0/24"), root), verdict=Verdict.WARNING)
        for baseline in due_baselines(resolved, ledger):
            history.record(baseline, NOW)


@pytest.mark.usefixtures("reports")
def test_what_is_strange_is_shown_until_a_review_closes_it(opspact: Call) -> None:
    shown = opspact("logs", "show")
    assert (shown.code, "\x1b" in shown.out) == (1, False)
    found = json.loads(opspact("logs", "show", "daily", "--format", "json").out)
    (here,) = found["hosts"]
    assert [(each["item"], each["acceptable"]) for each in here["open"]] == [
        ("root login", False),
        ("new network", True),
    ]
    assert (here["baseline"]["edition"], here["unread"], here["review"]) == (1, 2, None)
    assert {each["obligation"] for each in found["obligations"]} == {"log review", "reading of the report", "check"}
    new = here["open"][1]["id"]
    made = opspact("logs", "review", "--note", "a new \x1b[31moffice", "--accept", new, "--format", "json")
    said = json.loads(made.out)
    assert made.code == 0, made
    assert ({each["accepted"] for each in said["closed"]}, said["all_read"]) == ({True, False}, True)
    assert said["reviewed"][0]["person"] == "li-na"
    again = opspact("logs", "show", "--format", "json")
    (here,) = json.loads(again.out)["hosts"]
    assert (again.code, here["open"], here["baseline"]["edition"], here["unread"]) == (0, [], 2, 0)
    assert here["baseline"]["accounts"] == [{"name": "ops", "networks": ["192.0.2.0/24", "192.0.9.0/24"], "keys": []}]
    assert json.loads(opspact("status", "--format", "json").out)["findings"] == []
    text = opspact("logs", "show").out + opspact("ledger", "show").out
    assert ("\x1b" in text, "review.recorded" in text, "review.baseline" in text) == (False, True, True)
    assert opspact("logs", "review").code == 4


@pytest.mark.usefixtures("reports")
def test_reports_of_one_day_are_shown(opspact: Call) -> None:
    zone = ZoneInfo("Asia/Shanghai")
    day = (NOW - timedelta(days=8) + timedelta(seconds=30)).astimezone(zone).date()
    (here,) = json.loads(opspact("logs", "show", "--day", f"{day}", "--format", "json").out)["hosts"]
    assert [each["sequence"] for each in here["reports"]] == [1]
    assert opspact("logs", "show", "--day", f"{day - timedelta(days=3)}").code == 4


@pytest.mark.usefixtures("reports")
@pytest.mark.parametrize(
    "arguments",
    [
        ("logs", "show", "dayly"),
        ("logs", "show", "--day", "3 May"),
        ("logs", "review"),
        ("logs", "review", "--note", "x", "--by", "nobody"),
        ("logs", "review", "--note", "x", "--accept", "0123456789ab"),
        ("record", "daily"),
    ],
)
def test_what_cannot_be_done_is_refused_and_records_nothing(opspact: Call, arguments: tuple[str, ...]) -> None:
    refused = opspact(*arguments)
    assert (refused.code, refused.out) == (2, "")
    assert "hint:" in refused.err
    assert opspact("ledger", "show", "--kind", "review.recorded").code == 4


def test_without_any_report_nothing_is_shown_and_nothing_can_be_read(opspact: Call) -> None:
    assert opspact("logs", "show").code == 4
    assert opspact("logs", "review", "--note", "x").code == 4


def test_of_several_log_reviews_one_is_named(contract: Contract, opspact: Call) -> None:
    contract.write("policies/more.yaml", POLICIES.partition("---\n")[2].replace("name: daily", "name: other"))
    refused = opspact("logs", "review", "--note", "x")
    assert (refused.code, "daily, other" in refused.err) == (2, True)
