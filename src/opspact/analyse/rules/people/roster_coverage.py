"""Rules about rosters: is somebody there in all the hours that were promised, and can they be reached?

Comes in: a rule context. Goes out: violations.
"""

from collections.abc import Iterator
from datetime import datetime

from opspact.analyse.cause import Affected, Condition, affected, uncovered
from opspact.analyse.clock_changes import explain_gaps
from opspact.analyse.duty import absences, called, duty_by_roster, format_interval, instant, shifts_by_person, who_path
from opspact.analyse.expiry import severity_of_end
from opspact.analyse.recurrence import format_recurrence, recurrence
from opspact.analyse.rule import Rule, RuleContext, Violation
from opspact.model.finding import Severity
from opspact.model.policies.roster import Roster
from opspact.model.roster.duty import NOT_STARTED, Gap, Reason, gaps_of, known_until, least_known, unreachable
from opspact.model.time.intervals import intersection, union
from opspact.text.sentences import format_sentence


def roster_gaps(context: RuleContext) -> tuple[Violation, ...]:
    """Given a contract, return the hours of its rosters that are not covered: one violation for all with one reason."""
    return tuple(_gaps(context))


_START_EARLIER = "Set since to an earlier handover, or agree on the gap (gaps_intended)."


def _gaps(context: RuleContext) -> Iterator[Violation]:
    for name, duty_intervals in duty_by_roster(context).items():
        roster = context.contract.rosters[name]
        alike: dict[tuple[Reason, str, Affected], list[Gap]] = {}
        for gap in gaps_of(context.contract, roster, duty_intervals):
            if gap.reason is not Reason.UNREACHABLE:
                alike.setdefault((gap.reason, gap.why, absences(gap.absent)), []).append(gap)
        for (reason, why, absent), gaps in alike.items():
            spells = [(gap.start, gap.end) for gap in gaps]
            yield Violation(
                roster.policy,
                f"{_nobody(roster, reason)} {name} {format_recurrence(context, spells)}: {why}"
                f"{explain_gaps(context, spells)}",
                who_path(roster),
                _START_EARLIER if why == NOT_STARTED else "",
                repeats=recurrence(context, spells),
                states=(uncovered([roster.policy], spells),),
                rests_on=(absent,) if absent.names else (),
            )


def _gap(context: RuleContext) -> Iterator[Violation]:
    yield from context.once(roster_gaps)


def _nobody(roster: Roster, reason: Reason) -> str:
    does = "can be reached on" if roster.by else "are on duty on"
    if reason is Reason.TOO_FEW:
        return f"fewer than {roster.on_duty} people {does}"
    return "no one can be reached on" if roster.by else "no one is on duty on"


def _unreachable(context: RuleContext) -> Iterator[Violation]:
    for person, shifts in shifts_by_person(context).items():
        for name in dict.fromkeys(shift.roster for shift in shifts):
            roster = context.contract.rosters[name]
            missing = unreachable(context.contract, roster, person)
            if not missing:
                continue
            spells = [(shift.start, shift.end) for shift in shifts if shift.roster == name]
            without = affected(Condition.NO_CHANNEL, *(f"{person} {channel}" for channel in missing))
            yield Violation(
                roster.policy,
                f"{called(context, person)} is on duty on {name} {format_recurrence(context, spells)}, "
                f"but has no {' and no '.join(missing)}",
                ("by",),
                f"Add {missing[0]}: … to the channels of person {person}.",
                subject=person,
                repeats=recurrence(context, spells),
                states=(uncovered([roster.policy], spells), without),
                rests_on=(without,),
            )


def _intended_for_nothing(context: RuleContext) -> Iterator[Violation]:
    start = context.span[0]
    for name, duty_intervals in duty_by_roster(context).items():
        roster = context.contract.rosters[name]
        if not roster.gaps_intended:
            continue
        gaps = union([(gap.start, gap.end) for gap in gaps_of(context.contract, roster, duty_intervals, intended=True)])
        for index, meant in enumerate(roster.gaps_intended):
            if start < meant.end and not intersection([(max(start, meant.start), meant.end)], gaps):
                when = format_interval(context, meant.start, meant.end)
                message = f"{name} has no gap {when}: the intended gap has no effect"
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
            when = format_recurrence(context, sorted(overlaps))
            yield Violation(
                f"roster/{second}",
                f"{called(context, person)} is on duty on {first} and {second} at the same time {when}",
                who_path(context.contract.rosters[second]),
                subject=person,
                repeats=recurrence(context, sorted(overlaps)),
                states=(affected(Condition.ON_TWO_ROSTERS, f"{person} {first} {second}"),),
            )


def _hours_unknown(context: RuleContext) -> Iterator[Violation]:
    end = context.span[1]
    if context.is_over:
        return
    for name, roster in context.contract.rosters.items():
        least, known = least_known(context.contract, roster), known_until(context.contract, roster)
        severity = severity_of_end(least.known, context.day) if least else None
        if severity is not None and least is not None and known is not None and known < end:
            message = f"from {instant(context, known)} on, calendar {least.name} does not define the hours of {name}"
            unknown = affected(Condition.CALENDAR_UNKNOWN, least.name)
            help_ = format_sentence(least.remedy)
            yield Violation(roster.policy, message, ("hours",), help_, severity=severity, rests_on=(unknown,))


RULES = (
    Rule(
        code="OP300",
        family="people",
        severity=Severity.ERROR,
        title="Required hours are not covered",
        why="Calls in these hours are not answered, which breaches the contract.",
        remedy="Add an override, add people to the rotation, or agree on the gap (gaps_intended).",
        find=_gap,
    ),
    Rule(
        code="OP301",
        family="people",
        severity=Severity.ERROR,
        title="A person on duty cannot be reached",
        why="A person on duty without the required channel is not notified.",
        remedy="Add the channel to the person, or remove them from the roster.",
        find=_unreachable,
    ),
    Rule(
        code="OP302",
        family="people",
        severity=Severity.NOTE,
        title="An intended gap has no effect",
        why="The hours are covered: the entry is outdated, or its days are wrong.",
        remedy="Remove it from gaps_intended, or correct its days.",
        find=_intended_for_nothing,
    ),
    Rule(
        code="OP303",
        family="people",
        severity=Severity.WARNING,
        title="A person is on two rosters at the same time",
        why="Two rosters depend on one person, who can answer only one call at a time.",
        remedy="Remove them from one of the rosters for this time, or add an override.",
        find=_in_two_places,
    ),
    Rule(
        code="OP308",
        family="people",
        severity=Severity.WARNING,
        title="The known hours of a roster end",
        why=(
            "Holidays that are not announced yet cannot be planned for; coverage after this day is unknown. Reported "
            "60 days ahead as a note, in the last 14 days as a warning, unless the contract ends before."
        ),
        remedy="Add the next year's holidays to the calendar, and update known_through.",
        find=_hours_unknown,
    ),
)
