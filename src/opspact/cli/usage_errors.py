"""What the parser of the command line complains of, said as everything else is that is refused.

Comes in: its exception, the arguments. Goes out: a refusal.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import typer
import typer.core

from opspact.cli.commands import COMMANDS
from opspact.errors import Refused
from opspact.report.lines import one_line
from opspact.schema.value_error import quote
from opspact.text.suggestions import nearest

_NO_COMMAND = re.compile(r"No such command '(.*?)'\.", re.DOTALL)
_WRITTEN: Mapping[str, str] = {
    **dict.fromkeys(("version", "about"), "opspact --version"),
    **dict.fromkeys(("man", "manual", "usage"), "opspact help"),
    **dict.fromkeys(("lint", "validate", "test"), "opspact check"),
    **dict.fromkeys(("diff", "preview"), "opspact plan"),
    **dict.fromkeys(("deploy", "run", "converge", "provision"), "opspact apply"),
    **dict.fromkeys(("facts", "audit"), "opspact verify"),
    **dict.fromkeys(("drift",), "opspact plan --live"),
    **dict.fromkeys(("completions", "autocomplete"), "opspact completion bash"),
}
"""What is meant by commands of other tools."""
_NO_CHOICE = re.compile(r"'.*' is not one of (.+?)\.?", re.DOTALL)


def usage_error(error: typer.TyperException, arguments: Sequence[str]) -> Refused:
    """Given what the parser complains of and the arguments, return it in our form."""
    name = next((word for word in arguments if word in COMMANDS), "")
    context = getattr(error, "ctx", None)
    command = context.command_path if context else f"opspact {name}".rstrip()
    hint = f"see `{command} --help`"
    return (
        _too_early(error, arguments)
        or _text_with_dash(error, arguments)
        or _no_such_name(error, hint)
        or _wrong_value(error, hint)
        or _no_value(error)
        or Refused(_in_lower_case(error), hint=hint)
    )


def group_without_command(error: typer.TyperException) -> tuple[str, Refused] | None:
    """Given what the parser complains of, return a group's help and the refusal when only its command is missing."""
    context = getattr(error, "ctx", None)
    if context is None or not error.message.startswith("Missing command"):
        return None
    first = context.command.list_commands(context)[0]
    return context.get_help(), Refused("no command given", hint=f"for example `{context.command_path} {first}`")


def _no_such_name(error: typer.TyperException, hint: str) -> Refused | None:
    """Return the refusal of a command or an option that does not exist; None when it is about something else."""
    context = getattr(error, "ctx", None)
    option = getattr(error, "option_name", "")
    command = _NO_COMMAND.match(error.message)
    if context is None or not (command or (option and "No such option" in error.message)):
        return None
    if command:
        if context.parent is None and (written := _WRITTEN.get(command[1].casefold())):
            return Refused(f'unknown command "{command[1]}"', hint=f"did you mean `{written}`?")
        near = nearest(command[1], context.command.list_commands(context))
        return Refused(f'unknown command "{command[1]}"', hint=f'did you mean "{near}"?' if near else hint)
    parsers = (context.command, context.find_root().command)
    known = [name for parser in parsers for param in parser.params for name in param.opts if name.startswith("--")]
    near = nearest(option, known)
    return Refused(f"unknown option {option}", hint=f"did you mean {near}?" if near else hint)


def _text_with_dash(error: typer.TyperException, arguments: Sequence[str]) -> Refused | None:
    """Return the refusal of a text that was taken for an option, such as `-bash: fork: …`; None of anything else."""
    option = getattr(error, "option_name", "")
    texts = [word for word in arguments if word.startswith("-") and " " in word.partition("=")[0]]
    if option and "No such option" in error.message and any(text.startswith(option) for text in texts):
        return Refused(f"unknown option {option}", hint='write -- before a text that begins with "-"')
    return None


def _too_early(error: typer.TyperException, arguments: Sequence[str]) -> Refused | None:
    """Return the refusal of a command's option that was written before the command; None of anything else."""
    context, option = getattr(error, "ctx", None), getattr(error, "option_name", "")
    if context is None or not option:
        return None
    path: list[str] = []
    command = context.find_root().command
    for word in arguments:
        inner = command.get_command(context, word) if isinstance(command, typer.core.TyperGroup) else None
        path, command = ([*path, word], inner) if inner is not None else (path, command)
    if (
        not path
        or command is context.command
        or option not in {name for param in command.params for name in param.opts}
    ):
        return None
    return Refused(f"{option} belongs after the command", hint=f"write `opspact {' '.join(path)} {option} …`")


def _in_lower_case(error: typer.TyperException) -> str:
    message = one_line(error.format_message()).rstrip(".").replace(": Value error, ", ": ")
    return message[:1].lower() + message[1:]


def _wrong_value(error: typer.TyperException, hint: str) -> Refused | None:
    """Return the refusal of an option's value; None when it is about something else, or nothing known was expected."""
    found = _reported_by_pydantic(error.__cause__)
    param = getattr(error, "param", None)
    if param is None or not found:
        return None
    value, choices = str(found["input"]), _choices(found)
    expected = f"one of {', '.join(choices)}" if choices else _number(found)
    if not expected:
        return None
    near = nearest(value, choices)
    hint = f'did you mean "{near}"?' if near else hint
    return Refused(f"{_asked(param)}: expected {expected}, got {quote(value)}", hint=hint)


def _no_value(error: typer.TyperException) -> Refused | None:
    """Return the refusal where one of a few words is missing; None when it is about something else."""
    missing, _, choices = error.format_message().partition(". Choose from:")
    if not choices:
        return None
    return Refused(missing[:1].lower() + missing[1:], hint=f"one of {' '.join(choices.split())}")


def _asked(param: Any) -> str:
    """Return what the help calls a parameter: `--format`, `SHELL`."""
    return str(param.opts[0] if param.opts[0].startswith("-") else param.metavar or param.name.upper())


def _reported_by_pydantic(cause: BaseException | None) -> Mapping[str, Any]:
    """Return the first thing wrong with a value. Typer has pydantic look at it; of our layers `schema` alone does."""
    tell = getattr(cause, "errors", None)
    return tell()[0] if callable(tell) else {}


def _choices(found: Mapping[str, Any]) -> list[str]:
    match = _NO_CHOICE.fullmatch(str(found.get("ctx", {}).get("error", "")))
    return [name.strip().strip("'") for name in match[1].split(",")] if match else []


def _number(found: Mapping[str, Any]) -> str:
    match found:
        case {"type": "greater_than_equal", "ctx": {"ge": least}}:
            return f"a number of at least {least:,}"
        case {"type": "less_than_equal", "ctx": {"le": most}}:
            return f"a number of at most {most:,}"
        case {"type": "int_parsing" | "int_parsing_size" | "int_from_float"}:
            return "a whole number"
        case _:
            return ""
