"""How the obligations of backups stand: runs, copies, restore tests, checks of repositories; and the figures of copies.

Comes in: judged obligations, figures. Goes out: lines, JSON.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from opspact.evidence.assessment import Judged
from opspact.evidence.backup_stats import BackupStats, CopyCheck, FailedRun
from opspact.obligations.obligation import State
from opspact.report.document import document
from opspact.report.lines import Line, line
from opspact.report.obligations import count_text, group_lines, grouped, obligation_data, state_counts
from opspact.text.counts import format_count
from opspact.text.durations import format_duration
from opspact.text.instants import format_instant_in_utc, format_minute_with_offset
from opspact.text.sizes import format_bytes


def stats_lines(figures: Sequence[BackupStats], now: datetime, zone: ZoneInfo) -> Iterator[Line]:
    """Given the figures of copies, the time and the zone for people, yield a line for each.

    A run that failed since the newest copy is said below it, though its promise may be kept by an earlier one.
    """
    for each in figures:
        parts = [*_copy_parts(each, now), *_look_parts(each, zone)]
        yield line((f"{each.host}  ", "title"), f"{each.backup.name}  {'; '.join(parts)}", hang=4)
        if each.failed:
            at = f" {format_minute_with_offset(each.failed.at, zone)}" if each.failed.at else ""
            yield line(("last run failed", "bad"), f"{at}: {each.failed.message}", indent=4, hang=4)
    if figures:
        yield line()


def _copy_parts(figures: BackupStats, now: datetime) -> Iterator[str]:
    if figures.made is None:
        yield "no copy"
        return
    age = format_duration(max((now - figures.made).total_seconds(), 0))
    yield f"copy {age} old (RPO {figures.backup.rpo})"
    if figures.size is not None:
        usual = f", usually {format_bytes(figures.usual)}" if figures.usual is not None else ""
        yield f"{format_bytes(figures.size)}{usual}"
    if figures.added is not None:
        yield f"{format_bytes(figures.added)} added"


def _look_parts(figures: BackupStats, zone: ZoneInfo) -> Iterator[str]:
    checked, restored = figures.checked, figures.restored
    yield f"checked {format_minute_with_offset(checked.at, zone)}: {checked.verdict}" if checked else "never checked"
    if restored is None:
        yield "never restored"
        return
    took = f", in {format_duration(restored.seconds)}" if restored.seconds is not None else ""
    at = format_minute_with_offset(restored.at, zone)
    yield f"restored {at}: {restored.verdict}{took} (RTO {figures.backup.rto})"


def backup_status_lines(judged: Sequence[Judged], zone: ZoneInfo) -> Iterator[Line]:
    """Given the obligations of backups and the zone for people, yield each, the worst first, and how many there are."""
    order = list(State)
    for group in sorted(grouped(judged), key=lambda group: order.index(group[0].state)):
        yield from group_lines(group, zone)
    counts = Counter(each.state for each in judged)
    yield line()
    yield line(f"{format_count(len(judged), 'obligation')}: {count_text({state: counts[state] for state in State})}")


def backup_status_json(judged: Sequence[Judged], figures: Sequence[BackupStats]) -> str:
    """Given the obligations of backups and the figures of copies, return one JSON object; times in UTC."""
    return document(
        "backup-status",
        {
            "copies": [_stats_data(each) for each in figures],
            "obligations": [obligation_data(each) for each in judged],
            "summary": state_counts(each.state for each in judged),
        },
    )


def _stats_data(figures: BackupStats) -> dict[str, object]:
    return {
        "policy": figures.backup.origin.policy,
        "host": figures.host,
        "copy": figures.copy or None,
        "made": format_instant_in_utc(figures.made) if figures.made else None,
        "rpo_seconds": figures.backup.rpo.seconds,
        "bytes": figures.size,
        "added_bytes": figures.added,
        "usual_bytes": figures.usual,
        "failed": _failed_data(figures.failed),
        "checked": _look_data(figures.checked),
        "restored": _look_data(figures.restored),
        "rto_seconds": figures.backup.rto.seconds,
    }


def _failed_data(run: FailedRun | None) -> dict[str, object] | None:
    if run is None:
        return None
    at = format_instant_in_utc(run.at) if run.at else None
    return {"at": at, "verdict": run.verdict.value, "message": run.message}


def _look_data(look: CopyCheck | None) -> dict[str, object] | None:
    if look is None:
        return None
    return {"at": format_instant_in_utc(look.at), "verdict": look.verdict.value, "seconds": look.seconds}
