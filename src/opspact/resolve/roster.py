"""The kind `roster`: from the document to its meaning.

Comes in: the document, its context. Goes out: its meaning; problems are noted in the context.
"""

from itertools import pairwise
from zoneinfo import ZoneInfo

from opspact.model.policies.roster import IntendedGap, Requires, Roster, Rotation
from opspact.resolve.context import DocumentContext
from opspact.resolve.instants import check_instant, resolve_instant, resolve_interval
from opspact.schema import kinds
from opspact.text import suggestions


def resolve_roster(document: kinds.Roster, context: DocumentContext) -> Roster:
    """Given a roster as written, return its meaning."""
    context.refer("calendar", document.hours.calendar, "hours", "calendar")
    for name in document.hours.except_:
        context.refer("calendar", name, "hours", "except")
    context.refer_each("person", document.people, "people")
    return Roster(
        name=document.name,
        text=context.text,
        calendar=document.hours.calendar,
        closed=document.hours.except_,
        on_duty=document.on_duty,
        by=document.by,
        rotations=_rotations(document, context),
        people=document.people,
        is_standby=document.presence == "standby",
        requires=_requires(document, context),
        per_shift=document.limits.per_shift,
        per_week=document.limits.per_week,
        rest=document.limits.rest,
        gaps_intended=_gaps_intended(document, context),
        origin=context.origin(),
    )


def _rotations(document: kinds.Roster, context: DocumentContext) -> tuple[Rotation, ...]:
    """Return the rotations; note a problem where one does not begin after the one before it."""
    found = []
    for index, rotation in enumerate(document.rotation):
        context.refer_each("person", rotation.people, "rotation", index, "people")
        zone = rotation.zone or context.whole.contract.zone
        since = resolve_instant(rotation.since, ZoneInfo(zone))
        check_instant(rotation.since, ZoneInfo(zone), "rotation", index, "since", context=context)
        found.append(Rotation(rotation.people, rotation.handover, since, zone))
    for index, (one, next_) in enumerate(pairwise(found), start=1):
        if next_.since <= one.since:
            message = "this rotation does not start after the previous one"
            context.problem("OP121", message, "rotation", index, "since", hint="sort the rotations by since")
    return tuple(found)


def _requires(document: kinds.Roster, context: DocumentContext) -> Requires:
    requires = document.requires
    context.refer_each("team", requires.teams, "requires", "teams")
    context.refer_each("training", requires.trainings, "requires", "trainings")
    held = {certificate.name for person in context.whole.of(kinds.Person) for certificate in person.certificates}
    for index, name in enumerate(requires.certificates):
        if name not in held:
            message = f'nobody holds a certificate "{name}"'
            hint = suggestions.did_you_mean(name, held)
            context.problem("OP122", message, "requires", "certificates", index, hint=hint)
    return Requires(requires.teams, requires.trainings, requires.certificates)


def _gaps_intended(document: kinds.Roster, context: DocumentContext) -> tuple[IntendedGap, ...]:
    return tuple(
        IntendedGap(
            *resolve_interval(gap.from_, gap.to, "gaps_intended", index, context=context),
            reason=gap.reason,
            agreed_by=gap.agreed_by,
        )
        for index, gap in enumerate(document.gaps_intended)
    )
