"""What tests of commands share: a contract's folder, and what a call gave."""

import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol


@dataclass(frozen=True)
class Said:
    """What a call gave: its exit code and what it wrote."""

    code: int
    out: str
    err: str


class Call(Protocol):
    """Calls the program with arguments."""

    def __call__(self, *arguments: str, environment: Mapping[str, str] | None = None) -> Said: ...


@dataclass(frozen=True)
class Contract:
    """The tiny contract's folder and the file that its one policy keeps."""

    folder: Path
    kept: Path

    def write(self, name: str, text: str) -> None:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def git(self, *arguments: str) -> str:
        names = ("-c", "user.name=test", "-c", "user.email=test@example.com", "-c", "init.defaultBranch=main")
        command = ["git", "-C", str(self.folder), *names, *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()
