"""`opspact access`: what is refused, what is recorded when no host opened anything, what is shown of it."""

import json

import pytest
from calling import Call, Contract

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKAtITiOCKFk4kVbR5juLRBt83UHXlOV2o14tk0NEN89 li-na"
POLICIES = f"""\
kind: person
name: li-na
teams: [operators]
account: lina
from: 2026-01-01
keys: ["{KEY}"]
---
kind: person
name: no-keys
teams: [operators]
from: 2026-01-01
---
kind: person
name: gone
teams: [operators]
from: 2026-01-01
until: 2026-02-01
---
kind: access
name: db
clauses: [C1]
hosts: here
people: {{team: operators}}
emergency: {{at_most: 4h, review_within: 24h}}
---
kind: access
name: always
hosts: here
people: {{team: operators}}
"""
GRANT = ("access", "grant", "db", "--for", "2h", "--reason", "disk \x1b[31m full", "--person")


@pytest.fixture(autouse=True)
def policies(contract: Contract, monkeypatch: pytest.MonkeyPatch) -> None:
    contract.write("policies/access.yaml", POLICIES)
    monkeypatch.setenv("OPSPACT_ACTOR", "wang-fang")


def test_a_host_without_the_policy_opens_nothing_and_that_is_recorded(opspact: Call) -> None:
    assert opspact("access", "show").code == 0
    asked = opspact(*GRANT, "lina", "--format", "json")
    assert asked.code == 2  # a reason that steers a terminal
    words = [word.replace("\x1b[31m ", "") for word in GRANT]
    asked = opspact(*words, "lina", "--format", "json")
    found = json.loads(asked.out)
    assert (asked.code, found["account"], found["person"]) == (3, "em-lina", "li-na")
    (host,) = found["hosts"]
    assert (host["name"], host["answer"]) == ("here", "not opened")
    assert "apply it first" in host["detail"]
    shown = opspact("access", "show", "db", "--format", "json")
    (grant,) = json.loads(shown.out)["grants"]
    assert (grant["by"], grant["reason"], grant["ended"]) == ("wang-fang", "disk full", None)
    assert [(each["name"], each["state"]) for each in grant["hosts"]] == [("here", "not opened")]
    text = opspact("access", "show").out
    assert "li-na as em-lina" in text
    assert "not opened: " in text  # and why
    closed = opspact("access", "revoke", "db", "--person", "li-na")
    assert (closed.code, "not closed" in closed.out) == (3, True)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"li-na": "eve"}, 'access/db does not name "eve"'),
        ({"li-na": "no-keys"}, "no-keys has no key"),
        ({"li-na": "gone"}, "gone is not with the contract"),
        ({"2h": "5h"}, "longer than access/db allows: 4h"),
        ({"2h": "5"}, "--for"),
        ({"disk full": " "}, "--reason"),
        ({"db": "always"}, "is open all the time"),
        ({"db": "dbb"}, 'unknown policy "dbb"'),
    ],
)
def test_what_cannot_be_is_refused_before_anything_is_recorded(
    opspact: Call, change: dict[str, str], words: str
) -> None:
    plain = (*GRANT[:-2], "disk full", "--person", "li-na")
    refused = opspact(*(change.get(word, word) for word in plain))
    assert (refused.code, words in refused.err) == (2, True), refused.err
    assert json.loads(opspact("access", "show", "--format", "json").out)["grants"] == []


def test_nothing_is_shown_of_a_contract_without_emergency_access(contract: Contract, opspact: Call) -> None:
    contract.write("policies/access.yaml", POLICIES.replace("emergency: {at_most: 4h, review_within: 24h}\n", ""))
    assert opspact("access", "show").code == 4
