"""Edges of the rules about references and host patterns."""

import re

import pytest
from analysing import found, policies
from reading import data

TEAM = "kind: team\nname: night\n"
PERSON = "kind: person\nname: li-na\nfrom: 2026-01-01\n"
CLAUSE = "kind: clause\nname: D5\nsection: '6'\ntext: {en: looked at}\nkept_by: opspact\nevidence_within: 2 days\n"
INSPECTION = "kind: inspection\nname: daily\nhosts: HOSTS\nschedule: daily at 07:30\nitems: [{units: {failed: 0}}]\n"
ACCESS = "kind: access\nname: all\nhosts: all\npeople: {team: [operations, night]}\n"
RUNBOOK = (
    "kind: runbook\nname: restart\nrisk: reversible\nhosts: web\n"
    "steps: [{name: restart, text: {en: restart}, command: [systemctl, restart, nginx]}]\n"
)


def inspection(hosts: str, name: str = "daily") -> str:
    return INSPECTION.replace("HOSTS", f"'{hosts}'").replace("daily\n", f"{name}\n", 1)


def test_a_team_that_is_named_anywhere_is_used() -> None:
    assert "team/night" in policies("OP201", TEAM)
    assert "team/night" not in policies("OP201", TEAM, ACCESS)
    assert "team/night" not in policies("OP201", TEAM, PERSON + "teams: [night]\n")


def test_a_person_without_a_team_is_used_where_somebody_names_them() -> None:
    access = "kind: access\nname: all\nhosts: all\npeople: {person: li-na, team: operations}\n"
    assert "person/li-na" in policies("OP201", PERSON)
    assert policies("OP201", PERSON, access) == []


def test_a_runbook_that_no_emergency_names_is_unused() -> None:
    assert "runbook/restart" in policies("OP201", RUNBOOK)


def test_a_roster_that_nobody_names_is_unused() -> None:
    roster = "kind: roster\nname: desk\nhours: {calendar: always}\npeople: [li-na]\n"
    override = (
        "kind: override\nname: leave\nroster: desk\nreason: leave\naway: li-na\n"
        "from: 2026-04-01T00:00\nto: 2026-04-02T00:00\n"
    )
    ladder = "kind: ladder\nname: all\nsteps: [{tell: roster desk, by: [telephone]}]\n"
    assert "roster/desk" in policies("OP201", PERSON, roster)
    assert "roster/desk" in policies("OP201", PERSON, roster, override), "an override only changes it"
    assert "roster/desk" not in policies("OP201", PERSON, roster, ladder)


def test_an_event_and_a_pause_reason_that_no_milestone_names_are_unused() -> None:
    sla = (
        "kind: sla\nname: standard\nevents: {part_delivered: {en: it has come}, part_ordered: {en: it will come}}\n"
        "pause_reasons: {customer: {max: 2 days}, weather: {max: 2 days}}\n"
        "levels: {I: {means: {en: x}, milestones: {respond: {within: 1h, after: part_ordered, pauses: [weather]}}}}\n"
    )
    reported = found("OP201", sla)
    assert [(each.subject, each.place.line) for each in reported if each.policy == "sla/standard"] == [
        ("part_delivered", 3),
        ("customer", 4),
    ]


def test_an_approval_for_nothing_is_unused_unless_a_step_names_it() -> None:
    approval = "kind: approval\nname: lead\nneeds: {role: customer}\n"
    step = RUNBOOK.replace("command: [systemctl, restart, nginx]", "approve: lead")
    assert "approval/lead" in policies("OP201", approval)
    assert "approval/lead" not in policies("OP201", approval, step)
    assert "approval/lead" not in policies("OP201", approval + "for: [weakening]\n")


def test_nothing_is_said_of_clauses_in_a_contract_that_writes_none() -> None:
    assert policies("OP205", inspection("all")) == policies("OP206", inspection("all")) == []


def test_a_clause_does_not_keep_itself_or_another_one() -> None:
    itself = CLAUSE.replace("name: D5", "name: D5\nclauses: [D5]")
    assert policies("OP205", itself) == ["clause/D5"]


def test_a_clause_kept_by_people_and_machines_is_kept() -> None:
    team = TEAM + "clauses: [D5]\n"
    (finding,) = found("OP207", CLAUSE, team)
    assert (finding.policy, finding.source) == ("clause/D5", "kept_by: opspact")
    assert data(finding.message) >= {"team/night"}
    assert policies("OP207", CLAUSE, team, inspection("all") + "clauses: [D5]\n") == []


def test_a_part_that_changes_nothing_is_named_with_the_shorter_pattern() -> None:
    (finding,) = found("OP203", inspection("web:!db"))
    assert all(quoted in finding.message for quoted in ('"!db"', '"web:!db"', '"web"'))
    assert finding.place.line == 3
    (finding,) = found("OP203", inspection("web,app1"))
    assert all(quoted in finding.message for quoted in ('"app1"', '"web,app1"', '"web"'))


def test_a_pattern_whose_every_part_counts_is_fine() -> None:
    for hosts in ("all:!backup", "web:db", "all:&web", "web", "~app\\d", "web[0]", "!backup"):
        assert policies("OP203", inspection(hosts)) == []


RANGES = """
web: {hosts: {"web[1:4].lan": }}
node: {hosts: {"node[009:012]": , "node[1:3]": }}
"""


@pytest.mark.parametrize(
    ("pattern", "selected", "meant"),
    [
        ("web[1:3].lan", {"web1.lan", "web3.lan"}, {"web1.lan", "web2.lan", "web3.lan"}),
        ("all:!web[1:3].lan", {"web1.lan", "web3.lan"}, {"web1.lan", "web2.lan", "web3.lan"}),
        ("node[1:3]", {"node010", "node011", "node012"}, {"node1", "node2", "node3"}),
    ],
)
def test_a_range_in_a_pattern_selects_other_hosts(pattern: str, selected: set[str], meant: set[str]) -> None:
    (finding,) = found("OP210", inspection(pattern), inventory=RANGES)
    assert (finding.policy, finding.place.line) == ("inspection/daily", 3)
    said, wanted = (set(re.findall(r"[\w.]+", part)) for part in finding.message.split(";"))
    assert (said >= selected, wanted >= meant) == (True, True)


@pytest.mark.parametrize(
    "pattern", ["web[1:2].lan,web2.lan", "web[0:1]", "web[14].lan", "~web[1:3]", "all", "node[0:1]", "node[0:9]"]
)
def test_brackets_that_select_what_they_seem_to_are_fine(pattern: str) -> None:
    inventory = RANGES.replace('"node[1:3]": ', '"spare[1:3]": ')
    assert not found("OP210", inspection(pattern), inventory=inventory)


def test_two_inspections_that_differ_in_something_are_two() -> None:
    (finding,) = found("OP204", inspection("web"), inspection("web", "evening"))
    assert finding.policy == "inspection/evening"
    assert data(finding.message) >= {"inspection/daily"}
    other = inspection("web", "evening").replace("07:30", "19:30")
    assert policies("OP204", inspection("web"), other) == []
    assert policies("OP204", inspection("web"), inspection("web:db", "evening")) == []


def test_evidence_must_be_there_as_often_as_the_clause_asks() -> None:
    often = "clauses: [D5]\n"
    daily, weekly = inspection("all") + often, inspection("all", "w").replace("daily at", "weekly on monday at") + often
    assert policies("OP208", CLAUSE, daily) == []
    (finding,) = found("OP208", CLAUSE, weekly)
    assert (finding.policy, finding.source) == ("clause/D5", "evidence_within: 2 days")
    assert data(finding.message) >= {"2", "inspection/w", "7"}
    assert policies("OP208", CLAUSE, weekly, daily) == []
    assert policies("OP208", CLAUSE, weekly, TEAM, ACCESS + often) == [], "what verify sees is evidence at any time"
