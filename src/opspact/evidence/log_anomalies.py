"""What is strange in the review of a host's logs by what hosts do not know: the contract's calendars, the baseline.

Comes in: a result as the host left it, the contract, what is usual. Goes out: the result with more items.

Hosts are not trusted: what is not shaped as a list of logins is left out.
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from opspact.evidence.log_baseline import identity, new_uses
from opspact.ledger.review_events import LogBaseline
from opspact.model.contract import Contract
from opspact.model.job import LOG_REVIEW
from opspact.model.result import Item, Result, Verdict
from opspact.model.time.calendar import BeyondKnown, Calendar, is_open
from opspact.structs import replace
from opspact.text.instants import format_minute_with_offset

_SHOWN = 5
_KIND = "off-hours login"


def with_anomalies(result: Result, contract: Contract, baseline: LogBaseline | None) -> Result:
    """Given a result, the contract and what is usual on the host (None: it is not known yet), return the result.

    It has an item for each thing that is strange by these; those of other jobs are as they were.
    """
    review = next((one for one in contract.log_reviews if one.name == result.name), None)
    if result.kind != LOG_REVIEW.name or review is None:
        return result
    found = [new.item for new in new_uses(result, baseline)] if baseline else []
    if calendar := contract.calendars.get(review.off_hours):
        found += _off_hours(result, review.off_hours, calendar, zone=ZoneInfo(contract.zone))
    return replace(result, items=(*result.items, *found)) if found else result


def _off_hours(result: Result, name: str, calendar: Calendar, *, zone: ZoneInfo) -> Iterator[Item]:
    """Yield an item for each account that logged in while the calendar is closed, or does not say whether it is."""
    for item in result.items:
        if item.item != "account":
            continue
        logins = list(_logins(item.facts))
        try:
            outside = [(at, address) for at, address in logins if not is_open(calendar, at)]
        except BeyondKnown as error:
            yield Item(item=_KIND, subject=item.subject, verdict=Verdict.UNKNOWN, message=f"{error}")
            continue
        if not outside:
            continue
        shown = ", ".join(f"{format_minute_with_offset(at, zone)} from {address}" for at, address in outside[:_SHOWN])
        more = f" and {len(outside) - _SHOWN} more" if len(outside) > _SHOWN else ""
        text = f"{item.subject} logged in outside the hours of {name}: {shown}{more}."
        facts = {"id": identity(_KIND, item.subject), "count": len(outside)}
        yield Item(item=_KIND, subject=item.subject, verdict=Verdict.WARNING, message=text, facts=facts)


def _logins(facts: Mapping[str, object]) -> Iterator[tuple[datetime, str]]:
    """Yield when and from where an account logged in."""
    logins = facts.get("logins")
    for login in logins if isinstance(logins, list) else ():
        match login:
            case [str(at), str(address), *_]:
                try:
                    yield datetime.strptime(at, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC), address
                except ValueError:
                    continue
            case _:
                continue
