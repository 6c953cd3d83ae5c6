"""A branch of a git repository that keeps signed heads of a ledger: one file of lines, a commit for each.

In: a repository, on this machine or elsewhere, and a branch. Out: its lines, and one more. The branch is fetched into a
repository of its own that is removed afterwards: no work tree is touched. A push only ever continues the branch.
"""

import os
import re
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Self

from opspact.errors import PlaceUnavailable, Refused
from opspact.fleet.failures import quoted
from opspact.model.names import HEAD_BRANCH
from opspact.structs import Struct

FILE = "heads.jsonl"
"""The file on it."""

_PASSWORD = re.compile(r"(?<=:)//[^/@]*@")
_PATIENCE = 120.0
_TRIES = 5
_ABSENT = 2  # the exit status of `git ls-remote --exit-code` that found no such branch
_KEPT = ("GIT_CONFIG_", "GIT_SSH", "GIT_ASKPASS", "GIT_SSL_", "GIT_PROXY_", "GIT_HTTP_")  # how the operator reaches it
_GIT = ("git", "-c", "core.hooksPath=/dev/null", "-c", "core.fsmonitor=false", "-c", "gc.auto=0")
_AUTHOR = {"NAME": "opspact", "EMAIL": "opspact@localhost"}
_IDENTITY = {f"GIT_{role}_{name}": value for role in ("AUTHOR", "COMMITTER") for name, value in _AUTHOR.items()}


class HeadBranch(Struct):
    """A branch of a repository, named by a path or a URL."""

    repository: str
    branch: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """Given `REPOSITORY#BRANCH` or `REPOSITORY`, return the place. Raise Refused for a name that is no branch's."""
        repository, _, branch = text.partition("#")
        branch = branch or HEAD_BRANCH
        if not repository or repository.startswith("-"):
            raise Refused(f"{repository!r} is not a repository", hint="use a path or a URL")
        if _run(["check-ref-format", f"refs/heads/{branch}"]).returncode != 0:
            raise Refused(f"{branch!r} is not a name for a branch")
        here = Path(repository).expanduser()
        return cls(str(here.absolute()) if here.exists() else repository, branch)

    def __str__(self) -> str:
        """Return the place as it is written, without a password."""
        return f"git:{_PASSWORD.sub('//', self.repository)}#{self.branch}"

    def lines(self) -> list[str]:
        """Return the lines that the branch has."""
        with self._fetched() as (clone, tip):
            held = self._asked(clone, "cat-file", "blob", f"{tip}:{FILE}") if tip and _has_file(clone, tip) else b""
        return [line for line in held.decode("utf-8", "replace").split("\n") if line]

    def append(self, line: str) -> None:
        """Given a line, push a commit that has it after all others; when somebody else was faster, after theirs."""
        for attempt in range(1, _TRIES + 1):
            with self._fetched() as (clone, tip):
                commit = self._commit(clone, tip, line)
                pushed = _run(["push", "--quiet", "--", self.repository, f"{commit}:{self._ref}"], clone)
                if pushed.returncode == 0:
                    return
                if attempt == _TRIES or self._tip() == tip:
                    raise PlaceUnavailable(f"{self} cannot be written: {_reason(pushed.stderr)}")

    @property
    def _ref(self) -> str:
        return f"refs/heads/{self.branch}"

    def _tip(self) -> str:
        """Return the commit of the branch, empty when there is no such branch."""
        listed = _run(["ls-remote", "--exit-code", "--", self.repository, self._ref])
        if listed.returncode == _ABSENT:
            return ""
        if listed.returncode != 0:
            raise PlaceUnavailable(f"{self} cannot be reached: {_reason(listed.stderr)}")
        for entry in listed.stdout.decode("utf-8", "replace").splitlines():
            commit, _, name = entry.partition("\t")
            if name == self._ref:  # longer names that end with it are listed, too
                return commit
        return ""

    @contextmanager
    def _fetched(self) -> Iterator[tuple[Path, str]]:
        """Yield a repository for a while that has the newest commit of the branch, and that commit (empty: none)."""
        tip = self._tip()
        with tempfile.TemporaryDirectory() as name:
            clone = Path(name)
            names = "sha256" if len(tip) == 64 else "sha1"  # noqa: PLR2004 - hex digits of a SHA-256
            self._asked(clone, "init", "--quiet", "--bare", "--template=", f"--object-format={names}", str(clone))
            if tip:
                self._asked(clone, "fetch", "--quiet", "--no-tags", "--depth=1", "--", self.repository, self._ref)
                tip = self._asked(clone, "rev-parse", "--verify", "FETCH_HEAD").decode().strip()
            yield clone, tip

    def _commit(self, clone: Path, tip: str, line: str) -> str:
        held = self._asked(clone, "cat-file", "blob", f"{tip}:{FILE}") if tip and _has_file(clone, tip) else b""
        end = b"\n" if held and not held.endswith(b"\n") else b""
        blob = self._asked(clone, "hash-object", "-w", "--stdin", given=held + end + f"{line}\n".encode())
        listed = self._asked(clone, "ls-tree", "-z", tip) if tip else b""
        others = [entry for entry in listed.split(b"\0") if entry and entry.partition(b"\t")[2] != FILE.encode()]
        entries = [*others, b"100644 blob " + blob.strip() + b"\t" + FILE.encode()]
        tree = self._asked(clone, "mktree", "-z", given=b"".join(entry + b"\0" for entry in entries)).decode().strip()
        parents = ["-p", tip] if tip else []
        made = self._asked(clone, "commit-tree", *parents, "-m", "head of the opspact ledger", tree)
        return made.decode().strip()

    def _asked(self, clone: Path, *arguments: str, given: bytes = b"") -> bytes:
        done = _run(arguments, clone, given=given)
        if done.returncode != 0:
            raise PlaceUnavailable(f"{self} cannot be used: git {arguments[0]}: {_reason(done.stderr)}")
        return done.stdout


def _reason(said: bytes) -> str:
    """Given what git said, return the lines with the reason; general advice follows them."""
    lines = [line for line in said.splitlines() if line.startswith((b"fatal: ", b"remote: ", b" ! ", b"ssh: "))]
    return quoted(b"\n".join(lines) or said).replace("fatal: ", "")


def _has_file(clone: Path, tip: str) -> bool:
    return bool(_run(["ls-tree", tip, "--", FILE], clone).stdout)


def _run(
    arguments: "list[str] | tuple[str, ...]", clone: Path | None = None, *, given: bytes = b""
) -> "subprocess.CompletedProcess[bytes]":
    """Run git, outside of any repository unless one is given. Raise PlaceUnavailable when it does not answer."""
    where = [] if clone is None else [f"--git-dir={clone}"]
    try:
        return subprocess.run(
            [*_GIT, *where, *arguments],
            input=given,
            capture_output=True,
            check=False,
            timeout=_PATIENCE,
            env=_environment(),
            cwd="/",
        )
    except FileNotFoundError as error:
        raise Refused("git is not installed", hint="install git") from error
    except subprocess.TimeoutExpired as error:
        raise PlaceUnavailable(f"git {arguments[0]} timed out after {_PATIENCE:g} s") from error


def _environment() -> Mapping[str, str]:
    """Return git's environment: a git that calls us names its own repository there, which is not the place."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT_") or name.startswith(_KEPT)}
    return kept | _IDENTITY | {"GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C.UTF-8"}
