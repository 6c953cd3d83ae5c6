"""How the obligations of backups stand: runs, copies, restore tests, checks of repositories.

Comes in: judged obligations. Goes out: lines, JSON.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from zoneinfo import ZoneInfo

from opspact.evidence.assessment import Judged
from opspact.obligations.obligation import State
from opspact.report.document import document
from opspact.report.lines import Line, line
from opspact.report.obligations import count_text, group_lines, grouped, obligation_data, state_counts
from opspact.text.counts import format_count


def backup_status_lines(judged: Sequence[Judged], zone: ZoneInfo) -> Iterator[Line]:
    """Given the obligations of backups and the zone for people, yield each, the worst first, and figures."""
    order = list(State)
    for group in sorted(grouped(judged), key=lambda group: order.index(group[0].state)):
        yield from group_lines(group, zone)
    counts = Counter(each.state for each in judged)
    yield line()
    yield line(f"{format_count(len(judged), 'obligation')}: {count_text({state: counts[state] for state in State})}")


def backup_status_json(judged: Sequence[Judged]) -> str:
    """Given the obligations of backups, return one JSON object; times in UTC."""
    return document(
        "backup-status",
        {
            "obligations": [obligation_data(each) for each in judged],
            "summary": state_counts(each.state for each in judged),
        },
    )
