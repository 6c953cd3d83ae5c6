"""Why hours are not covered: a roster that has not started, a clock change, a channel that is lacking."""

from duty import contract, found, person, roster, weekly

ROUTE = (
    "kind: channels\nname: desk\n"
    "routes: [{reach: {en: hotline}, takes: [faults], answered_by: roster hotline, by: mobile}]\n"
)
SLA = (
    "kind: sla\nname: basic\nchannels: desk\nlevels:\n"
    "  I: {means: {en: down}, milestones: {respond: {within: 30m, calendar: always}}}\n"
)


def test_a_roster_that_starts_later_lacks_no_channel() -> None:
    (finding,) = found("OP353", contract(ROUTE, roster(weekly("ann", "bob", since="2026-03-09"))))
    assert "mobile" not in finding.message
    assert "2026-03-09 09:00" in finding.message.partition(": ")[2]


def test_people_without_the_channel_lack_it() -> None:
    mute = [person(name, "channels: {email: a@example.com}") for name in ("ann", "bob")]
    (finding,) = found("OP353", contract(ROUTE, roster(weekly("ann", "bob")), *mute))
    assert "mobile" in finding.message


DAY = 'kind: calendar\nname: day\nzone: Europe/London\nweek: {mon-sun: "07:00-19:00"}\n'
NIGHT = 'kind: calendar\nname: night\nzone: Asia/Shanghai\nweek: {mon-sun: "03:00-15:00"}\n'
ROUTES = """\
kind: channels
name: desk
routes:
  - {reach: {en: day}, takes: [faults], hours: {calendar: day}, answered_by: team hotline}
  - {reach: {en: night}, takes: [faults], hours: {calendar: night}, answered_by: team hotline}
"""


def test_a_gap_that_a_clock_change_opens_says_so() -> None:
    (finding,) = found("OP352", contract(SLA, DAY, NIGHT, ROUTES))
    assert finding.repeats
    assert finding.repeats.count > 200
    assert "Europe/London" in finding.message
    assert "2026-03-29" in finding.message


def test_any_other_gap_does_not() -> None:
    late = NIGHT.replace("03:00-15:00", "04:00-15:00")
    (finding,) = found("OP352", contract(SLA, DAY, late, ROUTES))
    assert "Europe/London" not in finding.message
