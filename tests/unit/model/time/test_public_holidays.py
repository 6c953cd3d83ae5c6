"""Public holidays: what the library says when its modules are loaded one by one is what it says as a whole."""

from datetime import date

import holidays
import pytest

from opspact.model.time.public_holidays import called, days_of, known_through, subdivisions

PLACES = [("CN", ""), ("DE", "BY"), ("US", "CA"), ("GB", "SCT"), ("JP", ""), ("SG", ""), ("PR", "")]


@pytest.mark.parametrize(("country", "part"), PLACES)
@pytest.mark.parametrize("year", [2024, 2026])
def test_days_and_names_are_those_of_the_library(country: str, part: str, year: int) -> None:
    whole = holidays.country_holidays(country, subdiv=part or None, years=year)
    english = holidays.country_holidays(country, subdiv=part or None, years=year, language="en_US")
    assert days_of(country, part, year).off == {day for day in whole if day.year == year}
    assert {day: called(country, part, day) for day in whole} == dict(english)


def test_every_country_is_known_with_its_parts() -> None:
    known = holidays.list_supported_countries(include_aliases=False)
    assert {country: subdivisions(country) for country in known} == {
        country: frozenset(parts) for country, parts in known.items()
    }
    assert [subdivisions(country) for country in ("XX", "UK", "CHN")] == [None, None, None]


def test_what_china_announced_ends_with_the_library_s_last_year() -> None:
    last = known_through("CN")
    assert last is not None
    assert last >= date(2026, 12, 31)
    assert days_of("CN", "", last.year).worked
    assert known_through("DE") is None
