"""Documents → duty: teams, rosters, overrides, trainings, visits and staffing.

Comes in: documents and what is at hand. Goes out: their meaning.
"""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from itertools import pairwise
from zoneinfo import ZoneInfo

from opspact.model.contract_parts import Duty
from opspact.model.policies.chore import Chore
from opspact.model.policies.override import Override
from opspact.model.policies.roster import ALWAYS, IntendedGap, Requires, Roster, Rotation
from opspact.model.policies.staffing import Staffing
from opspact.model.policies.team import Bounds, Team
from opspact.model.policies.training import Training
from opspact.model.policies.visit import Visit
from opspact.model.text import meant
from opspact.resolve.context import Resolving, origin
from opspact.resolve.values import schedule
from opspact.schema import kinds
from opspact.schema.documents.team import Headcount
from opspact.schema.read import Written
from opspact.schema.values.durations import Duration
from opspact.schema.values.schedules import Schedule as WrittenSchedule
from opspact.schema.yaml.nodes import PathPart
from opspact.text import suggestions


def duty(at_hand: Resolving) -> Duty:
    """Given what is at hand, return what its documents mean; problems are noted there."""
    ((_, head),) = at_hand.of(kinds.Contract)
    zone = ZoneInfo(head.zone)
    return Duty(
        teams={document.name: _team(written, document) for written, document in at_hand.of(kinds.Team)},
        rosters={
            document.name: _roster(written, document, at_hand, zone=zone)
            for written, document in at_hand.of(kinds.Roster)
        },
        overrides=tuple(_override(*each, at_hand, zone=zone) for each in at_hand.of(kinds.Override)),
        trainings={
            document.name: _training(written, document, at_hand) for written, document in at_hand.of(kinds.Training)
        },
        visits=tuple(_visit(*each, at_hand) for each in at_hand.of(kinds.Visit)),
        staffings=tuple(_staffing(*each, at_hand) for each in at_hand.of(kinds.Staffing)),
        chores=tuple(_chores(at_hand)),
    )


def _team(written: Written, document: kinds.Team) -> Team:
    return Team(
        name=document.name,
        text=meant(document.text, document.name),
        headcount=_bounds(document.headcount),
        duties=tuple(meant(text, document.name) for text in document.duties),
        origin=origin(written),
    )


def _roster(written: Written, document: kinds.Roster, at_hand: Resolving, *, zone: ZoneInfo) -> Roster:
    _calendar(written, document.hours.calendar, "hours", "calendar", at_hand=at_hand)
    for name in document.hours.except_:
        _calendar(written, name, "hours", "except", at_hand=at_hand)
    _names(written, "person", document.people, "people", at_hand=at_hand)
    return Roster(
        name=document.name,
        text=meant(document.text, document.name),
        calendar=document.hours.calendar,
        closed=document.hours.except_,
        on_duty=document.on_duty,
        by=document.by,
        rotations=_rotations(written, document, at_hand, zone=zone),
        people=document.people,
        is_standby=document.presence == "standby",
        requires=_requires(written, document, at_hand),
        per_shift=_seconds(document.limits.per_shift),
        per_week=_seconds(document.limits.per_week),
        rest=_seconds(document.limits.rest),
        gaps_intended=tuple(
            IntendedGap(
                *_interval(written, gap.from_, gap.to, "gaps_intended", index, zone=zone, at_hand=at_hand),
                reason=gap.reason,
                agreed_by=gap.agreed_by,
            )
            for index, gap in enumerate(document.gaps_intended)
        ),
        origin=origin(written),
    )


def _rotations(written: Written, document: kinds.Roster, at_hand: Resolving, *, zone: ZoneInfo) -> tuple[Rotation, ...]:
    """Return the rotations; note a problem where one does not begin after the one before it."""
    found = []
    for index, rotation in enumerate(document.rotation):
        _names(written, "person", rotation.people, "rotation", index, "people", at_hand=at_hand)
        found.append(Rotation(rotation.people, schedule(rotation.handover), _utc(rotation.since, zone)))
    for index, (one, next_) in enumerate(pairwise(found), start=1):
        if next_.since <= one.since:
            message = "this rotation does not begin after the one before it"
            at_hand.problem(written, "OP121", message, path=("rotation", index, "since"), hint="put them in order")
    return tuple(found)


def _requires(written: Written, document: kinds.Roster, at_hand: Resolving) -> Requires:
    requires = document.requires
    _names(written, "team", requires.teams, "requires", "teams", at_hand=at_hand)
    _names(written, "training", requires.trainings, "requires", "trainings", at_hand=at_hand)
    held = {certificate.name for _, person in at_hand.of(kinds.Person) for certificate in person.certificates}
    for index, name in enumerate(requires.certificates):
        if name not in held:
            message = f'nobody has a certificate "{name}"'
            path = ("requires", "certificates", index)
            at_hand.problem(written, "OP122", message, path=path, hint=suggestions.did_you_mean(name, held))
    return Requires(requires.teams, requires.trainings, requires.certificates)


def _override(written: Written, document: kinds.Override, at_hand: Resolving, *, zone: ZoneInfo) -> Override:
    _names(written, "roster", document.roster, "roster", at_hand=at_hand)
    at_hand.refer(written, "person", document.away, "away")
    if document.instead is not None:
        at_hand.refer(written, "person", document.instead, "instead")
    start, end = _interval(written, document.from_, document.to, zone=zone, at_hand=at_hand)
    return Override(
        name=document.name,
        rosters=document.roster,
        start=start,
        end=end,
        away=document.away,
        instead=document.instead,
        reason=document.reason,
        origin=origin(written),
    )


def _training(written: Written, document: kinds.Training, at_hand: Resolving) -> Training:
    for index, name in enumerate(document.audience):
        at_hand.refer(written, ("team", "person"), name, "audience", index)
    at_hand.refer(written, ("team", "person"), document.trainer, "trainer")
    for name in document.done:
        at_hand.refer(written, "person", name, "done", name)
    return Training(
        name=document.name,
        text=meant(document.text, document.name),
        audience=_people(document.audience, at_hand),
        users=tuple(meant(text, document.name) for text in document.users),
        schedule=schedule(document.before) if document.before else None,
        stage=meant(document.stage, document.name) if document.stage else None,
        content=meant(document.content, document.name),
        trainer=document.trainer,
        takes=_seconds(document.takes),
        done=document.done,
        origin=origin(written),
    )


def _visit(written: Written, document: kinds.Visit, at_hand: Resolving) -> Visit:
    at_hand.refer(written, ("team", "person"), document.by, "by")
    return Visit(
        name=document.name,
        text=meant(document.text, document.name),
        schedule=schedule(document.schedule),
        by=document.by,
        takes=_seconds(document.takes),
        origin=origin(written),
    )


def _staffing(written: Written, document: kinds.Staffing, at_hand: Resolving) -> Staffing:
    _names(written, "team", document.teams, "teams", at_hand=at_hand)
    _names(written, "person", document.people, "people", at_hand=at_hand)
    _names(written, "roster", document.rosters, "rosters", at_hand=at_hand)
    return Staffing(
        name=document.name,
        people=_people((*document.teams, *document.people), at_hand),
        resident=_bounds(document.resident),
        rosters=document.rosters,
        on_site=_bounds(document.on_site),
        origin=origin(written),
    )


def _chores(at_hand: Resolving) -> Iterator[Chore]:
    """Yield the work beside duty that takes a known time."""
    for written, inspection in at_hand.of(kinds.Inspection):
        if inspection.read_by is not None:
            at_hand.refer(written, ("team", "person"), inspection.read_by, "read_by")
            yield from _chore(written, inspection.read_by, inspection.schedule, takes=inspection.takes, at_hand=at_hand)
    for written, training in at_hand.of(kinds.Training):
        if training.before is not None:
            yield from _chore(written, training.trainer, training.before, takes=training.takes, at_hand=at_hand)
    for written, visit in at_hand.of(kinds.Visit):
        yield from _chore(written, visit.by, visit.schedule, takes=visit.takes, at_hand=at_hand)


def _chore(
    written: Written, by: str, due: WrittenSchedule, *, takes: Duration | None, at_hand: Resolving
) -> Iterator[Chore]:
    if takes is not None:
        yield Chore(origin(written).policy, by, _people([by], at_hand), schedule(due), takes.seconds)


def _names(written: Written, kind: str, names: Iterable[str], *path: PathPart, at_hand: Resolving) -> None:
    """Note each reference of a list, and a problem for each name that nobody has."""
    for index, name in enumerate(names):
        at_hand.refer(written, kind, name, *path, index)


def _calendar(written: Written, name: str, *path: PathPart, at_hand: Resolving) -> None:
    """Note the reference to a calendar; the one that is never closed need not be written."""
    if name != ALWAYS or name in at_hand.names("calendar"):
        at_hand.refer(written, "calendar", name, *path)


def _people(names: Iterable[str], at_hand: Resolving) -> tuple[str, ...]:
    """Given names of teams and people, return the people, each once, in the order of their names."""
    wanted = set(names)
    return tuple(
        person.name for _, person in at_hand.of(kinds.Person) if person.name in wanted or wanted & set(person.teams)
    )


def _interval(
    written: Written, start: datetime, end: datetime, *path: PathPart, zone: ZoneInfo, at_hand: Resolving
) -> tuple[datetime, datetime]:
    """Return both instants in UTC; note a problem when nothing lies between them."""
    first, last = _utc(start, zone), _utc(end, zone)
    if last <= first:
        at_hand.problem(written, "OP120", "it ends before it begins", path=(*path, "to"))
    return first, last


def _utc(written: datetime, zone: ZoneInfo) -> datetime:
    """Given an instant as written, return it in UTC; without an offset it is in the contract's zone."""
    return (written if written.tzinfo else written.replace(tzinfo=zone)).astimezone(UTC)


def _bounds(headcount: Headcount | None) -> Bounds | None:
    return Bounds(headcount.min, headcount.max) if headcount else None


def _seconds(duration: Duration | None) -> float | None:
    return duration.seconds if duration else None
