"""Rules about hours: do deadlines fall where somebody works, is the desk reached, do calendars know enough?

Comes in: a rule context. Goes out: violations.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from importlib import import_module

from opspact.analyse.cause import Condition, affected, uncovered
from opspact.analyse.clock_changes import explain_gaps
from opspact.analyse.duty import duty_by_roster, format_interval, instant
from opspact.analyse.expiry import severity_of_end
from opspact.analyse.ladders import accepted_gaps, reachable_hours, recipients_known_until, route_hours, without_channel
from opspact.analyse.recurrence import format_days, format_recurrence, recurrence
from opspact.analyse.rule import Rule, RuleContext, Violation
from opspact.model.finding import Severity
from opspact.model.policies.channels import Channels, Route
from opspact.model.policies.sla import Level, Milestone, Sla
from opspact.model.time.calendar import BeyondKnown, Calendar, Interval, due, open_intervals
from opspact.model.time.intervals import difference, intersection, union
from opspact.text.names import join_names
from opspact.text.sentences import format_sentence
from opspact.values.recipient import Recipient

_MINUTE, _HOUR = timedelta(minutes=1), timedelta(hours=1)
_NOUNS = {"respond": "response", "on_site": "on-site", "resolve": "resolution"}
"""What a milestone's deadline is called, where that is not the milestone's own name."""

_LONGEST_FESTIVAL = 14


def _ends_unattended(context: RuleContext) -> Iterator[Violation]:
    for sla in context.contract.slas.values():
        for level in sla.levels.values():
            seen: set[frozenset[Recipient]] = set()
            for milestone in reversed(tuple(level.milestones.values())):
                those = _keepers(context, level, milestone)
                gaps = _unattended(context, those)
                found = _report_into(context, milestone, gaps) if those not in seen else None
                if found is None:
                    continue
                seen.add(those)  # the latest milestone speaks for the others that the same people keep
                reported, end, gap = found
                from_then = (each for each in gaps if gap <= each)
                due_then = [(each, parts) for each in from_then if (parts := _where_due(context, milestone, each))]
                who = join_names(sorted(each.name if each.kind == "roster" else str(each) for each in those), last="or")
                repeats = recurrence(context, [each for each, _ in due_then])
                message = (
                    f"a level {level.name} case reported at {instant(context, reported)} has its "
                    f"{_NOUNS.get(milestone.name, milestone.name)} deadline at {instant(context, end)}, "
                    f"but no one is on duty on {who} "
                    f"{format_days(repeats)}{format_interval(context, *gap)}{_festival(context, gap)}"
                )
                hours = uncovered((each.policy for each in those), (part for _, parts in due_then for part in parts))
                yield Violation(
                    sla.policy,
                    message,
                    level.path(milestone.name),
                    subject=f"level {level.name} {milestone.name}",
                    repeats=repeats,
                    rests_on=(hours,),
                )


def _keepers(context: RuleContext, level: Level, milestone: Milestone) -> frozenset[Recipient]:
    """Return the rosters whose people do something about a level's cases.

    Those that the milestone names; if none, those who are on site for what is done there, and those that the level's
    ladder notifies for all else (the teams and persons, if it notifies no roster); without a ladder, all rosters.
    """
    ladder = context.contract.ladders.get(level.ladder)
    notified = {step.tell for step in ladder.steps} if ladder else set()
    called = {whom for whom in notified if whom.kind == "roster"} or notified
    there = {name for staffing in context.contract.staffings for name in staffing.rosters}
    on_site = there if milestone.name == "on_site" else set()
    if milestone.rosters or on_site or not called:
        return frozenset(Recipient("roster", name) for name in milestone.rosters or on_site or context.contract.rosters)
    return frozenset(called)


@lru_cache(maxsize=32)
def _unattended(context: RuleContext, those: frozenset[Recipient]) -> list[Interval]:
    """Return when nobody of these is there, in order; nothing where there are none.

    Hours that the customer agreed to leave open do not count.
    """
    start, end = context.span[0].astimezone(UTC), recipients_known_until(context, those)
    if not those or end <= start:
        return []
    agreed = (accepted_gaps(context, each) for each in those)
    return difference([(start, end)], union(*(reachable_hours(context, each) for each in those), *agreed))


def _report_into(
    context: RuleContext, milestone: Milestone, gaps: list[Interval]
) -> tuple[datetime, datetime, Interval] | None:
    """Return a report whose deadline falls into a gap, that deadline and the gap: the first for which there is one."""
    calendar, start = context.contract.calendars[milestone.calendar], context.span[0].astimezone(UTC)
    for gap in gaps:
        for part in _where_due(context, milestone, gap):
            try:
                reported = _first_after(calendar, milestone, start, gap=part)
                for full in (_rounded_up(reported, _HOUR), _rounded_up(reported, _MINUTE)):
                    end = due(calendar, full, milestone.within)
                    if part[0] < end < part[1]:
                        return full, end, gap
            except BeyondKnown:
                continue
    return None


def _where_due(context: RuleContext, milestone: Milestone, gap: Interval) -> list[Interval]:
    """Return the parts of a gap in which a milestone may be due: of open hours, those in which its calendar is open."""
    if milestone.within.kind != "business":
        return [gap]
    end = min(gap[1], _known_end(context, {milestone.calendar}))
    return open_intervals(context.contract.calendars[milestone.calendar], gap[0], end) if gap[0] < end else []


def _first_after(calendar: Calendar, milestone: Milestone, start: datetime, *, gap: Interval) -> datetime:
    """Return, to the minute, the first report whose deadline is after a gap's beginning: a later one is due later."""
    before, after = start, gap[1]
    while after - before > _MINUTE:
        middle = before + (after - before) / 2
        if due(calendar, middle, milestone.within) > gap[0]:
            after = middle
        else:
            before = middle
    return after


def _rounded_up(at: datetime, step: timedelta) -> datetime:
    beyond = (at - datetime(2000, 1, 1, tzinfo=UTC)) % step
    return at + (step - beyond if beyond else timedelta())


def _festival(context: RuleContext, gap: Interval) -> str:
    """Return the public holiday inside a gap, in words, where a calendar of the contract knows one."""
    first, last = (at.astimezone(context.zone).date() for at in gap)
    days = [first + timedelta(days=offset) for offset in range(min((last - first).days + 1, _LONGEST_FESTIVAL))]
    for calendar in context.contract.calendars.values():
        for day in days:
            if calendar.country and day <= (calendar.known or date.max):
                name = import_module("opspact.model.time.public_holidays").called(
                    calendar.country, calendar.subdivision, day
                )
                if name:
                    return f" ({name})"
    return ""


def _known_end(context: RuleContext, names: set[str]) -> datetime:
    """Return the instant up to which calendars are known, at most the end of the span."""
    calendars = context.contract.calendars
    known = [at for name in names if (at := calendars[name].known_until) is not None]
    return min([context.span[1].astimezone(UTC), *known])


def _route_calendars(channels: Channels) -> set[str]:
    return {name for route in channels.routes for name in (route.calendar, *route.closed)}


def _nothing_takes_faults(context: RuleContext) -> Iterator[Violation]:
    for sla in context.contract.slas.values():
        if not sla.channels:
            continue
        channels = context.contract.channels[sla.channels]
        missing = _without_a_way(context, sla, channels)
        if missing:
            when = format_recurrence(context, missing)
            why = explain_gaps(context, missing)
            message = f"no route accepts faults {when}, although {sla.name} requires a response{why}"
            yield Violation(
                f"channels/{channels.name}",
                message,
                ("routes",),
                subject=f"sla {sla.name}",
                repeats=recurrence(context, missing),
            )


def _without_a_way(context: RuleContext, sla: Sla, channels: Channels) -> list[Interval]:
    """Return when a response is promised and nothing takes faults."""
    promised = {level.milestones["respond"].calendar for level in sla.levels.values() if "respond" in level.milestones}
    start, end = context.span[0].astimezone(UTC), _known_end(context, promised | _route_calendars(channels))
    if end <= start:
        return []
    wanted = union(*(open_intervals(context.contract.calendars[name], start, end) for name in sorted(promised)))
    taken = union(*(route_hours(context, route, end) for route in channels.routes if "faults" in route.takes))
    return difference(wanted, taken)


def _nobody_answers(context: RuleContext) -> Iterator[Violation]:
    for channels in context.contract.channels.values():
        for index, route in enumerate(channels.routes):
            empty = _unanswered(context, route)
            if empty:
                when, who = format_recurrence(context, empty), route.answered_by
                yield Violation(
                    f"channels/{channels.name}",
                    f"no one answers the {route.reach.en} {when}: {_why_unanswered(context, route, empty)}"
                    f"{explain_gaps(context, empty)}",
                    ("routes", index, "answered_by"),
                    subject=route.reach.en,
                    repeats=recurrence(context, empty),
                    rests_on=(uncovered([who.policy], empty), *without_channel(context, who, route.by)),
                )


def _why_unanswered(context: RuleContext, route: Route, empty: list[Interval]) -> str:
    """Return why nobody answers: the channel is lacking only where somebody without it is there."""
    who = route.answered_by
    someone = intersection(reachable_hours(context, who, None), empty)
    if someone:
        return f"no one is on {who} with {join_names(route.by, last='or')}"
    if who.kind == "roster" and (first := _first_handover(context, who.name)) is not None and empty[-1][1] <= first:
        return f"{who} starts at {instant(context, first)}"
    return f"no one is on {who}" if who.kind == "roster" else f"{who} is not there"


def _first_handover(context: RuleContext, roster: str) -> datetime | None:
    """Return when a roster's first rotation begins, within the span looked at; None if it has begun."""
    intervals = duty_by_roster(context)[roster]
    begun = next((each.start for each in intervals if each.ready.begun), None)
    return begun if intervals and not intervals[0].ready.begun else None


def _unanswered(context: RuleContext, route: Route) -> list[Interval]:
    end = min(
        _known_end(context, {route.calendar, *route.closed}), recipients_known_until(context, [route.answered_by])
    )
    if end <= context.span[0]:
        return []
    there = union(reachable_hours(context, route.answered_by, route.by), accepted_gaps(context, route.answered_by))
    return difference(route_hours(context, route, end), there)


def _unknown_before_the_end(context: RuleContext) -> Iterator[Violation]:
    contract = context.contract
    end = datetime.combine(contract.period.last + timedelta(days=1), time(), context.zone)
    for calendar in contract.calendars.values():
        policy, path = f"calendar/{calendar.name}", ("holidays", "known_through")
        severity = severity_of_end(calendar.known, context.day)
        is_known = calendar.known_until is None or calendar.known_until >= end or context.is_over
        if severity is not None and not is_known:
            known, last = str(calendar.known), str(contract.period.last)
            if calendar.zone != contract.zone:  # the same day ends at another instant
                known, last = f"{known} ({calendar.zone})", f"{last} ({contract.zone})"
            message = f"calendar {calendar.name} is known through {known}, but the contract ends on {last}"
            if calendar.ends_with_announcements:
                message += f": later holidays of {calendar.country} are not announced yet"
                path = ("holidays", "country")
            unknown = affected(Condition.CALENDAR_UNKNOWN, calendar.name)
            help_ = format_sentence(calendar.remedy)
            yield Violation(policy, message, path, help_, severity=severity, states=(unknown,))
        elif calendar.country and calendar.known is None:
            yield Violation(
                policy,
                f"calendar {calendar.name} does not set known_through for the holidays of {calendar.country}",
                path,
            )


RULES = (
    Rule(
        code="OP352",
        family="sla",
        severity=Severity.ERROR,
        title="No route accepts faults although a response is required",
        why="The contract requires a response, but there is no way to report the fault.",
        remedy="Add a route to the desk for these hours, or use a calendar for the response that is closed then.",
        find=_nothing_takes_faults,
    ),
    Rule(
        code="OP353",
        family="sla",
        severity=Severity.ERROR,
        title="No one answers a route to the desk",
        why="The customer uses this route and gets no answer.",
        remedy="Set answered_by to a roster that covers its hours, with people who have the channel.",
        find=_nobody_answers,
    ),
    Rule(
        code="OP360",
        family="sla",
        severity=Severity.ERROR,
        title="A deadline falls when no one is on duty",
        why="The clock runs while no one is on duty: such a case is late before anyone sees it.",
        remedy=(
            "Add people on duty in these hours, or set the responsible rosters (rosters); or use a calendar that "
            "is closed then."
        ),
        find=_ends_unattended,
    ),
    Rule(
        code="OP361",
        family="sla",
        severity=Severity.WARNING,
        title="The days that a calendar knows end",
        why=(
            "Business time after the last known day is not computed, so deadlines there are unknown. Reported 60 days "
            "ahead as a note, in the last 14 days as a warning, unless the contract ends before."
        ),
        remedy="Add the missing holidays when they are announced, and update known_through.",
        find=_unknown_before_the_end,
    ),
)
