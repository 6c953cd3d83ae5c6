"""A run of a runbook: the work of each of its stages, every result in the ledger before the next stage begins.

Comes in: a procedure, values, doors. Goes out: works for `run.execution`. It knows no host and no terminal, only doors.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime

from opspact.errors import OperationFailed
from opspact.ledger.event_type import EventType
from opspact.ledger.run_events import RunOutcome
from opspact.ledger.runbook_events import RunbookNotice, RunbookStepEnded, StepOutcome
from opspact.model.condition import Condition
from opspact.model.policies.runbook import ROLLING_BACK, OnFailure, RunbookStep
from opspact.model.runbook_actions import ApproveAction, HarmlessAction, ManualAction, NotifyAction
from opspact.run.execution import StageResult, Work
from opspact.run.leases import Leases
from opspact.runbook.doors import Answer, Doors, Prompt
from opspact.runbook.flow import ROLLBACK, WAITING
from opspact.runbook.output import LONGEST_DETAIL, without_secrets
from opspact.runbook.procedure import CONTINUATION, NeededEvidence, Part, Procedure, ProcedureStep, writes
from opspact.runbook.step_call import StepCall, StepResult, verdict_answer
from opspact.runbook.step_recorder import StepRecorder, one_for_each_host
from opspact.runbook.values import RunValues
from opspact.structs import Struct, replace

CONFIRM, ON_FAILURE, EVIDENCE = "confirm", "on_failure", "evidence"
"""Questions that are no value's."""
_RETRY = "retry"


class Engine(Struct):
    """One attempt of a run."""

    recorder: StepRecorder

    @property
    def values(self) -> RunValues:
        """The values of the run."""
        return self.recorder.values

    @property
    def doors(self) -> Doors:
        """The doors of the run."""
        return self.recorder.doors

    @property
    def procedure(self) -> Procedure:
        """What is run."""
        return self.recorder.procedure

    def work(self) -> Mapping[str, Work]:
        """Return the work of each stage."""
        works: dict[Part, Callable[[ProcedureStep], StageResult]] = {
            Part.PRECONDITIONS: self._preconditions,
            Part.RESTORE_POINT: self._restore_point,
            Part.STEP: self._step,
            Part.ROLLBACK: self._roll_back,
            Part.CLOSE: self._close,
        }
        return {stage.name: self._work(stage, works[stage.part]) for stage in self.procedure.steps}

    def _work(self, stage: ProcedureStep, work: Callable[[ProcedureStep], StageResult]) -> Work:
        def carry_out(_leases: Leases) -> StageResult:
            if why := self.recorder.flow.skip_reason(stage):
                self.recorder.record(stage, [self.recorder.skipped(stage, "", why)])
                return StageResult(detail=f"skipped: {why}")
            self.recorder.flow.arrive(stage.name)
            return work(stage)

        return carry_out

    # what every run has

    def _preconditions(self, stage: ProcedureStep) -> StageResult:
        events, failed = [], []
        self.recorder.progress.started(stage, stage.hosts)
        for each in self.procedure.runbook.preconditions:
            hosts = self.values.precondition_hosts(each, stage.hosts)
            started = self.doors.now()
            found = self.doors.check({host: self.values.filled_checks(each.checks, host) for host in hosts})
            for host, verdicts in found.items():
                answer = verdict_answer(verdicts)
                events.append(self.recorder.event(stage, host, answer, started=started))
                if answer.outcome is not StepOutcome.DONE:
                    failed.append(f"{self.recorder.translate(each.text)} ({host}): {answer.detail}")
        self.recorder.record(stage, one_for_each_host(events))
        return _failed(f"a precondition is not met: {'; '.join(failed)}") if failed else StageResult()

    def _restore_point(self, stage: ProcedureStep) -> StageResult:
        events: list[RunbookStepEnded] = []
        failed: list[str] = []
        self.recorder.progress.started(stage, stage.hosts)
        if uncovered := self.procedure.uncovered:
            return _failed(f"no restore point covers {', '.join(uncovered)}")
        for backup, hosts in self.procedure.restore_points.items():
            started = self.doors.now()
            copies = self.doors.copies(backup, hosts)
            stale = {host: each for host, each in copies.items() if each.outcome is not StepOutcome.DONE}
            failed += [f"{backup} of {host}: {each.found}" for host, each in stale.items()]
            answers = {} if failed else self.doors.backup(backup, hosts)
            failed += [f"{backup} of {host}: {it.detail}" for host, it in answers.items() if not _is_done(it)]
            for host, verdict in copies.items():
                left = Answer(outcome=StepOutcome.SKIPPED, detail="no copy was made, as another one does not count")
                unmade = verdict_answer([verdict]) if verdict.outcome is not StepOutcome.DONE else left
                answer = answers.get(host) or unmade
                said = replace(answer, output=f"{backup}: {verdict.found}\n{answer.output}")
                events.append(self.recorder.event(stage, host, said, started=started))
        self.recorder.record(stage, one_for_each_host(events))
        return _failed(f"no restore point: {'; '.join(failed)}") if failed else StageResult()

    def _close(self, stage: ProcedureStep) -> StageResult:
        started = self.doors.now()
        if self.recorder.flow.is_rolling_back:
            back = Answer(outcome=StepOutcome.FAILED, detail="rolled back")
            self.recorder.record(stage, [self.recorder.event(stage, "", back, started=started)])
            return _failed("rolled back")
        for each in self.procedure.needed:
            if self._has_evidence(each):
                continue
            text = self.recorder.translate(each.text)
            reply = self.doors.ask(Prompt(stage.name, each.name, text, attach=each.name))
            if reply is None or not reply.attachments:
                return _waiting(f"the evidence {each.name} is missing ({text})")
            self.recorder.answered(stage, each.name, reply)
        done = Answer(outcome=StepOutcome.DONE)
        self.recorder.record(stage, [self.recorder.event(stage, "", done, started=started)])
        return StageResult()

    def _has_evidence(self, needed: NeededEvidence) -> bool:
        """Whether evidence is there; that of a called runbook of which nothing was carried out is not needed.

        A value that holds a secret is none once the run was stopped: nothing can show it.
        """
        stages = (each.name for each in self.procedure.steps if each.scope == needed.scope and each.part is Part.STEP)
        if needed.scope and not any(map(self.recorder.flow.has_started, stages)):
            return True
        return self.values.has_value(needed.name, needed.scope) or self.values.is_attached(needed.name)

    # the steps of the runbook

    def _step(self, stage: ProcedureStep) -> StageResult:
        hosts = stage.hosts or ("",)
        try:
            chosen = [host for host in hosts if self._is_meant(stage, host)]
        except OperationFailed as error:
            return self._not_begun(stage, error)
        skipped = [
            self.recorder.skipped(stage, host, "its condition does not hold") for host in hosts if host not in chosen
        ]
        if not chosen:
            self.recorder.record(stage, skipped)
            return StageResult(detail="skipped: its condition does not hold")
        if not isinstance(stage.runbook_step.action, HarmlessAction) and (why := self._not_approved(stage)):
            return _waiting(why)
        return self._carried_out(stage, chosen, skipped)

    def _carried_out(self, stage: ProcedureStep, hosts: Sequence[str], skipped: list[RunbookStepEnded]) -> StageResult:
        self.recorder.progress.started(stage, [host for host in hosts if host])
        if isinstance(stage.runbook_step.action, ApproveAction | ManualAction):
            self.doors.release()  # people need the hosts meanwhile: whoever takes one would end this run
        match stage.runbook_step.action:
            case ManualAction():
                return self._manual(stage, stage.runbook_step.action)
            case ApproveAction():
                return self._approve(stage, stage.runbook_step.action)
            case NotifyAction():
                return self._notify(stage, stage.runbook_step.action)
        return self._on_hosts(stage, hosts, skipped)

    def _is_meant(self, stage: ProcedureStep, host: str) -> bool:
        """Whether the conditions of a step hold on a host. Raise OperationFailed when nobody can say."""
        return all(self.values.holds(guard, host) for guard in stage.guards)

    def _not_approved(self, stage: ProcedureStep) -> str:
        """Return which approvals that a stage needs do not count now, and why; empty: all do.

        They did as the run went past them. One can expire while people are waited for; its approver can resume the run.
        """
        run, before = self.recorder.run, self.procedure.steps[: self.procedure.steps.index(stage)]
        needed = self.recorder.flow.needed_approvals(before)
        found = {each.name: self.doors.approvals(run, each.name, approval) for each, approval in needed}
        why = "; ".join(f"{name}: {each.found}" for name, each in found.items() if each.outcome is not StepOutcome.DONE)
        again = f"before step {stage.name}, this has to be approved again (`opspact runbook approve {run}`)"
        return f"{again}: {why}" if why else ""

    def _on_hosts(self, stage: ProcedureStep, hosts: Sequence[str], skipped: list[RunbookStepEnded]) -> StageResult:
        """Carry a step out on hosts, but for those on which an earlier attempt of the run has done so."""
        todo = [host for host in hosts if not self.recorder.flow.is_done(stage.name, host)]
        tries: dict[str, list[StepResult]] = {host: [] for host in todo}
        follows, started = str(OnFailure.CONTINUE), self.doors.now()
        while todo:
            self._try(stage, todo, tries)
            bad = [host for host in todo if not tries[host][-1].is_done]
            follows = ""
            try:
                follows = self._following(stage, {host: tries[host][-1].answer for host in bad})
            finally:
                if not follows:  # whatever ended the question: what the step came to is known, and is recorded
                    self.recorder.record(stage, [*skipped, *self._events(stage, tries, started=started)])
            todo = bad if follows == _RETRY else []
            if todo and (why := self._not_approved(stage)):  # the question may have waited for hours
                self.recorder.record(stage, [*skipped, *self._events(stage, tries, started=started)])
                return _waiting(why)
        events = self._events(stage, tries, started=started, following=_after(stage, follows))
        self.recorder.record(stage, [*skipped, *events])
        failed = [event for event in events if event.outcome is not StepOutcome.DONE]
        if not failed:
            return StageResult()
        why = "; ".join(f"{event.host}: {event.detail}" for event in failed)
        if follows == OnFailure.ABORT:
            return _failed(why)
        return StageResult(detail=f"failed, {follows}: {why}"[:LONGEST_DETAIL])

    def _events(
        self, stage: ProcedureStep, tries: Mapping[str, Sequence[StepResult]], *, started: datetime, following: str = ""
    ) -> list[RunbookStepEnded]:
        """Return what a step came to on each host, after all its tries; `following`: what follows where it failed."""
        call, attempt = StepCall(stage, self.values, self.doors, self.recorder.run), self.recorder.leases.attempt
        events = []
        for host, results in tries.items():
            event = call.event(host, results, attempt=attempt, started=started)
            events.append(event if results[-1].is_done else replace(event, following=following))
        return events

    def _following(self, stage: ProcedureStep, bad: Mapping[str, Answer]) -> str:
        """Return what follows, given the hosts on which a step is not done.

        Where nobody knows what it did, the run stops: a person has to say.
        """
        step = stage.runbook_step
        if not bad:
            return OnFailure.CONTINUE
        if any(each.outcome is StepOutcome.UNKNOWN for each in bad.values()) and not step.idempotent:
            return OnFailure.ABORT
        if step.on_failure is not OnFailure.ASK:
            return step.on_failure
        why = "; ".join(f"{host}: {each.detail}" for host, each in bad.items())
        text = without_secrets(f"{self.recorder.translate(step.text)}: {why}", self.values.secrets)
        reply = self.doors.ask(Prompt(stage.name, ON_FAILURE, text, choice=CONTINUATION.choice))
        if reply is None:
            return OnFailure.ABORT
        self.recorder.answered(stage, ON_FAILURE, reply)
        if reply.text == _RETRY and reply.is_up_front and not self.recorder.flow.retry_once(stage.name):
            return OnFailure.ABORT
        return reply.text

    def _try(self, stage: ProcedureStep, hosts: Sequence[str], tries: Mapping[str, list[StepResult]]) -> None:
        """Carry a step out on hosts, again where it failed and may be tried again; add what each try came to."""
        call = StepCall(stage, self.values, self.doors, self.recorder.run)
        step, waiting = stage.runbook_step, list(hosts)
        for again in range(step.retries + 1):
            if again:
                self.doors.wait(step.retry_after.seconds)
            for host, result in self._taken(stage, waiting, lambda ready: call.carry_out(ready, step.action)).items():
                tries[host].append(self.recorder.hide_secrets(stage, host, result))
            waiting = [host for host in waiting if _may_repeat(step, tries[host][-1])]
            if not waiting:
                return

    def _taken(
        self, stage: ProcedureStep, hosts: Sequence[str], work: Callable[[Sequence[str]], dict[str, StepResult]]
    ) -> dict[str, StepResult]:
        """Do work on hosts that this run has taken before, where it may write."""
        if not writes(stage):
            return work(hosts)
        refused = self.doors.take(hosts)
        ready = [host for host in hosts if host not in refused]
        found = work(ready) if ready else {}
        why = {host: Answer(outcome=StepOutcome.FAILED, detail=f"not started: {it}") for host, it in refused.items()}
        return {**found, **{host: StepResult(answer, is_begun=False) for host, answer in why.items()}}

    def _manual(self, stage: ProcedureStep, action: ManualAction) -> StageResult:
        started = self.doors.now()
        try:
            said = self.values.masked(self.recorder.translate(action.text), stage.scope)
        except OperationFailed as error:
            return self._not_begun(stage, error)
        prompt = Prompt(stage.name, CONFIRM, said, choice=("done", "failed"), default="done", attach=action.attach)
        reply = self.doors.ask(prompt)
        if reply is None or (action.attach and reply.text == "done" and not reply.attachments):
            missing = f"its evidence {action.attach} is missing" if reply else "nobody has confirmed it"
            return _waiting(f"{stage.name}: {missing} ({said})")
        self.recorder.answered(stage, CONFIRM, reply)
        values: dict[str, str] = {}
        for name, asked in action.questions.items() if reply.text == "done" else ():
            given = self.doors.ask(
                Prompt(
                    stage.name, name, self.recorder.translate(asked.text), asked.pattern, asked.choice, asked.default
                )
            )
            if given is None:
                return _waiting(f"{stage.name}: the value {name} is missing ({self.recorder.translate(asked.text)})")
            self.recorder.answered(stage, name, given)
            values[name] = given.text
        outcome = StepOutcome.DONE if reply.text == "done" else StepOutcome.FAILED
        answer = Answer(
            outcome=outcome, detail="" if outcome is StepOutcome.DONE else "the operator reported a failure"
        )
        return self._concluded(stage, StepResult(answer, values), started=started)

    def _approve(self, stage: ProcedureStep, action: ApproveAction) -> StageResult:
        started = self.doors.now()
        verdict = self.doors.approvals(self.recorder.run, stage.name, action.approval)
        if verdict.outcome is not StepOutcome.DONE:
            return _waiting(f"{stage.name}: {verdict.found}")
        answer = Answer(outcome=StepOutcome.DONE, output=f"{verdict.found}\n")
        return self._concluded(stage, StepResult(answer), started=started)

    def _notify(self, stage: ProcedureStep, action: NotifyAction) -> StageResult:
        started = self.doors.now()
        try:
            message = self.values.masked(self.recorder.translate(action.message), stage.scope)
        except OperationFailed as error:
            return self._not_begun(stage, error)
        attempt = self.recorder.leases.attempt
        notice = RunbookNotice(self.recorder.run, stage.name, str(action.recipient), message, attempt)
        answer = Answer(outcome=StepOutcome.DONE, output=f"{action.recipient}: {message}\n")
        return self._concluded(stage, StepResult(answer), started=started, more=[notice])

    def _not_begun(self, stage: ProcedureStep, error: OperationFailed) -> StageResult:
        """Let a step fail before anything is done, as nobody can say where or what that would be."""
        answer = Answer(outcome=StepOutcome.FAILED, detail=str(error))
        return self._concluded(stage, StepResult(answer, is_begun=False), started=self.doors.now())

    def _concluded(
        self, stage: ProcedureStep, result: StepResult, *, started: datetime, more: Iterable[EventType] = ()
    ) -> StageResult:
        """Record what a step came to that was carried out on no host, and return how its stage ended."""
        result, answer = self.recorder.hide_secrets(stage, "", result), result.answer
        event = self.recorder.event(stage, "", answer, started=started)
        event = replace(event, values=result.values, hidden=result.hidden, tries=int(result.is_begun))
        follows = ""
        try:
            follows = self._following(stage, {} if _is_done(answer) else {"": answer})
        finally:
            if not follows:
                self.recorder.record(stage, [event], more=more)
        if follows == _RETRY:
            return self._step(stage)
        following = "" if _is_done(answer) else _after(stage, follows)
        self.recorder.record(stage, [replace(event, following=following)], more=more)
        return _failed(event.detail) if follows == OnFailure.ABORT else StageResult()

    def _roll_back(self, stage: ProcedureStep) -> StageResult:
        action = stage.runbook_step.rollback_action
        if action is None:
            raise AssertionError("a stage that rolls back has an action")
        flow = self.recorder.flow
        hosts = [host for host in flow.rollback_hosts(stage) if self._is_to_roll_back(stage, host)]
        self.recorder.progress.started(stage, hosts)
        back = replace(stage, step=replace(stage.runbook_step, action=action, captures={}, asserted=Condition()))
        call, started = StepCall(back, self.values, self.doors, self.recorder.run), self.doors.now()
        results = self._taken(back, hosts, lambda ready: call.carry_out(ready, action))
        attempt = self.recorder.leases.attempt
        events = [call.event(host, [each], attempt=attempt, started=started) for host, each in results.items()]
        self.recorder.record(stage, events)
        bad = [f"{event.host}: {event.detail}" for event in events if event.outcome is not StepOutcome.DONE]
        return _failed(f"the rollback failed: {'; '.join(bad)}") if bad else StageResult()

    def _is_to_roll_back(self, stage: ProcedureStep, host: str) -> bool:
        """Whether a step is to be taken back on a host; if it may have been begun there, its conditions decide."""
        flow = self.recorder.flow
        if flow.is_done(stage.name, host) or flow.is_started(stage.name.removeprefix(ROLLING_BACK), host):
            return not flow.is_done(stage.name, host)
        try:
            return self._is_meant(stage, host)
        except OperationFailed:
            return True


def _after(stage: ProcedureStep, follows: str) -> str:
    """Return what is recorded as following a step that has failed; empty: the next one, or nothing."""
    ways = {
        OnFailure.GOTO.value: stage.runbook_step.goto,
        OnFailure.ROLLBACK.value: ROLLBACK,
        OnFailure.CONTINUE.value: stage.continues_at,
    }
    return ways.get(follows, "")


def _may_repeat(step: RunbookStep, result: StepResult) -> bool:
    """Whether a step may be tried again: it failed, or nobody knows and repeating it does no harm."""
    outcome = result.answer.outcome
    return outcome is StepOutcome.FAILED or (outcome is StepOutcome.UNKNOWN and step.idempotent)


def _is_done(answer: Answer) -> bool:
    return answer.outcome is StepOutcome.DONE


def _failed(why: str) -> StageResult:
    return StageResult(RunOutcome.FAILED, why[:LONGEST_DETAIL])


def _waiting(why: str) -> StageResult:
    return StageResult(RunOutcome.STOPPED, f"{WAITING}: {why}"[:LONGEST_DETAIL])
