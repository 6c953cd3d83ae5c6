"""Rotations as people have them: every other week, and by the clocks of another zone."""

from datetime import timedelta

import pytest
from duty import at, contract, local, roster

from opspact.errors import Refused
from opspact.model.roster.duty import shifts


def turns(handover: str, *, zone: str = "") -> list[tuple[str, str]]:
    of_its_own = f", zone: {zone}" if zone else ""
    rotation = f"rotation: {{people: [ann, bob], handover: {handover}, since: 2026-03-02{of_its_own}}}"
    said = contract(roster(rotation))
    start = at("2026-03-02")
    found = shifts(said, said.rosters["hotline"], start=start, end=start + timedelta(days=42))
    return [(shift.person, local(shift.start)) for shift in found]


def test_a_rotation_may_hand_over_every_other_week() -> None:
    assert turns("every 2 weeks on monday at 09:00") == [
        ("ann", "2026-03-02T09:00"),
        ("bob", "2026-03-16T09:00"),
        ("ann", "2026-03-30T09:00"),
    ]


def test_a_rotation_may_have_a_zone_of_its_own() -> None:
    found = turns("every 2 weeks on monday at 09:00", zone="Europe/Berlin")
    assert [start for _, start in found] == ["2026-03-02T16:00", "2026-03-16T16:00", "2026-03-30T15:00"]


@pytest.mark.parametrize("handover", ["every 0 weeks on monday at 09:00", "every 2 weeks at 09:00", "every week"])
def test_what_is_no_rhythm_is_refused(handover: str) -> None:
    with pytest.raises(Refused):
        turns(handover)


def test_a_legacy_zone_is_refused() -> None:
    with pytest.raises(Refused):
        turns("weekly on monday at 09:00", zone="PRC")
