"""Did you mean …?"""

import pytest

from opspact.text.suggestions import did_you_mean, nearest

KNOWN = ["packages", "units", "normal", "files", "ALL"]


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("packges", "packages"),
        ("Units", "units"),
        ("unit", "units"),
        ("norm", "normal"),
        ("all", "ALL"),
        ("colour", None),
        ("", None),
        ("p" * 100, None),
    ],
)
def test_the_nearest_word_is_found(word: str, expected: str | None) -> None:
    assert expected == nearest(word, KNOWN)


def test_few_known_words_are_listed_when_none_is_near() -> None:
    assert did_you_mean("colour", KNOWN) == "known names: ALL, files, normal, packages, units"


def test_many_known_words_are_not_listed() -> None:
    assert did_you_mean("colour", [f"word-{number}" for number in range(50)]) == ""
