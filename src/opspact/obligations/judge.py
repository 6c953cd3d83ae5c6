"""Is it kept? The one judge of every obligation.

Comes in: an obligation, its evidence, the time. Goes out: a judgement. Reads no clock, reaches nothing.

A promise to look and what the look saw are two things: an inspection that found a full disk was made.
"""

from datetime import UTC, datetime, time
from typing import assert_never

from opspact.obligations.evidence import Evidence, Observation, Occasion, Outcome, observed_day
from opspact.obligations.obligation import (
    AfterEach,
    CheckSource,
    DrillSource,
    JobSource,
    Obligation,
    PersonSource,
    Proof,
    RecordSource,
    RedactionSource,
    RunbookSource,
    Scheduled,
    State,
    Within,
)
from opspact.obligations.schedule_history import AppliedSchedule, ScheduleHistory
from opspact.structs import Struct, replace
from opspact.text.durations import format_duration


class Judgement(Struct):
    """How an obligation stands at an instant.

    `since`: since when it stands so, as far as that is known (late: since its tolerance is over); `due`: when it is
    due, or was, if that passed (late, failed, or still within its tolerance); `deadline`, of what is kept or not due:
    from when on it is neither, unless something is done before; `next_due`: when it is due again, from now on. `at` is
    that of the evidence that counts, `is_outdated` whether that is older than the policy's present text; `is_pending`:
    that text has not been applied to the host yet, so that its schedule is not in effect there. All instants in UTC.
    `reason` says why, in words that follow the state; `cause` is that without what holds of this subject alone, such
    as an age or the name of a copy, empty where the reason says no such thing.
    """

    state: State
    reason: str = ""
    since: datetime | None = None
    due: datetime | None = None
    deadline: datetime | None = None
    at: datetime | None = None
    is_outdated: bool = False
    next_due: datetime | None = None
    is_pending: bool = False
    cause: str = ""


_APPLIED = (JobSource, CheckSource, PersonSource, RedactionSource, DrillSource, RunbookSource)
"""What is owed only once the policy is applied."""


def judge(obligation: Obligation, evidence: Evidence, now: datetime) -> Judgement:
    """Given an obligation, what is known of it and the time (aware), return how it stands then."""
    now = now.astimezone(UTC)
    if isinstance(obligation.source, _APPLIED) and not _instants(evidence):
        return replace(_not_applied(evidence), is_pending=evidence.is_pending)
    found = replace(_judgement(obligation, evidence, now), is_pending=evidence.is_pending)
    if found.due and found.due > now:
        return replace(found, next_due=found.due)
    if isinstance(obligation.due, Scheduled):
        return replace(found, next_due=_schedules(obligation.due, evidence, now).first_due(after=now))
    return found


def _judgement(obligation: Obligation, evidence: Evidence, now: datetime) -> Judgement:
    if obligation.source is None:
        return Judgement(State.NOT_CARRIED_OUT, obligation.reason)
    if isinstance(obligation.source, RecordSource):
        if _of_day(obligation.source).at > now:
            return Judgement(State.NOT_CARRIED_OUT, f"recorded only for a future day, {obligation.source.day}")
        seen = _of_day(obligation.source)
        evidence = Evidence(applied=seen.at, latest=seen, proof=seen)
    match obligation.due:
        case Scheduled():
            found = _scheduled(obligation, obligation.due, evidence=evidence, now=now)
        case Within():
            found = _within(obligation, obligation.due, evidence=evidence, now=now)
        case AfterEach():
            return _after_each(obligation, obligation.due, evidence=evidence, now=now)  # what is done does not age
        case None if isinstance(obligation.source, RecordSource):
            return _once(evidence)  # a person did it, once and for all: the record does not age
        case None:
            found = _once(evidence)
        case _:
            assert_never(obligation.due)
    return _limited(obligation, found, now)


def _not_applied(evidence: Evidence) -> Judgement:
    """Judge what was never applied, so that nothing is due yet; unknown where the host cannot even be asked."""
    if evidence.unreachable:
        return _unreached(evidence, None)
    return Judgement(State.NOT_CARRIED_OUT, "not applied yet" if evidence.is_pending else "no apply is recorded")


def _of_day(source: RecordSource) -> Observation:
    return observed_day(source.day, source.zone)


def _scheduled(obligation: Obligation, due: Scheduled, *, evidence: Evidence, now: datetime) -> Judgement:
    """Judge what is due at each occurrence: of those that are due and over, the last one counts.

    Of one that is not over, an attempt that proves nothing counts at once, without waiting for the tolerance.
    """
    schedules = _schedules(due, evidence, now)
    evidence = _since_first_day(evidence, due)
    last = schedules.last_due(now - due.tolerance)
    proof, attempt = evidence.proof, evidence.latest
    if attempt and attempt.outcome is not Outcome.DONE:
        newest = schedules.last_due(now)
        if newest and _covers(attempt, newest) and not (proof and _covers(proof, newest)):
            return _attempted(evidence.failed or attempt)
    if proof and (last is None or _covers(proof, last)):
        pending = schedules.first_due(after=max(proof.began, now - due.tolerance))
        return replace(_kept(proof), due=pending, deadline=pending and pending + due.tolerance)
    if attempt and (last is None or _covers(attempt, last)):
        return _attempted(evidence.failed or attempt)
    missing = "not recorded" if obligation.proof is Proof.RECORD else "no run"
    if last is None:
        first = schedules.first_due()
        reason = "not due yet" if first is None or first > now else f"{missing} yet, within its tolerance"
        return Judgement(State.NOT_DUE, reason, due=first, deadline=first and first + due.tolerance)
    overdue = _overdue(evidence, last + due.tolerance, state=State.LATE, reason=f"{missing} since it was due")
    return replace(overdue, due=last)


def _schedules(due: Scheduled, evidence: Evidence, now: datetime) -> ScheduleHistory:
    """Return the schedules by which it was due so far: the policy's own one where none is known to be in effect."""
    own = AppliedSchedule(min(_instants(evidence), default=now), due.schedule, due.zone)
    return ScheduleHistory(evidence.schedules or (own,))


def _since_first_day(evidence: Evidence, due: Scheduled) -> Evidence:
    """Return the evidence without what began before the days of a schedule that has days: that proves nothing of it."""
    if due.schedule.days is None:
        return evidence
    first = datetime.combine(due.schedule.days.first, time(), due.zone)
    kept = [
        seen if seen and seen.began >= first else None for seen in (evidence.latest, evidence.proof, evidence.failed)
    ]
    return replace(evidence, latest=kept[0], proof=kept[1], failed=kept[2])


def _covers(seen: Observation, due: datetime) -> bool:
    return seen.began >= due


def _within(obligation: Obligation, due: Within, *, evidence: Evidence, now: datetime) -> Judgement:
    """Judge what must be proved again within so long."""
    proof, attempt = evidence.proof, evidence.failed or evidence.latest
    if evidence.against:
        at = proof.at if proof else None
        return Judgement(State.FAILED, "; ".join(evidence.against), since=None, at=at)
    is_bad = attempt is not None and attempt.outcome is not Outcome.DONE and not _is_copy(obligation)
    # An attempt that proves nothing does not excuse what is overdue; one that failed is worse than that.
    is_overdue = proof is not None and now > proof.at + due.time
    if attempt and is_bad and (attempt.outcome is Outcome.FAILED or not is_overdue):
        return _attempted(attempt)
    if proof is None:
        return _never_proved(obligation, due, evidence=evidence, now=now)
    deadline = proof.at + due.time
    if now <= deadline:
        return replace(_kept(proof), due=deadline, deadline=deadline)
    allowed = f", {due.text} allowed" if due.text else ""
    age = format_duration((now - proof.at).total_seconds())
    reason = f"the newest {obligation.what} is {age} old{allowed}"
    found = _overdue(evidence, deadline, state=due.overdue, reason=reason)
    return found if found.state is State.UNKNOWN else replace(found, cause=f"the newest {obligation.what} is too old")


def _after_each(obligation: Obligation, due: AfterEach, *, evidence: Evidence, now: datetime) -> Judgement:
    """Judge what is owed after each of some occasions: the first that is overdue, else an unknown one, counts."""
    if evidence.against:
        return Judgement(State.FAILED, "; ".join(evidence.against))
    waiting = [each for each in evidence.occasions if each.done is None and not each.is_unknown]
    overdue = [each for each in waiting if now > each.at + due.time]
    if overdue:
        deadline = overdue[0].at + due.time
        allowed = f", {due.text} allowed" if due.text else ""
        return Judgement(State.LATE, f"no {obligation.what} of {_named(overdue)}{allowed}", deadline, due=deadline)
    unknown = [each for each in evidence.occasions if each.is_unknown]
    if unknown:
        return Judgement(State.UNKNOWN, f"{_named(unknown)}: {unknown[0].detail}", unknown[0].at)
    if waiting:
        deadline = waiting[0].at + due.time
        reason = f"no {obligation.what} of {_named(waiting)} yet"
        return Judgement(State.NOT_DUE, reason, due=deadline, deadline=deadline)
    newest = max((each.done for each in evidence.occasions if each.done), default=None)
    detail = next((each.detail for each in evidence.occasions if newest and each.done == newest), due.nothing)
    return Judgement(State.KEPT, detail, newest, at=newest, cause=State.KEPT.value)


def _named(occasions: list[Occasion]) -> str:
    more = len(occasions) - 1
    return f"{occasions[0].name} and {more} more" if more else occasions[0].name


def _is_copy(obligation: Obligation) -> bool:
    """Whether what counts is a copy: a run that failed takes nothing away from an older one."""
    return isinstance(obligation.source, JobSource) and obligation.source.of_copy


def _never_proved(obligation: Obligation, due: Within, *, evidence: Evidence, now: datetime) -> Judgement:
    deadline = min(_instants(evidence)) + due.time
    if obligation.proof is Proof.CHECK:
        if evidence.unreachable:
            return _unreached(evidence, None)
        return Judgement(State.UNKNOWN, "no check recorded yet")
    if now <= deadline:
        return Judgement(State.NOT_DUE, f"no {obligation.what} yet", due=deadline, deadline=deadline)
    reason = f"no {obligation.what} is known" if _is_copy(obligation) else f"no {obligation.what} was ever recorded"
    return _overdue(evidence, deadline, state=due.overdue, reason=reason)


def _once(evidence: Evidence) -> Judgement:
    """Judge what is owed once: a record is enough."""
    if proof := evidence.proof:
        return _kept(proof)
    if attempt := evidence.latest:
        return _attempted(attempt)
    return Judgement(State.UNKNOWN, "nothing recorded yet")


def _kept(proof: Observation) -> Judgement:
    return Judgement(
        State.KEPT, proof.detail, proof.at, at=proof.at, is_outdated=proof.is_outdated, cause=State.KEPT.value
    )


def _attempted(attempt: Observation) -> Judgement:
    """Judge by an attempt that proves nothing: it failed, or nobody can tell what it came to."""
    state = State.FAILED if attempt.outcome is Outcome.FAILED else State.UNKNOWN
    return Judgement(state, attempt.detail, attempt.at, at=attempt.at, is_outdated=attempt.is_outdated)


def _overdue(evidence: Evidence, deadline: datetime, *, state: State, reason: str) -> Judgement:
    """Return the state of what should have been proved by the deadline; unknown where the host fell silent before."""
    if evidence.unreachable and evidence.unreachable.since <= deadline:
        return _unreached(evidence, deadline)
    seen = evidence.proof or evidence.latest
    at, outdated = (seen.at, seen.is_outdated) if seen else (None, False)
    return Judgement(state, reason, deadline, due=deadline, at=at, is_outdated=outdated)


def _unreached(evidence: Evidence, due: datetime | None) -> Judgement:
    assert evidence.unreachable is not None, "asked of those alone"
    at = evidence.proof.at if evidence.proof else None
    return Judgement(State.UNKNOWN, evidence.unreachable.detail, evidence.unreachable.since, due=due, at=at)


def _limited(obligation: Obligation, found: Judgement, now: datetime) -> Judgement:
    """Return the judgement, late where what keeps it is older than its clauses allow."""
    limit = obligation.evidence_within
    if found.state is not State.KEPT or found.at is None or limit is None or _is_over(obligation, found):
        return found
    end = found.at + limit
    if now <= end:
        return replace(found, due=min(found.due or end, end), deadline=min(found.deadline or end, end))
    reason = "the evidence is older than the clause allows"
    return Judgement(State.LATE, reason, end, due=end, at=found.at, is_outdated=found.is_outdated)


def _is_over(obligation: Obligation, found: Judgement) -> bool:
    """Whether what is kept was due on days that are over: it is not due again, so its evidence does not age."""
    is_limited = isinstance(obligation.due, Scheduled) and obligation.due.schedule.days is not None
    return is_limited and found.deadline is None


def _instants(evidence: Evidence) -> list[datetime]:
    """Return the instants from which on something can be due: the policy applied, or a first sign that it was."""
    seen = (one.began for one in (evidence.latest, evidence.proof) if one)
    return [*([evidence.applied] if evidence.applied else []), *seen]
