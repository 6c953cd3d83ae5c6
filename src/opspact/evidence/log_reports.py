"""Reports of log reviews that nobody read yet, and what is strange in them: open until a recorded review reaches it.

Comes in: a contract, what is recorded. Goes out: for each host its reports, its baseline, open anomalies.
"""

from collections.abc import Iterator
from datetime import date, datetime
from itertools import islice, takewhile
from zoneinfo import ZoneInfo

from opspact.evidence.log_anomalies import with_anomalies
from opspact.evidence.log_baseline import identity, new_uses
from opspact.evidence.recorded_events import RecordedEvents
from opspact.evidence.server_reports import Taken
from opspact.ledger.review_events import KnownAccount, LogBaseline, LogsReviewed
from opspact.model.contract import Contract
from opspact.model.names import job_subject
from opspact.model.result import Item, Outcome, Result, Verdict
from opspact.structs import Struct, replace

MOST_REPORTS = 31
"""How many reports of a host are read at once; of more, the newest."""

_WORST = (Verdict.CRITICAL, Verdict.WARNING, Verdict.UNKNOWN, Verdict.OK)


class OpenAnomaly(Struct):
    """Something strange in reports that nobody read yet: seen in `count` of them, from `first` to `last` (UTC).

    `known` is what becomes usual if a review accepts it; None: nothing can, it has to be dealt with.
    """

    id: str
    item: str
    subject: str
    verdict: Verdict
    message: str
    first: datetime
    last: datetime
    count: int = 1
    known: KnownAccount | None = None

    @property
    def name(self) -> str:
        """What it is and what it is about."""
        return f"{self.item} {self.subject}".rstrip()


class HostReports(Struct):
    """How the log review `policy` stands on a host.

    `unread`: the results that no review reached, the newest first; `has_more`: there are others, which are older.
    """

    policy: str
    host: str
    newest: Taken | None
    made: Result | None
    unread: tuple[Taken, ...]
    has_more: bool
    baseline: LogBaseline | None
    review: LogsReviewed | None
    reviewed_at: datetime | None
    anomalies: tuple[OpenAnomaly, ...]


class LogReports:
    """The reports of the log reviews of a contract."""

    def __init__(self, contract: Contract, recorded: RecordedEvents) -> None:
        self._contract, self._recorded = contract, recorded

    def of(self, policy: str, host: str) -> HostReports:
        """Given a log review (`log_review/NAME`) and a host, return how it stands there."""
        subject, recorded = job_subject(policy, host), self._recorded
        baseline, review = recorded.baselines.get(subject), recorded.reviews.get(subject)
        usual = baseline.event if baseline else None
        reached = review and (review.event.spool, review.event.number)
        unread = takewhile(lambda one: _place(one.event.result) != reached, recorded.of_job(subject))
        found = list(islice(unread, MOST_REPORTS + 1))
        shown, has_more = tuple(found[:MOST_REPORTS]), len(found) > MOST_REPORTS
        made = next((one.event.result for one in recorded.of_job(subject) if _is_made(one.event.result)), None)
        return HostReports(
            policy,
            host,
            newest=recorded.results.get(subject),
            made=with_anomalies(made, self._contract, usual) if made else None,
            unread=shown,
            has_more=has_more,
            baseline=usual,
            review=review.event if review else None,
            reviewed_at=review.at if review else None,
            anomalies=self._anomalies(shown, usual, has_more=has_more),
        )

    def on(self, policy: str, host: str, day: date) -> Iterator[Result]:
        """Yield the results of a log review on a host that ended on a day of the contract's zone, the newest first."""
        zone = ZoneInfo(self._contract.zone)
        baseline = self._recorded.baselines.get(job_subject(policy, host))
        for taken in self._recorded.of_job(job_subject(policy, host)):
            ended = ended_at(taken).astimezone(zone).date()
            if ended == day:
                yield with_anomalies(taken.event.result, self._contract, baseline.event if baseline else None)
            if taken.at.astimezone(zone).date() < day:
                return

    def _anomalies(
        self, unread: tuple[Taken, ...], baseline: LogBaseline | None, *, has_more: bool
    ) -> tuple[OpenAnomaly, ...]:
        found: dict[tuple[str, str], OpenAnomaly] = {}
        for taken in reversed(unread):
            if not _is_made(taken.event.result):
                continue
            result, at = taken.event.result, ended_at(taken)
            new = (
                {(one.item.item, one.item.subject): one.known for one in new_uses(result, baseline)} if baseline else {}
            )
            for item in with_anomalies(result, self._contract, baseline).items:
                if item.verdict is not Verdict.OK:
                    name = (item.item, item.subject)
                    seen = _open_anomaly(item, at, known=new.get(name))
                    found[name] = _merged(found[name], seen) if name in found else seen
        if has_more:
            text = f"More than {MOST_REPORTS} reports were not reviewed; only the newest are read."
            at = ended_at(unread[-1])
            more = OpenAnomaly(identity("not reviewed", ""), "not reviewed", "", Verdict.UNKNOWN, text, at, at)
            found["not reviewed", ""] = more
        return tuple(sorted(found.values(), key=lambda one: _WORST.index(one.verdict)))


def ended_at(taken: Taken) -> datetime:
    """Return when a run ended (UTC); of one that does not say, when its result was recorded."""
    return taken.event.result.ended or taken.at


def _place(result: Result) -> tuple[str, int]:
    return result.spool, result.sequence


def _is_made(result: Result) -> bool:
    return result.outcome is Outcome.DONE


def _open_anomaly(item: Item, at: datetime, *, known: KnownAccount | None) -> OpenAnomaly:
    name = identity(item.item, item.subject)
    return OpenAnomaly(name, item.item, item.subject, item.verdict, item.message, at, at, known=known)


def _merged(before: OpenAnomaly, now: OpenAnomaly) -> OpenAnomaly:
    """Return an anomaly that was seen again: as it is now, as grave as it ever was."""
    known = now.known or before.known
    if now.known and before.known:
        networks, keys = (*before.known.networks, *now.known.networks), (*before.known.keys, *now.known.keys)
        known = KnownAccount(now.known.name, tuple(dict.fromkeys(networks)), tuple(dict.fromkeys(keys)))
    verdict = min(before.verdict, now.verdict, key=_WORST.index)
    return replace(now, first=before.first, count=before.count + 1, verdict=verdict, known=known)
