"""The edges of the rules about people: what they find, what they leave alone, in which words."""

from datetime import date

import pytest
from duty import contract, override, person, roster, weekly

from opspact.analyse import example
from opspact.analyse.registry import RULES
from opspact.analyse.rule import RuleContext
from opspact.analyse.run import analyse
from opspact.model.contract import Contract
from opspact.model.finding import Severity

STAFFING = "kind: staffing\nname: crew\n"


def found(code: str, said: Contract, *, day: date = example.DAY, before: Contract | None = None) -> list[str]:
    return [finding.message for finding in analyse(RuleContext(said, day, before=before), [RULES[code]])]


def test_an_open_night_names_the_roster_the_interval_and_who_is_away() -> None:
    leave = override("leave", "from: 2026-12-30T22:00\nto: 2026-12-31T06:00\naway: ann")
    assert found("OP300", contract(roster("by: mobile\npeople: [ann]"), leave)) == [
        "nobody answers hotline from 2026-12-30 22:00 to 2026-12-31 06:00: Ann is on leave"
    ]


def test_another_reason_than_leave_is_named() -> None:
    away = override("away", "from: 2026-12-30T22:00\nto: 2026-12-31T06:00\naway: ann").replace("leave", "a course")
    (message,) = found("OP300", contract(roster("people: [ann]"), away))
    assert message.endswith("Ann is away (a course)")


def test_nights_without_cover_in_a_row_are_one_finding() -> None:
    leave = override("leave", "from: 2026-03-09T09:00\nto: 2026-03-16T09:00\naway: ann")
    (message,) = found("OP300", contract(roster("hours: {except: desk}\npeople: [ann]"), leave))
    assert "from 2026-03-09 17:00 to 2026-03-16 09:00 (5 spells, 128 h in all)" in message


def test_a_turn_that_is_empty_again_and_again_is_one_finding() -> None:
    left = contract(roster(weekly("ann", "bob")), person("bob", "until: 2026-05-31"))
    (message,) = found("OP300", left)
    assert "from 2026-06-01 00:00 to 2026-06-01 09:00, and " in message
    assert "Bob's last day was 2026-05-31" in message


def test_what_lies_behind_is_not_looked_at() -> None:
    leave = override("leave", "from: 2026-01-12T09:00\nto: 2026-01-19T09:00\naway: ann")
    said = contract(roster("people: [ann]"), leave)
    assert found("OP300", said, day=date(2026, 1, 1))
    assert not found("OP300", said, day=date(2026, 2, 1))


def test_an_unreachable_person_is_found_though_others_are_reachable() -> None:
    said = contract(
        roster("by: [mobile, email]\npeople: [ann, bob]"), person("ann", "channels: {mobile: '1', email: a}")
    )
    (message,) = found("OP301", said)
    assert message.startswith("Bob is on duty on hotline from 2026-03-02 00:00")
    assert message.endswith("and has no email")


def test_a_stand_in_must_be_reachable_too() -> None:
    swap = override("swap", "from: 2026-03-09T09:00\nto: 2026-03-16T09:00\naway: ann\ninstead: cho")
    said = contract(roster("by: mobile\npeople: [ann]"), swap, person("cho", "channels: {}"))
    assert found("OP301", said) == [
        "Cho is on duty on hotline from 2026-03-09 09:00 to 2026-03-16 09:00, and has no mobile"
    ]


def test_rosters_whose_hours_meet_but_do_not_overlap_are_no_double_booking() -> None:
    day, night = "hours: {calendar: desk}\npeople: [ann]", "hours: {except: desk}\npeople: [ann]"
    assert not found("OP303", contract(roster(day), roster(night, name="night")))


def test_three_rosters_at_once_are_three_pairs() -> None:
    said = contract(*(roster("people: [ann]", name=name) for name in ("one", "two", "three")))
    assert {"one and on two", "one and on three", "three and on two"} == {
        message.partition(" is on ")[2].partition(" from ")[0] for message in found("OP303", said)
    }


@pytest.mark.parametrize(
    ("until", "begins", "expected"),
    [
        ("2026-06-30", "2026-07-01", []),
        ("2026-06-30", "2026-07-02", ["on 2026-07-01"]),
        ("2026-07-01", "2026-07-01", []),
    ],
    ids=["the successor begins the day after", "a day lies between", "both are there on one day"],
)
def test_a_headcount_holds_on_every_day(until: str, begins: str, expected: list[str]) -> None:
    team = "kind: team\nname: crew\nheadcount: {min: 1, max: 2}\n"
    leaver, joiner = (
        person("ann", f"teams: [crew]\nuntil: {until}"),
        person("bob", f"teams: [crew]\nfrom: {begins}"),
    )
    messages = found("OP305", contract(team, leaver, joiner))
    assert expected == [message.partition("in crew ")[2].partition(";")[0] for message in messages]


def test_a_team_can_be_too_large_for_a_day() -> None:
    team = "kind: team\nname: crew\nheadcount: {min: 1, max: 1}\n"
    people = person("ann", "teams: [crew]\nuntil: 2026-07-01"), person("bob", "teams: [crew]\nfrom: 2026-07-01")
    (message,) = found("OP305", contract(team, *people))
    assert message.startswith("2 people are in crew on 2026-07-01; promised: 1")


def test_an_empty_team_is_too_small_on_every_day() -> None:
    (message,) = found("OP305", contract("kind: team\nname: crew\nheadcount: {min: 1}\n"))
    assert message == "no people are in crew from 2026-03-02 to 2026-12-31; promised: at least 1"


def test_resident_people_are_counted_once_though_named_twice() -> None:
    staffing = STAFFING + "teams: [hotline]\npeople: [ann]\nresident: {min: 4}\n"
    (message,) = found("OP306", contract(staffing))
    assert message.startswith("3 people are resident from 2026-03-02 to 2026-12-31")


def test_people_on_two_rosters_on_site_are_counted_together_and_once() -> None:
    staffing = STAFFING + "rosters: [one, two]\non_site: {min: 3, max: 3}\n"
    one, other = roster("people: [ann, bob]", name="one"), roster("people: [bob, cho]", name="two")
    assert not found("OP307", contract(staffing, one, other))


def test_too_many_on_site_are_found_too() -> None:
    staffing = STAFFING + "rosters: [hotline]\non_site: {min: 1, max: 2}\n"
    (message,) = found("OP307", contract(staffing, roster("people: [ann, bob, cho]")))
    assert message.startswith("3 people are on site from 2026-03-02 00:00 to 2027-01-01 00:00")


def test_hours_of_a_week_are_counted_from_monday_to_sunday_over_all_rosters() -> None:
    day = "hours: {calendar: desk}\npeople: [ann]\nlimits: {per_week: 50h}"
    more = (
        "kind: calendar\nname: evening\nzone: Asia/Shanghai\nweek: {mon-fri: '17:00-19:00', sun: '23:00-24:00'}\n"
        "---\n" + roster("hours: {calendar: evening}\npeople: [ann]", name="evening")
    )
    assert not found("OP310", contract(roster(day)))
    (message,) = found("OP310", contract(roster(day), more))
    assert message.startswith("Ann has 51 h of duty in the week of 2026-03-02, and in 42 weeks more")


def test_a_single_long_spell_has_no_rest_to_count() -> None:
    assert not found("OP311", contract(roster("people: [ann]\nlimits: {rest: 11h}")))


def test_rest_counts_duty_on_other_rosters() -> None:
    night = roster("hours: {except: desk}\npeople: [bob]\nlimits: {rest: 8h}", name="night")
    assert not found("OP311", contract(night))
    calendar = "kind: calendar\nname: noon\nzone: Asia/Shanghai\nweek: {mon-fri: '12:00-13:00'}\n"
    noon = roster("hours: {calendar: noon}\npeople: [bob]", name="noon")
    (message,) = found("OP311", contract(night, calendar, noon))
    assert message.startswith("Bob rests for 3 h before 2026-03-02 12:00")


def test_a_break_within_a_day_s_work_is_no_rest_that_is_too_short() -> None:
    split = "kind: calendar\nname: split\nzone: Asia/Shanghai\nweek: {mon-fri: ['08:00-12:00', '13:00-16:00']}\n"
    desk = roster("hours: {calendar: split}\npeople: [ann]\nlimits: {rest: 11h}", name="day")
    assert not found("OP311", contract(split, desk))
    afternoon = "kind: calendar\nname: late\nzone: Asia/Shanghai\nweek: {mon-fri: '16:00-20:00'}\n"
    late = roster("hours: {calendar: late}\npeople: [ann]", name="late")
    assert not found("OP311", contract(split, desk, afternoon, late)), "twelve hours with a break: thirteen may be"
    longer = afternoon.replace("20:00", "21:30")
    (message,) = found("OP311", contract(split, desk, longer, late))
    assert message.startswith("Ann rests for 1 h before 2026-03-02 13:00")


def test_from_one_roster_straight_to_another_is_no_rest_at_all() -> None:
    night = roster("hours: {except: desk}\npeople: [bob]\nlimits: {rest: 8h}", name="night")
    day = roster("hours: {calendar: desk}\npeople: [bob]", name="day")
    (message,) = found("OP311", contract(night, day))
    assert message.startswith("Bob rests for 0 h before 2026-03-02 09:00")
    assert not found("OP311", contract(night, roster("hours: {calendar: desk}\npeople: [ann]", name="day")))
    always = roster("people: [bob]", name="always")
    assert not found("OP311", contract(night, day, always)), "who is on duty all the time goes nowhere"


def test_hours_on_standby_count_for_the_limits_of_their_own_roster_alone() -> None:
    limited = "limits: {per_week: 50h, rest: 8h}\n"
    day = roster("hours: {calendar: desk}\npeople: [ann]\n" + limited, name="day")
    home = "hours: {except: desk}\npeople: [ann]\n"
    standby = home + "presence: standby\n"
    for code in ("OP310", "OP311"):
        assert found(code, contract(day, roster(home, name="night")))
        assert not found(code, contract(day, roster(standby, name="night")))
    (message,) = found("OP310", contract(day, roster(standby + limited, name="night")))
    assert message.startswith("Ann has 168 h of duty in the week of 2026-03-02")
    assert message.endswith("night allows 50 h")


def test_duty_that_goes_on_from_roster_to_roster_is_one_stretch() -> None:
    day = roster("hours: {calendar: desk}\npeople: [ann]\nlimits: {per_shift: 12h}", name="day")
    evening = "kind: calendar\nname: evening\nzone: Asia/Shanghai\nweek: {mon-fri: '17:00-22:00'}\n---\n" + roster(
        "hours: {calendar: evening}\npeople: [ann]", name="evening"
    )
    assert not found("OP316", contract(day))
    (message,) = found("OP316", contract(day, evening))
    assert message.startswith(
        "Ann is on duty for 13 h without a break from 2026-03-02 09:00 to 2026-03-02 22:00, and in"
    )
    assert message.endswith("day allows 12 h")
    standby = evening.replace("people: [ann]", "people: [ann]\npresence: standby")
    assert not found("OP316", contract(day, standby))


def test_who_is_on_standby_is_not_on_site() -> None:
    there = "rosters: [a, b]\non_site: {min: 2}\n"
    one = roster("hours: {calendar: desk}\npeople: [ann]", name="a")
    other = roster("hours: {calendar: desk}\npeople: [bob]", name="b")
    assert not found("OP307", contract(STAFFING + there, one, other))
    (message,) = found("OP307", contract(STAFFING + there, one, other + "presence: standby\n"))
    assert message.startswith("1 person is on site from 2026-03-02 09:00 to 2026-03-02 17:00")


def test_who_waits_at_home_has_no_hours_for_other_work() -> None:
    chore = "kind: visit\nname: calls\nschedule: daily at 10:00\nby: ann\ntakes: 9h\n---\n" + roster(
        "hours: {calendar: desk}\npeople: [ann]", name="day"
    )
    night = "hours: {except: desk}\npeople: [ann]\n"
    assert not found("OP315", contract(chore, roster(night, name="night")))
    assert found("OP315", contract(chore, roster(night + "presence: standby\n", name="night")))


def test_training_on_the_day_of_first_duty_is_in_time() -> None:
    training = (
        "kind: training\nname: induction\naudience: [hotline]\nbefore: first duty\ncontent: {en: all}\ntrainer: cho\n"
        "done: {ann: %s}\n"
    )
    turn = roster("people: [ann]")
    late = person("ann", "from: 2026-04-01")
    assert not found("OP312", contract(training % "2026-04-01", turn, late))
    assert found("OP312", contract(training % "2026-04-02", turn, late)) == [
        "Ann is on hotline on 2026-04-01, and has induction only on 2026-04-02"
    ]


def test_a_stand_in_must_be_trained_too() -> None:
    training = (
        "kind: training\nname: induction\naudience: [ann]\nbefore: first duty\ncontent: {en: all}\ntrainer: cho\n"
        "done: {ann: 2026-01-01}\n"
    )
    swap = override("swap", "from: 2026-03-09T09:00\nto: 2026-03-16T09:00\naway: ann\ninstead: bob")
    said = contract(training, roster("people: [ann]\nrequires: {trainings: [induction]}"), swap)
    assert found("OP312", said) == ["Bob is on hotline on 2026-03-09, and has not had induction yet"]


def test_a_scheduled_training_keeps_nobody_off_a_roster() -> None:
    training = (
        "kind: training\nname: refresher\naudience: [ann]\nbefore: quarterly on day 1 at 10:00\ncontent: {en: all}\n"
        "trainer: cho\n"
    )
    assert not found("OP312", contract(training, roster("people: [ann]")))


def test_a_certificate_holds_on_its_last_day() -> None:
    holder = person("ann", "until: 2026-06-30\ncertificates: [{name: network, until: 2026-06-30}]")
    assert not found("OP314", contract(roster("people: [ann]\nrequires: {certificates: [network]}"), holder))


def test_work_of_people_without_a_roster_is_not_weighed() -> None:
    visit = "kind: visit\nname: visit\nschedule: daily at 10:00\nby: ann\ntakes: 20h\n"
    assert not found("OP315", contract(visit))
    assert not found("OP315", contract(visit, roster("people: [ann]")))
    (message,) = found("OP315", contract(visit, roster("hours: {calendar: desk}\npeople: [ann]")))
    assert message.startswith("ann has 600 h of inspections, visits, training in 2026-03 (from 2026-03-02 on)")


def test_somebody_who_leaves_later_may_still_be_named() -> None:
    assert not found("OP320", contract(roster("people: [ann, bob]"), person("ann", "until: 2026-03-02")))
    (message,) = found("OP320", contract(roster("people: [ann, bob]"), person("ann", "until: 2026-03-01")))
    assert message == "Ann's last day was 2026-03-01, and roster/hotline still names them"


def test_who_has_left_is_told_on_the_line_that_names_them() -> None:
    left = person("ann", "until: 2026-03-01")
    ladder = "kind: ladder\nname: all\nsteps:\n- tell: team hotline\n  by: [telephone]\n  acknowledge_within: 5m\n"
    ladder += "- tell: person ann\n  by: [telephone]\n"
    service = "kind: service\nname: web\nhosts: all\nowner: ann\n"
    device = "kind: device\nname: switch\nowner: ann\naddress: 10.0.0.1\nprobed_from: app1\nnormal: [{ping: {}}]\n"
    said = contract(left, ladder, service, device, roster("people:\n- bob\n- ann"))
    sources = {finding.policy: finding.source for finding in analyse(RuleContext(said, example.DAY), [RULES["OP320"]])}
    assert sources == {
        "ladder/all": "- tell: person ann",
        "service/web": "owner: ann",
        "device/switch": "owner: ann",
        "roster/hotline": "- ann",
    }


def test_records_of_somebody_who_has_left_stay() -> None:
    left = person("ann", "until: 2026-02-28")
    training = (
        "kind: training\nname: induction\naudience: [hotline]\nbefore: first duty\ncontent: {en: all}\ntrainer: cho\n"
        "done: {ann: 2026-01-01}\n"
    )
    over = override("over", "from: 2026-02-01T00:00\nto: 2026-02-02T00:00\naway: ann")
    ahead = override("ahead", "from: 2026-04-01T00:00\nto: 2026-04-02T00:00\naway: ann")
    said = contract(left, training, roster("people: [bob]"), over, ahead)
    assert found("OP320", said) == ["Ann's last day was 2026-02-28, and override/ahead still names them"]


def test_an_override_behind_another_changes_nothing() -> None:
    one = override("one", "from: 2026-03-09T09:00\nto: 2026-03-16T09:00\naway: ann\ninstead: bob")
    other = override("other", "from: 2026-03-09T09:00\nto: 2026-03-16T09:00\naway: ann\ninstead: cho")
    assert len(found("OP321", contract(roster("people: [ann]"), one, other))) == 1


def test_a_leave_on_all_rosters_may_change_nothing() -> None:
    leave = override("leave", "from: 2026-03-09T09:00\nto: 2026-03-16T09:00\naway: cho", roster_="")
    assert not found("OP321", contract(roster("people: [ann]"), leave))


def test_a_person_added_from_a_later_day_alters_neither_today_nor_the_past() -> None:
    before = contract(roster(weekly("ann", "bob")))
    one = "{people: [ann, bob], handover: weekly on monday at 09:00, since: 2025-12-29}"
    later = "{people: [ann, bob, cho], handover: weekly on monday at 09:00, since: %s}"
    ahead = contract(roster(f"rotation: [{one}, {later % '2026-03-03'}]"))
    assert not found("OP322", ahead, before=before)
    behind = contract(roster(f"rotation: [{one}, {later % '2026-02-01'}]"))
    (message,) = found("OP322", behind, before=before)
    assert message.startswith("the change alters who was on duty in the past: hotline from 2026-02-02 09:00")


def test_an_override_for_today_says_so_openly_and_one_for_yesterday_does_not() -> None:
    before = contract(roster("people: [ann]"))
    swap = "from: 2026-03-0%d%s\nto: 2026-03-0%d%s\naway: ann\ninstead: bob"
    today = contract(roster("people: [ann]"), override("swap", swap % (2, "T00:00", 3, "T00:00")))
    yesterday = contract(roster("people: [ann]"), override("swap", swap % (1, "T00:00", 2, "T00:00")))
    assert not found("OP322", today, before=before)
    (message,) = found("OP322", yesterday, before=before)
    assert message == (
        "the change alters who was on duty in the past: hotline from 2026-03-01 00:00 to 2026-03-02 00:00, "
        "Bob instead of Ann"
    )


def test_a_calendar_that_changes_is_no_turn_that_moves() -> None:
    duty = roster("hours: {calendar: opening}\npeople: [ann]")
    opening = "kind: calendar\nname: opening\nzone: Asia/Shanghai\nweek: {mon-fri: '%s-17:00'}\n"
    before, after = contract(opening % "09:00", duty), contract(opening % "08:00", duty)
    (past, today) = analyse(RuleContext(after, example.DAY, before=before), [RULES["OP322"]])
    assert past.message.startswith("the change alters which hours are covered: hotline from 2026-01-01 08:00 to")
    assert "Ann instead of nobody" in past.message
    assert "rotation" not in past.help
    assert past.source == today.source == "hours: {calendar: opening}"


def test_a_new_roster_alters_nothing_that_was_promised() -> None:
    new = contract(roster("people: [ann]"))
    assert not found("OP322", new, day=date(2026, 1, 1), before=contract())


def test_no_rule_about_people_says_anything_about_a_contract_without_rosters() -> None:
    assert not [
        finding for finding in analyse(RuleContext(contract(), example.DAY)) if finding.severity is Severity.ERROR
    ]


LADDER = "kind: ladder\nname: major\nsteps:\n  - {tell: roster hotline, by: mobile}\n  - {tell: %s, by: mobile}\n"


def test_a_step_that_tells_a_team_reaches_somebody_else_when_others_are_in_it() -> None:
    turn = roster("by: mobile\npeople: [ann]")
    assert not found("OP304", contract(turn, LADDER % "team hotline"))
    alone = contract("kind: team\nname: alone\n", turn, LADDER % "team alone", person("ann", "teams: [alone]"))
    (message,) = found("OP304", alone)
    assert message.startswith("steps 1 and 2 (roster hotline, team alone) both reach Ann from 2026-03-02 00:00")


def test_two_rosters_of_a_ladder_may_share_people_but_not_at_one_instant() -> None:
    second = roster("by: mobile\n" + weekly("bob", "ann"), name="second")
    assert not found("OP304", contract(roster(weekly("ann", "bob")), second, LADDER % "roster second"))
    swap = override("swap", "from: 2026-03-09T09:00\nto: 2026-03-16T09:00\naway: ann\ninstead: bob")
    both = contract(roster(weekly("ann", "bob")), second, LADDER % "roster second", swap)
    (message,) = found("OP304", both)
    assert message.endswith("both reach Bob from 2026-03-09 09:00 to 2026-03-16 09:00")


def test_a_last_resort_that_was_told_already_is_none() -> None:
    turn = roster("by: mobile\npeople: [ann]")
    alone = contract("kind: team\nname: lead\n", turn, LADDER % "team lead" + "last_resort: person bob\n")
    assert not found("OP304", alone)
    lead = person("bob", "teams: [lead]")
    again = contract("kind: team\nname: lead\n", turn, lead, LADDER % "team lead" + "last_resort: person bob\n")
    (message,) = found("OP304", again)
    assert message.startswith("step 2 and the last resort (team lead, person bob) both reach Bob from 2026-03-02 00:00")
    same = contract("kind: team\nname: lead\n", turn, lead, LADDER % "team lead" + "last_resort: team lead\n")
    assert found("OP304", same)


def test_telling_the_same_roster_again_is_meant_by_another_channel() -> None:
    turn = roster("by: mobile\npeople: [ann]")
    steps = "kind: ladder\nname: major\nsteps: [{tell: roster hotline, by: %s}, {tell: roster hotline, by: %s}]\n"
    assert not found("OP304", contract(turn, steps % ("mobile", "email")))
    assert not found("OP304", contract(turn, steps % ("mobile", "[mobile, email]")))
    (message,) = found("OP304", contract(turn, steps % ("[mobile, email]", "mobile")))
    assert message.startswith("steps 1 and 2 (roster hotline, roster hotline) both reach Ann")


def test_who_is_in_a_team_changes_with_who_leaves() -> None:
    turn, lead = roster("by: mobile\npeople: [ann]"), "kind: team\nname: lead\n"
    ann, bob = person("ann", "teams: [lead]"), "teams: [lead]\n"
    assert not found("OP304", contract(lead, turn, ann, person("bob", bob), LADDER % "team lead"))
    leaves = person("bob", bob + "until: 2026-06-30")
    (message,) = found("OP304", contract(lead, turn, ann, leaves, LADDER % "team lead"))
    assert "both reach Ann from 2026-07-01 00:00" in message
