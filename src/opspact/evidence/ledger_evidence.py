"""What the ledger holds as evidence for the judge: newest results, checks and reach of every subject.

Comes in: a contract, each host's work, a ledger or none. Goes out: evidence for each obligation, open findings.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from functools import cached_property
from typing import assert_never

from opspact.compile.approval import REVIEW as REVIEW_OF_CHANGES
from opspact.compile.shape import Work
from opspact.evidence.applied_texts import AppliedTexts
from opspact.evidence.check_evidence import CheckEvidence
from opspact.evidence.drill_evidence import DrillEvidence
from opspact.evidence.emergency_grants import EmergencyGrants, Grant
from opspact.evidence.job_evidence import JobEvidence
from opspact.evidence.log_anomalies import with_anomalies
from opspact.evidence.log_reports import LogReports, ended_at
from opspact.evidence.open_finding import OpenFinding
from opspact.evidence.person_evidence import PersonEvidence
from opspact.evidence.recorded_events import RecordedEvents
from opspact.evidence.redaction_evidence import RedactionEvidence
from opspact.evidence.runbook_evidence import RunbookEvidence
from opspact.evidence.server_reports import Taken
from opspact.evidence.skipped_approvals import SkippedApprovals
from opspact.ledger.store import Ledger
from opspact.model.contract import Contract
from opspact.model.contract_jobs import contract_jobs
from opspact.model.job import LOG_REVIEW, LOOKS, Job
from opspact.model.names import job_subject
from opspact.model.result import Item, Outcome, Result, Verdict
from opspact.obligations.evidence import Evidence
from opspact.obligations.obligation import (
    AfterEach,
    CheckSource,
    DrillSource,
    JobSource,
    Obligation,
    PersonSource,
    RecordSource,
    RedactionSource,
    RunbookSource,
)


class LedgerEvidence:
    """Evidence by obligation. Every look-up is made once, when it is asked for first."""

    def __init__(self, contract: Contract, work: Mapping[str, Work], ledger: Ledger | None) -> None:
        self._contract, self._recorded = contract, RecordedEvents(contract.name, ledger)
        texts = AppliedTexts(contract, work, self._recorded)
        self._by_check = CheckEvidence(self._recorded, texts)
        self._by_job = JobEvidence(contract, self._recorded, texts)
        self._by_grant = EmergencyGrants(contract, self._recorded, texts)
        self._by_skipped = SkippedApprovals(contract, self._recorded, texts)
        self._by_person = PersonEvidence(self._recorded, texts)
        self.log_reports = LogReports(contract, self._recorded)
        self._by_redaction = RedactionEvidence(self._recorded, texts)
        self._by_drill = DrillEvidence(self._recorded, texts)
        self._by_run = RunbookEvidence(self._recorded, texts)

    def of(self, obligation: Obligation, now: datetime) -> Evidence:
        """Given an obligation and the time (aware), return everything that bears on it."""
        source = obligation.source
        match source:
            case None | RecordSource():
                return Evidence()
            case CheckSource():
                return self._by_check.of(source, obligation.policy)
            case JobSource():
                return self._by_job.of(source, obligation, now)
            case PersonSource() if isinstance(obligation.due, AfterEach):
                is_change = source.what == REVIEW_OF_CHANGES
                return self._by_skipped.of(source) if is_change else self._by_grant.of(source, now)
            case _:
                return self._of_policy(source)

    def _of_policy(self, source: PersonSource | RedactionSource | DrillSource | RunbookSource) -> Evidence:
        match source:
            case PersonSource():
                return self._by_person.of(source)
            case RedactionSource():
                return self._by_redaction.of(source)
            case DrillSource():
                return self._by_drill.of(source)
            case RunbookSource():
                return self._by_run.of(source)
            case _:
                assert_never(source)

    def grants(self, obligation: Obligation) -> tuple[Grant, ...]:
        """Given an obligation to review emergency access, return what was granted, the oldest first."""
        source = obligation.source
        return self._by_grant.grants(source) if isinstance(source, PersonSource) else ()

    def inspections(self) -> tuple[Result, ...]:
        """Return the newest result of each inspection and log review on each host, in the order of jobs and hosts."""
        results, usual = self._recorded.results, self._recorded.baselines
        return tuple(
            with_anomalies(
                results[subject].event.result, self._contract, usual[subject].event if subject in usual else None
            )
            for subject in self._inspected
            if subject in results
        )

    def open_findings(self) -> tuple[OpenFinding, ...]:
        """Return what is not ok by the newest looks at each host and its logs, the gravest first.

        Several inspections of a host may look at the same device in the same way: the newest look says how it is. What
        logs say happened stays open until somebody has read it.
        """
        subjects = [subject for subject, (job, _) in self._inspected.items() if job.kind is not LOG_REVIEW]
        made = (next(filter(_is_made, self._recorded.of_job(subject)), None) for subject in subjects)
        newest = [taken for taken in made if taken]
        looks = _newest_looks(newest)
        found = [finding for taken in newest for finding in _findings(taken, looks)]
        for job, host in self._inspected.values():
            if job.kind is LOG_REVIEW:
                anomalies = self.log_reports.of(job.key, host).anomalies
                found += (OpenFinding(job.key, host, one.name, one.verdict, one.message, one.last) for one in anomalies)
        return tuple(
            sorted(found, key=lambda one: (one.verdict is not Verdict.CRITICAL, one.host, one.policy, one.item))
        )

    @cached_property
    def _inspected(self) -> Mapping[str, tuple[Job, str]]:
        """What looks at hosts today by subject, in the order of jobs and hosts."""
        jobs = sorted((job for job in contract_jobs(self._contract) if job.kind in LOOKS), key=lambda job: job.key)
        return {job_subject(job.key, host): (job, host) for job in jobs for host in sorted(job.hosts)}


def _findings(taken: Taken, looks: Mapping[tuple[str, str], int]) -> Iterator[OpenFinding]:
    result = taken.event.result
    for item in result.items:
        is_newest = looks.get((result.host, item.subject), taken.sequence) == taken.sequence
        if item.verdict is not Verdict.OK and is_newest:
            name = f"{item.item} {item.subject}".rstrip()
            yield OpenFinding(result.job, result.host, name, item.verdict, item.message, ended_at(taken))


def _is_made(taken: Taken) -> bool:
    return taken.event.result.outcome is Outcome.DONE


def _newest_looks(taken: Iterable[Taken]) -> Mapping[tuple[str, str], int]:
    """Return in which event of the ledger each device was looked at last, by host and subject."""
    found: dict[tuple[str, str], int] = {}
    for one in sorted(taken, key=ended_at):
        result = one.event.result
        found |= {(result.host, item.subject): one.sequence for item in result.items if _is_of_device(item)}
    return found


def _is_of_device(item: Item) -> bool:
    return item.subject.startswith("device/")
