"""Hosts that left the inventory while things of ours are still on them, shown: what stays there, and what to do.

In: such hosts. Out: lines, Markdown items, data.
"""

from collections.abc import Iterable, Iterator

from opspact.plan.orphan import OrphanHost
from opspact.report.lines import Line, line
from opspact.text.counts import format_count
from opspact.text.names import is_or_are, list_names

MOST_STAYING = 10
"""Things on one host that are named in text; JSON has them all."""
MOST_ORPHANS = 20
"""Hosts that are shown one by one in text."""

REMEDY = (
    "Add the host back to the inventory, outside the `hosts` of every policy (such as all:!leaving), and "
    "apply, which removes what opspact created; then remove the host. If the machine no longer exists: "
    "opspact ledger retire HOST --reason TEXT"
)


def orphan_lines(orphans: Iterable[OrphanHost]) -> Iterator[Line]:
    """Given hosts that left, yield a paragraph for each of the first, and what to do."""
    hosts = list(orphans)
    for host in hosts[:MOST_ORPHANS]:
        yield line((f"{host.name}  ", "title"), ("removed from the inventory", "bad"), f": {_summary(host)}", hang=4)
        for identity in host.stays[:MOST_STAYING]:
            yield line(("= ", "quiet"), f"{identity}: still there", indent=4)
        if (more := len(host.stays) - MOST_STAYING) > 0:
            yield line((f"and {more:,} more: use --format json to list all", "quiet"), indent=4)
        if host.namesake:
            yield line(_renamed(host), indent=4, hang=2)
    if len(hosts) > MOST_ORPHANS:
        yield line(
            f"and {format_count(len(hosts) - MOST_ORPHANS, 'more host', 'more hosts')} removed from the inventory"
        )
    if hosts:
        yield line(("to fix: ", "doubt"), REMEDY, indent=2, hang=4)


def orphan_texts(orphans: Iterable[OrphanHost]) -> Iterator[tuple[str, str]]:
    """Given hosts that left, yield each one's name and a summary in one line."""
    for host in orphans:
        renamed = f"; {_renamed(host)}" if host.namesake else ""
        yield host.name, f"{_summary(host)}: {list_names(host.stays, MOST_STAYING)}{renamed}"


def orphan_data(orphans: Iterable[OrphanHost]) -> list[dict[str, object]]:
    """Given hosts that left, return them as plain data."""
    return [
        {
            "name": host.name,
            "stays": list(host.stays),
            "reached_at": host.reached_at,
            "last_apply": host.at,
            "address_is_now_of": host.namesake,
        }
        for host in orphans
    ]


def _summary(host: OrphanHost) -> str:
    stays = f"{format_count(len(host.stays), 'item')} created by opspact {is_or_are(host.stays)} still there"
    reached = f", reached as {host.reached_at}" if host.reached_at else ""
    return f"{stays}; last changed {host.at[:10]}{reached}" if host.at else stays


def _renamed(host: OrphanHost) -> str:
    return (
        f"{host.namesake} now has its address; if it is the same machine under a new name, run "
        f"`opspact ledger retire {host.name}`"
    )


def not_checked_lines(lost: Iterable[tuple[str, str]]) -> Iterator[Line]:
    """Given hosts that no policy applies to and that could not be asked for our manifest, yield a line for each."""
    hosts = list(lost)
    words = "no policy applies to this host, and it is unknown whether opspact still manages items there"
    for name, why in hosts[:MOST_ORPHANS]:
        yield line((f"{name}  ", "title"), ("not checked", "doubt"), f": {words}: {why}", hang=4)
    if (more := len(hosts) - MOST_ORPHANS) > 0:
        yield line(f"and {format_count(more, 'more host', 'more hosts')} not checked")
