"""Obligations and how they stand: the same objects and the same words in every command.

Comes in: judged obligations. Goes out: lines, plain data.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from zoneinfo import ZoneInfo

from opspact.evidence.assessment import Judged
from opspact.obligations.judge import Judgement
from opspact.obligations.obligation import State
from opspact.report.lines import Line, line, shortened
from opspact.text.instants import format_instant_in_utc, format_minute_with_offset
from opspact.text.names import list_names

MEANINGS: Mapping[State, str] = {
    State.FAILED: "bad",
    State.LATE: "bad",
    State.UNKNOWN: "doubt",
    State.NOT_CARRIED_OUT: "doubt",
    State.NOT_DUE: "quiet",
    State.KEPT: "good",
}
"""How each state is coloured."""

_SHOWN = 4  # subjects named of those that stand alike
Group = Sequence[Judged]
"""Obligations of one policy that stand alike, for the same reason."""


def obligation_data(judged: Judged) -> dict[str, object]:
    """Given a judged obligation, return it as scripts read it, in `status`, `trace` and `backup status` alike."""
    obligation, judgement = judged.obligation, judged.judgement
    return {
        "policy": obligation.policy,
        "subject": obligation.subject,
        "obligation": obligation.what,
        "proof": obligation.proof.value,
        "state": judged.state.key,
        "reason": judgement.reason,
        "since": _time(judgement.since),
        "due": _time(judgement.due or judgement.next_due),
        "deadline": _time(judgement.deadline),
        "next_due": _time(judgement.next_due),
        "evidence": _time(judgement.at),
        "evidence_outdated": judgement.is_outdated,
        "policy_pending": judgement.is_pending,
        "clauses": list(obligation.clauses),
    }


def _time(at: datetime | None) -> str | None:
    return format_instant_in_utc(at) if at else None


def state_counts(states: Iterable[State]) -> dict[str, int]:
    """Given states, return how many there are of each, every state named."""
    found = list(states)
    return {state.key: found.count(state) for state in State}


def count_text(counts: Mapping[State, int]) -> str:
    """Given how many are in each state, return those that there are: `2 failed, 1 late, 40 kept`."""
    return ", ".join(f"{number:,} {state.value}" for state, number in counts.items() if number)


def grouped(judged: Iterable[Judged]) -> list[Group]:
    """Given judged obligations, return those together that stand alike, for the same cause, in their order.

    What is said of a group is true of each in it: one has evidence, or is within its tolerance, where all are.
    """
    groups: dict[tuple[object, ...], list[Judged]] = {}
    for each in judged:
        found, obligation = each.judgement, each.obligation
        marks = (found.is_pending, found.is_outdated, found.at is None, is_within_tolerance(found))
        key = (obligation.policy, obligation.what, each.state, found.cause or found.reason, *marks)
        groups.setdefault(key, []).append(each)
    return list(groups.values())


def group_lines(group: Group, zone: ZoneInfo, *, state: bool = True, policy: bool = True) -> Iterator[Line]:
    """Given a group and the zone for people, yield what is owed, of whom, and why it stands as it does.

    `state` and `policy`: say these too, where they do not stand above.
    """
    first = group[0]
    obligation = first.obligation
    subjects = [each.obligation.subject for each in group]
    shown = (f"{first.state.value:<15}  ", MEANINGS[first.state]) if state else ""
    name = (f"{obligation.policy}  ", "title") if policy else ""
    rest = f"  [{', '.join(obligation.clauses)}]" if policy and obligation.clauses else ""
    yield line(shown, name, f"{obligation.what}: {list_names(subjects, _SHOWN)}", (rest, "quiet"), hang=4)
    if detail := _detail(group, zone):
        yield line(detail, indent=4, hang=2)


def _detail(group: Group, zone: ZoneInfo) -> str:
    """Return why, since when, and how old the evidence is: of the one that has stood so longest."""
    found = [each.judgement for each in group]
    at = partial(_first_instant, group=found, zone=zone)
    parts = [_reason(group)]
    match group[0].state:
        case State.FAILED | State.LATE:
            is_tolerated = any(one.since != one.due for one in found) and group[0].state is State.LATE
            parts += [at("late since", lambda one: one.since if is_tolerated else None)]
            parts += [at("was due", lambda one: one.due), at("newest evidence", lambda one: one.at)]
            parts += [] if found[0].at else ["no evidence recorded"]
        case State.UNKNOWN:
            parts += [at("since", lambda one: one.since)]
        case State.KEPT | State.NOT_DUE | State.NOT_CARRIED_OUT:
            is_open, by = is_within_tolerance(found[0]), "due by" if group[0].state is State.NOT_DUE else "due"
            parts += [at("evidence", lambda one: one.at)]
            parts += [at("was due" if is_open else by, lambda one: one.due or one.next_due)]
            parts += [at("late from", lambda one: one.deadline if is_open else None)]
    if found[0].is_pending and group[0].state is not State.NOT_CARRIED_OUT:
        parts.append("the current policy text has not been applied")
    elif found[0].is_outdated:
        parts.append("evidence is older than the current policy text")
    return "; ".join(filter(None, parts))


def _reason(group: Group) -> str:
    """Return why a group stands as it does: of the one that has stood so longest, named where others differ."""
    longest = min(group, key=lambda each: each.judgement.since or datetime.max.replace(tzinfo=UTC))
    differ = len({each.judgement.reason for each in group}) > 1
    reason = shortened(longest.judgement.reason).removesuffix(".")  # more follows
    return f"{reason} ({longest.obligation.subject})" if differ else reason


def _first_instant(
    words: str, pick: Callable[[Judgement], datetime | None], *, group: Sequence[Judgement], zone: ZoneInfo
) -> str:
    """Return the first of the instants that are picked, by the minute, and whether others are later; empty: none."""
    shown = [format_minute_with_offset(at, zone) for at in sorted(filter(None, map(pick, group)))]
    if not shown:
        return ""
    return f"{words} {shown[0]}" + (" or later" if shown[-1] != shown[0] else "")


def is_within_tolerance(judgement: Judgement) -> bool:
    """Whether what is kept or not due so far was due already, and is late when its tolerance is over."""
    return judgement.deadline is not None and judgement.due != judgement.next_due
