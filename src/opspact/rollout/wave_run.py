"""Carrying waves out: each takes its turn when the one before it has passed its gate, and nothing forbids changes.

In: waves, what an apply works with. Out: the work of each stage of the run, and what came of all of it.
"""

import time
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import TypeVar

from opspact.errors import Refused
from opspact.fleet import signals
from opspact.ledger.run_events import RunOutcome
from opspact.plan.plan import HostPlan, Plan
from opspact.rollout import planner, record
from opspact.rollout.apply_run import is_part
from opspact.rollout.convergence import Convergence
from opspact.rollout.outcome import ApplyOutcome, is_converged
from opspact.rollout.rollback import RollbackOutcome
from opspact.rollout.survey import Survey
from opspact.rollout.wait_until_ready import wait_until_started
from opspact.rollout.waves import Wave
from opspact.run.execution import StageResult, Work
from opspact.run.leases import Leases
from opspact.run.resume import PlannedStage
from opspact.run.state import NotStarted
from opspact.steps.check import Reach, Results
from opspact.structs import Struct, field, replace
from opspact.text.counts import format_count
from opspact.text.names import list_names

_SHOWN = 3  # hosts named of those with one reason
_MOMENT = 0.2  # seconds between two looks whether a signal ends the settling

Possible = Callable[[Plan, Results], Plan]
"""Given the plan of all hosts and what was seen of them, return what of it can be done now."""


Part = TypeVar("Part")


class WaveRun(Struct):
    """The waves of one apply, and what has come of those that were begun.

    `hosts`: those on which something may be written. `check_open` raises Refused where what a plan does must not be
    done now. `roll_back`: given the leases and hosts, bring them back to what
    was applied there before.
    """

    convergence: Convergence
    waves: tuple[Wave, ...]
    hosts: tuple[str, ...]
    possible: Possible
    check_open: Callable[[Plan], None]
    roll_back: Callable[[Leases, Iterable[str]], RollbackOutcome]
    _outcomes: dict[str, ApplyOutcome] = field(default_factory=dict)
    """What came of each wave that was begun, by its name."""
    _not_taken: dict[str, str] = field(default_factory=dict)
    _taken: list[str] = field(default_factory=list)
    _notes: list[str] = field(default_factory=list)
    _stopped: list[str] = field(default_factory=list)

    def work(self, planned: Iterable[PlannedStage]) -> dict[str, Work]:
        """Given what becomes of the stages, return the work of each."""
        begun = {it.stage.name for it in planned if not isinstance(it.before, NotStarted)}
        works: dict[str, Work] = {}
        for wave in self.waves:
            if wave.pause:
                works[wave.name] = partial(self._pause, wave, wave.name in begun)
            else:
                works[wave.name] = partial(self._converge, wave)
            if wave.rollback:
                works[wave.rollback] = partial(self._roll_back, wave)
        return works

    def outcome(self) -> ApplyOutcome:
        """Return what came of all waves; of those that were not begun, what was seen before."""
        before = self.convergence.before.results
        outcomes = list(self._outcomes.values())
        results = {**before, **_joined(it.results for it in outcomes)}
        not_begun = (wave for wave in self.waves if wave.name not in self._outcomes)
        waiting = {host for wave in not_begun for host in wave.hosts} - {host for it in outcomes for host in it.results}
        return ApplyOutcome(
            self.convergence.plan,
            results,
            started=any(it.started for it in outcomes),
            why=_joined(it.why for it in outcomes),
            notes=tuple(dict.fromkeys((*(note for it in outcomes for note in it.notes), *self._notes))),
            signal=next((it.signal for it in outcomes if it.signal), 0),
            taken=_joined(it.taken for it in outcomes),
            removed=_joined(it.removed for it in outcomes),
            not_started=tuple(host for host in before if host in waiting and not is_converged(before[host])),
            stopped=self._stopped[0] if self._stopped else "",
            left={**self.convergence.differences, **_joined(it.left for it in outcomes)},
        )

    def _pause(self, wave: Wave, is_resumed: bool, leases: Leases) -> StageResult:
        """Stop here, unless a person has continued the run."""
        if is_resumed:
            return StageResult(detail=f"continued by {leases.context().actor}")
        self._take(leases)
        return self._stop(f"paused: {wave.pause}")

    def _stop(self, why: str) -> StageResult:
        self._stopped.append(why)
        return StageResult(RunOutcome.STOPPED, why)

    def _take(self, leases: Leases) -> None:
        """Take all hosts of all waves, once: until the last one has ended, nobody else changes any of them."""
        if not self._taken:
            self._not_taken.update(self.convergence.take(leases, self.hosts))
            self._taken.extend(self.hosts)

    def _converge(self, wave: Wave, leases: Leases) -> StageResult:
        """Converge a wave's hosts, then have its gate judged."""
        self._take(leases)
        if self._outcomes:
            convergence, changed = self._look_again(wave)
            try:  # the first wave begins with the run, which was refused where it may not
                self.check_open(convergence.plan)
            except Refused as refused:
                return self._stop(f"{wave.name} may not begin: {refused.args[0]}")
        else:  # hosts on which nothing is to be done are recorded with the first wave
            others = {host for each in self.waves if each is not wave for host in each.hosts}
            names = [name for name in self.convergence.before.results if name not in others]
            convergence, changed = self.convergence.within(names), {}
        outcome = convergence.carry_out(leases, {**self._not_taken, **changed})
        self._outcomes[wave.name] = outcome
        if outcome.signal:
            return StageResult(RunOutcome.STOPPED, "stopped by a signal", outcome.signal)
        return self._judge(wave, convergence, leases) if wave.gate.rollout else result_of(self.outcome())

    def _look_again(self, wave: Wave) -> tuple[Convergence, dict[str, str]]:
        """Return what the wave works with as its hosts are now, and which of them have changed in the meantime."""
        convergence = self.convergence
        survey = convergence.surveyor.survey(convergence.work, wave.hosts)
        found = {it.name: it for it in planner.live(convergence.head, survey).hosts}
        results = {**self.outcome().results, **survey.results}
        plan = replace(convergence.plan, hosts=tuple(found.get(it.name, it) for it in convergence.plan.hosts))
        plan = self.possible(plan, results)
        now = replace(convergence.within(wave.hosts), before=survey)
        now = replace(now, plan=replace(plan, hosts=tuple(it for it in plan.hosts if it.name in found)))
        known = planner.by_host(convergence.plan)
        changed = {it.name: why for it in now.plan.hosts if (why := _what_is_new(it, known[it.name]))}
        return now, changed

    def _judge(self, wave: Wave, convergence: Convergence, leases: Leases) -> StageResult:
        """Let a wave settle, verify it, and return whether the next one may begin."""
        if received := _settle(wave.gate.settle_seconds, convergence):
            self._outcomes[wave.name] = replace(self._outcomes[wave.name], signal=received)
            return StageResult(RunOutcome.STOPPED, "stopped by a signal", received)
        if wave.gate.verify and wave.gate.settle_seconds:
            self._verify(wave, convergence, leases)
        failed = [name for name in self._outcomes[wave.name].failed if name in wave.hosts]
        if len(failed) > wave.gate.max_failures:
            words = f"{wave.name} failed its gate: {_of_hosts(failed, wave)}, at most {wave.gate.max_failures:,} may"
            self._notes.append(words)
            is_changed = self._outcomes[wave.name].started
            return StageResult(RunOutcome.FAILED, words, recover=bool(wave.rollback) and is_changed)
        if wave is self.waves[-1] and not self.outcome().is_converged:
            return result_of(self.outcome())
        return StageResult(detail=_of_hosts(failed, wave) if failed else "")

    def _verify(self, wave: Wave, convergence: Convergence, leases: Leases) -> None:
        """Verify a wave's hosts again, and record what was seen."""
        convergence.listener.stage("verifying", len(wave.hosts))
        survey = partial(convergence.surveyor.survey, convergence.work, on_progress=convergence.listener.host)
        seen = wait_until_started(survey, wave.hosts)
        record.gate_verified(leases, convergence.head, seen)
        self._outcomes[wave.name] = _with_seen(self._outcomes[wave.name], seen)

    def _roll_back(self, wave: Wave, leases: Leases) -> StageResult:
        """Bring the hosts of a wave back to what was applied there before."""
        self._take(leases)
        open_ones = [name for name in wave.hosts if name not in self._not_taken and name in self.hosts]
        came_to = self.roll_back(leases, open_ones)
        self._notes.extend(f"{wave.rollback}: {note}" for note in came_to.notes)
        if came_to.signal:
            return StageResult(RunOutcome.STOPPED, "stopped by a signal", came_to.signal)
        if came_to.failed:
            return StageResult(RunOutcome.FAILED, f"rollback failed on {list_names(came_to.failed, _SHOWN)}")
        return StageResult(detail="rolled back")


def _joined(parts: Iterable[Mapping[str, Part]]) -> dict[str, Part]:
    return {name: value for part in parts for name, value in part.items()}


def result_of(outcome: ApplyOutcome) -> StageResult:
    """Given what came of an apply, return how its stage ended."""
    if outcome.signal:
        return StageResult(RunOutcome.STOPPED, "stopped by a signal", outcome.signal)
    if outcome.is_converged:
        return StageResult()
    lost = [f"{name} by run {by or 'unknown'}" for name, by in outcome.taken.items()]
    words = f"not converged: {list_names(outcome.failed, _SHOWN)}"
    return StageResult(RunOutcome.FAILED, f"{words}; taken: {list_names(lost, _SHOWN)}" if lost else words)


def _what_is_new(now: HostPlan, before: HostPlan) -> str:
    """Return why a host must be left alone: more is to be done there than was planned. Empty: it need not."""
    planned = record.planned(before)
    if before.reach is not Reach.REACHED or is_part(now, planned):
        return ""
    known = {identity for identities in planned.values() for identity in identities}
    new = [change.step.identity for change in now.changes if change.step.identity not in known]
    what = list_names(new or [change.step.identity for change in now.changes], _SHOWN)
    return f"the host has changed since the plan was made: {what}"


def _settle(seconds: int, convergence: Convergence) -> int:
    """Wait; return the number of the signal that ended it (0: none did)."""
    if seconds:
        convergence.listener.message(f"waiting {format_count(seconds, 'second')} before verifying the wave")
    end = time.monotonic() + seconds
    with signals.listen() as received:
        while (left := end - time.monotonic()) > 0 and not received.numbers:
            time.sleep(min(_MOMENT, left))
        return received.numbers[0] if received.numbers else 0


def _with_seen(outcome: ApplyOutcome, seen: Survey) -> ApplyOutcome:
    return replace(outcome, results={**outcome.results, **seen.results})


def _of_hosts(failed: list[str], wave: Wave) -> str:
    return f"{len(failed):,} of {format_count(len(wave.hosts), 'host')} failed ({list_names(failed, _SHOWN)})"
