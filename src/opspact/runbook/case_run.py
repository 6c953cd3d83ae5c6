"""A case of a runbook's test, carried out: the real engine and a ledger of its own, with fakes at the doors.

Comes in: a contract, a test's case. Goes out: what came of it, and how that differs from what was expected.
"""

import os
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, time
from itertools import count
from pathlib import Path

from opspact.errors import OpspactError
from opspact.ledger.context import Context
from opspact.ledger.run_events import RunOutcome
from opspact.ledger.runbook_events import RunbookStarted, RunbookStepEnded, StepOutcome, worst
from opspact.ledger.store import Ledger, open_ledger
from opspact.model.contract import Contract
from opspact.model.policies.runbook import CLOSE, PRECONDITIONS, RESTORE_POINT, RunbookStep
from opspact.model.policies.runbook_test import RunbookCase, RunbookTest
from opspact.model.runbook_actions import CallAction
from opspact.onhost.redaction import Redactor
from opspact.run.execution import Execution, StageResult
from opspact.run.leases import Leases
from opspact.runbook.attempt import Attempt
from opspact.runbook.case_doors import CaseDoors
from opspact.runbook.history import read_run
from opspact.runbook.procedure import procedure
from opspact.runbook.request import checked_inputs, chosen_targets, find_runbook
from opspact.runbook.values import RunValues, ValueMissing
from opspact.structs import Struct
from opspact.values.secret import Secret

_OPERATOR = "operator"
_MEMORY = "/dev/shm"  # noqa: S108 - a folder of our own in it
"""Where Linux keeps files in memory: a ledger that is deleted anyway need not reach a disk."""
_OF_EVERY_RUN = frozenset({PRECONDITIONS, RESTORE_POINT})


class CaseResult(Struct):
    """What came of a case. `problems`: how that differs from what is expected, in words; none: the case passed."""

    test: str
    runbook: str
    case: str
    end: str
    steps: tuple[tuple[str, str], ...]
    problems: tuple[str, ...]

    @property
    def is_passed(self) -> bool:
        """Whether everything is as expected."""
        return not self.problems


def run_cases(contract: Contract, tests: Iterable[RunbookTest]) -> Iterator[CaseResult]:
    """Given a contract and tests of its runbooks, carry out each case and yield what came of it.

    No host is contacted, and the contract's ledger is not touched: the runs are in one of their own, which is deleted.
    """
    memory = _MEMORY if os.access(_MEMORY, os.W_OK) else None
    with tempfile.TemporaryDirectory(dir=memory) as folder, open_ledger(Path(folder) / "ledger.sqlite3") as ledger:
        numbers = count(1)
        for test in tests:
            for case in test.cases:
                yield _Case(contract, test, case, ledger, f"test-{next(numbers)}").result()


def uncovered_steps(contract: Contract, results: Iterable[CaseResult]) -> Mapping[str, tuple[str, ...]]:
    """Given results, return for each runbook with a test the steps that no case carries out; none: all."""
    tried: dict[str, set[str]] = {}
    for result in results:
        tried.setdefault(result.runbook, set()).update(step for step, _ in result.steps)
    left = {
        runbook.name: tuple(step.name for step in runbook.steps if not _is_tried(step, tried[runbook.name]))
        for runbook in contract.runbooks
        if runbook.name in tried
    }
    return {name: steps for name, steps in left.items() if steps}


def _is_tried(step: RunbookStep, tried: set[str]) -> bool:
    """Whether a step was carried out; one that calls a runbook: whether any step of that was."""
    if isinstance(step.action, CallAction):
        return any(name.startswith(f"{step.name}-") for name in tried)
    return step.name in tried


class _Ran(Struct):
    """What came of a run: its targets, end, why, its steps, its values, what of the case was never asked for."""

    targets: tuple[str, ...]
    end: str
    detail: str
    steps: tuple[tuple[str, str], ...]
    values: RunValues
    unused: tuple[str, ...]


class _Case(Struct):
    """A case about to be carried out."""

    contract: Contract
    test: RunbookTest
    case: RunbookCase
    ledger: Ledger
    run: str

    def result(self) -> CaseResult:
        """Carry the case out, and compare what came of it with what is expected."""
        test, name = self.test, self.case.name
        try:
            ran = self._carry_out()
        except OpspactError as error:
            return CaseResult(test.name, test.runbook, name, "refused", (), (str(error),))
        problems = tuple(_problems(self.case, ran))
        return CaseResult(test.name, test.runbook, name, ran.end, ran.steps, problems)

    def _carry_out(self) -> _Ran:
        runbook = find_runbook(self.contract, self.test.runbook)
        redactor = Redactor()
        targets = chosen_targets(runbook, self.case.targets or runbook.hosts[:1])
        inputs = checked_inputs(runbook, self.case.inputs, redactor)
        secrets = {name: Secret(f"secret-{name}") for name, each in runbook.inputs.items() if each.secret is not None}
        made = procedure(self.contract, runbook, targets, inputs=inputs)
        started = RunbookStarted(self.run, runbook.name, made.digest, targets, inputs)
        attempt = Attempt(procedure=made, started=started, operator=_OPERATOR, secrets=secrets)
        doors = CaseDoors(self.case, datetime.combine(self.contract.period.first, time(10), UTC))
        leases = Leases(self.ledger, self._context, run=self.run, attempt=1)
        engine = attempt.engine(leases, doors, doors, language=self.contract.language, redactor=redactor)
        execution = Execution(attempt.run, attempt.planned(), leases, opening=(started, *attempt.opening))
        result = execution.carry_out(engine.work())
        found = read_run(self.ledger, self.contract.name, self.run, now=datetime.now(UTC))
        events = [each.event for each in found.steps]
        end = "rolled back" if found.is_rolled_back else _end(result)
        return _Ran(targets, end, result.detail, tuple(_steps(events)), engine.values, tuple(doors.unused()))

    def _context(self) -> Context:
        return Context(at=datetime.now(UTC), actor=_OPERATOR, contract=self.contract.name)


def _end(result: StageResult) -> str:
    words = {RunOutcome.DONE: "done", RunOutcome.STOPPED: "waiting"}
    return words.get(result.outcome, "failed")


def _steps(events: list[RunbookStepEnded]) -> Iterator[tuple[str, str]]:
    """Yield the steps that were carried out, in order, each with the worst that it came to on a host.

    What every run has is among them where it failed.
    """
    found: dict[str, StepOutcome] = {}
    for event in events:
        if event.outcome is not StepOutcome.SKIPPED and event.step != CLOSE:
            found[event.step] = worst((found.get(event.step, StepOutcome.DONE), event.outcome))
    for step, outcome in found.items():
        if step not in _OF_EVERY_RUN or outcome is not StepOutcome.DONE:
            yield step, outcome.value


def _problems(case: RunbookCase, ran: _Ran) -> Iterator[str]:
    """Yield in words how a run differs from what is expected."""
    expected = case.expectation
    if ran.end != expected.end:
        yield f"the run is {ran.end}, expected {expected.end}{f' ({ran.detail})' if ran.detail else ''}"
    steps = tuple(expected.steps.items())
    if ran.steps != steps:
        yield _first_difference(ran.steps, steps)
    for name, value in expected.values.items():
        try:
            found = ran.values.value(name, "", ran.targets[0])
        except ValueMissing:
            yield f'the value {name} is missing, expected "{value}"'
            continue
        if found != value:
            yield f'the value {name} is "{found}", expected "{value}"'
    yield from ran.unused


def _first_difference(steps: tuple[tuple[str, str], ...], expected: tuple[tuple[str, str], ...]) -> str:
    for number, (found, wanted) in enumerate(zip(steps, expected, strict=False), 1):
        if found != wanted:
            return f"step {number} is {' '.join(found)}, expected {' '.join(wanted)}"
    if len(steps) > len(expected):
        return f"step {len(expected) + 1} is {' '.join(steps[len(expected)])}, expected no more steps"
    return f"step {len(steps) + 1} is missing, expected {' '.join(expected[len(steps)])}"
