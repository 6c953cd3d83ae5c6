"""Freezes: until when nobody may change anything by a contract, who decided that, and why.

In: a ledger, a contract's name, an instant. Out: the freezes that hold; or a refusal.
"""

from datetime import datetime, timedelta
from secrets import token_hex
from zoneinfo import ZoneInfo

from opspact.errors import NothingFound, Refused
from opspact.ledger.context import Context
from opspact.ledger.freeze_events import FreezeEnded, FreezeStarted
from opspact.ledger.store import Ledger
from opspact.model.contract import Contract
from opspact.structs import Struct
from opspact.text.instants import format_minute_with_offset

LONGEST = timedelta(days=366)
"""A freeze ends by itself, within a year."""


class Freeze(Struct):
    """A freeze that holds: its name, who started it, when, why, and when it ends by itself."""

    name: str
    by: str
    since: datetime
    until: datetime
    reason: str


def freezes(ledger: Ledger | None, contract: Contract, at: datetime) -> tuple[Freeze, ...]:
    """Given the ledger (None: nothing was recorded), a contract and an instant, return what holds then, oldest first.

    What was started under the contract's former name holds, too.
    """
    if ledger is None:
        return ()
    found = []
    for name in filter(None, (contract.formerly, contract.name)):
        ended = {each.event.freeze for each in ledger.read(FreezeEnded, contract=name)}
        for each in ledger.read(FreezeStarted, contract=name):
            event = each.event
            if event.until > at and event.freeze not in ended:
                found.append(Freeze(event.freeze, each.actor, each.at, event.until, event.reason))
    return tuple(found)


def refuse_changes(ledger: Ledger | None, contract: Contract, at: datetime) -> None:
    """Given the ledger, a contract and an instant, raise Refused with who froze it, why and until when."""
    if found := freezes(ledger, contract, at):
        last = max(found, key=lambda each: each.until)
        until = format_minute_with_offset(last.until, ZoneInfo(contract.zone))
        raise Refused(
            f"{last.by} has frozen all changes of {contract.name} until {until}: {last.reason}",
            hint="wait until then, or end it: `opspact freeze --end --reason TEXT`",
        )


def start_freeze(
    ledger: Ledger, contract: Contract, context: Context, *, until: datetime, reason: str
) -> tuple[Freeze, ...]:
    """Given until when and why, record a freeze; return all that hold now. Raise Refused for a time that is none."""
    zone = ZoneInfo(contract.zone)
    if not context.at < until <= context.at + LONGEST:
        now = format_minute_with_offset(context.at, zone)
        raise Refused(f"--until: expected a time within a year from now ({now})", hint="--until 2026-10-08T09:00")
    ledger.record(FreezeStarted(f"freeze-{token_hex(3)}", until, _said(reason)), context=context)
    return freezes(ledger, contract, context.at)


def end_freezes(ledger: Ledger, contract: Contract, context: Context, *, reason: str) -> tuple[Freeze, ...]:
    """Given why, record that all freezes that hold end now; return them. Raise NothingFound when there is none."""
    held = freezes(ledger, contract, context.at)
    if not held:
        raise NothingFound(f"no freeze of {contract.name} holds now")
    words = _said(reason)
    ledger.record_all([FreezeEnded(each.name, words) for each in held], context=context)
    return held


def _said(reason: str) -> str:
    if not reason.strip() or not reason.isprintable():
        raise Refused("--reason: expected a line of text: it is recorded, and shown to whoever is refused")
    return reason.strip()
