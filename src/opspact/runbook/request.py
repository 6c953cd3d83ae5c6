"""What an operator asks for: a runbook, its targets and inputs; checked before anything is done.

Comes in: names and values as they were given. Goes out: a request; or why it is refused, everything that is wrong at
once.
"""

import re
from collections.abc import Iterable, Mapping

from opspact.errors import Refused
from opspact.model.contract import Contract
from opspact.model.policies.runbook import Input, Runbook
from opspact.onhost.redaction import Redactor
from opspact.structs import Struct
from opspact.text.names import list_names
from opspact.text.suggestions import did_you_mean

_SHOWN = 5


class RunRequest(Struct):
    """A runbook for targets, with inputs by name (a secret's is its reference); `drill`: of which emergency, if any."""

    runbook: Runbook
    targets: tuple[str, ...]
    inputs: Mapping[str, str]
    drill: str = ""


def find_runbook(contract: Contract, name: str) -> Runbook:
    """Given a contract and a name, return the runbook. Raise Refused, with the nearest name, when there is none."""
    known = {each.name: each for each in contract.runbooks}
    if name not in known:
        raise Refused(f'there is no runbook "{name}"', hint=runbook_suggestion(contract, name))
    return known[name]


def runbook_suggestion(contract: Contract, name: str) -> str:
    """Given a name that no runbook has, return which one may be meant, or how to see all."""
    return did_you_mean(name, [each.name for each in contract.runbooks]) or "`opspact runbook list` shows all"


def chosen_targets(runbook: Runbook, hosts: Iterable[str]) -> tuple[str, ...]:
    """Given a runbook and the hosts that were named, return its targets. Raise Refused when they are not chosen well.

    Without a name, a runbook that may be run for one host alone is run for that one.
    """
    named = tuple(dict.fromkeys(hosts))
    for host in named:
        if host not in runbook.hosts:
            hint = did_you_mean(host, runbook.hosts) or f"it may be run for {list_names(list(runbook.hosts), _SHOWN)}"
            raise Refused(f"runbook {runbook.name} may not be run for {host}", hint=hint)
    if not named and len(runbook.hosts) == 1:
        return runbook.hosts
    if not named:
        raise Refused("for which host?", hint=f"--host {list_names(list(runbook.hosts), _SHOWN)}")
    if len(named) > runbook.max_targets:
        message = f"runbook {runbook.name} may be run for {runbook.max_targets} at once, got {len(named)} hosts"
        raise Refused(message, hint="run it again for the others, or change limits: max_targets")
    return named


def missing_inputs(runbook: Runbook, given: Mapping[str, str]) -> dict[str, Input]:
    """Given a runbook and the inputs that were given, return those that are missing and have no default."""
    return {
        name: each
        for name, each in runbook.inputs.items()
        if name not in given and each.secret is None and each.question.default is None
    }


def checked_inputs(runbook: Runbook, given: Mapping[str, str], redactor: Redactor) -> dict[str, str]:
    """Given inputs, return those of the runbook, defaults and references of secrets among them.

    Raise Refused with everything that is wrong: unknown names, values that do not fit, secrets in the open.
    """
    problems = [*_unknown(runbook, given)]
    values: dict[str, str] = {}
    for name, each in runbook.inputs.items():
        if each.secret is not None:
            values[name] = str(each.secret)
            if name in given:
                problems.append(f"{name} is a secret: it is read from {each.secret}, never given")
            continue
        value = given.get(name, each.question.default)
        if value is None:
            problems.append(f"{name} is missing ({each.question.text.en})")
            continue
        values[name] = value
        if why := input_problem(each, value):
            problems.append(f"{name}: {why}")
        elif redactor.masked(value) != value or redactor.masked(f"{name}: {value}") != f"{name}: {value}":
            problems.append(f"{name} looks like a secret, and inputs are recorded: use an input of type secret")
    if problems:
        raise Refused(f"runbook {runbook.name} cannot start: {'; '.join(problems)}", hint="--input NAME=VALUE")
    return values


def _unknown(runbook: Runbook, given: Mapping[str, str]) -> Iterable[str]:
    for name in given:
        if name not in runbook.inputs:
            hint = did_you_mean(name, runbook.inputs)
            yield f'there is no input "{name}"{f" ({hint})" if hint else ""}'


def input_problem(asked: Input, value: str) -> str:
    """Given an input and a value, return why the value does not fit; empty: it does."""
    if asked.hosts:
        return "" if value in asked.hosts else f'expected one of {list_names(list(asked.hosts), _SHOWN)}, got "{value}"'
    return answer_problem(asked.question.pattern, asked.question.choice, value)


def answer_problem(pattern: str, choice: tuple[str, ...], value: str) -> str:
    """Given what an answer must match (empty: anything) or be, and an answer, return what is wrong with it."""
    if "\0" in value:
        return "a zero byte is no part of a text"
    if choice and value not in choice:
        return f'expected one of {", ".join(choice)}, got "{value}"'
    if pattern and not re.fullmatch(pattern, value):
        return f'expected text that matches {pattern}, got "{value}"'
    return ""
