"""Edges of the rules about references and host patterns."""

from analysing import found, messages

TEAM = "kind: team\nname: night\n"
PERSON = "kind: person\nname: li-na\nfrom: 2026-01-01\n"
CLAUSE = "kind: clause\nname: D5\nsection: '6'\ntext: {en: looked at}\nkept_by: opspact\nevidence_within: 2 days\n"
INSPECTION = "kind: inspection\nname: daily\nhosts: HOSTS\nschedule: daily at 07:30\nitems: [{units: {failed: 0}}]\n"
ACCESS = "kind: access\nname: all\nhosts: all\npeople: {team: [operations, night]}\n"
RUNBOOK = "kind: runbook\nname: restart\nsteps: [{text: {en: restart}, run: systemctl restart nginx, on: web}]\n"


def inspection(hosts: str, name: str = "daily") -> str:
    return INSPECTION.replace("HOSTS", f"'{hosts}'").replace("daily\n", f"{name}\n", 1)


def test_a_team_that_is_named_anywhere_is_used() -> None:
    assert "team night is named by nobody" in messages("OP201", TEAM)
    assert "team night is named by nobody" not in messages("OP201", TEAM, ACCESS)
    assert "team night is named by nobody" not in messages("OP201", TEAM, PERSON + "teams: [night]\n")


def test_a_person_without_a_team_is_used_where_somebody_names_them() -> None:
    access = "kind: access\nname: all\nhosts: all\npeople: {person: li-na, team: operations}\n"
    assert "person li-na is in no team, and nobody names them" in messages("OP201", PERSON)
    assert messages("OP201", PERSON, access) == []


def test_a_runbook_that_no_emergency_names_is_unused() -> None:
    assert "runbook restart is named by nobody" in messages("OP201", RUNBOOK)


def test_a_roster_that_nobody_names_is_unused() -> None:
    roster = "kind: roster\nname: desk\nhours: {calendar: always}\npeople: [li-na]\n"
    override = (
        "kind: override\nname: leave\nroster: desk\nreason: leave\naway: li-na\n"
        "from: 2026-04-01T00:00\nto: 2026-04-02T00:00\n"
    )
    ladder = "kind: ladder\nname: all\nsteps: [{tell: roster desk, by: [telephone]}]\n"
    unused = "roster desk is named by nobody"
    assert unused in messages("OP201", PERSON, roster)
    assert unused in messages("OP201", PERSON, roster, override), "an override only changes it"
    assert unused not in messages("OP201", PERSON, roster, ladder)


def test_an_event_and_a_pause_reason_that_no_milestone_names_are_unused() -> None:
    sla = (
        "kind: sla\nname: standard\nevents: {part_delivered: {en: it has come}, part_ordered: {en: it will come}}\n"
        "pause_reasons: {customer: {max: 2 days}, weather: {max: 2 days}}\n"
        "levels: {I: {means: {en: x}, milestones: {respond: {within: 1h, after: part_ordered, pauses: [weather]}}}}\n"
    )
    told = found("OP201", sla)
    assert [(each.message, each.place.line) for each in told if each.policy == "sla/standard"] == [
        ("event part_delivered starts no clock", 3),
        ("no clock stands still for the pause reason customer", 4),
    ]


def test_an_approval_for_nothing_is_unused_unless_a_step_names_it() -> None:
    approval = "kind: approval\nname: lead\nneeds: {role: customer}\n"
    step = "kind: runbook\nname: fix\nsteps: [{text: {en: fix}, run: fix, on: web, approval: lead}]\n"
    assert "approval lead is for nothing, and no step of a runbook names it" in messages("OP201", approval)
    assert not [text for text in messages("OP201", approval, step) if "lead" in text]
    assert not [text for text in messages("OP201", approval + "for: [weakening]\n") if "lead" in text]


def test_nothing_is_said_of_clauses_in_a_contract_that_writes_none() -> None:
    assert messages("OP205", inspection("all")) == messages("OP206", inspection("all")) == []


def test_a_clause_does_not_keep_itself_or_another_one() -> None:
    itself = CLAUSE.replace("name: D5", "name: D5\nclauses: [D5]")
    assert messages("OP205", itself) == ["no policy keeps clause D5 (looked at)"]


def test_a_clause_kept_by_people_and_machines_is_kept() -> None:
    team = TEAM + "clauses: [D5]\n"
    alone = "clause D5 is to be kept by opspact, but people keep all its policies: team/night"
    assert messages("OP207", CLAUSE, team) == [alone]
    assert messages("OP207", CLAUSE, team, inspection("all") + "clauses: [D5]\n") == []


def test_a_part_that_changes_nothing_is_named_with_the_shorter_pattern() -> None:
    (finding,) = found("OP203", inspection("web:!db"))
    assert finding.message == '"!db" changes nothing in "web:!db": "web" chooses the same hosts'
    assert finding.place.line == 3
    assert messages("OP203", inspection("web,app1")) == [
        '"app1" changes nothing in "web,app1": "web" chooses the same hosts'
    ]


def test_a_pattern_whose_every_part_counts_is_fine() -> None:
    for hosts in ("all:!backup", "web:db", "all:&web", "web", "~app\\d", "web[0]", "!backup"):
        assert messages("OP203", inspection(hosts)) == []


def test_two_inspections_that_differ_in_something_are_two() -> None:
    same = "inspection/evening says the same as inspection/daily, on app1 and app2"
    assert messages("OP204", inspection("web"), inspection("web", "evening")) == [same]
    other = inspection("web", "evening").replace("07:30", "19:30")
    assert messages("OP204", inspection("web"), other) == []
    assert messages("OP204", inspection("web"), inspection("web:db", "evening")) == []


def test_evidence_must_be_there_as_often_as_the_clause_asks() -> None:
    often = "clauses: [D5]\n"
    daily, weekly = inspection("all") + often, inspection("all", "w").replace("daily at", "weekly on monday at") + often
    assert messages("OP208", CLAUSE, daily) == []
    assert messages("OP208", CLAUSE, weekly) == [
        (
            "clause D5 wants evidence of the last 2 days, and of all that keep it inspection/w is due most often: "
            "7 days may lie between"
        )
    ]
    assert messages("OP208", CLAUSE, weekly, daily) == []
    assert messages("OP208", CLAUSE, weekly, TEAM, ACCESS + often) == [], "what verify sees is evidence at any time"
