"""What the ledger holds as evidence for the judge: newest results, checks and reach of every subject.

Comes in: a contract, each host's work, a ledger or none. Goes out: evidence for each obligation, open findings.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from functools import cached_property
from typing import assert_never

from opspact.compile.shape import Work
from opspact.evidence.applied_texts import AppliedTexts
from opspact.evidence.check_evidence import CheckEvidence
from opspact.evidence.job_evidence import JobEvidence
from opspact.evidence.log_anomalies import with_anomalies
from opspact.evidence.open_finding import OpenFinding
from opspact.evidence.recorded_events import RecordedEvents
from opspact.evidence.server_reports import Taken
from opspact.ledger.store import Ledger
from opspact.model.contract import Contract
from opspact.model.contract_jobs import contract_jobs
from opspact.model.job import LOOKS
from opspact.model.names import job_subject
from opspact.model.result import Outcome, Result, Verdict
from opspact.obligations.evidence import Evidence
from opspact.obligations.obligation import CheckSource, JobSource, Obligation, RecordSource


class LedgerEvidence:
    """Evidence by obligation. Every look-up is made once, when it is asked for first."""

    def __init__(self, contract: Contract, work: Mapping[str, Work], ledger: Ledger | None) -> None:
        self._contract, self._recorded = contract, RecordedEvents(contract.name, ledger)
        texts = AppliedTexts(contract, work, self._recorded)
        self._by_check = CheckEvidence(self._recorded, texts)
        self._by_job = JobEvidence(contract, self._recorded, texts)

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
            case _:
                assert_never(source)

    def inspections(self) -> tuple[Result, ...]:
        """Return the newest result of each inspection and log review on each host, in the order of jobs and hosts."""
        results = self._recorded.results
        found = (results[subject].event.result for subject in self._inspected if subject in results)
        return tuple(with_anomalies(result, self._contract) for result in found)

    def open_findings(self) -> tuple[OpenFinding, ...]:
        """Return what the newest looks at each host that were made did not find ok, the gravest first."""
        made = (next(filter(_is_made, self._recorded.of_job(subject)), None) for subject in self._inspected)
        found = [finding for taken in made if taken for finding in self._findings(taken)]
        return tuple(
            sorted(found, key=lambda one: (one.verdict is not Verdict.CRITICAL, one.host, one.policy, one.item))
        )

    def _findings(self, taken: Taken) -> Iterator[OpenFinding]:
        result = with_anomalies(taken.event.result, self._contract)
        for item in result.items:
            if item.verdict is not Verdict.OK:
                name = f"{item.item} {item.subject}".rstrip()
                yield OpenFinding(result.job, result.host, name, item.verdict, item.message, result.ended or taken.at)

    @cached_property
    def _inspected(self) -> tuple[str, ...]:
        """The subjects of what looks at hosts today, in the order of jobs and hosts."""
        jobs = sorted((job for job in contract_jobs(self._contract) if job.kind in LOOKS), key=lambda job: job.key)
        return tuple(job_subject(job.key, host) for job in jobs for host in sorted(job.hosts))


def _is_made(taken: Taken) -> bool:
    return taken.event.result.outcome is Outcome.DONE
