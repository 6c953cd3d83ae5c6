"""The reference contract keeps what it promises about people, on every day of its period."""

from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from opspact.analyse.registry import RULES
from opspact.analyse.rule import RuleContext
from opspact.analyse.run import analyse
from opspact.model.roster.duty import duty_intervals
from opspact.model.time.intervals import union
from opspact.resolve.contract import resolve
from opspact.schema.contract_files import read_tree

CONTRACT = resolve(read_tree(Path(__file__).parents[3]))


def test_no_rule_about_people_finds_anything_from_its_first_day_on() -> None:
    people = [rule for rule in RULES.values() if rule.family == "people"]
    assert len(people) > 15
    assert analyse(RuleContext(CONTRACT, CONTRACT.period.first), people) == ()


def test_somebody_answers_the_hotline_at_every_instant_of_the_contract() -> None:
    zone = ZoneInfo(CONTRACT.zone)
    start = datetime.combine(CONTRACT.period.first, time(), zone).astimezone(UTC)
    end = datetime.combine(CONTRACT.period.last + timedelta(days=1), time(), zone).astimezone(UTC)
    found = [
        (interval.start, interval.end)
        for name in ("hotline-day", "hotline-night")
        for interval in duty_intervals(CONTRACT, CONTRACT.rosters[name], start=start, end=end)
        if interval.people
    ]
    assert [(start, end)] == union(found)


def test_people_with_a_login_have_a_key_and_everybody_a_mobile_kept_elsewhere() -> None:
    logins = {name for access in CONTRACT.accesses for name in access.people}
    assert logins == {name for name, person in CONTRACT.people.items() if person.keys}
    assert not [name for name, person in CONTRACT.people.items() if isinstance(person.channels["mobile"], str)]
