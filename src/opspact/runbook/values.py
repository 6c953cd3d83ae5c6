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
        self._hidden: set[str] = set()
        self._lost: set[str] = set()
        self._givers: dict[str, set[str]] = {}

    @property
    def secrets(self) -> tuple[str, ...]:
        """The raw texts of the secret inputs, which must be found nowhere."""
        return tuple(secret.reveal() for secret in self._secrets.values())

    def secret_inputs(self, scope: str) -> dict[str, Secret]:
        """Return the secrets of a scope, by name: a called runbook is given texts alone."""
        return {} if scope else dict(self._secrets)

    def add(self, event: RunbookStepEnded, scope: str) -> None:
        """Given a step that ended, keep its values and what it came to; `scope` is that of its runbook."""
        for name, value in event.values.items():
            self._captured.setdefault(f"{scope}{name}", {})[event.host] = value
        self._outcomes.setdefault(event.step, {})[event.host] = event.outcome
        held = {name for name in event.hidden if f"{scope}{name}" not in self._captured}
        self._lost |= {f"{scope}{name}" for name in held}

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

    def hide(self, name: str) -> None:
        """Given the scoped name of a value, remember that it holds a secret."""
        self._hidden.add(name)

    def keep(self, name: str, value: str, *, host: str = "") -> None:
        """Given the scoped name of a value, keep it: the operator gave it."""
        self._captured.setdefault(name, {})[host] = value

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
        if full in self._lost:
            raise LostValue(
                f'the value "{name}" held a secret, so it was not recorded, and the run has been stopped since',
                hint="abandon the run and start a new one",
            )
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
    """Given where a value comes from, return it. Raise OperationFailed when it is not there."""
    match capture.source:
        case "output":
            return output.strip()
        case "exit_code":
            return "" if exit_code is None else str(exit_code)
        case "pattern":
            found = re.search(capture.expression, output, re.MULTILINE)
            if found is None:
                raise OperationFailed(f"nothing in the output matches {capture.expression}")
            return found[1] if found.re.groups else found[0]
        case _:
            return _in_json(capture.expression, output)


def _in_json(path: str, output: str) -> str:
    try:
        value: Any = json.loads(output)
        for part in path.split("."):
            value = value[int(part)] if isinstance(value, list) else value[part]
    except (ValueError, LookupError, TypeError) as error:
        raise OperationFailed(f"the output has no JSON value at {path}") from error
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


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
