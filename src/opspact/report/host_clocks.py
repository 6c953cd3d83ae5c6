"""Hosts whose clocks are off, said: which, how far, and what follows.

Comes in: clocks by host. Goes out: lines for standard error.
"""

from collections.abc import Iterator, Mapping, Sequence

from opspact.model.time.host_clock import HostClock
from opspact.report.lines import Line, line
from opspact.text.counts import format_count
from opspact.text.durations import format_duration
from opspact.text.names import is_or_are, join_names

_ALIKE = 60
"""Seconds by which clocks may differ that are said to be off by the same."""


def host_clock_lines(clocks: Mapping[str, HostClock], *, reached: int) -> Iterator[Line]:
    """Given clocks by host, and how many hosts were reached in all, yield a line for those off by the same; else none.

    Where all of several hosts are, it is said of this machine: its clock is the one that is probably wrong.
    """
    found = sorted((clock.ahead, name) for name, clock in clocks.items() if clock.is_off)
    while found:
        ahead = found[0][0]
        names = [name for other, name in found if other - ahead <= _ALIKE]
        found = found[len(names) :]
        yield line(("clocks differ", "doubt"), f": {_off(names, ahead, reached=reached)}; {_CONSEQUENCE}")


_CONSEQUENCE = "results are recorded in the time of this machine; check `timedatectl`"


def _off(names: Sequence[str], ahead: int, *, reached: int) -> str:
    if 1 < reached == len(names):
        return f"this machine is {_by(-ahead)} all {format_count(reached, 'host')} reached"
    return f"{join_names(names, 'hosts')} {is_or_are(names)} {_by(ahead)} this machine"


def _by(ahead: int) -> str:
    return f"{format_duration(abs(ahead))} {'ahead of' if ahead > 0 else 'behind'}"
