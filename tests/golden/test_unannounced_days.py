"""What the reference contract shows of a day that nobody has announced yet: exactly `screens/unannounced-days.txt`.

Official holidays of 2027 are not in its policies: when they are, another day belongs here. `OPSPACT_ACCEPT=1` writes
the words down as they are now.
"""

import os
import shlex
from datetime import date
from pathlib import Path

import pytest

from opspact.analyse.rule import RuleContext
from opspact.analyse.run import analyse
from opspact.cli.main import main
from opspact.report.findings_text import findings_lines
from opspact.report.lines import plain
from opspact.resolve.contract import resolve
from opspact.schema.contract_files import read_tree

EXPECTED = Path(__file__).parent / "screens" / "unannounced-days.txt"
TOP = Path(__file__).parents[2]
DAY = date(2027, 2, 8)
COMMANDS = (
    f"oncall who --at {DAY}T12:00",
    f"oncall who --at {DAY}T20:00",
    f"oncall who --at {DAY}T12:00 --format json",
    f"oncall gaps --from {DAY}T00:00 --to 2027-02-15T00:00",
    f"oncall gaps --from {DAY}T00:00 --to 2027-02-15T00:00 --format json",
    f"oncall balance --from {DAY}T00:00 --to 2027-02-15T00:00",
    f"oncall balance --from {DAY}T00:00 --to 2027-02-15T00:00 --format json",
    f"oncall export --from {DAY}T00:00 --to 2027-02-15T00:00",
    f"sla due --level I --reported {DAY}T10:00",
    f"sla due --level I --reported {DAY}T10:00 --format json",
    f"calendar due --calendar desk-5x8 --start {DAY}T10:00 --business 4h",
    f"calendar between --calendar desk-5x8 --start {DAY}T10:00 --end {DAY}T12:00",
)


@pytest.mark.slow
def test_an_unannounced_day_is_shown_as_that(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("OPSPACT_LEDGER", "NO_COLOR", "GITHUB_ACTIONS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("COLUMNS", "80")
    shown = []
    for command in COMMANDS:
        code = main(["--contract", str(TOP), *shlex.split(command)])
        said = capsys.readouterr()
        ended = f"[exit {int(code)}]\n" if code else ""
        shown.append(f"$ opspact {command}\n{said.out}{said.err}{ended}")
    findings = analyse(RuleContext(resolve(read_tree(TOP)), DAY))
    text = "\n".join([*shown, f"$ opspact check, on that day\n{plain(findings_lines(findings))}"])
    if os.environ.get("OPSPACT_ACCEPT") == "1":
        EXPECTED.write_text(text, encoding="utf-8")
    assert EXPECTED.read_text(encoding="utf-8") == text
