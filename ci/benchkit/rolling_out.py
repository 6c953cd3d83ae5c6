"""A change rolled out in four waves, beside the same change in one: two contracts with a file each, on the same hosts.

In: a bed whose lab runs. Out: measured runs.
"""

import subprocess
import sys
from pathlib import Path

from benchkit.bed import Bed
from benchkit.contract import CONTRACT, apply
from benchkit.timing import BenchError, Program, Run

WAVES = "waves: [{percent: 25}, {percent: 50}, {percent: 75}, {percent: 100}]"
_POLICIES = """\
kind: service
name: note
hosts: all
owner: engineers
files: [{{path: /srv/{name}-note, source: files/note}}]
"""
_ROLLOUT = f"---\nkind: rollout\nname: default\n{WAVES}\n"
_WHO = ("-c", "user.name=bench", "-c", "user.email=bench@example.com")


class RollingOut:
    """One of the two contracts; each of its applies brings another text to every host."""

    def __init__(self, bed: Bed, folder: Path, name: str, *, in_waves: bool) -> None:
        self._folder = folder / name
        self._in_waves = in_waves
        self._times = 0
        (self._folder / "files").mkdir(parents=True)
        self._git("init", "--quiet")
        (self._folder / ".gitignore").write_text(".opspact/\n")
        self._write()
        policies = (
            CONTRACT.replace("name: bench", f"name: {name}", 1)
            + _POLICIES.format(name=name)
            + (_ROLLOUT if in_waves else "")
        )
        apply(bed.lab, self._folder, policies)
        self._commit()

    def run(self) -> Run:
        """Measure the apply of another text. Raise BenchError when it was not rolled out as it was to be."""
        self._write()
        self._commit()
        program = str(Path(sys.executable).with_name("opspact"))
        ours = [program, "--contract", str(self._folder), "--close-connections", "apply", "--yes"]
        run = Program(ours, self._folder, {"NO_COLOR": "1"}).run()
        if run.output.count("applying changes to") != (4 if self._in_waves else 1):
            raise BenchError(f"not as many waves as asked for: {run.output}")
        return run

    def _write(self) -> None:
        self._times += 1
        (self._folder / "files" / "note").write_text(f"text {self._times}\n")

    def _commit(self) -> None:
        self._git("add", "--all")
        self._git(*_WHO, "commit", "--quiet", "--message", f"text {self._times}")

    def _git(self, *arguments: str) -> None:
        subprocess.run(["git", "-C", str(self._folder), *arguments], check=True, stdout=subprocess.DEVNULL)
