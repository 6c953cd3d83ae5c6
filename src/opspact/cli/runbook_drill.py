"""`opspact runbook drill [EMERGENCY]`: emergencies rehearsed: the fault made for real, noticed, cured.

Comes in: the contract's folder, an emergency or those that are due. Goes out: what came of each drill, recorded.
"""

import sys
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Annotated, cast

import typer

from opspact.cli.hosts import CommandContext, command_context
from opspact.cli.jobs import chosen_jobs, run_jobs
from opspact.cli.output_format import Format
from opspact.cli.runbook_run import Answers, Attached, Form, RunCommand, operator_of
from opspact.cli.runbook_terminal import Operator
from opspact.errors import ExitCode, NothingFound, OperationFailed, OpspactError, Refused
from opspact.evidence.assessment import assess
from opspact.fleet import signals
from opspact.fleet.signals import EndedBySignal
from opspact.ledger.run_events import RunOutcome
from opspact.model.job import INSPECTION
from opspact.model.policies.emergency import Emergency
from opspact.model.result import Outcome, Result
from opspact.obligations.obligation import State
from opspact.report.drill import (
    DrillReport,
    drill_json,
    drill_lines,
    earlier_fault_lines,
    not_recorded_lines,
    open_fault_lines,
    refused_lines,
)
from opspact.runbook.drill import DrillDoors, DrillResult, DrillRun, Findings, carry_out
from opspact.runbook.fault_history import open_fault
from opspact.runbook.history import NewRun, claimed_targets, newest_runs
from opspact.runbook.procedure import Procedure, procedure
from opspact.runbook.rehearsal import (
    PlannedDrill,
    PlannedRun,
    find_emergency,
    missing_answers,
    missing_evidence,
    plan_drill,
    valid_answers,
)
from opspact.runbook.request import RunRequest, checked_inputs
from opspact.structs import Struct, replace
from opspact.text.names import list_names
from opspact.workspace.workspace import context as recording
from opspact.workspace.workspace import now, redactor

_SOON = timedelta(days=14)
_SHOWN = 5


def drill(  # noqa: PLR0913 - one for each option
    context: typer.Context,
    emergency: Annotated[str | None, typer.Argument(metavar="EMERGENCY", help="The emergency to rehearse.")] = None,
    *,
    due: Annotated[bool, typer.Option("--due", help="Those whose drill is overdue, failed or due in 14 days.")] = False,
    host: Annotated[str | None, typer.Option("--on", metavar="HOST", help="The rehearsal host.")] = None,
    answers: Answers = None,
    attached: Attached = None,
    form: Form = Format.TEXT,
) -> ExitCode:
    """Given an emergency, rehearse it; return CLEAN when its runbook cured the fault.

    Of several, those that cannot be rehearsed are said and left out; Refused is raised when that is the only one.
    """
    work = command_context(context)
    if (emergency is None) is not due:
        raise Refused("which emergency?", hint="name one, or use --due for all that are due")
    drilling = _Drilling(work, operator_of(work, answers, attached))
    work.passwords()  # asked before anything is shown
    chosen = [find_emergency(work.head.contract, emergency)] if emergency else due_emergencies(work, now())
    if not chosen:
        raise NothingFound("no drill is due")
    reports, number = drilling.carry_out_all(chosen, host)
    if form is Format.JSON:
        sys.stdout.write(drill_json(reports))
    else:
        work.settings.stdout.show(drill_lines(reports))
    if number:
        return cast("ExitCode", ExitCode.SIGNAL + number)
    good = [each for each in reports if each.result.event.outcome is RunOutcome.DONE and not each.result.unrecorded]
    return ExitCode.CLEAN if len(good) == len(chosen) else ExitCode.OPERATION_FAILED


def due_emergencies(work: CommandContext, at: datetime) -> list[Emergency]:
    """Given a contract and the time, return the emergencies whose drill is overdue, failed, or due soon."""
    contract = work.head.contract
    with work.history() as ledger:
        judged = assess(contract, work.head.work, ledger, now=at).judged
    soon = {
        each.obligation.policy
        for each in judged
        if each.state in {State.LATE, State.FAILED, State.UNKNOWN}
        or (each.judgement.due is not None and each.judgement.due <= at + _SOON)
    }
    return [each for each in contract.emergencies if each.rehearsal and each.origin.policy in soon]


class _Drilling(Struct):
    """Drills from the command line; `operator`: who answers, with all that was given up front for both runs."""

    work: CommandContext
    operator: Operator

    def carry_out_all(self, chosen: Sequence[Emergency], host: str | None) -> tuple[list[DrillReport], int]:
        """Given emergencies, rehearse one after the other; return the drills that were begun, and the signal, if any.

        What is wrong with one is no reason to leave out those after it; a signal is.
        """
        reports = list[DrillReport]()
        for each in chosen:
            try:
                reports.append(self.carry_out(each, host))
            except OpspactError as error:
                if len(chosen) == 1:
                    raise
                self.work.settings.stderr.show(refused_lines(each.name, error))
            except EndedBySignal as ended:
                if not reports:
                    raise
                return reports, ended.number
            else:
                if number := reports[-1].result.signal:
                    return reports, number
        return reports, 0

    def carry_out(self, emergency: Emergency, host: str | None) -> DrillReport:
        """Given an emergency, rehearse it and record that. Raise Refused when it may not be, or needs a person."""
        planned = plan_drill(self.work.head.contract, emergency, host=host, began=now())
        self._report_open_fault(planned)
        operators = self._operators(planned)
        doors = DrillDoors(
            now=now,
            run=lambda run: self._run(planned, run, operators[run.runbook.name]),
            inspect=lambda: self._inspect(planned.rehearsal.noticed_by, planned.host),
            record=lambda result: self._record(planned, result),
        )
        return DrillReport(emergency.name, planned.rehearsal.noticed_by, carry_out(planned, doors))

    def _report_open_fault(self, planned: PlannedDrill) -> None:
        """Report the fault of an earlier drill that may still be there: its program was killed, its cure failed."""
        contract, fault = self.work.head.contract, planned.fault.runbook.name
        with self.work.history() as ledger:
            left = open_fault(ledger, contract, fault, host=planned.host, now=now()) if ledger else None
        if left is None:
            return
        started = left.started
        try:
            emergency = find_emergency(contract, started.event.drill)
            cure = plan_drill(contract, emergency, host=planned.host, began=started.at).cure
        except (Refused, NothingFound):  # the policies are others now
            cure = None
        self.work.settings.stderr.show(earlier_fault_lines(started.event, planned.host, cure))

    def _operators(self, planned: PlannedDrill) -> dict[str, Operator]:
        """Return who answers in each run. Raise Refused when a run could not start, or could not go on by itself."""
        requests = [self._request(planned, run) for run in (planned.fault, planned.cure)]
        made = [procedure(self.work.head.contract, each.runbook, each.targets, inputs=each.inputs) for each in requests]
        for name in self.operator.answers:
            if not any(name in each.questions for each in made):
                raise Refused(f"--answer: nothing is asked by the name {name}")
        for name in self.operator.files:
            if not any(name in each.evidence for each in made):
                raise Refused(f"--attach: there is no evidence {name}")
        given = zip((planned.fault, planned.cure), requests, made, strict=True)
        return {run.runbook.name: self._operator(run, request, it) for run, request, it in given}

    def _request(self, planned: PlannedDrill, run: PlannedRun) -> RunRequest:
        inputs = checked_inputs(run.runbook, run.inputs, redactor(self.work.head.contract))
        return RunRequest(run.runbook, (planned.host,), inputs, planned.emergency.name)

    def _operator(self, run: PlannedRun, request: RunRequest, made: Procedure) -> Operator:
        """Return who answers in a run. Raise Refused when it may not start, or when a person is needed."""
        files = {name: path for name, path in self.operator.files.items() if name in made.evidence}
        given = {name: text for name, text in self.operator.answers.items() if name in made.questions}
        operator = replace(self.operator, answers={**run.answers, **given}, files=files)
        with self.work.ledger() as ledger:
            running = RunCommand(self.work, ledger, operator)
            running.checked_procedure(request)
            running.secrets(run.runbook)
            new = NewRun("", run.runbook.name, request.targets)
            claimed_targets(ledger, self.work.head.contract.name, new, now=now())
        if made.restore_points and made.uncovered:
            raise Refused(f"no restore point of runbook {run.runbook.name} covers {', '.join(made.uncovered)}")
        valid = valid_answers(made, run.answers, files) | valid_answers(made, given, files)
        wanted = missing_answers(made, valid), missing_evidence(made, valid, files)
        if any(wanted) and not operator.is_asked:
            raise _unattended(request, *wanted)
        return replace(operator, answers=valid)

    def _run(self, planned: PlannedDrill, run: PlannedRun, operator: Operator) -> DrillRun:
        """Carry a run of a drill out. Raise what kept it from beginning; one that has begun has an end."""
        request, since = self._request(planned, run), now()
        found, number = None, 0
        try:
            with self.work.ledger() as ledger:
                found = RunCommand(self.work, ledger, operator).start(request, confirmed=planned.host)
        except (OpspactError, EndedBySignal) as error:
            number = error.number if isinstance(error, EndedBySignal) else 0
            if found is None:
                with signals.listen() as received:
                    begun = self._begun(request, since)
                number = number or next(iter(received.numbers), 0)
                if begun is None:
                    raise
                outcome = RunOutcome.STOPPED if number else RunOutcome.FAILED
                return DrillRun(begun, outcome, str(error).partition("\n")[0], number)
        result = found.result
        return DrillRun(found.run, result.outcome, result.detail, result.signal or number, found.has_changed)

    def _begun(self, request: RunRequest, since: datetime) -> str | None:
        """Return the run that has begun since then; empty: the ledger cannot say, None: there is none."""
        contract = self.work.head.contract.name
        try:
            with self.work.history() as ledger:
                runs = newest_runs(ledger, contract, request.runbook.name, now=now(), limit=1) if ledger else []
        except OpspactError:
            return ""
        started = [each.started for each in runs if each.started.event.targets == request.targets]
        return next((each.event.run for each in started if each.at >= since), None)

    def _inspect(self, inspection: str, host: str) -> Findings:
        """Return what an inspection sees on a host now. Raise OpspactError when it could not be made."""
        answers = run_jobs(self.work, chosen_jobs(self.work, [INSPECTION], inspection, limit=host))
        results = [it for *_, it in answers if isinstance(it, Result) and it.outcome is Outcome.DONE]
        if not results:
            raise OperationFailed(f"inspection {inspection} could not be made on {host}")
        return {f"{item.item} {item.subject}".rstrip(): item.verdict for result in results for item in result.items}

    def _record(self, planned: PlannedDrill, result: DrillResult) -> str:
        """Report what may be left of a drill, and record it; return why it could not be recorded."""
        screen = self.work.settings.stderr
        if result.fault_remains:
            screen.show(open_fault_lines(result.event, planned.cure))
        try:
            with self.work.ledger() as ledger:
                ledger.record(result.event, context=recording(self.work.head))
        except OpspactError as error:
            screen.show(not_recorded_lines(planned.emergency.name, error))
            return str(error).partition("\n")[0]
        return ""


def _unattended(request: RunRequest, answers: Sequence[str], evidence: Sequence[str]) -> Refused:
    """Return the refusal of a drill without a terminal that needs somebody to answer and to attach evidence."""
    options = [f"--answer {name}={'TEXT' if '.' in name else 'done'}" for name in answers]
    options += [f"--attach {name}=FILE" for name in evidence]
    return Refused(
        f"a drill of {request.drill} needs somebody: in {request.runbook.name}, nobody gives "
        f"{list_names([*answers, *evidence], _SHOWN)}",
        hint=f"run it on a terminal, or with {' '.join(options)}",
    )
