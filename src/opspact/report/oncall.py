"""Duty, said: who is on duty, where nobody is, how it is shared out, who changes when.

Comes in: what `model.roster.duty` and its neighbours tell, the contract for names. Goes out: lines, Markdown, JSON.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import groupby
from zoneinfo import ZoneInfo

from opspact.model.contract import Contract
from opspact.model.roster.balance import Balance
from opspact.model.roster.changes import DutyChange, People
from opspact.model.roster.duty import DutyInterval, Gap
from opspact.model.time.calendar import Calendar
from opspact.report.document import document
from opspact.report.lines import Line, line
from opspact.report.markdown import code, plain
from opspact.structs import Struct
from opspact.text.counts import format_count
from opspact.text.durations import format_hours, plain_number
from opspact.text.instants import format_instant, format_instant_in_utc, format_instant_with_offset

MOST_CHANGES = 20
"""Changes of duty that are shown for people; JSON has them all."""


class Answer(Struct):
    """Who is on a roster at an instant: its watch then, else the next one (None: there is none in sight).

    `uncertain`: the calendar that does not know the day yet. The watch is then that of the people on duty if its hours
    have to be covered.
    """

    roster: str
    interval: DutyInterval | None
    following: DutyInterval | None = None
    uncertain: Calendar | None = None


def who_lines(contract: Contract, answers: Sequence[Answer]) -> Iterator[Line]:
    """Given answers, yield a line for each roster, and one for each person on duty."""
    zone = ZoneInfo(contract.zone)
    for answer in answers:
        name = (answer.roster, "title")
        if answer.interval is None:
            yield line(name, ("  no coverage required now", "quiet"), _next(answer, zone))
            continue
        until = f"  until {format_instant_with_offset(answer.interval.end, zone)}"
        if answer.uncertain is not None:
            known = f"(calendar {answer.uncertain.name} is known through {answer.uncertain.known})"
            yield line(name, ("  unknown", "doubt"), f" whether coverage is required {known}; on duty if it is:")
        else:
            yield line(name, ("" if answer.interval.people else "  no one", "bad"), (until, "quiet"))
        instead = dict(answer.interval.ready.instead)
        for person in answer.interval.people:
            stands_in = f", instead of {_called(contract, instead[person])}" if person in instead else ""
            channels = ", ".join(contract.people[person].channels) or "no channel"
            yield line(_called(contract, person), stands_in, (f"  {channels}", "quiet"), indent=2)


def _next(answer: Answer, zone: ZoneInfo) -> str:
    if answer.following is None:
        return ""
    perhaps = ", if coverage is required," if answer.uncertain else ""
    return f"; next{perhaps} from {format_instant_with_offset(answer.following.start, zone)}"


def who_json(contract: Contract, at: datetime, answers: Sequence[Answer]) -> str:
    """Given answers, return them as one JSON object; secrets are shown by reference alone."""
    rosters = [
        {
            "roster": answer.roster,
            "covered": None if answer.interval and answer.uncertain else answer.interval is not None,
            "unknown_calendar": answer.uncertain.name if answer.uncertain else None,
            "until": format_instant_in_utc(answer.interval.end) if answer.interval else None,
            "next": format_instant_in_utc(answer.following.start) if answer.following else None,
            "people": [_person(contract, answer.interval, name) for name in answer.interval.people]
            if answer.interval
            else [],
        }
        for answer in answers
    ]
    return document("oncall-who", {"at": format_instant_in_utc(at), "rosters": rosters})


def _person(contract: Contract, interval: DutyInterval, name: str) -> dict[str, object]:
    person = contract.people[name]
    return {
        "name": name,
        "zh": person.text.zh,
        "en": person.text.en,
        "instead_of": dict(interval.ready.instead).get(name, ""),
        "channels": {channel: str(kept) for channel, kept in person.channels.items()},
    }


def gaps_lines(
    contract: Contract, gaps: Sequence[Gap], unknown: Sequence[tuple[str, datetime]], *, is_any_known: bool
) -> Iterator[Line]:
    """Given gaps, and from when on the hours of rosters are not known, yield a line for each, and their number.

    `is_any_known`: whether the hours of any roster are known for some of the time.
    """
    zone = ZoneInfo(contract.zone)
    for gap in gaps:
        when = f"  {format_instant_with_offset(gap.start, zone)} to {format_instant_with_offset(gap.end, zone)}  "
        yield line((gap.roster, "title"), when, (gap.reason.value, "bad"), f": {gap.why}", hang=4)
    yield from _unknown_lines(unknown, zone)
    seconds = sum((gap.end - gap.start).total_seconds() for gap in gaps)
    in_known = "no gaps in the known hours" if is_any_known else "it is not known whether there are gaps"
    none = (in_known, "doubt") if unknown else ("no gaps", "good")
    yield line(f"{format_count(len(gaps), 'gap')}, {format_hours(seconds)}" if gaps else none)


def gaps_json(gaps: Sequence[Gap], unknown: Sequence[tuple[str, datetime]]) -> str:
    """Given gaps, and from when on the hours of rosters are not known, return them as one JSON object."""
    rows = [
        {
            "roster": gap.roster,
            "from": format_instant_in_utc(gap.start),
            "to": format_instant_in_utc(gap.end),
            "reason": gap.reason.value,
            "why": gap.why,
        }
        for gap in gaps
    ]
    return document("oncall-gaps", {"gaps": rows, "unknown": _unknown_data(unknown)})


def _unknown_lines(unknown: Sequence[tuple[str, datetime]], zone: ZoneInfo) -> Iterator[Line]:
    """Yield from when on the hours of rosters are not known."""
    for roster, at in unknown:
        since = f" from {format_instant_with_offset(at, zone)}: holidays are not known"
        yield line((roster, "title"), ("  unknown", "doubt"), since)


def _unknown_data(unknown: Sequence[tuple[str, datetime]]) -> list[dict[str, str]]:
    return [{"roster": roster, "from": format_instant_in_utc(at)} for roster, at in unknown]


def balance_lines(
    contract: Contract, shares: Sequence[tuple[str, Balance]], unknown: Sequence[tuple[str, datetime]]
) -> Iterator[Line]:
    """Given shares by roster, and from when on the hours of rosters are not known, yield a line for each person."""
    for roster, several in groupby(shares, key=lambda share: share[0]):
        yield line((roster, "title"))
        for _, share in several:
            nights, free = format_count(share.nights, "night"), format_count(share.free_days, "free day")
            yield line(f"{_called(contract, share.person)}: {format_hours(share.seconds)}, {nights}, {free}", indent=2)
    yield from _unknown_lines(unknown, ZoneInfo(contract.zone))


def balance_json(shares: Sequence[tuple[str, Balance]], unknown: Sequence[tuple[str, datetime]]) -> str:
    """Given shares by roster, and from when on the hours of rosters are not known, return them as one JSON object."""
    rows = [
        {
            "roster": roster,
            "person": share.person,
            "seconds": plain_number(share.seconds),
            "nights": share.nights,
            "free_days": share.free_days,
        }
        for roster, share in shares
    ]
    return document("oncall-balance", {"shares": rows, "unknown": _unknown_data(unknown)})


class DutyChanges(Struct):
    """Who changes when, between two contracts."""

    before: Contract
    after: Contract
    changes: Sequence[DutyChange]

    def names(self, those: People | None) -> str:
        """Given people (None: no hours to cover), return them in words."""
        if those is None:
            return "no coverage"
        found = (self.after.people.get(name) or self.before.people[name] for name in those)
        return " and ".join(person.text.en for person in found) or "no one"

    def rows(self) -> Iterator[tuple[str, str, str]]:
        """Yield each change that is shown: the roster, when, who instead of whom."""
        zone = ZoneInfo(self.after.zone)
        for change in self.changes[:MOST_CHANGES]:
            when = f"{format_instant(change.start, zone)} to {format_instant(change.end, zone)}"
            perhaps = ", if coverage is required" if change.uncertain else ""
            yield change.roster, when, f"{self.names(change.after)} instead of {self.names(change.before)}{perhaps}"

    @property
    def more(self) -> str:
        """What is said about the changes that are not shown."""
        left = len(self.changes) - MOST_CHANGES
        return (
            f"and {format_count(left, 'more change', 'more changes')}: use --format json to list all"
            if left > 0
            else ""
        )


def duty_lines(duty: DutyChanges) -> Iterator[Line]:
    """Given changes of duty, yield them for people, a paragraph; nothing where there are none."""
    if not duty.changes:
        return
    yield line(("duty changes", "title"))
    for roster, several in groupby(duty.rows(), key=lambda row: row[0]):
        yield line((roster, "quiet"), indent=2)
        for _, when, who in several:
            yield line(("~ ", "doubt"), f"{when}: {who}", indent=4)
    if duty.more:
        yield line(duty.more, indent=2)
    yield line()


def duty_markdown_rows(duty: DutyChanges) -> Iterator[str]:
    """Given changes of duty, yield a row of a Markdown table for each that is shown."""
    return (f"| {code(roster)} | {when} | {plain(who)} |\n" for roster, when, who in duty.rows())


def duty_data(duty: DutyChanges) -> list[dict[str, object]]:
    """Given changes of duty, return them as plain data; None stands for hours that are not to be covered.

    `uncertain`: whether they are to be covered depends on holidays that are not announced yet.
    """
    return [
        {
            "roster": change.roster,
            "from": format_instant_in_utc(change.start),
            "to": format_instant_in_utc(change.end),
            "before": None if change.before is None else list(change.before),
            "after": None if change.after is None else list(change.after),
            "uncertain": change.uncertain,
        }
        for change in duty.changes
    ]


def _called(contract: Contract, person: str) -> str:
    return contract.people[person].text.en
