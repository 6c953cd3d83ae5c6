"""The table of commands from which words of a command line are completed.

In: the command line's parser, codes, kinds. Out: JSON for `opspact.cli.candidates`.
"""

import json
from collections.abc import Iterator
from enum import Enum
from typing import Any

import typer.main

from opspact.cli.application import application
from opspact.cli.commands import COMMANDS
from opspact.ledger.events import EVENT_TYPES
from opspact.report.explanation import every_code, explained
from opspact.schema.kinds import KINDS

_VALUES: dict[str, object] = {
    **dict.fromkeys(
        (
            "D",
            "DAY",
            "DB",
            "HEAD",
            "HOST",
            "HOSTS",
            "ID",
            "N",
            "NAME=T",
            "NEW",
            "OWNER/NAME",
            "PATH",
            "T",
            "T/T",
            "TEXT",
        ),
        "",
    ),
    **dict.fromkeys(("DAY..DAY", "YYYY", "[REASON=]T/T"), ""),
    **dict.fromkeys(("NAME=FILE", "NAME=VALUE", "QUERY...", "RUN", "STEP=TEXT"), ""),
    **dict.fromkeys(("HOST...", "PATTERN"), "hosts"),
    **dict.fromkeys(("FILE", "URL"), "files"),
    "PLACE": [["file:", "a file on this machine"], ["git:", "a branch"], ["host:", "a file on a host"]],
    "DIR": "directories",
    "opspact backup restore HOST": "hosts",
    "opspact backup restore DIR": "",
    "opspact comment URL": "",
    "CLAUSE|POLICY|HOST|STEP": "trace",
    "STEP": "",
    "POLICY": "records/access,review,spare,visit",
    "PERSON": "policies/person",
    "NAME|FILE": "policies/calendar",
    "NAME|RUN": "policies/runbook",
    "CLAUSE": "policies/clause",
    "EMERGENCY": "policies/emergency",
    "L": "levels",
    "REF": "commits",
    "KIND": list(KINDS),
    "REFERENCE": [["secret:vault:", "Ansible vault"], ["secret:env:", "variable"], ["secret:file:", "file"]],
}
"""What a value is, by the word that help shows for it; empty: nothing to offer. HOST is one that exists no more.

With a command before it, it is that there: paths on hosts are not looked at.
"""
_NAMES = {
    "opspact inspect run": "policies/inspection",
    "opspact inspect show": "policies/inspection",
    "opspact logs show": "policies/log_review",
    "opspact logs review": "policies/log_review",
    "opspact backup run": "policies/backup",
    "opspact backup drill": "policies/backup",
    "opspact backup restore": "policies/backup",
    "opspact runbook chart": "policies/runbook",
    "opspact runbook list": "policies/runbook",
    "opspact runbook run": "policies/runbook",
    "opspact runbook test": "policies/runbook",
    "opspact library check": "policies/library",
    "opspact qc chart": "policies/inspection",
    "--owner": "policies/team,person",
    "opspact access grant": "policies/access",
    "opspact access revoke": "policies/access",
    "opspact access show": "policies/access",
    "--roster": "policies/roster",
    "--sla": "policies/sla",
}
"""The policies that NAME is one of, by command or option."""


def completion_table() -> str:
    """Return the table. Raise KeyError for a value of which nobody said what it is."""
    parser = typer.main.get_command(application(list(COMMANDS)))
    return json.dumps(_command(parser, "opspact", None), ensure_ascii=False, indent=1) + "\n"


def _command(command: Any, name: str, parent: Any) -> dict[str, Any]:
    with command.make_context(name, [], parent=parent, resilient_parsing=True) as context:
        parameters = command.get_params(context)
        path = " ".join(word for word in context.command_path.split() if word.isidentifier())
        options = dict(_option(each, path, context) for each in parameters if each.param_type_name == "option")
        arguments = [each for each in parameters if each.param_type_name == "argument"]
        found = {"help": command.get_short_help_str(500), "options": options}
        if arguments:
            found["arguments"] = [_value(each, path) for each in arguments]
            found["many"] = arguments[-1].nargs < 0
        if inner := getattr(command, "commands", {}):
            found["commands"] = {below: _command(inner[below], below, context) for below in inner}
        return found


def _option(option: Any, path: str, context: Any) -> tuple[str, dict[str, Any]]:
    name = next(each for each in option.opts if each.startswith("--"))
    found = {"help": option.get_help_record(context)[1].partition("  [")[0]}
    return name, found if option.is_flag or option.count else {**found, "value": _value(option, path)}


def _value(parameter: Any, path: str) -> object:
    kind = parameter.type_descriptor.annotation
    if isinstance(kind, type) and issubclass(kind, Enum):
        return [each.value for each in kind]
    match parameter.metavar:
        case "NAME":
            return _NAMES[path if path in _NAMES else parameter.opts[0]]
        case "CODE":
            return list(_codes())
        case None if parameter.opts == ["--kind"]:
            return list(EVENT_TYPES)
        case word:
            there = f"{path} {word}"
            return _VALUES[there if there in _VALUES else f"{word}..." if parameter.nargs < 0 else word]


def _codes() -> Iterator[list[str]]:
    yield from ([each.code, each.title] for each in map(explained, every_code()) if each is not None)
