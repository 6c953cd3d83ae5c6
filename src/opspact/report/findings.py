"""What `check` found, for programs: JSON, annotations of a GitHub pipeline, SARIF, JUnit.

Comes in: findings. Goes out: lines or text.
"""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from urllib.parse import quote

from opspact.errors import Place
from opspact.model.finding import Finding, FindingKey, Severity, count
from opspact.report import junit
from opspact.report.document import VERSION, document
from opspact.report.explanation import explained
from opspact.report.lines import one_line


def findings_json(findings: Sequence[Finding]) -> str:
    """Given findings, return one JSON object: every finding, and the ids of those that it follows from."""
    following = sum(bool(finding.caused_by) for finding in findings)
    return document(
        "check",
        {
            "findings": [_data_of(finding) for finding in findings],
            "summary": {
                "errors": count(findings, Severity.ERROR),
                "warnings": count(findings, Severity.WARNING),
                "notes": count(findings, Severity.NOTE),
                "causes": len(findings) - following,
                "consequences": following,
            },
        },
    )


def _data_of(finding: Finding) -> dict[str, object]:
    last_line, repeats = finding.last_line, finding.repeats
    return {
        "code": finding.code,
        "severity": finding.severity.value,
        "file": finding.place.file,
        "line": finding.place.line,
        "column": finding.place.column,
        "message": finding.message,
        "help": finding.help,
        "clauses": list(finding.clauses),
        "policy": finding.policy,
        "id": finding.id,
        "caused_by": [_key(cause) for cause in finding.caused_by],
        **({"subject": finding.subject} if finding.subject else {}),
        **({"last_line": last_line} if last_line else {}),
        **({"accepted": finding.accepted} if finding.accepted else {}),
        **(
            {"repeats": {"count": repeats.count, "unit": repeats.unit, "first": repeats.first.isoformat()}}
            if repeats
            else {}
        ),
    }


def _key(cause: FindingKey) -> dict[str, object]:
    place = cause.place
    return {
        "id": cause.id,
        "code": cause.code,
        "policy": cause.policy,
        "file": place.file,
        "line": place.line,
        "column": place.column,
    }


_COMMANDS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "notice"}


def findings_github(findings: Iterable[Finding]) -> str:
    """Given findings, return the workflow commands that put each beside its line in a pull request."""
    return "".join(f"{_annotation(finding)}\n" for finding in findings)


def _annotation(finding: Finding) -> str:
    """Escaped as GitHub's toolkit does: `%`, line ends; in properties `:` and `,` too."""
    where = {
        "file": finding.place.file,
        "line": finding.place.line,
        "endLine": finding.last_line,
        "col": finding.place.column,
        "title": f"opspact {finding.code}",
    }
    properties = ",".join(f"{name}={_property(str(value))}" for name, value in where.items() if value)
    aside = _aside(finding.accepted or finding.help, finding)
    message = f"{finding.message} ({aside})" if aside else finding.message
    return f"::{_COMMANDS[finding.severity]} {properties}::{_data(message)}"


def _aside(text: str, finding: Finding) -> str:
    """Given what is said beside a finding's message, return it with what the finding follows from."""
    causes = ", ".join(f"{cause.code} {cause.policy} ({cause.place})" for cause in finding.caused_by)
    if not causes:
        return text
    if text.endswith("."):
        return f"{text} Caused by {causes}."
    return f"{text}; caused by {causes}" if text else f"caused by {causes}"


def _data(text: str) -> str:
    return one_line(text).replace("%", "%25")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


_LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "note"}


def findings_sarif(findings: Sequence[Finding]) -> str:
    """Given findings, return SARIF 2.1.0 (OASIS), which code-scanning services read."""
    rules = sorted({finding.code for finding in findings})
    run = {
        "tool": {"driver": {"name": "opspact", "rules": [_sarif_rule(code) for code in rules]}},
        "columnKind": "unicodeCodePoints",
        "results": [_sarif_result(finding) for finding in findings],
    }
    schema = "https://json.schemastore.org/sarif-2.1.0.json"
    return json.dumps({"$schema": schema, "version": "2.1.0", "runs": [run]}, ensure_ascii=False, indent=2) + "\n"


def _sarif_rule(code: str) -> dict[str, object]:
    """Return what a code means, as code-scanning services show it beside each result."""
    meaning = explained(code)
    if meaning is None:
        return {"id": code}
    return {
        "id": code,
        "shortDescription": {"text": meaning.title},
        "fullDescription": {"text": meaning.why},
        "help": {"text": meaning.remedy},
        "properties": {"tags": [meaning.family]},
    }


def _sarif_result(finding: Finding) -> dict[str, object]:
    text = f"{finding.message} ({finding.help})" if finding.help else finding.message
    causes = [
        {"message": {"text": f"caused by {cause.id} {cause.policy}"}, **_sarif_location(cause.place)}
        for cause in finding.caused_by
    ]
    return {
        "ruleId": finding.code,
        "level": _LEVELS[finding.severity],
        "message": {"text": text},
        "locations": [_sarif_location(finding.place, finding.last_line)],
        **({"relatedLocations": causes} if causes else {}),
        "properties": {
            "clauses": list(finding.clauses),
            "policy": finding.policy,
            "schemaVersion": VERSION,
            "id": finding.id,
            "caused_by": [cause.id for cause in finding.caused_by],
        },
        **({"suppressions": [{"kind": "external", "justification": finding.accepted}]} if finding.accepted else {}),
    }


def _sarif_location(place: Place, last_line: int = 0) -> dict[str, object]:
    region = {"startLine": place.line, "startColumn": place.column, "endLine": last_line}
    physical: dict[str, object] = {"artifactLocation": {"uri": quote(place.file)}}
    if place.line:
        physical["region"] = {name: number for name, number in region.items() if number}
    return {"physicalLocation": physical}


def findings_junit(findings: Sequence[Finding]) -> str:
    """Given findings, return JUnit XML: a failed case for each that is no note; one passed case when there is none."""
    names = junit.distinct(_junit_names(findings))
    cases = [_junit_case(*each) for each in zip(findings, names, strict=True)] or [
        '    <testcase name="check" classname="opspact"/>\n'
    ]
    failures = len(findings) - count(findings, Severity.NOTE)
    counts = f'tests="{len(cases)}" failures="{failures}" errors="0"'
    suite = f'  <testsuite name="opspact check" {counts}>\n{"".join(cases)}  </testsuite>\n'
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<testsuites {counts}>\n{suite}</testsuites>\n'


def _junit_names(findings: Sequence[Finding]) -> Iterator[tuple[str, str]]:
    """Yield the code of each finding and where it is; where one code is there several times, what part it is about."""
    shared = Counter((finding.code, finding.place) for finding in findings)
    for finding in findings:
        part = f" {finding.subject}" if finding.subject and shared[finding.code, finding.place] > 1 else ""
        yield finding.code, f"{finding.place}{part}"


def _junit_case(finding: Finding, name: str) -> str:
    head = f"    <testcase name={junit.attribute(name)} classname={junit.attribute(finding.code)}"
    body = _junit_properties(finding)
    if finding.severity is not Severity.NOTE:
        words = junit.body(_aside(finding.help, finding))
        body += f"      <failure message={junit.attribute(finding.message)}>{words}</failure>\n"
    return f"{head}>\n{body}    </testcase>\n" if body else f"{head}/>\n"


def _junit_properties(finding: Finding) -> str:
    """Return the id of a finding and those of its causes, where it has one."""
    if not finding.id:
        return ""
    named = [("id", finding.id), *(("caused_by", cause.id) for cause in finding.caused_by)]
    properties = "".join(
        f"        <property name={junit.attribute(name)} value={junit.attribute(value)}/>\n" for name, value in named
    )
    return f"      <properties>\n{properties}      </properties>\n"
