"""What inspections found and is still open: the same words and the same objects in `status` and `inspect show`.

Comes in: open findings. Goes out: lines, plain data.
"""

from collections.abc import Iterable, Iterator, Mapping
from zoneinfo import ZoneInfo

from opspact.evidence.open_finding import OpenFinding
from opspact.model.result import Verdict
from opspact.report.lines import Line, line, shortened
from opspact.text.instants import format_instant_in_utc, format_minute_with_offset

VERDICT_MEANINGS: Mapping[Verdict, str] = {
    Verdict.OK: "good",
    Verdict.WARNING: "doubt",
    Verdict.UNKNOWN: "doubt",
    Verdict.CRITICAL: "bad",
}
"""How each verdict is coloured."""


def open_finding_lines(findings: Iterable[OpenFinding], zone: ZoneInfo) -> Iterator[Line]:
    """Given open findings and the zone for people, yield a line for each: what was found where, and when."""
    for one in findings:
        seen = f"  ({one.policy}, {format_minute_with_offset(one.at, zone)})"
        text = f"  {one.host}  {one.item}: {shortened(one.message, 200)}"
        named = (f"{one.verdict.value:<8}", VERDICT_MEANINGS[one.verdict])
        yield line(named, text, (seen, "quiet"), indent=2, hang=10)


def open_findings_data(findings: Iterable[OpenFinding]) -> list[dict[str, object]]:
    """Given open findings, return them as scripts read them; times in UTC."""
    return [
        {
            "policy": one.policy,
            "host": one.host,
            "item": one.item,
            "verdict": one.verdict.value,
            "message": one.message,
            "at": format_instant_in_utc(one.at),
        }
        for one in findings
    ]
