"""Every folder under `refused_contracts/` reads well and cannot be: refused in exactly the words of `expected.txt`.

A new case is a new folder. `OPSPACT_ACCEPT=1` writes the words down as they are now. What is refused before anything
has a meaning stands under `refused/`.
"""

import os
from datetime import date
from pathlib import Path

import pytest

from opspact.compile.build import build
from opspact.errors import ExitCode, Refused
from opspact.report.lines import plain
from opspact.report.refusal import refusal_lines
from opspact.resolve.contract import resolve
from opspact.schema.contract_files import read_tree

CASES = Path(__file__).parent / "refused_contracts"
ACCEPT = os.environ.get("OPSPACT_ACCEPT") == "1"


@pytest.mark.parametrize("case", sorted(folder.name for folder in CASES.iterdir() if folder.is_dir()))
def test_the_contract_is_refused_in_exactly_these_words(case: str) -> None:
    with pytest.raises(Refused) as refused:
        build(resolve(read_tree(CASES / case)), day=date(2026, 3, 2))
    words = plain(refusal_lines(refused.value))
    expected = CASES / case / "expected.txt"
    if ACCEPT:
        expected.write_text(words, encoding="utf-8")
    assert expected.read_text(encoding="utf-8") == words
    assert refused.value.exit_code == ExitCode.REFUSED
    assert all(problem.place.file for problem in refused.value.problems)
