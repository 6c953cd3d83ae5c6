"""Rules about service levels at their edges."""

from datetime import date

import pytest
from building import tree
from reading import data

from opspact.analyse.registry import RULES
from opspact.analyse.rule import RuleContext
from opspact.analyse.run import analyse
from opspact.model.finding import Finding, Recurrence, Severity
from opspact.resolve.contract import resolve

DESK = """\
kind: calendar
name: desk-5x8
zone: Asia/Shanghai
week: {mon-fri: "09:00-17:00"}
holidays: {country: CN, known_through: 2026-12-31}
"""
PEOPLE = """\
kind: person
name: li-na
text: {en: Li Na}
from: 2026-01-01
channels: {mobile: "1"}
---
kind: person
name: wang-fang
text: {en: Wang Fang}
from: 2026-01-01
until: 2026-06-30
channels: {mobile: "2"}
"""
DAY_ROSTER = """\
kind: roster
name: day
hours: {calendar: desk-5x8}
people: [li-na]
"""


def output(code: str, *policies: str, day: date = date(2026, 1, 1)) -> list[Finding]:
    contract = resolve(tree(DESK, PEOPLE, DAY_ROSTER, *policies))
    return list(analyse(RuleContext(contract, day), [RULES[code]]))


def level(milestones: str, *, name: str = "III", ladder: str = "") -> str:
    named = f"ladder: {ladder}, " if ladder else ""
    return f"kind: sla\nname: s\nlevels: {{{name}: {{means: {{en: warnings}}, {named}milestones: {{{milestones}}}}}}}\n"


def ladder(steps: str, *more: str) -> str:
    return "\n".join(["kind: ladder", "name: major", f"steps: [{steps}]", *more, ""])


def test_a_case_that_ends_inside_spring_festival_is_told_with_people_hours_and_holiday() -> None:
    both = (level("resolve: {within: 48h}"), DAY_ROSTER.replace("name: day", "name: other"))
    (finding,) = output("OP360", *both, day=date(2026, 2, 14))
    assert finding.subject == "level III resolve"
    reported, due, *gap = "2026-02-14 01:00", "2026-02-16 01:00", "2026-02-14 17:00", "2026-02-24 09:00"
    assert data(finding.message) >= {reported, due, *gap}
    assert all(word in finding.message for word in ("day", "other", "Chinese New Year's Eve"))


def test_whoever_the_ladder_never_tells_does_not_count_as_there() -> None:
    others = DAY_ROSTER.replace("name: day", "name: reception").replace("calendar: desk-5x8", "calendar: always")
    assert others != DAY_ROSTER.replace("name: day", "name: reception")
    told_day = ladder("{tell: roster day}")
    (finding,) = output("OP360", told_day, level("resolve: {within: 48h}", ladder="major"), others)
    assert finding.repeats == Recurrence(365, date(2026, 1, 1)), "each night and each day off"
    assert "reception" not in finding.message
    assert output("OP360", level("resolve: {within: 48h}"), others) == []


STANDBY = """\
kind: roster
name: standby
hours: {calendar: always, except: desk-5x8}
presence: standby
people: [wang-fang]
"""
ON_SITE = DAY_ROSTER.replace("name: day", "name: on-site")
NIGHT = ON_SITE.replace("on-site", "night").replace("calendar: desk-5x8", "calendar: always")
CREW = "kind: staffing\nname: crew\nrosters: [on-site]\non_site: {min: 1}\n"
THERE = "on_site: {within: 2h, after: telephone_failed}"


def test_the_hotline_that_is_told_is_nobody_on_site() -> None:
    hotline = ladder("{tell: roster night}")
    (finding,) = output("OP360", hotline, NIGHT, ON_SITE, CREW, level(THERE, ladder="major"))
    assert finding.subject == "level III on_site"
    assert "on-site" in finding.message
    assert "night" not in finding.message
    assert output("OP360", hotline, NIGHT, level(THERE, ladder="major")) == []  # nothing says who is on site


def test_a_ladder_without_rosters_is_kept_by_those_whom_it_tells() -> None:
    persons = ladder("{tell: person li-na}")
    assert output("OP360", persons, level("resolve: {within: 48h}", ladder="major")) == []
    leaving = persons.replace("li-na", "wang-fang")
    (finding,) = output("OP360", leaving, level("resolve: {within: 48h}", ladder="major"))
    assert "wang-fang" in finding.message
    assert "2026-07-01 00:00" in data(finding.message)


def test_a_milestone_may_name_whose_people_keep_it() -> None:
    by = THERE.replace("}", ", rosters: [on-site, standby]}")
    (until_june,) = output("OP360", STANDBY, ON_SITE, CREW, level(by))
    assert until_june.repeats == Recurrence(184, date(2026, 7, 1)), "Wang Fang leaves in June"
    assert all(name in until_june.message for name in ("on-site", "standby"))
    staying = STANDBY.replace("wang-fang", "li-na")
    assert output("OP360", staying, ON_SITE, CREW, level(by)) == []


def test_milestones_that_other_people_keep_are_told_each_for_itself() -> None:
    found = output("OP360", ON_SITE, CREW, level(f"respond: {{within: 30m}}, {THERE}, resolve: {{within: 48h}}"))
    assert [finding.subject for finding in found] == ["level III on_site", "level III resolve"]


AGREED = """gaps_intended:
  - {from: 2026-01-01T00:00, to: 2027-01-01T00:00, reason: closed, agreed_by: Example Office}
"""


def test_hours_that_the_customer_agreed_to_leave_open_are_no_desk_left_empty() -> None:
    assert output("OP360", level("resolve: {within: 48h}"))
    assert output("OP360", level("resolve: {within: 48h}"), DAY_ROSTER.replace("name: day", "name: d2") + AGREED) == []
    night = "kind: roster\nname: wang\nhours: {calendar: always}\npeople: [wang-fang]\n"
    ways = """\
kind: channels
name: desk
routes: [{reach: {en: hotline}, takes: [faults], hours: {calendar: always}, answered_by: roster wang}]
"""
    assert output("OP353", night, ways)
    assert output("OP353", night + AGREED, ways) == []


def test_a_clock_that_waits_for_an_event_is_late_even_if_it_comes_at_once() -> None:
    late = level("plan: {within: 8h, after: telephone_failed}, resolve: {within: 4h}")
    (finding,) = output("OP354", late)
    assert "telephone_failed" in finding.message
    assert output("OP354", level("plan: {within: 8h}, resolve: {within: 4h, after: telephone_failed}")) == []


def test_a_graver_level_whose_clock_waits_is_the_slower_one() -> None:
    both = level(THERE, name="I")[:-2] + ", II: {means: {en: slow}, milestones: {on_site: {within: 2h}}}}\n"
    (finding,) = output("OP355", both)
    assert all(word in finding.message for word in ("on_site", "telephone_failed", "level I,", "level II"))


def test_a_clock_that_runs_when_somebody_works_ends_when_somebody_works() -> None:
    assert output("OP360", level("resolve: {within: 48h, calendar: desk-5x8}")) == []


def test_a_clock_of_working_days_may_end_after_hours_and_is_told() -> None:
    evening = DESK.replace("desk-5x8", "evening").replace("17:00", "20:00")
    (finding,) = output("OP360", evening, level("resolve: {within: 5 working days, calendar: evening}"))
    assert finding.subject == "level III resolve"


def test_without_rosters_there_is_nothing_to_compare_deadlines_with() -> None:
    contract = resolve(tree(level("resolve: {within: 48h}")))
    assert analyse(RuleContext(contract, date(2026, 1, 1)), [RULES["OP360"]]) == ()


@pytest.mark.parametrize(("minutes", "late"), [(15, False), (16, True)])
def test_a_ladder_may_take_as_long_as_the_response_and_no_longer(minutes: int, *, late: bool) -> None:
    steps = f"{{tell: person li-na, acknowledge_within: {minutes}m}}, {{tell: person li-na, wait: 15m}}"
    found = output("OP356", ladder(steps), level("respond: {within: 30m}", ladder="major"))
    assert bool(found) == late


def test_a_ladder_is_slow_when_the_desk_is_open_though_it_reaches_somebody_at_every_hour() -> None:
    steps = "{tell: person li-na, acknowledge_within: 45m}, {tell: person li-na}"
    (finding,) = output("OP356", ladder(steps), level("respond: {within: 30m, calendar: desk-5x8}", ladder="major"))
    assert data(finding.message) >= {"2026-01-04 09:00", "2026-01-04 09:45", "2026-01-04 09:30"}
    assert finding.repeats == Recurrence(248, date(2026, 1, 4))


def test_a_ladder_that_holds_waits_until_the_desk_opens() -> None:
    held = ladder("{tell: person li-na}, {tell: roster day}", "if_nobody: hold")
    (finding,) = output("OP356", held, level("respond: {within: 30m}", ladder="major"))
    assert finding.subject == "level III"
    assert data(finding.message) >= {"2026-02-14 17:00", "2026-02-24 09:00", "2026-02-14 17:30"}
    assert finding.repeats == Recurrence(365, date(2026, 1, 1))


def test_a_ladder_that_skips_is_as_quick_as_those_who_are_there() -> None:
    skipped = ladder("{tell: person li-na}, {tell: roster day, acknowledge_within: 40m}", "if_nobody: skip")
    assert output("OP356", skipped, level("respond: {within: 30m}", ladder="major")) == []


def test_the_last_resort_counts_too() -> None:
    tried = ladder("{tell: person li-na, acknowledge_within: 10m}", "repeat: 4", "last_resort: person li-na")
    (finding,) = output("OP356", tried, level("respond: {within: 30m}", ladder="major"))
    assert "2026-01-01 00:40" in data(finding.message)


def test_a_ladder_of_somebody_who_leaves_reaches_nobody_afterwards() -> None:
    (finding,) = output("OP357", ladder("{tell: person wang-fang}"))
    assert (finding.policy, data(finding.message)) == ("ladder/major", {"2026-07-01 00:00", "2027-01-01 00:00"})


def test_steps_that_each_come_while_nobody_is_there_tell_nobody() -> None:
    night = "kind: roster\nname: night\nhours: {calendar: always, except: desk-5x8}\npeople: [li-na]\n"
    steps = "{tell: roster night, acknowledge_within: 10m}, {tell: roster day, wait: 5m, acknowledge_within: 10m}"
    (finding,) = output("OP357", night, ladder(steps))
    assert data(finding.message) == {"2026-01-04 16:55", "2026-01-04 17:00", "248"}
    assert finding.repeats == Recurrence(248, date(2026, 1, 4))
    (finding,) = output("OP357", night, ladder(steps, "last_resort: person wang-fang"))
    assert len(data(finding.message)) == 3
    assert output("OP357", night, ladder(steps, "last_resort: person li-na")) == []


def test_a_gap_that_was_agreed_is_no_hour_without_a_ladder() -> None:
    closed = "gaps_intended: [{from: 2026-05-01T00:00, to: 2026-05-02T00:00, reason: closed, agreed_by: Example}]\n"
    away = "kind: override\nname: away\nfrom: 2026-05-01T00:00\nto: 2026-05-02T00:00\naway: li-na\nreason: leave\n"
    whole = "kind: roster\nname: whole\npeople: [li-na]\n"
    steps = ladder("{tell: roster whole, acknowledge_within: 10m}")
    assert output("OP357", whole, away, steps)
    assert output("OP357", whole + closed, away, steps) == []


def test_somebody_without_any_channel_is_told_nothing() -> None:
    mute = PEOPLE.replace('channels: {mobile: "2"}', "channels: {}")
    for who in ("steps: [{tell: person wang-fang}]", "steps: [{tell: person li-na}]\nlast_resort: person wang-fang"):
        contract = resolve(tree(mute, "kind: ladder\nname: major\n" + who + "\n"))
        (finding,) = analyse(RuleContext(contract, date(2026, 1, 1)), [RULES["OP359"]])
        assert (finding.policy, finding.subject) in {("ladder/major", "step 1"), ("ladder/major", "the last resort")}
        assert "Wang Fang" in finding.message


def test_whom_a_step_tells_must_still_be_there_at_the_end() -> None:
    both = ladder("{tell: person li-na, acknowledge_within: 10m}", "last_resort: person wang-fang")
    (finding,) = output("OP366", both)
    assert (finding.policy, finding.subject) == ("ladder/major", "the last resort")
    assert data(finding.message) == {"2026-07-01 00:00", "2027-01-01 00:00", "2026-06-30"}
    assert output("OP357", both) == []


def test_a_gap_by_day_is_found_though_nights_are_longer() -> None:
    lunch = DESK.replace("desk-5x8", "lunch").replace('"09:00-17:00"', "[09:00-12:00, 13:00-17:00]")
    crew = "kind: roster\nname: crew\nhours: {calendar: lunch}\npeople: [li-na]\n"
    (finding,) = output("OP360", lunch, crew, level("plan: {within: 4h, calendar: desk-5x8, rosters: [crew]}"))
    assert finding.repeats == Recurrence(247, date(2026, 1, 5))
    assert data(finding.message) >= {"2026-01-05 12:00", "2026-01-05 13:00"}


def test_restoring_and_resolving_have_no_order() -> None:
    assert output("OP354", level("restore: {within: 24h}, resolve: {within: 12h}")) == []


def test_clocks_on_different_calendars_are_compared_at_every_hour_of_two_weeks() -> None:
    (finding,) = output("OP354", level("plan: {within: 8h, calendar: desk-5x8}, resolve: {within: 24h}"))
    assert finding.source.lstrip().startswith("levels:")
    assert data(finding.message) >= {"8", "24", "2026-01-01 00:00"}


def test_a_calendar_that_says_nothing_about_what_it_knows_is_told() -> None:
    germany = DESK.replace("desk-5x8", "munich").replace("CN, known_through: 2026-12-31", "DE")
    (finding,) = output("OP361", germany)
    assert (finding.policy, finding.source) == ("calendar/munich", "holidays: {country: DE}")


def test_a_calendar_of_another_zone_ends_at_another_instant_on_the_same_day() -> None:
    samoa = DESK.replace("desk-5x8", "samoa").replace("Asia/Shanghai", "Pacific/Apia")
    (finding,) = output("OP361", samoa, day=date(2026, 12, 1))
    assert finding.policy == "calendar/samoa"
    assert all(zone in finding.message for zone in ("Pacific/Apia", "Asia/Shanghai"))


@pytest.mark.parametrize(
    ("day", "severity"),
    [
        ("2026-10-31", None),
        ("2026-11-01", Severity.NOTE),
        ("2026-12-16", Severity.NOTE),
        ("2026-12-17", Severity.WARNING),
        ("2027-02-08", Severity.WARNING),
        ("2029-01-01", None),  # the contract is over
    ],
)
def test_the_end_of_what_a_calendar_knows_is_reported_60_days_ahead(day: str, severity: Severity | None) -> None:
    long = {**tree(DESK), "policies/contract.yaml": tree()["policies/contract.yaml"].replace(b"..2026-", b"..2028-")}
    found = analyse(RuleContext(resolve(long), date.fromisoformat(day)), [RULES["OP361"]])
    assert [finding.severity for finding in found] == ([severity] if severity else [])


def test_what_a_country_has_not_announced_is_not_the_policys_fault() -> None:
    later = DESK.replace("desk-5x8", "next").replace("2026-12-31", "2028-12-31")
    long = {**tree(later), "policies/contract.yaml": tree()["policies/contract.yaml"].replace(b"..2026-", b"..2028-")}
    (finding,) = analyse(RuleContext(resolve(long), date(2026, 12, 1)), [RULES["OP361"]])
    assert finding.place.column == finding.source.index("CN") + 1, "the country, not what is said to be known"
    assert "2028" not in finding.help


def test_working_days_where_no_day_is_off_can_be_read_in_two_ways() -> None:
    (finding,) = output("OP362", level("resolve: {within: 5 working days}"))
    assert "5 working days" in finding.message
    assert output("OP362", level("resolve: {within: 120 hours}")) == []
