"""What was seen on hosts, said: every check that is not in order with its policy and line, and how many are.

Comes in: a survey. Goes out: lines, JSON, JUnit.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from opspact.plan.change import Action, Change
from opspact.plan.manifest_state import Note
from opspact.plan.orphan import OrphanHost
from opspact.report import junit
from opspact.report.document import counted, document
from opspact.report.lines import Line, line, shortened
from opspact.report.origins import named, origin_data, origin_text
from opspact.report.orphans import left_data, left_lines, left_texts
from opspact.rollout.outcome import is_in_order
from opspact.rollout.survey import Survey
from opspact.steps.check import Check, HostResult, Reach, State

_MEANINGS = {State.OK: "good", State.FAILED: "bad", State.UNKNOWN: "doubt"}
_LEFT = "left the policy"
_LONGEST_NAME = 32
MOST_GOOD = 20
"""Hosts in order that have a line of their own; more of them share one."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A survey in numbers. `leftovers`: the hosts on which something beside the checks is not in order, and what.

    `departed` are hosts that left the inventory with something of ours on them: nobody can look there.
    """

    survey: Survey
    leftovers: Mapping[str, "Leftovers"]
    departed: tuple[OrphanHost, ...] = ()

    def count(self, state: State) -> int:
        """Return how many checks are in that state, over all hosts."""
        return sum(result.count(state) for result in self.survey.results.values())

    @property
    def planned(self) -> int:
        """How many checks there are."""
        return sum(len(result.checks) for result in self.survey.results.values())

    @property
    def left(self) -> int:
        """How many steps left the policy and are still noted on hosts."""
        return sum(len(left.goes) + len(left.stays) for left in self.leftovers.values())

    @property
    def notes(self) -> int:
        """How many hosts' notes of what opspact put there are not in order."""
        return sum(bool(left.note.detail) for left in self.leftovers.values())

    @property
    def unreached(self) -> int:
        """How many hosts could not be looked at."""
        return sum(result.reach is not Reach.REACHED for result in self.survey.results.values())

    def is_in_order(self, name: str) -> bool:
        """Whether a host was reached, every check of it and its note are in order, and nothing is left over."""
        return is_in_order(self.survey.results[name]) and name not in self.leftovers

    @property
    def is_clean(self) -> bool:
        """Whether every check is ok, every host reached, every note in order, and nothing left over anywhere."""
        return self.count(State.OK) == self.planned and not (self.leftovers or self.unreached or self.departed)


@dataclass(frozen=True, slots=True)
class Leftovers:
    """What is wrong beside one host's checks: what left the policies, and what is wrong with its note.

    `goes`: what apply takes away; `stays`: what others brought there.
    """

    goes: tuple[Change, ...] = ()
    stays: tuple[Change, ...] = ()
    note: Note = field(default_factory=Note)

    @property
    def findings(self) -> int:
        """How many findings that is."""
        return len(self.goes) + len(self.stays) + bool(self.note.detail)


NOTHING_LEFT = Leftovers()


def seen(survey: Survey, departed: tuple[OrphanHost, ...] = ()) -> Seen:
    """Given a survey and the hosts that left the inventory, return it with all that is not in order beside checks."""
    found = {
        plan.name: Leftovers(
            plan.of(Action.REMOVE), plan.of(Action.RELEASE), survey.notes.get(plan.name, NOTHING_LEFT.note)
        )
        for plan in survey.plans()
    }
    return Seen(survey, {name: left for name, left in found.items() if left.findings}, departed)


def verified_lines(found: Seen) -> list[Line]:
    """Given what was seen, return it for people: one line when all is in order, else every host."""
    hosts = counted(len(found.survey.results), "host")
    if found.is_clean:
        return [line(("all ok", "good"), f": {hosts}, {counted(found.planned, 'check')}")]
    good = [name for name in found.survey.results if found.is_in_order(name)]
    together = good if len(good) > MOST_GOOD else []
    shown = [result for name, result in found.survey.results.items() if not together or not found.is_in_order(name)]
    width = min(_LONGEST_NAME, max((len(result.name) for result in shown), default=0))
    lines = [
        text for one in shown for text in host_lines(one, found.leftovers.get(one.name, NOTHING_LEFT), width=width)
    ]
    if together:
        lines.append(line((named(together), "title"), "  ", ("all ok", "good"), hang=4))
    if found.departed:
        lines += [line(), *left_lines(found.departed)]
    return [*lines, line(), _sum(found)]


def host_lines(result: HostResult, left: Leftovers = NOTHING_LEFT, *, width: int = 0) -> Iterator[Line]:
    """Given a host's result and what left its policy, yield its line, and below it every check that is not ok."""
    reached = result.reach is Reach.REACHED
    yield line(
        (f"{result.name:<{width}}  ", "title"),
        (result.reach.value, "good" if reached else "bad"),
        "  ",
        *_counts(result),
        hang=4,
    )
    if not reached:
        yield line(result.detail, indent=2)
        return
    for check in result.checks:
        if check.state is not State.OK:
            yield from _check_lines(check)
    if left.note.detail:
        yield line((f"{'note':<7}", "bad"), f"  {left.note.detail}", indent=2, hang=9)
    for fate, changes in (("opspact apply removes it", left.goes), ("left in place: {why}", left.stays)):
        for change in changes:
            words = f": {change.step.identity} ({fate.format(why=change.why)})"
            yield line(("left the policy", "doubt"), words, indent=2, hang=4)


def _counts(result: HostResult) -> Iterator[tuple[str, str]]:
    for number, state in enumerate(State):
        count = result.count(state)
        yield ("" if not number else "  ", "")
        yield (f"{count:>3} {state.value}", _MEANINGS[state] if count else "quiet")


def _check_lines(check: Check) -> Iterator[Line]:
    yield line(
        (f"{check.state.value:<7}", _MEANINGS[check.state]),
        f"  {check.step.identity}: {shortened(check.detail)}",
        indent=2,
        hang=9,
    )
    if origin := origin_text(check.step):
        yield line((origin, "quiet"), indent=11)


def _sum(found: Seen) -> Line:
    parts: list[tuple[str, str]] = [(f"{counted(len(found.survey.results), 'host')}: ", "title")]
    for state in State:
        count = found.count(state)
        parts += [(f"{count:,} {state.value}", _MEANINGS[state] if count else "quiet"), (", ", "")]
    parts[-1] = (f" of {counted(found.planned, 'check')}", "")
    if found.unreached:
        parts.append((f"; {counted(found.unreached, 'host')} not reached", "bad"))
    if found.left:
        parts.append((f"; {found.left:,} left the policy", "doubt"))
    if found.notes:
        parts.append((f"; {counted(found.notes, 'note')} not in order", "bad"))
    if found.departed:
        parts.append((f"; {counted(len(found.departed), 'host')} left the inventory", "bad"))
    return line(*parts)


def verified_json(found: Seen) -> str:
    """Given what was seen, return one JSON object; `planned == ok + failed + unknown`."""
    return document(
        "verify",
        {
            "hosts": [
                _host_data(result, found.leftovers.get(result.name, NOTHING_LEFT))
                for result in found.survey.results.values()
            ],
            "summary": {
                "planned": found.planned,
                **{state.value: found.count(state) for state in State},
                "hosts": len(found.survey.results),
                "unreachable": found.unreached,
                "left_the_policy": found.left,
                "notes_not_in_order": found.notes,
                "left_the_inventory": len(found.departed),
            },
            "left_the_inventory": left_data(found.departed),
        },
    )


def _host_data(result: HostResult, left: Leftovers) -> dict[str, object]:
    return {
        "name": result.name,
        "reachable": result.reach is Reach.REACHED,
        "reach": result.reach.value,
        "detail": result.detail,
        "checks": [
            {
                "step": check.step.identity,
                **origin_data(check.step),
                "state": check.state.value,
                "detail": check.detail,
            }
            for check in result.checks
        ],
        "note": {
            "state": left.note.state.value if result.reach is Reach.REACHED else State.UNKNOWN.value,
            "detail": left.note.detail,
        },
        "left_the_policy": [
            {"step": change.step.identity, "stays": stays, "why": change.why}
            for stays, changes in ((False, left.goes), (True, left.stays))
            for change in changes
        ],
    }


def verified_junit(found: Seen) -> str:
    """Given what was seen, return JUnit XML: a suite per host, a case per check; unknown is an error."""
    suites = [
        _suite(result, found.leftovers.get(result.name, NOTHING_LEFT)) for result in found.survey.results.values()
    ]
    suites += [_suite_of_departed(left) for left in found.departed]
    beside = found.left + found.notes + len(found.departed)
    attributes = (
        f'tests="{found.planned + beside}" failures="{found.count(State.FAILED) + beside}" '
        f'errors="{found.count(State.UNKNOWN)}"'
    )
    whole = f'<testsuites name="opspact verify" {attributes}>\n{"".join(suites)}</testsuites>\n'
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{whole}'


def _suite(result: HostResult, left: Leftovers) -> str:
    cases = [_case(check) for check in result.checks]
    cases += [_case_beside(change.step.identity, _LEFT) for change in (*left.goes, *left.stays)]
    if left.note.detail:
        cases.append(_case_beside("the note of what opspact put there", left.note.detail))
    failures = result.count(State.FAILED) + left.findings
    attributes = f'tests="{len(cases)}" failures="{failures}" errors="{result.count(State.UNKNOWN)}"'
    return f"  <testsuite name={junit.attribute(result.name)} {attributes}>\n{''.join(cases)}  </testsuite>\n"


def _case_beside(name: str, words: str) -> str:
    group = words if words == _LEFT else "note"
    head = f'    <testcase name={junit.attribute(name)} classname="{group}">'
    return f"{head}\n      <failure message={junit.attribute(words)}/>\n    </testcase>\n"


def _suite_of_departed(left: OrphanHost) -> str:
    ((name, told),) = left_texts([left])
    failure = f"      <failure message={junit.attribute(told)}/>\n"
    case = f'    <testcase name="left the inventory" classname="inventory">\n{failure}    </testcase>\n'
    return f'  <testsuite name={junit.attribute(name)} tests="1" failures="1" errors="0">\n{case}  </testsuite>\n'


def _case(check: Check) -> str:
    policy = check.step.origins[0].policy if check.step.origins else ""
    head = f"    <testcase name={junit.attribute(check.step.identity)} classname={junit.attribute(policy)}"
    if check.state is State.OK:
        return f"{head}/>\n"
    tag = "failure" if check.state is State.FAILED else "error"
    words = junit.body(origin_text(check.step))
    return f"{head}>\n      <{tag} message={junit.attribute(check.detail)}>{words}</{tag}>\n    </testcase>\n"
