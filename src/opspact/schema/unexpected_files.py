"""Files among the policies that are no policies: which are fine, and which somebody takes for a policy that counts.

Comes in: paths inside the contract. Goes out: problems with a way out.
"""

import re
from collections.abc import Iterable, Iterator
from pathlib import PurePosixPath

from opspact.errors import Place, Problem
from opspact.schema.codes import Code
from opspact.schema.inventory.variables import variables_folder
from opspact.text.suggestions import nearest

POLICIES = "policies/"
FOLDERS = (POLICIES, "runbooks/")
"""The folders whose files are read as policies; in which of the two a document stands means nothing."""
FABFILE = "runbooks/fabfile.py"
"""The customer's own tasks, for steps of kind fabric; what it imports may lie beside it."""
SUFFIXES = (".yaml", ".yml")
"""How the names of policy files end."""

_DROPPING = re.compile(r"~$|\.sw[a-p]$|^\.#|^#.*#$")
"""What editors leave while somebody types: backups, swap files, locks."""

_BESIDE = re.compile(r"(?i)^(readme|license|licence)(\..*)?$|\.md$")
_LOOKS_LIKE_A_POLICY = re.compile(r"(?i)\.(ya?ml|json)\b")


def is_editor_file(path: str) -> bool:
    """Given a path, return whether an editor left it among the policies."""
    return path.startswith(FOLDERS) and any(map(_DROPPING.search, path.split("/")))


def is_unexpected(path: str) -> bool:
    """Given a path, return whether it lies among the policies, is none, and is not there for a reason of its own."""
    if not path.startswith(FOLDERS) or is_editor_file(path):
        return False
    parts = path.split("/")[1:]
    name = parts[-1]
    if any(map(variables_folder, parts[:-1])):
        return True
    if is_fabfile(path):
        return False
    if any(part.startswith(".") for part in parts):
        return _LOOKS_LIKE_A_POLICY.search(name) is not None
    return not name.endswith(SUFFIXES) and _BESIDE.search(name) is None


def is_fabfile(path: str) -> bool:
    """Given a path, return whether the fabfile is there, or what it may import."""
    return path.startswith("runbooks/") and path.endswith(".py")


def unexpected_files(paths: Iterable[str]) -> Iterator[Problem]:
    """Given the paths of a contract, yield a problem for each file that somebody may take for a policy that counts."""
    for path in sorted(filter(is_unexpected, paths)):
        yield Problem(
            Code.NOT_READ, Place(path), f"this file is in {path.split('/')[0]}/ but is not read", hint=_hint(path)
        )


def _hint(path: str) -> str:
    """Return what to do about an unexpected file."""
    if variables := next(filter(None, map(variables_folder, path.split("/")[:-1])), ""):
        return f"variables are read from inventory/{variables}/: move it there"
    name = PurePosixPath(path).name
    stem, suffix = PurePosixPath(path).stem, PurePosixPath(path).suffix
    if any(part.startswith(".") for part in path.split("/")):
        return "hidden files and directories are ignored: rename it or remove it"
    if suffix.lower() == ".json":
        return f'rename it to "{stem}.yaml"; JSON is valid YAML'
    if nearest(suffix, SUFFIXES) is not None:
        meant = suffix.lower() if suffix.lower() in SUFFIXES else SUFFIXES[0]
        return f'did you mean "{stem}{meant}"?'
    if _LOOKS_LIKE_A_POLICY.search(name):
        return "remove policies that should not apply; git keeps the history"
    return "policies are *.yaml; templates and other files belong in files/"
