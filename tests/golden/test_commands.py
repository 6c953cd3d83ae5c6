"""What people read of commands: exactly the words of each `commands/CASE/session.txt`, output and exit code.

A case is a folder: its files lie over those of `commands/contract`, and the lines of its session that begin with `$`
are called there, in their order. With what stands in its `before/` instead, the contract is in git as the commit
before. A new case is a new folder with such lines; `OPSPACT_ACCEPT=1` writes down what they give now: first what goes
to standard output, then the rest, then the exit code where it is not 0.
"""

import os
import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest
from ledgers import SAMPLES, context

from opspact.cli.main import main
from opspact.cli.settings import LEDGER_FILE
from opspact.ledger.store import open_ledger
from opspact.model.names import CONTRACT_STATE

COMMANDS = Path(__file__).parent / "commands"
CONTRACT, SESSION = COMMANDS / "contract", "session.txt"
BEFORE = "before"
CASES = sorted(path.parent.name for path in COMMANDS.glob(f"*/{SESSION}"))


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    made = tmp_path / "contract"
    made.mkdir()
    monkeypatch.chdir(made)
    for name in ("OPSPACT_LEDGER", "NO_COLOR", "COLUMNS", "GITHUB_ACTIONS"):
        monkeypatch.delenv(name, raising=False)
    return made


def record_samples(folder: Path) -> None:
    """Record one event of each type."""
    (folder / CONTRACT_STATE).mkdir()
    with open_ledger(folder / CONTRACT_STATE / LEDGER_FILE) as ledger:
        ledger.record_all(SAMPLES, context=context(contract="tiny"))


def lay_out(folder: Path, case: Path) -> None:
    """Put the contract with the files of a case into a folder, in git after the commit before where there is one."""
    if (case / BEFORE).is_dir():
        shutil.copytree(CONTRACT, folder, dirs_exist_ok=True)
        shutil.copytree(case / BEFORE, folder, dirs_exist_ok=True)
        git = ("git", "-c", "user.name=test", "-c", "user.email=test@example.com")
        for words in (["init", "-q"], ["add", "."], ["commit", "-q", "-m", "before"], ["rm", "-rq", "."]):
            subprocess.run([*git, *words], cwd=folder, check=True)
    shutil.copytree(CONTRACT, folder, dirs_exist_ok=True)
    shutil.copytree(case, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns(SESSION, BEFORE))


def as_anywhere(text: str, folder: Path) -> str:
    """Return a text without what is another one wherever, and whenever, the session is held."""
    text = re.sub(r"\bnext run \d{4}-\d\d-\d\d \d\d:\d\d", "next run INSTANT", text)
    text = re.sub(r'"next_run": "[-0-9T:]+Z"', '"next_run": "INSTANT"', text)
    return re.sub(r"\b([0-9a-f]{64}|[0-9a-f]{40}|[0-9a-f]{12})\b", "DIGEST", text.replace(str(folder), "CONTRACT"))


@pytest.mark.parametrize("case", CASES)
def test_a_session_reads_exactly_like_this(case: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lay_out(folder, COMMANDS / case)
    if case == "ledger":
        record_samples(folder)
    session = COMMANDS / case / SESSION
    shown = []
    for line in (line for line in session.read_text(encoding="utf-8").splitlines() if line.startswith("$ opspact")):
        code = main(shlex.split(line)[2:])
        said = capsys.readouterr()
        ended = f"[exit {int(code)}]\n" if code else ""
        shown.append(f"{line}\n{said.out}{said.err}{ended}")
    text = as_anywhere("\n".join(shown), folder)
    if os.environ.get("OPSPACT_ACCEPT") == "1":
        session.write_text(text, encoding="utf-8")
    assert shown
    assert session.read_text(encoding="utf-8") == text
