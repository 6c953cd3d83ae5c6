"""Rules about who is on duty: trained, certified, of the right team, still and already there.

Comes in: a rule context. Goes out: violations.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta

from opspact.analyse.cause import Condition, affected
from opspact.analyse.duty import absences, called, shifts_by_person, start_of_span, who_path
from opspact.analyse.expiry import format_end, severity_of_end
from opspact.analyse.recurrence import format_recurrence, recurrence
from opspact.analyse.rule import Rule, RuleContext, Violation
from opspact.model.finding import Severity
from opspact.model.roster.duty import Shift
from opspact.model.roster.rotation import Absence
from opspact.model.time.calendar import Interval

_DAY = timedelta(days=1)


def _on_duty(context: RuleContext) -> Iterator[tuple[str, str, Sequence[Shift]]]:
    """Yield each person and roster, and that person's shifts there, in order."""
    for person, shifts in shifts_by_person(context).items():
        by_roster: dict[str, list[Shift]] = {}
        for shift in shifts:
            by_roster.setdefault(shift.roster, []).append(shift)
        for roster, those in by_roster.items():
            yield person, roster, those


def _spells(
    context: RuleContext, shifts: Sequence[Shift], *, since: date | None = None, before: date | None = None
) -> list[Interval]:
    """Return when somebody is on duty, from the beginning of a day on, to that of another (None: no limit)."""
    spells = [(shift.start, shift.end) for shift in shifts]
    if since:
        begin = datetime.combine(since, time(), context.zone).astimezone(UTC)
        spells = [(max(start, begin), end) for start, end in spells if end > begin]
    if before:
        finish = datetime.combine(before, time(), context.zone).astimezone(UTC)
        spells = [(start, min(end, finish)) for start, end in spells if start < finish]
    return spells


def _untrained(context: RuleContext) -> Iterator[Violation]:
    trainings, rosters = context.contract.trainings, context.contract.rosters
    for person, roster, shifts in _on_duty(context):
        asked = rosters[roster].requires.trainings
        for name in sorted(
            {*asked, *(each.name for each in trainings.values() if not each.schedule and person in each.audience)}
        ):
            done = trainings[name].done.get(person)
            if spells := _spells(context, shifts, before=done):
                had = f"training {name} is on {done}" if done else f"training {name} is not recorded"
                lacking = affected(Condition.NO_TRAINING, f"{person} {name}")
                yield Violation(
                    f"roster/{roster}",
                    f"{called(context, person)} is on duty on {roster} {format_recurrence(context, spells)}, but {had}",
                    ("requires", "trainings") if name in asked else who_path(rosters[roster]),
                    f"Hold the training before the first shift, and record it in training {name}.",
                    subject=person,
                    repeats=recurrence(context, spells),
                    states=(lacking,),
                    rests_on=(lacking,),
                )


def _wrong_team(context: RuleContext) -> Iterator[Violation]:
    for person, roster, shifts in _on_duty(context):
        teams = context.contract.rosters[roster].requires.teams
        if teams and not set(teams) & set(context.contract.people[person].teams):
            spells = _spells(context, shifts)
            yield Violation(
                f"roster/{roster}",
                f"{called(context, person)} is on duty on {roster} {format_recurrence(context, spells)}, but is not in "
                f"{' or '.join(teams)}",
                ("requires", "teams"),
                subject=person,
                repeats=recurrence(context, spells),
            )


def _uncertified(context: RuleContext) -> Iterator[Violation]:
    for person, roster, shifts in _on_duty(context):
        held = {each.name: each.until for each in context.contract.people[person].certificates}
        for name in context.contract.rosters[roster].requires.certificates:
            last = held.get(name)
            severity = severity_of_end(last, context.day)
            if name in held and severity is None:
                continue  # it does not end, or there is time to renew it
            if spells := _spells(context, shifts, since=last + _DAY if last else None):
                ends = f"{'expires' if last and last >= context.day else 'expired'} on {last}"
                lacks = f"but certificate {name} {ends}" if last else f"but does not have certificate {name}"
                yield Violation(
                    f"roster/{roster}",
                    f"{called(context, person)} is on duty on {roster} {format_recurrence(context, spells)}, {lacks}",
                    ("requires", "certificates"),
                    severity=severity if last and last >= context.day else None,
                    subject=person,
                    repeats=recurrence(context, spells),
                    rests_on=(affected(Condition.CERTIFICATE_ENDS, f"{person} {name}"),) if last else (),
                )


def _certificate_ends(context: RuleContext) -> Iterator[Violation]:
    for person in context.contract.people.values():
        if not person.works_on(context.day):
            continue
        for index, certificate in enumerate(person.certificates):
            severity = severity_of_end(certificate.until, context.day)
            if certificate.until is not None and severity is not None:
                yield Violation(
                    f"person/{person.name}",
                    f"certificate {certificate.name} of {called(context, person.name)} "
                    f"{format_end(certificate.until, context.day)}",
                    ("certificates", index),
                    severity=severity,
                    subject=certificate.name,
                    states=(affected(Condition.CERTIFICATE_ENDS, f"{person.name} {certificate.name}"),),
                )


def absent_people_named(context: RuleContext) -> tuple[Violation, ...]:
    """Given a contract, return where it names people who are not with it at any time that is looked at."""
    return tuple(_absent_people_named(context))


def _absent_people_named(context: RuleContext) -> Iterator[Violation]:
    first, last = (at.date() for at in context.span)
    people = context.contract.people
    records = _records(context)
    for reference in context.contract.policy_index.references:
        kind, _, name = reference.to.partition("/")
        if kind != "person" or (reference.by, name) in records:
            continue
        if people[name].works_between(first, last):
            continue
        left, start = people[name].ended_on(first), people[name].starts_after(first)
        if left is not None:
            message = f"{called(context, name)}'s last day was {left}, but {reference.by} still references them"
        else:
            message = (
                f"{called(context, name)} starts on {start}, after the contract ends, "
                f"but {reference.by} references them"
            )
        absent = absences([Absence(name, left=left is not None, day=left or start)])
        yield Violation(reference.by, message, place=reference.place, subject=name, rests_on=(absent,))


def _gone(context: RuleContext) -> Iterator[Violation]:
    yield from context.once(absent_people_named)


def _records(context: RuleContext) -> set[tuple[str, str]]:
    """Return what names a person as a record of what has been: trainings they have had, overrides that are over."""
    contract = context.contract
    found = set()
    for training in contract.trainings.values():
        for name in training.done:
            if name != training.trainer:
                found.add((f"training/{training.name}", name))
    start = start_of_span(context)
    for override in contract.overrides:
        if override.end <= start:
            found |= {(f"override/{override.name}", name) for name in (override.away, override.instead) if name}
    return found


RULES = (
    Rule(
        code="OP312",
        family="people",
        severity=Severity.ERROR,
        title="A person is on duty before their training",
        why="The contract requires training before the first duty.",
        remedy="Hold the training first and record it under done, or put someone else on the roster.",
        find=_untrained,
    ),
    Rule(
        code="OP313",
        family="people",
        severity=Severity.ERROR,
        title="A person on duty is not in the required team",
        why="The roster requires people of this team.",
        remedy="Put a member of the team on the roster, or add the person to the team.",
        find=_wrong_team,
    ),
    Rule(
        code="OP314",
        family="people",
        severity=Severity.ERROR,
        title="A person on duty lacks a required certificate",
        why=(
            "The roster requires certified people on every day. A certificate that expires is reported 60 days ahead "
            "as a note, in the last 14 days as a warning, then as an error."
        ),
        remedy="Renew the certificate and record its last day, or put someone else on the roster.",
        find=_uncertified,
    ),
    Rule(
        code="OP317",
        family="people",
        severity=Severity.WARNING,
        title="A certificate has expired or expires soon",
        why="An examination has to be booked weeks ahead; reported 60 days ahead, in the last 14 as a warning.",
        remedy="Renew the certificate and record its last day (until), or remove it.",
        find=_certificate_ends,
    ),
    Rule(
        code="OP320",
        family="people",
        severity=Severity.WARNING,
        title="A policy references a person who has left or never starts",
        why="People who have left must not appear in documents or on hosts.",
        remedy="Remove the person from the policy, or correct their from and until.",
        find=_gone,
    ),
)
