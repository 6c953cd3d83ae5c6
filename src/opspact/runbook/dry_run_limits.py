"""What a dry run leaves out because it might change something, whatever the runbook says of itself.

Comes in: commands, checks and tasks with their values. Goes out: in words why a dry run leaves one out; empty: it is
known to read only.
"""

import json
import re
import shlex
from collections.abc import Iterator, Mapping

from opspact.analyse.shell.devices import names_device, value_names_device
from opspact.analyse.shell.read_only_commands import is_plain_variable, only_reads, script_only_reads
from opspact.model.runbook_actions import CommandCheck, RunbookCheck
from opspact.runbook.doors import HostCommand

_BUILT_IN = "ansible.builtin."
_IDLE = frozenset(
    {"assert", "blockinfile", "command", "copy", "cron", "debug", "fail", "file", "find", "getent", "group"}
    | {"lineinfile", "package_facts", "ping", "replace", "shell", "stat", "systemd", "systemd_service", "uri", "user"}
    | {"wait_for"}
)
"""Modules of ansible-core that do nothing but look in check mode, with whatever options (`command`, `shell`, `uri` and
`wait_for` are skipped). Not among them: `template` (what it reads may look up what a program says), `setup`, and what
uses it (`service` and `package` left to themselves, `dnf`): the programs in /etc/ansible/facts.d are run;
`service_facts` and `sysvinit`, which run init scripts; `git`, `get_url` and others, which ask servers."""
_SKIPPED = frozenset({"command", "shell"})
_PLAIN_NAMES = r"\w[\w.+:=*~-]*(?:, ?\w[\w.+:=*~-]*)*"
_OPTIONS_OF_APT = frozenset({"name", "pkg", "package", "state", "update_cache", "cache_valid_time", "purge"}) | {
    "install_recommends",
    "only_upgrade",
    "autoremove",
}
_LIMITED: Mapping[str, tuple[frozenset[str] | None, Mapping[str, str], str]] = {
    "apt": (_OPTIONS_OF_APT, {}, _PLAIN_NAMES),
    "package": (frozenset({"name", "state", "use"}), {"use": "apt"}, _PLAIN_NAMES),
    "service": (None, {"use": "systemd"}, ".*"),
    "set_fact": (None, {}, ".*"),
    "slurp": (frozenset({"src", "path"}), {}, r"/[^{]*"),
}
"""Modules that do nothing in check mode with these options alone (None: with all), these values, and texts like these.

Texts become words of apt-get, in quotes, and options such as Dir::Bin::dpkg choose what it runs.
"""
_EXPRESSION = re.compile(r"\b(?:lookup|query|q)\b")
"""What runs programs on this machine, wherever a task is evaluated."""
_CONNECTION = re.compile(r"ansible_|.*\{[{%]", re.DOTALL)
"""Names of variables by which Ansible chooses what it runs; a name that is evaluated may be any."""
_NAMING = ("register", "loop_control")
"""Words of a task whose values are names of variables."""
_SETTING = re.compile(r"\bansible_\w+\s*=(?!=)")


def unsafe_command(command: HostCommand) -> str:
    """Given a command with its values, return why a dry run leaves it out."""
    settings = [name for name in (*command.environment, *command.variables) if not is_plain_variable(name)]
    if settings:
        return f"left out: {settings[0]} in its environment may change what it does"
    given = {**command.environment, **command.variables}
    if devices := [name for name, value in given.items() if command.script and value_names_device(value)]:
        return f"left out: {devices[0]} may name a device"
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
    if not _is_idle(module, task):
        return f"{module} is left out: with its options, it is not known to change nothing in check mode"
    environment = task.get("environment", {})
    if not isinstance(environment, Mapping) or not all(map(is_plain_variable, environment)):
        return f"{module} is left out: its environment may change what it does"
    names, texts = (*_names(task), *_texts([task.get(each) for each in _NAMING])), tuple(_texts(task))
    if any(map(_CONNECTION.match, names)) or any(map(_SETTING.search, texts)):
        return f"{module} is left out: a variable of Ansible that it sets may change what it does"
    if any(map(_EXPRESSION.search, texts)):
        return f"{module} is left out: a lookup may change something in check mode, too"
    return ""


def _is_idle(module: str, task: Mapping[str, object]) -> bool:
    """Whether a module is known to do nothing in check mode, with the options that a task gives it."""
    short = module.removeprefix(_BUILT_IN)
    own, more = task[module], task.get("args") or {}
    if short == module or not isinstance(more, Mapping):
        return False
    if short not in _SKIPPED and any(map(names_device, _texts([own, more]))):
        return False
    if short in _IDLE:
        return True
    if short not in _LIMITED or not isinstance(own, Mapping):
        return False
    allowed, needed, pattern = _LIMITED[short]
    options = {**more, **own}
    return (
        "cacheable" not in options  # it is written on this machine
        and (allowed is None or options.keys() <= allowed)
        and all(options.get(name) == value and more.get(name, value) == value for name, value in needed.items())
        and all(re.fullmatch(pattern, text, re.DOTALL) for text in _texts(options))
    )


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
