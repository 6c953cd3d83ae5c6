"""What a dry run leaves out because it might change something, whatever the runbook says of itself.

Comes in: commands, checks and tasks with their values. Goes out: in words why a dry run leaves one out; empty: it is
known to read only.
"""

import json
import re
import shlex
from collections.abc import Iterator, Mapping

from opspact.analyse.shell.read_only_commands import is_plain_variable, only_reads, script_only_reads
from opspact.model.runbook_actions import CommandCheck, RunbookCheck
from opspact.runbook.doors import HostCommand

_COLLECTIONS = frozenset({"ansible.builtin", "ansible.posix"})
"""Those whose modules change nothing in check mode. `community.postgresql.postgresql_query` runs its query and rolls it
back, which starts no session again that the query has ended."""
_INCLUDING = re.compile(r"(?:include|import)_\w+")
_EXPRESSION = re.compile(r"\b(?:lookup|query|q)\b")
"""What runs programs on this machine, wherever a task is evaluated."""
_CONNECTION = re.compile(r"ansible_|.*\{[{%]", re.DOTALL)
"""Names of variables by which Ansible chooses what it runs; a name that is evaluated may be any."""
_SETTING = re.compile(r"\bansible_\w+\s*=(?!=)")


def unsafe_command(command: HostCommand) -> str:
    """Given a command with its values, return why a dry run leaves it out."""
    settings = [name for name in (*command.environment, *command.variables) if not is_plain_variable(name)]
    if settings:
        return f"left out: {settings[0]} in its environment may change what it does"
    if only_reads(command.run) if command.run else script_only_reads(command.script):
        return ""
    return "left out: it is not known to be read-only"


def unsafe_check(written: RunbookCheck, filled: RunbookCheck) -> str:
    """Given a check as it is written and with its values, return why a dry run leaves it out."""
    if not isinstance(written, CommandCheck) or not isinstance(filled, CommandCheck) or only_reads(filled.run):
        return ""
    return f"{shlex.join(written.run)} is left out: it is not known to be read-only"


def unsafe_tasks(tasks: str) -> str:
    """Given tasks of Ansible, as JSON, return why a dry run does not even run them in check mode."""
    return next(filter(None, map(_unsafe_task, json.loads(tasks))), "")


def _unsafe_task(task: Mapping[str, object]) -> str:
    module = next(name for name in task if name.count(".") > 1)
    collection, _, short = module.rpartition(".")
    if collection not in _COLLECTIONS:
        return f"{module} is left out: it may change something in check mode, too"
    if _INCLUDING.fullmatch(short):
        return f"{module} is left out: what it reads in may change something in check mode, too"
    environment = task.get("environment", {})
    if not isinstance(environment, Mapping) or not all(map(is_plain_variable, environment)):
        return f"{module} is left out: its environment may change what it does"
    names, texts = tuple(_names(task)), tuple(_texts(task))
    if any(map(_CONNECTION.match, names)) or any(map(_SETTING.search, texts)):
        return f"{module} is left out: a variable of Ansible that it sets may change what it does"
    if any(map(_EXPRESSION.search, texts)):
        return f"{module} is left out: a lookup may change something in check mode, too"
    return ""


def _names(value: object) -> Iterator[str]:
    """Yield the names in all mappings of a task."""
    match value:
        case Mapping():
            yield from value
            for below in value.values():
                yield from _names(below)
        case list():
            for below in value:
                yield from _names(below)


def _texts(value: object) -> Iterator[str]:
    """Yield the texts of a task."""
    match value:
        case Mapping():
            for below in value.values():
                yield from _texts(below)
        case list():
            for below in value:
                yield from _texts(below)
        case str():
            yield value
