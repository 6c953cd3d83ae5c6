"""An account for emergencies: open within a grant is ok, open without one or past its time is not."""

import json

import pytest
from looked_at import FakeHost, Said

from opspact.onhost import emergency_grants
from opspact.steps import emergency_access
from opspact.steps.base import Obstacle
from opspact.steps.emergency_access import EmergencyAccess

STEP = EmergencyAccess(account="em-li-na", policy="db")
ENTRY = "em-li-na:x:1005:1005:opspact emergency access of li-na:/home/em-li-na:/bin/bash"
OPEN = {"exists": True, "refused": "", "open": ["its password is not locked"]}
NOW = 1_780_000_000


def host(*grants: object, entry: str = ENTRY, rules: int = 0, seen: object = OPEN) -> FakeHost:
    """Return a host that answers the question of the grants, and that of the account."""
    lines = [str(NOW), entry, str(rules), *(each if isinstance(each, str) else json.dumps(each) for each in grants)]
    return FakeHost(Said(json.dumps(seen)), {"date +%s": Said("\n".join(lines) + "\n")})


def checked(*grants: object, entry: str = ENTRY, rules: int = 0, seen: object = OPEN) -> list[str]:
    return list(STEP.check(host(*grants, entry=entry, rules=rules, seen=seen), {}))


def until(seconds: float, over: str = "") -> dict[str, object]:
    return {"until": NOW + seconds, "over": over}


def test_within_a_grant_it_may_be_used_and_the_host_has_a_moment_to_close_it() -> None:
    assert checked(until(1), rules=1) == []
    assert checked(until(-59.5)) == []
    assert checked(until(-900), until(5)) == []  # by another policy


def test_past_its_time_and_without_a_grant_each_way_is_named() -> None:
    past = checked(until(-61), rules=1)
    assert past == [
        "sudo rules in /etc/sudoers.d/opspact-db name it although its time was over at 2026-05-28 20:25:39 UTC",
        "can be used although its time was over at 2026-05-28 20:25:39 UTC: its password is not locked",
    ]
    assert checked() == ["can be used although nobody granted that: its password is not locked"]
    assert "its time was over" in checked(until(100, over="revoked by wang-fang"))[0]


def test_closed_or_not_there_is_ok() -> None:
    assert checked(seen={**OPEN, "open": []}) == []
    assert checked(entry="") == []


def test_an_account_of_somebody_else_is_left_alone() -> None:
    (found,) = checked(entry=ENTRY.replace("opspact emergency access of li-na", "Emma"))
    assert isinstance(found, Obstacle)
    (refused,) = checked(seen={**OPEN, "refused": "is a system account", "open": []})
    assert isinstance(refused, Obstacle)


@pytest.mark.parametrize("grant", ["{", "[]", '{"until": "x", "over": ""}'])
def test_a_grant_that_cannot_be_read_is_unknown(grant: str) -> None:
    with pytest.raises(ValueError, match="cannot be read"):
        checked(grant)


def test_the_program_and_the_step_know_the_account_by_the_same_words() -> None:
    assert emergency_grants.MADE_HERE == emergency_access.MADE_HERE
