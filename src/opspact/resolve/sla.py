"""The kind `sla`: from the document to its meaning.

Comes in: the document, its context. Goes out: its meaning; problems are noted in the context.
"""

import re

from opspact.model.policies.sla import Level, Milestone, PauseReason, Sla
from opspact.model.text import complete_text
from opspact.model.time.calendar import ALWAYS
from opspact.resolve.context import DocumentContext
from opspact.schema import kinds
from opspact.schema.documents import sla as written_sla
from opspact.values.duration import Duration


def resolve_sla(document: kinds.Sla, context: DocumentContext) -> Sla:
    """Given service levels as written, return their meaning."""
    if document.channels is not None:
        context.refer("channels", document.channels, "channels")
    return Sla(
        name=document.name,
        text=context.text,
        levels={name: _level(name, level, context) for name, level in document.levels.items()},
        channels=document.channels or "",
        warn_at=document.warn_at,
        pause_reasons={
            name: PauseReason(name, complete_text(reason.text, name), reason.max, reason.needs or "")
            for name, reason in document.pause_reasons.items()
        },
        events={name: complete_text(text, name) for name, text in document.events.items()},
        origin=context.origin(),
    )


def _level(name: str, level: written_sla.Level, context: DocumentContext) -> Level:
    if level.ladder is not None:
        context.refer("ladder", level.ladder, "levels", name, "ladder")
    milestones = {}
    for which, milestone in level.milestones.by_name.items():
        path = ("levels", name, "milestones", which)
        context.refer("calendar", milestone.calendar, *path, "calendar")
        context.refer_each("roster", milestone.rosters, *path, "rosters")
        milestones[which] = Milestone(
            name=which,
            within=_within(milestone),
            calendar=milestone.calendar,
            after=milestone.after or "",
            rosters=milestone.rosters,
            pauses=milestone.pauses,
        )
    return Level(name, complete_text(level.means, name), level.ladder or "", milestones)


def _within(written: written_sla.Milestone) -> Duration:
    """Return a milestone's budget: hours are open hours of its calendar; days and weeks are days on the wall."""
    budget = written.within
    if budget.kind == "elapsed" and written.calendar != ALWAYS and not re.search("day|week", budget.text):
        return Duration(budget.text, "business", budget.amount)
    return budget
