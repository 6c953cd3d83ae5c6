"""A run of a runbook: the work of each of its stages, every result in the ledger before the next stage begins.

Comes in: a procedure, values, doors. Goes out: works for `run.execution`. It knows no host and no terminal, only doors.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime

from opspact.ledger.event_type import EventType
from opspact.ledger.run_events import RunOutcome
from opspact.ledger.runbook_events import RunbookNotice, RunbookStepEnded, StepOutcome
from opspact.model.policies.runbook import OnFailure, RunbookStep
from opspact.model.runbook_actions import ApproveAction, CheckAction, ManualAction, NotifyAction, RollbackAction
from opspact.run.execution import StageResult, Work
from opspact.run.leases import Leases
from opspact.runbook.doors import Answer, Doors, Prompt
from opspact.runbook.flow import ROLLBACK
from opspact.runbook.procedure import Part, Procedure, ProcedureStep, writes
from opspact.runbook.step_call import StepCall, StepResult, verdict_answer
from opspact.runbook.step_recorder import StepRecorder, one_for_each_host
from opspact.runbook.values import RunValues
from opspact.structs import Struct, replace

CONFIRM, ON_FAILURE, EVIDENCE = "confirm", "on_failure", "evidence"
"""Questions that are no value's."""
_ABORT, _CONTINUE, _RETRY, _ROLL_BACK = "abort", "continue", "retry", "rollback"


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
            hosts = each.hosts.names or stage.hosts
            if each.hosts.input:
                hosts = (self.values.value(each.hosts.input, "", ""),)
            started = self.doors.now()
            found = self.doors.check(dict.fromkeys(hosts, each.checks))
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
                answer = answers.get(host) or verdict_answer([verdict])
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
        for name, text in self.procedure.runbook.evidence.items():
            if self._has_evidence(name):
                continue
            reply = self.doors.ask(Prompt(stage.name, name, self.recorder.translate(text), attach=name))
            if reply is None or not reply.attachments:
                return _waiting(f"the evidence {name} is missing ({self.recorder.translate(text)})")
            self.recorder.answered(stage, name, reply)
        done = Answer(outcome=StepOutcome.DONE)
        self.recorder.record(stage, [self.recorder.event(stage, "", done, started=started)])
        return StageResult()

    def _has_evidence(self, name: str) -> bool:
        return name in self.values.known("", "", [name]) or self.values.is_attached(name)

    # the steps of the runbook

    def _step(self, stage: ProcedureStep) -> StageResult:
        hosts = stage.hosts or ("",)
        chosen = [host for host in hosts if all(self.values.holds(guard, host) for guard in stage.guards)]
        skipped = [
            self.recorder.skipped(stage, host, "its condition does not hold") for host in hosts if host not in chosen
        ]
        if not chosen:
            self.recorder.record(stage, skipped)
            return StageResult(detail="skipped: its condition does not hold")
        self.recorder.progress.started(stage, [host for host in chosen if host])
        if not isinstance(stage.runbook_step.action, RollbackAction | CheckAction):
            self.doors.release()  # this takes long, or others do it: they may need the hosts meanwhile
        match stage.runbook_step.action:
            case ManualAction():
                return self._manual(stage, stage.runbook_step.action)
            case ApproveAction():
                return self._approve(stage, stage.runbook_step.action)
            case NotifyAction():
                return self._notify(stage, stage.runbook_step.action)
        return self._on_hosts(stage, chosen, skipped)

    def _on_hosts(self, stage: ProcedureStep, hosts: Sequence[str], skipped: list[RunbookStepEnded]) -> StageResult:
        """Carry a step out on hosts, but for those on which an earlier attempt of the run has done so."""
        step, events = stage.runbook_step, list[RunbookStepEnded]()
        todo = [host for host in hosts if not self.recorder.flow.is_done(stage.name, host)]
        follows = str(OnFailure.CONTINUE)
        bad: list[RunbookStepEnded] = []
        while todo:
            found = self._tried(stage, todo)
            bad = [event for event in found if event.outcome is not StepOutcome.DONE]
            follows = self._following(step, bad, stage) if bad else OnFailure.CONTINUE
            again = [event.host for event in bad] if follows == _RETRY else []
            events += [event for event in found if event.host not in again]
            todo = again
        following = _after(step, follows)
        ended = [replace(event, following=following) if event in bad else event for event in events]
        self.recorder.record(stage, [*skipped, *ended])
        if not bad:
            return StageResult()
        why = "; ".join(f"{event.host}: {event.detail}" for event in bad)
        return _failed(why) if follows == OnFailure.ABORT else StageResult(detail=f"failed, {follows}: {why}"[:500])

    def _following(
        self,
        step: RunbookStep,
        bad: Sequence[RunbookStepEnded],
        stage: ProcedureStep,
    ) -> str:
        """Return what follows a step that is not done: where nobody knows what it did, a person has to say."""
        is_unknown = any(event.outcome is StepOutcome.UNKNOWN for event in bad)
        if is_unknown and not step.idempotent:
            return OnFailure.ABORT
        if step.on_failure is not OnFailure.ASK:
            return step.on_failure
        why = "; ".join(f"{event.host}: {event.detail}" for event in bad)
        choice = (_ABORT, _CONTINUE, _RETRY, _ROLL_BACK)
        text = f"{self.recorder.translate(step.text)} has failed: {why}. What follows?"
        reply = self.doors.ask(Prompt(stage.name, ON_FAILURE, text, choice=choice))
        if reply is None:
            return OnFailure.ABORT
        self.recorder.answered(stage, ON_FAILURE, reply)
        return reply.text

    def _tried(self, stage: ProcedureStep, hosts: Sequence[str]) -> list[RunbookStepEnded]:
        """Carry a step out on hosts, again where it failed and may be tried again; return its events."""
        call = StepCall(stage, self.values, self.doors, self.recorder.run)
        step, started = stage.runbook_step, self.doors.now()
        results: dict[str, StepResult] = {}
        tries: dict[str, int] = dict.fromkeys(hosts, 0)
        waiting = list(hosts)
        while waiting:
            tries |= {host: tries[host] + 1 for host in waiting}
            results |= self._taken(stage, waiting, lambda ready: call.carry_out(ready, step.action))
            waiting = [host for host in waiting if tries[host] <= step.retries and _may_repeat(step, results[host])]
            if waiting:
                self.doors.wait(step.retry_after.seconds)
        attempt = self.recorder.leases.attempt
        return [
            self.recorder.with_values(
                call.event(host, results[host], attempt=attempt, started=started, tries=tries[host]), results[host]
            )
            for host in hosts
        ]

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
        return {**found, **{host: StepResult(answer) for host, answer in why.items()}}

    def _manual(self, stage: ProcedureStep, action: ManualAction) -> StageResult:
        started = self.doors.now()
        said = self.values.masked(self.recorder.translate(action.text), stage.scope)
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
        return self._concluded(stage, answer, started=started, values=values)

    def _approve(self, stage: ProcedureStep, action: ApproveAction) -> StageResult:
        started = self.doors.now()
        verdict = self.doors.approvals(self.recorder.run, stage.name, action.approval)
        if verdict.outcome is not StepOutcome.DONE:
            return _waiting(f"{stage.name}: {verdict.found}")
        answer = Answer(outcome=StepOutcome.DONE, output=f"{verdict.found}\n")
        return self._concluded(stage, answer, started=started)

    def _notify(self, stage: ProcedureStep, action: NotifyAction) -> StageResult:
        started = self.doors.now()
        message = self.values.masked(self.recorder.translate(action.message), stage.scope)
        attempt = self.recorder.leases.attempt
        notice = RunbookNotice(self.recorder.run, stage.name, str(action.recipient), message, attempt)
        answer = Answer(outcome=StepOutcome.DONE, output=f"{action.recipient}: {message}\n")
        return self._concluded(stage, answer, started=started, more=[notice])

    def _concluded(
        self,
        stage: ProcedureStep,
        answer: Answer,
        *,
        started: datetime,
        values: Mapping[str, str] | None = None,
        more: Iterable[EventType] = (),
    ) -> StageResult:
        """Record what a step without hosts came to, and return how its stage ended."""
        step = stage.runbook_step
        event = self.recorder.event(stage, "", answer, started=started)
        event = self.recorder.with_values(event, StepResult(answer, values or {}))
        is_done = answer.outcome is StepOutcome.DONE
        follows = OnFailure.CONTINUE if is_done else self._following(step, [event], stage)
        if follows == _RETRY:
            follows = OnFailure.ABORT
        self.recorder.record(stage, [replace(event, following=_after(step, follows))], more=more)
        return _failed(answer.detail) if follows == OnFailure.ABORT else StageResult()

    def _roll_back(self, stage: ProcedureStep) -> StageResult:
        action = stage.runbook_step.rollback_action
        if action is None:
            raise AssertionError("a stage that rolls back has an action")
        hosts = stage.hosts or ("",)
        self.recorder.progress.started(stage, stage.hosts)
        back = replace(stage, step=replace(stage.runbook_step, action=action, captures={}))
        call, started = StepCall(back, self.values, self.doors, self.recorder.run), self.doors.now()
        results = self._taken(back, hosts, lambda ready: call.carry_out(ready, action))
        attempt = self.recorder.leases.attempt
        events = [call.event(host, each, attempt=attempt, started=started, tries=1) for host, each in results.items()]
        self.recorder.record(stage, events)
        bad = [f"{event.host}: {event.detail}" for event in events if event.outcome is not StepOutcome.DONE]
        return _failed(f"the rollback failed: {'; '.join(bad)}") if bad else StageResult()


def _after(step: RunbookStep, follows: str) -> str:
    """Return what is recorded as following a step that has failed; empty: the next one, or nothing."""
    return {OnFailure.GOTO.value: step.goto, OnFailure.ROLLBACK.value: ROLLBACK}.get(follows, "")


def _may_repeat(step: RunbookStep, result: StepResult) -> bool:
    """Whether a step may be tried again: it failed, or nobody knows and repeating it does no harm."""
    outcome = result.answer.outcome
    return outcome is StepOutcome.FAILED or (outcome is StepOutcome.UNKNOWN and step.idempotent)


def _is_done(answer: Answer) -> bool:
    return answer.outcome is StepOutcome.DONE


def _failed(why: str) -> StageResult:
    return StageResult(RunOutcome.FAILED, why[:1000])


def _waiting(why: str) -> StageResult:
    return StageResult(RunOutcome.STOPPED, f"waiting: {why}"[:1000])
