"""Instants as they are written, and what is said of those that are none."""

import pytest

from opspact.schema.value_error import InvalidValueError
from opspact.schema.values.instants import parse_instant


@pytest.mark.parametrize(
    ("written", "hint"),
    [("2026-12-26T24:00", "use 00:00 of the next day"), ("2026-02-30T10:00", ""), ("2026-12-26", "2026-12-26T00:00")],
)
def test_an_instant_that_is_none_is_refused_with_the_way_out(written: str, hint: str) -> None:
    with pytest.raises(InvalidValueError) as refused:
        parse_instant(written)
    assert hint in refused.value.hint
    assert bool(hint) == bool(refused.value.hint)
