"""`opspact runbook run|resume|abandon`: a runbook carried out for hosts, and gone on with after whatever stopped it.

Comes in: the contract's folder, a runbook or a run, answers. Goes out: its effects, every step in the ledger.
"""

import re
import sys
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from secrets import token_hex
from typing import Annotated, cast

import typer

from opspact.cli.hosts import CommandContext, command_context
from opspact.cli.output_format import Format
from opspact.cli.runbook_doors import doors
from opspact.cli.runbook_terminal import Operator, pairs
from opspact.cli.settings import settings_of
from opspact.cli.streams import can_ask
from opspact.errors import ExitCode, NothingFound, OperationFailed, Refused
from opspact.evidence.approvals import people_named
from opspact.fleet import signals
from opspact.fleet.own_logins import own_logins
from opspact.fleet.secrets import resolve as resolve_secrets
from opspact.fleet.signers import key_holders
from opspact.ledger.event_type import EventType
from opspact.ledger.run_events import RunOutcome
from opspact.ledger.runbook_events import RunbookAbandoned, RunbookStarted, StepOutcome
from opspact.ledger.store import Ledger
from opspact.model.policies.runbook import Risk, Runbook
from opspact.report.lines import line
from opspact.report.runbook_run import (
    RunProgress,
    RunResult,
    dry_run_json,
    dry_run_lines,
    result_json,
    result_lines,
    resume_lines,
    start_lines,
)
from opspact.rollout.freeze import refuse_changes
from opspact.rollout.windows import refuse_closed
from opspact.run.execution import Execution, StageResult, Work
from opspact.run.leases import Leases
from opspact.run.resume import Answer, Unanswered
from opspact.run.stage import new_id
from opspact.runbook.approval_statement import read_approval
from opspact.runbook.approvals import RunApprovals
from opspact.runbook.attempt import RESUME, Attempt
from opspact.runbook.doors import Prompt
from opspact.runbook.dry_run import DryRun, DryStep
from opspact.runbook.history import (
    NewRun,
    RunbookRun,
    claimed_targets,
    last_results,
    read_run,
    reclaimed_targets,
    run_procedure,
    run_to_resume,
)
from opspact.runbook.procedure import PROCEDURE, Procedure, procedure
from opspact.runbook.refusal import refuse_errors
from opspact.runbook.rehearsal import refuse_outside_rehearsal
from opspact.runbook.request import RunRequest, checked_inputs, chosen_targets, find_runbook, missing_inputs
from opspact.runbook.value_secrets import is_masked
from opspact.structs import Struct, replace
from opspact.values.secret import Secret
from opspact.workspace.workspace import actor, now, redactor
from opspact.workspace.workspace import context as recording

Answers = Annotated[
    list[str] | None,
    typer.Option(
        "--answer",
        metavar="STEP=TEXT",
        help="An answer given up front: STEP=done confirms a manual step, NAME=TEXT or STEP.NAME=TEXT gives a value.",
    ),
]
Attached = Annotated[
    list[str] | None, typer.Option("--attach", metavar="NAME=FILE", help="A file that is attached as evidence.")
]
Confirmed = Annotated[
    str | None,
    typer.Option(
        "--confirm",
        metavar="HOSTS",
        help="The names of all targets, such as app1,app2; a destructive runbook asks for them.",
    ),
]
Form = Annotated[Format, typer.Option("--format", help="Output format.")]


def run(  # noqa: PLR0913 - one for each option
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="The runbook.")],
    *,
    hosts: Annotated[
        list[str] | None, typer.Option("--host", metavar="HOST", help="The host it is run for; can be repeated.")
    ] = None,
    given: Annotated[list[str] | None, typer.Option("--input", metavar="NAME=VALUE", help="An input.")] = None,
    answers: Answers = None,
    attached: Attached = None,
    confirmed: Confirmed = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Change nothing: show what each step would do, and what that covers.")
    ] = False,
    form: Form = Format.TEXT,
) -> ExitCode:
    """Given a runbook, run it; return CLEAN when it was carried out to its end."""
    work = command_context(context)
    operator = operator_of(work, answers, attached)
    runbook = find_runbook(work.head.contract, name)
    targets = chosen_targets(runbook, hosts or ())
    inputs = _asked_inputs(operator, runbook, pairs("--input", given), language=work.head.contract.language)
    request = RunRequest(runbook, targets, checked_inputs(runbook, inputs, redactor(work.head.contract)))
    work.passwords()  # asked before anything is shown
    with work.ledger() as ledger:
        running = RunCommand(work, ledger, operator)
        if dry_run:
            return _shown_dry(work, *running.dry_run(request), form=form)
        return _shown(work, running.start(request, confirmed=confirmed), form)


def resume(  # noqa: PLR0913 - one for each option
    context: typer.Context,
    run: Annotated[str, typer.Argument(metavar="RUN", help="The run.")],
    *,
    answers: Answers = None,
    attached: Attached = None,
    approvals: Annotated[
        list[Path] | None, typer.Option("--approval", metavar="FILE", help="A file from `opspact runbook approve`.")
    ] = None,
    form: Form = Format.TEXT,
) -> ExitCode:
    """Given a run that is not done, go on with it; return CLEAN when it was carried out to its end."""
    given = [read_approval(file) for file in approvals or ()]
    work = command_context(context)
    operator = operator_of(work, answers, attached)
    work.passwords()
    with work.ledger() as ledger:
        found = run_to_resume(read_run(ledger, work.head.contract.name, run, now=now()))
        RunApprovals(ledger, work.head.contract, found.started).receive(given, context=recording(work.head))
        return _shown(work, RunCommand(work, ledger, operator).resume(found), form)


def abandon(
    ctx: typer.Context,
    run: Annotated[str, typer.Argument(metavar="RUN", help="The run.")],
    *,
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why nobody goes on with it.")],
) -> ExitCode:
    """Given a run that is not done, give it up."""
    reason = " ".join(reason.split())
    if not reason.isprintable() or not reason:
        raise Refused("a reason is required", hint='--reason "started for the wrong host"; it is recorded')
    work = command_context(ctx)
    with work.ledger() as ledger:
        found = run_to_resume(read_run(ledger, work.head.contract.name, run, now=now()))
        ledger.record(RunbookAbandoned(found.id, reason), context=recording(work.head))
    settings_of(ctx).stdout.show([line((found.id, "title"), "  is abandoned")])
    return ExitCode.CLEAN


def operator_of(work: CommandContext, answers: Sequence[str] | None, attached: Sequence[str] | None) -> Operator:
    """Given what was answered and attached on the command line, return who answers."""
    files = {name: Path(path) for name, path in pairs("--attach", attached).items()}
    is_secret = partial(is_masked, redactor(work.head.contract))
    return Operator(pairs("--answer", answers), files, can_ask(), work.settings.stderr, is_secret)


def _asked_inputs(operator: Operator, runbook: Runbook, given: Mapping[str, str], *, language: str) -> dict[str, str]:
    """Return the inputs that were given, and those that the operator gives now."""
    inputs = dict(given)
    for name, each in missing_inputs(runbook, inputs).items() if operator.is_asked else ():
        choice = each.hosts or each.question.choice
        reply = operator.ask(
            Prompt("input", name, each.question.text.in_language(language), each.question.pattern, choice)
        )
        if reply is None:
            break
        inputs[name] = reply.text
    return inputs


def _shown(work: CommandContext, found: RunResult, form: Format) -> ExitCode:
    if form is Format.JSON:
        sys.stdout.write(result_json(found))
    else:
        work.settings.stdout.show(result_lines(found))
    if found.result.signal:
        return cast("ExitCode", ExitCode.SIGNAL + found.result.signal)
    if found.is_waiting:
        return ExitCode.FINDINGS
    return ExitCode.CLEAN if found.is_done else ExitCode.OPERATION_FAILED


def _shown_dry(work: CommandContext, made: Procedure, steps: Sequence[DryStep], *, form: Format) -> ExitCode:
    if form is Format.JSON:
        sys.stdout.write(dry_run_json(made, steps))
    else:
        work.settings.stdout.show(dry_run_lines(steps))
    fine = all(each.outcome in {None, StepOutcome.DONE} for each in steps)
    return ExitCode.CLEAN if fine else ExitCode.FINDINGS


class RunCommand(Struct):
    """Runs of runbooks from the command line."""

    work: CommandContext
    ledger: Ledger
    operator: Operator

    def start(self, request: RunRequest, *, confirmed: str | None) -> RunResult:
        """Given a request, check that it may start, and carry it out as a new run."""
        head, runbook = self.work.head, request.runbook
        made = self.checked_procedure(request)
        id_ = new_id(PROCEDURE, now(), token_hex(3))
        new = NewRun(id_, runbook.name, request.targets)
        claims = claimed_targets(self.ledger, head.contract.name, new, now=now())
        shown = start_lines(made, request.inputs.items(), language=head.contract.language)
        self.work.settings.stderr.show(shown)
        self._confirm(made, confirmed)
        person = min(people_named(head.contract, (actor(),)), default="")
        started = RunbookStarted(id_, runbook.name, made.digest, request.targets, request.inputs, person, request.drill)
        return self._carry_out(self._attempt(made, started), (started, *claims))

    def checked_procedure(self, request: RunRequest) -> Procedure:
        """Given a request, return its procedure. Raise Refused unless it may start, but for other runs of it."""
        made = self._procedure(request)
        self._refuse_blackouts(made)
        return made

    def _procedure(self, request: RunRequest) -> Procedure:
        """Given a request, return its procedure. Raise Refused for one that could be run at no time."""
        head = self.work.head
        made = procedure(head.contract, request.runbook, request.targets, inputs=request.inputs)
        self.operator.check(made.questions, made.evidence)
        refuse_errors(head.contract, head.day, made)
        refuse_outside_rehearsal(head.contract, made, request.drill)
        return made

    def secrets(self, runbook: Runbook) -> dict[str, Secret]:
        """Given a runbook, return its secret inputs by name. Raise Refused when one cannot be had."""
        references = {name: each.secret for name, each in runbook.inputs.items() if each.secret is not None}
        found = resolve_secrets(references.values(), self.work.workspace.folder) if references else {}
        return {name: found[reference] for name, reference in references.items()}

    def dry_run(self, request: RunRequest) -> tuple[Procedure, tuple[DryStep, ...]]:
        """Given a request, return the procedure, and what became of each of its steps; nothing is recorded.

        Raise Refused for a runbook that could not be run either.
        """
        head, made = self.work.head, self._procedure(request)
        started = RunbookStarted("dry-run", request.runbook.name, made.digest, request.targets, request.inputs)
        values = self._attempt(made, started).values()
        leases = Leases(self.ledger, partial(recording, head), run="dry-run", attempt=1)
        with doors(self.work, self.ledger, leases, operator=self.operator) as opened:
            return made, tuple(DryRun(made, values, opened, redactor(head.contract)).steps())

    def resume(self, found: RunbookRun) -> RunResult:
        """Given a run, go on with it where it stands. Raise Refused when its runbook is another one now."""
        made = run_procedure(self.work.head.contract, found)
        self.operator.check(made.questions, made.evidence)
        refuse_outside_rehearsal(self.work.head.contract, made, found.started.event.drill)
        self._refuse_blackouts(made)
        claims = reclaimed_targets(self.ledger, self.work.head.contract.name, found)
        return self._carry_out(self._attempt(made, found.started.event, found), claims)

    def _refuse_blackouts(self, made: Procedure) -> None:
        """Raise Refused while windows or a freeze forbid changes, if one of the runbooks keeps to them."""
        if made.refuses_blackouts:
            refuse_changes(self.ledger, self.work.head.contract, now())
            refuse_closed(self.work.head.contract, made.written, now())

    def _confirm(self, made: Procedure, confirmed: str | None) -> None:
        """Have the operator name all targets of what destroys. Raise Refused when they are others, or none."""
        called = (each for each in self.work.head.contract.runbooks if each.name in made.runbooks)
        if all(each.risk is not Risk.DESTRUCTIVE for each in called):
            return
        several = len(made.targets) > 1
        if confirmed is None:
            what = f"names of its {len(made.targets)} targets" if several else "name of its target"
            prompt = Prompt("confirm", "target", f"{made.runbook.name} is destructive. Type the {what}")
            reply = self.operator.ask(prompt)
            if reply is None:
                raise Refused(f"runbook {made.runbook.name} is destructive", hint=f"--confirm {','.join(made.targets)}")
            confirmed = reply.text
        if sorted(re.findall(r"[^\s,]+", confirmed)) != sorted(made.targets):
            are = "targets are" if several else "target is"
            raise Refused(f"not confirmed: the {are} {', '.join(made.targets)}; nothing was done")

    def _attempt(self, made: Procedure, started: RunbookStarted, before: RunbookRun | None = None) -> Attempt:
        secrets, contract = self.secrets(made.runbook), self.work.head.contract
        people = tuple(sorted({*key_holders(contract, now()), *people_named(contract, own_logins())}))
        return Attempt(procedure=made, started=started, operator=actor(), secrets=secrets, before=before, people=people)

    def _carry_out(self, attempt: Attempt, opening: tuple[EventType, ...] = ()) -> RunResult:
        head, run, made = self.work.head, attempt.run, attempt.procedure
        leases = Leases(self.ledger, partial(recording, head), run=run.id, attempt=attempt.state.attempt + 1)
        attempt = replace(attempt, answers=self._answers(attempt))
        progress = RunProgress(self.work.settings.stderr, made, language=head.contract.language)
        with (
            signals.defer(self._notice) as asked,
            doors(self.work, self.ledger, leases, operator=self.operator, drill=attempt.started.drill) as opened,
        ):
            engine = attempt.engine(
                leases, opened, progress, language=head.contract.language, redactor=redactor(head.contract)
            )
            execution = Execution(
                run, attempt.planned(), leases, lambda: _stopped(asked.numbers), (*opening, *attempt.opening)
            )
            try:
                result = execution.carry_out({name: _begun(run.id, each) for name, each in engine.work().items()})
            except signals.EndedBySignal:
                self.work.settings.stderr.show(resume_lines(run.id))
                raise
        events = tuple(each.event for each in read_run(self.ledger, head.contract.name, run.id, now=now()).steps)
        return RunResult(run.id, made, result, events)

    def _notice(self) -> None:
        words = "stopping after this step; press Ctrl-C again to stop at once"
        self.work.settings.stderr.show([line((words, "doubt"))])

    def _answers(self, attempt: Attempt) -> dict[str, Answer]:
        """Return what was answered of stages that must not be repeated without asking, up front or now.

        Raise Unanswered when something was not answered, or otherwise than with one of the answers.
        """
        found: dict[str, Answer] = {}
        lacking: list[str] = []
        hints: list[str] = []
        for stage in attempt.planned():
            if not stage.question:
                continue
            name = stage.stage.name
            known = last_results(attempt.before, name) if attempt.before else ""
            question = f"{stage.question} ({known})" if known else stage.question
            prompt = Prompt(name, RESUME, question, choice=tuple(each.value for each in Answer))
            given = self.operator.answers.get(name, "")
            reply = self.operator.ask(prompt) if self.operator.is_asked and given not in set(Answer) else None
            text = reply.text if reply else given
            if text in set(Answer):
                found[name] = Answer(text)
                continue
            lacking.append(f"{question}{f' (--answer {name}={text} does not say it)' if text else ''}")
            hints.append(" or ".join(f"--answer {name}={each.value}" for each in Answer))
        if lacking:
            raise Unanswered(f"the run cannot continue: {'; '.join(lacking)}", hint="; ".join(hints))
        return found


def _begun(run: str, work: Work) -> Work:
    """Return work that raises OperationFailed where it is refused something: the run has begun, and can be resumed."""

    def carry_out(leases: Leases) -> StageResult:
        try:
            return work(leases)
        except (Refused, NothingFound) as error:
            way_on = f"`opspact runbook resume {run}` goes on"
            raise OperationFailed(str(error), hint=f"{error.hint}; {way_on}" if error.hint else way_on) from error

    return carry_out


def _stopped(numbers: Sequence[int]) -> StageResult | None:
    """Return how a run ends at a border when a signal has asked for that."""
    return StageResult(RunOutcome.STOPPED, "stopped by the operator", numbers[0]) if numbers else None
