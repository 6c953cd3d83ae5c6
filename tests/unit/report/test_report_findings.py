"""Findings for programs: what each form escapes and counts."""

import json
from datetime import date
from pathlib import Path
from xml.etree import ElementTree as ET

import jsonschema  # type: ignore[import-untyped]  # it ships no types

from opspact.analyse.registry import RULES
from opspact.errors import Place
from opspact.model.finding import Finding, Recurrence, Severity
from opspact.report.findings import findings_github, findings_json, findings_junit, findings_sarif
from opspact.structs import replace

SCHEMA = json.loads(Path(__file__).with_name("sarif-2.1.0-cut.schema.json").read_text())
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


GAP = Finding("OP300", Severity.ERROR, Place("policies/r.yaml", 7, 1), "a gap", policy="roster/night", id="OP300#1")
AGAIN = replace(GAP, message="another gap", id="OP300#2")
CALL = Finding(
    "OP353",
    Severity.ERROR,
    Place("policies/c.yaml", 9, 3),
    "it rings",
    policy="channels/desk",
    subject="hotline",
    id="OP353#1",
    caused_by=(GAP.key, AGAIN.key),
    repeats=Recurrence(52, date(2026, 1, 5)),
)
CAUSED = (GAP, AGAIN, CALL)


def test_json_keeps_what_follows_from_others_with_its_causes() -> None:
    reported = json.loads(findings_json(CAUSED))

    assert reported["summary"] == {"errors": 3, "warnings": 0, "notes": 0, "causes": 2, "consequences": 1}
    gap, _, call = reported["findings"]
    assert gap["caused_by"] == []
    place = {"code": "OP300", "policy": "roster/night", "file": "policies/r.yaml", "line": 7, "column": 1}
    assert call["caused_by"] == [{"id": "OP300#1", **place}, {"id": "OP300#2", **place}]
    assert (call["id"], call["subject"]) == ("OP353#1", "hotline")
    assert call["repeats"] == {"count": 52, "unit": "day", "first": "2026-01-05"}
    assert {each["id"] for each in call["caused_by"]} <= {each["id"] for each in reported["findings"]}


def test_github_annotates_what_follows_from_others_too_and_says_from_what() -> None:
    lines = findings_github(CAUSED).splitlines()

    assert len(lines) == 3
    assert "OP300 roster/night (policies/r.yaml:7:1)" in lines[2]
    assert "OP300 roster/night" not in lines[0]


def test_sarif_relates_what_follows_from_others_to_its_causes() -> None:
    reported = json.loads(findings_sarif(CAUSED))
    jsonschema.Draft7Validator(SCHEMA).validate(reported)

    gap, _, call = reported["runs"][0]["results"]
    assert "relatedLocations" not in gap
    assert [each["physicalLocation"]["region"]["startLine"] for each in call["relatedLocations"]] == [7, 7]
    assert call["properties"]["caused_by"] == ["OP300#1", "OP300#2"]
    assert gap["properties"]["id"] == "OP300#1"


def test_junit_keeps_what_follows_from_others_as_failures_with_their_causes() -> None:
    suites = ET.fromstring(findings_junit(CAUSED))

    assert (suites.attrib["tests"], suites.attrib["failures"]) == ("3", "3")
    *_, call = suites.iter("testcase")
    named = [(each.attrib["name"], each.attrib["value"]) for each in call.iter("property")]
    assert named == [("id", "OP353#1"), ("caused_by", "OP300#1"), ("caused_by", "OP300#2")]
    (failure,) = call.iter("failure")
    assert "OP300 roster/night" in (failure.text or "")


def test_github_s_commands_cannot_be_broken_out_of() -> None:
    assert findings_github([NASTY]) == (
        '::warning file=policies/a%2Cb%3Ac.yaml,line=3,title=opspact OP1::50%25 <of> | ::error::it (use "x")\n'
    )


def test_github_says_of_what_is_accepted_by_whom_until_when_and_why() -> None:
    accepted = replace(NASTY, severity=Severity.NOTE, accepted="accepted by li-na until 2026-06-30: a disk comes")
    reported = findings_github([accepted])
    assert reported.startswith("::notice ")
    assert reported.endswith("::error::it (accepted by li-na until 2026-06-30: a disk comes)\n")


def test_json_keeps_clauses_and_policy_and_counts_by_severity() -> None:
    reported = json.loads(findings_json([NASTY, NOTE]))

    assert reported["summary"] == {"errors": 0, "warnings": 1, "notes": 1, "causes": 2, "consequences": 0}
    assert (reported["findings"][0]["clauses"], reported["findings"][0]["policy"]) == (["C1"], "service/web")


def test_sarif_names_rules_levels_and_places() -> None:
    (run,) = json.loads(findings_sarif([NASTY, NOTE]))["runs"]

    assert [rule["id"] for rule in run["tool"]["driver"]["rules"]] == ["OP1", "OP2"]
    assert [result["level"] for result in run["results"]] == ["warning", "note"]
    place = run["results"][0]["locations"][0]["physicalLocation"]
    assert place == {"artifactLocation": {"uri": "policies/a%2Cb%3Ac.yaml"}, "region": {"startLine": 3}}


def test_sarif_is_what_its_schema_wants_for_every_rule_and_every_sort_of_finding() -> None:
    of_rules = [replace(NASTY, code=code) for code in RULES]
    others = [NASTY, NOTE, replace(NASTY, place=Place("policies")), replace(NOTE, accepted="agreed until June")]

    for findings in ([], of_rules, others):
        reported = json.loads(findings_sarif(findings))
        jsonschema.Draft7Validator(SCHEMA).validate(reported)
        assert len(reported["runs"][0]["results"]) == len(findings)
    assert [result.get("suppressions") for result in reported["runs"][0]["results"]][2:] == [
        None,
        [{"kind": "external", "justification": "agreed until June"}],
    ]


def test_junit_counts_notes_as_passed() -> None:
    suites = ET.fromstring(findings_junit([NASTY, NOTE]))

    assert (suites.attrib["tests"], suites.attrib["failures"]) == ("2", "1")
    (failure,) = suites.iter("failure")
    assert (failure.attrib["message"], failure.text) == ("50% <of> | ::error::it", 'use "x"')


def test_junit_names_no_two_findings_alike() -> None:
    alike = [replace(GAP, subject=f"gap {number % 40}", message=f"{number}") for number in range(400)]
    found = [*alike, GAP, AGAIN, replace(GAP, subject="gap 1 (2)"), replace(GAP, code="OP301"), CALL, NASTY, NOTE]
    cases = ET.fromstring(findings_junit(found)).iter("testcase")
    names = [(case.attrib["classname"], case.attrib["name"]) for case in cases]

    assert len(names) == len(set(names)) == len(found)
    assert {("OP300", "policies/r.yaml:7:1 gap 1"), ("OP301", "policies/r.yaml:7:1")} <= set(names)


def test_junit_of_a_sound_contract_has_one_passed_case() -> None:
    suites = ET.fromstring(findings_junit([]))

    assert (suites.attrib["tests"], suites.attrib["failures"]) == ("1", "0")
