"""Work beside duty that policies assign to people: inspections that somebody reads, stock counts, trainings, visits.

Comes in: documents. Goes out: work that takes a known time.
"""

from collections.abc import Iterator

from opspact.model.roster.assigned_work import AssignedWork
from opspact.resolve.context import Context
from opspact.schema import kinds
from opspact.values.duration import Duration
from opspact.values.schedule import Schedule


def assigned_work(context: Context) -> Iterator[AssignedWork]:
    """Given a contract as written, yield the work beside duty that takes a known time."""
    for inspection in context.of(kinds.Inspection):
        if inspection.read_by is not None:
            due, takes = inspection.schedule, inspection.takes
            yield from _work(context, inspection, by=inspection.read_by, due=due, takes=takes)
    for training in context.of(kinds.Training):
        if training.before is not None:
            yield from _work(context, training, by=training.trainer, due=training.before, takes=training.takes)
    for spare in context.of(kinds.Spare):
        yield from _work(context, spare, by=spare.owner, due=spare.checked, takes=spare.takes)
    for visit in context.of(kinds.Visit):
        yield from _work(context, visit, by=visit.by, due=visit.schedule, takes=visit.takes)


def _work(
    context: Context, document: kinds.AnyDocument, *, by: str, due: Schedule, takes: Duration | None
) -> Iterator[AssignedWork]:
    if takes is not None:
        policy = f"{document.kind}/{document.name}"
        yield AssignedWork(policy, by, context.people_called((by,)), due, takes)
