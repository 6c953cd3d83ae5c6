"""A plan as one comment on a pull request: the summary first, details folded, never longer than forges take.

In: a plan, what it is compared with, what changes in the contract. Out: Markdown.
"""

import re
from collections.abc import Iterable, Iterator

from opspact.plan.change import Action, Change
from opspact.plan.plan import Plan
from opspact.report.action_styles import ACTION_STYLES
from opspact.report.contract_comparison import contract_summary, duty_of, parts
from opspact.report.lines import one_line, shortened
from opspact.report.markdown import code, plain
from opspact.report.markdown_page import MarkdownPage, detail_borders
from opspact.report.oncall import duty_markdown_rows
from opspact.report.orphans import REMEDY, orphan_texts
from opspact.report.plan import (
    ADOPTED,
    MOST_ADOPTED,
    MOST_GROUPS,
    MOST_HOSTS,
    Group,
    PreviousSteps,
    by_action,
    change_origin,
    clauses_of,
    group_difference,
    group_since,
    groups,
    is_equal,
    no_changes_line,
    reason,
    reason_words,
    summary_line,
    unreachable_hosts,
)
from opspact.report.plan_context import NO_CONTEXT, PlanContext
from opspact.report.plan_requirements import approval_words, commit_title
from opspact.report.reductions import reduction_rows
from opspact.report.waves import refusal_markdown, wave_markdown_rows
from opspact.rollout.contract_comparison import ContractComparison
from opspact.rollout.plan_requirements import PlanRequirements
from opspact.text.counts import format_count
from opspact.text.names import list_names

_MOST_ROWS = 100
_MOST_CHANGES = 40  # changes of one group that are listed where all of them do not fit
_MOST_WHOLE = 300  # changes of one group that are listed with the differences of files
_LONGEST = 300  # characters of one line of a difference


def plan_marker(contract: str) -> str:
    """Given a contract's name, return the hidden line by which its comment is found again."""
    return f"<!-- opspact plan: {re.sub(r'[^A-Za-z0-9_.]+', '-', contract)} -->\n"


def plan_markdown(plan: Plan, context: PlanContext = NO_CONTEXT, *, contract: str) -> str:
    """Given a plan, the contract's name, and what is shown beside a plan, return a comment in Markdown.

    It begins with a hidden line that names the contract. Where nothing differs, one line says so. Of what the base
    asks for, commits that are not signed as they have to be are shown.
    """
    sides, comparison = context.sides, context.comparison
    page = MarkdownPage(_pointer(plan))
    title = f"{plan_marker(contract)}### opspact plan: {plain(contract)}\n\n"
    if comparison and is_equal(plan, comparison):
        page.add(f"{title}{plain(no_changes_line(plan, comparison).text)}\n")
        _add_requirements(page, context.requirements)
        return page.text
    page.add(f"{title}{_summary(plan, sides, comparison)}\n{refusal_markdown(context.waves)}")
    _add_requirements(page, context.requirements)
    if comparison:
        _add_contract(page, comparison)
    if touched := clauses_of(plan):
        page.add(f"\nClauses touched: {', '.join(map(code, touched))}\n")
    rows = wave_markdown_rows(context.waves)
    page.add_rows(f"\n#### Waves ({len(rows)})\n\n", rows, most=_MOST_ROWS)
    _add_groups(page, plan, sides)
    rows = [
        f"- {code(host.name)} **{host.reach.value}**: {code(shortened(host.detail))}\n"
        for host in unreachable_hosts(plan)
    ]
    page.add_rows("\n#### Hosts not reached\n\n", rows, most=_MOST_ROWS)
    rows = [
        f"- {code(name)} **removed from the inventory**: {code(shortened(said))}\n"
        for name, said in orphan_texts(plan.orphans)
    ]
    page.add_rows("\n", rows, f"\n  To fix: {code(REMEDY)}\n", most=_MOST_ROWS)
    return page.text


def _pointer(plan: Plan) -> str:
    """Return what is said at the end of a plan that does not fit: which plan it is, and what lists all of it."""
    base = f" --base {plan.base.partition('+')[0]}" if re.match("[0-9a-f]{40}", plan.base) else ""
    command = code(f"opspact plan{' --live' if plan.live else base} --format json")
    return f"\n**Not the whole plan:** it does not fit here. {command} lists all of plan {plan.digest[:12]}.\n"


def _summary(plan: Plan, sides: PreviousSteps, comparison: ContractComparison | None) -> str:
    reasons = f" ({known})" if (known := reason_words(plan, sides)) else ""
    said = contract_summary(comparison) if comparison else []
    reduced = f"**{said.pop(0)}** · " if comparison and comparison.reductions else ""
    beside = f"\n\nIn the contract: {plain(', '.join(said))}" if said else ""
    return f"{reduced}{plain(summary_line(plan).text)}{reasons}{beside}"


def _add_requirements(page: MarkdownPage, requirements: PlanRequirements | None) -> None:
    """Add the approvals that apply will ask for, and the commits whose signatures do not count: apply refuses them."""
    if requirements and (words := approval_words(requirements)):
        page.add(f"\n**Approval needed:** {plain(words)}\n")
    if requirements and requirements.commits.refused:
        rows = [f"- {code(each.commit[:12])} {plain(shortened(each.why))}\n" for each in requirements.commits.refused]
        page.add_rows(f"\n#### {plain(commit_title(requirements.commits))}\n\n", rows, most=_MOST_ROWS)


def _add_contract(page: MarkdownPage, comparison: ContractComparison) -> None:
    """Add what changes in the contract: what is reduced open, all else folded."""
    rows, ways = reduction_rows(comparison.reductions)
    page.add_rows(f"\n#### Reduced commitments ({len(rows)})\n\n", rows, ways, most=_MOST_ROWS)
    head, foot = detail_borders(f"Duty changes ({len(comparison.duty)})")
    duty, table = duty_of(comparison), "| roster | when | who |\n|---|---|---|\n"
    more = f"\n{duty.more}\n" if duty.more else ""
    page.add_rows(head + table, list(duty_markdown_rows(duty)), more + foot, most=_MOST_ROWS)
    for heading, found in parts(comparison):
        head, foot = detail_borders(f"{heading.capitalize()} ({len(found)})")
        rows = [f"- `{sign}` {code(policy)} {plain(shortened(words))}\n" for policy, ((sign, _), words) in found]
        page.add_rows(head, rows, foot, most=_MOST_ROWS)


def _add_groups(page: MarkdownPage, plan: Plan, sides: PreviousSteps) -> None:
    """Add the groups of hosts, folded, the largest first: with the differences of files, without, or their numbers."""
    all_groups = groups(plan, sides)
    left = 0
    for group in all_groups[:MOST_GROUPS]:
        changes = list(by_action(group.plan))
        whole = _group(plan, group, list(_changes(group, changes[:_MOST_WHOLE], sides, differences=True)))
        short = _group(plan, group, list(_changes(group, changes[:_MOST_CHANGES], sides, differences=False)))
        left += not page.add(whole, short, _group(plan, group, []))
    if more := left + len(all_groups[MOST_GROUPS:]):
        page.add(f"\n… and {format_count(more, 'more group', 'more groups')} of hosts\n")


def _group(plan: Plan, group: Group, rows: list[str]) -> str:
    """Return a group of hosts, folded: how many they are and what happens there, which they are, each change."""
    since = f", {known}" if (known := group_since(plan, group)) else ""
    counts = [
        f"{len(found):,} {ACTION_STYLES[action].planned}" for action in Action if (found := group.plan.of(action))
    ]
    summary = f"{format_count(len(group.hosts), 'host')}{since}: {', '.join(counts) or 'nothing to change'}"
    head, foot = detail_borders(summary, list_names(group.hosts, MOST_HOSTS))
    said = []
    if group.plan.manifest:
        said.append(f"- **manifest**: {code(shortened(group.plan.manifest))}\n")
    if group.plan.adopted:
        said.append(f"- `=` {ADOPTED}: {code(shortened(list_names(group.plan.adopted, MOST_ADOPTED)))}\n")
    more = len(group.plan.changes) - sum(row.startswith("- ") for row in rows)
    cut = [f"- … and {format_count(more, 'more change', 'more changes')}\n"] if more else []
    return "".join([head, *said, *rows, *cut, foot])


def _changes(group: Group, changes: Iterable[Change], sides: PreviousSteps, *, differences: bool) -> Iterator[str]:
    """Yield each change as an item, followed by the difference of its file where that is wanted."""
    for change in changes:
        why = f": {code(shortened(said))}" if (said := reason(group, change, sides)) else ""
        origin = f" — {code(change_origin(change))}" if change.step.origins else ""
        cause = f" **{known.value}**" if (known := sides.reason(group.plan.name, change)) else ""
        sign = ACTION_STYLES[change.action].sign
        yield f"- `{sign}` {code(shortened(change.step.identity))}{cause}{why}{origin}\n"
        if differences and (shown := group_difference(group, change, sides)):
            texts = [text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…" for text in map(one_line, shown)]
            fence = _fence(texts)
            yield "".join(f"  {text}\n" for text in ("", f"{fence}diff", *texts, fence))


def _fence(texts: Iterable[str]) -> str:
    longest = max((len(run) for text in texts for run in re.findall(r"`+", text)), default=0)
    return "`" * max(3, longest + 1)
