"""What is strange in the review of a host's logs by what hosts do not know: the contract's calendars, the baseline.

Comes in: a result as the host left it, the contract, what is usual. Goes out: the result with more items.

Hosts are not trusted: what is not shaped as a list of logins is left out.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from opspact.evidence.log_baseline import host_time, identity, new_uses
from opspact.ledger.review_events import LogBaseline
from opspact.model.contract import Contract
from opspact.model.job import LOG_REVIEW
from opspact.model.result import Item, Result, Verdict
from opspact.model.time.calendar import BeyondKnown, Calendar, is_open
from opspact.structs import Struct, replace
from opspact.text.counts import format_count
from opspact.text.instants import format_minute_with_offset

_SHOWN = 5
_QUARTER = timedelta(minutes=15, seconds=-1)
"""From the first second of a quarter of an hour to its last."""
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
        seen = list(_logins(item.facts, ahead=timedelta(seconds=result.clock_ahead)))
        try:
            outside = [each for each in seen if not (is_open(calendar, each.at) and is_open(calendar, each.until))]
        except BeyondKnown as error:
            yield Item(item=_KIND, subject=item.subject, verdict=Verdict.UNKNOWN, message=f"{error}")
            continue
        if (unknown := _number_of_logins(item.facts) - sum(each.number for each in seen)) > 0:
            text = f"When {format_count(unknown, 'more login')} of {item.subject} happened is not known."
            yield Item(item=_KIND, subject=item.subject, verdict=Verdict.UNKNOWN, message=text)
        if not outside:
            continue
        count = sum(each.number for each in outside)
        shown = ", ".join(each.text(zone) for each in outside[:_SHOWN])
        rest = count - sum(each.number for each in outside[:_SHOWN])
        text = f"{item.subject} logged in outside the hours of {name}: {shown}{f' and {rest} more' if rest else ''}."
        facts = {"id": identity(_KIND, item.subject), "count": count}
        yield Item(item=_KIND, subject=item.subject, verdict=Verdict.WARNING, message=text, facts=facts)


class _Logins(Struct):
    """One login from an address, or several in a quarter of an hour; `until` is the last instant of it."""

    at: datetime
    until: datetime
    address: str = ""
    number: int = 1

    def text(self, zone: ZoneInfo) -> str:
        """Return it for people."""
        when = format_minute_with_offset(self.at, zone)
        return f"{when} from {self.address}" if self.address else f"{format_count(self.number, 'login')} from {when} on"


def _logins(facts: Mapping[str, object], *, ahead: timedelta) -> Iterator[_Logins]:
    """Yield when and from where an account logged in, by our clock."""
    logins, unlisted = facts.get("logins"), facts.get("unlisted")
    for login in logins if isinstance(logins, list) else ():
        match login:
            case [str(text), str(address), *_] if at := host_time(text):
                yield _Logins(at - ahead, at - ahead, address)
            case _:
                continue
    for text, number in unlisted.items() if isinstance(unlisted, Mapping) else ():
        if isinstance(number, int) and number > 0 and (at := host_time(text)):
            yield _Logins(at - ahead, at - ahead + _QUARTER, number=number)


def _number_of_logins(facts: Mapping[str, object]) -> int:
    """Return how many logins an account had, as its host counted them."""
    match facts.get("counts"):
        case {"logins": int(number)}:
            return number
        case _:
            return 0
