"""Plans of a pull request for very many hosts, beside two compiles and `diff -r`.

In: a folder, how many hosts. Out: measured runs. No lab is needed.
"""

import shutil
import subprocess
import sys
from pathlib import Path

from benchkit import scale
from benchkit.timing import BenchError, Program, Run

_GIT = ("git", "-c", "user.name=bench", "-c", "user.email=bench@example.com")
_WAS, _IS = "schedule: daily at 07:30", "schedule: daily at 07:35"
_OPSPACT = str(Path(sys.executable).with_name("opspact"))
_BY_HAND = (
    'set -e; "$0" --contract before compile --out before/out >/dev/null; '
    '"$0" --contract after compile --out after/out >/dev/null; diff -r before/out after/out >by-hand.diff || [ $? = 1 ]'
)


def write(folder: Path, count: int) -> Path:
    """Given a folder and a number of hosts, write the reference contract for them before and after a one-line change.

    Return the folder with both, `before` and `after`; `after` is a repository in which the change is the newest commit.
    """
    made = folder / f"plan-{count}"
    after = made / "after"
    made.mkdir()
    scale.write(made, count).rename(after)
    file = after / "policies" / "inspections.yaml"
    text = file.read_text()
    if text.count(_WAS) != 1:
        raise BenchError(f"{file.name} of the reference contract does not have the line that is changed")
    for step, words in (("init", ("init", "-q")), ("before", ()), ("after", ())):
        if step == "after":
            shutil.copytree(after, made / "before", ignore=shutil.ignore_patterns(".git"))
            file.write_text(text.replace(_WAS, _IS))
        for each in [words] if words else [("add", "-A"), ("commit", "-qm", step)]:
            subprocess.run([*_GIT, "-C", str(after), *each], check=True)
    return made


def warm(made: Path) -> Run:
    """Measure `opspact plan --base` of the change, with what was compiled before in the cache."""
    return _plan(made)


def cold(made: Path) -> Run:
    """Measure the same with an empty cache."""
    shutil.rmtree(_cache(made), ignore_errors=True)
    return _plan(made)


def by_hand(made: Path) -> Run:
    """Measure two compiles, from the start of Python to the last file written, and `diff -r` of both."""
    for side in ("before", "after"):
        shutil.rmtree(made / side / "out", ignore_errors=True)
    run = Program(["sh", "-c", _BY_HAND, _OPSPACT], made, {}).run()
    _expect((made / "by-hand.diff").read_text(errors="replace"), "opspact-inspection-daily-servers.timer")
    return run


def compiles(made: Path) -> Run:
    """Measure the two compiles alone."""
    for side in ("before", "after"):
        shutil.rmtree(made / side / "out", ignore_errors=True)
    return Program(["sh", "-c", _BY_HAND.rpartition("; ")[0], _OPSPACT], made, {}).run()


def _plan(made: Path) -> Run:
    arguments = [_OPSPACT, "--contract", "after", "plan", "--base", "HEAD~1"]
    run = Program(arguments, made, {"XDG_CACHE_HOME": str(_cache(made))}).run()
    _expect(run.output, "inspection/daily-servers")
    return run


def _cache(made: Path) -> Path:
    return made / "cache"


def _expect(output: str, words: str) -> None:
    if words not in output:
        raise BenchError(f"the change is not in what was found: {words}")
