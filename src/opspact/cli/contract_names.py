"""The names that a contract has, found quickly and without judging anything: for a shell that completes a word.

Comes in: a contract's folder, as it is while somebody edits it. Goes out: names. What cannot be read has none.
"""

import re
from collections.abc import Iterator
from importlib import import_module
from itertools import islice
from pathlib import Path
from typing import Any

_NAME = re.compile(r"[\w.@+-]+")
"""Names that a shell takes as they are: no other is offered."""
_DOCUMENTS = re.compile(r"^---", re.MULTILINE)
_KIND, _POLICY = (
    re.compile(rf"^(?:\{{(?:[^{{}}\[\]\"]*,)?\s*)?{key}:\s*[\"']?({_NAME.pattern})[\"']?\s*(?:[,}}#]|$)", re.MULTILINE)
    for key in ("kind", "name")
)
_LEVELS = re.compile(r"^levels:[^\n]*\n((?:[ \t#][^\n]*\n|\n)*)", re.MULTILINE)
_KEY = re.compile(rf"^([ \t]+)[\"']?({_NAME.pattern})[\"']?:", re.MULTILINE)
_SECTION = re.compile(r"\[([^\[\]:]+)(?::(\w+))?\]")
_RANGE = re.compile(r"(.*?)\[(\d+):(\d+)\](.*)")
_NO_HOSTS = re.compile(r"^\.|^(?:host_vars|group_vars)$|\.(?:py|sh|toml|md|txt|rst|cfg|retry|orig|bak|swp)$|~$")
_LARGEST = 4_000_000
_MOST = 20_000


def policy_documents(folder: Path) -> Iterator[tuple[str, str, str]]:
    """Given a contract's folder, yield the kind, the name and the text of each of its policies."""
    for part in ("policies", "runbooks"):
        for path in sorted((folder / part).rglob("*.y*ml")):
            for text in _DOCUMENTS.split(_text(path)):
                kind, name = _KIND.search(text), _POLICY.search(text)
                if kind and name:
                    yield kind[1], name[1], text


def levels(folder: Path) -> list[str]:
    """Given a contract's folder, return the fault levels of its service levels."""
    found: dict[str, None] = {}
    for kind, _, text in policy_documents(folder):
        for block in _LEVELS.findall(f"{text}\n") if kind == "sla" else ():
            keys = _KEY.findall(block)
            found.update(dict.fromkeys(name for indent, name in keys if indent == keys[0][0]))
    return list(found)


def commits(folder: Path) -> list[str]:
    """Given a contract's folder, return the branches and tags of its repository."""
    subprocess: Any = import_module("subprocess")
    command = ["git", "-C", str(folder), "for-each-ref", "--format=%(refname:short)"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=1, stdin=subprocess.DEVNULL)
    except (OSError, subprocess.TimeoutExpired):
        return []
    return [name for name in done.stdout.split() if _NAME.fullmatch(name.replace("/", ""))]


def inventory_names(folder: Path) -> tuple[list[str], list[str]]:
    """Given a contract's folder, return the hosts and the groups of its inventory, as they are written."""
    hosts: dict[str, None] = {}
    groups: dict[str, None] = {"all": None}
    root = folder / "inventory"
    for path in sorted(root.rglob("*")):
        if path.is_file() and not any(_NO_HOSTS.search(part) for part in path.relative_to(root).parts):
            text = _text(path)
            read = _ini if path.suffix not in {".yaml", ".yml", ".json"} else _yaml
            for is_group, name in read(text):
                (groups if is_group else hosts).update(dict.fromkeys(_expanded(name)))
    return [name for name in hosts if _NAME.fullmatch(name)], [name for name in groups if _NAME.fullmatch(name)]


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8", "replace") if path.is_file() and path.stat().st_size <= _LARGEST else ""
    except OSError:
        return ""


def _yaml(text: str) -> Iterator[tuple[bool, str]]:
    """Yield what an inventory in YAML names: whether it is a group, and its name."""
    yaml: Any = import_module("yaml")
    try:
        top = yaml.compose(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
        found = list(_groups(top, set()))
    except (yaml.YAMLError, RecursionError, ValueError):
        return
    yield from found


def _groups(node: Any, known: set[int]) -> Iterator[tuple[bool, str]]:
    if id(node) in known:  # an alias
        return
    known.add(id(node))
    for group, content in _entries(node):
        yield True, group
        for key, part in _entries(content):
            if key == "hosts":
                yield from ((False, name) for name, _ in _entries(part))
            elif key == "children":
                yield from _groups(part, known)


def _entries(node: Any) -> Iterator[tuple[str, Any]]:
    pairs = node.value if getattr(node, "id", "") == "mapping" else ()
    return ((key.value, value) for key, value in pairs if isinstance(key.value, str))


def _ini(text: str) -> Iterator[tuple[bool, str]]:
    """Yield the same of an inventory in INI."""
    section = ""
    for line in text.splitlines():
        if header := _SECTION.match(line):
            section = header[2] or ""
            yield True, header[1]
        elif section != "vars" and (name := line.partition("#")[0].partition(";")[0].split()[:1]):
            yield section == "children", name[0]


def _expanded(name: str) -> list[str]:
    """Return the names that a name with ranges of numbers (`web[01:20]`) stands for."""
    found = _RANGE.fullmatch(name)
    if not found:
        return [name]
    before, first, last, after = found.groups()
    numbers = range(int(first), min(int(last), int(first) + _MOST) + 1)
    each = (f"{before}{number:0{len(first)}}{rest}" for rest in _expanded(after) for number in numbers)
    return list(islice(each, _MOST))
