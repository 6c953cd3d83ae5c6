"""Emergency access as it is recorded: what was granted, how it ended on each host, who reviewed it.

Comes in: what is recorded, the texts in effect. Goes out: grants; evidence for the judge.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta

from opspact.evidence.applied_texts import AppliedTexts
from opspact.evidence.recorded_events import RecordedEvents
from opspact.ledger.access_events import AccessGranted, AccessOutcome, AccessReported
from opspact.ledger.events import Recorded
from opspact.ledger.person_events import PersonRecorded
from opspact.model.contract import Contract
from opspact.model.contract_jobs import emergency_access_job
from opspact.model.names import job_subject
from opspact.model.policies.access import Access
from opspact.model.result import Item, Result
from opspact.obligations.evidence import Evidence, Occasion
from opspact.obligations.obligation import PersonSource
from opspact.structs import Struct, field, replace

_SILENT = timedelta(hours=1)
"""How long after its time was over the end of a grant may wait to be collected."""
_PERSON = "person/"


class GrantEnd(Struct):
    """How a grant ended on a host. `used`: yes, no or unknown; `is_closed`: everything that it opened is closed."""

    host: str
    at: datetime | None
    used: str
    is_closed: bool
    message: str


class Grant(Struct, kw_only=True):
    """One grant. `by` granted it; `hosts` are those that opened it, or may have; `not_opened`: why others did not.

    `unknown` are those of `hosts` of which nobody knows whether they opened it. `ends`: how it ended, by host.
    `reviewed`: when, and `reviewer`: by whom.
    """

    grant: str
    policy: str
    person: str
    account: str
    by: str
    reason: str
    until: datetime | None
    hosts: tuple[str, ...]
    not_opened: Mapping[str, str] = field(default_factory=dict)
    unknown: tuple[str, ...] = ()
    ends: Mapping[str, GrantEnd]
    reviewed: datetime | None = None
    reviewer: str = ""

    @property
    def missing(self) -> tuple[str, ...]:
        """The hosts from which its end was not collected yet."""
        return tuple(host for host in self.hosts if host not in self.ends)

    @property
    def ended(self) -> datetime | None:
        """When it was over on the last host; None: it is open on one, or nobody knows."""
        times = [end.at for end in self.ends.values() if end.at]
        return None if self.missing or not times else max(times)


class EmergencyGrants:
    """The grants of access policies, and what is owed after each."""

    def __init__(self, contract: Contract, recorded: RecordedEvents, texts: AppliedTexts) -> None:
        self._contract, self._recorded, self._texts = contract, recorded, texts

    def of(self, source: PersonSource, now: datetime) -> Evidence:
        """Given what people record of a policy after each grant, and the time (aware), return what is known of it."""
        texts = self._texts.of_contract(source.policy)
        grants = self.grants(source)
        return Evidence(
            texts[0].at if texts else None,
            against=tuple(_not_closed(grants)),
            is_pending=self._texts.contract_text_since(source.policy) is None,
            occasions=tuple(_occasions(grants, now)),
        )

    def grants(self, source: PersonSource) -> tuple[Grant, ...]:
        """Given what people record of a policy after each grant, return its grants, the oldest first."""
        found = {each.event.grant: _grant(each) for each in self._recorded.of_policy(AccessGranted, source.policy)}
        for answer in self._recorded.of_policy(AccessReported, source.policy):
            if answer.event.grant in found:
                found[answer.event.grant] = _answered(found[answer.event.grant], answer.event)
        access = next((each for each in self._contract.accesses if each.origin.policy == source.policy), None)
        for result in self._results(access) if access else ():
            for item in result.items:
                _add_end(found, source.policy, result=result, item=item)
        reviews = list(self._recorded.of_policy(PersonRecorded, source.policy))
        return tuple(_reviewed(each, reviews, source) for each in found.values())

    def _results(self, access: Access) -> Iterator[Result]:
        """Yield the results of a policy on its hosts, the oldest of each host first."""
        job = emergency_access_job(access)
        for host in job.hosts:
            taken = list(self._recorded.of_job(job_subject(job.key, host)))
            yield from (each.event.result for each in reversed(taken))


def _grant(each: Recorded[AccessGranted]) -> Grant:
    event = each.event
    return Grant(
        grant=event.grant,
        policy=event.policy,
        person=event.person,
        account=event.account,
        by=each.actor,
        reason=event.reason,
        until=event.until,
        hosts=event.hosts,
        unknown=event.hosts,
        ends={},
    )


def _answered(grant: Grant, answer: AccessReported) -> Grant:
    """Return a grant with what a host answered."""
    others = tuple(host for host in grant.unknown if host != answer.host)
    match answer.outcome:
        case AccessOutcome.OPENED:
            return replace(grant, unknown=others)
        case AccessOutcome.NOT_OPENED:
            hosts = tuple(host for host in grant.hosts if host != answer.host)
            return replace(
                grant, unknown=others, hosts=hosts, not_opened={**grant.not_opened, answer.host: answer.detail}
            )
        case AccessOutcome.UNKNOWN:
            return grant


def _add_end(found: dict[str, Grant], policy: str, *, result: Result, item: Item) -> None:
    """Add how a grant ended on a host; one that root granted on the host itself is known from there alone."""
    facts = item.facts
    name = str(facts.get("grant") or f"{result.host} {result.sequence}")
    end = GrantEnd(
        result.host,
        result.ended,
        str(facts.get("used", "unknown")),
        facts.get("closed") is True,
        item.message,
    )
    known = found.get(name) or Grant(
        grant=name,
        policy=policy,
        person=item.subject.removeprefix(_PERSON),
        account=str(facts.get("account", "")),
        by=str(facts.get("by", "")),
        reason=str(facts.get("reason", "")),
        until=result.ended,
        hosts=(result.host,),
        ends={},
    )
    hosts = known.hosts if result.host in known.hosts else (*known.hosts, result.host)
    others = tuple(host for host in known.unknown if host != result.host)
    found[name] = replace(known, hosts=hosts, unknown=others, ends={**known.ends, result.host: end})


def _reviewed(grant: Grant, reviews: Iterable[Recorded[PersonRecorded]], source: PersonSource) -> Grant:
    """Return a grant with its first review: recorded after it ended, by somebody else than had it."""
    ended = grant.ended
    if ended is None:
        return grant
    review = first_review((each for each in reviews if each.event.person != grant.person), source, ended=ended)
    return replace(grant, reviewed=review.at, reviewer=review.event.person) if review else grant


def first_review(
    reviews: Iterable[Recorded[PersonRecorded]], source: PersonSource, *, ended: datetime
) -> Recorded[PersonRecorded] | None:
    """Given what people recorded, in order, return the first review of what ended at a time; None: there is none."""
    day = ended.astimezone(source.zone).date()
    made = (each for each in reviews if each.event.what == source.what)
    return next((each for each in made if each.at >= ended and each.event.day >= day), None)


def _not_closed(grants: Iterable[Grant]) -> Iterator[str]:
    for grant in grants:
        for end in grant.ends.values():
            if not end.is_closed:
                yield f"on {end.host}: {end.message}"


def _occasions(grants: Iterable[Grant], now: datetime) -> Iterator[Occasion]:
    """Yield the grants that are over, and those of whose end nobody knows although they should be."""
    for grant in grants:
        name = f"{grant.grant} of {grant.person or 'somebody unknown'}"
        if ended := grant.ended:
            detail = f"the newest, {name}, was reviewed by {grant.reviewer}" if grant.reviewed else ""
            yield Occasion(name, ended, grant.reviewed, detail)
        elif grant.until and grant.missing and now > grant.until + _SILENT:
            detail = f"no result of its end from {', '.join(grant.missing)}"
            yield Occasion(name, grant.until, detail=detail, is_unknown=True)
