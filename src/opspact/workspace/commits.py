"""What git says of a contract's folder: which commit lies there, and what another commit holds.

Comes in: a folder and a commit's name. Goes out: names of commits, trees of files. Nothing of the repository is run:
git reads objects alone. It never compares files itself, which would start the repository's filters and file-system
monitor, and it fetches nothing.
"""

import hashlib
import os
import posixpath
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

from opspact.errors import Place, Problem, Refused
from opspact.model.names import APPROVAL_NOTES, CONTRACT_STATE
from opspact.schema.codes import Code
from opspact.schema.contract_files import is_part
from opspact.schema.yaml import limits
from opspact.structs import Struct

_GIT = (
    "git",
    "--no-optional-locks",
    "--no-replace-objects",
    "-c",
    "core.fsmonitor=false",
    "-c",
    "core.quotePath=false",
    "-c",
    "core.warnAmbiguousRefs=true",
)
_PATIENCE = 60.0
_NO_FETCHING = {
    "GIT_ALLOW_PROTOCOL": "",
    "GIT_GRAFT_FILE": os.devnull,
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_TERMINAL_PROMPT": "0",
    "LC_ALL": "C.UTF-8",
}
_FILE, _LINK = "100", "120"  # how git writes the modes of files and of symbolic links
_LINKS_FOLLOWED = 40
_NOTES = 1000  # refs of notes that are read at most
_TOO_MANY = f"remove old ones: `git for-each-ref {APPROVAL_NOTES}` lists them"
_INCOMPLETE = "the clone is incomplete; fetch everything"
_SHALLOW = "this clone is shallow: fetch the whole history (`git fetch --unshallow`; in a pipeline: clone with depth 0)"
_HASHES = {40: hashlib.sha1, 64: hashlib.sha256}  # by the length of an object's name
_DUBIOUS = re.compile(r"detected dubious ownership in repository at '(.*)'$")
_AMBIGUOUS = re.compile(rb"^warning: refname '(.*)' is ambiguous", re.MULTILINE)
_FATAL = 128  # git's exit status when it does not come to the question
_OPERATORS_OWN = ("COUNT", "KEY_", "VALUE_", "GLOBAL", "SYSTEM", "NOSYSTEM")  # of GIT_CONFIG_…
_QUARANTINE = "GIT_QUARANTINE_PATH"
_QUARANTINE_NAMES = (_QUARANTINE, "GIT_OBJECT_DIRECTORY", "GIT_ALTERNATE_OBJECT_DIRECTORIES")


def is_git_installed() -> bool:
    """Return whether there is a git to ask."""
    return shutil.which(_GIT[0]) is not None


def head(folder: Path, tree: Mapping[str, bytes]) -> str:
    """Given a contract's folder and its files, return its commit, with `+dirty` when they differ.

    Outside git, before the first commit, or where no git is installed, return nothing: an empty text. Raise Refused
    when there is a repository and git does not read it: what is done would be recorded without its commit; and as
    `refuse_state` does.
    """
    if not is_git_installed():
        return ""
    commit = _git(folder, "rev-parse", "--verify", "--quiet", "HEAD^{commit}")
    if commit is None:
        if _git(folder, "rev-parse", "--verify", "--quiet", "HEAD") is not None:
            raise Refused(f"git has no object for the current commit of {folder}", hint=_INCOMPLETE)
        return ""
    name = commit.decode().strip()
    refuse_state(folder, name)
    try:
        files = _files_at(folder, name)
        same = files.keys() == tree.keys() and all(blob.holds(tree[path]) for path, blob in files.items())
    except Refused:
        same = False
    return name if same else f"{name}+dirty"


def commit_of(folder: Path, name: str) -> str:
    """Given a branch, tag or commit, return the commit's full name.

    Raise Refused when there is none or several, no git, or no repository that it reads.
    """
    return _object_of(folder, name, ("commit",))


def commit_or_tree_of(folder: Path, name: str) -> str:
    """Given a branch, tag, commit or tree, return its full name. Raise Refused as `commit_of` does."""
    return _object_of(folder, name, ("commit", "tree"))


def _object_of(folder: Path, name: str, kinds: tuple[str, ...]) -> str:
    asked = ("rev-parse", "--verify", "--end-of-options")
    names = () if "\0" in name else (f"{name}^{{{kind}}}" for kind in kinds)
    found = next((it for each in names if (it := _answer(folder, *asked, each)).returncode == 0), None)
    if found is None:
        if _git(folder, "rev-parse", "--git-dir") is None:
            raise Refused(f"{folder} is not in a git repository", hint="clone the contract with git")
        hint = _SHALLOW if is_shallow(folder) else "use a branch, tag or commit; fetch it first if necessary"
        raise Refused(f'unknown git revision "{name}"', hint=hint)
    if ambiguous := _AMBIGUOUS.search(found.stderr):
        raise Refused(
            f'git has several references "{ambiguous[1].decode("utf-8", "replace")}"',
            hint="name it in full: refs/heads/… for a branch, refs/tags/… for a tag",
        )
    return found.stdout.decode().strip()


def refuse_state(folder: Path, name: str) -> None:
    """Given a commit or tree, raise Refused where it holds the contract's folder for state.

    Whoever checks it out would get a ledger that its author wrote, in place of the one that is there.
    """
    if _git(folder, "ls-tree", "-z", name, "--", CONTRACT_STATE):
        raise Refused(
            f"{name[:12]} holds {CONTRACT_STATE}, which would replace the ledger of whoever checks it out",
            hint=f"take it out and commit that: `git rm -r --cached {CONTRACT_STATE}`",
        )


def has_commit(folder: Path, commit: str) -> bool:
    """Given a commit's full name, return whether the repository has it. Raise Refused as `commit_of` does."""
    return _git(folder, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{commit}^{{commit}}") is not None


def contains_commit(folder: Path, history: str, commit: str) -> bool:
    """Given two commits that the repository has, return whether the second is in the history of the first."""
    return _git(folder, "merge-base", "--is-ancestor", commit, history) is not None


def is_shallow(folder: Path) -> bool:
    """Return whether the repository lacks a part of its history, as pipelines clone it."""
    return _git(folder, "rev-parse", "--is-shallow-repository") == b"true\n"


def made_at(folder: Path, commit: str) -> datetime:
    """Given a commit that the repository has, return when it was made (the committer's date, UTC)."""
    said = _git(folder, "rev-list", "--no-walk", "--timestamp", commit)
    if said is None:
        raise Refused(f"git cannot read commit {commit}", hint=_INCOMPLETE)
    return datetime.fromtimestamp(int(said.split()[0]), UTC)


def authors(folder: Path, base: str, head: str) -> frozenset[str]:
    """Given two commits (perhaps with `+dirty`), return who wrote those that are only in the second: names, addresses.

    Git does not know whether that is true; where it does not have the commits, nobody did.
    """
    span = f"{base.partition('+')[0]}..{head.partition('+')[0]}"
    said = _git(folder, "rev-list", "--no-commit-header", "--format=%an%n%ae%n%cn%n%ce", "--end-of-options", span, "--")
    lines = (said or b"").decode("utf-8", "replace").splitlines()
    return frozenset(each for each in lines if each)


def approvals_at(folder: Path, commit: str) -> dict[str, bytes]:
    """Given a commit's full name, return the notes on it (git-notes(1)) that may be approvals, by their ref.

    Anybody who may push can write them, so what is larger than a file of a contract may be is left out. Raise Refused
    when there are too many of them.
    """
    listed = (_git(folder, "for-each-ref", "--format=%(refname)", APPROVAL_NOTES) or b"").decode(
        "utf-8", "surrogateescape"
    )
    refs = listed.splitlines()
    if len(refs) > _NOTES:
        raise Refused(f"git has {len(refs):,} references of approvals; the limit is {_NOTES:,}", hint=_TOO_MANY)
    names = {ref: _git(folder, "notes", f"--ref={ref}", "list", commit) for ref in refs}
    blobs = [_Blob(ref, name.decode().strip(), 0, is_link=False) for ref, name in names.items() if name is not None]
    sizes = _git(folder, "cat-file", "--batch-check", given="".join(f"{blob.name}\n" for blob in blobs).encode()) or b""
    small = [
        blob
        for blob, about in zip(blobs, sizes.splitlines(), strict=True)
        if about.split()[1] == b"blob" and int(about.split()[2]) <= limits.TREE_FILE_BYTES
    ]
    return {blob.path: held for blob, held in zip(small, _held(folder, small), strict=True)}


def new_commits(folder: Path, base: str, head: str) -> dict[str, bytes]:
    """Given two commits' full names, return those that are only in the second, by name, as git keeps them.

    `base` empty: the second alone. Raise Refused when some of them cannot be seen, or are others than their names say.
    """
    if base and is_shallow(folder):
        raise Refused(f"git does not have all commits between {base[:12]} and {head[:12]}", hint=_SHALLOW)
    span = (f"{base}..{head}",) if base else ("--no-walk", head)
    listed = _git(folder, "rev-list", *span, "--")
    if listed is None:
        raise Refused(f"git cannot list the commits between {base[:12]} and {head[:12]}", hint=_INCOMPLETE)
    held = _git(folder, "cat-file", "--batch", given=listed) or b""
    found = dict(zip(listed.decode().split(), _contents(held), strict=True))
    if wrong := next((name for name, data in found.items() if _object_name("commit", data, len(name)) != name), ""):
        raise Refused(f"the object {wrong} is not what its name says", hint="check the clone with `git fsck`")
    return found


def _object_name(kind: str, data: bytes, length: int) -> str:
    """Return the name of an object, of so many digits: git names it by its hash (Pro Git, "Git Objects")."""
    hashed = _HASHES[length](f"{kind} {len(data)}\0".encode(), usedforsecurity=False)
    hashed.update(data)
    return hashed.hexdigest()


def tree_at(folder: Path, commit: str) -> dict[str, bytes]:
    """Given a commit's full name, return the contract's files there, as `schema.tree.read_tree` does for a folder.

    Raise Refused, with every problem, when it holds what cannot be read or is larger than `limits` allows.
    """
    wanted = _files_at(folder, commit)
    return dict(zip(wanted, _held(folder, list(wanted.values())), strict=True))


def _files_at(folder: Path, commit: str) -> dict[str, "_Blob"]:
    """Return the contract's files at a commit by path, links followed, without reading them. Raise as `tree_at`."""
    listed = _git(folder, "ls-tree", "-r", "-l", "-z", commit)
    if listed is None:
        raise Refused(f"git cannot list commit {commit}")
    blobs = {blob.path: blob for blob in _blobs(listed)}
    links = {path: blob for path, blob in blobs.items() if blob.is_link}
    targets = dict(zip(links, _held(folder, list(links.values())), strict=True))
    problems: list[Problem] = []
    wanted: dict[str, _Blob] = {}
    for path in sorted(filter(is_part, blobs), key=lambda path: path.split("/")):
        found = _followed(path, blobs, targets)
        if isinstance(found, Problem):
            problems.append(found)
        else:
            wanted[path] = found
    problems += _too_large(wanted)
    if problems:
        raise Refused(f"cannot read the contract's files at commit {commit[:12]}", problems)
    return wanted


class _Blob(Struct):
    """A file in a commit: where, its object's name, its size in bytes, and whether it is a symbolic link."""

    path: str
    name: str
    size: int
    is_link: bool

    def holds(self, data: bytes) -> bool:
        """Whether these bytes are the file's."""
        return _object_name("blob", data, len(self.name)) == self.name


def _blobs(listed: bytes) -> Iterator[_Blob]:
    for entry in listed.decode("utf-8", "surrogateescape").split("\0")[:-1]:
        about, _, path = entry.partition("\t")
        mode, kind, name, size = about.split()
        if kind == "blob" and mode.startswith((_FILE, _LINK)):
            # Git says «BAD» for what an incomplete clone lacks; that is reported when it is asked for.
            yield _Blob(path, name, int(size) if size.isdigit() else 0, mode.startswith(_LINK))


def _followed(path: str, blobs: Mapping[str, _Blob], targets: Mapping[str, bytes]) -> _Blob | Problem:
    """Given a path, return the file that stands there or that its links lead to, or why there is none."""
    place = Place(path.encode("utf-8", "backslashreplace").decode())
    if place.file != path:
        return Problem(Code.NOT_UTF8, place, "the file name is not UTF-8", hint="rename it")
    at = path
    for _ in range(_LINKS_FOLLOWED):
        if at in blobs and not blobs[at].is_link:
            return blobs[at]
        if at not in blobs:
            return Problem(Code.UNREADABLE_FILE, place, "the symbolic link points to no file in the commit")
        joined = posixpath.normpath(posixpath.join(posixpath.dirname(at), os.fsdecode(targets[at])))
        if joined.startswith(("/", "..")):
            return Problem(
                Code.UNREADABLE_FILE, place, "the symbolic link points outside the contract", hint="copy the file here"
            )
        at = joined
    return Problem(Code.UNREADABLE_FILE, place, "the symbolic link points to itself")


def _too_large(wanted: Mapping[str, _Blob]) -> Iterator[Problem]:
    """Yield what is larger than may be read; git is not even asked for it."""
    for path, blob in wanted.items():
        if blob.size > limits.TREE_FILE_BYTES:
            message = f"the file has {blob.size:,} bytes; the limit is {limits.TREE_FILE_BYTES:,}"
            yield Problem(Code.UNREADABLE_FILE, Place(path), message)
    if len(wanted) > limits.TREE_FILES or sum(blob.size for blob in wanted.values()) > limits.TREE_BYTES:
        message = f"more than {limits.TREE_FILES:,} files or {limits.TREE_BYTES:,} bytes"
        yield Problem(Code.TOO_LARGE, Place(max(wanted)), message, hint="check the contract directory")


def _held(folder: Path, blobs: list[_Blob]) -> list[bytes]:
    """Return the bytes of each file."""
    if not blobs:
        return []
    held = _git(folder, "cat-file", "--batch", given="".join(f"{blob.name}\n" for blob in blobs).encode())
    if held is None:
        raise Refused(f"git cannot read the files in {folder}", hint="check the clone with `git fsck`")
    return list(_contents(held))


def _contents(held: bytes) -> Iterator[bytes]:
    """Yield what `git cat-file --batch` printed: a line with the size, the bytes, a line's end."""
    position = 0
    while position < len(held):
        end = held.index(b"\n", position)
        name, *about = held[position:end].split()
        if len(about) < 2:  # noqa: PLR2004 - type and size; «missing» has none
            raise Refused(f"git has no object {name.decode()}", hint=_INCOMPLETE)
        size = int(about[-1])
        yield held[end + 1 : end + 1 + size]
        position = end + 1 + size + 1


def _git(folder: Path, *arguments: str, given: bytes | None = None) -> bytes | None:
    """Return git's output, or None when it says no: there is no such thing, or no repository.

    Raise Refused as `_answer` does, and when git does not read the repository that is there.
    """
    done = _answer(folder, *arguments, given=given)
    if done.returncode == _FATAL:
        _refuse_unreadable(folder, done.stderr.decode("utf-8", "replace"))
    return done.stdout if done.returncode == 0 else None


def _answer(folder: Path, *arguments: str, given: bytes | None = None) -> subprocess.CompletedProcess[bytes]:
    """Return what git says, whatever that is. Raise Refused when it is not installed or does not answer."""
    command = [*_GIT, "-C", str(folder), *arguments]
    try:
        return subprocess.run(
            command, input=given, capture_output=True, check=False, timeout=_PATIENCE, env=_environment(folder)
        )
    except FileNotFoundError as error:
        raise Refused("git is not installed; it is needed to read commits", hint="install git") from error
    except subprocess.TimeoutExpired as error:
        raise Refused(f"git timed out after {_PATIENCE:g} s in {folder}") from error


def _environment(folder: Path) -> dict[str, str]:
    """Return the environment for git.

    A git that calls us (a hook) names its own repository there; ours is that of the folder. The operator's own
    configuration, by which a pipeline trusts a folder, is kept; so is where the objects are of a push into this folder.
    """
    own = tuple(f"GIT_CONFIG_{name}" for name in _OPERATORS_OWN)
    kept = {name: it for name, it in os.environ.items() if not name.startswith("GIT_") or name.startswith(own)}
    return kept | _quarantine(folder) | _NO_FETCHING


def _quarantine(folder: Path) -> dict[str, str]:
    """Return the variables that show a pre-receive hook what is pushed, if that is into this folder's repository.

    Git keeps it apart until the hook accepts it, in a folder below the repository's `objects` (git-receive-pack(1)).
    """
    place = os.environ.get(_QUARANTINE, "")
    if not place or Path(place).resolve().parents[1] not in {folder.resolve(), (folder / ".git").resolve()}:
        return {}
    return {name: os.environ[name] for name in _QUARANTINE_NAMES if name in os.environ}


def _refuse_unreadable(folder: Path, said: str) -> None:
    """Given what git said when it gave up, raise Refused if there is a repository that it does not read."""
    reason = next((line.removeprefix("fatal: ") for line in said.splitlines() if line.startswith("fatal: ")), "")
    if owned := _DUBIOUS.match(reason):
        raise Refused(
            f"git does not read the repository {owned[1]}: it belongs to another user",
            hint=f"trust it with `git config --global --add safe.directory {owned[1]}`",
        )
    if not reason.startswith("not a git repository") or _is_repository_above(folder):
        raise Refused(f"git cannot read the repository of {folder}: {reason or 'it gave no reason'}")


def _is_repository_above(folder: Path) -> bool:
    """Return whether a repository begins at a folder or above it, though git takes none for one."""
    return any(_is_repository(above / ".git") for above in (folder.absolute(), *folder.absolute().parents))


def _is_repository(place: Path) -> bool:
    """Whether a `.git` is meant as a repository: one that may not be looked into, too; an empty folder is none."""
    try:
        return place.is_file() or (place.is_dir() and any(place.iterdir()))
    except PermissionError:
        return True
