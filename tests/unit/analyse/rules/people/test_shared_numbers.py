"""Edges of the rule about numbers that several people share."""

import pytest
from duty import contract, found, person, roster, weekly

from opspact.model.finding import Severity

LADDER = "kind: ladder\nname: major\nsteps: [{tell: person ann}, {tell: person bob}]\n"
CHO = person("cho", "channels: {mobile: '3333'}")


def both(ann: str, bob: str, more: str = "") -> tuple[str, str, str]:
    return person("ann", f"channels: {ann}"), person("bob", f"channels: {bob}{more}"), CHO


@pytest.mark.parametrize(
    ("ann", "bob"),
    [
        ("{mobile: '138 0000 0001'}", "{phone: 138-0000-0001}"),
        ("{mobile: secret:env:DUTY}", "{mobile: secret:env:DUTY}"),
    ],
)
def test_steps_that_call_one_number_are_a_warning(ann: str, bob: str) -> None:
    (finding,) = found("OP326", contract(*both(ann, bob), LADDER))
    assert (finding.policy, finding.severity) == ("person/bob", Severity.WARNING)
    assert "138" not in finding.message + finding.source
    assert "ladder/major" in finding.message


@pytest.mark.parametrize("channels", ["{email: ops@example.com}", "{chat: secret:env:ROBOT}"])
def test_a_mailbox_or_a_chat_may_be_one_for_several(channels: str) -> None:
    assert not found("OP326", contract(*both(channels, channels), LADDER))


def test_a_number_may_go_to_somebody_else_while_its_owner_is_away() -> None:
    number = "{mobile: '1380000'}\nemployed: %s"
    away = number % "[2025-01-01..2026-03-31, 2026-09-01..]"
    assert not found("OP326", contract(*both(away, number % "2026-04-01..2026-08-31"), LADDER))
    assert found("OP326", contract(*both(away, number % "2026-04-01..2026-09-01"), LADDER))


def test_a_telephone_that_is_handed_over_is_a_note() -> None:
    channels = "{mobile: '1380000'}"
    (finding,) = found("OP326", contract(*both(channels, channels), roster(weekly("ann", "bob"))))
    assert finding.severity is Severity.NOTE


def test_a_successor_takes_over_a_number() -> None:
    channels = "{mobile: '1380000'}"
    leaver = person("ann", f"channels: {channels}\nuntil: 2026-06-30")
    follower = person("bob", f"channels: {channels}\nfrom: 2026-07-01")
    assert not found("OP326", contract(leaver, follower, CHO, LADDER))


@pytest.mark.parametrize("other", ["+86 138 0000 0000", "0086-13800000000", "１３８００００００００", "013800000000"])
def test_one_number_may_be_written_in_several_ways(other: str) -> None:
    assert found("OP326", contract(*both("{mobile: '138 0000 0000'}", f"{{mobile: '{other}'}}"), LADDER))


@pytest.mark.parametrize("other", ["13900000000", "38000000001", "0000"])
def test_numbers_that_end_alike_are_two(other: str) -> None:
    assert not found("OP326", contract(*both("{mobile: '13800000000'}", f"{{mobile: '{other}'}}"), LADDER))
