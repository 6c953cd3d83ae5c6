"""A dry run: what each step would do, how much of that was really tried, and what was not.

Comes in: a procedure, values, doors. Goes out: for each step what became of it. Nothing is changed and nothing is
recorded: checks are made, Ansible's tasks run in check mode, and of a read-only runbook the commands too.
"""

from collections.abc import Iterable, Iterator, Sequence
from enum import StrEnum

from opspact.errors import OperationFailed
from opspact.ledger.runbook_events import RunbookStepEnded, StepOutcome, worst
from opspact.model.policies.runbook import Risk
from opspact.model.runbook_actions import (
    AnsibleAction,
    ApproveAction,
    CheckAction,
    CommandAction,
    ManualAction,
    NotifyAction,
    ScriptAction,
    WaitAction,
)
from opspact.runbook.doors import Answer, Doors, Tasks, Verdict
from opspact.runbook.procedure import Part, Procedure, ProcedureStep
from opspact.runbook.step_call import StepCall, StepResult, verdict_answer
from opspact.runbook.step_recorder import action_name
from opspact.runbook.values import RunValues
from opspact.structs import Struct


class Coverage(StrEnum):
    """What a dry run did of a step."""

    SIMULATED = "simulated"
    NOT_SIMULATED = "not simulated"
    SKIPPED = "skipped"


class DryStep(Struct):
    """One step in a dry run: on which hosts, what became of it, what was found, what it would run."""

    name: str
    action: str
    hosts: tuple[str, ...]
    coverage: Coverage
    found: str
    outcome: StepOutcome | None = None
    command: tuple[str, ...] = ()


def percent(steps: Iterable[DryStep]) -> int:
    """Given the steps of a dry run, return how many of those that are not skipped were simulated, in percent."""
    counted = [each for each in steps if each.coverage is not Coverage.SKIPPED]
    simulated = sum(each.coverage is Coverage.SIMULATED for each in counted)
    return round(100 * simulated / len(counted)) if counted else 100


class DryRun(Struct):
    """One dry run of a procedure."""

    procedure: Procedure
    values: RunValues
    doors: Doors

    def steps(self) -> Iterator[DryStep]:
        """Yield what becomes of each step, in order. Rollbacks are not among them: nothing fails for good."""
        for stage in self.procedure.steps:
            match stage.part:
                case Part.PRECONDITIONS:
                    yield self._preconditions(stage)
                case Part.RESTORE_POINT:
                    yield self._restore_point(stage)
                case Part.STEP:
                    yield self._step(stage)
                case Part.ROLLBACK | Part.CLOSE:
                    continue

    def _preconditions(self, stage: ProcedureStep) -> DryStep:
        answers: list[Answer] = []
        for each in self.procedure.runbook.preconditions:
            hosts = self.values.precondition_hosts(each, stage.hosts)
            answers += map(
                verdict_answer,
                self.doors.check({host: self.values.filled_checks(each.checks, host) for host in hosts}).values(),
            )
        return _simulated(stage, stage.hosts, answers)

    def _restore_point(self, stage: ProcedureStep) -> DryStep:
        uncovered = self.procedure.uncovered
        verdicts = [Verdict(StepOutcome.FAILED, f"no restore point covers {host}") for host in uncovered]
        for backup, hosts in self.procedure.restore_points.items():
            verdicts += self.doors.copies(backup, hosts).values()
        return _simulated(stage, stage.hosts, [verdict_answer(verdicts)])

    def _step(self, stage: ProcedureStep) -> DryStep:
        hosts = stage.hosts or ("",)
        open_names = [name for guard in stage.guards for name in self._unknown(stage, guard.condition.names)]
        if open_names:
            words = f"whether it is carried out depends on {', '.join(dict.fromkeys(open_names))}"
            return self._left(stage, hosts, words)
        try:
            chosen = [host for host in hosts if all(self.values.holds(guard, host) for guard in stage.guards)]
        except OperationFailed as error:
            return self._left(stage, hosts, str(error).partition("\n")[0])
        if not chosen:
            return DryStep(stage.name, action_name(stage), (), Coverage.SKIPPED, "its condition does not hold")
        try:
            return self._tried(stage, chosen)
        except OperationFailed as error:
            return self._left(stage, chosen, str(error).partition("\n")[0])

    def _unknown(self, stage: ProcedureStep, names: Iterable[str]) -> list[str]:
        """Return the names of a condition that nothing in this dry run has given."""
        known = self.values.known(stage.scope, "", names)
        return [name for name in names if name not in known and not self.values.has_outcome(f"{stage.scope}{name}")]

    def _tried(self, stage: ProcedureStep, hosts: Sequence[str]) -> DryStep:
        call = StepCall(stage, self.values, self.doors, "dry-run")
        match stage.runbook_step.action:
            case CheckAction(checks) | WaitAction(checks):
                for check_host in hosts:
                    call.check_values(stage.runbook_step.action, check_host)
                answers = {host: StepResult(answer) for host, answer in call.checked(hosts, checks).items()}
            case AnsibleAction(tasks):
                timeout = stage.runbook_step.timeout.seconds
                found = call.run_tasks(hosts, Tasks(tasks, True), timeout)
                answers = {host: StepResult(answer) for host, answer in found.items()}
            case CommandAction() | ScriptAction() if self._is_read_only(stage):
                answers = call.carry_out(hosts, stage.runbook_step.action)
            case ManualAction() | ApproveAction() | NotifyAction():
                return self._left(stage, hosts, stage.runbook_step.text.en)
            case _:
                for host in hosts:
                    call.check_values(stage.runbook_step.action, host)
                return self._left(
                    stage,
                    hosts,
                    stage.runbook_step.text.en,
                    command=call.masked_command(stage.runbook_step.action, hosts[0]),
                )
        self._keep(stage, answers)
        return _simulated(stage, hosts, [each.answer for each in answers.values()])

    def _is_read_only(self, stage: ProcedureStep) -> bool:
        """Whether the runbook says that none of its steps changes anything; one that it calls may say otherwise."""
        return self.procedure.runbook.risk is Risk.READ_ONLY and not stage.scope

    def _keep(self, stage: ProcedureStep, results: "dict[str, StepResult]") -> None:
        at = self.doors.now()
        for host, result in results.items():
            event = RunbookStepEnded(
                run="dry-run",
                step=stage.name,
                host=host,
                attempt=1,
                action=action_name(stage),
                outcome=result.answer.outcome,
                started=at,
                ended=at,
                values=result.values,
            )
            self.values.add(event, stage.scope)

    def _left(self, stage: ProcedureStep, hosts: Sequence[str], why: str, *, command: tuple[str, ...] = ()) -> DryStep:
        named = tuple(filter(None, hosts))
        return DryStep(stage.name, action_name(stage), named, Coverage.NOT_SIMULATED, why, command=command)


def _simulated(stage: ProcedureStep, hosts: Sequence[str], answers: Sequence[Answer]) -> DryStep:
    outcome = worst((each.outcome for each in answers), default=StepOutcome.UNKNOWN)
    found = "; ".join(filter(None, (each.detail for each in answers))) or "as expected"
    return DryStep(stage.name, action_name(stage), tuple(hosts), Coverage.SIMULATED, found, outcome)
