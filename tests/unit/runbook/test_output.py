"""What is kept of output: no secret, and not all of it where it is long."""

from hypothesis import given
from hypothesis import strategies as st

from opspact.onhost.redaction import HIDDEN
from opspact.runbook.output import recorded_output, without_secrets


def test_a_secret_is_masked_and_each_of_its_lines() -> None:
    assert without_secrets("a Canary b", ["Canary"]) == f"a {HIDDEN} b"
    assert without_secrets("first\nx second", ["first\nsecond"]) == f"{HIDDEN}\nx {HIDDEN}"
    assert without_secrets("longer long", ["long", "longer"]) == f"{HIDDEN} {HIDDEN}"


def test_a_secret_of_two_characters_masks_nothing() -> None:
    assert without_secrets("no", ["no"]) == "no"


def test_a_long_output_keeps_whole_lines_of_its_ends() -> None:
    text = "".join(f"line {number}\n" for number in range(1000))
    kept = recorded_output(text, 100)
    first, note, *last = kept.splitlines()
    assert first == "line 0"
    assert any("characters not recorded]" in each for each in (note, *last))
    assert last[-1] == "line 999"
    assert len(kept) < 200


@given(st.text(max_size=400), st.integers(10, 100))
def test_what_is_kept_is_all_or_both_ends(text: str, largest: int) -> None:
    kept = recorded_output(text, largest)
    assert kept == text or (len(text) > largest and "characters not recorded]" in kept)
