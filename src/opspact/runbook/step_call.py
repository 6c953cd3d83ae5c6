"""One step carried out on its hosts: values filled in, the door opened, what came of it judged.

Comes in: a step of a procedure, values, doors. Goes out: for each host what is recorded of it.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from hashlib import sha256

from opspact.errors import OperationFailed
from opspact.fleet.shell_words import word
from opspact.ledger.runbook_events import RunbookStepEnded, StepOutcome, worst
from opspact.model.policies.runbook import RunbookStep
from opspact.model.runbook_actions import (
    ACTION_NAMES,
    Action,
    AnsibleAction,
    BackupAction,
    CheckAction,
    CommandAction,
    FabricAction,
    RestoreAction,
    RunbookCheck,
    ScriptAction,
    WaitAction,
)
from opspact.runbook.doors import Answer, Doors, FabricCall, HostCommand, Tasks, Verdict
from opspact.runbook.output import recorded_detail, recorded_output, without_secrets
from opspact.runbook.procedure import Guard, ProcedureStep
from opspact.runbook.values import RunValues, ValueMissing, captured, filled_check
from opspact.structs import Struct, replace
from opspact.values.secret import Secret


class StepResult(Struct):
    """What one try of a step gave on one host, and the values that it captured. `is_begun`: anything was run there.

    `hidden`: the names of values that are not among them, as they hold secrets.
    """

    answer: Answer
    values: Mapping[str, str] = {}
    is_begun: bool = True
    hidden: tuple[str, ...] = ()

    @property
    def is_done(self) -> bool:
        """Whether the step is done there."""
        return self.answer.outcome is StepOutcome.DONE


class StepCall(Struct):
    """A step about to be carried out: with these values, through these doors, in this run."""

    stage: ProcedureStep
    values: RunValues
    doors: Doors
    run: str

    @property
    def step(self) -> RunbookStep:
        """The step."""
        return self.stage.runbook_step

    def carry_out(self, hosts: Sequence[str], action: Action) -> dict[str, StepResult]:
        """Given hosts, carry an action out on all; return for each what came of it, captures and assertions judged."""
        results: dict[str, StepResult] = {}
        ready: list[str] = []
        for host in hosts:
            try:
                self.check_values(action, host)
                ready.append(host)
            except (OperationFailed, ValueError) as error:
                results[host] = StepResult(Answer(outcome=StepOutcome.FAILED, detail=str(error)), is_begun=False)
        answers = self._through_door(ready, action) if ready else {}
        for host in ready:
            answer = answers.get(host) or Answer(outcome=StepOutcome.UNKNOWN, detail="no answer")
            results[host] = self._judged(host, answer)
        return {host: results[host] for host in hosts}

    def check_values(self, action: Action, host: str) -> None:
        """Raise OperationFailed when a value that the action needs is missing."""
        for text in _texts(action):
            word(self._filled(text, host))  # no zero byte, which no command can hold
        if isinstance(action, ScriptAction):
            if missing := self.values.missing_variables(action.script, self.stage.scope, host):
                raise ValueMissing(
                    f"the value {missing[0]} is missing: the step that captures it was skipped or has failed"
                )
            for value in self._named(action.script, host).values():
                word(value)
        if isinstance(action, AnsibleAction):
            self._named(action.tasks, host)

    def _through_door(self, hosts: Sequence[str], action: Action) -> Mapping[str, Answer]:
        timeout = self.step.timeout.seconds
        match action:
            case CheckAction():
                return self.checked(hosts, action.checks)
            case WaitAction():
                return self._waited(hosts, action, timeout)
            case BackupAction():
                return self.doors.backup(action.backup, hosts)
            case RestoreAction():
                wanted = {host: self._restore(action, host) for host in hosts}
                return self.doors.restore(wanted, run=self.run, step=self.stage.name)
        return self._run(hosts, action, timeout)

    def _run(self, hosts: Sequence[str], action: Action, timeout: float) -> Mapping[str, Answer]:
        match action:
            case CommandAction() | ScriptAction():
                return self.doors.commands({host: self.command(action, host) for host in hosts}, timeout=timeout)
            case AnsibleAction():
                return self.run_tasks(hosts, Tasks(action.tasks), timeout)
            case FabricAction():
                return self.doors.fabric({host: self._call(action, host) for host in hosts}, timeout=timeout)
        raise AssertionError(action)

    def command(self, action: CommandAction | ScriptAction, host: str) -> HostCommand:
        """Given a command and a host, return it with its values. Raise OperationFailed when one is missing."""
        environment = {name: self._filled(text, host) for name, text in action.environment.items()}
        stdin = None if action.stdin is None else self._filled(action.stdin, host)
        if isinstance(action, CommandAction):
            run = tuple(self._filled(text, host) for text in action.run)
            return HostCommand(run=run, user=action.user, environment=environment, stdin=stdin)
        return HostCommand(
            script=action.script,
            user=action.user,
            environment=environment,
            variables=self._named(action.script, host),  # all values could be too many for a program
            stdin=stdin,
        )

    def _named(self, text: str, host: str) -> dict[str, str]:
        """Return the values on a host that a script or tasks name. Raise OperationFailed when one was lost."""
        names = [name for name in self.values.every_name(self.stage.scope) if re.search(rf"\b{name}\b", text)]
        return self.values.known(self.stage.scope, host, names)

    def run_tasks(self, hosts: Sequence[str], tasks: Tasks, timeout: float) -> Mapping[str, Answer]:
        """Given tasks of Ansible, run them: hosts with the same values together, others apart."""
        together: dict[tuple[tuple[str, str], ...], list[str]] = {}
        for host in hosts:
            values = self.variables(host, tasks.json)
            plain = tuple((name, _revealed(value)) for name, value in sorted(values.items()))
            together.setdefault(plain, []).append(host)
        answers: dict[str, Answer] = {}
        for group in together.values():
            answers |= self.doors.tasks(group, tasks, values=self.variables(group[0], tasks.json), timeout=timeout)
        return answers

    def variables(self, host: str, tasks: str) -> dict[str, str | Secret]:
        """Given a host and tasks, return the variables that they name; one that holds a secret is never written."""
        scope, secrets = self.stage.scope, self.values.secrets
        plain = self._named(tasks, host)
        held = {
            name: Secret(text)
            for name, text in plain.items()
            if self.values.holds_secret(name, scope) or without_secrets(text, secrets) != text
        }
        return {**plain, **held, **{name: it for name, it in self.values.secret_inputs(scope).items() if name in tasks}}

    def _call(self, action: FabricAction, host: str) -> FabricCall:
        return FabricCall(action.task, {name: self._filled(text, host) for name, text in action.arguments.items()})

    def _restore(self, action: RestoreAction, host: str) -> RestoreAction:
        return replace(
            action,
            database=self._filled(action.database, host),
            new_name=self._filled(action.new_name, host),
            files=tuple(self._filled(text, host) for text in action.files),
            folder=self._filled(action.folder, host),
            at=self._filled(action.at, host),
        )

    def checked(self, hosts: Sequence[str], checks: Sequence[RunbookCheck]) -> dict[str, Answer]:
        """Given hosts and checks, make them, and return what they found. Raise OperationFailed for a missing value."""
        wanted = {host: self.values.filled_checks(checks, host, scope=self.stage.scope) for host in hosts}
        return {host: verdict_answer(verdicts) for host, verdicts in self.doors.check(wanted).items()}

    def _waited(self, hosts: Sequence[str], action: WaitAction, timeout: float) -> dict[str, Answer]:
        until, answers = self.doors.now().timestamp() + timeout, self.checked(hosts, action.checks)
        while waiting := [host for host, answer in answers.items() if answer.outcome is not StepOutcome.DONE]:
            left = until - self.doors.now().timestamp()
            if left <= 0:
                late = f"not so within {self.step.timeout.text}"
                return answers | {it: replace(answers[it], detail=f"{late}: {answers[it].detail}") for it in waiting}
            self.doors.wait(min(action.every.seconds, left))
            answers |= self.checked(waiting, action.checks)
        return answers

    def _filled(self, text: str, host: str) -> str:
        return self.values.filled(text, self.stage.scope, host)

    def _judged(self, host: str, answer: Answer) -> StepResult:
        """Return what an answer comes to, once its values are captured and what is asserted was judged."""
        if answer.outcome is StepOutcome.UNKNOWN:
            return StepResult(answer)
        own = {"output": (answer.value or answer.output).strip(), "exit_code": str(answer.exit_code)}
        own |= {} if answer.changed is None else {"changed": str(answer.changed).lower()}
        values, lacking = self._captures(answer)
        if answer.outcome is not StepOutcome.DONE:  # its exit code and output may be wanted all the same
            # a path that a failed step did not come to say is none, not an empty one
            return StepResult(answer, {name: value for name, value in values.items() if value})
        if not lacking:
            try:
                asserted = self.step.asserted
                is_so = self.values.holds(Guard(asserted, self.stage.scope), host, {**own, **values})
                lacking = "" if is_so else f"expected {asserted.words()}"
            except OperationFailed as error:
                lacking = str(error).partition("\n")[0]
        return StepResult(replace(answer, outcome=StepOutcome.FAILED, detail=lacking) if lacking else answer, values)

    def _captures(self, answer: Answer) -> tuple[dict[str, str], str]:
        """Return the values that a step gave, and why one of them is not there; empty: all are."""
        values: dict[str, str] = {}
        lacking: list[str] = []
        for name, capture in self.step.captures.items():
            try:
                values[name] = captured(capture, answer.value or answer.output, answer.exit_code)
            except OperationFailed as error:
                lacking.append(f"{name} is not captured: {str(error).partition(chr(10))[0]}")
        return values, next(iter(lacking), "")

    def event(self, host: str, results: Sequence[StepResult], *, attempt: int, started: datetime) -> RunbookStepEnded:
        """Given what the tries of a step came to on a host, return its event, with nothing of the secrets in it."""
        answer, secrets = results[-1].answer, self.values.secrets
        action, hides = self.step.action, self.step.hides_output

        def clean(texts: Sequence[str]) -> str:
            return "" if hides else recorded_output(without_secrets(_all_tries(results, texts), secrets))

        return RunbookStepEnded(
            run=self.run,
            step=self.stage.name,
            host=host,
            attempt=attempt,
            action=ACTION_NAMES[type(action)],
            outcome=answer.outcome,
            started=started,
            ended=self.doors.now(),
            command=tuple(without_secrets(text, secrets) for text in self.masked_command(action, host)),
            digest=answer.digest or _digest(action),
            exit_code=answer.exit_code,
            changed=answer.changed,
            output=clean([each.answer.output for each in results]),
            error_output=clean([each.answer.error_output for each in results]),
            size=answer.size or len(answer.output.encode("utf-8", "surrogateescape")),
            values=results[-1].values,
            hidden=results[-1].hidden,
            detail=recorded_detail(answer.detail, secrets),
            tries=sum(each.is_begun for each in results),
        )

    def masked_command(self, action: Action, host: str) -> tuple[str, ...]:
        """Return a command with its values, secrets as stars; a task with its arguments."""
        match action:
            case CommandAction():
                texts: tuple[str, ...] = action.run
            case ScriptAction():
                return (action.script,)
            case FabricAction():
                texts = (action.task, *(f"{name}={text}" for name, text in action.arguments.items()))
            case _:
                return ()
        try:
            return tuple(self.values.filled(text, self.stage.scope, host, revealed=False) for text in texts)
        except OperationFailed:
            return texts


def _revealed(value: str | Secret) -> str:
    return value.reveal() if isinstance(value, Secret) else value


def _all_tries(results: Sequence[StepResult], texts: Sequence[str]) -> str:
    """Return what all tries printed, each after the first with what the one before it came to."""
    if len(results) == 1 or not any(texts):
        return texts[-1]
    parts = []
    for number, (result, text) in enumerate(zip(results, texts, strict=True), 1):
        detail = f": {result.answer.detail}" if result.answer.detail else ""
        parts.append(f"[try {number}, {result.answer.outcome.value}{detail}]\n{text}")
    return "\n".join(part.rstrip("\n") for part in parts) + "\n"


def verdict_answer(verdicts: Sequence[Verdict]) -> Answer:
    """Given what checks found, return the answer: as bad as the worst of them, a line for each."""
    lines = "".join(f"{each.outcome.value}: {each.found}\n" for each in verdicts)
    outcome = worst((each.outcome for each in verdicts), default=StepOutcome.UNKNOWN)
    detail = "; ".join(each.found for each in verdicts if each.outcome is not StepOutcome.DONE)
    return Answer(outcome=outcome, output=lines, changed=False, detail=detail)


def _texts(action: Action) -> Iterator[str]:
    """Yield every text of an action in which values may stand."""
    found: list[str] = []

    def keep(text: str) -> str:
        found.append(text)
        return text

    match action:
        case CommandAction():
            found += [*action.run, *action.environment.values(), action.stdin or ""]
        case ScriptAction():
            found += [*action.environment.values(), action.stdin or ""]
        case FabricAction():
            found += action.arguments.values()
        case CheckAction() | WaitAction():
            for check in action.checks:
                filled_check(check, keep)
        case RestoreAction():
            found += [action.database, action.new_name, *action.files, action.folder, action.at]
    yield from found


def _digest(action: Action) -> str:
    match action:
        case AnsibleAction():
            text = action.tasks
        case ScriptAction():
            text = action.script
        case FabricAction():
            return action.digest
        case _:
            return ""
    return sha256(text.encode()).hexdigest()
