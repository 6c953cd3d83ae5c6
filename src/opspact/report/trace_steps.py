"""Steps traced, said: each once with the hosts it is on and what was seen there, from a policy or back from a host.

Comes in: steps with what the newest looks saw of them. Goes out: lines, plain data.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from opspact.evidence.trace import PolicyTrace, StepTrace
from opspact.ledger.canonical import time_text
from opspact.model.origin import Origin
from opspact.report.lines import Line, Part, line, shortened
from opspact.report.origins import origin_data
from opspact.steps.check import State
from opspact.text.counts import format_count
from opspact.text.instants import format_minute_with_offset
from opspact.text.names import list_names

MOST_STEPS = 10
"""Steps of one policy that are shown where several policies are."""
_MOST_WRONG = 3
_MEANINGS = {State.OK: "good", State.UNKNOWN: "doubt", State.FAILED: "bad"}
_Alike = Sequence[StepTrace]
"""One step on all its hosts."""


def policy_step_lines(traced: PolicyTrace, steps: Iterable[StepTrace], *, most: int | None = None) -> Iterator[Line]:
    """Given a policy and steps, yield a line for each of those that it asks for, with its hosts and what was seen.

    `most`: so many lines at most; what failed first, then some of each kind, and where the rest is shown.
    """
    groups = _alike(one for one in steps if traced.asks_for(one.step))
    shown = groups if most is None else _some_of_each_kind(groups, most)
    for alike in shown:
        yield from _step_lines(alike, hosts=True)
    if len(shown) < len(groups):
        more = format_count(len(groups) - len(shown), "more step", "more steps")
        yield line((f"and {more}: opspact trace {traced.policy}", "quiet"), indent=4)


def host_lines(host: str, steps: Sequence[StepTrace], zone: ZoneInfo) -> Iterator[Line]:
    """Given a host, its steps and the zone, yield these below the policies that ask for them, and their clauses."""
    if not steps:
        yield line((host, "title"), "  ", ("no policy applies to this host", "quiet"))
        return
    yield line((host, "title"), f"  {format_count(len(steps), 'step')}")
    counts = Counter(one.state for one in steps)
    yield line("checks: ", ", ".join(f"{counts[state]} {state.value}" for state in State), indent=2)
    yield line("evidence: ", _looked(steps, zone), indent=2)
    unknown = dict.fromkeys(one.detail for one in steps if one.state is State.UNKNOWN and one.detail)
    for detail in list(unknown)[:_MOST_WRONG]:
        yield line(("unknown", "doubt"), f": {shortened(detail)}", indent=2)
    by_policies: dict[str, list[StepTrace]] = {}
    for one in steps:
        by_policies.setdefault(", ".join(dict.fromkeys(each.policy for each in one.step.origins)), []).append(one)
    for policies, target in sorted(by_policies.items()):
        clauses = sorted({clause for one in target for origin in one.step.origins for clause in origin.clauses})
        yield line()
        yield line((policies, "title"), f"  {clause_text(clauses)}", hang=4)
        for one in target:
            yield from _step_lines([one], hosts=False)


def subject_lines(steps: Iterable[StepTrace], zone: ZoneInfo) -> Iterator[Line]:
    """Given the steps of one subject and the zone, yield each with its hosts, policies and clauses."""
    for number, alike in enumerate(_alike(steps)):
        if number:
            yield line()
        yield line((alike[0].step.identity, "title"), *_on(alike), *_state(alike), hang=4)
        yield from _wrong_lines(alike, indent=2)
        yield line("evidence: ", _looked(alike, zone), indent=2)
        for origin, hosts in _hosts_by_origin(alike).items():
            there = f"  on {list_names(hosts)}" if len(hosts) < len(alike) else ""
            place = f"{origin.place.file}:{origin.place.line}"
            yield line((origin.policy, "title"), f"  {place}  {clause_text(origin.clauses)}{there}", indent=2, hang=2)


def question_lines(steps: Iterable[StepTrace]) -> Iterator[Line]:
    """Given steps, yield what verify asks of each kind of them: once, since a step is a check."""
    target = {one.step.kind: one.step.question for one in sorted(steps, key=lambda one: one.step.order)}
    if target:
        yield line()
        yield line(("verify checks each step:", "quiet"))
    for kind, question in target.items():
        yield line((f"{kind}: {question}", "quiet"), indent=2, hang=4)


def step_data(one: StepTrace) -> dict[str, object]:
    """Given a step on a host, return it as plain data: its check, and the newest evidence or None."""
    return {
        "host": one.host,
        "step": one.step.identity,
        "kind": one.step.kind,
        "subject": one.step.subject,
        "check": {"question": one.step.question, "state": one.state.value, "detail": one.detail},
        "last_evidence": (
            {"kind": "verify", "at": time_text(one.at), "good": one.state is State.OK} if one.at else None
        ),
    }


def step_with_origins(one: StepTrace) -> dict[str, object]:
    """Given a step on a host, return it as plain data, with the policies and clauses that want it."""
    return step_data(one) | origin_data(one.step)


def _alike(steps: Iterable[StepTrace]) -> list[_Alike]:
    """Return the same steps of several hosts together, in the order of making."""
    found: dict[str, list[StepTrace]] = {}
    for one in sorted(steps, key=lambda one: one.step.order):
        found.setdefault(one.step.identity, []).append(one)
    return list(found.values())


def _some_of_each_kind(groups: Sequence[_Alike], most: int) -> list[_Alike]:
    """Return so many: what failed, then the first of each kind, the second of each, …; in the order of making."""
    earlier: Counter[str] = Counter()
    turns: list[tuple[bool, int, int]] = []
    for number, alike in enumerate(groups):
        kind = alike[0].step.kind
        turns.append((not any(one.state is State.FAILED for one in alike), earlier[kind], number))
        earlier[kind] += 1
    return [groups[number] for number in sorted(number for *_, number in sorted(turns)[:most])]


def _step_lines(alike: _Alike, *, hosts: bool) -> Iterator[Line]:
    """Yield a step's line and why it failed; why something is unknown is often the same for all, and said elsewhere."""
    yield line(alike[0].step.identity, *(_on(alike) if hosts else ()), *_state(alike), indent=4, hang=4)
    yield from _wrong_lines([one for one in alike if one.state is State.FAILED], indent=6)


def _on(alike: _Alike) -> Iterator[Part]:
    yield (f"  on {list_names([one.host for one in alike])}", "quiet")


def _state(alike: _Alike) -> Iterator[Part]:
    """Yield what was seen, in numbers where hosts differ; nothing where nobody looked."""
    if not any(one.at for one in alike):
        return
    counts = Counter(one.state for one in alike)
    worst = next(state for state in (State.FAILED, State.UNKNOWN, State.OK) if counts[state])
    numbers = ", ".join(f"{counts[state]} {state.value}" for state in State if counts[state])
    yield from (": ", (worst.value if len(counts) == 1 else numbers, _MEANINGS[worst]))


def _wrong_lines(alike: _Alike, *, indent: int) -> Iterator[Line]:
    """Yield what was wrong, and on which host, of the first hosts."""
    wrong = [one for one in alike if one.detail]
    for one in wrong[:_MOST_WRONG]:
        on_host = (f"{one.state.value} on {one.host}", _MEANINGS[one.state])
        yield line(on_host, f": {shortened(one.detail)}", indent=indent)
    if len(wrong) > _MOST_WRONG:
        yield line((f"and {format_count(len(wrong) - _MOST_WRONG, 'more host', 'more hosts')}", "quiet"), indent=indent)


def _looked(steps: Iterable[StepTrace], zone: ZoneInfo) -> Part:
    """Return when was looked, at the host that was looked at longest ago."""
    times = [one.at for one in steps]
    seen: list[datetime] = [at for at in times if at]
    if not seen:
        return ("not verified since the last policy change", "quiet")
    never = f"; {format_count(len(times) - len(seen), 'step')} not verified" if len(seen) < len(times) else ""
    return f"verify {format_minute_with_offset(min(seen), zone)}{never}"


def _hosts_by_origin(alike: _Alike) -> Mapping[Origin, list[str]]:
    found: dict[Origin, list[str]] = {}
    for one in alike:
        for origin in one.step.origins:
            found.setdefault(origin, []).append(one.host)
    return dict(sorted(found.items()))


def clause_text(clauses: Iterable[str]) -> str:
    """Given the names of clauses, return them in words."""
    return f"clauses {', '.join(names)}" if (names := list(clauses)) else "no clause"
