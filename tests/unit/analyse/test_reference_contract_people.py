"""The reference contract keeps what it promises about people, on every day of its period."""

from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from opspact.analyse.registry import RULES
from opspact.analyse.rule import RuleContext
from opspact.analyse.run import analyse
from opspact.model.roster.duty import possible_duty
from opspact.model.time.intervals import union
from opspact.resolve.contract import resolve
from opspact.schema.contract_files import read_tree

CONTRACT = resolve(read_tree(Path(__file__).parents[3]))


def test_no_rule_about_people_finds_anything_from_its_first_day_on() -> None:
    people = [rule for rule in RULES.values() if rule.family == "people"]
    assert len(people) > 15
    assert analyse(RuleContext(CONTRACT, CONTRACT.period.first), people) == ()


def test_somebody_answers_the_hotline_at_every_instant_of_the_contract() -> None:
    """On days whose holidays are not announced yet as well: at each hour it is the one or the other."""
    zone = ZoneInfo(CONTRACT.zone)
    start = datetime.combine(CONTRACT.period.first, time(), zone).astimezone(UTC)
    end = datetime.combine(CONTRACT.period.last + timedelta(days=1), time(), zone).astimezone(UTC)
    day, night = (
        possible_duty(CONTRACT, CONTRACT.rosters[name], start=start, end=end)
        for name in ("hotline-day", "hotline-night")
    )
    certain, perhaps = (
        union((interval.start, interval.end) for roster in (day, night) for interval in roster[part] if interval.people)
        for part in (0, 1)
    )
    assert [(start, end)] == union(certain, perhaps)
    assert [(each.start, each.end) for each in day[1]] == [(each.start, each.end) for each in night[1]]
    assert min(begin for begin, _ in perhaps).astimezone(zone).date() == date(2027, 1, 1)


def test_people_with_a_login_have_a_key_and_everybody_a_mobile_kept_elsewhere() -> None:
    logins = {name for access in CONTRACT.accesses for name in access.people}
    assert logins == {name for name, person in CONTRACT.people.items() if person.keys}
    assert not [name for name, person in CONTRACT.people.items() if isinstance(person.channels["mobile"], str)]
