"""Every folder under `findings/` is a contract that can be read and not be kept, told in the words of `expected.txt`.

A new case is a new folder. `OPSPACT_ACCEPT=1` writes the words down as they are now. The day is a Monday in March.
"""

import os
from datetime import date
from pathlib import Path

import pytest

from opspact.analyse.rule import Given
from opspact.analyse.run import analyse
from opspact.model.resolve import resolve
from opspact.report.findings_text import findings_lines
from opspact.schema.tree import read_tree

CASES = Path(__file__).parent / "findings"
ACCEPT = os.environ.get("OPSPACT_ACCEPT") == "1"


@pytest.mark.parametrize("case", sorted(folder.name for folder in CASES.iterdir() if folder.is_dir()))
def test_the_contract_is_told_what_cannot_be_kept_in_exactly_these_words(case: str) -> None:
    found = analyse(Given(resolve(read_tree(CASES / case)), date(2026, 3, 2)))
    words = "\n".join(line.text for line in findings_lines(found)) + "\n"
    expected = CASES / case / "expected.txt"
    if ACCEPT:
        expected.write_text(words, encoding="utf-8")
    assert expected.read_text(encoding="utf-8") == words
