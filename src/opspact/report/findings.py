"""What `check` found, for programs: JSON, annotations of a GitHub pipeline, SARIF, JUnit.

Comes in: findings. Goes out: lines or text.
"""

import json
from collections.abc import Iterable, Sequence
from urllib.parse import quote

from opspact.model.finding import Finding, Severity, count
from opspact.report import junit
from opspact.report.document import VERSION, document
from opspact.report.explanation import explained
from opspact.report.lines import one_line


def findings_json(findings: Sequence[Finding]) -> str:
    """Given findings, return one JSON object."""
    return document(
        "check",
        {
            "findings": [
                {
                    "code": finding.code,
                    "severity": finding.severity.value,
                    "file": finding.place.file,
                    "line": finding.place.line,
                    "column": finding.place.column,
                    "message": finding.message,
                    "help": finding.help,
                    "clauses": list(finding.clauses),
                    "policy": finding.policy,
                    **({"last_line": finding.last_line} if finding.last_line else {}),
                    **({"accepted": finding.accepted} if finding.accepted else {}),
                }
                for finding in findings
            ],
            "summary": {
                "errors": count(findings, Severity.ERROR),
                "warnings": count(findings, Severity.WARNING),
                "notes": count(findings, Severity.NOTE),
            },
        },
    )


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
    aside = finding.accepted or finding.help
    message = f"{finding.message} ({aside})" if aside else finding.message
    return f"::{_COMMANDS[finding.severity]} {properties}::{_data(message)}"


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
    told = explained(code)
    if told is None:
        return {"id": code}
    return {
        "id": code,
        "shortDescription": {"text": told.title},
        "fullDescription": {"text": told.why},
        "help": {"text": told.remedy},
        "properties": {"tags": [told.family]},
    }


def _sarif_result(finding: Finding) -> dict[str, object]:
    place: dict[str, object] = {"artifactLocation": {"uri": quote(finding.place.file)}}
    if finding.place.line:
        region = {
            "startLine": finding.place.line,
            "startColumn": finding.place.column,
            "endLine": finding.last_line,
        }
        place["region"] = {name: number for name, number in region.items() if number}
    text = f"{finding.message} ({finding.help})" if finding.help else finding.message
    return {
        "ruleId": finding.code,
        "level": _LEVELS[finding.severity],
        "message": {"text": text},
        "locations": [{"physicalLocation": place}],
        "properties": {"clauses": list(finding.clauses), "policy": finding.policy, "schemaVersion": VERSION},
        **({"suppressions": [{"kind": "external", "justification": finding.accepted}]} if finding.accepted else {}),
    }


def findings_junit(findings: Sequence[Finding]) -> str:
    """Given findings, return JUnit XML: a failed case for each that is no note; one passed case when there is none."""
    cases = [_junit_case(finding) for finding in findings] or ['    <testcase name="check" classname="opspact"/>\n']
    failures = len(findings) - count(findings, Severity.NOTE)
    counts = f'tests="{len(cases)}" failures="{failures}" errors="0"'
    suite = f'  <testsuite name="opspact check" {counts}>\n{"".join(cases)}  </testsuite>\n'
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<testsuites {counts}>\n{suite}</testsuites>\n'


def _junit_case(finding: Finding) -> str:
    head = f"    <testcase name={junit.attribute(str(finding.place))} classname={junit.attribute(finding.code)}"
    if finding.severity is Severity.NOTE:
        return f"{head}/>\n"
    words = junit.body(finding.help)
    return f"{head}>\n      <failure message={junit.attribute(finding.message)}>{words}</failure>\n    </testcase>\n"
