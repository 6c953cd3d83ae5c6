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

import program_starter

from opspact.compile.jobs import program_text

PROGRAMS = (
    *("backup", "data_care", "drill", "emergency_access", "inspection", "library", "log_review", "repository"),
    "restore",
)
READER = "reader"


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
        path.write_text(json.dumps({"spool": str(self.spool), "redactions": str(self.folder / "redaction"), **values}))
        return path

    def redact(self, *patterns: str, instead: str = "[redacted]") -> None:
        """Place what the contract redacts."""
        path = self.folder / "redaction" / "secrets.json"
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps({"patterns": patterns, "instead": instead}))

    def place(self, program: str) -> str:
        """Write a program as it lies on hosts; return its path."""
        path = self.folder / f"{program}.py"
        path.write_text(source(program))
        return str(path)

    def command_line(self, program: str, *arguments: object) -> list[str]:
        """Return the words that start a program."""
        return [sys.executable, "-I", self.place(program), *map(str, arguments)]

    def run(self, program: str, *arguments: object, only_ours: bool = False) -> "subprocess.CompletedProcess[str]":
        found = str(self.folder / "bin")
        search = found if only_ours else f"{found}:{os.environ['PATH']}"
        done = program_starter.run(
            [self.place(program), *map(str, arguments)], environment={**os.environ, "PATH": search, **self.environment}
        )
        return subprocess.CompletedProcess(done.args, done.returncode, done.stdout.decode(), done.stderr.decode())

    def read(self, asked: bytes) -> bytes:
        """Ask the reader of spools; return what it answers."""
        done = program_starter.run([self.place(READER), str(self.spool)], given=asked, environment=os.environ)
        assert (done.returncode, done.stderr) == (0, b""), done.stderr
        return done.stdout

    def files(self, job: str) -> list[Path]:
        """Return the files of the results that are kept, oldest first."""
        return sorted((self.spool / job).glob("*.json"))

    def results(self, job: str) -> list[dict[str, Any]]:
        """Return the results that are kept, oldest first."""
        return [json.loads(path.read_text()) for path in self.files(job)]

    def newest(self, job: str) -> dict[str, Any]:
        """Return the newest result."""
        result: dict[str, Any] = json.loads(self.files(job)[-1].read_text())
        return result
