"""What somebody says of the reports of a log review, and whether it can be recorded.

Comes in: a contract, what is recorded, what was typed. Goes out: the events to record, or Refused.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from zoneinfo import ZoneInfo

from opspact.compile.log_review import READING
from opspact.errors import NothingFound, Refused
from opspact.evidence.log_baseline import extended
from opspact.evidence.log_reports import HostReports, LogReports, OpenAnomaly, ended_at
from opspact.evidence.record_request import LONGEST_NOTE, person_of
from opspact.ledger.person_events import PersonRecorded
from opspact.ledger.review_events import KnownAccount, LogBaseline, LogsReviewed
from opspact.model.contract import Contract
from opspact.model.job import Job
from opspact.model.policies.log_review import LogReview
from opspact.structs import Struct

ALL = "all"


class ReviewRequest(Struct):
    """What is to be recorded: that a person (name or account) read the reports of a log review on some of its hosts.

    `accepted`: identities of anomalies that are usual from now on, or `all` of those that can be.
    """

    job: Job
    hosts: tuple[str, ...]
    person: str
    note: str = ""
    accepted: tuple[str, ...] = ()


class ReviewRecord(Struct):
    """What a review records, and what it closes. `is_read`: with it, the newest reports of all hosts were read."""

    events: tuple[LogsReviewed | LogBaseline | PersonRecorded, ...]
    closed: tuple[tuple[str, OpenAnomaly], ...]
    accepted: tuple[tuple[str, OpenAnomaly], ...]
    is_read: bool


def requested_review(contract: Contract, reports: LogReports, request: ReviewRequest, *, today: date) -> ReviewRecord:
    """Given a request and today's day in the contract's zone, return what to record.

    Raise Refused for what cannot be recorded, NothingFound when nothing was collected, or all of it was read.
    """
    policy = next(each for each in contract.log_reviews if each.name == request.job.name)
    person = person_of(contract, request.person, today)
    _check_reader(contract, policy, person)
    note = request.note.strip()
    if len(note) > LONGEST_NOTE:
        raise Refused(f"--note: expected at most {LONGEST_NOTE} characters, got {len(note)}")
    known = [reports.of(request.job.key, host) for host in request.job.hosts]
    unread = [each for each in known if each.unread and each.host in request.hosts]
    if not unread:
        raise NothingFound("no report is waiting to be read", hint="run `opspact inspect collect`")
    closed = [(each.host, anomaly) for each in unread for anomaly in each.anomalies]
    if closed and not note:
        raise Refused(f"--note: required: {len(closed)} anomalies are open", hint="say what was found out about them")
    accepted = _accepted(closed, request.accepted)
    events = list(_events(unread, accepted, person=person, note=note))
    others = [each for each in known if each.unread and each.host not in request.hosts]
    if policy.read_by and not others:
        # Who reads yesterday's report today has not read today's.
        newest = max(ended_at(each.newest) for each in known if each.newest)
        day = min(today, newest.astimezone(ZoneInfo(contract.zone)).date())
        events.append(PersonRecorded(request.job.policy, READING, person, day, note=note))
    return ReviewRecord(tuple(events), tuple(closed), tuple(accepted), is_read=not others)


def _check_reader(contract: Contract, policy: LogReview, person: str) -> None:
    reader = policy.read_by
    if reader and reader != person and reader not in contract.people[person].teams:
        hint = f"--by: the one who read it{f', of {reader}' if reader in contract.teams else ''}"
        raise Refused(f"{person} is not to read {policy.origin.policy}; `read_by` is {reader}", hint=hint)


def _accepted(closed: Iterable[tuple[str, OpenAnomaly]], wanted: Sequence[str]) -> list[tuple[str, OpenAnomaly]]:
    """Return what becomes usual, by host. Raise Refused for what is not open, or never becomes usual."""
    found = [(host, one) for host, one in closed if one.id in wanted or ALL in wanted]
    unknown = sorted(set(wanted) - {ALL} - {one.id for _, one in found})
    if unknown:
        raise Refused(
            f'--accept: no open anomaly has the ID "{unknown[0]}"', hint="run `opspact logs show` for the list"
        )
    if strange := [one for _, one in found if one.known is None and one.id in wanted]:
        hint = "only new users, networks and keys can be accepted; the review closes all others"
        raise Refused(f"--accept: {strange[0].name} cannot become usual", hint=hint)
    return [(host, one) for host, one in found if one.known is not None]


def _events(
    unread: Iterable[HostReports], accepted: Sequence[tuple[str, OpenAnomaly]], *, person: str, note: str
) -> Iterator[LogsReviewed | LogBaseline | PersonRecorded]:
    for each in unread:
        newest = each.unread[0].event.result
        known: tuple[KnownAccount, ...] = tuple(one.known for host, one in accepted if host == each.host and one.known)
        if known and each.baseline:
            yield extended(each.baseline, known)
        yield LogsReviewed(each.policy, each.host, person, newest.spool, newest.sequence, note, known)
