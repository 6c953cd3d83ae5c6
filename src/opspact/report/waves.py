"""The waves of a live plan, shown before anybody applies it.

In: waves. Out: lines.
"""

from collections.abc import Iterator

from opspact.report.lines import Line, line
from opspact.rollout.live_waves import LiveWaves


def wave_lines(found: LiveWaves) -> Iterator[Line]:
    """Given the waves of a plan, yield a line for each, and one if apply would refuse the plan."""
    for wave in found.waves:
        yield line((wave.name, "title"), f"  {wave.description}", hang=4)
    if found.refusal:
        yield line(("apply would refuse this", "bad"), f": {found.refusal}", hang=4)
