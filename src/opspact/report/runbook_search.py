"""What a search in the knowledge base found, said.

In: matches, figures of runs. Out: lines, JSON.
"""

from collections.abc import Iterator, Mapping

from opspact.report.document import document
from opspact.report.lines import Line, line
from opspact.runbook.knowledge.run_stats import NO_RUNS, RunCount, RunStats
from opspact.runbook.knowledge.search import Found, Match
from opspact.structs import Struct
from opspact.text.counts import format_count
from opspact.text.durations import format_duration


class SearchReport(Struct):
    """What is shown of a search: at most `limit` matches. `stats` None: the ledger cannot be read."""

    query: str
    found: Found
    stats: Mapping[str, RunStats] | None
    limit: int


def search_lines(report: SearchReport, *, language: str) -> Iterator[Line]:
    """Given a report and the language of titles, yield its matches for people, the most likely first."""
    for typed, meant in report.found.corrections.items():
        yield line((f'searched for "{meant}" in place of "{typed}"', "quiet"))
    for match in report.found.matches[: report.limit]:
        yield from _match_lines(match, report.stats, language)
    left = len(report.found.matches) - report.limit
    if left > 0:
        yield line((f"{format_count(left, 'more match', 'more matches')}: use --limit", "quiet"))


def _match_lines(match: Match, stats: Mapping[str, RunStats] | None, language: str) -> Iterator[Line]:
    entry = match.entry
    yield line((f"{entry.kind}/{entry.name}", "title"), f"  {entry.title.in_language(language)}", hang=4)
    if match.symptom:
        yield line(f"symptom: {match.symptom}", indent=2, hang=2)
    yield line(f"runbook: {entry.runbook or 'none'}", indent=2)
    if entry.runbook:
        known = None if stats is None else stats.get(entry.runbook, NO_RUNS)
        yield line((_runs_text(known), "quiet"), indent=2, hang=2)


def _runs_text(stats: RunStats | None) -> str:
    if stats is None:
        return "earlier runs are unknown"
    parts = [
        _figures_text(stats.real, "run"),
        _figures_text(stats.drills, "drill"),
        f"{stats.unfinished} unfinished" if stats.unfinished else "",
    ]
    return "; ".join(filter(None, parts)) or "no runs yet"


def _figures_text(figures: RunCount, noun: str) -> str:
    if not figures.runs:
        return ""
    last = f"the last {format_count(figures.runs, noun)}" if figures.runs > 1 else f"1 {noun}"
    took = f", median time to cure {format_duration(figures.seconds)}" if figures.seconds is not None else ""
    return f"{figures.succeeded} of {last} succeeded{took}"


def search_json(report: SearchReport) -> str:
    """Given a report, return one JSON object, in which `stats` is null where the ledger cannot be read."""
    return document(
        "runbook-search",
        {
            "query": report.query,
            "corrections": dict(report.found.corrections),
            "matches": [_match_data(match, report.stats) for match in report.found.matches[: report.limit]],
            "suggestions": list(report.found.suggestions),
            "summary": {"matches": len(report.found.matches)},
        },
    )


def _match_data(match: Match, stats: Mapping[str, RunStats] | None) -> dict[str, object]:
    entry = match.entry
    known = stats.get(entry.runbook, NO_RUNS) if stats is not None and entry.runbook else None
    return {
        "kind": entry.kind.value,
        "name": entry.name,
        "title": {"zh": entry.title.zh, "en": entry.title.en},
        "field": match.field.name.lower(),
        "symptom": match.symptom or None,
        "runbook": entry.runbook or None,
        "stats": None
        if known is None
        else {
            "runs": _figures_data(known.real),
            "drills": _figures_data(known.drills),
            "unfinished": known.unfinished,
        },
    }


def _figures_data(figures: RunCount) -> dict[str, object]:
    return {"count": figures.runs, "succeeded": figures.succeeded, "median_seconds": figures.seconds}
