"""The kind `quality`: from the document to its meaning.

Comes in: the document, its context. Goes out: its meaning; problems are noted in the context.
"""

from opspact.model.policies.quality import Quality, Sampling
from opspact.model.text import complete_text
from opspact.resolve.context import DocumentContext
from opspact.resolve.references import refer_to_level, refer_to_milestone
from opspact.schema import kinds
from opspact.schema.documents import quality as written_quality

_FIGURES = {"%": "share", "": "count"}
_KIND_MEASURED = {"drill": "backup"}


def resolve_quality(document: kinds.Quality, context: DocumentContext) -> Quality:
    """Given an indicator as written, return its meaning."""
    measure, sample = document.measure, document.sample
    measures, of = _measured(measure, context)
    return Quality(
        name=document.name,
        text=context.text,
        stage=complete_text(document.stage, document.name) if document.stage else None,
        target=document.target,
        measures=measures,
        of=of,
        levels=measure.level,
        over=measure.over,
        figure=document.figure or _FIGURES[document.target.unit],
        method=complete_text(document.method, document.name) if document.method else None,
        chart=document.chart or "",
        sample=Sampling(sample.quality_limit, sample.level) if sample else None,
        origin=context.origin(),
    )


def _measured(measure: written_quality.Measure, context: DocumentContext) -> tuple[str, str]:
    """Return what is measured and of which name; note the references to it and to levels of faults."""
    measures = next(iter(measure.model_fields_set - {"level", "over"}))
    of = str(getattr(measure, measures))
    if measures == "milestone":
        refer_to_milestone(of, "measure", measures, context=context)
    elif measures != "count":
        context.refer(_KIND_MEASURED.get(measures, measures), of, "measure", measures)
    for index, level in enumerate(measure.level):
        refer_to_level(level, "measure", "level", index, context=context)
    return measures, of
