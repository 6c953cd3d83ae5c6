"""A plan, shown: hosts with the same changes together, each change with its sign, its reason and where it comes from.

In: a plan, and the steps as they were where they are known. Out: lines.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import assert_never

from opspact.plan.change import Action, Change
from opspact.plan.change_reason import ChangeReason
from opspact.plan.plan import HostPlan, Plan
from opspact.report.action_styles import ACTION_STYLES
from opspact.report.contract_comparison import contract_lines, equal_words
from opspact.report.differences import difference, fields_that_differ
from opspact.report.lines import Line, line
from opspact.report.next_runs import NextRuns, starts_at_once, timer_file
from opspact.report.origins import origin_text
from opspact.report.orphans import orphan_lines
from opspact.rollout.change_reasons import Reasons
from opspact.rollout.contract_comparison import ContractComparison
from opspact.rollout.file_contents import FoundFile
from opspact.rollout.planner import NOTHING
from opspact.steps.base import Step
from opspact.steps.check import Reach
from opspact.steps.file import File
from opspact.structs import Struct, field
from opspact.text.counts import format_count
from opspact.text.names import list_names

MOST_GROUPS = 20
"""Groups of hosts that are shown in text; JSON has them all."""
MOST_HOSTS = 5
MOST_ADOPTED = 12
ADOPTED = "exists already, will be managed from now on and stay when its policy goes"
MOST_DIFFERENCES = 40  # lines of file contents shown for one change

_DIGEST = re.compile(r"\b[0-9a-f]{12}…")


class Group(Struct):
    """Hosts with the same changes; `plan` is the first host's, `own` names the steps that are each host's own."""

    hosts: list[str]
    plan: HostPlan
    own: set[str] = field(default_factory=set)

    def add(self, host: HostPlan) -> None:
        """Add a host with the same changes."""
        self.hosts.append(host.name)
        if host.changes is not self.plan.changes:
            pairs = zip(self.plan.changes, host.changes, strict=True)
            self.own.update(one.step.identity for one, other in pairs if one.step != other.step)

    def difference_of(self, change: Change) -> str:
        """Return whose file a shown difference is of, where each host has its own; empty: it is the same everywhere."""
        if change.step.identity not in self.own:
            return ""
        return f"(on {self.plan.name}; the file is each host's own)"


class PreviousSteps(Struct):
    """The steps before, by host and identity, as far as they are known: they show what differs.

    `found`: files as they were found on hosts, or why one is not shown. `next_runs`: when timers elapse next.
    `reasons`: of changes on hosts that were checked, whether they are intended or drift.
    """

    before: Mapping[str, Mapping[str, Step]] = field(default_factory=dict)
    found: Mapping[str, Mapping[str, FoundFile]] = field(default_factory=dict)
    next_runs: NextRuns | None = None
    reasons: Reasons = field(default_factory=dict)

    def reason(self, host: str, change: Change) -> ChangeReason | None:
        """Return whether a change on a host is intended; None where the host was not asked."""
        return self.reasons.get(host, {}).get(change.step.identity)

    def of(self, host: str, change: Change) -> Step | None:
        """Return what the changed step was before; None when that is unknown."""
        return self.before.get(host, {}).get(change.step.identity)

    def difference(self, host: str, change: Change) -> list[str]:
        """Return how a file differs, as lines of a unified diff for people; empty when that is unknown."""
        found = self.whole_difference(host, change)
        return [f"(difference not shown: {found})"] if isinstance(found, str) else _cut(found)

    def whole_difference(self, host: str, change: Change) -> list[str] | str:
        """Return all lines of that diff, or why it is not shown."""
        match self.found.get(host, {}).get(change.step.identity):
            case str() as why:
                return why
            case File() as found:
                return difference(found, change.step)
            case _:
                return difference(self.of(host, change), change.step)

    def next_run(self, plan: HostPlan, change: Change) -> str:
        """Given a host's plan and a change of it, return what is said of the timer that it starts; or nothing."""
        if words := starts_at_once(change, plan.changes):
            return words
        if self.next_runs is None or self.next_runs.of(change) is None:
            return ""
        file = timer_file(change)
        after = next((each.step for each in plan.changes if each.step.identity == file), None)
        found = self.found.get(plan.name, {}).get(file)
        before = self.before.get(plan.name, {}).get(file) if found is None or isinstance(found, str) else found
        return self.next_runs.words(change, before, after)


NO_PREVIOUS_STEPS = PreviousSteps()


def groups(plan: Plan, sides: PreviousSteps = NO_PREVIOUS_STEPS) -> list[Group]:
    """Given a plan, return its hosts with something to do, those with the same changes together, largest group first.

    What is intended on one host and drift on another are two changes. Digests in reasons do not count, unless the files
    on hosts are shown: files that are each host's own are one change.
    """
    by_content = bool(sides.found)
    found: dict[object, Group] = {}
    for host in plan.hosts:
        if host.is_empty and not host.adopted:
            continue
        summary = tuple(
            (
                each.action,
                each.step.identity,
                each.why if by_content else _without_digests(each.why),
                sides.reason(host.name, each),
            )
            for each in host.changes
        )
        key = (host.manifest, host.base, summary, host.adopted)
        found.setdefault(key, Group([], host)).add(host)
    return sorted(found.values(), key=lambda group: -len(group.hosts))


def _without_digests(why: str) -> str:
    return _DIGEST.sub("…", why) if "…" in why else why


def unreachable_hosts(plan: Plan) -> list[HostPlan]:
    """Given a plan, return the hosts that were to be checked and could not be reached."""
    return [host for host in plan.hosts if host.reach not in {Reach.REACHED, Reach.NOT_CHECKED}]


def plan_lines(
    plan: Plan,
    sides: PreviousSteps = NO_PREVIOUS_STEPS,
    *,
    comparison: ContractComparison | None = None,
) -> list[Line]:
    """Given a plan, and what changes in the contract where that is known, return it for people.

    The contract's own changes come first; where nothing differs, one line says so. At most `MOST_GROUPS` groups of
    hosts are shown.
    """
    if comparison and is_equal(plan, comparison):
        return [no_changes_line(plan, comparison)]
    all_groups = groups(plan, sides)
    found = [*(contract_lines(comparison) if comparison else ()), _head(plan), line()]
    for group in all_groups[:MOST_GROUPS]:
        found += [*_group_lines(group, sides, since=group_since(plan, group)), line()]
    if (more := len(all_groups) - MOST_GROUPS) > 0:
        found += [
            line(f"and {format_count(more, 'more group', 'more groups')} of hosts: use --format json to list all")
        ]
    for host in unreachable_hosts(plan):
        found.append(line((f"{host.name}  ", "title"), (host.reach.value, "bad"), f": {host.detail}", hang=4))
    if plan.orphans:
        found += [*orphan_lines(plan.orphans), line()]
    summary = summary_line(plan)
    if reasons := reason_words(plan, sides):
        summary = line(*summary.parts, f" ({reasons})")
    if comparison and comparison.reductions:
        reduced = format_count(len(comparison.reductions), "reduced commitment")
        summary = line((f"{reduced}; ", "bad"), *summary.parts)
    return [*found, summary]


def is_equal(plan: Plan, comparison: ContractComparison) -> bool:
    """Return whether a change of the policies does nothing: to no host, and to nothing that the contract promises."""
    return comparison.is_equal and plan.is_empty and not (plan.orphans or unreachable_hosts(plan))


def no_changes_line(plan: Plan, comparison: ContractComparison) -> Line:
    """Given a plan and a comparison without differences, return the one line that says so."""
    hosts = format_count(len(plan.hosts), "host")
    words = f" from {_short(plan.base)} to {_short(plan.head)} on {hosts}: {equal_words(comparison)}"
    return line(("no changes", "good"), words)


def _head(plan: Plan) -> Line:
    if plan.live:
        return line(("plan", "title"), f" for {format_count(len(plan.hosts), 'host')}, compared with the current state")
    return line(("plan", "title"), f" from {_short(plan.base)} to {_short(plan.head) or 'the working tree'}")


def _short(commit: str) -> str:
    """Return a commit's first characters; words as they are."""
    name, plus, _ = commit.partition("+")
    short = name[:12] if re.fullmatch(r"[0-9a-f]{40,64}", name) else name
    return f"{short} with uncommitted changes" if plus else short


def group_since(plan: Plan, group: Group) -> str:
    """Given a plan and a group of it, return where its hosts last converged, where that differs between hosts."""
    if plan.live or plan.base == group.plan.base:
        return ""
    return f"last converged at {_short(group.plan.base)}" if group.plan.base != NOTHING else "never converged"


def _group_lines(group: Group, sides: PreviousSteps, *, since: str) -> Iterator[Line]:
    size = f"  ({format_count(len(group.hosts), 'host')})" if len(group.hosts) > 1 else ""
    yield line((list_names(group.hosts, MOST_HOSTS), "title"), (f"{size}{'  ' * bool(since)}{since}", "quiet"))
    if group.plan.manifest:
        yield line(("! ", "bad"), group.plan.manifest, indent=2)
    if group.plan.adopted:
        yield line(("= ", "quiet"), f"{ADOPTED}: {list_names(group.plan.adopted, MOST_ADOPTED)}", indent=2)
    for origin, changes in _by_origin(group.plan):
        yield line((origin or "not in any policy", "quiet"), indent=2)
        for change in changes:
            style = ACTION_STYLES[change.action]
            why = f": {said}" if (said := reason(group, change, sides)) else ""
            tag = _tag(sides.reason(group.plan.name, change))
            yield line((f"{style.sign} ", style.meaning), change.step.identity, *tag, why, indent=4)
            for text in group_difference(group, change, sides):
                yield line((text, _meaning_of(text)), indent=8, hang=0)


def group_difference(group: Group, change: Change, sides: PreviousSteps) -> list[str]:
    """Given a change of a group, return how its file differs: on the first host, where each has its own."""
    found, whose = sides.difference(group.plan.name, change), group.difference_of(change)
    return [whose, *found] if found and whose else found


_REASON_MEANINGS: Mapping[ChangeReason, str] = {
    ChangeReason.INTENDED: "quiet",
    ChangeReason.DRIFT: "bad",
    ChangeReason.UNKNOWN: "doubt",
}


def _tag(why: ChangeReason | None) -> tuple[tuple[str, str], ...]:
    return ((f" [{why.value}]", _REASON_MEANINGS[why]),) if why else ()


def reason_counts(plan: Plan, sides: PreviousSteps) -> dict[ChangeReason, int]:
    """Given a plan and the reasons of its changes, return how many have each.

    `sides` has none where hosts were not asked.
    """
    counts = Counter(sides.reason(host.name, change) for host in plan.hosts for change in host.changes)
    return {why: counts[why] for why in ChangeReason} if sides.reasons else {}


def reason_words(plan: Plan, sides: PreviousSteps) -> str:
    """Given a plan and the reasons of its changes, return how many have each, in words; empty: none has any."""
    return ", ".join(f"{number:,} {why.value}" for why, number in reason_counts(plan, sides).items() if number)


def by_action(host: HostPlan) -> Iterator[Change]:
    """Given a host's plan, yield every change, in the order of the actions."""
    return (change for action in Action for change in host.of(action))


def _by_origin(host: HostPlan) -> list[tuple[str, list[Change]]]:
    """Return the changes that one place in the policies asks for, together; what left the policies comes last."""
    found: dict[str, list[Change]] = {}
    for change in by_action(host):
        found.setdefault(change_origin(change), []).append(change)
    return sorted(found.items(), key=lambda entry: not entry[0])


def change_origin(change: Change) -> str:
    """Given a change, return where it comes from. What left has its place in the base, where other things may be now.

    Empty when that is unknown: a host's own manifest of what left names no place.
    """
    origin = origin_text(change.step)
    return f"{origin}, in the base" if origin and change.action is Action.REMOVE else origin


def reason(group: Group, change: Change, sides: PreviousSteps) -> str:
    """Given a change of a group, return why it happens to a step, and when a timer that is started elapses."""
    why = _why(change, sides.of(group.plan.name, change))
    return "; ".join(filter(None, (why, sides.next_run(group.plan, change))))


def _why(change: Change, before: Step | None) -> str:
    why = change.why
    match change.action:
        case Action.CHANGE if before is not None:
            why = fields_that_differ(before, change.step) or why
        case Action.MANUAL:
            why = f"fix manually (apply does not change it): {why}"
        case Action.DEFERRED:
            why = f"deferred: {why}"
        case Action.RELEASE:
            why = f"left in place: {why}" if why else "left in place"
        case Action.ADD | Action.CHANGE | Action.REMOVE | Action.DEPENDENT:
            pass
        case _:
            assert_never(change.action)
    return why


def _cut(found: list[str]) -> list[str]:
    if len(found) > MOST_DIFFERENCES:
        more = len(found) - MOST_DIFFERENCES
        return [*found[:MOST_DIFFERENCES], f"… and {format_count(more, 'more line', 'more lines')}"]
    return found


def _meaning_of(text: str) -> str:
    return {"+": "good", "-": "bad"}.get(text[:1], "quiet")


def totals(plan: Plan) -> dict[Action, int]:
    """Given a plan, return how many changes of each action it holds, over all hosts."""
    counts = Counter(change.action for host in plan.hosts for change in host.changes)
    return {action: counts[action] for action in Action}


def clauses_of(plan: Plan) -> list[str]:
    """Given a plan, return the clauses whose keeping it touches, sorted."""
    steps = {id(change.step): change.step for host in plan.hosts for change in host.changes}
    return sorted({clause for step in steps.values() for origin in step.origins for clause in origin.clauses})


def summary_line(plan: Plan) -> Line:
    """Given a plan, return in one line how much is to be done on how many hosts."""
    parts = [f"{number:,} {ACTION_STYLES[action].planned}" for action, number in totals(plan).items() if number]
    if manifests := sum(bool(host.manifest) for host in plan.hosts):
        parts.append(f"{format_count(manifests, 'manifest')} not ok")
    missing = len(unreachable_hosts(plan))
    away = f"; {format_count(missing, 'host')} not reached" if missing else ""
    away += f"; {format_count(len(plan.orphans), 'host')} removed from the inventory" if plan.orphans else ""
    if not parts and missing:
        checked = format_count(len(plan.hosts) - missing, "checked host")
        known = "no host was checked" if missing == len(plan.hosts) else f"nothing to do on {checked}"
        return line(("unknown", "doubt"), f": {known}{away}")
    if not parts:
        return line(("nothing to do", "good"), f" on {format_count(len(plan.hosts), 'host')}{away}")
    touched = sum(not host.is_empty for host in plan.hosts)
    return line(
        (", ".join(parts), "title"),
        f" on {touched:,} of {format_count(len(plan.hosts), 'host')}{away}; plan {plan.digest[:12]}",
    )
