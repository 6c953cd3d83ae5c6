"""Runs an on-host program as a host does: by itself, with its settings, and recorded commands in front of the real.

Used by the tests beside it.
"""

import json
import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from opspact.compile.jobs import program_text

PROGRAMS = ("backup", "inspection", "repository")


def source(name: str) -> str:
    return program_text(name)


@dataclass
class Machine:
    """A folder that stands for a host: its commands, its spool, its settings."""

    folder: Path
    environment: dict[str, str] = field(default_factory=dict)

    @property
    def spool(self) -> Path:
        return self.folder / "spool"

    def command(self, name: str, script: str) -> None:
        """Put a command in front of the real one; `script` is sh."""
        path = self.folder / "bin" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)

    def settings(self, **values: object) -> Path:
        path = self.folder / "settings.json"
        path.write_text(json.dumps({"host": "db1", "spool": str(self.spool), **values}))
        return path

    def run(self, program: str, *arguments: object, only_ours: bool = False) -> "subprocess.CompletedProcess[str]":
        path = self.folder / f"{program}.py"
        path.write_text(source(program))
        found = str(self.folder / "bin")
        search = found if only_ours else f"{found}:{os.environ['PATH']}"
        return subprocess.run(
            [sys.executable, "-I", path, *map(str, arguments)],
            env={**os.environ, "PATH": search, **self.environment},
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    def results(self, kind: str, policy: str) -> list[dict[str, Any]]:
        """Return the spooled results, oldest first."""
        return [json.loads(path.read_text()) for path in sorted((self.spool / kind / policy).glob("2*.json"))]

    def newest(self, kind: str, policy: str) -> dict[str, Any]:
        """Return the newest result."""
        path = max((self.spool / kind / policy).glob("2*.json"))
        result: dict[str, Any] = json.loads(path.read_text())
        return result
