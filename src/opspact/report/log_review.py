"""Reports of log reviews, shown: who used a host and how, what is strange, what nobody has read yet.

In: results, baselines, open anomalies, judged obligations. Out: lines, JSON.
"""

from collections.abc import Container, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from opspact.evidence.assessment import Judged
from opspact.evidence.log_reports import HostReports, OpenAnomaly
from opspact.evidence.review_request import ReviewRecord
from opspact.ledger.canonical import time_text
from opspact.ledger.review_events import KnownAccount, LogsReviewed
from opspact.model.contract import Contract
from opspact.model.result import Item, Outcome, Result
from opspact.report.document import document
from opspact.report.jobs import result_data
from opspact.report.lines import Line, line
from opspact.report.obligations import group_lines, grouped, obligation_data
from opspact.report.open_findings import VERDICT_MEANINGS
from opspact.structs import Struct
from opspact.text.counts import format_count
from opspact.text.instants import format_minute_with_offset

_GAP, _ACCOUNT = "log gap", "account"


class LogReport(Struct):
    """Log reviews of a contract on hosts, each with the results to show, and what they owe."""

    contract: Contract
    hosts: Sequence[tuple[HostReports, Sequence[Result]]]
    judged: Sequence[Judged]

    @property
    def zone(self) -> ZoneInfo:
        """The zone for people."""
        return ZoneInfo(self.contract.zone)


def log_lines(shown: LogReport) -> Iterator[Line]:
    """Given reports, yield them for people, host by host."""
    for known, results in shown.hosts:
        if not results:
            yield line((f"{known.host}  ", "title"), ("no report", "doubt"), f"  {known.policy}", hang=4)
        for result in results:
            yield from _result_lines(result, {(one.item, one.subject) for one in known.anomalies}, shown.zone)
        yield from _state_lines(known, shown.zone)
        yield line()
    for group in grouped(shown.judged):
        yield from group_lines(group, shown.zone)


def _result_lines(result: Result, opened: Container[tuple[str, str]], zone: ZoneInfo) -> Iterator[Line]:
    """Yield one report; what is open of it is shown with all that is open."""
    at = f"  {format_minute_with_offset(result.ended, zone)}" if result.ended else ""
    meaning = VERDICT_MEANINGS[result.verdict]
    failed = "" if result.outcome is Outcome.DONE else f" ({result.outcome})"
    yield line(
        (f"{result.host}  ", "title"), (f"{result.verdict}{failed}", meaning), f"  {result.job}", (at, "quiet"), hang=4
    )
    if result.outcome is not Outcome.DONE:
        yield line(result.message, indent=2)
        return
    match result.facts:
        case {"entries": int(entries), "from": str(since), "through": str(through)}:
            text = f"reviewed: {entries:,} journal entries, {_instant(since, zone)} to {_instant(through, zone)}"
            yield line(text, indent=2)
    gaps = sum(item.item == _GAP for item in result.items)
    yield line(f"gaps: {gaps or 'none'}", indent=2)
    for item in result.items:
        if item.item == _ACCOUNT:
            yield line((item.subject, "title"), f": {item.message}", indent=2, hang=4)
            yield from _use_lines(item, zone)
    for item in result.items:
        if item.item != _ACCOUNT and (item.item, item.subject) not in opened:
            yield _item_line(item)


def _use_lines(item: Item, zone: ZoneInfo) -> Iterator[Line]:
    """Yield the logins of an account, and the commands that it ran with sudo."""
    for at, address, by in _rows(item, "logins"):
        yield line("login    ", (f"{_instant(at, zone)}  ", "quiet"), f"from {address} by {by}", indent=4, hang=9)
    more = item.facts.get("unlisted")
    if count := sum(each for each in more.values() if isinstance(each, int)) if isinstance(more, Mapping) else 0:
        yield line("login    ", format_count(count, "more login"), indent=4, hang=9)
    for at, target, command in _rows(item, "commands"):
        yield line("command  ", (f"{_instant(at, zone)}  ", "quiet"), f"as {target}: {command}", indent=4, hang=9)


def _rows(item: Item, name: str) -> Iterator[tuple[str, str, str]]:
    """Yield what a host lists of an account. Hosts are not trusted: what is no row of three texts is left out."""
    rows = item.facts.get(name)
    for row in rows if isinstance(rows, list) else ():
        match row:
            case [str(at), str(first), str(second)]:
                yield at, first, second
            case _:
                continue


def _instant(text: str, zone: ZoneInfo) -> str:
    try:
        at = datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    except ValueError:
        return text
    return format_minute_with_offset(at, zone)


def _item_line(item: Item) -> Line:
    subject = f" {item.subject}" if item.subject else ""
    named = (f"{item.verdict:<8}", VERDICT_MEANINGS[item.verdict])
    return line(named, f"  {item.item}{subject}: {item.message}", indent=4, hang=10)


def _state_lines(known: HostReports, zone: ZoneInfo) -> Iterator[Line]:
    """Yield what is usual on a host, who read its reports last, and what is open."""
    usual = known.baseline
    if usual:
        until = format_minute_with_offset(usual.until, zone)
        text = f"{format_count(len(usual.accounts), 'account')}, learnt until {until}, edition {usual.edition}"
    else:
        text = "still learning; new users, networks and keys are not reported"
    yield line(f"baseline: {text}", indent=2)
    if known.review and known.reviewed_at:
        at = format_minute_with_offset(known.reviewed_at, zone)
        note = f": {known.review.note}" if known.review.note else ""
        yield line(f"read: by {known.review.person}, {at}{note}", indent=2)
    else:
        yield line("read: never", indent=2)
    if known.unread:
        more = "more than " if known.has_more else ""
        yield line((f"not read yet: {more}{format_count(len(known.unread), 'report')}", "doubt"), indent=2)
    if known.anomalies:
        yield line((f"open until a review closes them ({len(known.anomalies):,})", "doubt"), indent=2)
        yield from _anomaly_lines(known.anomalies)


def _anomaly_lines(anomalies: Sequence[OpenAnomaly]) -> Iterator[Line]:
    for one in anomalies:
        seen = f"  ({one.count} reports)" if one.count > 1 else ""
        named = (f"{one.verdict:<8}", VERDICT_MEANINGS[one.verdict])
        yield line(f"{one.id}  ", named, f"  {one.name}: {one.message}", (seen, "quiet"), indent=4, hang=24)


def log_json(shown: LogReport) -> str:
    """Given reports, return one JSON object; times in UTC."""
    return document(
        "logs-show",
        {
            "hosts": [
                {
                    "host": known.host,
                    "policy": known.policy,
                    "reports": [result_data(result) for result in results],
                    "baseline": _baseline_data(known),
                    "review": _review_data(known.review, known.reviewed_at),
                    "unread": len(known.unread),
                    "open": [_anomaly_data(one) for one in known.anomalies],
                }
                for known, results in shown.hosts
            ],
            "obligations": [obligation_data(each) for each in shown.judged],
        },
    )


def _baseline_data(known: HostReports) -> dict[str, object] | None:
    usual = known.baseline
    if usual is None:
        return None
    times = {"since": time_text(usual.since), "until": time_text(usual.until)}
    return {"edition": usual.edition, **times, "accounts": [_known_data(each) for each in usual.accounts]}


def _known_data(account: KnownAccount) -> dict[str, object]:
    return {"name": account.name, "networks": list(account.networks), "keys": list(account.keys)}


def _review_data(review: LogsReviewed | None, at: datetime | None) -> dict[str, object] | None:
    if review is None or at is None:
        return None
    place = {"spool": review.spool, "sequence": review.number}
    accepted = [_known_data(each) for each in review.accepted]
    return {"at": time_text(at), "person": review.person, **place, "note": review.note, "accepted": accepted}


def _anomaly_data(one: OpenAnomaly) -> dict[str, object]:
    return {
        "id": one.id,
        "item": one.item,
        "subject": one.subject,
        "verdict": one.verdict,
        "message": one.message,
        "first": time_text(one.first),
        "last": time_text(one.last),
        "reports": one.count,
        "acceptable": one.known is not None,
    }


def review_lines(recorded: ReviewRecord, judged: Sequence[Judged], zone: ZoneInfo) -> Iterator[Line]:
    """Given what a review recorded and what is owed, yield it for people."""
    for event in recorded.events:
        if isinstance(event, LogsReviewed):
            closed = [one for host, one in recorded.closed if host == event.host]
            accepted = [one for host, one in recorded.accepted if host == event.host]
            usual = f", {len(accepted)} usual from now on" if accepted else ""
            text = f": {event.policy} on {event.host} by {event.person}, {len(closed)} closed{usual}"
            yield line(("reviewed", "good"), text)
    if not recorded.is_read:
        yield line(("reports of other hosts are still waiting to be read", "doubt"))
    for group in grouped(judged):
        yield from group_lines(group, zone)


def review_json(recorded: ReviewRecord, judged: Sequence[Judged]) -> str:
    """Given the same, return it for scripts."""
    accepted = {(host, one.id) for host, one in recorded.accepted}
    return document(
        "logs-review",
        {
            "reviewed": [
                {
                    "host": event.host,
                    "policy": event.policy,
                    "person": event.person,
                    "spool": event.spool,
                    "sequence": event.number,
                    "note": event.note,
                }
                for event in recorded.events
                if isinstance(event, LogsReviewed)
            ],
            "closed": [
                {"host": host, **_anomaly_data(one), "accepted": (host, one.id) in accepted}
                for host, one in recorded.closed
            ],
            "all_read": recorded.is_read,
            "obligations": [obligation_data(each) for each in judged],
        },
    )
