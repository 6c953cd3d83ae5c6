"""Obligations and how they stand: the same objects and the same words in every command.

Comes in: judged obligations. Goes out: lines, plain data.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
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
    """Given judged obligations, return those together that say the same of several subjects, in their order."""
    groups: dict[tuple[str, str, State, str, bool], list[Judged]] = {}
    for each in judged:
        found = each.judgement
        key = (each.obligation.policy, each.obligation.what, each.state, found.reason, found.is_pending)
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
    """Return why, since when, and how old the evidence is, of the one that has stood so longest."""
    judgement = min((each.judgement for each in group), key=lambda one: one.since or datetime.max.replace(tzinfo=zone))

    def at(words: str, instant: datetime | None, otherwise: str = "") -> str:
        return f"{words} {format_minute_with_offset(instant, zone)}" if instant else otherwise

    parts = [shortened(judgement.reason)]
    match group[0].state:
        case State.FAILED | State.LATE:
            late = judgement.since if judgement.since != judgement.due and group[0].state is State.LATE else None
            parts += [at("late since", late), at("was due", judgement.due)]
            parts += [at("newest evidence", judgement.at, "no evidence recorded")]
        case State.UNKNOWN:
            parts += [at("since", judgement.since)]
        case State.KEPT:
            parts += [at("evidence", judgement.at), *_due(judgement, "due", at)]
        case State.NOT_DUE:
            parts += _due(judgement, "due by", at)
        case State.NOT_CARRIED_OUT:
            parts += [at("due", judgement.due or judgement.next_due)]
    if judgement.is_pending and group[0].state is not State.NOT_CARRIED_OUT:
        parts.append("the current policy text has not been applied")
    elif any(each.judgement.is_outdated for each in group):
        parts.append("evidence is older than the current policy text")
    return "; ".join(filter(None, parts))


def _due(judgement: Judgement, words: str, at: Callable[[str, datetime | None], str]) -> list[str]:
    """Return when it is due, or that it was, and until when that is no harm."""
    if is_within_tolerance(judgement):
        return [at("was due", judgement.due), at("late from", judgement.deadline)]
    return [at(words, judgement.due)]


def is_within_tolerance(judgement: Judgement) -> bool:
    """Whether what is kept or not due so far was due already, and is late when its tolerance is over."""
    return judgement.deadline is not None and judgement.due != judgement.next_due
