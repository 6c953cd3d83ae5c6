"""Rules about references: policies that nobody names, clauses that nobody keeps.

Comes in: a rule context. Goes out: violations.
"""

from collections import defaultdict
from collections.abc import Iterator

from opspact.analyse.cause import Condition, affected
from opspact.analyse.frequency import frequency
from opspact.analyse.rule import Rule, RuleContext, Violation
from opspact.analyse.rules.schedules.schedules import policy_schedules
from opspact.model.finding import Severity
from opspact.model.policies.sla import Sla
from opspact.model.policy_index import KEEPS_NO_CLAUSE, Reference
from opspact.text.durations import format_duration
from opspact.text.names import join_names
from opspact.values.schedule import Schedule

_DAY = 86_400.0

_ONLY_WHEN_NAMED = ("calendar", "channels", "ladder", "person", "roster", "runbook", "team")
"""Kinds whose policies do something only because others name them. A person names their teams; that counts too."""

_KEPT_BY_PEOPLE = frozenset({"person", "review", "spare", "team", "training", "visit"})
"""Kinds whose policies people keep; opspact schedules and records."""


def _unused(context: RuleContext) -> Iterator[Violation]:
    written = context.contract.policy_index
    named = {each.to for each in written.references if not (_changes_a_roster(each) or _tests(each))}
    runbooks = context.contract.runbooks
    searched = {str(each.origin.policy) for each in runbooks if each.symptoms.zh or each.symptoms.en}
    for kind in _ONLY_WHEN_NAMED:
        for policy in written.of(kind):
            if str(policy) in named or str(policy) in searched:
                continue
            if kind == "person" and context.contract.people[policy.name].teams:
                continue
            what = "is in no team and is not referenced" if kind == "person" else "is not referenced"
            # People of a roster are there all the same: that nothing builds on them may be meant.
            severity = Severity.NOTE if kind == "roster" else None
            yield Violation(str(policy), f"{kind} {policy.name} {what}", ("name",), severity=severity)
    for approval in context.contract.approvals:
        if not approval.occasions and f"approval/{approval.name}" not in named:
            message = f"approval {approval.name} has no occasion and no runbook step references it"
            yield Violation(f"approval/{approval.name}", message, ("name",))
    for sla in context.contract.slas.values():
        yield from _unused_words(sla)


def _changes_a_roster(reference: Reference) -> bool:
    """Whether it is an override that names a roster: nobody is on duty for anything by that."""
    return reference.by.startswith("override/") and reference.to.startswith("roster/")


def _tests(reference: Reference) -> bool:
    """Whether it is a test, which leads nobody to what it tests."""
    return reference.by.startswith("runbook_test/")


def _unused_words(sla: Sla) -> Iterator[Violation]:
    """Yield the events and reasons of service levels that no milestone of theirs names."""
    milestones = [each for level in sla.levels.values() for each in level.milestones.values()]
    started = {each.after for each in milestones}
    paused = {reason for each in milestones for reason in each.pauses}
    for event in sla.events.keys() - started:
        yield Violation(sla.policy, f"event {event} starts no deadline", ("events", event), subject=event)
    for reason in sla.pause_reasons.keys() - paused:
        message = f"pause reason {reason} pauses no deadline"
        yield Violation(sla.policy, message, ("pause_reasons", reason), subject=reason)


def _kept(context: RuleContext) -> dict[str, list[str]]:
    """Return the policies that keep each clause, as `kind/name`; a clause does not keep another one."""
    kept: dict[str, list[str]] = defaultdict(list)
    for policy in context.contract.policy_index.policies.values():
        if policy.kind != "clause":
            for clause in policy.origin.clauses:
                kept[clause].append(str(policy))
    return kept


def _not_kept(context: RuleContext) -> Iterator[Violation]:
    kept = _kept(context)
    for name, clause in context.contract.clauses.items():
        if name not in kept:
            message = f"no policy covers clause {name} ({clause.text.en})"
            dropped = affected(Condition.CLAUSE_DROPPED, name)
            yield Violation(f"clause/{name}", message, ("name",), rests_on=(dropped,))


def _keeps_nothing(context: RuleContext) -> Iterator[Violation]:
    if not context.contract.clauses:
        return
    for name, policy in context.contract.policy_index.policies.items():
        if policy.kind not in KEEPS_NO_CLAUSE and not policy.origin.clauses:
            yield Violation(
                name, f"{policy.kind.replace('_', ' ')} {policy.name} covers no clause of the contract", ("name",)
            )


def _kept_by_people_alone(context: RuleContext) -> Iterator[Violation]:
    kept = _kept(context)
    for name, clause in context.contract.clauses.items():
        policies = kept.get(name, [])
        if clause.kept_by == "opspact" and policies and {each.split("/")[0] for each in policies} <= _KEPT_BY_PEOPLE:
            listed = join_names(policies)
            message = f"clause {name} has kept_by: opspact, but all its policies are carried out by people: {listed}"
            dropped = affected(Condition.CLAUSE_DROPPED, name)
            yield Violation(f"clause/{name}", message, ("kept_by",), rests_on=(dropped,))


_ON_SCHEDULE = frozenset(
    {"backup", "data_care", "inspection", "library", "log_review", "review", "spare", "training", "visit"}
)
"""Kinds that yield evidence when their schedule is due."""

_WITHOUT_EVIDENCE = frozenset(
    {"approval", "calendar", "emergency", "flow", "quality", "redaction", "runbook", "window"}
)
"""Kinds whose policies rest on others: no evidence is their own."""


def _stale_by_design(context: RuleContext) -> Iterator[Violation]:
    schedules: dict[str, Schedule] = {}
    for written in context.once(policy_schedules):
        schedules.setdefault(written.policy, written.schedule)
    for name, policies in _kept(context).items():
        clause = context.contract.clauses.get(name)
        yielding = [each for each in policies if each.split("/")[0] not in _WITHOUT_EVIDENCE]
        if clause is None or not yielding or not {each.split("/")[0] for each in yielding} <= _ON_SCHEDULE:
            continue
        due = {each: schedules[each] for each in yielding if each in schedules}
        if clause.evidence_within.seconds >= 2 * _DAY and any(schedule.is_every_day for schedule in due.values()):
            continue  # the usual case: nothing to compute
        rhythms = {each: frequency(context, schedule) for each, schedule in due.items()}
        gaps = {each: found.longest_days for each, found in rhythms.items() if found}
        if gaps and min(gaps.values()) * _DAY > clause.evidence_within.seconds:
            often = min(gaps, key=lambda each: gaps[each])
            message = (
                f"clause {name} wants evidence of the last {clause.evidence_within}, and of all that keep it "
                f"{often} is due most often: {format_duration(round(gaps[often] * _DAY))} may lie between"
            )
            yield Violation(f"clause/{name}", message, ("evidence_within",))


RULES = (
    Rule(
        code="OP201",
        family="references",
        severity=Severity.WARNING,
        title="A policy is not used",
        why="A team, roster, calendar or runbook without references has no effect, although it looks as if it had.",
        remedy="Reference it where it belongs, or remove it.",
        find=_unused,
    ),
    Rule(
        code="OP205",
        family="references",
        severity=Severity.WARNING,
        title="A clause has no policy",
        why="The contract requires it, but no policy carries it out, checks it or schedules it.",
        remedy="Add the clause to the policies that fulfill it, or write a policy.",
        find=_not_kept,
    ),
    Rule(
        code="OP206",
        family="references",
        severity=Severity.WARNING,
        title="A policy has no clause",
        why="Without a clause the work is no evidence, and it is unclear whether it may be removed.",
        remedy="Add the clauses that it fulfills, such as clauses: [D5].",
        find=_keeps_nothing,
    ),
    Rule(
        code="OP207",
        family="references",
        severity=Severity.WARNING,
        title="A clause with kept_by: opspact is carried out by people only",
        why="The clause claims automation, but its only evidence would be manual records.",
        remedy="Add a policy that opspact carries out, or set kept_by: person.",
        find=_kept_by_people_alone,
    ),
    Rule(
        code="OP208",
        family="references",
        severity=Severity.WARNING,
        title="Evidence for a clause is too old most of the time",
        why="The policies run too rarely for the clause: the evidence is outdated even when every run succeeds.",
        remedy="Schedule one of its policies more often; or agree on older evidence (evidence_within).",
        find=_stale_by_design,
    ),
)
