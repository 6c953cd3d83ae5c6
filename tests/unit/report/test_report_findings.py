"""Findings for programs: what each form escapes and counts."""

import json
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree as ET

import jsonschema  # type: ignore[import-untyped]  # it ships no types

from opspact.analyse.registry import RULES
from opspact.errors import Place
from opspact.model.finding import Finding, Severity
from opspact.report.findings import findings_github, findings_json, findings_junit, findings_sarif

NASTY = Finding(
    code="OP1",
    severity=Severity.WARNING,
    place=Place("policies/a,b:c.yaml", 3),
    message="50% <of>\n::error::it",
    help='use "x"',
    clauses=("C1",),
    policy="service/web",
)
NOTE = Finding("OP2", Severity.NOTE, Place("policies/d.yaml", 1, 2), "by the way")


def test_github_s_commands_cannot_be_broken_out_of() -> None:
    assert findings_github([NASTY]) == (
        '::warning file=policies/a%2Cb%3Ac.yaml,line=3,title=opspact OP1::50%25 <of> | ::error::it (use "x")\n'
    )


def test_github_says_of_what_is_accepted_by_whom_until_when_and_why() -> None:
    accepted = replace(NASTY, severity=Severity.NOTE, accepted="accepted by li-na until 2026-06-30: a disk comes")
    told = findings_github([accepted])
    assert told.startswith("::notice ")
    assert told.endswith("::error::it (accepted by li-na until 2026-06-30: a disk comes)\n")


def test_json_keeps_clauses_and_policy_and_counts_by_severity() -> None:
    told = json.loads(findings_json([NASTY, NOTE]))

    assert told["summary"] == {"errors": 0, "warnings": 1, "notes": 1}
    assert (told["findings"][0]["clauses"], told["findings"][0]["policy"]) == (["C1"], "service/web")


def test_sarif_names_rules_levels_and_places() -> None:
    (run,) = json.loads(findings_sarif([NASTY, NOTE]))["runs"]

    assert [rule["id"] for rule in run["tool"]["driver"]["rules"]] == ["OP1", "OP2"]
    assert [result["level"] for result in run["results"]] == ["warning", "note"]
    place = run["results"][0]["locations"][0]["physicalLocation"]
    assert place == {"artifactLocation": {"uri": "policies/a%2Cb%3Ac.yaml"}, "region": {"startLine": 3}}


def test_sarif_is_what_its_schema_wants_for_every_rule_and_every_sort_of_finding() -> None:
    schema = json.loads(Path(__file__).with_name("sarif-2.1.0-cut.schema.json").read_text())
    of_rules = [replace(NASTY, code=code) for code in RULES]
    others = [NASTY, NOTE, replace(NASTY, place=Place("policies")), replace(NOTE, accepted="agreed until June")]

    for findings in ([], of_rules, others):
        told = json.loads(findings_sarif(findings))
        jsonschema.Draft7Validator(schema).validate(told)
        assert len(told["runs"][0]["results"]) == len(findings)
    assert [result.get("suppressions") for result in told["runs"][0]["results"]][2:] == [
        None,
        [{"kind": "external", "justification": "agreed until June"}],
    ]


def test_junit_counts_notes_as_passed() -> None:
    suites = ET.fromstring(findings_junit([NASTY, NOTE]))

    assert (suites.attrib["tests"], suites.attrib["failures"]) == ("2", "1")
    (failure,) = suites.iter("failure")
    assert (failure.attrib["message"], failure.text) == ("50% <of> | ::error::it", 'use "x"')


def test_junit_of_a_sound_contract_has_one_passed_case() -> None:
    suites = ET.fromstring(findings_junit([]))

    assert (suites.attrib["tests"], suites.attrib["failures"]) == ("1", "0")
