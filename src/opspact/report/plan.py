"""A plan, shown: hosts with the same changes together, each change with its sign, its reason and where it comes from.

In: a plan, and the steps as they were where they are known. Out: lines, Markdown.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import assert_never

from opspact.plan.change import Action, Change
from opspact.plan.plan import HostPlan, Plan
from opspact.report.action_styles import ACTION_STYLES
from opspact.report.contract_comparison import contract_lines, contract_markdown, equal_words
from opspact.report.differences import difference, fields_that_differ
from opspact.report.lines import Line, line
from opspact.report.markdown import code, plain
from opspact.report.next_runs import NextRuns, timer_file
from opspact.report.origins import origin_text
from opspact.report.orphans import REMEDY, orphan_lines, orphan_texts
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
    """Hosts with the same changes; `plan` is the first host's."""

    hosts: list[str]
    plan: HostPlan


class PreviousSteps(Struct):
    """The steps before, by host and identity, as far as they are known: they show what differs.

    `found`: files as they were found on hosts, or why one is not shown. `next_runs`: when timers elapse next.
    """

    before: Mapping[str, Mapping[str, Step]] = field(default_factory=dict)
    found: Mapping[str, Mapping[str, FoundFile]] = field(default_factory=dict)
    next_runs: NextRuns | None = None

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
        if self.next_runs is None or self.next_runs.of(change) is None:
            return ""
        file = timer_file(change)
        after = next((each.step for each in plan.changes if each.step.identity == file), None)
        found = self.found.get(plan.name, {}).get(file)
        before = self.before.get(plan.name, {}).get(file) if found is None or isinstance(found, str) else found
        return self.next_runs.words(change, before, after)


NO_PREVIOUS_STEPS = PreviousSteps()


def groups(plan: Plan, *, by_content: bool = False) -> list[Group]:
    """Given a plan, return its hosts with something to do, those with the same changes together, largest group first.

    Digests in reasons do not count: files that are each host's own are one change; `by_content`: they count.
    """
    found: dict[object, Group] = {}
    for host in plan.hosts:
        if host.is_empty and not host.adopted:
            continue
        summary = tuple(
            (each.action, each.step.identity, each.why if by_content else _without_digests(each.why))
            for each in host.changes
        )
        key = (host.manifest, host.base, summary, host.adopted)
        found.setdefault(key, Group([], host)).hosts.append(host.name)
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
        return [_unchanged_line(plan, comparison)]
    all_groups = groups(plan, by_content=bool(sides.found))
    found = [*(contract_lines(comparison) if comparison else ()), _head(plan), line()]
    for group in all_groups[:MOST_GROUPS]:
        found += [*_group_lines(group, sides, since=_since(plan, group)), line()]
    if (more := len(all_groups) - MOST_GROUPS) > 0:
        found += [
            line(f"and {format_count(more, 'more group', 'more groups')} of hosts: use --format json to list all")
        ]
    for host in unreachable_hosts(plan):
        found.append(line((f"{host.name}  ", "title"), (host.reach.value, "bad"), f": {host.detail}", hang=4))
    if plan.orphans:
        found += [*orphan_lines(plan.orphans), line()]
    summary = _sum(plan)
    if comparison and comparison.reductions:
        reduced = format_count(len(comparison.reductions), "reduced commitment")
        summary = line((f"{reduced}; ", "bad"), *summary.parts)
    return [*found, summary]


def is_equal(plan: Plan, comparison: ContractComparison) -> bool:
    """Return whether a change of the policies does nothing: to no host, and to nothing that the contract promises."""
    return comparison.is_equal and plan.is_empty and not (plan.orphans or unreachable_hosts(plan))


def _unchanged_line(plan: Plan, comparison: ContractComparison) -> Line:
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


def _since(plan: Plan, group: Group) -> str:
    """Return where a group's hosts last converged, where that is not the same for all hosts."""
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
            reason = f": {why}" if (why := _reason(group, change, sides)) else ""
            yield line((f"{style.sign} ", style.meaning), change.step.identity, reason, indent=4)
            for text in sides.difference(group.plan.name, change):
                yield line((text, _meaning_of(text)), indent=8, hang=0)


def by_action(host: HostPlan) -> Iterator[Change]:
    """Given a host's plan, yield every change, in the order of the actions."""
    return (change for action in Action for change in host.of(action))


def _by_origin(host: HostPlan) -> list[tuple[str, list[Change]]]:
    """Return the changes that one place in the policies asks for, together; what left the policies comes last."""
    found: dict[str, list[Change]] = {}
    for change in by_action(host):
        found.setdefault(_asked_by(change), []).append(change)
    return sorted(found.items(), key=lambda entry: not entry[0])


def _asked_by(change: Change) -> str:
    """Return where a change comes from. What left has its place in the base: its line in the head may say other things.

    Empty when that is unknown: a host's own manifest of what left names no place.
    """
    origin = origin_text(change.step)
    return f"{origin}, in the base" if origin and change.action is Action.REMOVE else origin


def _reason(group: Group, change: Change, sides: PreviousSteps) -> str:
    """Return why something happens to a step, and when a timer that is started elapses."""
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


def _sum(plan: Plan) -> Line:
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


def plan_markdown(
    plan: Plan,
    sides: PreviousSteps = NO_PREVIOUS_STEPS,
    *,
    comparison: ContractComparison | None = None,
) -> str:
    """Given a plan, and what changes in the contract where that is known, return it as Markdown for a pull request.

    The contract's own changes come first; where nothing differs, one line says so. At most `MOST_GROUPS` groups of
    hosts are shown.
    """
    all_groups = groups(plan, by_content=bool(sides.found))
    if comparison and is_equal(plan, comparison):
        return f"### opspact plan\n\n{plain(_unchanged_line(plan, comparison).text)}\n"
    reductions = comparison.reductions if comparison else ()
    reduced = f"**{format_count(len(reductions), 'reduced commitment')}** · " if reductions else ""
    text = [f"### opspact plan\n\n{reduced}{_sum(plan).text}\n", contract_markdown(comparison) if comparison else ""]
    if touched := clauses_of(plan):
        text.append(f"\nClauses touched: {', '.join(map(code, touched))}\n")
    for group in all_groups[:MOST_GROUPS]:
        since = f", {known}" if (known := _since(plan, group)) else ""
        text.append(
            f"\n#### {code(list_names(group.hosts, MOST_HOSTS))} ({format_count(len(group.hosts), 'host')}{since})\n"
        )
        text += _markdown_changes(group, sides)
    if len(all_groups) > MOST_GROUPS:
        text.append(f"\n… and {format_count(len(all_groups) - MOST_GROUPS, 'more group', 'more groups')} of hosts\n")
    text += [f"\n- {code(host.name)} **{host.reach.value}**: {code(host.detail)}\n" for host in unreachable_hosts(plan)]
    for name, summary in orphan_texts(plan.orphans):
        text.append(f"\n- {code(name)} **removed from the inventory**: {code(summary)}\n")
    if plan.orphans:
        text.append(f"\n  To fix: {code(REMEDY)}\n")
    return "".join(text)


def _markdown_changes(group: Group, sides: PreviousSteps) -> Iterator[str]:
    if group.plan.manifest:
        yield f"- **manifest**: {code(group.plan.manifest)}\n"
    if group.plan.adopted:
        yield f"- `=` {ADOPTED}: {code(list_names(group.plan.adopted, MOST_ADOPTED))}\n"
    for change in by_action(group.plan):
        reason = f": {code(why)}" if (why := _reason(group, change, sides)) else ""
        origin = f" — {code(_asked_by(change))}" if change.step.origins else ""
        yield f"- `{ACTION_STYLES[change.action].sign}` {code(change.step.identity)}{reason}{origin}\n"
        if shown := sides.difference(group.plan.name, change):
            fence = _fence(shown)
            yield "".join(f"  {text}\n" for text in ("", f"{fence}diff", *shown, fence))


def _fence(texts: Iterable[str]) -> str:
    longest = max((len(run) for text in texts for run in re.findall(r"`+", text)), default=0)
    return "`" * max(3, longest + 1)
