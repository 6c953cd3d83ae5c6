"""Code that interpreters are given on their command line, and modules that `ansible` runs: what they destroy.

Comes in: a command. Goes out: the scripts of a shell in its code, and in words what else it destroys.
"""

import re
from collections.abc import Iterator

from opspact.analyse.shell.command_reader import Command

_INTERPRETER = re.compile(
    r"(?:python|pypy|perl|ruby|lua|php|node|nodejs|tclsh|deno|bun|julia|raku)[0-9.]*|Rscript|pwsh|[gmn]?awk"
)
_CODE = re.compile(r"-\w*[ceEr]|--(?:eval|execute|run|print)|-p|-Command")
_ATTACHED = re.compile(r"(?s)-[a-ln-zA-LN-Z0-9]*?[ceEr](?P<code>.*\W.*)")
"""An option with its code: `-e'unlink "x"'`."""
_DELETES = re.compile(
    r"\b(?:rmtree|rmdir|removedirs|rm_rf?|rm_f|remove_(?:dir|tree|entry\w*|file)|(?:rm|rmdir|unlink)Sync)\b"
    r"|\bunlink\s+[\"']|\bunlink\s*(?:[($@%<;}]|$|(?:for(?:each)?|glob|grep|if|map|qw?|shift|sort|unless|while)\b)"
    r"|\b(?:array_(?:map|walk)|call_user_func\w*)\s*\(\s*[\"']unlink\b"
    r"|\bDeno\.remove(?:Sync)?\s*\("
    r"|\bfile\s+delete\b|\bRemove-Item\b|(?<![.\w])rm\("
    r"|\.unlink\s*\("
    r"|\bos\.(?:remove|unlink)\s*\("
    r"|\bfrom\s+os\s+import\b[^;\n]*\b(?:remove|unlink)\b"
    r"|\bfs(?:\.promises)?\.(?:rm|unlink|rmdir)\s*\("
    r"|\b(?:File|Dir|FileUtils|Pathname)\.(?:delete|unlink|rm\w*|remove\w*)\b"
)
_EMPTIES = re.compile(
    r"(?<![.\w])truncate(?:Sync)?\s*(?:\(|[\"'$])|\b(?:os|File|fs|Deno)\.(?:f?truncate|truncateSync)\s*\("
    r"|\.truncate\(\s*0?\s*\)"
)
_LOSSES = (("deletes files", _DELETES), ("empties a file", _EMPTIES))
_STARTS = re.compile(
    r"system|popen|exec|spawn|subprocess|check_(?:call|output)|getline|qx|%x|`|shell_exec|passthru|\.run\("
)
_LITERALS = re.compile(r"\"((?:[^\"\\]|\\.)*)\"|'((?:[^'\\]|\\.)*)'|`([^`]*)`|(?:qx|%x)[{(/|!]([^})/|!]*)")
_BETWEEN = re.compile(r"\s*,\s*")
_PASSING = re.compile(r"[\"'](?:/tmp|/run|/var/run|/var/tmp|/dev/shm)/")

_DEFAULT = "command"
_RUNS_SCRIPT = frozenset({"command", "expect", "raw", "shell", "win_command", "win_shell"})
_ABSENT = re.compile(r"\bstate[\"']?\s*[=:]\s*[\"']?absent\b")
_EDITS_LINES = frozenset({"blockinfile", "cron", "ini_file", "known_hosts", "lineinfile", "sysctl", "xml"})
"""Modules with which `state=absent` takes a few lines out of a file."""
_BY_MODULE = {
    "file": "deletes files",
    "postgresql_db": "drops or empties data",
    "mysql_db": "drops or empties data",
    "mongodb_user": "drops or empties data",
}
_MODULE_OPTIONS = (
    ("filesystem", r"\bforce[\"']?\s*[=:]\s*[\"']?(?:yes|true)\b", "overwrites a disk or a file system"),
    ("synchronize", r"\bdelete[\"']?\s*[=:]\s*[\"']?(?:yes|true)\b", "deletes files"),
    (
        "postgresql_db|mysql_db",
        r"\bstate[\"']?\s*[=:]\s*[\"']?(?:restore|import)\b",
        "overwrites a database from a dump",
    ),
    ("unarchive", r"\bdest[\"']?\s*[=:]\s*[\"']?/+(?:[\s,\"'}]|$)", "overwrites data from a copy"),
)


def scripts_in_code(command: Command) -> Iterator[str]:
    """Given a command, yield the scripts of a shell in the code that it interprets, or that it runs on other hosts."""
    if command.program == "ansible":
        module, arguments = _ad_hoc(command)
        if module in _RUNS_SCRIPT:
            yield arguments
        return
    for code in _codes(command):
        if _STARTS.search(code):
            yield from _literals(code)


def code_losses(command: Command) -> Iterator[str]:
    """Given a command, yield in words what the code or the module that it runs destroys."""
    if command.program == "ansible":
        yield from _destroyed_by_module(*_ad_hoc(command))
        return
    codes = [code for code in _codes(command) if not _PASSING.search(code)]
    yield from (what for what, form in _LOSSES if any(map(form.search, codes)))


def _codes(command: Command) -> Iterator[str]:
    """Yield what an interpreter is given to run on its command line or in a here-document."""
    if not _INTERPRETER.fullmatch(command.program):
        return
    if command.program.endswith("awk"):
        yield from command.operands[:1]
        return
    if command.program == "deno" and command.operands[:1] == ("eval",):
        yield from command.operands[1:]
        return
    is_given = False
    for index, each in enumerate(command.arguments):
        if _CODE.fullmatch(each):
            is_given = True
            yield from command.arguments[index + 1 :][:1]
        elif found := _ATTACHED.fullmatch(each):
            is_given = True
            yield found["code"]
    if not is_given and not [each for each in command.operands if each != "-"]:
        yield from command.texts


def _literals(code: str) -> Iterator[str]:
    """Yield the texts in code; those of one list as one command too."""
    last_end, listed = -1, ""
    for found in _LITERALS.finditer(code):
        text = next(group for group in found.groups() if group is not None)
        yield text
        is_next = last_end >= 0 and _BETWEEN.fullmatch(code, last_end, found.start())
        listed = f"{listed} {text}" if is_next else text
        last_end = found.end()
        if is_next:
            yield listed


def _ad_hoc(command: Command) -> tuple[str, str]:
    """Return the module of an ad-hoc command, without its collection, and its arguments."""
    module, arguments = _DEFAULT, ""
    words = list(command.arguments)
    for index, each in enumerate(words):
        following = next(iter(words[index + 1 :]), "")
        if found := re.fullmatch(r"-\w*m|--module-name|-m(\S+)|--module-name=(.+)", each):
            module = next((group for group in found.groups() if group), following)
        elif found := re.fullmatch(r"(?s)-\w*a|--args|-a(.+)|--args=(.+)", each):
            arguments = next((group for group in found.groups() if group), following)
    return module.rpartition(".")[2], arguments


def _destroyed_by_module(module: str, arguments: str) -> Iterator[str]:
    if _ABSENT.search(arguments) and module not in _EDITS_LINES and not _is_passing(arguments):
        yield _BY_MODULE.get(module, "removes software, volumes, machines or accounts")
    for modules, option, what in _MODULE_OPTIONS:
        if re.fullmatch(modules, module) and re.search(option, arguments):
            yield what


def _is_passing(arguments: str) -> bool:
    return (
        re.search(r"\b(?:path|dest|name)[\"']?\s*[=:]\s*[\"']?(?:/tmp|/run|/var/run|/var/tmp)/", arguments) is not None
    )
