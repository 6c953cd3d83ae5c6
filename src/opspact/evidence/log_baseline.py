"""What is usual on a host: accounts, networks and keys that its log reviews saw while they learnt.

Comes in: results of log reviews, baselines as recorded. Goes out: baselines to record, what is new.

Hosts are not trusted: what is not shaped as a use of an account is left out.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Literal

from opspact.ledger.job_events import JobResult
from opspact.ledger.review_events import KnownAccount, LogBaseline
from opspact.ledger.store import Ledger
from opspact.model.contract import Contract
from opspact.model.contract_jobs import log_review_job
from opspact.model.job import LOG_REVIEW, Job
from opspact.model.names import job_subject
from opspact.model.result import Item, Outcome, Result, Verdict
from opspact.structs import Struct

_MOST = 5_000  # uses that a baseline holds; what is beyond stays new
_LONGEST = 200  # characters of a name, a network or a key
_SHOWN = 5  # networks and keys in a message


class Use(Struct, order=True):
    """That an account was used: when first (UTC); from which network, or with which key, it logged in."""

    account: str
    what: Literal["user", "network", "key"]
    mark: str
    at: datetime


class New(Struct):
    """A use that is not usual: the item that says so, and what would be usual if a review accepted it."""

    item: Item
    known: KnownAccount


def due_baselines(contract: Contract, ledger: Ledger) -> Iterator[LogBaseline]:
    """Given a contract and its ledger, yield the baseline of each host whose time of learning is over."""
    jobs = {review.name: (log_review_job(review), review.learn.seconds) for review in contract.log_reviews}
    wanted = {job_subject(job.key, host): (job, host, learn) for job, learn in jobs.values() for host in job.hosts}
    known = ledger.newest_of(LogBaseline, wanted, contract=contract.name) if wanted else {}
    waiting = {subject: each for subject, each in wanted.items() if subject not in known}
    if not waiting:
        return
    newest = ledger.newest_of(JobResult, waiting, contract=contract.name)
    oldest = ledger.oldest_by_subject(JobResult, contract=contract.name, prefix=f"job/{LOG_REVIEW.name}/")
    for subject, last in newest.items():
        job, host, learn = waiting[subject]
        first = oldest[subject].event.result
        if (last.event.result.ended or last.at) - (first.started or oldest[subject].at) >= timedelta(seconds=learn):
            recorded = ledger.read(JobResult, contract=contract.name, subject=subject)
            results = (each.event.result for each in recorded)
            yield from _learnt(job, host, results, learn=timedelta(seconds=learn))


def _learnt(job: Job, host: str, results: Iterable[Result], *, learn: timedelta) -> Iterator[LogBaseline]:
    """Given all results of a log review on a host in their order, yield what was learnt, once that is over."""
    made = [result for result in results if result.outcome is Outcome.DONE]
    since = next((result.started for result in made if result.started), None)
    if since is None or not any(result.ended and result.ended >= since + learn for result in made):
        return
    until = since + learn
    seen = {(use.account, use.what, use.mark) for result in made for use in uses(result) if use.at <= until}
    yield LogBaseline(job.key, host, 1, since, until, _accounts(sorted(seen)[:_MOST]))


def _accounts(seen: Iterable[tuple[str, str, str]]) -> tuple[KnownAccount, ...]:
    """Given accounts with what is known of them (`network` or `key`, and which), return them in their order."""
    found: dict[str, dict[str, list[str]]] = {}
    for name, what, mark in seen:
        found.setdefault(name, {"user": [], "network": [], "key": []})[what].append(mark)
    return tuple(KnownAccount(name, tuple(each["network"]), tuple(each["key"])) for name, each in found.items())


def extended(baseline: LogBaseline, accepted: Iterable[KnownAccount]) -> LogBaseline:
    """Given a baseline and what a review accepted, return the next edition."""
    known = {
        (account.name, what, mark) for account in (*baseline.accounts, *accepted) for what, mark in _marks(account)
    }
    return LogBaseline(
        baseline.policy,
        baseline.host,
        baseline.edition + 1,
        baseline.since,
        baseline.until,
        _accounts(sorted(known)),
    )


def _marks(account: KnownAccount) -> Iterator[tuple[str, str]]:
    yield "user", ""
    yield from (("network", each) for each in account.networks)
    yield from (("key", each) for each in account.keys)


def uses(result: Result) -> Iterator[Use]:
    """Given a result of a log review, yield which accounts were used, from where and with what, by our clock."""
    ahead = timedelta(seconds=result.clock_ahead)
    for item in result.items:
        first = host_time(item.facts.get("first"))
        if item.item != "account" or first is None or not 0 < len(item.subject) <= _LONGEST:
            continue
        yield Use(item.subject, "user", "", first - ahead)
        for what, marks in (("network", item.facts.get("networks")), ("key", item.facts.get("keys"))):
            for mark, since in marks.items() if isinstance(marks, Mapping) else ():
                at = host_time(since)
                if at is not None and isinstance(mark, str) and len(mark) <= _LONGEST:
                    yield Use(item.subject, "key" if what == "key" else "network", mark, at - ahead)


def host_time(text: object) -> datetime | None:
    """Given what a host wrote in place of an instant, return it (UTC); None: it is none."""
    if not isinstance(text, str):
        return None
    try:
        return datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    except ValueError:
        return None


def new_uses(result: Result, baseline: LogBaseline) -> Iterator[New]:
    """Given a result and what is usual on its host, yield each account, network and key that is new."""
    known = {(account.name, what, mark) for account in baseline.accounts for what, mark in _marks(account)}
    accounts = {account.name for account in baseline.accounts}
    found = [use for use in uses(result) if use.at > baseline.until]
    for name in sorted({use.account for use in found if use.account not in accounts}):
        of_user = [use for use in found if use.account == name]
        networks, keys = (tuple(use.mark for use in of_user if use.what == what) for what in ("network", "key"))
        origin = f" from {', '.join(networks[:_SHOWN])}" if networks else ""
        by = f" with {', '.join(keys[:_SHOWN])}" if keys else ""
        text = f"{name} was used for the first time{origin}{by}."
        yield New(_item("user", name, text), KnownAccount(name, networks, keys))
    for use in found:
        if use.account not in accounts or (use.account, use.what, use.mark) in known:
            continue
        marks = {"networks" if use.what == "network" else "keys": (use.mark,)}
        how = "with the key" if use.what == "key" else "from the network" if "/" in use.mark else "from"
        text = f"{use.account} logged in {how} {use.mark} for the first time."
        item = _item(use.what, f"{use.account} {use.mark}", text)
        yield New(item, KnownAccount(use.account, **marks))


def _item(what: str, subject: str, text: str) -> Item:
    kind = f"new {what}"
    return Item(
        item=kind, subject=subject, verdict=Verdict.WARNING, message=text, facts={"id": identity(kind, subject)}
    )


def identity(kind: str, subject: str) -> str:
    """Return the short name of something strange: the same whenever it is seen again, as on hosts."""
    return hashlib.sha256(f"{kind}\n{subject}".encode()).hexdigest()[:12]
