"""Every folder under `findings/` is a contract that resolves and cannot be kept: exactly the words of `expected.txt`.

A new case is a new folder. `OPSPACT_ACCEPT=1` writes the words down as they are now. A case may have
`measurements.json`, as the examples of rules do.
"""

import os
from datetime import date
from pathlib import Path

import pytest
from narrow import unfit

from opspact.analyse import example
from opspact.analyse.rule import RuleContext
from opspact.analyse.run import analyse
from opspact.report.findings_text import findings_lines
from opspact.report.line_breaks import wrapped
from opspact.report.lines import plain
from opspact.resolve.contract import resolve
from opspact.schema.contract_files import read_tree

CASES = Path(__file__).parent / "findings"
ACCEPT = os.environ.get("OPSPACT_ACCEPT") == "1"
DAY = date(2026, 3, 2)


@pytest.mark.parametrize("case", sorted(folder.name for folder in CASES.iterdir() if folder.is_dir()))
def test_the_contract_has_exactly_these_findings(case: str) -> None:
    written = CASES / case / "measurements.json"
    measurements = example.measurements(written.read_text(encoding="utf-8") if written.exists() else "")
    findings = analyse(RuleContext(resolve(read_tree(CASES / case)), day=DAY, measurements=measurements))
    lines = list(findings_lines(findings))
    words = plain(lines)
    expected = CASES / case / "expected.txt"
    if ACCEPT:
        expected.write_text(words, encoding="utf-8")
    assert findings
    assert [wrong for one in lines if (wrong := unfit(wrapped([one], 44), one.text, 44))] == []
    assert expected.read_text(encoding="utf-8") == words
