"""Rules that compare a contract with the one before a change: what it promises less.

Comes in: a rule context, `before` included. Goes out: violations; none where there is nothing to compare with.
Which way a field promises less is declared beside the field (`schema.direction`).
"""

from collections.abc import Iterator

from opspact.analyse.cause import Cause, Condition, affected
from opspact.analyse.recurrence import Occasion, format_recurrence, outside_occasion, recurrence
from opspact.analyse.reductions import explain_reduction, lost_hours
from opspact.analyse.rule import Rule, RuleContext, Violation
from opspact.analyse.rules.contract.approvers import find_other_approvers
from opspact.analyse.scheduled_work import days
from opspact.analyse.windows import window_times
from opspact.model.finding import Severity
from opspact.model.policies.approval import Approval
from opspact.model.policies.window import Window
from opspact.model.policy_index import Policy
from opspact.model.strength import Strength
from opspact.model.time.calendar import Calendar, Interval
from opspact.model.time.occupancy import Days
from opspact.structs import replace
from opspact.text.called_numbers import is_one_number
from opspact.text.counts import format_count

_REMEDY = "Restore the commitment, or have the change approved before it is merged."


def _a_policy_is_gone(context: RuleContext) -> Iterator[Violation]:
    for before in _gone(context):
        if before.origin.clauses and before.kind != "clause":
            keeps = ", ".join(before.origin.clauses)
            yield Violation(
                "",
                f"{_words(before)} is removed; it covered {keeps}",
                help=_way_out(context),
                subject=str(before),
                states=(affected(Condition.CLAUSE_DROPPED, *before.origin.clauses), *_left_out(context, before)),
            )


def _left_out(context: RuleContext, gone: Policy) -> tuple[Cause, ...]:
    """Return the key for what the hosts of a policy that is gone may lack now."""
    before = context.before
    if before is None:
        return ()
    match gone.kind:
        case "backup":
            lack, policies = Condition.NO_BACKUP, [(each.name, each.hosts) for each in before.backups]
        case "inspection":
            lack, policies = Condition.NO_INSPECTION, [(each.name, each.hosts) for each in before.inspections]
        case "service":
            lack, policies = Condition.NO_SERVICE, [(each.name, each.hosts) for each in before.services]
        case _:
            return ()
    return tuple(affected(lack, *hosts) for name, hosts in policies if name == gone.name)


def _a_clause_is_gone(context: RuleContext) -> Iterator[Violation]:
    for before in _gone(context):
        if before.kind == "clause":
            message = f"clause {before.name} is removed"
            yield Violation("", message, help=_way_out(context), subject=str(before))
    for before, after in _kept(context):
        for clause in before.origin.clauses:
            if clause not in after.origin.clauses:
                message = f"{_words(after)} no longer covers {clause}"
                states = (affected(Condition.CLAUSE_DROPPED, clause),)
                yield Violation(str(after), message, ("clauses",), _way_out(context), subject=clause, states=states)


def _a_field_promises_less(context: RuleContext) -> Iterator[Violation]:
    if context.before is None:
        return
    for before, after in _kept(context):
        now = {strength.label: strength for strength in after.strengths}
        for was in before.strengths:
            found = now.get(was.label)
            if found is None or (found.value == was.value and was.direction not in _MEANT_ELSEWHERE):
                continue
            lost = _lost_hours(context, was, found)
            no_longer = "reported" if was.direction == "more hours" else "covered"
            why = f"no longer {no_longer} {format_recurrence(context, lost)}" if lost else ""
            if why := why or explain_reduction(
                was, found, before=context.before, after=context.contract, day=context.day
            ):
                yield Violation(
                    str(after),
                    f"{_changed(was, found)}: {why}",
                    found.path,
                    _way_out(context),
                    subject=found.label,
                    repeats=recurrence(context, lost),
                    rests_on=_reduced_elsewhere(was, found),
                )


def _lost_hours(context: RuleContext, was: Strength, now: Strength) -> list[Interval]:
    """Return the hours that a field has lost where it names calendars."""
    if context.before is None or was.direction not in {"fewer hours", "more hours"}:
        return []
    one = context.before.calendars.get(str(was.value))
    other = context.contract.calendars.get(str(now.value))
    wider, narrower = (one, other) if was.direction == "fewer hours" else (other, one)
    return lost_hours(wider, narrower, context.contract)


_MEANT_ELSEWHERE = {
    "fewer hosts": "selects fewer hosts",
    "fewer hours": "has fewer hours",
    "only hosts": "selects fewer hosts",
}
"""Ways of fields that name what is written elsewhere, in the inventory or in a calendar; and what becomes of them."""


def _reduced_elsewhere(was: Strength, now: Strength) -> tuple[Cause, ...]:
    """Return the key for the calendar that is another one, where a field names the same as before."""
    if was.direction != "fewer hours" or was.value != now.value:
        return ()
    return (affected(Condition.CALENDAR_REDUCED, str(now.value)),)


def _changed(was: Strength, now: Strength) -> str:
    """Return in words how a field has changed; that which it names may have, where it says the same as before."""
    if was.value == now.value:
        return f"{now.label} is still {now.text}, but it now {_MEANT_ELSEWHERE[was.direction]}"
    return f"{now.label} changes from {was.text} to {now.text}"


def _a_calendar_is_narrower(context: RuleContext) -> Iterator[Violation]:
    before = context.before.calendars if context.before else {}
    for name, now in context.contract.calendars.items():
        if name in before and (lost := lost_hours(before[name], now, context.contract)):
            message = f"calendar {name} has fewer hours than before {format_recurrence(context, lost)}"
            yield Violation(
                f"calendar/{name}",
                message,
                _narrowed(before[name], now),
                _way_out(context),
                repeats=recurrence(context, lost),
                states=(affected(Condition.CALENDAR_REDUCED, name),),
            )


_WRITTEN_AS = dict.fromkeys(("country", "subdivision", "official", "closed", "yearly"), "holidays") | {
    "day_hours": "workday_hours"
}
"""Under which field a calendar's parts are written, where it is not called the same."""


def _narrowed(was: Calendar, now: Calendar) -> tuple[str, ...]:
    """Return where a calendar says what made it narrower: the first of its parts that is another one."""
    parts = ("zone", "week", *_WRITTEN_AS, "workdays", "workday_hours")
    part = next((part for part in parts if getattr(was, part) != getattr(now, part)), "")
    return (_WRITTEN_AS.get(part, part),) if part else ()


def _a_text_is_another(context: RuleContext) -> Iterator[Violation]:
    """Find other words than before, each text once, in the first language in which it differs."""
    for before, after in _kept(context):
        now = {strength.label: strength for strength in after.strengths}
        reported = set()
        for was in before.strengths:
            found = now.get(was.label)
            if was.direction != "changed" or found is None or found.path in reported:
                continue
            if None not in {was.value, found.value} and not _is_the_same(str(was.value), str(found.value)):
                reported.add(found.path)
                yield Violation(str(after), _changed(was, found), found.path, subject=found.label)


def _is_the_same(was: str, now: str) -> bool:
    """Whether two texts say one thing: the same words, or one telephone number."""
    return was == now or is_one_number(was, now)


def _a_window_is_another(context: RuleContext) -> Iterator[Violation]:
    before = {window.name: window for window in context.before.windows} if context.before else {}
    for now in context.contract.windows:
        was = before.get(now.name, now)
        for change, one, other, is_blackout in (
            (f"{was.title} covers less than before", was, now, True),
            (f"{now.title} covers more than before", now, was, False),
        ):
            if one.blackout == is_blackout and (alone := _taken_alone(one, other, context.once(days))):
                message = f"{change} {alone}"
                yield Violation(f"window/{now.name}", message, now.path, _way_out(context), repeats=alone.recurrence)


def _taken_alone(one: Window, other: Window, looked_at: Days) -> Occasion | None:
    """Return when a window takes a time that is not in the other one of its type."""
    others = [window_times(other, looked_at)] if other.blackout == one.blackout else []
    return outside_occasion(window_times(one, looked_at), others, looked_at)


def _way_out(context: RuleContext) -> str:
    """Return whose yes the change needs. The contract before it says so: a change cannot lift its own approval."""
    approvals = context.before.approvals if context.before else ()
    asked = [_asked(approval) for approval in approvals if {"weakening", "apply"} & set(approval.occasions)]
    return (
        f"Restore the commitment, or have the change approved before it is merged: {'; '.join(asked)}."
        if asked
        else f"{_REMEDY} No approval policy names an approver."
    )


def _others_can_approve(context: RuleContext) -> Iterator[Violation]:
    """Find who can approve now and could not before; the help says who approves that."""
    return (replace(each, help=_way_out(context)) for each in find_other_approvers(context))


def _asked(approval: Approval) -> str:
    """Return an approval in words: `reduction (1 approver from customer, not the requester)`."""
    who = f"{format_count(approval.count, 'approver')} from {approval.role}"
    return f"{approval.name} ({who}{', not the requester' if approval.not_requester else ''})"


def _gone(context: RuleContext) -> Iterator[Policy]:
    before = context.before.policy_index.policies if context.before else {}
    return (policy for name, policy in before.items() if name not in context.contract.policy_index.policies)


def _kept(context: RuleContext) -> Iterator[tuple[Policy, Policy]]:
    """Yield each policy that is there before and after, as it was and as it is; the contract whatever its name."""
    if context.before is None:
        return
    now = context.contract.policy_index.policies
    renamed = {f"contract/{context.before.name}": f"contract/{context.contract.name}"}
    for name, policy in context.before.policy_index.policies.items():
        if (found := now.get(renamed.get(name, name))) is not None:
            yield policy, found


def _words(policy: Policy) -> str:
    return f"{policy.kind.replace('_', ' ')} {policy.name}"


RULES = (
    Rule(
        code="OP500",
        family="reduction",
        severity=Severity.WARNING,
        title="A policy for clauses is removed",
        why="The policy no longer fulfills its clauses, and this may not have been agreed.",
        remedy=_REMEDY,
        find=_a_policy_is_gone,
    ),
    Rule(
        code="OP501",
        family="reduction",
        severity=Severity.WARNING,
        title="A clause is removed",
        why="A clause is a commitment to the customer: removing it from the policies does not end it.",
        remedy=_REMEDY,
        find=_a_clause_is_gone,
    ),
    Rule(
        code="OP502",
        family="reduction",
        severity=Severity.WARNING,
        title="A field reduces a commitment",
        why=(
            "Longer times, shorter retention, fewer hosts or fewer hours are reduced commitments, and easy to "
            "miss in a large change."
        ),
        remedy=_REMEDY,
        find=_a_field_promises_less,
    ),
    Rule(
        code="OP503",
        family="reduction",
        severity=Severity.WARNING,
        title="A calendar has fewer hours than before",
        why="Coverage and deadlines that use the calendar are reduced with its hours.",
        remedy=_REMEDY,
        find=_a_calendar_is_narrower,
    ),
    Rule(
        code="OP504",
        family="reduction",
        severity=Severity.WARNING,
        title="A blackout is shorter than before, or a maintenance window longer",
        why="The customer has agreed to these times and not to others.",
        remedy=_REMEDY,
        find=_a_window_is_another,
    ),
    Rule(
        code="OP505",
        family="reduction",
        severity=Severity.NOTE,
        title="A text, a name or a number that the customer knows is changed",
        why="Other words can be another commitment; whether they are, only people can tell.",
        remedy="Compare the two, inform the customer, and have the change approved if it means less.",
        find=_a_text_is_another,
    ),
    Rule(
        code="OP506",
        family="reduction",
        severity=Severity.WARNING,
        title="Somebody else can approve, or nobody any more",
        why="Whoever can give themselves a right to approve can approve everything, in a second change.",
        remedy="Have the change approved by those who could approve before it.",
        find=_others_can_approve,
    ),
)
