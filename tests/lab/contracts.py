"""Contracts for the lab, and opspact run on them as its users run it: as a program, by its exit code and its words.

Comes in: a lab, policies. Goes out: what the program said, what the ledger holds, what is left behind on this machine.
Each contract has a vault with a random passphrase, a git repository, and a folder for runs of its own, whose path marks
every process of its runs.
"""

import json
import os
import re
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ansible.parsing.vault import (  # type: ignore[import-untyped]  # ansible-core ships no types
    VaultLib,
    VaultSecret,
)
from labkit import Lab
from labkit.hours import at_any_hour

ROOT = Path(__file__).resolve().parents[2]
PROGRAMS = Path(sys.executable).parent
WHO = {f"GIT_{role}_{what}": "tester" for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
PATIENCE = 600.0
"""Seconds for one command: machines are shared, and the first apply to hosts of two releases is the longest."""

HEAD = """\
kind: contract
name: {name}
customer: {{zh: 甲, en: Customer}}
provider: {{zh: 乙, en: Provider}}
period: 2026-01-01..2035-12-31
zone: Asia/Shanghai
language: en
---
kind: team
name: crew
text: {{zh: 队, en: Crew}}
headcount: {{min: 1, max: 9}}
duties: [{{zh: 维护, en: maintenance}}]
"""


def without_reasons(plan: str) -> str:
    """Return a live plan without the words that say of each change whether it is intended, in text and Markdown."""
    return re.sub(r"\s(\[(intended|drift|unknown)\]|\*\*(intended|drift|unknown)\*\*)", "", plan)


@dataclass(frozen=True)
class Said:
    """What one command gave back."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    def of_host(self, name: str) -> Any:
        return next(host for host in self.json["hosts"] if host["name"] == name)


@dataclass(frozen=True)
class Contract:
    """A contract's folder in a repository of its own, at `home/contract`."""

    home: Path
    name: str
    passphrase: str
    environment: Mapping[str, str] = field(default_factory=dict)

    @property
    def folder(self) -> Path:
        return self.home / "contract"

    @property
    def runs(self) -> Path:
        """Where runs have their folders; short, for the sake of ssh's sockets."""
        return self.home / "runs"

    @property
    def kept(self) -> Path:
        """Where the sockets of connections lie that stay open for the next command."""
        return self.runs / "opspact/connections"

    @property
    def variables(self) -> dict[str, str]:
        own = {
            "ANSIBLE_VAULT_PASSWORD_FILE": str(self.home / "vault-password"),
            "XDG_RUNTIME_DIR": str(self.runs),
            "PATH": os.pathsep.join([str(PROGRAMS), os.environ["PATH"]]),
        }
        inherited = {name: value for name, value in os.environ.items() if name != "COLUMNS"}  # lines are not broken
        return {**inherited, **own, **self.environment}

    def start(self, *arguments: str, **environment: str) -> "subprocess.Popen[str]":
        """Start opspact on the contract; `communicate` gives its output.

        Signals mean what they mean in a terminal, even where the tests are run by nohup or in the background.
        """
        pipe = subprocess.PIPE
        return subprocess.Popen(
            ["env", "--default-signal", "opspact", "--contract", str(self.folder), *arguments],
            stdin=subprocess.DEVNULL,
            stdout=pipe,
            stderr=pipe,
            text=True,
            cwd=self.home,
            env=self.variables | environment,
        )

    def run(self, *arguments: str, **environment: str) -> Said:
        """Run opspact on the contract to its end; raise AssertionError with what it said when it has none."""
        with self.start(*arguments, **environment) as process:
            try:
                out, err = process.communicate(timeout=PATIENCE)
            except subprocess.TimeoutExpired as error:
                process.terminate()
                out, err = process.communicate()
                raise AssertionError(f"{arguments}: not over after {PATIENCE:.0f} s\n{out}{err}") from error
        return Said(process.returncode, out, err)

    def good(self, *arguments: str, **environment: str) -> Said:
        """Run opspact on the contract, and demand exit code 0."""
        said = self.run(*arguments, **environment)
        assert said.code == 0, f"{arguments}: {said.code}\n{said.out}{said.err}"
        return said

    def write(self, path: str, text: str) -> None:
        """Write a file of the contract."""
        file = self.folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")

    def change(self, path: str, old: str, new: str) -> None:
        """Replace a text that is in a file of the contract."""
        text = (self.folder / path).read_text(encoding="utf-8")
        assert old in text
        self.write(path, text.replace(old, new))

    def drop(self, path: str, name: str) -> None:
        """Take the document of that name out of a file."""
        documents = (self.folder / path).read_text(encoding="utf-8").split("\n---\n")
        kept = [document for document in documents if f"\nname: {name}\n" not in f"\n{document}\n"]
        assert len(kept) < len(documents)
        self.write(path, "\n---\n".join(kept) + "\n")

    def git(self, *arguments: str) -> None:
        subprocess.run(
            ["git", "-C", str(self.folder), "-c", "init.defaultBranch=main", *arguments],
            check=True,
            capture_output=True,
            env=os.environ | WHO,
        )

    def commit(self) -> None:
        """Commit whatever changed."""
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", "As it is now")

    def events(self, kind: str) -> list[Any]:
        """Return the ledger's events of a kind, oldest first; the ledger must hold."""
        self.good("ledger", "verify")
        return list(self.good("ledger", "show", "--kind", kind, "--last", "100", "--format", "json").json["events"])

    def processes(self) -> list[str]:
        """Return the command lines of living processes that carry the mark of this contract's runs.

        Not those of ssh that keep a connection for the next command: they end by themselves.
        """
        mark = str(self.runs).encode()
        found = []
        for entry in Path("/proc").glob("[0-9]*"):
            try:
                line = (entry / "cmdline").read_bytes()
                if mark in (entry / "environ").read_bytes() + line and f"ssh: {self.kept}/" not in line.decode():
                    found.append(line.replace(b"\0", b" ").decode(errors="replace"))
            except OSError:
                continue
        return found

    def leftovers(self) -> list[str]:
        """Return what is left of runs on this machine: processes (ssh and its sockets' masters too), folders."""
        found = (Path(folder) / name for folder, *names in os.walk(self.runs) for name in (*names[0], *names[1]))
        known = {"opspact", "lock", self.kept.name}
        files = [
            str(path) for path in found if path.parent != self.kept and (path.name not in known or path.is_socket())
        ]
        return self.processes() + files


def later(days: int) -> dict[str, str]:
    """Return the environment in which programs on this machine believe that so many days have passed."""
    shown = subprocess.run(
        [ROOT / "ci" / "at", f"now + {days} days", "env", "-0"], check=True, capture_output=True, text=True
    )
    values = dict(pair.split("=", 1) for pair in shown.stdout.split("\0") if "=" in pair)
    return {name: value for name, value in values.items() if value != os.environ.get(name)}


def moving(clock: Path) -> dict[str, str]:
    """Return the environment in which programs on this machine read in a file by how much time is later: `+2d`."""
    fixed = {name: value for name, value in later(0).items() if name != "FAKETIME"}
    return {**fixed, "FAKETIME_TIMESTAMP_FILE": str(clock), "FAKETIME_NO_CACHE": "1"}


def no_lock(lab: Lab, *hosts: str) -> bool:
    """Whether nobody holds the lock of any of these hosts, and no shell of a session is left there."""
    # Looked at and not tried: that would take it for a moment, and whoever comes just then finds it busy. The kernel
    # lists a lock while the process that took it lives; a session's was taken by flock(1) for the shell that holds it.
    lock = "/run/opspact.lock"
    listed = f'grep -q ":$(stat -c %i {lock}) " /proc/locks'
    by_shell = f"[ /proc/$(sed -n 2p {lock})/fd/9 -ef {lock} ]"
    free = f"{{ [ ! -e {lock} ] || ! {{ {listed} || {by_shell}; }}; }} && echo free"
    return all("free" in lab.root(host, free).out for host in hosts)


def until(condition: Callable[[], object], *, within: float = 20.0) -> None:
    """Wait until something holds."""
    deadline = time.monotonic() + within
    while not condition():
        assert time.monotonic() < deadline, "it did not come to that in time"
        time.sleep(0.05)


def nothing_left(contract: Contract) -> None:
    """Demand that within seconds nothing is left of a contract's runs."""
    deadline = time.monotonic() + 10
    while (left := contract.leftovers()) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert left == [], f"left behind: {left}"


@contextmanager
def made(lab: Lab, name: str) -> Iterator[Contract]:
    """Yield a contract without policies, for the lab's hosts; nothing of its runs may be left in the end."""
    home = Path(tempfile.mkdtemp(prefix="opc-", dir=os.environ.get("PYTEST_DEBUG_TEMPROOT", "/tmp")))
    contract = Contract(home, name, f"Canary-{secrets.token_hex(12)}")
    try:
        contract.runs.mkdir(mode=0o700)
        (contract.folder / "policies").mkdir(parents=True)
        lab.inventory(contract.folder / "inventory")
        _write_vault(contract)
        contract.git("init", "--quiet")
        yield contract
        nothing_left(contract)
    finally:
        _end(contract)
        shutil.rmtree(home)


@contextmanager
def reference(lab: Lab) -> Iterator[Contract]:
    """Yield the reference contract, for the lab's hosts, without waves: those have tests of their own."""
    with made(lab, "office-automation") as contract:
        for part in ("policies", "files", "runbooks", "inventory/group_vars"):
            shutil.copytree(ROOT / part, contract.folder / part, dirs_exist_ok=True)
        (contract.folder / "policies/rollout.yaml").unlink()
        devices = "policies/devices.yaml"
        contract.write(devices, lab.relocated((ROOT / devices).read_text(encoding="utf-8")))
        windows = "policies/windows.yaml"
        contract.write(windows, at_any_hour((ROOT / windows).read_text(encoding="utf-8")))
        contract.commit()
        yield contract


@contextmanager
def small(lab: Lab, name: str, policies: str) -> Iterator[Contract]:
    """Yield a contract with these policies alone."""
    with made(lab, name) as contract:
        contract.write("policies/contract.yaml", HEAD.format(name=name))
        contract.write("policies/all.yaml", policies)
        contract.commit()
        yield contract


def _write_vault(contract: Contract) -> None:
    password = contract.home / "vault-password"
    password.touch(mode=0o600)
    word = secrets.token_hex(24)
    password.write_text(f"{word}\n", encoding="utf-8")
    sealed = VaultLib([("default", VaultSecret(word.encode()))]).encrypt(f"borg: {contract.passphrase}\n")
    (contract.folder / "secrets.vault.yaml").write_bytes(sealed)


def _end(contract: Contract) -> None:
    """End whatever a failed test left."""
    mark = str(contract.runs).encode()
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            if mark in (entry / "environ").read_bytes():
                os.kill(int(entry.name), signal.SIGKILL)
        except OSError:
            continue
