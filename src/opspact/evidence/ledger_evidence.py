"""What the ledger holds as evidence for the judge: newest results, checks and reach of every subject.

Comes in: a contract, each host's work, a ledger or none. Goes out: evidence for each obligation, open findings.

It costs by the number of subjects, not by that of events: of each subject the newest event is looked up, and older
ones are read only where the newest result does not prove anything.
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from functools import cached_property
from itertools import takewhile
from operator import attrgetter
from typing import TypeVar, assert_never
from zoneinfo import ZoneInfo

from opspact.compile.policy_steps import PolicySteps, steps_by_policy
from opspact.compile.shape import Work
from opspact.evidence.check_attempts import (
    check_attempts,
    is_kept,
    is_outdated,
    is_whole,
)
from opspact.evidence.open_finding import OpenFinding
from opspact.evidence.repository_jobs import RepositoryJobs, repositories_with_copies, repository_jobs
from opspact.evidence.server_reports import Copies, Taken, newest_report, reported_problems
from opspact.ledger.apply_events import AppliedJob, HostChecked, PolicyApplied
from opspact.ledger.apply_events import CheckSource as Source
from opspact.ledger.event_type import EventType
from opspact.ledger.events import Recorded
from opspact.ledger.host_answers import HostAnswer, first_unreachable, newest_answers
from opspact.ledger.job_events import HostReach, JobResult
from opspact.ledger.policy_history import PolicyHistory, Texts, policy_histories
from opspact.ledger.store import Ledger
from opspact.model.contract import Contract
from opspact.model.contract_jobs import inspection_job
from opspact.model.names import job_subject, repository_subject
from opspact.model.result import Outcome as ResultOutcome
from opspact.model.result import Result, Verdict
from opspact.obligations.evidence import Evidence, Observation, Outcome, Unreachable
from opspact.obligations.obligation import (
    CheckSource,
    JobSource,
    Obligation,
    RecordSource,
    Scheduled,
    Within,
)
from opspact.obligations.schedule_history import AppliedSchedule, ScheduleHistory
from opspact.steps.check import Reach
from opspact.structs import replace

E = TypeVar("E", bound=EventType)

_BEFORE_RECORDS = datetime.min.replace(tzinfo=UTC)
"""Before everything that is recorded."""


class LedgerEvidence:
    """Evidence by obligation. Every look-up is made once, when it is asked for first."""

    def __init__(self, contract: Contract, work: Mapping[str, Work], ledger: Ledger | None) -> None:
        self._contract, self._work, self._ledger = contract, work, ledger
        self._silent: dict[str, Unreachable] = {}
        self._applies: dict[str, HostChecked | None] = {}
        self._repository_jobs: dict[str, RepositoryJobs] = {}
        self._looks: dict[str, tuple[Recorded[HostChecked], ...]] = {}

    def of(self, obligation: Obligation, now: datetime) -> Evidence:
        """Given an obligation and the time (aware), return everything that bears on it."""
        source = obligation.source
        match source:
            case None | RecordSource():
                return Evidence()
            case CheckSource():
                return self._of_check(source, obligation.policy)
            case JobSource():
                return self._of_job(source, obligation, now)
            case _:
                assert_never(source)

    def inspections(self) -> tuple[Result, ...]:
        """Return the newest result of each inspection on each host, in the order of policies and hosts."""
        return tuple(self._results[subject].event.result for subject in self._inspected if subject in self._results)

    def open_findings(self) -> tuple[OpenFinding, ...]:
        """Return what the newest inspections of each host that were made did not find ok, the gravest first."""
        made = (next(filter(_is_made, self._recorded(subject)), None) for subject in self._inspected)
        found = [finding for taken in made if taken for finding in _findings(taken)]
        return tuple(
            sorted(found, key=lambda one: (one.verdict is not Verdict.CRITICAL, one.host, one.policy, one.item))
        )

    @cached_property
    def _inspected(self) -> tuple[str, ...]:
        """The subjects of the inspections that the contract has today, in the order of policies and hosts."""
        jobs = sorted(map(inspection_job, self._contract.inspections), key=lambda job: job.key)
        return tuple(job_subject(job.key, host) for job in jobs for host in sorted(job.hosts))

    @cached_property
    def _results(self) -> Mapping[str, Taken]:
        """The newest result of each job on each host, by subject."""
        return self._newest(JobResult, "job/")

    @cached_property
    def _checks(self) -> Mapping[str, Recorded[HostChecked]]:
        return self._newest(HostChecked, "host/")

    @cached_property
    def _answers(self) -> Mapping[str, HostAnswer]:
        return newest_answers(self._newest(HostReach, "host/"), self._checks)

    @cached_property
    def _steps(self) -> Mapping[int, Mapping[str, PolicySteps]]:
        return steps_by_policy(self._work.values())

    @cached_property
    def _histories(self) -> Mapping[str, PolicyHistory]:
        return policy_histories(self._ledger, self._contract.name) if self._ledger else {}

    def _texts(self, policy: str, host: str) -> Texts:
        """Return the texts of a policy (`kind/name`) in effect on a host without a gap, one after the other."""
        return self._histories[policy].hosts.get(host, ()) if policy in self._histories else ()

    def _removed(self, policy: str, host: str) -> Recorded[PolicyApplied] | None:
        """Return what says that a policy was removed from a host; what is older says nothing of it any more."""
        return self._histories[policy].removed.get(host) if policy in self._histories else None

    def _text_since(self, policy: str, host: str) -> datetime | None:
        """Return since when a policy's present text is in effect on a host; None: it is not.

        Where no apply is recorded, as in a ledger that is new, a check that found all of its steps there says that it
        is, and nobody knows since when.
        """
        if texts := self._texts(policy, host):
            present = self._contract.policy_index.policies[policy].digest
            return next((each.at for each in _newest_alike(texts) if each.event.digest == present), None)
        reached = next((each for each in self._checks_of(host) if each.event.reach is Reach.REACHED), None)
        wanted = self._wanted(policy, host)
        return _BEFORE_RECORDS if reached and wanted and is_kept(reached, policy, wanted) else None

    def _wanted(self, policy: str, host: str) -> PolicySteps | None:
        return self._steps[id(self._work[host])].get(policy) if host in self._work else None

    def _newest(self, kind: type[E], prefix: str) -> dict[str, Recorded[E]]:
        if self._ledger is None:
            return {}
        return self._ledger.newest_by_subject(kind, contract=self._contract.name, prefix=prefix)

    def _of_check(self, source: CheckSource, policy: str) -> Evidence:
        texts, checked = self._texts(policy, source.host), self._checks.get(f"host/{source.host}")
        text_since = self._text_since(policy, source.host)
        is_pending, wanted = text_since is None, self._steps[id(self._work[source.host])][policy]
        removed = self._removed(policy, source.host)
        checks = takewhile(lambda one: removed is None or one.sequence > removed.sequence, self._counting(source.host))
        attempts = list(check_attempts(checks, policy, wanted, text_since=text_since))
        proof = next((each for each in attempts if each.outcome is Outcome.DONE), None)
        if not texts and not proof and not self._was_tried(policy, checked):
            return Evidence(unreachable=self._unreachable(source.host), is_pending=is_pending)
        return Evidence(
            texts[0].at if texts else None,
            latest=next(iter(attempts), None),
            proof=proof,
            unreachable=self._unreachable(source.host),
            is_pending=is_pending,
            failed=next((each for each in attempts if each.outcome is Outcome.FAILED), None),
        )

    def _counting(self, host: str) -> Iterator[Recorded[HostChecked]]:
        """Yield the checks of a host that say something of it, the newest first.

        One that did not reach it does until the host answers again, and where another opspact had locked it, only if
        no check ever reached it.
        """
        is_unreachable = self._unreachable(host) is not None
        never_reached = all(each.event.reach is not Reach.REACHED for each in self._checks_of(host))
        for each in self._checks_of(host):
            reach = each.event.reach
            if reach is Reach.REACHED or never_reached or (is_unreachable and reach.is_unreachable):
                yield each

    def _checks_of(self, host: str) -> tuple[Recorded[HostChecked], ...]:
        """Return the checks of a host, the newest first, back to the first one that left no step unknown."""
        if host not in self._looks:
            found = []
            for each in self._all_recorded(self._checks, f"host/{host}"):
                found.append(each)
                if is_whole(each.event):
                    break
            self._looks[host] = tuple(found)
        return self._looks[host]

    def _was_tried(self, policy: str, checked: Recorded[HostChecked] | None) -> bool:
        """Given the newest check of a host, return whether the newest apply that reached it was to bring a policy."""
        if checked is None or self._ledger is None:
            return False
        subject = checked.event.subject
        if subject not in self._applies:
            checks = self._ledger.read(HostChecked, contract=self._contract.name, subject=subject, newest_first=True)
            applies = (each.event for each in checks if each.event.source is Source.APPLY)
            self._applies[subject] = next((each for each in applies if each.reach is Reach.REACHED), None)
        apply = self._applies[subject]
        return apply is not None and policy in apply.policies

    def _of_job(self, source: JobSource, obligation: Obligation, now: datetime) -> Evidence:
        texts = self._texts(obligation.policy, source.host)
        text_since, jobs = self._text_since(obligation.policy, source.host), _jobs_in_effect(texts, source.job)
        schedules = tuple(
            AppliedSchedule(since, job.schedule, ZoneInfo(job.zone)) for since, job in jobs if job.schedule
        )
        latest = proof = completed = begun = failed = None
        removed = self._removed(obligation.policy, source.host)
        for taken in takewhile(lambda one: removed is None or _began(one) >= removed.at, self._attempts(source)):
            seen = _of_result(taken, text_since)
            latest = latest or seen
            if source.of_copy:
                proof, completed, begun = _of_copy(taken, text_since), _completed(taken), _begun_there(taken)
            elif seen.outcome is Outcome.DONE:
                proof = seen
            if seen.outcome is Outcome.FAILED:
                failed = failed or seen
            is_open = not (source.of_copy or failed or proof)  # of no run is it known what it came to
            if proof or not (is_open or _may_older_count(obligation, taken, seen=seen, until=now, schedules=schedules)):
                break
        copies = Copies(source.job.partition("/")[2], source.host, proof, completed, begun)
        against = self._against(copies, texts) if source.of_copy else ()
        return Evidence(
            jobs[0][0] if jobs else None,
            latest,
            proof,
            against,
            unreachable=self._unreachable(source.host),
            schedules=schedules,
            is_pending=text_since is None or _is_in_another_zone(obligation, schedules),
            failed=failed,
        )

    def _attempts(self, source: JobSource) -> Iterator[Taken]:
        """Yield a job's results on a host, the newest first; runs that were skipped are no attempts."""
        for taken in self._recorded(job_subject(source.job, source.host)):
            if taken.event.result.outcome is not ResultOutcome.SKIPPED:
                yield taken

    def _recorded(self, subject: str) -> Iterator[Taken]:
        """Return the results of a job on a host, the newest first; more than that one is read when it is asked for."""
        return self._all_recorded(self._results, subject)

    def _all_recorded(self, known: Mapping[str, Recorded[E]], subject: str) -> Iterator[Recorded[E]]:
        """Given the newest event by subject, yield all of that type and subject, the newest first, as they are read."""
        newest = known.get(subject)
        if newest is None or self._ledger is None:
            return
        yield newest
        kind = type(newest.event)
        for each in self._ledger.read(kind, contract=self._contract.name, subject=subject, newest_first=True):
            if each.sequence < newest.sequence:
                yield each

    def _against(self, copies: Copies, texts: Texts) -> tuple[str, ...]:
        """Return what the jobs of servers say against the copies of a host, given the texts in effect there."""
        applied = repositories_with_copies(texts, copies.proof.at if copies.proof else None)
        present = [
            repository_subject(backup.server, backup.repository)
            for backup in self._contract.backups
            if backup.name == copies.backup
        ]
        reasons: dict[str, None] = {}
        for repository in dict.fromkeys((*applied, *present)):
            # Copies go to a repository from the apply on: none is missing there before.
            known = copies if repository in applied or not applied else replace(copies, proof=None)
            for report in self._reports(repository, known):
                reasons |= dict.fromkeys(reported_problems(report.event.result, known))
        return tuple(reasons)

    def _reports(self, repository: str, copies: Copies) -> list[Taken]:
        """Return the newest report of each job that looks after a repository.

        That of a job which is not there any more counts until one of its kind that is there has looked.
        """
        if repository not in self._repository_jobs:
            self._repository_jobs[repository] = repository_jobs(repository, self._contract, self._histories)
        jobs = self._repository_jobs[repository]
        present, past = (
            [report for subject in of if (report := newest_report(self._recorded(subject), copies))]
            for of in (jobs.present, jobs.past)
        )
        newest = {each.event.result.kind: each.sequence for each in sorted(present, key=attrgetter("sequence"))}
        return [*present, *(each for each in past if each.sequence > newest.get(each.event.result.kind, 0))]

    def _unreachable(self, host: str) -> Unreachable | None:
        """Return since when a host does not answer; None: it did when it was last asked, or nobody ever asked."""
        subject = f"host/{host}"
        newest = self._answers.get(subject)
        if newest is None or self._ledger is None or not newest.event.reach.is_unreachable:
            return None
        if host not in self._silent:
            first = first_unreachable(self._ledger, subject, contract=self._contract.name)
            self._silent[host] = Unreachable(first.at, first.event.detail or first.event.reach.value)
        return self._silent[host]


def _is_in_another_zone(obligation: Obligation, schedules: tuple[AppliedSchedule, ...]) -> bool:
    due = obligation.due
    return isinstance(due, Scheduled) and bool(schedules) and schedules[-1].zone != due.zone


def _newest_alike(texts: Texts) -> Texts:
    """Return the newest text as it came into effect, before that in other zones, the oldest first."""
    alike = list(takewhile(lambda one: one.event.digest == texts[-1].event.digest, reversed(texts)))
    return tuple(reversed(alike))


def _jobs_in_effect(texts: Texts, name: str) -> list[tuple[datetime, AppliedJob]]:
    """Return since when a job is in effect without a gap, as each text that came into effect says, the oldest first."""
    jobs = [(each.at, next((job for job in each.event.jobs if job.job == name), None)) for each in reversed(texts)]
    return [(at, job) for at, job in takewhile(lambda one: one[1] is not None, jobs) if job][::-1]


def _began(taken: Taken) -> datetime:
    return taken.event.result.started or taken.at


def _of_result(taken: Taken, text_since: datetime | None) -> Observation:
    """Return a run of a job as an attempt. One that died, or whose result is damaged, proves nothing either way."""
    result = taken.event.result
    began = _began(taken)
    if result.died or result.damaged:
        outcome = Outcome.UNKNOWN
    else:
        outcome = Outcome.DONE if result.outcome is ResultOutcome.DONE else Outcome.FAILED
    return Observation(
        began, result.ended or began, outcome, result.message, is_outdated=is_outdated(began, text_since)
    )


def _of_copy(taken: Taken, text_since: datetime | None) -> Observation | None:
    """Return the newest proven copy that a result knows of."""
    copy = taken.event.result.copy
    if copy is None:
        return None
    outdated = is_outdated(copy.started, text_since)
    return Observation(copy.started, copy.started, Outcome.DONE, copy.name, is_outdated=outdated)


def _completed(taken: Taken) -> datetime | None:
    """Return when the newest copy that a result knows of was complete: at the end of the run that made it.

    A run that failed made none; of an older copy nothing but its start is known.
    """
    result = taken.event.result
    if result.copy is None:
        return None
    return result.ended if result.outcome is ResultOutcome.DONE and result.ended else result.copy.started


def _begun_there(taken: Taken) -> datetime | None:
    """Return when the newest copy that a result knows of was begun, by the clock of its host."""
    result = taken.event.result
    return result.copy.started + timedelta(seconds=result.clock_ahead) if result.copy else None


def _may_older_count(
    obligation: Obligation,
    taken: Taken,
    *,
    seen: Observation,
    until: datetime,
    schedules: tuple[AppliedSchedule, ...],
) -> bool:
    """Whether an older result may still prove something: after the last due time, or that there was a copy once."""
    due = obligation.due
    match due:
        case Scheduled():
            known = ScheduleHistory(schedules or (AppliedSchedule(seen.began, due.schedule, due.zone),))
            return known.last_due(until - due.tolerance, not_before=seen.began) is None
        case Within():
            return _is_copy(obligation) and not taken.event.result.has_no_copy
        case None:
            return True
        case _:
            assert_never(due)


def _is_copy(obligation: Obligation) -> bool:
    return isinstance(obligation.source, JobSource) and obligation.source.of_copy


def _is_made(taken: Taken) -> bool:
    return taken.event.result.outcome is ResultOutcome.DONE


def _findings(taken: Taken) -> Iterator[OpenFinding]:
    result = taken.event.result
    for item in result.items:
        if item.verdict is not Verdict.OK:
            name = f"{item.item} {item.subject}".rstrip()
            yield OpenFinding(
                f"inspection/{result.name}", result.host, name, item.verdict, item.message, result.ended or taken.at
            )
