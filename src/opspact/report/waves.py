"""The waves of a live plan, shown before anybody applies it.

In: waves. Out: lines, rows of Markdown, JSON.
"""

from collections.abc import Iterator

from opspact.report.lines import Line, line, shortened
from opspact.report.markdown import plain
from opspact.rollout.live_waves import LiveWaves
from opspact.rollout.waves import Wave
from opspact.text.durations import format_hours

_REFUSED = "apply would refuse this"


def wave_lines(found: LiveWaves) -> Iterator[Line]:
    """Given the waves of a plan, yield a line for each, and one if apply would refuse the plan."""
    for wave in found.waves:
        yield line((wave.name, "title"), f"  {_words(wave)}", hang=4)
    if found.refusal:
        yield line((_REFUSED, "bad"), f": {found.refusal}", hang=4)


def wave_markdown_rows(found: LiveWaves) -> list[str]:
    """Given the waves of a plan, return an item for each."""
    return [f"- **{wave.name}** {plain(shortened(_words(wave)))}\n" for wave in found.waves]


def refusal_markdown(found: LiveWaves) -> str:
    """Given the waves of a plan, return the paragraph that says that apply would refuse it; empty: it would not."""
    return f"\n**{_REFUSED.capitalize()}:** {plain(shortened(found.refusal))}\n" if found.refusal else ""


def waves_data(found: LiveWaves) -> dict[str, object]:
    """Given the waves of a plan, return them as JSON values, as far as there are any; a pause has no hosts."""
    waves = [
        {
            "name": wave.name,
            "rollout": wave.gate.rollout,
            "hosts": list(wave.hosts),
            "pause": wave.pause,
            "verify": wave.gate.verify,
            "max_failures": wave.gate.max_failures,
            "settle_seconds": wave.gate.settle_seconds,
            "rollback": bool(wave.rollback),
        }
        for wave in found.waves
    ]
    return {**({"waves": waves} if waves else {}), **({"refusal": found.refusal} if found.refusal else {})}


def _words(wave: Wave) -> str:
    settles = f"; settles {format_hours(wave.gate.settle_seconds)}" if wave.gate.settle_seconds else ""
    return f"{wave.description}{settles}"
