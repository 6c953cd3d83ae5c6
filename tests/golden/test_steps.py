"""The words for every way in which a host can differ from a step: exactly those of `steps/differences.txt`.

`OPSPACT_ACCEPT=1` writes the words down as they are now.
"""

import os
from pathlib import Path

from looked_at import FakeHost
from step_answers import BORG, DIFFERENT

from opspact.values.secret import Secret

WORDS = Path(__file__).parent / "steps" / "differences.txt"


def test_differences_have_exactly_these_words() -> None:
    lines = []
    for step, said in DIFFERENT:
        differences = list(step.check(FakeHost(said), {BORG: Secret("s")}))
        assert differences
        lines += [f"{step.identity}\n", *(f"    {difference}\n" for difference in differences)]
    words = "".join(lines)
    if os.environ.get("OPSPACT_ACCEPT") == "1":
        WORDS.write_text(words, encoding="utf-8")
    assert WORDS.read_text(encoding="utf-8") == words
