"""Drift, shown: what differs on each host, since when, who applied last, and what is intended or unknown beside it.

In: a drift report. Out: lines.
"""

from collections.abc import Iterator
from zoneinfo import ZoneInfo

from opspact.plan.change_reason import ChangeReason
from opspact.report.lines import Line, line, shortened
from opspact.report.origins import origin_text
from opspact.rollout.drift import Difference, DriftReport, HostDrift
from opspact.rollout.drift_history import RECENT
from opspact.text.counts import format_count
from opspact.text.instants import format_minute_with_offset
from opspact.text.names import join_names, list_names

_MEANINGS = {"drift": "bad", "unknown": "doubt", "known": "quiet", "fixed": "good", "intended": "quiet"}
_WIDTH = 10  # of the column that says which of these it is
_COMMIT = 12


def drift_lines(report: DriftReport, zone: ZoneInfo) -> list[Line]:
    """Given a drift report and the zone for people, return it: every host that is not clean, then the sum."""
    lines = [text for host in report.hosts for text in _of_host(host, report, zone)]
    lines += [line(("note ", "doubt"), f"{it.origin}: none of its hosts has such a step") for it in report.unused]
    lines += [line(("note ", "doubt"), note) for note in report.notes]
    return [*lines, *([line()] if lines else []), _sum(report)]


def _of_host(host: HostDrift, report: DriftReport, zone: ZoneInfo) -> Iterator[Line]:
    """Yield the lines of a host on which anything is to be said."""
    fixed, why = report.fixed.get(host.result.name, ()), report.why_not_fixed.get(host.result.name, "")
    if not host.is_clean or host.intended or host.known or fixed:
        yield from _host_lines(host, zone)
    yield from (_entry("fixed", identity) for identity in fixed)
    if why:
        yield line((f"not fixed: {why}", "doubt"), indent=2)


def _host_lines(host: HostDrift, zone: ZoneInfo) -> Iterator[Line]:
    yield line((host.result.name, "title"), "  ", *_applied(host, zone), hang=4)
    if not host.is_checked:
        yield line(f"unknown: {host.result.detail}", indent=2)
        return
    if host.manifest.detail:
        yield _entry("unknown", host.manifest.detail)
    for each in (*host.of(ChangeReason.DRIFT), *host.of(ChangeReason.UNKNOWN)):
        yield from _difference_lines(each, zone)
    for each in host.known:
        yield from _difference_lines(each, zone)
    for change in host.intended:
        yield _entry("intended", f"{change.step.identity}: {change.action.value}, not applied yet")


def _applied(host: HostDrift, zone: ZoneInfo) -> Iterator[tuple[str, str]]:
    if not host.is_checked:
        yield (host.result.reach.value, "bad")
    elif host.applied is not None:
        commit = f" at commit {host.applied.commit[:_COMMIT]}" if host.applied.commit else ""
        at = format_minute_with_offset(host.applied.at, zone)
        yield (f"last applied {at} by {host.applied.actor}{commit}", "quiet")
    elif host.differences or host.intended:
        yield ("no apply is recorded", "quiet")


def _difference_lines(each: Difference, zone: ZoneInfo) -> Iterator[Line]:
    step = each.check.step
    yield _entry("known" if each.is_known else each.reason.value, f"{step.identity}: {shortened(each.check.detail)}")
    if each.since is not None:
        yield line(f"since {format_minute_with_offset(each.since, zone)}", indent=2 + _WIDTH)
    if each.earlier:
        times = format_count(len(each.earlier) + 1, "time")
        dates = join_names([format_minute_with_offset(at, zone) for at in each.earlier])
        yield line((f"recurring: {times} in {RECENT.days} days", "doubt"), f", before on {dates}", indent=2 + _WIDTH)
    if each.known is not None:
        words = f"{each.known.origin.policy}: {each.known.reason}" if each.is_known else f"{each.known.origin.policy}"
        until = f"until {each.known.until}, by {each.known.by}" if each.is_known else f"expired on {each.known.until}"
        yield line((until, "doubt"), f" ({words})", indent=2 + _WIDTH)
    if origin := origin_text(step):
        yield line((origin, "quiet"), indent=2 + _WIDTH)


def _entry(word: str, text: str) -> Line:
    return line((f"{word:<{_WIDTH}}", _MEANINGS[word]), text, indent=2, hang=_WIDTH)


def _sum(report: DriftReport) -> Line:
    hosts = format_count(len(report.hosts), "host")
    counts = report.counts
    if report.is_clean and not any(counts.values()):
        return line(("no drift", "good"), f": {hosts}")
    parts: list[tuple[str, str]] = [(f"{hosts}: ", "title")]
    for word, count in counts.items():
        parts += [(f"{count:,} {word}", _MEANINGS[word] if count else "quiet"), (", ", "")]
    parts.pop()
    if report.unreachable:
        lost = [host.result.name for host in report.hosts if not host.is_checked]
        parts.append((f"; {format_count(len(lost), 'host')} not reached ({list_names(lost)})", "bad"))
    if wrong := sum(host.is_checked and bool(host.manifest.detail) for host in report.hosts):
        parts.append((f"; {format_count(wrong, 'manifest')} not ok", "bad"))
    return line(*parts)
