"""Clauses and their evidence, said.

Comes in: a trace. Goes out: lines, JSON.
"""

from collections.abc import Iterator, Mapping, Sequence
from zoneinfo import ZoneInfo

from opspact.evidence.trace import ClauseTrace, PolicyTrace, StepTrace, TargetType, Trace, TraceTarget
from opspact.report.document import document
from opspact.report.lines import Line, line
from opspact.report.obligations import (
    MEANINGS,
    count_text,
    group_lines,
    grouped,
    obligation_data,
    state_counts,
)
from opspact.report.trace_steps import (
    MOST_STEPS,
    clause_text,
    host_lines,
    policy_step_lines,
    question_lines,
    step_data,
    step_with_origins,
    subject_lines,
)
from opspact.text.counts import format_count
from opspact.text.instants import format_instant_in_utc, format_minute_with_offset

_WIDEST = 15
_NO_POLICY = "no policy covers this clause: add it to the `clauses` of a policy"


def trace_lines(trace: Trace, zone: ZoneInfo, *, language: str) -> Iterator[Line]:
    """Given a trace, the zone and the language of texts, yield a line a clause, and figures at the end."""
    widest = max((len(traced.clause.name) for traced in trace.clauses), default=0)
    for traced in trace.clauses:
        newest = traced.newest_evidence
        evidence = f", evidence {format_minute_with_offset(newest, zone)}" if newest else ""
        yield line(
            (f"{traced.clause.name:<{widest}}  ", "title"),
            (f"{traced.state.value:<{_WIDEST}}", MEANINGS[traced.state]),
            f"  {traced.clause.text.in_language(language)}",
            (f" ({format_count(len(traced.policies), 'policy', 'policies')}{evidence})", "quiet"),
            hang=widest + _WIDEST + 4,
        )
    yield line()
    yield line(f"{format_count(len(trace.clauses), 'clause')}: {count_text(trace.count())}")
    if unkept := [traced.clause.name for traced in trace.clauses if not traced.policies]:
        yield line((f"no policy covers {', '.join(unkept)}", "bad"), hang=4)
    if trace.unclaimed:
        named = ", ".join(str(traced.policy) for traced in trace.unclaimed)
        yield line((f"{format_count(len(trace.unclaimed), 'policy', 'policies')} without a clause: ", "doubt"), named)


def target_lines(target: TraceTarget, steps: Sequence[StepTrace], zone: ZoneInfo) -> Iterator[Line]:
    """Given what is asked for, the steps concerned and the zone, yield all that is known of it."""
    match target.type:
        case TargetType.CLAUSE:
            yield from _clause_lines(target.clauses[0])
            for each in target.policies:
                yield line()
                yield from _policy_lines(each, zone)
                yield from policy_step_lines(each, steps, most=MOST_STEPS)
        case TargetType.POLICY:
            yield from _policy_lines(target.policies[0], zone)
            yield from policy_step_lines(target.policies[0], steps)
        case TargetType.HOST:
            yield from host_lines(target.name, steps, zone)
        case TargetType.STEP:
            yield from subject_lines(steps, zone)
    yield from question_lines(steps)


def _clause_lines(traced: ClauseTrace) -> Iterator[Line]:
    clause = traced.clause
    yield line(
        (f"{clause.name}  ", "title"), (traced.state.value, MEANINGS[traced.state]), f"  section {clause.section}"
    )
    for text in dict.fromkeys((clause.text.zh, clause.text.en)):  # one, where one language is written
        yield line(text, indent=2)
    yield line(f"kept by: {clause.kept_by}; defined at {clause.origin.place}", indent=2)
    if not traced.policies:
        yield line((_NO_POLICY, "bad"), indent=2)


def _policy_lines(traced: PolicyTrace, zone: ZoneInfo) -> Iterator[Line]:
    """Yield one policy's clauses, its steps in numbers, and its obligations."""
    origin = traced.policy.origin
    yield line((str(traced.policy), "title"), f"  {origin.place}  {clause_text(origin.clauses)}")
    if traced.steps:
        kinds = ", ".join(f"{number} {kind}" for kind, number in traced.steps.items())
        yield line(f"steps on {format_count(len(traced.hosts), 'host')}: {kinds}", indent=2, hang=2)
    for group in grouped(traced.obligations):
        for each in group_lines(group, zone, policy=False):
            yield Line(each.parts, each.indent + 2, each.hang)
    if not traced.obligations:
        yield line(("no obligations", "quiet"), indent=2)


def trace_json(trace: Trace) -> str:
    """Given a trace, return one JSON object: clauses with their policies' names, policies in full."""
    return document("trace", _content(trace.clauses, [_policy_object(each) for each in trace.policies().values()]))


def target_json(target: TraceTarget, steps: Sequence[StepTrace]) -> str:
    """Given what is asked for and the steps concerned, return one JSON object, as `trace_json` does.

    `asked` says what the name was taken for. Each policy has its `step_list`; for a host or a step there is one, with
    the policies and clauses of each.
    """
    policies = [
        {**_policy_object(each), "step_list": [step_data(one) for one in steps if each.asks_for(one.step)]}
        for each in target.policies
    ]
    back = target.type in {TargetType.HOST, TargetType.STEP}
    beside = {"step_list": list(map(step_with_origins, steps))} if back else {}
    question = {"target": {"name": target.name, "type": target.type.value}}
    return document("trace", question | _content(target.clauses, policies) | beside)


def _content(clauses: Sequence[ClauseTrace], policies: Sequence[Mapping[str, object]]) -> dict[str, object]:
    return {
        "clauses": [_clause_object(traced) for traced in clauses],
        "policies": policies,
        "summary": {"clauses": len(clauses), **state_counts(each.state for each in clauses)},
    }


def _clause_object(traced: ClauseTrace) -> Mapping[str, object]:
    clause, newest = traced.clause, traced.newest_evidence
    return {
        "name": clause.name,
        "section": clause.section,
        "text": {"zh": clause.text.zh, "en": clause.text.en},
        "kept_by": clause.kept_by,
        "evidence_within_seconds": clause.evidence_within.seconds,
        "state": traced.state.key,
        "policies": [str(each.policy) for each in traced.policies],
        "last_evidence": format_instant_in_utc(newest) if newest else None,
    }


def _policy_object(traced: PolicyTrace) -> Mapping[str, object]:
    place = traced.policy.origin.place
    return {
        "name": str(traced.policy),
        "file": place.file,
        "line": place.line,
        "clauses": list(traced.policy.origin.clauses),
        "hosts": list(traced.hosts),
        "steps": dict(traced.steps),
        "obligations": [obligation_data(each) for each in traced.obligations],
    }
