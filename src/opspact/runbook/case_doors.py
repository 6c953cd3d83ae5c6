"""Doors of a test of a runbook: hosts, people and the clock give what the case says, and success where it says nothing.

Comes in: a case. Goes out: answers; and in the end, what of the case was never asked for.
"""

import base64
import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from opspact.errors import Refused
from opspact.ledger.runbook_events import Attachment, RunbookStepEnded, StepOutcome
from opspact.model.policies.runbook_test import Fault, RunbookCase
from opspact.model.runbook_actions import RestoreAction, RunbookCheck
from opspact.runbook.doors import Answer, FabricCall, HostCommand, Prompt, Reply, Tasks, Verdict
from opspact.runbook.engine import CONFIRM
from opspact.runbook.procedure import ProcedureStep
from opspact.runbook.request import answer_problem
from opspact.values.secret import Secret

_OUTCOMES = {
    "done": StepOutcome.DONE,
    "failed": StepOutcome.FAILED,
    "lost": StepOutcome.UNKNOWN,
    "timeout": StepOutcome.FAILED,
}
_DETAILS = {"failed": "failed by the test", "lost": "connection lost", "timeout": "not finished in time: it was ended"}
_CONTENT = b"attached by a test\n"


class CaseDoors:
    """The doors of one case, and its progress, by which they know the step that goes through them."""

    def __init__(self, case: RunbookCase, at: datetime) -> None:
        self._case, self._at = case, at
        self._step = ""
        self._given: Counter[int] = Counter()
        self._asked: set[str] = set()

    def started(self, stage: ProcedureStep, _hosts: Sequence[str]) -> None:
        """A stage begins: what comes through the doors now is of it."""
        self._step = stage.name

    def ended(self, _stage: ProcedureStep, _events: Sequence[RunbookStepEnded]) -> None:
        """A stage has ended."""

    def unused(self) -> Iterator[str]:
        """Yield in words what the case says and nothing asked for."""
        for index, fault in enumerate(self._case.faults):
            if not self._given[index]:
                yield f"the fault of step {fault.step}{f' on {fault.host}' if fault.host else ''} never came up"
        for name in self._case.answers.keys() - self._asked:
            yield f"the answer to {name} was never asked for"
        for name in {*self._case.attached, *self._case.approved} - self._asked:
            yield f"{name} was never asked for"

    def now(self) -> datetime:
        """Return the test's own time: it passes where the runbook waits."""
        return self._at

    def wait(self, seconds: float) -> None:
        """Let time pass."""
        self._at += timedelta(seconds=seconds)

    def take(self, _hosts: Sequence[str]) -> Mapping[str, str]:
        """Every host can be taken."""
        return {}

    def release(self) -> None:
        """Nothing was taken."""

    def commands(self, wanted: Mapping[str, HostCommand], *, timeout: float) -> Mapping[str, Answer]:
        """Give what the case says of the step."""
        return self._answers(wanted, timeout)

    def tasks(
        self, hosts: Sequence[str], _tasks: Tasks, *, values: Mapping[str, str | Secret], timeout: float
    ) -> Mapping[str, Answer]:
        """Give what the case says of the step."""
        del values  # what a task makes of them is Ansible's matter
        return self._answers(hosts, timeout)

    def fabric(self, wanted: Mapping[str, FabricCall], *, timeout: float) -> Mapping[str, Answer]:
        """Give what the case says of the step."""
        return self._answers(wanted, timeout)

    def check(self, wanted: Mapping[str, Sequence[RunbookCheck]]) -> Mapping[str, tuple[Verdict, ...]]:
        """Every check of a step holds, or none does."""
        return {host: (_verdict(self._answer(host)),) * len(checks) for host, checks in wanted.items()}

    def backup(self, _backup: str, hosts: Sequence[str]) -> Mapping[str, Answer]:
        """Give what the case says of the step."""
        return self._answers(hosts, 0.0)

    def restore(self, wanted: Mapping[str, RestoreAction], *, run: str, step: str) -> Mapping[str, Answer]:
        """Give what the case says of the step."""
        del run, step
        return self._answers(wanted, 0.0)

    def copies(self, _backup: str, hosts: Sequence[str]) -> Mapping[str, Verdict]:
        """Every copy is fresh and verified, but for what the case says of the restore point."""
        return {host: _verdict(self._answer(host)) for host in hosts}

    def approvals(self, _run: str, step: str, _approval: str) -> Verdict:
        """Say whether the case has the step approved."""
        self._asked.add(step)
        is_approved = step in self._case.approved
        return Verdict(
            StepOutcome.DONE if is_approved else StepOutcome.UNKNOWN, "approved" if is_approved else "not approved"
        )

    def ask(self, prompt: Prompt) -> Reply | None:
        """Give the case's answer. Raise Refused when it does not fit the question."""
        names = [f"{prompt.step}.{prompt.name}", prompt.step if prompt.name == CONFIRM else prompt.name]
        said = next((name for name in names if name in self._case.answers), None)
        attached = tuple(self._attached(prompt))
        if said is None:
            return Reply("attached", attached) if attached and prompt.name == prompt.attach else None
        self._asked.add(said)
        text = self._case.answers[said]
        if why := answer_problem(prompt.pattern, prompt.choice, text):
            raise Refused(f"the answer to {said} does not fit: {why}")
        return Reply(text, attached)

    def _attached(self, prompt: Prompt) -> Iterator[Attachment]:
        if prompt.attach in self._case.attached:
            self._asked.add(prompt.attach)
            content, digest = base64.b64encode(_CONTENT).decode(), hashlib.sha256(_CONTENT).hexdigest()
            yield Attachment(prompt.attach, f"{prompt.attach}.txt", digest, len(_CONTENT), content)

    def _answers(self, hosts: Iterable[str], timeout: float) -> dict[str, Answer]:
        found = {host: self._answer(host) for host in hosts}
        if any(answer.detail == _DETAILS["timeout"] for answer in found.values()):
            self.wait(timeout)
        return found

    def _answer(self, host: str) -> Answer:
        """Return what the next fault of the step says on a host, or success."""
        for index, fault in enumerate(self._case.faults):
            is_left = fault.times is None or self._given[index] < fault.times
            if fault.step == self._step and fault.host in {"", host} and is_left:
                self._given[index] += 1
                return _answer_of(fault)
        return Answer(outcome=StepOutcome.DONE, exit_code=0, changed=True)


def _verdict(answer: Answer) -> Verdict:
    return Verdict(answer.outcome, answer.output.strip() or answer.detail or "as expected")


def _answer_of(fault: Fault) -> Answer:
    outcome = _OUTCOMES[fault.outcome]
    default = {StepOutcome.DONE: 0, StepOutcome.FAILED: 1}.get(outcome)
    exit_code = default if fault.exit_code is None else fault.exit_code
    detail = (
        f"exit code {exit_code}" if fault.outcome == "failed" and fault.exit_code else _DETAILS.get(fault.outcome, "")
    )
    changed = (outcome is StepOutcome.DONE) if fault.changed is None else fault.changed
    return Answer(
        outcome=outcome,
        output=fault.output,
        error_output=fault.error_output,
        exit_code=exit_code,
        changed=None if outcome is StepOutcome.UNKNOWN else changed,
        detail=detail,
    )
