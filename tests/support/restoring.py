"""A host with copies in a repository, which its restore program restores: borg gives what is written down.

Used by the tests of that program.
"""

import json
import sys
import time
from pathlib import Path
from typing import Any

from programs import Machine

from opspact.onhost.copy_record import encode_record

JOB = "restore/nightly"
BORG = r"""
import fnmatch, json, os, shutil, sys
from pathlib import Path
arguments = sys.argv[1:]
here = Path(os.environ["FAKE_REPOSITORY"])
with (here / "asked").open("a") as asked:
    asked.write(" ".join(arguments) + "\n")
command = arguments[0]
if (here / "full").exists() and "--bypass-lock" not in arguments:
    print((here / "full").read_text(), file=sys.stderr)
    sys.exit(2)
wanted = [word[3:] for word in arguments if word.startswith("pp:")]
content = here / "content"
found = [path for path in sorted(content.rglob("*")) if path.is_file()]
inner = {str(path.relative_to(content)): path for path in found}
meant = {name: path for name, path in inner.items()
         if not wanted or any(name == it or name.startswith(it + "/") for it in wanted)}
if command == "list" and "--json" in arguments:
    print((here / "archives").read_text())
elif command == "list":
    for name, path in inner.items():
        if "/postgresql_databases/" in name or name in wanted:
            print(json.dumps({"type": "-", "path": name, "size": path.stat().st_size}))
elif "--stdout" in arguments:
    for path in meant.values():
        sys.stdout.buffer.write(path.read_bytes())
else:
    for name, path in meant.items():
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(path, name)
    if wanted and not meant:
        print(f"Include pattern '{wanted[0]}' never matched.", file=sys.stderr)
        sys.exit(1)
if command == "extract" and (here / "fails").exists():
    status, _, words = (here / "fails").read_text().partition(" ")
    print(words, file=sys.stderr)
    sys.exit(int(status))
if command == "extract" and (here / "hangs").exists():
    (here / "hangs").unlink()
    import time
    time.sleep(600)
"""
FILES = {"etc/hostname": b"db1\n", "srv/oa/a": b"a", "srv/oa/b/c": b"c"}
DUMP = "run/opspact/borgmatic/nightly/postgresql_databases/localhost/oa"
ROLES = "var/lib/opspact/roles/nightly"
HOUR = 3600


class Host:
    """A host with copies in a repository."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        self.repository = machine.folder / "repository"
        (self.repository / "content").mkdir(parents=True)
        for name, data in FILES.items():
            self.holds(name, data)
        self.archives: list[dict[str, str]] = []
        (machine.folder / "borg.py").write_text(BORG)
        machine.command("borg", f'exec {sys.executable} -I -S {machine.folder}/borg.py "$@"')

    def holds(self, name: str, data: bytes) -> None:
        path = self.repository / "content" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)

    def copy(self, id_: str, *, age: float = HOUR, **record: Any) -> str:
        """Add a copy; return its name."""
        at = time.gmtime(time.time() - age)
        name = f"nightly-{time.strftime('%Y%m%dT%H%M%SZ', at)}"
        comment = encode_record(record) if record else "ours"
        stamp = time.strftime("%Y-%m-%dT%H:%M:%S.000000", at)
        self.archives.append({"id": id_, "name": name, "time": stamp, "comment": comment})
        (self.repository / "archives").write_text(json.dumps({"archives": self.archives}))
        return name

    def settings(self) -> Path:
        return self.machine.settings(
            job=JOB,
            policy="nightly",
            repository="ssh://backup/./main",
            environment={"FAKE_REPOSITORY": str(self.repository)},
            state=str(self.machine.folder / "state"),
            request=str(self.machine.folder / "request.json"),
            hold=str(self.machine.folder / "rebuilding"),
            root=str(self.machine.folder / "root"),
            account="",
            roles=f"/{ROLES}",
            users=f"/{ROLES}.mariadb",
        )

    def ask(self, **request: Any) -> None:
        (self.machine.folder / "request.json").write_text(json.dumps({"id": "r1", **request}))

    def restore(self, **request: Any) -> tuple[int, dict[str, Any]]:
        if request:
            self.ask(**request)
        done = self.machine.run("restore", self.settings())
        assert "Traceback" not in done.stderr, done.stderr
        assert not (self.machine.folder / "request.json").exists()
        return done.returncode, self.machine.newest(JOB)

    @property
    def target(self) -> Path:
        return self.machine.folder / "restored"

    def leftovers(self) -> list[str]:
        """Return what is left of restores that did not come to their end."""
        state = self.machine.folder / "state"
        return [path.name for path in (*self.machine.folder.glob(".opspact-*"), *state.glob("*"), *state.glob(".o*"))]
