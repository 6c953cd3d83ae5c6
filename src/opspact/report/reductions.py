"""Reduced commitments of a change, shown with its plan for the reviewers of a pull request.

Comes in: findings of the reductions family. Goes out: lines, Markdown, JSON.
"""

from collections.abc import Iterator, Sequence

from opspact.model.finding import Finding
from opspact.report.lines import Line, line, shortened
from opspact.report.markdown import code, plain

_MOST_WAYS = 3


def reduction_lines(findings: Sequence[Finding]) -> Iterator[Line]:
    """Given findings, yield a line for each under one heading, and once for all which approvals they need."""
    if not findings:
        return
    yield line((f"reduced commitments ({len(findings)})", "bad"))
    for finding in findings:
        yield line((f"{finding.place}  ", "title"), finding.message, indent=2, hang=2)
    for way_out in dict.fromkeys(finding.help for finding in findings):
        yield line((way_out, "doubt"), indent=2)
    yield line()


def reduction_rows(findings: Sequence[Finding]) -> tuple[list[str], str]:
    """Given findings, return an item of Markdown for each, and once for all which approvals they need."""
    rows = [
        f"- {code(str(finding.place))} {plain(shortened(finding.message))}{_clauses(finding)}\n" for finding in findings
    ]
    ways = [f"\n{plain(shortened(way))}\n" for way in dict.fromkeys(finding.help for finding in findings)]
    return rows, "".join(ways[:_MOST_WAYS])


def finding_data(finding: Finding) -> dict[str, object]:
    """Given a finding, return it for scripts."""
    return {
        "code": finding.code,
        "severity": finding.severity.value,
        "policy": finding.policy,
        "file": finding.place.file,
        "line": finding.place.line,
        "clauses": list(finding.clauses),
        "message": finding.message,
        "help": finding.help,
    }


def _clauses(finding: Finding) -> str:
    return f" (clauses {', '.join(finding.clauses)})" if finding.clauses else ""
