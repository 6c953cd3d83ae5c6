"""Rules about service levels at their edges."""

from datetime import date

import pytest
from building import tree

from opspact.analyse.registry import RULES
from opspact.analyse.rule import RuleContext
from opspact.analyse.run import analyse
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


def told(code: str, *policies: str, day: date = date(2026, 1, 1)) -> list[str]:
    contract = resolve(tree(DESK, PEOPLE, DAY_ROSTER, *policies))
    return [finding.message for finding in analyse(RuleContext(contract, day), [RULES[code]])]


def level(milestones: str, *, name: str = "III", ladder: str = "") -> str:
    named = f"ladder: {ladder}, " if ladder else ""
    return f"kind: sla\nname: s\nlevels: {{{name}: {{means: {{en: warnings}}, {named}milestones: {{{milestones}}}}}}}\n"


def ladder(steps: str, *more: str) -> str:
    return "\n".join(["kind: ladder", "name: major", f"steps: [{steps}]", *more, ""])


def test_a_case_that_ends_inside_spring_festival_is_told_with_people_hours_and_holiday() -> None:
    (message,) = told("OP360", level("resolve: {within: 48h}"), DAY_ROSTER.replace("name: day", "name: other"))
    assert message.startswith("a level III case reported on 2026-02-12 18:00 must be resolved by 2026-02-14 18:00")
    assert (
        "nobody is on duty on day or other from 2026-02-14 17:00 to 2026-02-24 09:00 (Chinese New Year's Eve)"
        in message
    )


def test_whoever_the_ladder_never_tells_does_not_count_as_there() -> None:
    others = DAY_ROSTER.replace("name: day", "name: reception").replace("calendar: desk-5x8", "calendar: always")
    assert others != DAY_ROSTER.replace("name: day", "name: reception")
    told_day = ladder("{tell: roster day}")
    (message,) = told("OP360", told_day, level("resolve: {within: 48h}", ladder="major"), others)
    assert "nobody is on duty on day from 2026-02-14 17:00" in message
    assert told("OP360", level("resolve: {within: 48h}"), others) == []


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
    (message,) = told("OP360", hotline, NIGHT, ON_SITE, CREW, level(THERE, ladder="major"))
    assert "must be attended on site by" in message
    assert "nobody is on duty on on-site from 2026-02-14 17:00 to 2026-02-24 09:00" in message
    assert told("OP360", hotline, NIGHT, level(THERE, ladder="major")) == []  # nothing says who is on site


def test_a_ladder_without_rosters_is_kept_by_those_whom_it_tells() -> None:
    persons = ladder("{tell: person li-na}")
    assert told("OP360", persons, level("resolve: {within: 48h}", ladder="major")) == []
    leaving = persons.replace("li-na", "wang-fang")
    (message,) = told("OP360", leaving, level("resolve: {within: 48h}", ladder="major"))
    assert "nobody is on duty on person wang-fang from 2026-07-01 00:00" in message


def test_a_milestone_may_name_whose_people_keep_it() -> None:
    by = THERE.replace("}", ", rosters: [on-site, standby]}")
    until_june = told("OP360", STANDBY, ON_SITE, CREW, level(by))
    assert (
        "nobody is on duty on on-site or standby from 2026-09-30 17:00 to" in until_june[0]
    )  # Wang Fang leaves in June
    staying = STANDBY.replace("wang-fang", "li-na")
    assert told("OP360", staying, ON_SITE, CREW, level(by)) == []


def test_milestones_that_other_people_keep_are_told_each_for_itself() -> None:
    found = told("OP360", ON_SITE, CREW, level(f"respond: {{within: 30m}}, {THERE}, resolve: {{within: 48h}}"))
    assert [message.partition(" must be ")[2].partition(" by ")[0] for message in found] == [
        "attended on site",
        "resolved",
    ]


AGREED = """gaps_intended:
  - {from: 2026-01-01T00:00, to: 2027-01-01T00:00, reason: closed, agreed_by: Example Office}
"""


def test_hours_that_the_customer_agreed_to_leave_open_are_no_desk_left_empty() -> None:
    assert told("OP360", level("resolve: {within: 48h}"))
    assert told("OP360", level("resolve: {within: 48h}"), DAY_ROSTER.replace("name: day", "name: d2") + AGREED) == []
    night = "kind: roster\nname: wang\nhours: {calendar: always}\npeople: [wang-fang]\n"
    ways = """\
kind: channels
name: desk
routes: [{reach: {en: hotline}, takes: [faults], hours: {calendar: always}, answered_by: roster wang}]
"""
    assert told("OP353", night, ways)
    assert told("OP353", night + AGREED, ways) == []


def test_a_clock_that_waits_for_an_event_is_late_even_if_it_comes_at_once() -> None:
    late = level("plan: {within: 8h, after: telephone_failed}, resolve: {within: 4h}")
    (message,) = told("OP354", late)
    assert message.endswith(", even if telephone_failed comes at once")
    assert told("OP354", level("plan: {within: 8h}, resolve: {within: 4h, after: telephone_failed}")) == []


def test_a_graver_level_whose_clock_waits_is_the_slower_one() -> None:
    both = level(THERE, name="I")[:-2] + ", II: {means: {en: slow}, milestones: {on_site: {within: 2h}}}}\n"
    (message,) = told("OP355", both)
    assert message.startswith("on_site waits for telephone_failed at level I, and runs from the report at level II")


def test_a_clock_that_runs_when_somebody_works_ends_when_somebody_works() -> None:
    assert told("OP360", level("resolve: {within: 48h, calendar: desk-5x8}")) == []


def test_a_clock_of_working_days_may_end_after_hours_and_is_told() -> None:
    evening = DESK.replace("desk-5x8", "evening").replace("17:00", "20:00")
    (message,) = told("OP360", evening, level("resolve: {within: 5 working days, calendar: evening}"))
    assert "a level III case" in message


def test_without_rosters_there_is_nothing_to_compare_deadlines_with() -> None:
    contract = resolve(tree(level("resolve: {within: 48h}")))
    assert analyse(RuleContext(contract, date(2026, 1, 1)), [RULES["OP360"]]) == ()


@pytest.mark.parametrize(("minutes", "late"), [(15, False), (16, True)])
def test_a_ladder_may_take_as_long_as_the_response_and_no_longer(minutes: int, *, late: bool) -> None:
    steps = f"{{tell: person li-na, acknowledge_within: {minutes}m}}, {{tell: person li-na, wait: 15m}}"
    found = told("OP356", ladder(steps), level("respond: {within: 30m}", ladder="major"))
    assert bool(found) == late


def test_a_ladder_that_holds_waits_until_the_desk_opens() -> None:
    held = ladder("{tell: person li-na}, {tell: roster day}", "if_nobody: hold")
    (message,) = told("OP356", held, level("respond: {within: 30m}", ladder="major"))
    assert "roster day is told on 2026-02-24 09:00, after the response is due on 2026-02-14 17:30" in message


def test_a_ladder_that_skips_is_as_quick_as_those_who_are_there() -> None:
    skipped = ladder("{tell: person li-na}, {tell: roster day, acknowledge_within: 40m}", "if_nobody: skip")
    assert told("OP356", skipped, level("respond: {within: 30m}", ladder="major")) == []


def test_the_last_resort_counts_too() -> None:
    tried = ladder("{tell: person li-na, acknowledge_within: 10m}", "repeat: 4", "last_resort: person li-na")
    (message,) = told("OP356", tried, level("respond: {within: 30m}", ladder="major"))
    assert "person li-na is told on 2026-01-01 00:40" in message


def test_a_ladder_of_somebody_who_leaves_reaches_nobody_afterwards() -> None:
    (message,) = told("OP357", ladder("{tell: person wang-fang}"))
    assert message.startswith("nobody is told from 2026-07-01 00:00 to 2027-01-01 00:00")


def test_steps_that_each_come_while_nobody_is_there_tell_nobody() -> None:
    night = "kind: roster\nname: night\nhours: {calendar: always, except: desk-5x8}\npeople: [li-na]\n"
    steps = "{tell: roster night, acknowledge_within: 10m}, {tell: roster day, wait: 5m, acknowledge_within: 10m}"
    (message,) = told("OP357", night, ladder(steps))
    assert message.startswith("nobody is told of a case reported on 2026-01-04 16:55: each step comes while nobody")
    assert told("OP357", night, ladder(steps, "last_resort: person wang-fang"))[0].startswith(
        "nobody is told of a case"
    )
    assert told("OP357", night, ladder(steps, "last_resort: person li-na")) == []


def test_a_gap_that_was_agreed_is_no_hour_without_a_ladder() -> None:
    closed = "gaps_intended: [{from: 2026-05-01T00:00, to: 2026-05-02T00:00, reason: closed, agreed_by: Example}]\n"
    away = "kind: override\nname: away\nfrom: 2026-05-01T00:00\nto: 2026-05-02T00:00\naway: li-na\nreason: leave\n"
    whole = "kind: roster\nname: whole\npeople: [li-na]\n"
    steps = ladder("{tell: roster whole, acknowledge_within: 10m}")
    assert told("OP357", whole, away, steps)
    assert told("OP357", whole + closed, away, steps) == []


def test_somebody_without_any_channel_is_told_nothing() -> None:
    mute = PEOPLE.replace('channels: {mobile: "2"}', "channels: {}")
    for who in ("steps: [{tell: person wang-fang}]", "steps: [{tell: person li-na}]\nlast_resort: person wang-fang"):
        contract = resolve(tree(mute, "kind: ladder\nname: major\n" + who + "\n"))
        (finding,) = analyse(RuleContext(contract, date(2026, 1, 1)), [RULES["OP359"]])
        assert finding.message == "Wang Fang has no channel at all, and person wang-fang is told"


def test_whom_a_step_tells_must_still_be_there_at_the_end() -> None:
    both = ladder("{tell: person li-na, acknowledge_within: 10m}", "last_resort: person wang-fang")
    assert told("OP366", both) == [
        (
            "the last resort (person wang-fang) reaches nobody from 2026-07-01 00:00 to 2027-01-01 00:00 (Wang Fang's "
            "last day is 2026-06-30)"
        )
    ]
    assert told("OP357", both) == []


def test_a_gap_by_day_is_found_though_nights_are_longer() -> None:
    lunch = DESK.replace("desk-5x8", "lunch").replace('"09:00-17:00"', "[09:00-12:00, 13:00-17:00]")
    crew = "kind: roster\nname: crew\nhours: {calendar: lunch}\npeople: [li-na]\n"
    (message,) = told("OP360", lunch, crew, level("plan: {within: 4h, calendar: desk-5x8, rosters: [crew]}"))
    assert "and nobody is on duty on crew from 2026-01-05 12:00 to 2026-01-05 13:00" in message


def test_restoring_and_resolving_have_no_order() -> None:
    assert told("OP354", level("restore: {within: 24h}, resolve: {within: 12h}")) == []


def test_clocks_on_different_calendars_are_compared_at_every_hour_of_two_weeks() -> None:
    (message,) = told("OP354", level("plan: {within: 8h, calendar: desk-5x8}, resolve: {within: 24h}"))
    assert "plan (8h) is due later than resolve (24h)" in message


def test_a_calendar_that_says_nothing_about_what_it_knows_is_told() -> None:
    germany = DESK.replace("desk-5x8", "munich").replace("CN, known_through: 2026-12-31", "DE")
    assert told("OP361", germany) == ["munich does not say through which day the holidays of DE are known"]


def test_a_calendar_of_another_zone_ends_at_another_instant_on_the_same_day() -> None:
    samoa = DESK.replace("desk-5x8", "samoa").replace("Asia/Shanghai", "Pacific/Apia")
    assert told("OP361", samoa) == [
        "samoa is known through 2026-12-31 (Pacific/Apia), and the contract runs to 2026-12-31 (Asia/Shanghai)"
    ]


def test_what_a_country_has_not_announced_is_not_the_policys_fault() -> None:
    later = DESK.replace("desk-5x8", "next").replace("2026-12-31", "2028-12-31")
    long = {**tree(later), "policies/contract.yaml": tree()["policies/contract.yaml"].replace(b"..2026-", b"..2028-")}
    (finding,) = analyse(RuleContext(resolve(long), date(2026, 1, 1)), [RULES["OP361"]])
    assert finding.message.endswith(": later holidays of CN are not announced, as far as opspact knows")
    assert finding.source.lstrip().startswith("holidays: {country: CN")
    assert finding.help.startswith("The library holidays has what CN announced so far")


def test_working_days_where_no_day_is_off_can_be_read_in_two_ways() -> None:
    (message,) = told("OP362", level("resolve: {within: 5 working days}"))
    assert "5 working days are days like any other" in message
    assert told("OP362", level("resolve: {within: 120 hours}")) == []
