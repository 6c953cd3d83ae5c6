"""Emergency access, shown: what hosts answered, what was granted, how it ended, who reviewed it.

Comes in: events, grants. Goes out: lines, JSON.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from opspact.evidence.assessment import Judged
from opspact.evidence.emergency_grants import Grant
from opspact.fleet.failures import HostLost
from opspact.jobs.emergency_access import Closed
from opspact.ledger.access_events import AccessGranted, AccessOutcome, AccessReported
from opspact.report.document import document
from opspact.report.lines import Line, line
from opspact.report.obligations import group_lines, grouped, obligation_data
from opspact.text.instants import format_instant_in_utc, format_instant_with_offset, format_minute_with_offset

_MEANINGS = {AccessOutcome.OPENED: "good", AccessOutcome.NOT_OPENED: "bad", AccessOutcome.UNKNOWN: "doubt"}


def granted_lines(event: AccessGranted, answers: Sequence[AccessReported], zone: ZoneInfo) -> Iterator[Line]:
    """Given a grant and what the hosts answered, yield it for people."""
    until = format_instant_with_offset(event.until, zone)
    yield line((f"grant {event.grant}", "title"), f": {event.person} as {event.account} until {until}")
    for each in answers:
        detail = f": {each.detail}" if each.detail else ""
        yield line((f"{each.host}  ", "title"), (each.outcome.value, _MEANINGS[each.outcome]), detail, indent=2)


def granted_json(event: AccessGranted, answers: Sequence[AccessReported]) -> str:
    """Given the same, return it for scripts."""
    hosts = [{"name": each.host, "answer": each.outcome.value, "detail": each.detail} for each in answers]
    return document(
        "access-grant",
        {
            "grant": event.grant,
            "policy": event.policy,
            "person": event.person,
            "account": event.account,
            "until": format_instant_in_utc(event.until),
            "reason": event.reason,
            "hosts": hosts,
        },
    )


def closed_lines(closed: Mapping[tuple[str, str], Closed]) -> Iterator[Line]:
    """Given what hosts closed, by host and account, yield it for people."""
    for (host, account), what in closed.items():
        words, meaning, detail = _closed(what)
        yield line((f"{host}  ", "title"), f"{account}: ", (words, meaning), f": {detail}" if detail else "")


def closed_json(closed: Mapping[tuple[str, str], Closed]) -> str:
    """Given the same, return it for scripts."""
    found = [
        {"name": host, "account": account, "state": _closed(what)[0], "detail": _closed(what)[2]}
        for (host, account), what in closed.items()
    ]
    return document("access-revoke", {"hosts": found})


def _closed(what: Closed) -> tuple[str, str, str]:
    """Return what a host closed in words, what that means, and details."""
    if isinstance(what, HostLost):
        return "unknown", "doubt", what.detail
    if what is None:
        return "not closed", "bad", "see journalctl of the host, and `opspact verify`"
    return ("closed", "good", f"grant {what}") if what else ("was not open", "quiet", "")


def grants_lines(grants: Sequence[Grant], judged: Sequence[Judged], zone: ZoneInfo) -> Iterator[Line]:
    """Given grants and how the reviews of them stand, yield them for people, the newest first."""
    for grant in reversed(grants):
        until = f" until {format_minute_with_offset(grant.until, zone)}" if grant.until else ""
        yield line((f"{grant.grant}  ", "title"), f"{grant.policy}: {grant.person} as {grant.account}{until}")
        yield line(f"granted by {grant.by}: {grant.reason}", indent=2)
        for host, state, detail in _states(grant):
            yield line((f"{host}  ", "title"), state, f": {detail}" if detail else "", indent=2)
        if grant.reviewed:
            at = format_minute_with_offset(grant.reviewed, zone)
            yield line(("reviewed", "good"), f" by {grant.reviewer}, {at}", indent=2)
        elif grant.ended:
            yield line(("not reviewed yet", "doubt"), indent=2)
    for group in grouped(judged):
        yield from group_lines(group, zone)


def _states(grant: Grant) -> Iterator[tuple[str, str, str]]:
    """Yield how a grant stands on each host: in a word or two, and details."""
    for host in grant.hosts:
        end = grant.ends.get(host)
        if end is not None:
            yield host, "over" if end.is_closed else "not closed", end.message
        elif host in grant.unknown:
            yield host, "unknown", "it did not answer when it was asked to open it"
        else:
            yield host, "opened", "its end was not collected yet"
    yield from ((host, "not opened", why) for host, why in grant.not_opened.items())


def grants_json(grants: Sequence[Grant], judged: Sequence[Judged]) -> str:
    """Given the same, return it for scripts."""
    found = [
        {
            "grant": grant.grant,
            "policy": grant.policy,
            "person": grant.person,
            "account": grant.account,
            "by": grant.by,
            "reason": grant.reason,
            "until": _time(grant.until),
            "ended": _time(grant.ended),
            "hosts": [
                {
                    "name": host,
                    "state": state,
                    "used": grant.ends[host].used if host in grant.ends else None,
                    "ended": _time(grant.ends[host].at) if host in grant.ends else None,
                    "detail": detail,
                }
                for host, state, detail in _states(grant)
            ],
            "reviewed": _time(grant.reviewed),
            "reviewer": grant.reviewer or None,
        }
        for grant in grants
    ]
    return document("access-show", {"grants": found, "obligations": [obligation_data(each) for each in judged]})


def _time(at: datetime | None) -> str | None:
    return format_instant_in_utc(at) if at else None
