"""Documents → desk: calendars, service levels, ladders and channels.

Comes in: documents and what is at hand. Goes out: their meaning.
"""

import re
from collections.abc import Mapping
from datetime import timedelta

from opspact.model.contract_parts import Desk
from opspact.model.policies.channels import Channels, Route
from opspact.model.policies.ladder import Ladder, Recipient, Rung
from opspact.model.policies.sla import Level, Milestone, PauseReason, Sla
from opspact.model.text import meant
from opspact.model.time.calendar import ALWAYS, Calendar, Length, always
from opspact.resolve import calendar
from opspact.resolve.context import Resolving, origin
from opspact.schema import kinds
from opspact.schema.documents.channels import Route as WrittenRoute
from opspact.schema.documents.ladder import Rung as WrittenRung
from opspact.schema.documents.sla import Level as WrittenLevel
from opspact.schema.documents.sla import Milestone as WrittenMilestone
from opspact.schema.read import Written
from opspact.schema.values.durations import Duration
from opspact.schema.values.recipients import Told
from opspact.schema.yaml.nodes import PathPart
from opspact.values.secret import SecretReference


def desk(at_hand: Resolving) -> Desk:
    """Given what is at hand, return what its documents mean; problems are noted there."""
    return Desk(
        calendars=_calendars(at_hand),
        slas={document.name: _sla(written, document, at_hand) for written, document in at_hand.of(kinds.Sla)},
        ladders={document.name: _ladder(written, document, at_hand) for written, document in at_hand.of(kinds.Ladder)},
        channels={
            document.name: _channels(written, document, at_hand) for written, document in at_hand.of(kinds.Channels)
        },
    )


def _calendars(at_hand: Resolving) -> Mapping[str, Calendar]:
    ((_, head),) = at_hand.of(kinds.Contract)
    found = {ALWAYS: always(head.zone)}
    for written, document in at_hand.of(kinds.Calendar):
        at_hand.problems.extend(calendar.problems(written, document))
        found[document.name] = calendar.calendar(written, document)
    return found


def _sla(written: Written, document: kinds.Sla, at_hand: Resolving) -> Sla:
    if document.channels is not None:
        at_hand.refer(written, "channels", document.channels, "channels")
    return Sla(
        name=document.name,
        text=meant(document.text, document.name),
        levels={name: _level(written, name, level, at_hand=at_hand) for name, level in document.levels.items()},
        channels=document.channels or "",
        warn_at=tuple(share.value for share in document.warn_at),
        pause_reasons={
            name: PauseReason(name, meant(reason.text, name), _time(reason.max), reason.needs or "")
            for name, reason in document.pause_reasons.items()
        },
        events={name: meant(text, name) for name, text in document.events.items()},
        origin=origin(written),
    )


def _time(written: Duration | None) -> timedelta | None:
    return None if written is None else timedelta(milliseconds=written.amount)


def _level(written: Written, name: str, level: WrittenLevel, *, at_hand: Resolving) -> Level:
    if level.ladder is not None:
        at_hand.refer(written, "ladder", level.ladder, "levels", name, "ladder")
    milestones = {}
    for which, milestone in level.milestones.written.items():
        here = ("levels", name, "milestones", which)
        at_hand.refer(written, "calendar", milestone.calendar, *here, "calendar")
        for index, roster in enumerate(milestone.rosters):
            at_hand.refer(written, "roster", roster, *here, "rosters", index)
        milestones[which] = _milestone(which, milestone)
    return Level(name, meant(level.means, name), level.ladder or "", milestones)


def _milestone(name: str, written: WrittenMilestone) -> Milestone:
    return Milestone(
        name, _within(written), written.calendar, written.after or "", rosters=written.rosters, pauses=written.pauses
    )


def _within(written: WrittenMilestone) -> Length:
    """Return a milestone's budget: hours are open hours of its calendar; days and weeks are days on the wall."""
    length = calendar.length(written.within)
    if length.kind == "elapsed" and written.calendar != ALWAYS and not re.search("day|week", length.text):
        return Length("business", length.time, text=length.text)
    return length


def _ladder(written: Written, document: kinds.Ladder, at_hand: Resolving) -> Ladder:
    last = document.last_resort
    return Ladder(
        name=document.name,
        text=meant(document.text, document.name),
        steps=tuple(_rung(written, step, index, at_hand=at_hand) for index, step in enumerate(document.steps)),
        holds=document.if_nobody == "hold",
        repeat=document.repeat,
        last_resort=_recipient(written, last, "last_resort", at_hand=at_hand) if last else None,
        origin=origin(written),
    )


def _rung(written: Written, step: WrittenRung, index: int, *, at_hand: Resolving) -> Rung:
    return Rung(
        tell=_recipient(written, step.tell, "steps", index, "tell", at_hand=at_hand),
        by=step.by,
        wait=step.wait.seconds if step.wait else 0,
        acknowledge_within=step.acknowledge_within.seconds if step.acknowledge_within else 0,
    )


def _channels(written: Written, document: kinds.Channels, at_hand: Resolving) -> Channels:
    routes = tuple(_route(written, route, index, at_hand=at_hand) for index, route in enumerate(document.routes))
    return Channels(document.name, meant(document.text, document.name), routes, origin(written))


def _route(written: Written, route: WrittenRoute, index: int, *, at_hand: Resolving) -> Route:
    path: tuple[PathPart, ...] = ("routes", index, "hours")
    at_hand.refer(written, "calendar", route.hours.calendar, *path, "calendar")
    for number, name in enumerate(route.hours.except_):
        at_hand.refer(written, "calendar", name, *path, "except", number)
    at = route.at or ""
    return Route(
        reach=meant(route.reach, route.answered_by.name),
        at=at if isinstance(at, str) else SecretReference(at.scheme, at.name),
        takes=route.takes,
        calendar=route.hours.calendar,
        closed=route.hours.except_,
        answered_by=_recipient(written, route.answered_by, "routes", index, "answered_by", at_hand=at_hand),
        by=route.by,
    )


def _recipient(written: Written, told: Told, *path: PathPart, at_hand: Resolving) -> Recipient:
    at_hand.refer(written, told.kind, told.name, *path)
    return Recipient(told.kind, told.name)
