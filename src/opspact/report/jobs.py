"""Results of jobs, shown: what each host's runs left, what collecting gave, how inspections stand.

In: results, judged obligations. Out: lines, JSON.
"""

from collections.abc import Iterable, Iterator, Sequence
from zoneinfo import ZoneInfo

from opspact.evidence.assessment import Judged
from opspact.evidence.open_finding import OpenFinding
from opspact.fleet.failures import HostLost
from opspact.jobs.collection import Collection
from opspact.jobs.run import Answer
from opspact.ledger.canonical import time_text
from opspact.ledger.job_events import ResultsLost
from opspact.model.job import RESTORE
from opspact.model.result import Outcome, Result, Verdict
from opspact.obligations.obligation import CheckSource, JobSource
from opspact.report.document import document
from opspact.report.lines import Line, line
from opspact.report.obligations import group_lines, grouped, obligation_data
from opspact.report.open_findings import VERDICT_MEANINGS, open_finding_lines, open_findings_data
from opspact.structs import Struct
from opspact.text.counts import format_count
from opspact.text.instants import format_minute_with_offset
from opspact.text.names import list_names


def result_lines(results: Iterable[Result], zone: ZoneInfo) -> Iterator[Line]:
    """Given results and the zone for people, yield a line for each, and below it what it saw."""
    for result in results:
        at = result.ended or result.started
        failed = "" if result.outcome is Outcome.DONE else f" ({result.outcome})"
        yield line(
            (f"{result.host}  ", "title"),
            (
                f"{result.verdict}{failed}",
                "bad" if result.outcome is Outcome.FAILED else VERDICT_MEANINGS[result.verdict],
            ),
            f"  {result.job}",
            (f"  {format_minute_with_offset(at, zone)}" if at else "", "quiet"),
            hang=4,
        )
        if result.message and not result.items:
            yield line(result.message, indent=2)
        for item in result.items:
            subject = f" {item.subject}" if item.subject else ""
            yield line(
                (f"{item.verdict:<8}", VERDICT_MEANINGS[item.verdict]),
                f"  {item.item}{subject}: {item.message}",
                indent=2,
                hang=10,
            )
        if result.lost:
            yield line((f"{format_count(result.lost, 'earlier result')} lost on the host", "doubt"), indent=2)


def answer_lines(answers: Sequence[tuple[str, str, Answer]], zone: ZoneInfo) -> list[Line]:
    """Given what running jobs gave (job, host, answer) and the zone, return it for people, and how many went well."""
    lines: list[Line] = []
    for job, host, answer in answers:
        if isinstance(answer, Result):
            lines += result_lines([answer], zone)
        else:
            why = answer.detail if isinstance(answer, HostLost) else answer
            lines.append(line((f"{host}  ", "title"), ("no result", "bad"), f"  {job}: {why}", hang=4))
    return [*lines, line(), *_tally([answer for _, _, answer in answers])]


def _tally(answers: Sequence[Answer]) -> Iterator[Line]:
    states: dict[str, int] = {}
    for answer in answers:
        state = _state(answer)
        states[state] = states.get(state, 0) + 1
    counts = ", ".join(f"{number:,} {state}" for state, number in states.items())
    yield line((f"{format_count(len(answers), 'run')}: ", "title"), counts)


def _state(answer: Answer) -> str:
    """Return in a word or two what a run came to."""
    if not isinstance(answer, Result):
        return "no result"
    return str(answer.verdict) if answer.outcome is Outcome.DONE else str(answer.outcome)


def answers_json(name: str, answers: Sequence[tuple[str, str, Answer]]) -> str:
    """Given a document's name and what running jobs gave, return one JSON object."""
    return document(name, {"results": [_answer_data(*answer) for answer in answers]})


def _answer_data(job: str, host: str, answer: Answer) -> dict[str, object]:
    if isinstance(answer, Result):
        return result_data(answer)
    why = answer.detail if isinstance(answer, HostLost) else answer
    return {"host": host, "job": job, "outcome": "no result", "message": why}


def result_data(result: Result) -> dict[str, object]:
    """Given a result, return it as data; times in UTC."""
    copy = {"name": result.copy.name, "started": time_text(result.copy.started)} if result.copy else None
    return {
        "host": result.host,
        "job": result.job,
        "spool": result.spool,
        "sequence": result.sequence,
        "started": time_text(result.started) if result.started else None,
        "ended": time_text(result.ended) if result.ended else None,
        "outcome": result.outcome,
        "verdict": result.verdict,
        "message": result.message,
        "items": [
            {"item": each.item, "subject": each.subject, "verdict": each.verdict, "message": each.message, **each.facts}
            for each in result.items
        ],
        "lost": result.lost,
        "copy": copy,
        "facts": dict(result.facts),
        "died": result.died,
        "damaged": result.damaged,
        "clock_ahead": result.clock_ahead,
    }


def collected_lines(collection: Collection, zone: ZoneInfo) -> list[Line]:
    """Given what collecting gave and the zone for people, return what is not ok in it, what is lost, and counts.

    What was restored somebody waits for: it is shown in any case.
    """
    newest = sorted(collection.newest.values(), key=lambda one: (one.host, one.job))
    lines = list(result_lines((one for one in newest if _state(one) != Verdict.OK or one.kind == RESTORE.name), zone))
    lines += map(_lost_line, collection.lost)
    for host, problems in collection.problems.items():
        lines += [line((f"{host}  ", "title"), ("not read", "bad"), f"  {problem}", hang=4) for problem in problems]
    lines += [
        line((f"{name}  ", "title"), (one.reach.value, "bad"), f"  {one.detail}", hang=4)
        for name, one in collection.unreached.items()
    ]
    return [*lines, *_collected_tally(collection)]


def _lost_line(lost: ResultsLost) -> Line:
    count = lost.last - lost.first + 1
    numbers = f"number {lost.first}" if count == 1 else f"numbers {lost.first} to {lost.last}"
    detail = f"  {lost.job}: {format_count(count, 'result')} ({numbers}) deleted on the host before collection"
    return line((f"{lost.host}  ", "title"), ("lost", "bad"), detail, hang=4)


def _collected_tally(collection: Collection) -> Iterator[Line]:
    hosts = format_count(len({host for _, host in collection.newest}), "host")
    verdicts = ", ".join(f"{collection.verdicts[one]:,} {one}" for one in Verdict if collection.verdicts[one])
    parts = [f" from {hosts}" + (f": {verdicts}" if verdicts else "")]
    parts += [f"{format_count(len(collection.unreached), 'host')} not reached"] if collection.unreached else []
    if collection.not_applied:
        parts.append(f"no jobs applied on {list_names(sorted(collection.not_applied))}")
    yield line((format_count(collection.verdicts.total(), "new result"), "title"), "; ".join(parts))


def collected_json(collection: Collection) -> str:
    """Given what collecting gave, return one JSON object; `results`: the newest of each job on each host."""
    unreached = [
        {"name": name, "reach": one.reach.value, "detail": one.detail} for name, one in collection.unreached.items()
    ]
    lost = [
        {"host": one.host, "job": one.job, "spool": one.spool, "first": one.first, "last": one.last}
        for one in collection.lost
    ]
    return document(
        "inspect-collect",
        {
            "new": {str(verdict): collection.verdicts[verdict] for verdict in Verdict},
            "results": [result_data(one) for _, one in sorted(collection.newest.items())],
            "lost": lost,
            "unreached": unreached,
            "problems": [{"name": name, "problems": each} for name, each in collection.problems.items()],
            "not_applied": collection.not_applied,
        },
    )


class InspectionReport(Struct):
    """The newest results of inspections, what these found and is still open, and all that is owed of inspections."""

    results: Sequence[Result]
    findings: Sequence[OpenFinding]
    judged: Sequence[Judged]


def job_of(judged: Judged) -> tuple[str, str] | None:
    """Given an obligation, return the job and the host whose results are its evidence, or whose steps are checked.

    None: it has nothing to do with a job. An inspection's policy and its job have the same name.
    """
    match judged.obligation.source:
        case JobSource(job, host) | CheckSource(job, host):
            return job, host
    return None


def inspection_lines(shown: InspectionReport, zone: ZoneInfo) -> Iterator[Line]:
    """Given inspections and the zone for people, yield results with their obligations, and those of devices.

    What no result is known of follows; then what is still open and does not stand in the newest result: that inspection
    was not carried out, or nobody has read the log review yet.
    """
    for result in shown.results:
        yield from result_lines([result], zone)
        for group in grouped(each for each in shown.judged if job_of(each) == (result.job, result.host)):
            for each in group_lines(group, zone, policy=group[0].obligation.policy != result.job):
                yield Line(each.parts, each.indent + 2, each.hang)
    known = {(result.job, result.host) for result in shown.results}
    for group in grouped(each for each in shown.judged if job_of(each) not in known):
        yield from group_lines(group, zone)
    made = {(one.job, one.host): one.ended for one in shown.results if one.outcome is Outcome.DONE}
    if earlier := [one for one in shown.findings if made.get((one.policy, one.host)) != one.at]:
        yield line()
        yield line((f"open findings of earlier inspections and log reviews ({len(earlier):,})", "doubt"))
        yield from open_finding_lines(earlier, zone)


def inspection_json(shown: InspectionReport) -> str:
    """Given inspections, return one JSON object; `findings`: all that is still open, of whichever inspection."""
    return document(
        "inspect-show",
        {
            "results": [result_data(each) for each in shown.results],
            "findings": open_findings_data(shown.findings),
            "obligations": [obligation_data(each) for each in shown.judged],
        },
    )
