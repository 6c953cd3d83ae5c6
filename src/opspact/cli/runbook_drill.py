"""`opspact runbook drill [EMERGENCY]`: emergencies rehearsed: the fault made for real, noticed, cured.

Comes in: the contract's folder, an emergency or those that are due. Goes out: what came of each drill, recorded.
"""

import sys
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Annotated

import typer

from opspact.cli.hosts import CommandContext, command_context
from opspact.cli.jobs import chosen_jobs, run_jobs
from opspact.cli.output_format import Format
from opspact.cli.runbook_run import Answers, Form, RunCommand
from opspact.cli.runbook_terminal import Operator, pairs
from opspact.cli.streams import can_ask
from opspact.errors import ExitCode, NothingFound, OpspactError, Refused
from opspact.evidence.assessment import assess
from opspact.ledger.run_events import RunOutcome
from opspact.model.job import INSPECTION
from opspact.model.policies.emergency import Emergency
from opspact.model.result import Result
from opspact.obligations.obligation import State
from opspact.report.drill import DrillReport, drill_json, drill_lines, refused_lines
from opspact.runbook.drill import DrillDoors, DrillRun, Findings, carry_out
from opspact.runbook.procedure import procedure
from opspact.runbook.refusal import refuse_errors
from opspact.runbook.rehearsal import PlannedDrill, PlannedRun, find_emergency, plan_drill, unanswered_steps
from opspact.runbook.request import RunRequest, checked_inputs
from opspact.structs import Struct
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
    form: Form = Format.TEXT,
) -> ExitCode:
    """Given an emergency, rehearse it; return CLEAN when its runbook cured the fault.

    Of several, those that cannot be rehearsed are said and left out; Refused is raised when that is the only one.
    """
    work = command_context(context)
    if (emergency is None) is not due:
        raise Refused("which emergency?", hint="name one, or use --due for all that are due")
    drilling = _Drilling(work, pairs("--answer", answers), can_ask())
    work.passwords()  # asked before anything is shown
    chosen = [find_emergency(work.head.contract, emergency)] if emergency else due_emergencies(work, now())
    if not chosen:
        raise NothingFound("no drill is due")
    reports = list[DrillReport]()
    for each in chosen:
        try:
            reports.append(drilling.carry_out(each, host))
        except (Refused, NothingFound) as error:
            if len(chosen) == 1:
                raise
            work.settings.stderr.show(refused_lines(each.name, error))
    if form is Format.JSON:
        sys.stdout.write(drill_json(reports))
    else:
        work.settings.stdout.show(drill_lines(reports))
    is_good = reports and all(each.event.outcome is RunOutcome.DONE for each in reports)
    return ExitCode.CLEAN if is_good else ExitCode.OPERATION_FAILED


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
    """Drills from the command line: `answers` that are given up front, and whether the operator can be asked."""

    work: CommandContext
    answers: Mapping[str, str]
    is_asked: bool

    def carry_out(self, emergency: Emergency, host: str | None) -> DrillReport:
        """Given an emergency, rehearse it and record that. Raise Refused when it may not be, or needs a person."""
        head = self.work.head
        planned = plan_drill(head.contract, emergency, host=host, began=now())
        operators = {run.runbook.name: self._operator(planned, run) for run in (planned.fault, planned.cure)}
        if wrong := [name for name in self.answers if not any(name in each.answers for each in operators.values())]:
            raise Refused(f"--answer: nothing is asked by the name {wrong[0]}")
        doors = DrillDoors(
            now=now,
            run=lambda run: self._run(planned, run, operators[run.runbook.name]),
            inspect=lambda: self._inspect(planned.rehearsal.noticed_by, planned.host),
        )
        event = carry_out(planned, doors)
        with self.work.ledger() as ledger:
            ledger.record(event, context=recording(head))
        return DrillReport(emergency.name, planned.rehearsal.noticed_by, event)

    def _request(self, planned: PlannedDrill, run: PlannedRun) -> RunRequest:
        inputs = checked_inputs(run.runbook, run.inputs, redactor(self.work.head.contract))
        return RunRequest(run.runbook, (planned.host,), inputs, planned.emergency.name)

    def _operator(self, planned: PlannedDrill, run: PlannedRun) -> Operator:
        """Return who answers in a run. Raise Refused when an answer fits nothing, or when a person is needed."""
        request = self._request(planned, run)
        made = procedure(self.work.head.contract, run.runbook, request.targets, inputs=request.inputs)
        refuse_errors(self.work.head.contract, self.work.head.day, made)
        given = {name: text for name, text in self.answers.items() if name in made.questions}
        operator = Operator({**run.answers, **given}, {}, self.is_asked, self.work.settings.stderr)
        operator.check(made.questions, made.evidence)
        waiting = unanswered_steps(made, operator.answers)
        if waiting and not self.is_asked:
            raise Refused(
                f"a drill of {planned.emergency.name} needs somebody at {list_names(list(waiting), _SHOWN)}",
                hint="run it on a terminal, or give answers: --answer STEP=done",
            )
        return operator

    def _run(self, planned: PlannedDrill, run: PlannedRun, operator: Operator) -> DrillRun:
        with self.work.ledger() as ledger:
            request = self._request(planned, run)
            found = RunCommand(self.work, ledger, operator).start(request, confirmed=planned.host)
        return DrillRun(found.run, found.result.outcome, found.result.detail)

    def _inspect(self, inspection: str, host: str) -> Findings:
        """Return what an inspection sees on a host now. Raise OpspactError when it could not be made."""
        answers = run_jobs(self.work, chosen_jobs(self.work, [INSPECTION], inspection, limit=host))
        results: Sequence[Result] = [answer for *_, answer in answers if isinstance(answer, Result)]
        if not results:
            raise OpspactError(f"inspection {inspection} could not be made on {host}")
        return {f"{item.item} {item.subject}".rstrip(): item.verdict for result in results for item in result.items}
