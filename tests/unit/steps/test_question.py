"""Looks whose questions cannot be asked: each program that a look calls fails in turn, and nobody takes it for a word.

Every look is run for real by sh, on this machine's files, with a folder of programs as its only PATH. Which programs
it calls is read from its own text.
"""

import getpass
import grp
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

import pytest
from all_steps import KEY, REPOSITORY
from looked_at import Said

from opspact.model import names
from opspact.steps.account import Account
from opspact.steps.authorized_keys import AuthorizedKeys
from opspact.steps.base import Step
from opspact.steps.closed_account import ClosedAccount
from opspact.steps.content import Content
from opspact.steps.directory import Directory
from opspact.steps.emergency_access import EmergencyAccess
from opspact.steps.file import File
from opspact.steps.http_answer import HttpAnswer
from opspact.steps.kinds import KINDS
from opspact.steps.link import Link
from opspact.steps.membership import Membership
from opspact.steps.other_access import OtherAccess
from opspact.steps.package import Package
from opspact.steps.port_answer import PortAnswer
from opspact.steps.question import DIGEST, program_of
from opspact.steps.secret_file import SecretFile
from opspact.steps.systemd import PROPERTIES, SERVICE_PROPERTIES
from opspact.steps.traits import remains, required_by, used_by
from opspact.steps.unit import Unit
from opspact.structs import replace
from opspact.values.secret import Secret, SecretReference

ME = getpass.getuser()
GROUP = grp.getgrgid(os.getgid()).gr_name
SECRET = SecretReference("vault", "borg")
WORD = re.compile(r"[a-z][a-z0-9]*(?:-[a-z]+)*")

FAKES: Mapping[str, str] = {
    "getent": (
        'case $1 in passwd) echo "ops:x:1001:1001::HOME:/bin/bash" ;; shadow) echo "ops:!:20000:0:99999:7:::" ;; esac'
    ),
    "id": "echo ops adm",
    "dpkg-query": "case $* in *--listfiles*) echo /usr/sbin/nginx ;; *) echo install ok installed ;; esac",
    "ss": "echo LISTEN 0 511 0.0.0.0:80",
    "ssh": "echo configuration",
    "apt-get": "echo Remv nginx [1.22.1]",
    "borg": "echo app1-2026-03-02",
    "systemctl": "[ ! -e HOME/shown ] || cat HOME/shown",
    "python3": f'exec {sys.executable} "$@"',
}
"""Programs that answer as on a host where all is well, in place of this machine's."""

FAILURES: Mapping[str, str | None] = {
    "silent": "exit 1",
    "garbage": "echo garbage; echo garbage >&2; exit 1",
    "missing": None,
}

OF_A_DATABASE = {"table-rows"}
"""Kinds whose questions go to a real database: test_table_rows, test_table_rows_refused."""

SHORTCUTS = {("backup-repository", "ssh")}
"""Programs whose failure has another one asked for the same answer: borg, which says itself what ssh says."""


@dataclass
class Here:
    """This machine, looked at as a host is: `programs` is the only folder of programs, `calls` has those called."""

    folder: Path
    asked: list[str] = field(default_factory=list)

    @property
    def programs(self) -> Path:
        return self.folder / "programs"

    @property
    def calls(self) -> set[str]:
        log = self.folder / "calls"
        return set(log.read_text().split()) if log.exists() else set()

    def run(self, command: str) -> Said:
        self.asked.append(command)
        for word in {*WORD.findall(command), "env"}:
            if not (self.programs / word).exists() and word not in self.missing:
                self._place(word)
        done = subprocess.run(
            ["/bin/sh", "-c", command],
            env={"PATH": str(self.programs)},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        return Said(done.stdout, done.returncode, done.stderr)

    missing: set[str] = field(default_factory=set)

    def _place(self, name: str) -> None:
        real = shutil.which(name)
        script = FAKES.get(name, f'exec {real} "$@"' if real else None)
        if script is not None:
            self.put(name, f"echo {name} >>{self.folder}/calls\n{script.replace('HOME', str(self.folder))}")

    def put(self, name: str, script: str) -> None:
        self.programs.mkdir(exist_ok=True)
        (self.programs / name).write_text(f"#!/bin/sh\n{script}\n")
        (self.programs / name).chmod(0o755)

    def fail(self, name: str, script: str | None) -> None:
        (self.programs / name).unlink()
        if script is None:
            self.missing.add(name)
        else:
            self.put(name, script)


def file(path: Path, text: str = "here\n") -> Path:
    path.write_text(text)
    path.chmod(0o600)
    return path


def wanted(path: Path, text: str) -> File:
    return File(path=str(file(path)), content=Content.of(text), owner=ME, group=GROUP, mode="0600")


def step_of_keys(folder: Path) -> Step:
    (folder / ".ssh").mkdir(mode=0o700)
    file(folder / ".ssh/authorized_keys", f"{KEY}\n")
    return AuthorizedKeys(account=ME, home=str(folder), keys=(KEY,))


def linked(folder: Path) -> Step:
    (folder / "real").mkdir()
    (folder / "way").symlink_to("real")
    return wanted(folder / "way/file", "here\n")


def link(folder: Path) -> Step:
    (folder / "link").symlink_to("/srv/oa")
    return Link(path=str(folder / "link"), target="/srv/oa")


def repository(folder: Path) -> Step:
    file(folder / "opened", sha256(b"configuration\n").hexdigest() + "\n")
    return replace(REPOSITORY, key_path=str(file(folder / "id_ed25519")))


def unit(folder: Path) -> Step:
    """A unit with a file that has changed since it started, a link that has, and one that it has read."""
    shown = {"ActiveState": "active", "InvocationID": "start", "InactiveExitTimestamp": "@1000000000"}
    file(folder / "shown", "".join(f"{name}={shown.get(name, 'x')}\n" for name in (*PROPERTIES, *SERVICE_PROPERTIES)))
    (folder / "link").symlink_to("/srv/oa")
    return Unit(name="oa.service", watches=(str(file(folder / "file")), str(folder / "link")))


def noted_unit(folder: Path) -> Step:
    lines = (f"restart\t{'0' * 64}\t-\t{folder}/{name}\n" for name in ("file", "link"))
    step = unit(folder)
    file(folder / "note", f"start\t\n{''.join(lines)}")
    return step


def granted_access(_: Path) -> EmergencyAccess:
    """A grant that was revoked."""
    grant = Path(names.EMERGENCY_FOLDER, "x", f"{ME}.json")
    grant.parent.mkdir(parents=True, exist_ok=True)
    grant.write_text('{\n"until": 1, "over": "revoked"}\n')
    return EmergencyAccess(account=ME, policy="x")


SCENES: Mapping[str, Callable[[Path], Step]] = {
    "account": lambda folder: Account(name=ME, home=str(folder)),
    "account without a home": lambda folder: Account(name=ME, home=str(folder / "nowhere")),
    "closed account": lambda folder: ClosedAccount(name=ME),  # noqa: ARG005 - the scenes' common signature
    "emergency access": granted_access,
    "directory": lambda folder: Directory(path=str(folder), owner=ME, group=GROUP, mode="0700"),
    "file": lambda folder: wanted(folder / "file", "here\n"),
    "file that differs": lambda folder: wanted(folder / "file", "other"),
    "file that is not there": lambda folder: File(path=str(folder / "file"), content=Content.of("x")),
    "file in a directory's place": lambda folder: File(path=str(folder), content=Content.of("x")),
    "file behind a link": linked,
    "http": lambda folder: HttpAnswer(url="http://127.0.0.1:9/"),  # noqa: ARG005 - the scenes' common signature
    "keys": step_of_keys,
    "link": link,
    "link in a directory's place": lambda folder: Link(path=str(folder), target="/srv/oa"),
    "membership": lambda folder: Membership(account=ME, group="adm"),  # noqa: ARG005 - as above
    "access of other accounts": lambda folder: OtherAccess(),  # noqa: ARG005 - as above
    "package": lambda folder: Package(name="nginx"),  # noqa: ARG005 - as above
    "port": lambda folder: PortAnswer(port=80),  # noqa: ARG005 - as above
    "repository": repository,
    "unit": unit,
    "unit that has read its files": noted_unit,
    "secret file": lambda folder: SecretFile(path=str(file(folder / "file")), secret=SECRET, owner=ME, group=GROUP),
}


@pytest.fixture(autouse=True)
def notes_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(names, "unit_record", lambda _: str(tmp_path / "note"))
    monkeypatch.setattr(names, "EMERGENCY_FOLDER", str(tmp_path / "granted"))


USER = Unit(name="nginx.service")


def asked(step: Step, host: Here) -> list[str]:
    said = [*step.check(host, {SECRET: Secret("here\n")}), *([] if step.present(host) else ["absent"])]
    needs = (required_by(step, host, ()), used_by(step, host, (USER,)))
    return [*said, *needs, remains(step, host), *(["left"] if step.is_removed(host) else [])]


def can_be_seen(scene: str) -> bool:
    """Only root may read an account's last day, and go where others than root can put links."""
    return os.geteuid() == 0 or ("account" not in scene and scene != "file behind a link")


@pytest.mark.slow
@pytest.mark.parametrize("scene", SCENES)
@pytest.mark.parametrize("failure", FAILURES)
def test_a_question_that_cannot_be_asked_is_no_answer(scene: str, failure: str, tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    step = SCENES[scene](tmp_path)
    healthy = Here(tmp_path)
    if can_be_seen(scene):
        asked(step, healthy)
        assert healthy.calls, "a look that calls no program is not looked at here"
    for name in sorted(healthy.calls):
        if (step.kind, name) in SHORTCUTS:
            continue
        host = Here(tmp_path)
        asked(step, host)
        host.fail(name, FAILURES[failure])
        with pytest.raises((ValueError, LookupError)):
            pytest.fail(f"{name} fails, and the answer is {asked(step, host)}")
        shutil.rmtree(host.programs)


def test_every_kind_of_step_is_asked_here(tmp_path: Path) -> None:
    kinds = set()
    for place, make in enumerate(SCENES.values()):
        (folder := tmp_path / str(place)).mkdir(mode=0o700)
        kinds.add(make(folder).kind)
    assert kinds | OF_A_DATABASE == KINDS.keys()


@pytest.mark.parametrize("scene", [scene for scene in SCENES if can_be_seen(scene)])
def test_no_look_swallows_an_error(scene: str, tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    host = Here(tmp_path)
    asked(SCENES[scene](tmp_path), host)
    for command in host.asked:
        script = "" if program_of(command) else command.replace(DIGEST, "")
        assert not re.search(r"\|\| *(true|:)\b|2>/dev/null *(\|\||;)", script)
        pipes = [line for line in script.splitlines() if re.search(r"[^|]\|[^|]", line)]
        # A builtin cannot fail; what is left are the patterns of a `case`.
        assert not [line for line in pipes if "printf " not in line and ")" not in line and line[-1:] != "\\"]
