"""A verify, shown: every check that is not ok with its policy and line, and how many are.

In: what a verify comes to. Out: lines.
"""

from collections.abc import Iterator

from opspact.plan.manifest_state import ManifestState
from opspact.report.lines import Line, line, shortened
from opspact.report.origins import origin_text
from opspact.report.orphans import orphan_lines
from opspact.report.verify_result import NO_FINDINGS, HostFindings, VerifyResult
from opspact.steps.check import Check, HostResult, Reach, State
from opspact.text.counts import format_count
from opspact.text.names import list_names

_MEANINGS = {State.OK: "good", State.FAILED: "bad", State.UNKNOWN: "doubt"}
_STATES = {
    ManifestState.MISSING: ("manifest missing", "manifests missing"),
    ManifestState.DAMAGED: ("manifest damaged", "manifests damaged"),
    ManifestState.BLOCKED: ("manifest that cannot be used", "manifests that cannot be used"),
    ManifestState.REBUILT: ("host rebuilt", "hosts rebuilt"),
    ManifestState.CLAIMED: ("host with items of another contract", "hosts with items of another contract"),
    ManifestState.OLDER: ("host with a later commit", "hosts with a later commit"),
    ManifestState.OTHER_HISTORY: ("host with a commit of another history", "hosts with commits of another history"),
}
"""What the sum says of manifests that are not ok: of one, of several."""
_LONGEST_NAME = 32
_MOST, _BY_HAND = 600, 20_000  # characters of a difference that are shown; people need all of what is left to them
MOST_GOOD = 20
"""Hosts with nothing wrong that have a line of their own; more of them share one."""


def verify_lines(result: VerifyResult) -> list[Line]:
    """Given what a verify comes to, return it for people: one line when all is ok, else every host."""
    results = result.survey.results
    if result.is_clean:
        checks = format_count(result.planned, "check")
        return [line(("all ok", "good"), f": {format_count(len(results), 'host')}, {checks}")]
    good = [name for name in results if result.is_good(name)]
    together = good if len(good) > MOST_GOOD else []
    shown = [each for name, each in results.items() if not together or not result.is_good(name)]
    width = min(_LONGEST_NAME, max((len(each.name) for each in shown), default=0))
    reach = max((len(each.reach.value) for each in shown), default=0)
    lines = [text for each in shown for text in host_lines(each, result.of(each.name), width=width, reach=reach)]
    if together:
        lines.append(line((list_names(together), "title"), "  ", ("all ok", "good"), hang=4))
    if result.orphan_hosts:
        lines += [line(), *orphan_lines(result.orphan_hosts)]
    return [*lines, line(), _sum(result)]


def host_lines(
    result: HostResult, findings: HostFindings = NO_FINDINGS, *, width: int = 0, reach: int = 0
) -> Iterator[Line]:
    """Given a host's result and what is wrong beside it, yield its line, and below it every check that is not ok.

    `width` and `reach`: columns for the host's name and for how it was reached.
    """
    reached = result.reach is Reach.REACHED
    yield line(
        (f"{result.name:<{width}}  ", "title"),
        (f"{result.reach.value:<{reach}}", "good" if reached else "bad"),
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
    yield from _finding_lines(findings)


def _finding_lines(findings: HostFindings) -> Iterator[Line]:
    if findings.manifest.detail:
        yield line(("failed ", "bad"), f"  {findings.manifest.detail}", indent=2, hang=9)
    for change in findings.removable:
        yield line(("orphan", "doubt"), f"   {change.step.identity}: opspact apply removes it", indent=2, hang=9)
    for change in findings.kept:
        yield line(("orphan", "doubt"), f"   {change.step.identity}: left in place: {change.why}", indent=2, hang=9)


def _counts(result: HostResult) -> Iterator[tuple[str, str]]:
    for number, state in enumerate(State):
        count = result.count(state)
        yield ("" if not number else "  ", "")
        yield (f"{count:>3} {state.value}", _MEANINGS[state] if count else "quiet")


def _check_lines(check: Check) -> Iterator[Line]:
    yield line(
        (f"{check.state.value:<7}", _MEANINGS[check.state]),
        f"  {check.step.identity}: {shortened(check.detail, _BY_HAND if check.obstacle else _MOST)}",
        indent=2,
        hang=9,
    )
    if origin := origin_text(check.step):
        yield line((origin, "quiet"), indent=11)


def _sum(result: VerifyResult) -> Line:
    parts: list[tuple[str, str]] = [(f"{format_count(len(result.survey.results), 'host')}: ", "title")]
    for state in State:
        count = result.count(state)
        parts += [(f"{count:,} {state.value}", _MEANINGS[state] if count else "quiet"), (", ", "")]
    parts[-1] = (f" of {format_count(result.planned, 'check')}", "")
    if result.unreachable:
        parts.append((f"; {format_count(result.unreachable, 'host')} not reached", "bad"))
    if result.orphans:
        parts.append((f"; {format_count(result.orphans, 'orphan')}", "doubt"))
    parts += [(f"; {format_count(number, *_STATES[state])}", "bad") for state, number in result.manifests.items()]
    if result.orphan_hosts:
        parts.append((f"; {format_count(len(result.orphan_hosts), 'host')} removed from the inventory", "bad"))
    return line(*parts)
