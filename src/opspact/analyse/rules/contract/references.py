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

_KEPT_BY_PEOPLE = frozenset({"person", "review", "team", "training", "visit"})
"""Kinds whose policies people keep; opspact schedules, reminds and records."""


def _unused(context: RuleContext) -> Iterator[Violation]:
    written = context.contract.policy_index
    named = {each.to for each in written.references if not _changes_a_roster(each)}
    for kind in _ONLY_WHEN_NAMED:
        for policy in written.of(kind):
            if str(policy) in named or (kind == "person" and context.contract.people[policy.name].teams):
                continue
            what = "is in no team, and nobody names them" if kind == "person" else "is named by nobody"
            # People of a roster are there all the same: that nothing builds on them may be meant.
            severity = Severity.NOTE if kind == "roster" else None
            yield Violation(str(policy), f"{kind} {policy.name} {what}", ("name",), severity=severity)
    for approval in context.contract.approvals:
        if not approval.occasions and f"approval/{approval.name}" not in named:
            message = f"approval {approval.name} is for nothing, and no step of a runbook names it"
            yield Violation(f"approval/{approval.name}", message, ("name",))
    for sla in context.contract.slas.values():
        yield from _unused_words(sla)


def _changes_a_roster(reference: Reference) -> bool:
    """Whether it is an override that names a roster: nobody is on duty for anything by that."""
    return reference.by.startswith("override/") and reference.to.startswith("roster/")


def _unused_words(sla: Sla) -> Iterator[Violation]:
    """Yield the events and reasons of service levels that no milestone of theirs names."""
    milestones = [each for level in sla.levels.values() for each in level.milestones.values()]
    started = {each.after for each in milestones}
    paused = {reason for each in milestones for reason in each.pauses}
    for event in sla.events.keys() - started:
        yield Violation(sla.policy, f"event {event} starts no clock", ("events", event), subject=event)
    for reason in sla.pause_reasons.keys() - paused:
        message = f"no clock stands still for the pause reason {reason}"
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
            message = f"no policy keeps clause {name} ({clause.text.en})"
            dropped = affected(Condition.CLAUSE_DROPPED, name)
            yield Violation(f"clause/{name}", message, ("name",), rests_on=(dropped,))


def _keeps_nothing(context: RuleContext) -> Iterator[Violation]:
    if not context.contract.clauses:
        return
    for name, policy in context.contract.policy_index.policies.items():
        if policy.kind not in KEEPS_NO_CLAUSE and not policy.origin.clauses:
            yield Violation(
                name, f"{policy.kind.replace('_', ' ')} {policy.name} keeps no clause of the contract", ("name",)
            )


def _kept_by_people_alone(context: RuleContext) -> Iterator[Violation]:
    kept = _kept(context)
    for name, clause in context.contract.clauses.items():
        policies = kept.get(name, [])
        if clause.kept_by == "opspact" and policies and {each.split("/")[0] for each in policies} <= _KEPT_BY_PEOPLE:
            message = (
                f"clause {name} is to be kept by opspact, but people keep all its policies: {join_names(policies)}"
            )
            dropped = affected(Condition.CLAUSE_DROPPED, name)
            yield Violation(f"clause/{name}", message, ("kept_by",), rests_on=(dropped,))


_ON_SCHEDULE = frozenset({"backup", "data_care", "inspection", "log_review", "review", "training", "visit"})
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
            continue  # as is mostly so: no need to reckon
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
        title="A policy is used by nobody",
        why="A team, roster, calendar or runbook that nobody names does nothing, although it looks as if it did.",
        remedy="Name it where it belongs, or remove it.",
        find=_unused,
    ),
    Rule(
        code="OP205",
        family="references",
        severity=Severity.WARNING,
        title="A clause is kept by no policy",
        why="The contract promises it, and nothing here does it, looks at it or reminds anybody of it.",
        remedy="Name the clause in the policies that keep it; write a policy where there is none.",
        find=_not_kept,
    ),
    Rule(
        code="OP206",
        family="references",
        severity=Severity.WARNING,
        title="A policy keeps no clause",
        why="Work that no clause asks for cannot be shown as evidence, and nobody knows whether it may be dropped.",
        remedy="Write the clauses that it keeps, such as clauses: [D5].",
        find=_keeps_nothing,
    ),
    Rule(
        code="OP207",
        family="references",
        severity=Severity.WARNING,
        title="A clause that opspact is to keep is kept by people alone",
        why="The clause claims that machines keep it, but its evidence would only be what people wrote down.",
        remedy="Add a policy that opspact carries out, or write kept_by: person.",
        find=_kept_by_people_alone,
    ),
    Rule(
        code="OP208",
        family="references",
        severity=Severity.WARNING,
        title="Evidence for a clause is older than it may be, most of the time",
        why="What keeps the clause is done too rarely for it: whoever asks is shown old evidence though all went well.",
        remedy="Let a policy that keeps it be due more often; or agree on older evidence (evidence_within).",
        find=_stale_by_design,
    ),
)
