"""What `check` found, for people: the place, what is wrong, the written line, the way out, and how much of it there is.

Comes in: findings. Goes out: lines.
"""

from collections.abc import Iterator, Sequence

from opspact.model.finding import Finding, Severity, count
from opspact.report.document import counted
from opspact.report.lines import Line, line
from opspact.report.refusal import source_lines

_STYLES = {Severity.ERROR: "bad", Severity.WARNING: "doubt", Severity.NOTE: "quiet"}


def findings_lines(findings: Sequence[Finding]) -> Iterator[Line]:
    """Given findings, yield the lines of each, and at the end how many there are."""
    for finding in findings:
        clauses = f" · keeps {', '.join(finding.clauses)}" if finding.clauses else ""
        severity = (finding.severity.value, _STYLES[finding.severity])
        yield line((f"{finding.place}: ", "title"), severity, f": {finding.message}", hang=4)
        yield from source_lines(finding.place, finding.source)
        kept = (
            ("accepted: ", finding.accepted.removeprefix("accepted ")) if finding.accepted else ("hint: ", finding.help)
        )
        yield line((kept[0], "quiet"), kept[1], indent=4, hang=6)
        yield line((f"{finding.policy}{clauses} · opspact explain {finding.code}", "quiet"), indent=4, hang=6)
        yield line()
    yield line(tally(findings))


def tally(findings: Sequence[Finding]) -> str:
    """Given findings, return how many there are of each severity: `1 error, 2 warnings`."""
    numbers = [(count(findings, severity), severity.value) for severity in Severity]
    return ", ".join(counted(number, word) for number, word in numbers if number) or "no findings"
