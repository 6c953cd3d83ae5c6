"""Checking beside an earlier build of our own: taken out of git, with a folder and compiled modules of its own.

In: a folder, an executable's environment. Out: measured runs of either build. Both run
with the same Python and the same libraries, on the same contracts, in turns. No lab is needed. The reference contract
is that of the earlier commit: it cannot read what policies may say today.
"""

import os
import subprocess
import sys
from pathlib import Path

from benchkit.timing import BenchError, Program, Run

COMMIT = "5ada7cf"
"""The build before obligations, and before the folders of the architecture."""

ROOT = Path(__file__).resolve().parents[2]
_START = "from opspact.cli.main import run; run()"
_WHERE = "import opspact; print(opspact.__file__)"


def sources(folder: Path, repository: Path = ROOT, commit: str = COMMIT) -> Path | None:
    """Given an empty folder, put the commit's files there and return its `src`; None when git does not have it."""
    asked = ["git", "-C", str(repository), "archive", "--format=tar", commit]
    done = subprocess.run(asked, capture_output=True, check=False)
    if done.returncode != 0:
        return None
    folder.mkdir(exist_ok=True)
    subprocess.run(["tar", "-x", "-C", str(folder)], input=done.stdout, check=True)
    beside = {name: value for name, value in os.environ.items() if name != "PYTHONPYCACHEPREFIX"}
    subprocess.run([sys.executable, "-m", "compileall", "-q", folder / "src"], env=beside, check=True)
    return folder / "src"


def check(build: Path, contract: Path) -> Run:
    """Given a build's `src` and a contract, measure `opspact check` from the start of Python to its last word.

    Raise BenchError when another build would run, or when this one cannot read the contract.
    """
    variables = {"PYTHONPATH": str(build), "PYTHONDONTWRITEBYTECODE": "1"}
    where = Program([sys.executable, "-c", _WHERE], contract, variables).run().output.strip()
    if not Path(where).is_relative_to(build):
        raise BenchError(f"{build} was to run, and {where} would")
    arguments = [sys.executable, "-c", _START, "--contract", str(contract), "check", "--at", "2026-01-01"]
    return Program([*arguments, "--format", "json"], contract, variables, accept=(0, 1)).run()
