"""Bastions in front of many hosts, said once on the terminal: why a command takes longer.

In: their addresses and how many hosts are behind each. Out: lines.
"""

from collections.abc import Mapping

from opspact.report.lines import Line, line
from opspact.text.counts import format_count


def bastion_lines(hosts: Mapping[str, int], *, at_once: int) -> list[Line]:
    """Given how many hosts are behind each bastion, and how many log in at a time, return a line for each."""
    return [
        line(
            ("note: ", "quiet"),
            f"{format_count(count, 'host')} behind the bastion {address}: {at_once} logins at a time",
        )
        for address, count in hosts.items()
    ]
