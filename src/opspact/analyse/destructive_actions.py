"""What actions of runbooks destroy, as far as that can be read from them.

Comes in: actions of steps. Goes out: in words what cannot be undone.
"""

import json
import shlex
from collections.abc import Iterable, Iterator, Mapping

from opspact.analyse.rule import RuleContext
from opspact.analyse.runbook_steps import located_steps
from opspact.analyse.shell.destructive_commands import destructive_commands
from opspact.model.runbook_actions import (
    Action,
    AnsibleAction,
    CheckAction,
    CommandAction,
    CommandCheck,
    RunbookCheck,
    ScriptAction,
    WaitAction,
)

_DROPS = "drops or empties data"
_COMMANDS = frozenset({"command", "shell", "raw", "script", "expect"})
_PACKAGES = frozenset({"apt", "package", "dnf", "yum", "pip"})
_REMOVED = frozenset({"absent", "purged", "removed"})
_LOST_WHEN_ABSENT: Mapping[str, str] = {
    "docker_volume": "deletes volumes",
    "docker_container": "deletes containers",
    "filesystem": "overwrites a disk or a file system",
    "lvg": "overwrites a disk or a file system",
    "lvol": "overwrites a disk or a file system",
    "mysql_db": _DROPS,
    "mysql_user": _DROPS,
    "parted": "overwrites a disk or a file system",
    "postgresql_db": _DROPS,
    "postgresql_ext": _DROPS,
    "postgresql_schema": _DROPS,
    "postgresql_table": _DROPS,
    "postgresql_tablespace": _DROPS,
    "postgresql_user": _DROPS,
    "zfs": "overwrites a disk or a file system",
}
"""What is lost where a module, by the last part of its name, makes something absent."""
_LOST_BY_ARGUMENT: Mapping[tuple[str, str], str] = {
    ("filesystem", "force"): "overwrites a disk or a file system",
    ("postgresql_table", "truncate"): _DROPS,
    ("user", "remove"): "deletes files",
}
_STATEMENTS = frozenset({"mysql_query", "postgresql_query", "postgresql_script"})


def action_losses(action: Action) -> tuple[str, ...]:
    """Given what a step does, return in words what of it cannot be undone, each once; empty where it is nothing."""
    return tuple(dict.fromkeys(_losses(action)))


def step_losses(context: RuleContext) -> Mapping[tuple[str, int], tuple[str, ...]]:
    """Given a rule context, return what the step of each runbook and index does that cannot be undone."""
    return {it.key: action_losses(it.step.action) for it in context.once(located_steps)}


def check_losses(checks: Iterable[RunbookCheck]) -> tuple[str, ...]:
    """Given checks, return in words what their commands destroy."""
    commands = (shlex.join(each.run) for each in checks if isinstance(each, CommandCheck))
    return tuple(dict.fromkeys(what for command in commands for what in destructive_commands(command)))


def _losses(action: Action) -> Iterator[str]:
    match action:
        case CommandAction():
            yield from destructive_commands(shlex.join(action.run))
        case ScriptAction():
            yield from destructive_commands(action.script)
        case AnsibleAction():
            for task in json.loads(action.tasks):
                yield from _of_task(task)
        case CheckAction() | WaitAction():
            yield from check_losses(action.checks)
        case _:
            return


def _of_task(task: Mapping[str, object]) -> Iterator[str]:
    """Yield what a task of Ansible destroys: its module is the one key with dots."""
    module = next(name for name in task if name.count(".") > 1)
    written, short = task[module], module.rpartition(".")[2]
    arguments = {**_mapping(task.get("args")), **_mapping(written)}
    yield from destructive_commands(_command(written, arguments) if short in _COMMANDS else _same(short, arguments))
    yield from _by_state(short, arguments)


def _same(module: str, arguments: Mapping[str, object]) -> str:
    """Return a command that destroys what a module destroys; empty where it is none."""
    state = arguments.get("state")
    if module == "file" and state == "absent":
        return shlex.join(["rm", "-r", str(_first(arguments, "path", "dest", "name"))])
    if module in _PACKAGES and (state in _REMOVED or arguments.get("autoremove") is True):
        return f"apt-get {'purge' if arguments.get('purge') is True else 'remove'} x"
    if module == "synchronize" and arguments.get("delete") is True:
        return shlex.join(["rsync", "-a", "--delete", "x", str(arguments.get("dest", "/"))])
    if module in _STATEMENTS:
        return shlex.join(["psql", "--command", str(arguments.get("query", ""))])
    return ""


def _by_state(module: str, arguments: Mapping[str, object]) -> Iterator[str]:
    state = arguments.get("state")
    if state in _REMOVED and module in _LOST_WHEN_ABSENT:
        yield _LOST_WHEN_ABSENT[module]
    if state == "restore" and module in {"postgresql_db", "mysql_db"}:
        yield "overwrites a database from a dump"
    for (name, argument), lost in _LOST_BY_ARGUMENT.items():
        if name == module and arguments.get(argument) is True:
            yield lost


def _mapping(value: object) -> Mapping[str, object]:
    return value if isinstance(value, Mapping) else {}


def _first(arguments: Mapping[str, object], *names: str) -> object:
    return next((arguments[name] for name in names if name in arguments), "")


def _command(written: object, arguments: Mapping[str, object]) -> str:
    """Return the command of a task, in any of the forms in which one is written."""
    argv = arguments.get("argv")
    if isinstance(argv, list):
        return shlex.join(map(str, argv))
    return written if isinstance(written, str) else str(_first(arguments, "cmd", "command", "_raw_params"))
