"""The closed union of event types, and typed events in and out of their sealed envelopes.

In: typed events with their context, or sealed events. Out: the other. Light on purpose: no SQLAlchemy is imported.
"""

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Generic, TypeVar

from opspact.errors import LedgerInvalid
from opspact.ledger.access_events import AccessEvent
from opspact.ledger.apply_events import ApplyEvent
from opspact.ledger.approval_events import ApprovalEvent
from opspact.ledger.context import Context
from opspact.ledger.event import Entry, Head, SealedEvent
from opspact.ledger.event_type import EventType
from opspact.ledger.freeze_events import FreezeEvent
from opspact.ledger.job_events import JobEvent
from opspact.ledger.person_events import PersonEvent
from opspact.ledger.redaction_events import RedactionEvent
from opspact.ledger.review_events import ReviewEvent
from opspact.ledger.run_events import RunEvent
from opspact.ledger.runbook_events import RunbookEvent
from opspact.structs import Struct, field

AnyEvent = (
    AccessEvent
    | ApplyEvent
    | ApprovalEvent
    | FreezeEvent
    | JobEvent
    | PersonEvent
    | RedactionEvent
    | ReviewEvent
    | RunEvent
    | RunbookEvent
)
"""Every type of event there is."""

EVENT_TYPES: Mapping[str, type[AnyEvent]] = MappingProxyType({of.kind: of for of in AnyEvent.__args__})
"""Every type of event by its kind."""

E = TypeVar("E", bound=EventType)
E_co = TypeVar("E_co", bound=EventType, covariant=True)


class Fence(Struct):
    """What must still be true for a run to record anything.

    Its attempt is the newest one (`run` empty: none has begun yet), and no host's lease has a higher token than
    `tokens` says. `after`: leases up to that sequence number are known to fit the tokens; only later ones are read.
    """

    run: str
    attempt: int
    tokens: Mapping[str, int] = field(default_factory=dict)
    after: int = 0


class Recorded(Struct, Generic[E_co], kw_only=True):
    """A recorded event with its place in the ledger; `hash` seals all of it."""

    sequence: int
    at: datetime
    actor: str
    contract: str
    commit: str
    plan_digest: str
    hash: str
    event: E_co

    @property
    def head(self) -> Head:
        """Return the head of a ledger that ends with this event."""
        return Head(self.sequence, self.hash)


class Recording(Struct, Generic[E_co]):
    """What came of recording: the events, in order, and how many were left out since they were recorded before."""

    recorded: tuple[Recorded[E_co], ...]
    left_out: int = 0


def entry_of(event: EventType, context: Context) -> Entry:
    """Given an event and its context, return what is to be sealed. Raise Refused when it cannot be, faithfully."""
    return Entry(
        at=context.at,
        actor=context.actor,
        kind=event.kind,
        version=event.version,
        contract=context.contract,
        subject=event.subject,
        key=event.key,
        commit=context.commit,
        plan_digest=context.plan_digest,
        body=event.to_body(),
    )


def recorded_as(event: E, sealed: SealedEvent) -> Recorded[E]:
    """Given an event and the envelope that seals it, return both as one."""
    return Recorded(
        sequence=sealed.sequence,
        at=sealed.at,
        actor=sealed.actor,
        contract=sealed.contract,
        commit=sealed.commit,
        plan_digest=sealed.plan_digest,
        hash=sealed.hash,
        event=event,
    )


def typed(sealed: SealedEvent, kind: type[E]) -> Recorded[E]:
    """Given a sealed event of a type, return it typed.

    Raise LedgerInvalid when a newer opspact wrote it, or when it is not what this type writes.
    """
    if sealed.version > kind.version:
        raise _newer(sealed, f"this opspact supports version {kind.version}")
    try:
        event = kind.from_body(sealed.body, sealed.version)
        if (event.subject, event.key) != (sealed.subject, sealed.key):
            raise ValueError("its subject or key is not that of its body")  # noqa: TRY301 - one error for all of it
    except ValueError as error:
        raise LedgerInvalid(f"event {sealed.sequence} ({sealed.kind}) cannot be read: {error}", hint=_HINT) from error
    return recorded_as(event, sealed)


def typed_any(sealed: SealedEvent) -> Recorded[AnyEvent]:
    """Given a sealed event of any type, return it typed. Raise LedgerInvalid as `typed` does, or for unknown kinds."""
    kind = EVENT_TYPES.get(sealed.kind)
    if kind is None:
        raise _newer(sealed, "unknown to this opspact")
    return typed(sealed, kind)


_HINT = "it was written by another program or version; `opspact ledger export` exports it unchanged"


def _newer(sealed: SealedEvent, known: str) -> LedgerInvalid:
    return LedgerInvalid(
        f"event {sealed.sequence} is {sealed.kind} version {sealed.version}, written by a newer opspact: {known}",
        hint="use the opspact version that wrote it, or a newer one",
    )
