"""What results of jobs prove, and what the jobs of servers report against it.

Comes in: a contract, what is recorded, the texts in effect. Goes out: evidence for the judge.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import takewhile
from operator import attrgetter
from typing import assert_never

from opspact.evidence.applied_texts import AppliedTexts, jobs_since, schedules_of
from opspact.evidence.check_attempts import is_outdated
from opspact.evidence.recorded_events import RecordedEvents
from opspact.evidence.repository_jobs import RepositoryJobs, repositories_with_copies, repository_jobs
from opspact.evidence.restore_proof import RestoreProof
from opspact.evidence.server_reports import Copies, Taken, newest_report, reported_problems
from opspact.ledger.policy_history import Texts
from opspact.model.contract import Contract
from opspact.model.job import DRILL
from opspact.model.names import job_subject, repository_subject
from opspact.model.result import Item, Result, Verdict
from opspact.model.result import Outcome as ResultOutcome
from opspact.obligations.evidence import Evidence, Observation, Outcome
from opspact.obligations.obligation import AfterEach, JobSource, Obligation, Scheduled, Within
from opspact.obligations.schedule_history import AppliedSchedule, ScheduleHistory
from opspact.structs import replace

_OF_ITEM = {
    Verdict.OK: Outcome.DONE,
    Verdict.WARNING: Outcome.DONE,
    Verdict.CRITICAL: Outcome.FAILED,
    Verdict.UNKNOWN: Outcome.UNKNOWN,
}
"""What an attempt at one item came to, by what the run says of it."""

_HOST = "host/"
"""How the subject of an item begins that is about a host."""

_CLOCKS_DIFFER = timedelta(days=2)
"""How far the clock of a host may be ahead of ours, and archives be younger than they say."""

_NO_ATTEMPT = frozenset({"busy", "absent"})
"""Problems of an item that could not be got at: others were at it, or there is nothing yet."""


class JobEvidence:
    """Evidence of policies by results of their jobs. Every look-up is made once, when it is asked for first."""

    def __init__(self, contract: Contract, recorded: RecordedEvents, texts: AppliedTexts) -> None:
        self._contract, self._recorded, self._texts = contract, recorded, texts
        self._restores = RestoreProof(recorded)
        self._repository_jobs: dict[str, RepositoryJobs] = {}

    def of(self, source: JobSource, obligation: Obligation, now: datetime) -> Evidence:
        """Given a job on a host, the obligation that it carries out and the time (aware), return what it proves."""
        texts = self._texts.of(obligation.policy, source.host)
        text_since, jobs = self._texts.text_since(obligation.policy, source.host), jobs_since(texts, source.job)
        schedules = schedules_of(jobs)
        latest = proof = completed = begun = failed = None
        there_since, removed = self._bounds(source, obligation.policy)
        attempts = takewhile(lambda one: removed is None or _began(one) >= removed, self._attempts(source))
        for taken in attempts:
            seen = self._seen(taken, text_since, source)
            latest = latest or seen
            if source.of_copy:
                proof, completed, begun = _of_copy(taken, text_since), _completed(taken), _begun_there(taken)
            elif seen.outcome is Outcome.DONE:
                proof = self._first_of_archive(taken, seen, earlier=attempts, source=source, text_since=text_since)
            if seen.outcome is Outcome.FAILED:
                failed = failed or seen
            is_open = not (source.of_copy or failed or proof)  # of no run is it known what it came to
            if proof or not (is_open or _may_older_count(obligation, taken, seen=seen, until=now, schedules=schedules)):
                break
        copies = Copies(source.job.partition("/")[2], source.host, proof, completed, begun)
        against = self._against(copies, texts) if source.of_copy else ()
        return Evidence(
            max(jobs[0][0], there_since) if jobs and there_since else None,
            latest,
            proof,
            against,
            unreachable=self._recorded.unreachable(source.host),
            schedules=schedules,
            is_pending=text_since is None or _is_in_another_zone(obligation, schedules),
            failed=failed,
        )

    def _bounds(self, source: JobSource, policy: str) -> tuple[datetime | None, datetime | None]:
        """Return since when a policy is in effect where its job's item is, and before when results say nothing of it.

        What a job does for another host (`host/app1`) is owed since the policy was first applied there, not on its own.
        """
        of_other_host = source.item.startswith(_HOST)
        host = source.item.removeprefix(_HOST) if of_other_host else source.host
        texts, removed = self._texts.of(policy, host), self._texts.removed(policy, host)
        since = texts[0].at if texts else None
        bounds = (since if of_other_host else None, removed.at if removed else None)
        return since, max(filter(None, bounds), default=None)

    def _attempts(self, source: JobSource) -> Iterator[Taken]:
        """Yield a job's results on a host, the newest first; runs that were skipped are no attempts.

        Nor are those in which the item could not be got at yet: it was busy, or there is nothing of it.
        """
        for taken in self._recorded.of_job(job_subject(source.job, source.host)):
            result = taken.event.result
            is_absent = any(item.facts.get("problem") in _NO_ATTEMPT for item in _items(result, source.item))
            if result.outcome is not ResultOutcome.SKIPPED and not is_absent:
                yield taken

    def _seen(self, taken: Taken, text_since: datetime | None, source: JobSource) -> Observation:
        """Return a run of a job, or what it says of an item, as an attempt.

        A restore test that went well is one only if what it says is proved.
        """
        seen = _of_result(taken, text_since, source.item)
        kind, _, name = source.job.partition("/")
        if kind != DRILL.name or seen.outcome is not Outcome.DONE:
            return seen
        items, host = _items(taken.event.result, source.item), source.item.removeprefix(_HOST)
        problem = next(filter(None, (self._restores.find_problem(each, name, host) for each in items)), "")
        return replace(seen, outcome=Outcome.UNKNOWN, detail=problem) if problem else seen

    def _first_of_archive(
        self,
        taken: Taken,
        seen: Observation,
        *,
        earlier: Iterator[Taken],
        source: JobSource,
        text_since: datetime | None,
    ) -> Observation:
        """Given a restore test that went well and those before it, return the first that did of the same archive.

        That a copy can be restored once more proves nothing of the copies that were made since, also if another one was
        restored meanwhile. No restore test is older than its copy.
        """
        archive = _archive(taken, source.item)
        made = _made(archive)
        if made is None:
            return seen
        for other in earlier:
            if other.event.result.ended and other.event.result.ended < made - _CLOCKS_DIFFER:
                break
            if _archive(other, source.item).get("id") != archive["id"]:
                continue
            same = self._seen(other, text_since, source)
            if same.outcome is Outcome.DONE:
                seen = same
        return seen

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
            self._repository_jobs[repository] = repository_jobs(repository, self._contract, self._recorded.histories)
        jobs = self._repository_jobs[repository]
        present, past = (
            [report for subject in of if (report := newest_report(self._recorded.of_job(subject), copies))]
            for of in (jobs.present, jobs.past)
        )
        newest = {each.event.result.kind: each.sequence for each in sorted(present, key=attrgetter("sequence"))}
        return [*present, *(each for each in past if each.sequence > newest.get(each.event.result.kind, 0))]


def _is_in_another_zone(obligation: Obligation, schedules: tuple[AppliedSchedule, ...]) -> bool:
    due = obligation.due
    return isinstance(due, Scheduled) and bool(schedules) and schedules[-1].zone != due.zone


def _began(taken: Taken) -> datetime:
    return taken.event.result.started or taken.at


def _of_result(taken: Taken, text_since: datetime | None, subject: str) -> Observation:
    """Return a run of a job, or what it says of the items with a subject (empty: of all), as an attempt.

    One that died, or whose result is damaged, proves nothing either way; nor does one that says nothing of the subject.
    """
    result, message = taken.event.result, taken.event.result.message
    began = _began(taken)
    if result.died or result.damaged:
        outcome = Outcome.UNKNOWN
    elif not subject:
        outcome = Outcome.DONE if result.outcome is ResultOutcome.DONE else Outcome.FAILED
    elif subject.startswith(_HOST) or result.outcome is ResultOutcome.DONE:
        outcome, message = _of_items(subject, _items(result, subject), message)
    else:
        outcome = Outcome.FAILED
    return Observation(began, result.ended or began, outcome, message, is_outdated=is_outdated(began, text_since))


def _of_items(subject: str, items: Sequence[Item], message: str) -> tuple[Outcome, str]:
    """Return what a run came to for a subject, as its items say that are about it, and what they say.

    What a job does for another host (`host/app1`) is done or failed. At anything else (`device/core-switch`) it looks,
    whatever it sees there.
    """
    if not items:
        return Outcome.UNKNOWN, message if subject.startswith(_HOST) else "the run says nothing of it"
    outcomes = {_OF_ITEM[item.verdict] for item in items}
    worst = next(each for each in (Outcome.UNKNOWN, Outcome.FAILED, Outcome.DONE) if each in outcomes)
    if worst is Outcome.FAILED and not subject.startswith(_HOST):
        worst = Outcome.DONE
    return worst, " ".join(item.message for item in items)


def _items(result: Result, subject: str) -> list[Item]:
    return [item for item in result.items if subject and item.subject == subject]


def _archive(taken: Taken, subject: str) -> Mapping[str, object]:
    """Return the archive that a restore test brought back, with its `id`; empty: there is none, or it does not say."""
    items = _items(taken.event.result, subject)
    archive = items[0].facts.get("archive") if items else None
    return archive if isinstance(archive, Mapping) and archive.get("id") else {}


def _made(archive: Mapping[str, object]) -> datetime | None:
    """Return when an archive was begun, by the clock of its host; None: it does not say."""
    try:
        at = datetime.fromisoformat(str(archive.get("started")))
    except ValueError:
        return None
    return at if at.tzinfo else None


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
        case AfterEach() | None:
            return True
        case _:
            assert_never(due)


def _is_copy(obligation: Obligation) -> bool:
    return isinstance(obligation.source, JobSource) and obligation.source.of_copy
