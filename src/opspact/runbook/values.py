"""The values of a run: inputs, what steps captured, what steps came to; by name, where need be for one host.

Comes in: inputs, recorded steps. Goes out: texts with values in them, conditions judged, captured values.
"""

import json
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from opspact.errors import OperationFailed
from opspact.ledger.runbook_events import RunbookStepEnded, StepOutcome, worst
from opspact.model.policies.runbook import BUILT_IN, Capture, Precondition
from opspact.model.runbook_actions import (
    CommandCheck,
    FileCheck,
    HttpCheck,
    PackageCheck,
    ProcessCheck,
    RunbookCheck,
    TcpCheck,
    UnitCheck,
)
from opspact.runbook.output import without_secrets
from opspact.runbook.procedure import Guard, ScopeInput
from opspact.runbook.request import input_problem
from opspact.structs import replace
from opspact.values.placeholders import filled, placeholder_names
from opspact.values.script_variables import needed_variables
from opspact.values.secret import Secret

LARGEST_VALUE = 65_536
"""Bytes of a captured value: one argument or variable of a program may have 128 KiB (Linux: MAX_ARG_STRLEN)."""
_MASK = "********"


class ValueMissing(OperationFailed):
    """A step needs a value that nothing has given."""


class LostValue(ValueMissing):
    """A value was there, and cannot be had again: whoever asks for it must not take it for an empty one."""


class RunValues:
    """The values of one run; `secrets` are those of secret inputs, `called` the inputs of called runbooks."""

    def __init__(
        self, inputs: Mapping[str, str], secrets: Mapping[str, Secret], called: Mapping[str, ScopeInput]
    ) -> None:
        self._inputs = dict(inputs)
        self._secrets = dict(secrets)
        self._called = dict(called)
        self._captured: dict[str, dict[str, str]] = {}
        self._outcomes: dict[str, dict[str, StepOutcome]] = {}  # by step and host: the newest attempt's
        self._attached: set[str] = set()
        self._hidden: dict[str, set[str]] = {}  # by name: the hosts whose value holds a secret, and is known
        self._secret_texts: list[str] = []
        self._lost: dict[str, set[str]] = {}
        self._givers: dict[str, set[str]] = {}

    @property
    def secrets(self) -> tuple[str, ...]:
        """The raw texts that must be found nowhere: of secret inputs, and of values that hold secrets."""
        return (*(secret.reveal() for secret in self._secrets.values()), *self._secret_texts)

    def secret_inputs(self, scope: str) -> dict[str, Secret]:
        """Return the secrets of a scope, by name: a called runbook is given texts alone."""
        return {} if scope else dict(self._secrets)

    def add(self, event: RunbookStepEnded, scope: str) -> None:
        """Given a step that ended, keep its values and what it came to; `scope` is that of its runbook."""
        for name, value in event.values.items():
            self.keep(f"{scope}{name}", value, host=event.host)
        self._outcomes.setdefault(event.step, {})[event.host] = event.outcome
        for name in event.hidden:
            if event.host not in self._hidden.get(f"{scope}{name}", set()):
                self._lost.setdefault(f"{scope}{name}", set()).add(event.host)

    def keep_outcome(self, step: str, outcome: StepOutcome) -> None:
        """Given the name of a step and what it came to, keep that: a person has said it."""
        self._outcomes[step] = {"": outcome}

    def has_outcome(self, step: str) -> bool:
        """Whether it is known what a step came to, by its scoped name."""
        return step.replace("/", "-") in self._outcomes

    def expect(self, name: str, hosts: Iterable[str]) -> None:
        """Given the scoped name of a value and the hosts on which a step captures it, remember them.

        On those hosts, a value of another host is none.
        """
        self._givers.setdefault(name, set()).update(hosts)

    def missing_variables(self, script: str, scope: str, host: str) -> list[str]:
        """Given a script, return the values that it needs, that steps capture and that are not there."""
        asked = [name for name in needed_variables(script) if f"{scope}{name}" in self._givers]
        known = self.known(scope, host, asked)
        return [name for name in asked if name not in known]

    def holds_secret(self, name: str, scope: str) -> bool:
        """Whether a value holds a secret: it was captured from a text that had to be masked."""
        return f"{scope}{name}" in self._hidden

    def hide(self, name: str, value: str, texts: Iterable[str], *, host: str = "") -> None:
        """Given the scoped name of a value that holds a secret, keep it, and mask from now on what is secret in it."""
        self.keep(name, value, host=host)
        self._hidden.setdefault(name, set()).add(host)
        self._secret_texts += [text for text in texts if text not in self._secret_texts]

    def keep(self, name: str, value: str, *, host: str = "") -> None:
        """Given the scoped name of a value, keep it."""
        self._captured.setdefault(name, {})[host] = value
        self._lost.get(name, set()).discard(host)

    def attach(self, names: Iterable[str]) -> None:
        """Given the names of evidence that was attached, remember them."""
        self._attached.update(names)

    def is_attached(self, name: str) -> bool:
        """Whether evidence of that name was attached."""
        return name in self._attached

    def value(self, name: str, scope: str, host: str, *, revealed: bool = True) -> str:
        """Given a name, return its value at a step of a scope on a host; a secret as stars unless it is `revealed`.

        Raise ValueMissing when there is none, or when hosts captured different ones and this host none.
        """
        full = f"{scope}{name}"
        lost = self._lost.get(full, set())
        if host in lost or (lost and host not in self._captured.get(full, {})):
            raise LostValue(
                f'the value "{name}" held a secret, so it was not recorded, and the run has been stopped since: '
                "abandon the run and start a new one"
            )
        if full in self._captured:
            return _on_host(name, self._captured[full], host, is_own=host in self._givers.get(full, ()))
        if full in self._called:
            given = self._called[full]
            text = self.filled(given.text, given.scope, host, revealed=revealed)
            if why := input_problem(given.input, self.filled(given.text, given.scope, host)):
                raise OperationFailed(f"the called runbook's input {name} does not fit: {why}")
            return text
        if not scope and name in self._secrets:
            return self._secrets[name].reveal() if revealed else _MASK
        if name == "host":
            return host
        if name in self._inputs and (not scope or name in BUILT_IN):
            return self._inputs[name]
        raise ValueMissing(f'the value "{name}" is missing', hint="the step that captures it was skipped or has failed")

    def filled(self, text: str, scope: str, host: str, *, revealed: bool = True) -> str:
        """Given a text, return it with the values for which its placeholders stand. Raise ValueMissing."""
        return filled(
            text, {name: self.value(name, scope, host, revealed=revealed) for name in placeholder_names(text)}
        )

    def filled_checks(self, checks: Iterable[RunbookCheck], host: str, *, scope: str = "") -> tuple[RunbookCheck, ...]:
        """Given checks for a host, return them with their values. Raise ValueMissing."""
        return tuple(filled_check(each, lambda text: self.filled(text, scope, host)) for each in checks)

    def precondition_hosts(self, precondition: Precondition, targets: tuple[str, ...]) -> tuple[str, ...]:
        """Given a precondition of the runbook that is run, return the hosts on which it is checked."""
        if precondition.hosts.input:
            return (self.value(precondition.hosts.input, "", ""),)
        return precondition.hosts.names or targets

    def masked(self, text: str, scope: str) -> str:
        """Given a text for people, return it with values, and nothing secret in it. Raise ValueMissing."""
        return without_secrets(self.filled(text, scope, "", revealed=False), self.secrets)

    def known(self, scope: str, host: str, names: Iterable[str]) -> dict[str, str]:
        """Given names, return those that have a value at a step of a scope on a host."""
        found: dict[str, str] = {}
        for name in names:
            try:
                found[name] = self.value(name, scope, host)
            except LostValue:
                raise
            except ValueMissing:
                continue
        return found

    def has_value(self, name: str, scope: str) -> bool:
        """Whether a value of a scope is there, on whatever host, and is no empty text."""
        try:
            found = self._captured.get(f"{scope}{name}", {}).values() or [self.value(name, scope, "")]
        except ValueMissing:
            return False
        return any(value.strip() for value in found)

    def every_name(self, scope: str) -> tuple[str, ...]:
        """Return the name of every value of a scope: those that a script has as variables."""
        own = [*(self._inputs if not scope else BUILT_IN), *(self._secrets if not scope else ()), "host"]
        scoped = [name.removeprefix(scope) for name in (*self._captured, *self._called) if name.startswith(scope)]
        return tuple(dict.fromkeys(name for name in (*own, *scoped) if "/" not in name))

    def holds(self, guard: Guard, host: str, more: Mapping[str, str] | None = None) -> bool:
        """Given a condition of a scope, return whether it holds on a host; `more`: values of the step itself.

        A value that is missing is an empty text; the name of a step stands for what it came to. Raise OperationFailed
        when a number is needed and the value is none.
        """
        names = guard.condition.names
        values = {**self.known(guard.scope, host, names), **(more or {})}
        for name in names:
            stage = f"{guard.scope}{name}".replace("/", "-")
            if name not in values and stage in self._outcomes:
                values[name] = worst(self._outcomes[stage].values()).value
        try:
            return guard.condition.holds(values)
        except ValueError as error:
            raise OperationFailed(str(error)) from error


def _on_host(name: str, by_host: Mapping[str, str], host: str, *, is_own: bool) -> str:
    if host in by_host:
        return by_host[host]
    if is_own and "" not in by_host:
        raise ValueMissing(f'the value "{name}" is missing on {host}', hint="the step that captures it failed there")
    if len(set(by_host.values())) == 1:
        return next(iter(by_host.values()))
    hosts = ", ".join(sorted(by_host))
    raise ValueMissing(f'the value "{name}" differs between {hosts}, and {host or "this step"} has none of its own')


def captured(capture: Capture, output: str, exit_code: int | None) -> str:
    """Given where a value comes from, return it. Raise OperationFailed when it is not there, or too large to be one."""
    value = _captured(capture, output, exit_code)
    if (size := len(value.encode("utf-8", "replace"))) > LARGEST_VALUE:
        raise OperationFailed(f"it has {size} bytes, and a value {LARGEST_VALUE} at most: capture a part of it")
    return value


def _captured(capture: Capture, output: str, exit_code: int | None) -> str:
    match capture.source:
        case "output":
            return output.strip()
        case "exit_code":
            return "" if exit_code is None else str(exit_code)
        case "pattern":
            found = re.search(capture.expression, output, re.MULTILINE)
            if found is None:
                raise OperationFailed(f"nothing in the output matches {capture.expression}")
            value = found[1] if found.re.groups else found[0]
            if value is None:  # an optional group
                raise OperationFailed(f"the group of {capture.expression} matches nothing in the output")
            return value
        case _:
            return _in_json(capture.expression, output)


def _in_json(path: str, output: str) -> str:
    try:
        value: Any = json.loads(output)
        for part in path.split("."):
            value = value[int(part)] if isinstance(value, list) else value[part]
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        text.encode()  # half of a surrogate pair is no text, and nothing that could be recorded
    except (ValueError, LookupError, TypeError, RecursionError) as error:
        raise OperationFailed(f"the output has no JSON value at {path}") from error
    return text


def filled_check(check: RunbookCheck, fill: Callable[[str], str]) -> RunbookCheck:
    """Given a check and what fills values into a text, return the check with its values."""
    match check:
        case UnitCheck() | PackageCheck() | ProcessCheck():
            return replace(check, name=fill(check.name))
        case FileCheck():
            contains = None if check.contains is None else fill(check.contains)
            return replace(check, path=fill(check.path), contains=contains)
        case CommandCheck():
            return replace(check, run=tuple(map(fill, check.run)))
        case TcpCheck():
            return replace(check, address=fill(check.address))
        case HttpCheck():
            return replace(check, url=fill(check.url), contains=fill(check.contains))
