"""One client's repository on the backup server, and what the server remembers of it.

Comes in: a job's settings, a client. Goes out: borg's answers, the memory, the lock that keeps the client out.
Part of the programs `repository` and `drill`.
"""

from __future__ import annotations

import configparser
import contextlib
import fcntl
import json
import os
import re
import subprocess
import time
from collections.abc import Collection, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from opspact.onhost.copy_archive import seconds
from opspact.onhost.file_manifest import MANIFEST_ENDING
from opspact.onhost.full_repository import NO_SPACE, WITHOUT_LOCK, needs_no_lock
from opspact.onhost.spool import json_bytes, write_atomically

Facts = dict[str, Any]
Archives = dict[str, Facts]  # by id: {"name", "time": seconds since the epoch}
UNPROVEN = "unproven-"  # what backup.py calls an archive before its dumps are proved to be in it
WORST_LAST = ("ok", "warning", "unknown", "critical")
BY_SIGNAL = 128  # an exit status that is not lower: borg was ended
MAY_BE_DAMAGE = {"check", "extract"}  # commands of borg that read data
NO_DAMAGE = re.compile(
    f"acquire the lock|passphrase|{NO_SPACE}|Permission denied|MemoryError|Received SIG|KeyboardInterrupt"
)
"""What borg says when it could not read at all; whatever else makes it fail to is damage."""
NO_KEY = re.compile(
    "passphrase supplied in .* is incorrect|passcommand supplied in .* failed|No key entry found|No key file for"
)
"""What borg says when what this host has does not open the repository."""

PROBLEMS = {
    "busy": "warning",  # a client is at it
    "absent": "warning",  # not made yet
    "error": "unknown",  # the repository could not be looked after
    "missing": "critical",  # it was there once
    "key": "critical",  # another than remembered
    "no_key": "unknown",  # passphrase or key do not open it here; its client may still have both
    "vanished": "critical",  # archives went, and nobody here pruned them
    "false_times": "critical",  # archives lie about their age
    "pruned_others": "critical",  # other archives went than planned
    "damaged": "critical",
}


class RepositoryRefused(Exception):  # noqa: N818 - named after the decision
    """A repository is left as it is: the kind of problem, how bad it is, and which archives it affects."""

    def __init__(self, message: str, problem: str = "error", affected: Iterable[str] = ()) -> None:
        super().__init__(message)
        self.problem = problem
        self.verdict = PROBLEMS[problem]
        self.affected = list(affected)


class Repository:
    """One client's repository, and what is remembered of it."""

    def __init__(self, configuration: Facts, client: str) -> None:
        name = configuration["repository"]
        self.client = client
        self.path = Path(configuration["base"], client, name)
        self.lock_path = self.path.with_name(f"{name}.lock")
        state = Path(configuration.get("state", "/var/lib/opspact/repository"))
        self.memory_path = state / client / name / "memory.json"
        self.passed_path = self.memory_path.with_name("passed.json")
        source = configuration.get("passphrase_path") or "/dev/null"
        encrypted = source != "/dev/null"  # else openly not
        self.environment = {
            **os.environ,
            "BORG_BASE_DIR": str(state / "borg"),
            "BORG_PASSCOMMAND": f"cat {source}",
            "BORG_RELOCATED_REPO_ACCESS_IS_OK": "yes",  # the path is the policy's, no client can move it
            "BORG_UNKNOWN_UNENCRYPTED_REPO_ACCESS_IS_OK": "no" if encrypted else "yes",
            "LC_ALL": "C.UTF-8",
            "TZ": "UTC",
        }

    def borg(self, *arguments: str, archives: Sequence[str] = (), folder: Path | None = None) -> str:
        """Run a borg command on the repository, or archives of it, in a folder, and return all that it said.

        Raise RepositoryRefused when it does not end with 0. A full disk, where borg's lock cannot be written, keeps
        nobody from reading: whoever could change something is kept out by the lock of all sessions.
        """
        places = [f"{self.path}::{archives[0]}", *archives[1:]] if archives else [str(self.path)]
        done = self._run(*arguments[:1], "--lock-wait", "600", *arguments[1:], *places, folder=folder)
        if done.returncode != 0 and needs_no_lock(arguments[0], done.stderr):
            done = self._run(*arguments[:1], WITHOUT_LOCK, *arguments[1:], *places, folder=folder)
        if done.returncode != 0:
            said = re.split(r"^Traceback ", done.stderr, maxsplit=1, flags=re.MULTILINE)[0]  # borg says why before it
            words = [line.strip() for line in said.splitlines() if line.strip()] or ["no output"]
            words = [NO_SPACE] if NO_SPACE in said else words
            is_damage = 0 < done.returncode < BY_SIGNAL and not NO_DAMAGE.search(said)
            problem = "damaged" if arguments[0] in MAY_BE_DAMAGE and is_damage else "error"
            problem = "no_key" if NO_KEY.search(said) else problem
            raise RepositoryRefused(
                f"borg {arguments[0]} ended with {done.returncode}: {' / '.join(words[-3:])[:600]}", problem
            )
        return done.stdout if "--json" in arguments else done.stdout + done.stderr

    def _run(self, *arguments: str, folder: Path | None) -> subprocess.CompletedProcess[str]:
        """Run borg to its end. Raise RepositoryRefused: it cannot be started."""
        try:
            return subprocess.run(
                ("borg", *arguments),
                cwd=folder,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                errors="replace",
                check=False,
            )
        except OSError as error:
            raise RepositoryRefused(f"borg cannot be started: {error}") from error

    def archives(self) -> Archives:
        """Return the archives that are there now."""
        listed = json.loads(self.borg("list", "--json"))["archives"]
        return {entry["id"]: {"name": entry["name"], "time": seconds(entry["time"])} for entry in listed}

    def key(self) -> list[str]:
        """Return the repository's id and encrypted key, as its own configuration holds them."""
        parser = configparser.ConfigParser(interpolation=None)
        parser.read_string((self.path / "config").read_text(encoding="utf-8"))
        return [parser["repository"].get("id", ""), parser["repository"].get("key", "")]

    def memory(self) -> Facts:
        """Return what was remembered at the end of the last run; nothing before the first one."""
        if not self.memory_path.exists():
            return {}
        memory: Facts = json.loads(self.memory_path.read_text(encoding="utf-8"))
        return memory

    def remember(self, archives: Archives, pruning: list[str], **damage: object) -> None:
        """Remember the archives and the key, the ids of archives that are about to be pruned by ourselves, and damage.

        What is not said of the damage stays as it was; only archives that are gone are no longer suspect.
        """
        self.memory_path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        settled = {id_: archive for id_, archive in archives.items() if not archive["name"].startswith(UNPROVEN)}
        known: Facts = {"is_damaged": False, "damaged_at": "", "suspect": [], **self.memory(), **damage}
        there = final_names(archives)
        memory = {"seen_at": time.time(), "key": self.key(), "archives": settled, "pruning": pruning}
        memory.update(is_damaged=known["is_damaged"], damaged_at=known["damaged_at"])
        memory["suspect"] = sorted(there & {*known["suspect"]})
        write_atomically(self.memory_path, json_bytes(memory))

    def suspect_archives(self, archives: Archives) -> list[str]:
        """Return the real names of the archives that are suspect: all while there is damage, those of then later."""
        memory, there = self.memory(), final_names(archives)
        return sorted(there if memory.get("is_damaged") else there & {*memory.get("suspect", [])})

    def good_copies(self) -> Facts:
        """Return the newest copy of each policy that a restore test brought back: its `id`, its name, and when."""
        if not self.passed_path.exists():
            return {}
        passed: Facts = json.loads(self.passed_path.read_text(encoding="utf-8"))
        return passed

    def record_good_copy(self, policy: str, copy: Facts) -> None:
        """Note that a restore test brought a copy of a policy back."""
        self.passed_path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_atomically(self.passed_path, json_bytes({**self.good_copies(), policy: copy}))

    @contextlib.contextmanager
    def clients_kept_out(self, patience: float) -> Iterator[None]:
        """Hold the lock that every session of the client shares. Raise RepositoryRefused when there is no lock file."""
        if not self.path.is_dir():
            raise RepositoryRefused("there is no repository", "missing" if self.memory_path.exists() else "absent")
        deadline = time.monotonic() + patience
        with self.lock_path.open("a", encoding="utf-8") as lock:
            while True:
                try:
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except BlockingIOError as error:
                    if time.monotonic() > deadline:
                        raise RepositoryRefused("a session of the client is still open", "busy") from error
                    time.sleep(1)
            yield


def final_names(archives: Archives) -> set[str]:
    """Return the names of copies as they are, or will be, once they are proved."""
    names = {re.sub(f"^{UNPROVEN}", "", archive["name"]) for archive in archives.values()}
    return {name for name in names if not name.endswith(MANIFEST_ENDING)}


def orphan_manifests(archives: Archives, doomed: Collection[str]) -> dict[str, str]:
    """Return the ids and names of the manifests of copies that are not there, or are not once the doomed (ids) went."""
    copies = final_names({id_: archive for id_, archive in archives.items() if id_ not in doomed})
    manifests = {id_: one["name"] for id_, one in archives.items() if one["name"].endswith(MANIFEST_ENDING)}
    return {id_: name for id_, name in manifests.items() if name[: -len(MANIFEST_ENDING)] not in copies}


def compare_key(repository: Repository) -> None:
    """Raise RepositoryRefused when the repository's key is another than remembered: then borg could not open it."""
    if repository.memory().get("key", repository.key()) != repository.key():
        raise RepositoryRefused(f"the repository key was replaced; the original is in {repository.memory_path}", "key")
