"""What git says of a contract's folder: which commit lies there, and what another commit holds.

Comes in: a folder and a commit's name. Goes out: names of commits, trees of files. Called by `rollout.workspace`.
Nothing of the repository is run: git reads objects, with the repository's own settings for file systems switched off.
"""

import subprocess
from collections.abc import Iterator
from pathlib import Path

from opspact.errors import Refused
from opspact.schema.tree import PARTS

_GIT = ("git", "-c", "core.fsmonitor=false", "-c", "core.quotePath=false")
_PATIENCE = 60.0


def head(folder: Path) -> str:
    """Given a contract's folder, return its commit, with `+dirty` when files differ from it; empty outside git."""
    commit = _git(folder, "rev-parse", "--verify", "--quiet", "HEAD^{commit}")
    if commit is None:
        return ""
    changed = _git(folder, "status", "--porcelain", "--untracked-files=all", "--", *PARTS)
    return commit.decode().strip() + ("+dirty" if changed is None or changed.strip() else "")


def commit_of(folder: Path, name: str) -> str:
    """Given a branch, tag or commit, return the commit's full name. Raise Refused when there is none."""
    found = _git(folder, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}")
    if found is None:
        raise Refused(
            f"git knows no commit {name!r} here", hint="a branch, a tag or a commit; fetch it first if need be"
        )
    return found.decode().strip()


def tree_at(folder: Path, commit: str) -> dict[str, bytes]:
    """Given a commit's full name, return the contract's files there, as `schema.tree.read_tree` does for a folder."""
    listed = _git(folder, "ls-tree", "-r", "-z", commit, "--", *PARTS)
    if listed is None:
        raise Refused(f"git cannot list commit {commit}")
    blobs = dict(_blobs(listed))
    ids = "".join(f"{blob}\n" for blob in blobs.values()).encode()
    held = _git(folder, "cat-file", "--batch", given=ids)
    if held is None:
        raise Refused(f"git cannot read commit {commit}")
    return dict(zip(blobs, _contents(held), strict=True))


def _blobs(listed: bytes) -> Iterator[tuple[str, str]]:
    """Yield path and blob of each plain file; hidden ones are left out, as on disk."""
    for entry in listed.decode("utf-8", "surrogateescape").split("\0")[:-1]:
        about, _, path = entry.partition("\t")
        mode, kind, blob = about.split()
        if kind == "blob" and mode.startswith("100") and not any(part.startswith(".") for part in path.split("/")):
            yield path, blob


def _contents(held: bytes) -> Iterator[bytes]:
    """Yield what `git cat-file --batch` printed: a line with the size, the bytes, a line's end."""
    position = 0
    while position < len(held):
        end = held.index(b"\n", position)
        size = int(held[position:end].split()[-1])
        yield held[end + 1 : end + 1 + size]
        position = end + 1 + size + 1


def _git(folder: Path, *arguments: str, given: bytes | None = None) -> bytes | None:
    """Return git's output, or None when it refuses or is not there."""
    command = [*_GIT, "-C", str(folder), *arguments]
    try:
        done = subprocess.run(command, input=given, capture_output=True, check=False, timeout=_PATIENCE)
    except FileNotFoundError:
        return None
    except subprocess.TimeoutExpired as error:
        raise Refused(f"git does not answer within {_PATIENCE:g} s in {folder}") from error
    return done.stdout if done.returncode == 0 else None
