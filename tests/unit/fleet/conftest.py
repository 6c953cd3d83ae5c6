"""Small compiled projects on this machine itself, and a private folder for runs."""

import json
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path

import pytest

Written = Callable[..., Path]


@pytest.fixture
def base() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="opspact-", dir="/tmp"))
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def written(tmp_path: Path) -> Written:
    """Write a project whose hosts are all this machine, and return its folder."""

    def write(*tasks: dict[str, object], hosts: Sequence[str] = ("one", "two"), pattern: str = "all") -> Path:
        project = tmp_path / "project"
        (project / "inventory").mkdir(parents=True)
        (project / "lookup_plugins").mkdir()
        inventory = {"all": {"hosts": {host: {"ansible_connection": "local"} for host in hosts}}}
        (project / "inventory" / "hosts.yaml").write_text(json.dumps(inventory))
        play = {"name": "Try", "hosts": pattern, "gather_facts": False, "tasks": tasks}
        (project / "site.yml").write_text(json.dumps([play]))
        plugin = files("opspact.compile").joinpath("data/opspact_secret.py").read_text()
        (project / "lookup_plugins" / "opspact_secret.py").write_text(plugin)
        return project

    return write


@dataclass
class Watched:
    """What a run left on the machine, found by looking at all processes and files."""

    base: Path
    ignored: set[str] = field(default_factory=set)

    def processes(self) -> list[str]:
        """Return the command lines of living processes that know the folder of runs."""
        found = []
        for entry in Path("/proc").glob("[0-9]*"):
            try:
                known = (entry / "cmdline").read_bytes() + b"\0" + (entry / "environ").read_bytes()
                state = (entry / "stat").read_text().rpartition(")")[2].split()[0]
            except OSError:
                continue
            if f"{self.base}/run-".encode() in known and state != "Z":
                found.append(known.split(b"\0\0")[0].replace(b"\0", b" ").decode(errors="replace")[:200])
        return found

    def folders(self) -> list[str]:
        """Return the run folders that are there."""
        return sorted(path.name for path in self.base.glob("run-*"))

    def gone_within(self, seconds: float) -> bool:
        """Return whether processes and folders are gone within that time."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if not self.processes() and not self.folders():
                return True
            time.sleep(0.1)
        return False


@pytest.fixture
def watched(base: Path) -> Watched:
    return Watched(base)
