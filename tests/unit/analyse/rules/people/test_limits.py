"""Edges of the rules about how much a person can carry."""

from datetime import date

from duty import contract, found, roster
from reading import data

from opspact.model.finding import Recurrence


def test_hours_of_a_week_are_counted_from_monday_to_sunday_over_all_rosters() -> None:
    day = "hours: {calendar: desk}\npeople: [ann]\nlimits: {per_week: 50h}"
    more = (
        "kind: calendar\nname: evening\nzone: Asia/Shanghai\nweek: {mon-fri: '17:00-19:00', sun: '23:00-24:00'}\n"
        "---\n" + roster("hours: {calendar: evening}\npeople: [ann]", name="evening")
    )
    assert not found("OP310", contract(roster(day)))
    (finding,) = found("OP310", contract(roster(day), more))
    assert (finding.subject, finding.repeats) == ("ann", Recurrence(43, date(2026, 3, 2), "week"))
    assert data(finding.message) == {"51", "43", "2026-03-02", "50"}


def test_a_single_long_spell_has_no_rest_to_count() -> None:
    assert not found("OP311", contract(roster("people: [ann]\nlimits: {rest: 11h}")))


def test_rest_counts_duty_on_other_rosters() -> None:
    night = roster("hours: {except: desk}\npeople: [bob]\nlimits: {rest: 8h}", name="night")
    assert not found("OP311", contract(night))
    calendar = "kind: calendar\nname: noon\nzone: Asia/Shanghai\nweek: {mon-fri: '12:00-13:00'}\n"
    noon = roster("hours: {calendar: noon}\npeople: [bob]", name="noon")
    (finding,) = found("OP311", contract(night, calendar, noon))
    assert (finding.subject, finding.repeats) == ("bob", Recurrence(219, date(2026, 3, 2)))
    assert data(finding.message) == {"3", "219", "2026-03-02 12:00", "8"}


def test_a_break_within_a_day_s_work_is_no_rest_that_is_too_short() -> None:
    split = "kind: calendar\nname: split\nzone: Asia/Shanghai\nweek: {mon-fri: ['08:00-12:00', '13:00-16:00']}\n"
    desk = roster("hours: {calendar: split}\npeople: [ann]\nlimits: {rest: 11h}", name="day")
    assert not found("OP311", contract(split, desk))
    afternoon = "kind: calendar\nname: late\nzone: Asia/Shanghai\nweek: {mon-fri: '16:00-20:00'}\n"
    late = roster("hours: {calendar: late}\npeople: [ann]", name="late")
    assert not found("OP311", contract(split, desk, afternoon, late)), "twelve hours with a break: thirteen may be"
    longer = afternoon.replace("20:00", "21:30")
    (finding,) = found("OP311", contract(split, desk, longer, late))
    assert data(finding.message) >= {"1", "2026-03-02 13:00", "11"}


def test_from_one_roster_straight_to_another_is_no_rest_at_all() -> None:
    night = roster("hours: {except: desk}\npeople: [bob]\nlimits: {rest: 8h}", name="night")
    day = roster("hours: {calendar: desk}\npeople: [bob]", name="day")
    (finding,) = found("OP311", contract(night, day))
    assert data(finding.message) >= {"0", "2026-03-02 09:00", "8"}
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
    (finding,) = found("OP310", contract(day, roster(standby + limited, name="night")))
    assert (finding.policy, finding.subject) == ("roster/night", "ann")
    assert data(finding.message) >= {"168", "2026-03-02", "50"}


def test_duty_that_goes_on_from_roster_to_roster_is_one_stretch() -> None:
    day = roster("hours: {calendar: desk}\npeople: [ann]\nlimits: {per_shift: 12h}", name="day")
    evening = "kind: calendar\nname: evening\nzone: Asia/Shanghai\nweek: {mon-fri: '17:00-22:00'}\n---\n" + roster(
        "hours: {calendar: evening}\npeople: [ann]", name="evening"
    )
    assert not found("OP316", contract(day))
    (finding,) = found("OP316", contract(day, evening))
    assert (finding.policy, finding.repeats) == ("roster/day", Recurrence(219, date(2026, 3, 2)))
    assert data(finding.message) == {"13", "219", "2026-03-02 09:00", "2026-03-02 22:00", "12"}
    standby = evening.replace("people: [ann]", "people: [ann]\npresence: standby")
    assert not found("OP316", contract(day, standby))


def test_who_waits_at_home_has_no_hours_for_other_work() -> None:
    chore = "kind: visit\nname: calls\nschedule: daily at 10:00\nby: ann\ntakes: 9h\n---\n" + roster(
        "hours: {calendar: desk}\npeople: [ann]", name="day"
    )
    night = "hours: {except: desk}\npeople: [ann]\n"
    assert not found("OP315", contract(chore, roster(night, name="night")))
    assert found("OP315", contract(chore, roster(night + "presence: standby\n", name="night")))


def test_work_of_people_without_a_roster_is_not_weighed() -> None:
    visit = "kind: visit\nname: visit\nschedule: daily at 10:00\nby: ann\ntakes: 20h\n"
    assert not found("OP315", contract(visit))
    assert not found("OP315", contract(visit, roster("people: [ann]")))
    (finding,) = found("OP315", contract(visit, roster("hours: {calendar: desk}\npeople: [ann]")))
    assert (finding.policy, finding.subject) == ("visit/visit", "ann")
    assert finding.repeats == Recurrence(10, date(2026, 3, 2), "month")
    assert data(finding.message) == {"600", "10", "2026-03", "2026-03-02", "176"}


def test_one_short_rest_is_told_once_by_the_roster_that_requires_most() -> None:
    night = roster("hours: {except: desk}\npeople: [bob]\nlimits: {rest: 8h}", name="night")
    day = roster("hours: {calendar: desk}\npeople: [bob]\nlimits: {rest: 11h}", name="day")
    (finding,) = found("OP311", contract(night, day))
    assert finding.policy == "roster/day"


def test_a_stretch_that_a_clock_change_makes_longer_names_the_change() -> None:
    night = "kind: calendar\nname: night\nzone: Europe/Berlin\nweek: {mon-sun: '01:00-09:00'}\n"
    on_it = roster("hours: {calendar: night}\npeople: [ann]\nlimits: {per_shift: 8h}")
    (finding,) = found("OP316", contract(night, on_it, zone="Europe/Berlin"))
    assert data(finding.message) >= {"2026-10-25", "2026-10-25 01:00", "9"}
    assert "Europe/Berlin" in finding.message
