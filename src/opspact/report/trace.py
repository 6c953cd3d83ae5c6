"""Clauses and their evidence, said.

Comes in: a trace, the time. Goes out: lines, JSON.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from opspact.evidence.trace import Asked, AskedAs, ClauseTrace, Evidence, PolicyTrace, Standing, StepTrace, Trace
from opspact.ledger.canonical import time_text
from opspact.report.document import counted, document
from opspact.report.lines import Line, line
from opspact.report.trace_steps import (
    MOST_STEPS,
    host_lines,
    policy_step_lines,
    question_lines,
    step_data,
    step_with_origins,
    subject_lines,
)

_MEANINGS = {
    Standing.PROVED: "good",
    Standing.FAILED: "bad",
    Standing.STALE: "doubt",
    Standing.UNPROVED: "quiet",
    Standing.UNKEPT: "bad",
}
_WIDEST = 9


def trace_lines(trace: Trace, now: datetime, zone: ZoneInfo, *, language: str) -> Iterator[Line]:
    """Given a trace, the time, the zone and the language of texts, yield a line a clause, and figures at the end."""
    for traced in trace.clauses:
        standing = traced.standing(now)
        newest = traced.newest()
        said = f", {newest.kind} {_local(newest.at, zone)}" if newest else ""
        yield line(
            (f"{traced.clause.name:<4}", "title"),
            (f"{standing.value:<{_WIDEST}}", _MEANINGS[standing]),
            f" {traced.clause.text.in_language(language)}",
            (f" ({counted(len(traced.policies), 'policy', 'policies')}{said})", "quiet"),
            hang=_WIDEST + 5,
        )
    yield line()
    yield line(_figures(trace, now))
    if trace.unclaimed:
        named = ", ".join(str(traced.policy) for traced in trace.unclaimed)
        yield line((f"{counted(len(trace.unclaimed), 'policy keeps', 'policies keep')} no clause: ", "doubt"), named)


def asked_lines(asked: Asked, steps: Sequence[StepTrace], now: datetime, *, zone: ZoneInfo) -> Iterator[Line]:
    """Given what is asked for, the steps concerned, the time and the zone, yield all that is known of it."""
    match asked.taken_as:
        case AskedAs.CLAUSE:
            yield from _clause_lines(asked.clauses[0], now)
            for each in asked.policies:
                yield line()
                yield from _policy_lines(each, zone)
                yield from policy_step_lines(each, steps, most=MOST_STEPS)
        case AskedAs.POLICY:
            yield from _policy_lines(asked.policies[0], zone)
            yield from policy_step_lines(asked.policies[0], steps)
        case AskedAs.HOST:
            yield from host_lines(asked.name, steps, zone)
        case AskedAs.STEP:
            yield from subject_lines(steps, zone)
    yield from question_lines(steps)


def _clause_lines(traced: ClauseTrace, now: datetime) -> Iterator[Line]:
    clause, standing = traced.clause, traced.standing(now)
    yield line((f"{clause.name}  ", "title"), (standing.value, _MEANINGS[standing]), f"  section {clause.section}")
    for text in (clause.text.zh, clause.text.en):
        yield line(text, indent=2)
    yield line(f"kept by {clause.kept_by}; written at {clause.origin.place}", indent=2)
    if not traced.policies:
        yield line(("no policy keeps it: name it in the `clauses` of one", "bad"), indent=2)


def _policy_lines(traced: PolicyTrace, zone: ZoneInfo) -> Iterator[Line]:
    """Yield one policy's clauses, its steps and checks in numbers, and the evidence."""
    origin = traced.policy.origin
    clauses = ", ".join(origin.clauses) or "no clause"
    yield line((str(traced.policy), "title"), f"  {origin.place}  keeps {clauses}")
    if traced.steps:
        kinds = ", ".join(f"{number} {kind}" for kind, number in traced.steps.items())
        yield line(f"steps on {counted(len(traced.hosts), 'host')}: {kinds}", indent=2, hang=2)
        checks = traced.checks
        yield line(f"checks: {checks.ok} ok, {checks.failed} failed, {checks.unknown} unknown", indent=2)
    else:
        yield line(("asks nothing of hosts", "quiet"), indent=2)
    for evidence in traced.evidence:
        yield line("evidence: ", *_evidence(evidence, zone), indent=2, hang=2)
    if not traced.evidence:
        yield line(("evidence: nothing was recorded yet", "quiet"), indent=2)


def _evidence(evidence: Evidence, zone: ZoneInfo) -> Sequence[str | tuple[str, str]]:
    missing = f"; never heard of {counted(evidence.missing, 'host')}" if evidence.missing else ""
    good = (evidence.words, "good" if evidence.is_good else "bad")
    return (f"{evidence.kind} {_local(evidence.at, zone)}, ", good, missing)


def _figures(trace: Trace, now: datetime) -> str:
    kept = sum(bool(traced.policies) for traced in trace.clauses)
    standing = ", ".join(f"{number} {each.value}" for each, number in trace.count(now).items() if number)
    return f"{kept} of {counted(len(trace.clauses), 'clause')} kept by at least one policy: {standing}"


def _local(at: datetime, zone: ZoneInfo) -> str:
    return at.astimezone(zone).isoformat(timespec="minutes")


def trace_json(trace: Trace, policies: Iterable[PolicyTrace], now: datetime) -> str:
    """Given a trace and its policies, return one JSON object: clauses with their policies' names, policies in full."""
    return document("trace", _content(trace.clauses, [_policy_object(traced) for traced in policies], now))


def asked_json(asked: Asked, steps: Sequence[StepTrace], now: datetime) -> str:
    """Given what is asked for and the steps concerned, return one JSON object, as `trace_json` does.

    `asked` says what the name was taken for. Each policy has its `step_list`; for a host or a step there is one, with
    the policies and clauses of each.
    """
    policies = [
        {**_policy_object(each), "step_list": [step_data(one) for one in steps if each.asks_for(one.step)]}
        for each in asked.policies
    ]
    back = asked.taken_as in {AskedAs.HOST, AskedAs.STEP}
    beside = {"step_list": list(map(step_with_origins, steps))} if back else {}
    told = {"asked": {"name": asked.name, "taken_as": asked.taken_as.value}}
    return document("trace", told | _content(asked.clauses, policies, now) | beside)


def _content(
    clauses: Sequence[ClauseTrace], policies: Sequence[Mapping[str, object]], now: datetime
) -> dict[str, object]:
    return {
        "clauses": [_clause_object(traced, now) for traced in clauses],
        "policies": policies,
        "summary": {
            "clauses": len(clauses),
            "kept": sum(bool(traced.policies) for traced in clauses),
            **{each.value: sum(traced.standing(now) is each for traced in clauses) for each in Standing},
        },
    }


def _clause_object(traced: ClauseTrace, now: datetime) -> Mapping[str, object]:
    clause, newest = traced.clause, traced.newest()
    return {
        "name": clause.name,
        "section": clause.section,
        "text": {"zh": clause.text.zh, "en": clause.text.en},
        "kept_by": clause.kept_by,
        "evidence_within_seconds": clause.evidence_within.seconds,
        "standing": traced.standing(now).value,
        "policies": [str(each.policy) for each in traced.policies],
        "last_evidence": _evidence_object(newest) if newest else None,
    }


def _policy_object(traced: PolicyTrace) -> Mapping[str, object]:
    place, checks = traced.policy.origin.place, traced.checks
    return {
        "name": str(traced.policy),
        "file": place.file,
        "line": place.line,
        "clauses": list(traced.policy.origin.clauses),
        "hosts": list(traced.hosts),
        "steps": dict(traced.steps),
        "checks": {"planned": checks.planned, "ok": checks.ok, "failed": checks.failed, "unknown": checks.unknown},
        "evidence": [_evidence_object(each) for each in traced.evidence],
    }


def _evidence_object(evidence: Evidence) -> Mapping[str, object]:
    return {
        "kind": evidence.kind,
        "at": time_text(evidence.at),
        "good": evidence.is_good,
        "detail": evidence.words,
        "hosts_missing": evidence.missing,
    }
