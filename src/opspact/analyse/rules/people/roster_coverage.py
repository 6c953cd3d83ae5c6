"""Rules about rosters: is somebody there in all the hours that were promised, and can they be reached?

Comes in: a rule context. Goes out: violations.
"""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from opspact.analyse.duty import (
    and_more,
    called,
    hours_in_words,
    instant,
    shifts_by_person,
    spell,
    watches_by_roster,
    who_path,
)
from opspact.analyse.rule import Rule, RuleContext, Violation
from opspact.model.finding import Severity
from opspact.model.policies.roster import Roster
from opspact.model.roster.duty import Gap, Reason, Watch, gaps_of, known_until, least_known, unreachable
from opspact.model.time.intervals import intersection, union
from opspact.text.words import sentence

_MOST_ALIKE = 3
"""Gaps with one reason that are told each for itself."""


@dataclass(frozen=True, slots=True)
class _Run:
    """Gaps for the same reason, with no hour in between that is covered."""

    gaps: list[Gap]

    @property
    def first(self) -> Gap:
        """The first of them."""
        return self.gaps[0]

    @property
    def in_words(self) -> str:
        """How many and how long, where there are several."""
        if len(self.gaps) == 1:
            return ""
        seconds = sum((gap.end - gap.start).total_seconds() for gap in self.gaps)
        return f" ({len(self.gaps)} spells, {hours_in_words(seconds)} in all)"


def _runs(gaps: Sequence[Gap], watches: Sequence[Watch]) -> Iterator[_Run]:
    """Given a roster's gaps and watches, yield the runs of gaps."""
    begins = [watch.start for watch in watches]
    run: list[Gap] = []
    for gap in gaps:
        if run:
            last = run[-1]
            index = bisect_left(begins, last.end)
            covered_between = index < len(begins) and begins[index] < gap.start
            if covered_between or (last.reason, last.why) != (gap.reason, gap.why):
                yield _Run(run)
                run = []
        run.append(gap)
    if run:
        yield _Run(run)


def _gap(context: RuleContext) -> Iterator[Violation]:
    for name, watches in watches_by_roster(context).items():
        roster = context.contract.rosters[name]
        gaps = [gap for gap in gaps_of(context.contract, roster, watches) if gap.reason is not Reason.UNREACHABLE]
        alike: dict[tuple[Reason, str], list[_Run]] = {}
        for run in _runs(gaps, watches):
            alike.setdefault((run.first.reason, run.first.why), []).append(run)
        for runs in alike.values():
            # A turn that is empty again and again is one thing to mend.
            for run in runs if len(runs) <= _MOST_ALIKE else runs[:1]:
                when = spell(context, run.first.start, run.gaps[-1].end)
                again = f", and {len(runs) - 1} times more up to {instant(context, runs[-1].gaps[-1].end)}"
                more = again if len(runs) > _MOST_ALIKE else ""
                message = f"{_nobody(roster, run.first.reason)} {name} {when}{run.in_words}{more}: {run.first.why}"
                yield Violation(roster.policy, message, who_path(roster))


def _nobody(roster: Roster, reason: Reason) -> str:
    does = "answer" if roster.by else "are on duty on"
    if reason is Reason.TOO_FEW:
        return f"fewer than {roster.on_duty} {does}"
    return "nobody answers" if roster.by else "nobody is on duty on"


def _unreachable(context: RuleContext) -> Iterator[Violation]:
    for person, shifts in shifts_by_person(context).items():
        seen: set[str] = set()
        for shift in shifts:
            if shift.roster in seen:
                continue
            seen.add(shift.roster)
            roster = context.contract.rosters[shift.roster]
            missing = unreachable(context.contract, roster, person)
            if missing:
                message = (
                    f"{called(context, person)} is on duty on {shift.roster} {spell(context, shift.start, shift.end)}, "
                    f"and has no {' and no '.join(missing)}"
                )
                yield Violation(
                    roster.policy, message, ("by",), f"add {missing[0]}: … to the channels of person {person}"
                )


def _intended_for_nothing(context: RuleContext) -> Iterator[Violation]:
    start = context.span[0]
    for name, watches in watches_by_roster(context).items():
        roster = context.contract.rosters[name]
        if not roster.gaps_intended:
            continue
        gaps = union([(gap.start, gap.end) for gap in gaps_of(context.contract, roster, watches, intended=True)])
        for index, meant in enumerate(roster.gaps_intended):
            if start < meant.end and not intersection([(max(start, meant.start), meant.end)], gaps):
                when = spell(context, meant.start, meant.end)
                message = f"{name} is covered {when}, or has no hours then: the intended gap means nothing"
                yield Violation(roster.policy, message, ("gaps_intended", index))


def _in_two_places(context: RuleContext) -> Iterator[Violation]:
    for person, shifts in shifts_by_person(context).items():
        found: dict[tuple[str, str], list[tuple[datetime, datetime]]] = {}
        ahead = 0
        for index, shift in enumerate(shifts):
            ahead = index + 1
            while ahead < len(shifts) and shifts[ahead].start < shift.end:
                other = shifts[ahead]
                if other.roster != shift.roster:
                    first, second = sorted((shift.roster, other.roster))
                    overlap = (other.start, min(shift.end, other.end))
                    found.setdefault((first, second), []).append(overlap)
                ahead += 1
        for (first, second), overlaps in found.items():
            again = and_more(len(overlaps) - 1, "spell")
            message = f"{called(context, person)} is on {first} and on {second} {spell(context, *overlaps[0])}{again}"
            yield Violation(f"roster/{second}", message, who_path(context.contract.rosters[second]))


def _hours_unknown(context: RuleContext) -> Iterator[Violation]:
    end = context.span[1]
    for name, roster in context.contract.rosters.items():
        least, known = least_known(context.contract, roster), known_until(context.contract, roster)
        if least is not None and known is not None and known < end:
            message = f"from {instant(context, known)} on, {least.name} does not say which hours {name} has to cover"
            yield Violation(roster.policy, message, ("hours",), sentence(least.way_on))


RULES = (
    Rule(
        code="OP300",
        family="people",
        severity=Severity.ERROR,
        title="Promised hours are not covered",
        why="Whoever calls in these hours finds nobody, and the contract is broken before any fault has happened.",
        remedy="Let somebody stand in (an override), add people to the rotation, or agree on the gap (gaps_intended).",
        find=_gap,
    ),
    Rule(
        code="OP301",
        family="people",
        severity=Severity.ERROR,
        title="Somebody on duty cannot be reached",
        why="A person on duty without the channel that the roster promises is told nothing, and everybody waits.",
        remedy="Add the channel to the person, or take them off the roster.",
        find=_unreachable,
    ),
    Rule(
        code="OP302",
        family="people",
        severity=Severity.NOTE,
        title="An intended gap leaves nothing open",
        why="What was agreed to be left open is covered: the note is out of date, or the wrong days stand there.",
        remedy="Remove it from gaps_intended, or mend its days.",
        find=_intended_for_nothing,
    ),
    Rule(
        code="OP303",
        family="people",
        severity=Severity.WARNING,
        title="Somebody is on two rosters at once",
        why="Two rosters count on a person who can answer one call at a time.",
        remedy="Take them off one of the rosters for that time, or let somebody stand in (an override).",
        find=_in_two_places,
    ),
    Rule(
        code="OP308",
        family="people",
        severity=Severity.WARNING,
        title="The hours that a roster has to cover are not known to the end",
        why="Holidays that are not announced yet cannot be planned for; coverage after that day is unproved.",
        remedy="Add the next year's holidays to the calendar, and move its known_through.",
        find=_hours_unknown,
    ),
)
