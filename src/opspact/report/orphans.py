"""Hosts that left the inventory while things of ours are still on them, said: what stays there, and the way out.

Comes in: such hosts. Goes out: lines, Markdown items, data.
"""

from collections.abc import Iterable, Iterator

from opspact.plan.orphan import OrphanHost
from opspact.report.document import counted
from opspact.report.lines import Line, line

MOST_STAYING = 10
"""Things on one host that are named in text; JSON has them all."""
MOST_LEFT = 20
"""Hosts that are told one by one in text."""

WAY_OUT = (
    "put it back into the inventory, outside every policy's `hosts` (such as all:!leaving), and apply: that takes away "
    "what opspact made; then take it out. A machine that is gone for good: opspact ledger retire HOST --reason TEXT"
)


def left_lines(left: Iterable[OrphanHost]) -> Iterator[Line]:
    """Given hosts that left, yield a paragraph for each of the first, and the way out."""
    hosts = list(left)
    for host in hosts[:MOST_LEFT]:
        yield line((f"{host.name}  ", "title"), ("left the inventory", "bad"), f": {_told(host)}", hang=4)
        for identity in host.stays[:MOST_STAYING]:
            yield line(("= ", "quiet"), f"{identity}: stays there", indent=4)
        if (more := len(host.stays) - MOST_STAYING) > 0:
            yield line((f"and {more:,} more: --format json has them all", "quiet"), indent=4)
        if host.namesake:
            yield line(_renamed(host), indent=4, hang=2)
    if len(hosts) > MOST_LEFT:
        yield line(f"and {counted(len(hosts) - MOST_LEFT, 'host')} more that left the inventory")
    if hosts:
        yield line(("way out: ", "doubt"), WAY_OUT, indent=2, hang=4)


def left_texts(left: Iterable[OrphanHost]) -> Iterator[tuple[str, str]]:
    """Given hosts that left, yield each one's name and what is to be said of it in one line."""
    for host in left:
        things = ", ".join(host.stays[:MOST_STAYING])
        more = f" and {len(host.stays) - MOST_STAYING:,} more" if len(host.stays) > MOST_STAYING else ""
        renamed = f"; {_renamed(host)}" if host.namesake else ""
        yield host.name, f"{_told(host)}: {things}{more}{renamed}"


def left_data(left: Iterable[OrphanHost]) -> list[dict[str, object]]:
    """Given hosts that left, return them as plain data."""
    return [
        {
            "name": host.name,
            "stays": list(host.stays),
            "reached_at": host.reached_at,
            "last_apply": host.at,
            "address_is_now_of": host.namesake,
        }
        for host in left
    ]


def _told(host: OrphanHost) -> str:
    stays = f"{counted(len(host.stays), 'thing')} that opspact put there {'stays' if len(host.stays) == 1 else 'stay'}"
    reached = f", reached as {host.reached_at}" if host.reached_at else ""
    return f"{stays}; last changed {host.at[:10]}{reached}" if host.at else stays


def _renamed(host: OrphanHost) -> str:
    return (
        f"{host.namesake} has its address now: if that is the same machine under another name, nothing is lost, and "
        f"`opspact ledger retire {host.name}` ends this notice"
    )


def not_asked_lines(lost: Iterable[tuple[str, str]]) -> Iterator[Line]:
    """Given hosts that no policy asks anything of and that could not be asked for our note, yield a line for each."""
    hosts = list(lost)
    words = "no policy asks anything of it, and whether something of opspact is left there is not known"
    for name, why in hosts[:MOST_LEFT]:
        yield line((f"{name}  ", "title"), ("not looked at", "doubt"), f": {words}: {why}", hang=4)
    if (more := len(hosts) - MOST_LEFT) > 0:
        yield line(f"and {counted(more, 'host')} more that could not be looked at")
