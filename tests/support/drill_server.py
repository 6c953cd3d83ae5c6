"""A backup server on which a recorded borg gives back what is written down, and a PostgreSQL says what it restored.

Comes in: archives, what they give back. Goes out: what the on-host program `drill` says of them.
"""

import hashlib
import json
import sys
import time
from typing import Any

from programs import Machine

from opspact.onhost.copy_record import encode_record

BORG = r"""
import json, sys
from pathlib import Path
arguments = sys.argv[1:]
repository = Path(arguments[-1].split("::")[0])
with (repository / "asked").open("a") as asked:
    asked.write(" ".join(arguments) + "\n")
if (repository / "full").exists() and "--bypass-lock" not in arguments:
    print((repository / "full").read_text(), file=sys.stderr)
    sys.exit(2)
if arguments[0] == "list":
    print((repository / "archives").read_text())
elif arguments[0] == "extract" and arguments[-1].endswith(".manifest"):
    if not (repository / "manifest").exists():
        sys.exit("Archive does not exist")
    Path("SHA256SUMS").write_text((repository / "manifest").read_text())
elif arguments[0] == "extract":
    for path, text in json.loads((repository / "content").read_text()).items():
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        Path(path).write_text(text)
    if (repository / "closed").exists():
        Path("srv/closed/x").mkdir(parents=True)
        Path("srv/closed").chmod(0)
    fails = repository / "fails"
    if fails.exists():
        status, _, words = fails.read_text().partition(" ")
        print(words, file=sys.stderr)
        sys.exit(int(status))
"""
DUMP = "run/opspact/borgmatic/nightly/postgresql_databases/localhost/oa"
FILES = {"etc/hostname": "db1\n", "srv/a": "a", DUMP: "PGDMP"}
ROWS = {"public.document": 400, "public.audit_trail": 900}
SHA256 = hashlib.sha256(b"PGDMP").hexdigest()
MANIFEST = "".join(f"{hashlib.sha256(text.encode()).hexdigest()}  {path}\n" for path, text in FILES.items())
MADE = "2026-01-01T00:00:00Z"
HELD: dict[str, Any] = {
    "files": 3,
    "bytes": 5000,
    "databases": {"oa": {"bytes": 5, "sha256": SHA256, "rows": ROWS}},
    "manifest": {"sha256": hashlib.sha256(MANIFEST.encode()).hexdigest(), "files": 3, "unchecked": 0, "made": MADE},
}
HEAD = f"12:{'ab' * 32}"
HOUR = 3600


class Server:
    """A backup server with one client's repository and a PostgreSQL that restores what it is said to."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        self.repository = machine.folder / "base/db1/main"
        self.repository.mkdir(parents=True)
        self.scratch = machine.folder / "scratch"
        self.scratch.mkdir()
        (self.repository / "config").write_text("[repository]\nid = 97a6\nkey = hqlhbGdvcml0aG0\n")
        self.archives: list[dict[str, str]] = []
        self.content(FILES)
        (self.repository / "manifest").write_text(MANIFEST)
        (machine.folder / "borg.py").write_text(BORG)
        machine.command("borg", f'exec {sys.executable} -I -S {machine.folder}/borg.py "$@"')
        self.postgresql()
        self.list()

    def list(self) -> None:
        (self.repository / "archives").write_text(json.dumps({"archives": self.archives}))

    def add(self, id_: str, *, age: float = HOUR, record: dict[str, Any] | None = HELD) -> str:
        at = time.gmtime(time.time() - age)
        name = f"nightly-{time.strftime('%Y%m%dT%H%M%SZ', at)}"
        comment = encode_record(record) if record else "ours"
        stamp = time.strftime("%Y-%m-%dT%H:%M:%S.000000", at)
        self.archives.append({"id": id_, "name": name, "time": stamp, "comment": comment})
        self.list()
        return name

    def content(self, files: dict[str, str]) -> None:
        (self.repository / "content").write_text(json.dumps(files))

    def fails(self, words: str) -> None:
        (self.repository / "fails").write_text(words)

    def postgresql(self, rows: dict[str, int] = ROWS, *, restore: str = "exit 0", version: str = "15") -> None:
        """Put programs of PostgreSQL there; `restore` is what pg_restore does, in sh."""
        programs = {
            "initdb": "exit 0",
            "postgres": "exec sleep 600",
            "pg_restore": restore,
            "psql": f"""case "$*" in
                *"count(*)"*) echo '{json.dumps(rows)}';;
                *to_char*) echo 2026-03-01T12:00:00Z;;
                esac""",
        }
        for name, script in programs.items():
            path = self.machine.folder / "postgresql" / version / "bin" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(f"#!/bin/sh\n{script}\n")
            path.chmod(0o755)

    def run(self, **changed: object) -> tuple[int, dict[str, Any]]:
        settings = {
            "job": "drill/nightly",
            "base": str(self.machine.folder / "base"),
            "state": str(self.machine.folder / "state"),
            "repository": "main",
            "passphrase_path": "/etc/opspact/repository/main.passphrase",
            "policy": "nightly",
            "rto": HOUR,
            "rpo": 26 * HOUR,
            "scratch": str(self.scratch),
            "sample": 0,
            "head": str(self.machine.folder / "head"),
            "clients": {"db1": ["oa"]},
            "postgresql": str(self.machine.folder / "postgresql"),
            "patience": 0,
        }
        done = self.machine.run("drill", self.machine.settings(**settings | changed))
        assert "Traceback" not in done.stderr, done.stderr
        assert [path.name for path in self.scratch.iterdir()] == [".lock"]
        (item,) = self.machine.newest("drill/nightly")["items"]
        return done.returncode, item

    @property
    def passed(self) -> dict[str, Any]:
        (path,) = (self.machine.folder / "state").rglob("passed.json")
        noted: dict[str, Any] = json.loads(path.read_text())
        return noted

    def head(self, at: str) -> None:
        (self.machine.folder / "head").write_text(json.dumps({"head": HEAD, "at": at}))

    def nothing_passed(self) -> bool:
        return not list((self.machine.folder / "state").rglob("passed.json"))
