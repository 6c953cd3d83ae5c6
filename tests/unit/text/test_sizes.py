"""Sizes as text."""

import pytest

from opspact.text.sizes import format_bytes


@pytest.mark.parametrize(
    ("size", "text"), [(0, "0 bytes"), (999, "999 bytes"), (1_500, "1.5 kB"), (2e9, "2 GB"), (5e15, "5000 TB")]
)
def test_bytes_are_shown_in_powers_of_ten(size: float, text: str) -> None:
    assert format_bytes(size) == text
