"""The events that an attestation is about: those of one run, or of a period.

In: a ledger, a contract's name, a run or a period. Out: events of applies and checks, in their order.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime

from opspact.errors import NothingFound, Refused
from opspact.ledger.apply_events import ApplyFinished, ApplyStarted, HostChecked, VerifyFinished
from opspact.ledger.approval_events import ApprovalEvent, ApprovalReceived, ApprovalSkipped
from opspact.ledger.canonical import time_text
from opspact.ledger.events import Recorded
from opspact.ledger.run_events import RunFinished
from opspact.ledger.store import Ledger
from opspact.structs import Struct

AttestedEvent = ApprovalEvent | ApplyFinished | ApplyStarted | HostChecked | RunFinished | VerifyFinished
"""An event that an attestation tells of."""

_OF_RUNS = (ApplyStarted, ApplyFinished, RunFinished)
_OF_PERIODS = (
    *(ApprovalReceived, ApprovalSkipped, ApplyStarted, ApplyFinished),
    *(RunFinished, HostChecked, VerifyFinished),
)


class Attested(Struct):
    """What an attestation is about: what was selected, its events, and runs that ended later, or never.

    `unfinished`: runs that began applying and did not end in these events; the number is that of the event that ended
    the run later, 0: there is none.
    """

    selection: Mapping[str, str]
    events: tuple[Recorded[AttestedEvent], ...]
    unfinished: Mapping[str, int]


class AttestedEvents(Struct):
    """The events of a contract in a ledger."""

    ledger: Ledger
    contract: str

    def of_run(self, run: str) -> Attested:
        """Given a run (empty: that of the newest apply), return its events. Raise NothingFound when there is none."""
        if not run:
            newest = self._newest_apply()
            if not newest.event.run:  # there was nothing to do: no run began
                return Attested({"event": str(newest.sequence)}, (newest,), {})
            run = newest.event.run
        found: list[Recorded[AttestedEvent]] = []
        for kind in _OF_RUNS:
            found += self.ledger.read(kind, contract=self.contract, subject=f"run/{run}")
        if not found:
            raise NothingFound(f"the ledger has no apply of run {run}")
        first = min(each.sequence for each in found)
        found += self._approvals(run, {each.plan_digest for each in found if each.plan_digest})
        checks = self.ledger.read(HostChecked, contract=self.contract, after=first)
        return self._attested({"run": run}, [*found, *(each for each in checks if each.event.run == run)])

    def of_period(self, since: datetime, until: datetime) -> Attested:
        """Given two instants, return the events from the first one to before the second.

        Raise Refused when they are not in order, NothingFound when there is no event between them.
        """
        if not since < until:
            raise Refused("the period ends before it begins")
        found: list[Recorded[AttestedEvent]] = []
        for kind in _OF_PERIODS:
            found += self.ledger.read(kind, contract=self.contract, since=since)
        if not (found := [each for each in found if each.at < until]):
            raise NothingFound("nothing was applied or verified in that period")
        return self._attested({"from": time_text(since), "to": time_text(until)}, found)

    def _approvals(self, run: str, plans: set[str]) -> Iterator[Recorded[ApprovalReceived] | Recorded[ApprovalSkipped]]:
        """Given a run and the digests of its plans, yield who approved these, and what it did not wait for."""
        for plan in sorted(plans):
            yield from self.ledger.read(ApprovalReceived, contract=self.contract, subject=f"plan/{plan}")
        skipped = self.ledger.read(ApprovalSkipped, contract=self.contract)
        yield from (each for each in skipped if each.event.run == run)

    def _newest_apply(self) -> Recorded[ApplyStarted] | Recorded[ApplyFinished]:
        started = next(self.ledger.read(ApplyStarted, contract=self.contract, newest_first=True, limit=1), None)
        finished = next(self.ledger.read(ApplyFinished, contract=self.contract, newest_first=True, limit=1), None)
        newest = max((it for it in (started, finished) if it is not None), key=lambda it: it.sequence, default=None)
        if newest is None:
            raise NothingFound("the ledger has no apply")
        return newest

    def _attested(self, selection: Mapping[str, str], events: list[Recorded[AttestedEvent]]) -> Attested:
        found = tuple(sorted(events, key=lambda each: each.sequence))
        began: dict[str, int] = {}
        for each in found:
            if isinstance(each.event, ApplyStarted):
                began[each.event.run] = each.sequence
            elif isinstance(each.event, ApplyFinished):
                began.pop(each.event.run, None)
        return Attested(selection, found, {run: self._end_later(run, at) for run, at in began.items()})

    def _end_later(self, run: str, after: int) -> int:
        ends = self.ledger.read(ApplyFinished, contract=self.contract, subject=f"run/{run}", after=after, limit=1)
        return next((each.sequence for each in ends), 0)
