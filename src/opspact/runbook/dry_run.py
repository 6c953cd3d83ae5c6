"""A dry run: what each step would do, how much of that was really tried, and what was not.

Comes in: a procedure, values, doors. Goes out: for each step what became of it. Nothing is changed and nothing is
recorded: checks are made, Ansible's tasks run in check mode, and of a read-only runbook the commands too; what is not
known to read only is left out, whatever the runbook says (`dry_run_limits`).
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
    RunbookCheck,
    ScriptAction,
    WaitAction,
)
from opspact.onhost.redaction import Redactor
from opspact.runbook.doors import Answer, Doors, Tasks, Verdict
from opspact.runbook.dry_run_limits import unsafe_check, unsafe_command, unsafe_tasks
from opspact.runbook.output import without_secrets
from opspact.runbook.procedure import Part, Procedure, ProcedureStep
from opspact.runbook.step_call import StepCall, StepResult, verdict_answer
from opspact.runbook.step_recorder import action_name, without_secret_values
from opspact.runbook.values import RunValues
from opspact.structs import Struct, replace


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
    """One dry run of a procedure. `redactor` says what else must not be shown."""

    procedure: Procedure
    values: RunValues
    doors: Doors
    redactor: Redactor

    def steps(self) -> Iterator[DryStep]:
        """Yield what becomes of each step, in order. Rollbacks are not among them: nothing fails for good."""
        return map(self._masked, self._stages())

    def _masked(self, step: DryStep) -> DryStep:
        """Return what became of a step without the secrets that are known by now, those of its own values too."""
        secrets = self.values.secrets
        command = tuple(without_secrets(text, secrets) for text in step.command)
        return replace(step, found=without_secrets(step.found, secrets), command=command)

    def _stages(self) -> Iterator[DryStep]:
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
        left: list[str] = []
        for each in self.procedure.runbook.preconditions:
            hosts = self.values.precondition_hosts(each, stage.hosts)
            found, why = self._checked(hosts, each.checks, scope="")
            answers += found.values()
            left += why
        return self._of_checks(stage, stage.hosts, answers, left=left)

    def _checked(
        self, hosts: Sequence[str], checks: Sequence[RunbookCheck], *, scope: str
    ) -> tuple[dict[str, Answer], list[str]]:
        """Make checks on hosts; return for each what they found, and why some were left out."""
        wanted: dict[str, list[RunbookCheck]] = {}
        left: list[str] = []
        for host in hosts:
            for written, check in zip(checks, self.values.filled_checks(checks, host, scope=scope), strict=True):
                if why := unsafe_check(written, check):
                    left.append(why)
                else:
                    wanted.setdefault(host, []).append(check)
        found = self.doors.check(wanted) if wanted else {}
        return {host: verdict_answer(verdicts) for host, verdicts in found.items()}, left

    def _of_checks(
        self, stage: ProcedureStep, hosts: Sequence[str], answers: Sequence[Answer], *, left: Sequence[str]
    ) -> DryStep:
        """Return what became of checks that must all hold: one that does not decides, whatever was left out."""
        fine = all(each.outcome is StepOutcome.DONE for each in answers)
        return self._left(stage, hosts, left[0]) if left and fine else _simulated(stage, hosts, answers)

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
        except (OperationFailed, ValueError) as error:  # a value is missing, or holds a zero byte
            return self._left(stage, chosen, str(error).partition("\n")[0])

    def _unknown(self, stage: ProcedureStep, names: Iterable[str]) -> list[str]:
        """Return the names of a condition that nothing in this dry run has given."""
        known = self.values.known(stage.scope, "", names)
        return [name for name in names if name not in known and not self.values.has_outcome(f"{stage.scope}{name}")]

    def _tried(self, stage: ProcedureStep, hosts: Sequence[str]) -> DryStep:
        call, action = StepCall(stage, self.values, self.doors, "dry-run"), stage.runbook_step.action
        for host in hosts:
            call.check_values(action, host)
        match action:
            case CheckAction(checks) | WaitAction(checks):
                found, left = self._checked(hosts, checks, scope=stage.scope)
                shown = self._of_checks(stage, hosts, tuple(found.values()), left=left)
                results = {host: StepResult(answer) for host, answer in found.items()}
                if shown.coverage is Coverage.SIMULATED:
                    self._keep(stage, results)
                return shown
            case AnsibleAction(tasks):
                if why := unsafe_tasks(tasks):
                    return self._left(stage, hosts, why)
                answers = call.run_tasks(hosts, Tasks(tasks, True), stage.runbook_step.timeout.seconds)
                results = {host: StepResult(answer) for host, answer in answers.items()}
            case CommandAction() | ScriptAction() if self._is_read_only(stage):
                commands = (call.command(action, host) for host in hosts)
                if why := next(filter(None, map(unsafe_command, commands)), ""):
                    return self._left(stage, hosts, why, command=call.masked_command(action, hosts[0]))
                results = call.carry_out(hosts, action)
            case ManualAction() | ApproveAction() | NotifyAction():
                return self._left(stage, hosts, stage.runbook_step.text.en)
            case _:
                command = call.masked_command(action, hosts[0])
                return self._left(stage, hosts, stage.runbook_step.text.en, command=command)
        self._keep(stage, results)
        return _simulated(stage, hosts, [each.answer for each in results.values()])

    def _is_read_only(self, stage: ProcedureStep) -> bool:
        """Whether the runbook says that none of its steps changes anything; one that it calls may say otherwise."""
        return self.procedure.runbook.risk is Risk.READ_ONLY and not stage.scope

    def _keep(self, stage: ProcedureStep, results: "dict[str, StepResult]") -> None:
        at = self.doors.now()
        for host, given in results.items():
            result = without_secret_values(given, self.values, self.redactor, scope=stage.scope, host=host)
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
                hidden=result.hidden,
            )
            self.values.add(event, stage.scope)

    def _left(self, stage: ProcedureStep, hosts: Sequence[str], why: str, *, command: tuple[str, ...] = ()) -> DryStep:
        named = tuple(filter(None, hosts))
        return DryStep(stage.name, action_name(stage), named, Coverage.NOT_SIMULATED, why, command=command)


def _simulated(stage: ProcedureStep, hosts: Sequence[str], answers: Sequence[Answer]) -> DryStep:
    outcome = worst((each.outcome for each in answers), default=StepOutcome.UNKNOWN)
    found = "; ".join(filter(None, (each.detail for each in answers))) or "as expected"
    return DryStep(stage.name, action_name(stage), tuple(hosts), Coverage.SIMULATED, found, outcome)
