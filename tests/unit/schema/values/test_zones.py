"""Which names of time zones are accepted: current ones, wherever a zone can stand."""

import pytest

from opspact.schema.value_error import InvalidValueError
from opspact.schema.values.zones import known_zone


@pytest.mark.parametrize(
    ("name", "current"),
    [
        ("PRC", "Asia/Shanghai"),
        ("Asia/Chongqing", "Asia/Shanghai"),
        ("US/Eastern", "America/New_York"),
        ("EST5EDT", "America/New_York"),
        ("Asia/Calcutta", "Asia/Kolkata"),
        ("Europe/Kiev", "Europe/Kyiv"),
        ("GB", "Europe/London"),
        ("Hongkong", "Asia/Hong_Kong"),
        ("Zulu", "Etc/UTC"),
    ],
)
def test_a_legacy_name_is_refused_with_the_current_one(name: str, current: str) -> None:
    with pytest.raises(InvalidValueError) as refused:
        known_zone(name)
    assert refused.value.hint == f"use {current}"
    assert known_zone(current) == current


@pytest.mark.parametrize(
    "name", ["UTC", "Etc/GMT+8", "Europe/Oslo", "Asia/Kuala_Lumpur", "Australia/Lord_Howe", "Asia/Hong_Kong"]
)
def test_a_current_name_is_accepted_even_where_the_database_holds_it_as_a_link(name: str) -> None:
    assert known_zone(name) == name


@pytest.mark.parametrize("name", ["Asia/Shangai", "Mars", "prc"])
def test_a_name_that_is_near_no_legacy_one_is_not_led_to_one(name: str) -> None:
    with pytest.raises(InvalidValueError) as refused:
        known_zone(name)
    assert "PRC" not in refused.value.hint


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("Asia/Beijing", ""),
        ("Asia/Shangai", "Asia/Shanghai"),
        ("Aisa/Shanghai", "Asia/Shanghai"),
        ("shanghai", "Asia/Shanghai"),
        ("Europe/Dubln", "Europe/Dublin"),
        ("utc", "UTC"),
    ],
)
def test_the_city_says_which_zone_was_meant(name: str, meant: str) -> None:
    with pytest.raises(InvalidValueError) as refused:
        known_zone(name)
    assert refused.value.hint == (f'did you mean "{meant}"?' if meant else "for example Asia/Shanghai")


@pytest.mark.parametrize(
    ("name", "same"),
    [
        *(("GMT+8", "Etc/GMT-8"), ("UTC+8", "Etc/GMT-8"), ("UTC+08:00", "Etc/GMT-8"), ("+0800", "Etc/GMT-8")),
        *(("gmt-5", "Etc/GMT+5"), ("UTC+14", "Etc/GMT-14")),
    ],
)
def test_a_difference_to_utc_is_led_to_the_zone_whose_name_has_the_other_sign(name: str, same: str) -> None:
    with pytest.raises(InvalidValueError) as refused:
        known_zone(name)
    assert f'"{same}"' in refused.value.hint
    assert known_zone(same) == same


@pytest.mark.parametrize("name", ["UTC+05:30", "GMT8", "GMT+15", "Etc/GMT+08", "etc/gmt+8", "Etc/GMT+88", "GTM+8"])
def test_where_a_difference_to_utc_is_not_clear_no_zone_of_one_is_named(name: str) -> None:
    with pytest.raises(InvalidValueError) as refused:
        known_zone(name)
    assert "GMT" not in refused.value.hint
    assert "Asia/Shanghai" in refused.value.hint
