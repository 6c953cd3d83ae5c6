"""What `check` found, for people: the place, what is wrong, the written line, the way out, and how much of it there is.

Comes in: findings. Goes out: lines.
"""

from collections.abc import Iterable, Iterator, Sequence

from opspact.analyse.consequences import Group, group_findings
from opspact.analyse.registry import RULES
from opspact.model.finding import Finding, Severity, count
from opspact.report.lines import Line, line
from opspact.report.refusal import source_lines, source_window
from opspact.text.counts import format_count

_STYLES = {Severity.ERROR: "bad", Severity.WARNING: "doubt", Severity.NOTE: "quiet"}


def findings_lines(findings: Sequence[Finding], *, width: int | None = None) -> Iterator[Line]:
    """Given findings and the screen's width, yield the lines of each cause with its consequences; at the end how many.

    A cause is shown with the severity of its group, which is the worst in it.
    """
    for group in group_findings(findings):
        yield from _group_lines(group, source_window(width))
        yield line()
    yield line(summary_line(findings))


def _group_lines(group: Group, window: int) -> Iterator[Line]:
    root = group.root
    severity = (group.severity.value, _STYLES[group.severity])
    yield line((f"{root.place}: ", "title"), severity, f": {root.message}", hang=4)
    yield from source_lines(root.place, root.source, window)
    kept = ("accepted: ", root.accepted.removeprefix("accepted ")) if root.accepted else ("hint: ", root.help)
    yield line((kept[0], "quiet"), kept[1], indent=4, hang=6)
    if group.consequences:
        clauses = dict.fromkeys(clause for each in group.consequences for clause in each.clauses)
        touched = f" ({_clauses(clauses)})" if clauses else ""
        yield line((f"{'still' if root.accepted else 'also'} breaks{touched}:", "quiet"), indent=4)
        yield from map(_consequence, group.consequences)
    touches = f" · {_clauses(root.clauses)}" if root.clauses else ""
    yield line((f"{root.policy}{touches} · opspact explain {root.code}", "quiet"), indent=4, hang=6)


def _clauses(clauses: Iterable[str]) -> str:
    names = list(clauses)
    return f"clause{'s' * (len(names) > 1)} {', '.join(names)}"


def _consequence(finding: Finding) -> Line:
    title = RULES[finding.code].title
    where = f" {finding.policy}" + (f" {finding.subject}" if finding.subject else "")
    often = f", {finding.repeats.times}" if finding.repeats else ""
    aside = f"; {finding.accepted}" if finding.accepted else ""
    severity = (finding.severity.value, _STYLES[finding.severity])
    said = f" {finding.code}{where}: {title[0].lower()}{title[1:]}{often}{aside}"
    return line(severity, said, (f"  {finding.place}", "quiet"), indent=6, hang=2)


def summary_line(findings: Sequence[Finding]) -> str:
    """Given findings, return how many there are of each severity: `7 errors, 1 note; 6 are consequences of others`."""
    numbers = [(count(findings, severity), severity.value) for severity in Severity]
    total = ", ".join(format_count(number, word) for number, word in numbers if number) or "no findings"
    following = sum(bool(finding.caused_by) for finding in findings)
    if not following:
        return total
    return f"{total}; {following} {'is a consequence' if following == 1 else 'are consequences'} of others"
