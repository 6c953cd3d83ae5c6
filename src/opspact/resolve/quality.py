"""Documents → indicators of quality, reviews and flows.

Comes in: documents and what is at hand. Goes out: their meaning.
"""

from dataclasses import asdict

from opspact.model.policies.flow import Flow, FlowStep
from opspact.model.policies.quality import Quality, Sampling, Target
from opspact.model.policies.review import Review
from opspact.model.text import meant
from opspact.resolve.context import Resolving, origin
from opspact.resolve.references import refer_to_actor, refer_to_level, refer_to_milestone
from opspact.resolve.values import schedule
from opspact.schema import kinds
from opspact.schema.read import Written

_FIGURES = {"%": "share", "": "count"}
_KIND_MEASURED = {"drill": "backup"}


def qualities(at_hand: Resolving) -> tuple[Quality, ...]:
    """Given what is at hand, return its indicators; problems are noted there."""
    return tuple(_quality(written, found, at_hand) for written, found in at_hand.of(kinds.Quality))


def reviews(at_hand: Resolving) -> tuple[Review, ...]:
    """Given what is at hand, return its reviews; problems are noted there."""
    found = []
    for written, document in at_hand.of(kinds.Review):
        refer_to_actor(at_hand, written, document.led_by, path=("led_by",))
        for index, name in enumerate(document.attended_by):
            refer_to_actor(at_hand, written, name, path=("attended_by", index))
        found.append(
            Review(
                name=document.name,
                text=meant(document.text, document.name),
                schedule=schedule(document.schedule),
                led_by=document.led_by,
                attended_by=document.attended_by,
                inputs=document.inputs,
                record_within=document.record_within.seconds,
                origin=origin(written),
            )
        )
    return tuple(found)


def flows(at_hand: Resolving) -> tuple[Flow, ...]:
    """Given what is at hand, return its flows; problems are noted there."""
    return tuple(_flow(written, found, at_hand) for written, found in at_hand.of(kinds.Flow))


def _quality(written: Written, document: kinds.Quality, at_hand: Resolving) -> Quality:
    measure = document.measure
    measures = next(iter(measure.model_fields_set - {"level", "over"}))
    of = str(getattr(measure, measures))
    if measures == "milestone":
        refer_to_milestone(at_hand, written, of, path=("measure", measures))
    elif measures != "count":
        at_hand.refer(written, _KIND_MEASURED.get(measures, measures), of, "measure", measures)
    for index, level in enumerate(measure.level):
        refer_to_level(at_hand, written, level, path=("measure", "level", index))
    sample = document.sample
    return Quality(
        name=document.name,
        text=meant(document.text, document.name),
        stage=meant(document.stage, document.name) if document.stage else None,
        target=Target(**asdict(document.target)),
        measures=measures,
        of=of,
        levels=measure.level,
        over=measure.over,
        figure=document.figure or _FIGURES[document.target.unit],
        method=meant(document.method, document.name) if document.method else None,
        chart=document.chart or "",
        sample=Sampling(sample.quality_limit.value, sample.level) if sample else None,
        origin=origin(written),
    )


def _flow(written: Written, document: kinds.Flow, at_hand: Resolving) -> Flow:
    for index, name in enumerate(document.services):
        at_hand.refer(written, "service", name, "services", index)
    for index, name in enumerate(document.inspections):
        at_hand.refer(written, "inspection", name, "inspections", index)
    if document.roster:
        at_hand.refer(written, "roster", document.roster, "roster")
    following = [*(step.name for step in document.steps[1:]), "end"]
    steps = []
    for index, step in enumerate(document.steps):
        refer_to_actor(at_hand, written, step.by, path=("steps", index, "by"))
        then = step.then or following[index]
        if step.approval:
            at_hand.refer(written, "approval", step.approval, "steps", index, "approval")
        for number, level in enumerate(step.level):
            refer_to_level(at_hand, written, level, path=("steps", index, "level", number))
        steps.append(
            FlowStep(
                name=step.name,
                text=meant(step.text, step.name),
                by=step.by,
                then=then,
                otherwise=step.otherwise or "",
                records=step.records,
                levels=step.level,
                approval=step.approval or "",
            )
        )
    return Flow(
        name=document.name,
        text=meant(document.text, document.name),
        services=document.services,
        way=document.way,
        cases=document.cases or "",
        roster=document.roster or "",
        inspections=document.inspections,
        steps=tuple(steps),
        origin=origin(written),
    )
