"""`opspact oncall`: who is on duty, gaps, shares, calendar files; and duty changes in `opspact plan`."""

import json
import re
from datetime import UTC, date, datetime, timedelta
from typing import cast
from zoneinfo import ZoneInfo

import icalendar
import pytest
from calling import Call, Contract

from opspact.model.roster.duty import Shift, shifts
from opspact.resolve.contract import resolve
from opspact.schema.contract_files import read_tree

DUTY = """\
kind: person
name: ann
text: {zh: 安, en: Ann}
teams: [operators]
from: 2025-01-01
channels: {mobile: secret:env:ANN, email: ann@example.com}
---
kind: person
name: bob
text: {zh: 鲍, en: Bob}
teams: [operators]
from: 2025-01-01
channels: {mobile: secret:env:BOB}
---
kind: calendar
name: desk
zone: Asia/Shanghai
week: {mon-fri: "09:00-17:00"}
holidays: {known_through: 2026-12-31}
---
kind: roster
name: night
text: {zh: 夜班, en: Night}
hours: {except: desk}
by: mobile
rotation: {people: [ann, bob], handover: weekly on monday at 09:00, since: 2025-12-29}
"""
SWAP = """\
kind: override
name: swap
roster: night
from: 2026-12-21T09:00
to: 2026-12-28T09:00
away: %s
%sreason: leave
"""


@pytest.fixture(autouse=True)
def rosters(contract: Contract) -> None:
    contract.write("policies/duty.yaml", DUTY)


def away(contract: Contract, name: str, *, instead: str = "") -> None:
    contract.write("policies/swap.yaml", SWAP % (name, f"instead: {instead}\n" if instead else ""))


def test_outside_its_hours_a_roster_is_not_to_be_covered(opspact: Call) -> None:
    said = opspact("oncall", "who", "--at", "2026-01-06T12:00+08:00", "--format", "json")
    (roster,) = json.loads(said.out)["rosters"]
    assert (said.code, roster["covered"], roster["next"]) == (0, False, "2026-01-06T09:00:00Z")


def test_who_is_on_duty_for_scripts_holds_no_secret_and_says_for_whom_somebody_stands_in(
    opspact: Call, contract: Contract
) -> None:
    away(contract, "bob", instead="ann")
    said = json.loads(opspact("oncall", "who", "--at", "2026-12-26T12:00", "--format", "json").out)
    assert (said["schema"], said["version"], said["at"]) == ("opspact/oncall-who", 1, "2026-12-26T04:00:00Z")
    (roster,) = said["rosters"]
    assert (roster["roster"], roster["covered"], roster["until"]) == ("night", True, "2026-12-28T01:00:00Z")
    channels = {"mobile": "secret:env:ANN", "email": "ann@example.com"}
    assert [{"name": "ann", "zh": "安", "en": "Ann", "instead_of": "bob", "channels": channels}] == roster["people"]


def test_nobody_on_duty_is_a_finding(opspact: Call, contract: Contract) -> None:
    away(contract, "bob")
    said = opspact("oncall", "who", "--at", "2026-12-26T12:00", "--format", "json")
    (roster,) = json.loads(said.out)["rosters"]
    assert (said.code, roster["people"], roster["until"]) == (1, [], "2026-12-28T01:00:00Z")


def test_hours_that_are_not_known_are_not_guessed(opspact: Call) -> None:
    """At noon the desk may be open: the night roster's people are shown for the case that it is not."""
    said = opspact("oncall", "who", "--at", "2027-02-01T12:00", "--format", "json")
    (roster,) = json.loads(said.out)["rosters"]
    assert (said.code, roster["covered"], roster["unknown_calendar"]) == (1, None, "desk")
    assert [person["name"] for person in roster["people"]] == ["bob"]


def test_hours_that_need_no_unknown_day_are_answered(opspact: Call) -> None:
    """The desk is open at night on no day, whatever the holidays turn out to be."""
    said = opspact("oncall", "who", "--at", "2027-02-01T20:00", "--format", "json")
    (roster,) = json.loads(said.out)["rosters"]
    assert (said.code, roster["covered"], roster["unknown_calendar"]) == (0, True, None)
    assert roster["until"] == "2027-02-02T01:00:00Z"  # from then on it depends on the day


def test_a_roster_that_may_begin_next_is_shown_as_that(opspact: Call, contract: Contract) -> None:
    contract.write("policies/duty.yaml", DUTY.replace("hours: {except: desk}", "hours: {calendar: desk}"))
    said = opspact("oncall", "who", "--at", "2027-02-01T20:00", "--format", "json")
    (roster,) = json.loads(said.out)["rosters"]
    assert (said.code, roster["covered"], roster["unknown_calendar"]) == (0, False, "desk")
    assert roster["next"] == "2027-02-02T01:00:00Z"


@pytest.mark.parametrize("word", ["who", "gaps", "balance", "export"])
def test_a_roster_that_is_not_there_is_refused(opspact: Call, word: str) -> None:
    assert opspact("oncall", word, "--roster", "nigt").code == 2


@pytest.mark.parametrize("word", ["who", "gaps", "balance", "export"])
def test_without_a_roster_there_is_nothing_to_tell(opspact: Call, contract: Contract, word: str) -> None:
    (contract.folder / "policies" / "duty.yaml").unlink()
    assert opspact("oncall", word).code == 4


def test_gaps_and_hours_that_no_calendar_knows_are_findings(opspact: Call, contract: Contract) -> None:
    call = ("oncall", "gaps", "--from", "2026-12-25T17:00", "--to", "2026-12-28T12:00")
    assert opspact(*call).code == 0
    assert opspact("oncall", "gaps", "--from", "2026-12-28T09:00", "--to", "2027-01-08T00:00").code == 1
    away(contract, "bob")
    assert opspact(*call).code == 1


def test_gaps_for_scripts(opspact: Call, contract: Contract) -> None:
    away(contract, "bob")
    call = ("oncall", "gaps", "--from", "2026-12-25T17:00", "--to", "2027-01-08T00:00", "--format", "json")
    said = json.loads(opspact(*call).out)
    assert (said["schema"], said["version"]) == ("opspact/oncall-gaps", 1)
    gap = {"roster": "night", "from": "2026-12-25T09:00:00Z", "to": "2026-12-28T01:00:00Z", "reason": "empty"}
    assert [{**gap, "why": "Bob is on leave"}] == said["gaps"]
    assert said["unknown"] == [{"roster": "night", "from": "2026-12-31T16:00:00Z"}]


def test_shares_are_told_for_each_person(opspact: Call) -> None:
    call = ("oncall", "balance", "--from", "2026-01-05T09:00", "--to", "2026-01-12T09:00")
    shares = json.loads(opspact(*call, "--format", "json").out)["shares"]
    assert [(share["person"], share["seconds"], share["nights"], share["free_days"]) for share in shares] == [
        ("bob", 460800, 7, 2),
        ("ann", 0, 0, 0),
    ]


@pytest.mark.parametrize(("first", "known", "code"), [("2026-12-28T09:00", True, 0), ("2027-02-01T09:00", False, 1)])
def test_shares_of_days_that_nobody_announced_are_unknown_and_not_nothing(
    opspact: Call, first: str, *, known: bool, code: int
) -> None:
    said = opspact("oncall", "balance", "--from", first, "--to", "2027-03-01T00:00", "--format", "json")
    shares = json.loads(said.out)
    assert (said.code, bool(shares["shares"])) == (code, known)
    since = "2026-12-31T16:00:00Z" if known else "2027-02-01T01:00:00Z"
    assert shares["unknown"] == [{"roster": "night", "from": since}]


def test_days_that_nobody_announced_alone_are_no_calendar_file(opspact: Call) -> None:
    said = opspact("oncall", "export", "--from", "2027-02-01T00:00", "--to", "2027-03-01T00:00")
    assert (said.code, said.out, "unknown" in said.err) == (4, "", True)


def exported(said: str) -> list[tuple[datetime, datetime, str, str]]:
    """Return the events of a calendar file, as a calendar program reads them."""
    events = cast("list[icalendar.Event]", icalendar.Calendar.from_ical(said).walk("VEVENT"))
    return sorted(
        (in_utc(event.start), in_utc(event.end), str(event["SUMMARY"]), str(event.get("DESCRIPTION", "")))
        for event in events
    )


def in_utc(at: date) -> datetime:
    assert isinstance(at, datetime), "a shift has a time of day"
    return at.astimezone(UTC)


def reported(shift: Shift) -> tuple[datetime, datetime, str, str]:
    names = {"ann": "安", "bob": "鲍", "": ""}
    instead = f"{names[shift.instead_of]} → {names[shift.person]}" if shift.instead_of else ""
    return shift.start, shift.end, f"夜班: {names[shift.person]}", instead


@pytest.mark.parametrize("zone", ["Asia/Shanghai", "Europe/Berlin"])
def test_a_calendar_program_reads_every_shift_back(opspact: Call, contract: Contract, zone: str) -> None:
    written = (contract.folder / "policies" / "contract.yaml").read_text(encoding="utf-8")
    contract.write("policies/contract.yaml", written.replace("Asia/Shanghai", zone))
    contract.write("policies/duty.yaml", DUTY.replace("Asia/Shanghai", zone))
    away(contract, "bob", instead="ann")
    said = opspact("oncall", "export", "--format", "ical")
    meant = resolve(read_tree(contract.folder))
    start, end = datetime(2025, 12, 31, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=ZoneInfo(zone))  # all that is known
    first, last = meant.period.first, meant.period.last
    expected = [
        reported(shift)
        for shift in shifts(meant, meant.rosters["night"], start=start, end=end)
        if first <= shift.end.date() and shift.start.date() <= last
    ]
    *found, unknown = exported(said.out)
    assert (said.code, "night" in said.err, unknown[0]) == (0, True, end.astimezone(UTC)), "later duty is unknown"
    assert len(found) > 250
    assert sorted(expected)[1:-1] == found[1:-1]  # the outermost are cut to the contract's period


def test_a_calendar_file_is_as_the_standard_wants_it(opspact: Call) -> None:
    lines = opspact("oncall", "export").out.split("\r\n")
    assert (lines[0], lines[-2], lines[-1]) == ("BEGIN:VCALENDAR", "END:VCALENDAR", "")
    assert all(len(line.encode()) <= 75 for line in lines)
    uids = [line for line in lines if line.startswith("UID:")]
    assert len(uids) == len(set(uids)) > 250


def test_events_keep_their_names_when_they_are_exported_again(opspact: Call) -> None:
    one, other = (
        {str(event["UID"]) for event in icalendar.Calendar.from_ical(opspact("oncall", "export").out).walk("VEVENT")}
        for _ in range(2)
    )
    assert one == other


def test_a_shift_is_the_same_event_whenever_an_export_begins_or_ends(opspact: Call) -> None:
    whole = {each[:2]: each for each in exported(opspact("oncall", "export").out)}
    part = exported(opspact("oncall", "export", "--from", "2026-03-10T20:00", "--to", "2026-03-12T03:00").out)
    assert [each[:2] in whole for each in part] == [True, True]
    assert part[0][0] < datetime(2026, 3, 10, 12, tzinfo=UTC) < part[0][1]
    assert part[1][0] < datetime(2026, 3, 11, 19, tzinfo=UTC) < part[1][1]


MONDAY = date.today() + timedelta(days=21 - date.today().weekday())  # noqa: DTZ011 - days around the day of the run
"""A Monday ahead; Ann is on duty in the week before it, Bob in its own, and so on."""


@pytest.fixture
def ahead(contract: Contract) -> Contract:
    """Rosters around the day on which the tests run, in git: a plan looks at what is to come."""
    first, last = MONDAY - timedelta(days=60), MONDAY + timedelta(days=60)
    written = (contract.folder / "policies" / "contract.yaml").read_text(encoding="utf-8")
    contract.write("policies/contract.yaml", re.sub(r"(?m)^period: .*$", f"period: {first}..{last}", written))
    since = MONDAY - timedelta(days=35)
    contract.write("policies/duty.yaml", DUTY.replace("2025-12-29", str(since)).replace("hours: {except: desk}\n", ""))
    contract.git("init", "--quiet")
    contract.git("add", ".")
    contract.git("commit", "--quiet", "--message", "first")
    return contract


def swapped(contract: Contract) -> None:
    week = SWAP.replace("2026-12-21", str(MONDAY)).replace("2026-12-28", str(MONDAY + timedelta(days=7)))
    contract.write("policies/swap.yaml", week % ("bob", "instead: ann\n"))


def test_a_plan_says_who_changes_when(opspact: Call, ahead: Contract) -> None:
    call = ("plan", "--base", "HEAD", "--format")
    before = json.loads(opspact(*call, "json").out)
    told_nothing = opspact(*call, "markdown").out
    swapped(ahead)
    after = json.loads(opspact(*call, "json").out)
    change = {"from": f"{MONDAY}T01:00:00Z", "to": f"{MONDAY + timedelta(days=7)}T01:00:00Z"}
    assert before["duty"] == []
    assert [{"roster": "night", **change, "before": ["bob"], "after": ["ann"], "uncertain": False}] == after["duty"]
    assert str(MONDAY) not in told_nothing
    assert str(MONDAY) in opspact(*call, "markdown").out


def test_who_changes_is_told_and_is_no_part_of_what_is_carried_out(opspact: Call, ahead: Contract) -> None:
    swapped(ahead)
    assert opspact("plan", "--base", "HEAD", "--exit-code", "--out", "plan.json").code == 0
    assert "duty" not in json.loads((ahead.folder / "plan.json").read_text(encoding="utf-8"))


def test_a_live_plan_has_no_duty(opspact: Call, ahead: Contract) -> None:
    swapped(ahead)
    assert "duty" not in json.loads(opspact("plan", "--live", "--format", "json").out)
