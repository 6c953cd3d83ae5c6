"""`opspact freeze`: nothing is changed until then; checking goes on, and it ends by itself or when somebody ends it."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from calling import Call, Contract
from ledgers import context

from opspact.errors import Refused
from opspact.ledger.freeze_events import FreezeStarted
from opspact.ledger.store import open_ledger
from opspact.rollout.freeze import freezes, refuse_changes, start_freeze
from opspact.workspace.workspace import Workspace

MORROW = f"{datetime.now(UTC) + timedelta(days=1):%Y-%m-%dT%H:%M:%SZ}"


def freeze(opspact: Call) -> None:
    assert opspact("freeze", "--reason", "national holidays", "--until", MORROW).code == 0


def test_apply_and_rebuild_are_refused_with_who_why_and_until_when(contract: Contract, opspact: Call) -> None:
    freeze(opspact)
    said = opspact("apply", "--yes")
    assert said.code == 2
    assert "has frozen all changes of tiny until" in said.err
    assert "national holidays" in said.err
    assert not contract.kept.exists()
    rebuild = opspact("rebuild", "here", "--yes")
    assert (rebuild.code, "national holidays" in rebuild.err) == (2, True)
    assert opspact("verify").code == 1, "checking goes on"


@pytest.mark.slow
def test_another_name_of_the_contract_lifts_no_freeze(contract: Contract, opspact: Call) -> None:
    contract.git("init", "-q")
    contract.git("add", "-A")
    contract.git("commit", "-qm", "first")
    assert opspact("apply", "--yes").code == 0
    freeze(opspact)
    policies = contract.folder / "policies"
    for file in policies.glob("*.yaml"):
        text = file.read_text().replace("name: tiny", "name: renamed").replace("#tiny", "#renamed")
        text = text.replace(str(contract.kept), f"{contract.kept}-too")
        contract.write(f"policies/{file.name}", text)
    contract.write("files/note", "second\n")
    contract.git("commit", "-qam", "another name")
    said = opspact("apply", "--yes")
    assert (said.code, "has frozen all changes of tiny until" in said.err) == (2, True), said
    assert not contract.kept.with_name(f"{contract.kept.name}-too").exists()
    assert "changes are frozen until" in opspact("plan", "--live").out


def test_a_freeze_is_shown_and_ended(contract: Contract, opspact: Call) -> None:
    assert json.loads(opspact("freeze", "--format", "json").out)["freezes"] == []
    freeze(opspact)
    (shown,) = json.loads(opspact("freeze", "--format", "json").out)["freezes"]
    assert (shown["reason"], shown["until"]) == ("national holidays", MORROW)
    for command in ("freeze", "plan", "status"):
        assert "changes are frozen until" in opspact(command).out
    assert json.loads(opspact("status", "--format", "json").out)["freezes"] == [shown]

    ended = opspact("freeze", "--end", "--reason", "back early", "--format", "json")
    assert [each["name"] for each in json.loads(ended.out)["ended"]] == [shown["name"]]
    assert opspact("freeze", "--end", "--reason", "again").code == 4
    assert "changes are frozen" not in opspact("plan").out
    assert opspact("apply", "--yes").code == 0
    assert contract.kept.exists()


@pytest.mark.parametrize(
    "options",
    [
        ["--until", "2020-01-01", "--reason", "x"],
        ["--until", "2099-01-01", "--reason", "x"],
        ["--until", MORROW],
        ["--until", MORROW, "--reason", "  "],
        ["--until", MORROW, "--reason", "two\nlines"],
        ["--end"],
        ["--reason", "x"],
        ["--end", "--until", MORROW, "--reason", "x"],
    ],
)
def test_what_is_no_freeze_is_refused(opspact: Call, options: list[str]) -> None:
    assert opspact("freeze", *options).code == 2
    assert json.loads(opspact("freeze", "--format", "json").out)["freezes"] == []


def test_a_freeze_ends_by_itself_and_holds_for_its_contract_alone(contract: Contract) -> None:
    said = Workspace(contract.folder, datetime.now(UTC)).contract()
    now = datetime(2026, 3, 2, 12, tzinfo=UTC)
    with open_ledger(contract.folder / "ledger.sqlite3") as ledger:
        start_freeze(ledger, said, context(now, contract="tiny"), until=now + timedelta(hours=2), reason="one")
        start_freeze(ledger, said, context(now, contract="tiny"), until=now + timedelta(hours=1), reason="two")
        other = FreezeStarted("other", now + timedelta(days=9), "three")
        ledger.record(other, context=context(now, contract="another"))
        assert [each.reason for each in freezes(ledger, said, now)] == ["one", "two"]
        assert [each.reason for each in freezes(ledger, said, now + timedelta(hours=1))] == ["one"]
        with pytest.raises(Refused, match="one"):
            refuse_changes(ledger, said, now)
        refuse_changes(ledger, said, now + timedelta(hours=2))
