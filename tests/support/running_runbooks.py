"""Runbooks run through fake doors: hosts, people and the clock are scripted, the engine and the ledger are real."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta

from building import INVENTORY, tree
from runs import context

from opspact.ledger.event_type import EventType
from opspact.ledger.runbook_events import RunbookStarted, RunbookStepEnded, StepOutcome
from opspact.ledger.store import Ledger
from opspact.model.contract import Contract
from opspact.model.runbook_actions import RestoreAction, RunbookCheck
from opspact.onhost.redaction import Redactor
from opspact.resolve.contract import resolve
from opspact.run.execution import Execution, StageResult
from opspact.run.leases import Leases
from opspact.run.resume import Answer as ResumeAnswer
from opspact.runbook.attempt import Attempt
from opspact.runbook.doors import Answer, FabricCall, HostCommand, Prompt, Reply, Tasks, Verdict
from opspact.runbook.history import NewRun, claimed_targets, read_run, reclaimed_targets, run_to_resume
from opspact.runbook.procedure import Procedure, ProcedureStep, procedure
from opspact.runbook.request import checked_inputs, chosen_targets, find_runbook
from opspact.structs import Struct, replace
from opspact.values.secret import Secret

CONTRACT = "office"
DONE = Answer(outcome=StepOutcome.DONE, exit_code=0, changed=True)
HEAD = """\
kind: runbook
name: {name}
text: {{zh: 试, en: Try}}
risk: reversible
hosts: web
limits: {{max_targets: 2}}
without_restore_point: {{zh: 没有数据, en: no data}}
"""


def step(name: str, fields: str) -> str:
    return f"  - name: {name}\n    text: {{zh: 步骤, en: Step {name}}}\n" + "".join(
        f"    {line}\n" for line in fields.splitlines()
    )


def runbook(*steps: str, head: str = "", name: str = "try") -> str:
    return HEAD.format(name=name) + head + "steps:\n" + "".join(steps)


FIRST, SECOND = step("first", "command: [run, first]"), step("second", "command: [run, second]")
CALLED = """\
kind: runbook
name: called
text: {zh: 被调用, en: Called}
risk: reversible
hosts: web
without_restore_point: {zh: 没有, en: none}
inputs:
  unit: {text: {en: unit}, pattern: "[a-z]+"}
  mode: {text: {en: mode}, choice: [a, b], default: b}
steps:
  - {name: stop, text: {en: stop}, command: [stop, "{{ unit }}", "{{ mode }}"], capture: {word: {output: true}}}
  - {name: start, text: {en: start}, command: [start, "{{ word }}"]}
"""
BACKUP = (
    "kind: backup\nname: daily\nhosts: web\nwhat: {paths: [/etc]}\nschedule: daily at 02:00\nto: {host: backup1, "
    "repository: daily}\nkeep: {daily: 7}\nrpo: 26h\nrto: 4h\nencryption: none\n"
)


def said(output: str, code: int = 0, errors: str = "") -> Answer:
    outcome = StepOutcome.DONE if code == 0 else StepOutcome.FAILED
    return Answer(outcome=outcome, output=output, error_output=errors, exit_code=code, detail=errors)


FAILED = said("", 1, "it failed")
LOST = Answer(outcome=StepOutcome.UNKNOWN, detail="connection lost")
Responder = Callable[[str, HostCommand], Answer]


class FakeDoors:
    """Doors to nowhere. `calls` are what went through, in words; `script` says what a command gives on a host."""

    def __init__(self, script: Mapping[str, Sequence[Answer] | Answer] | None = None) -> None:
        self.calls: list[str] = []
        self.commands_seen: list[HostCommand] = []
        self.answers: dict[str, str] = {}
        self.replies: dict[str, Reply] = {}
        self.verdicts: dict[str, Verdict] = {}
        self.approval = Verdict(StepOutcome.UNKNOWN, "one approval is missing")
        self.copy = Verdict(StepOutcome.DONE, "the newest copy is 1h old; checked")
        self.refused: dict[str, str] = {}
        self.at = datetime(2026, 3, 2, 4, tzinfo=UTC)
        self.raises: dict[str, BaseException] = {}
        self._script = dict(script or {})

    def now(self) -> datetime:
        self.at += timedelta(seconds=1)
        return self.at

    def wait(self, seconds: float) -> None:
        self.calls.append(f"wait {seconds:g}")
        self.at += timedelta(seconds=seconds)

    def take(self, hosts: Sequence[str]) -> Mapping[str, str]:
        self.calls.append(f"take {' '.join(hosts)}")
        return {host: why for host, why in self.refused.items() if host in hosts}

    def release(self) -> None:
        self.calls.append("release")

    def _gives(self, what: str, host: str) -> Answer:
        for name in (f"{host} {what}", what):
            if name in self.raises:
                raise self.raises[name]
            found = self._script.get(name)
            if isinstance(found, Answer):
                return found
            if found:
                first, *rest = found
                self._script[name] = rest or first
                return first
        return DONE

    def commands(self, wanted: Mapping[str, HostCommand], *, timeout: float) -> Mapping[str, Answer]:
        given = {}
        for host, command in wanted.items():
            self.commands_seen.append(command)
            text = " ".join(command.run) or command.script.strip()
            self.calls.append(f"{host}: {text}")
            given[host] = self._gives(text, host)
        return given

    def tasks(
        self, hosts: Sequence[str], tasks: Tasks, *, values: Mapping[str, str | Secret], timeout: float
    ) -> Mapping[str, Answer]:
        self.calls.append(f"tasks on {' '.join(hosts)}{' in check mode' if tasks.check else ''}")
        return {host: self._gives("tasks", host) for host in hosts}

    def fabric(self, wanted: Mapping[str, FabricCall], *, timeout: float) -> Mapping[str, Answer]:
        self.calls += [f"{host}: fabric {call.task} {dict(call.arguments)}" for host, call in wanted.items()]
        return {host: self._gives(call.task, host) for host, call in wanted.items()}

    def check(self, wanted: Mapping[str, Sequence[RunbookCheck]]) -> Mapping[str, tuple[Verdict, ...]]:
        self.calls += [f"check {host}" for host in wanted]
        fine = Verdict(StepOutcome.DONE, "as expected")
        return {host: tuple(self.verdicts.get(host, fine) for _ in checks) for host, checks in wanted.items()}

    def backup(self, backup: str, hosts: Sequence[str]) -> Mapping[str, Answer]:
        self.calls.append(f"backup {backup} of {' '.join(hosts)}")
        return {host: self._gives(f"backup {backup}", host) for host in hosts}

    def restore(self, wanted: Mapping[str, RestoreAction], *, run: str, step: str) -> Mapping[str, Answer]:
        self.calls += [f"restore {action.backup} on {host}" for host, action in wanted.items()]
        return {host: self._gives(f"restore {action.backup}", host) for host, action in wanted.items()}

    def copies(self, backup: str, hosts: Sequence[str]) -> Mapping[str, Verdict]:
        self.calls.append(f"copies of {backup}")
        return dict.fromkeys(hosts, self.copy)

    def approvals(self, run: str, step: str, approval: str) -> Verdict:
        self.calls.append(f"approvals {step} {approval}")
        return self.approval

    def ask(self, prompt: Prompt) -> Reply | None:
        self.calls.append(f"ask {prompt.step}.{prompt.name}")
        for name in (f"{prompt.step}.{prompt.name}", prompt.name):
            if name in self.replies:
                return self.replies[name]
            if name in self.answers:
                return Reply(self.answers[name])
        return None


class Quiet:
    """Progress that nobody sees."""

    def started(self, stage: ProcedureStep, hosts: Sequence[str]) -> None: ...

    def ended(self, stage: ProcedureStep, events: Sequence[RunbookStepEnded]) -> None: ...


def contract_of(
    *runbooks: str, policies: Sequence[str] = (), files: Mapping[str, str | bytes] | None = None
) -> Contract:
    """Return a contract with runbooks: each a text after HEAD, or whole."""
    texts = {f"runbooks/r{number}.yaml": text for number, text in enumerate(runbooks)}
    return resolve(tree(*policies, inventory=INVENTORY, files={**texts, **(files or {})}))


class Ran(Struct):
    """What came of an attempt."""

    run: str
    result: StageResult
    steps: tuple[RunbookStepEnded, ...]

    @property
    def path(self) -> list[str]:
        """The steps with what they came to, but for the stages of a rollback that was not needed."""
        return [
            f"{each.step}{f'@{each.host}' if each.host else ''} {each.outcome.value}"
            for each in self.steps
            if each.detail != "nothing is rolled back"
        ]


class Office:
    """Runs of one contract's runbooks on one ledger."""

    def __init__(self, ledger: Ledger, contract: Contract, secrets: Mapping[str, Secret] | None = None) -> None:
        self.ledger, self.contract, self.secrets = ledger, contract, dict(secrets or {})
        self.number = 0

    def start(self, doors: FakeDoors, name: str = "try", *, hosts: Sequence[str] = ("app1",), **inputs: str) -> Ran:
        """Start a run of a runbook."""
        self.number += 1
        runbook, run = find_runbook(self.contract, name), f"run-{self.number}"
        targets = chosen_targets(runbook, hosts)
        given = checked_inputs(runbook, inputs, Redactor(()))
        made = procedure(self.contract, runbook, targets, inputs=given)
        claims = claimed_targets(self.ledger, CONTRACT, NewRun(run, name, targets), now=datetime.now(UTC))
        started = RunbookStarted(run, name, made.digest, targets, given)
        attempt = Attempt(procedure=made, started=started, operator="li-na", secrets=self.secrets)
        return self._carry_out(attempt, doors, (started, *claims))

    def resume(self, doors: FakeDoors, run: str, **answers: str) -> Ran:
        """Go on with a run; answers are about stages that must not be repeated silently."""
        before = run_to_resume(read_run(self.ledger, CONTRACT, run, now=datetime.now(UTC)))
        started = before.started.event
        runbook = find_runbook(self.contract, started.runbook)
        made = procedure(self.contract, runbook, started.targets, inputs=started.inputs)
        attempt = Attempt(procedure=made, started=started, operator="li-na", secrets=self.secrets, before=before)
        said = {name.replace("_", "-"): ResumeAnswer(text) for name, text in answers.items()}
        claims = reclaimed_targets(self.ledger, CONTRACT, before)
        return self._carry_out(replace(attempt, answers=said), doors, claims)

    def _carry_out(self, attempt: Attempt, doors: FakeDoors, opening: tuple[EventType, ...] = ()) -> Ran:
        run = attempt.run
        leases = Leases(self.ledger, context, run=run.id, attempt=attempt.state.attempt + 1)
        execution = Execution(run, attempt.planned(), leases, opening=(*opening, *attempt.opening))
        engine = attempt.engine(leases, doors, Quiet(), language="en", redactor=Redactor(()))
        result = execution.carry_out(engine.work())
        found = read_run(self.ledger, CONTRACT, run.id, now=datetime.now(UTC))
        return Ran(run.id, result, tuple(each.event for each in found.steps))

    def procedure(self, name: str = "try", hosts: Sequence[str] = ("app1",)) -> Procedure:
        """Return a runbook's procedure."""
        return procedure(self.contract, find_runbook(self.contract, name), tuple(hosts), inputs={})
