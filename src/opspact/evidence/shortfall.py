"""What did not succeed in what was applied and verified, and what nobody knows of it.

In: events. Out: shortfalls, and the one word for all of them, which is never better than the worst.
"""

from collections.abc import Iterable, Iterator
from typing import assert_never

from opspact.evidence.attested_events import Attested, AttestedEvent
from opspact.ledger.apply_events import ApplyFinished, ApplyStarted, HostChecked, HostOutcome, VerifyFinished
from opspact.ledger.approval_events import ApprovalReceived, ApprovalSkipped
from opspact.ledger.run_events import RunFinished, RunOutcome
from opspact.steps.check import Reach, State
from opspact.structs import Struct


class Shortfall(Struct):
    """Something that did not succeed, or (`is_known` false) of which nobody knows: in an event, on a host if any."""

    event: int
    host: str
    what: str
    is_known: bool = True


def result_of(found: Iterable[Shortfall]) -> str:
    """Given what did not succeed and what nobody knows, return `passed`, `failed` or `unknown`."""
    known = {each.is_known for each in found}
    return "failed" if True in known else "unknown" if known else "passed"


def shortfalls(attested: Attested) -> Iterator[Shortfall]:
    """Yield what did not succeed, and what nobody knows, in the order of the events."""
    is_verified = False
    started: dict[str, int] = {}
    for each in attested.events:
        match each.event:
            case HostChecked(planned=planned):
                is_verified |= planned > 0
            case ApplyStarted(run=run):
                started[run] = each.sequence
        yield from _of_event(each.event, each.sequence)
    for run, end in attested.unfinished.items():
        what = f"run {run} ended after the period, in event {end}" if end else f"run {run} did not finish"
        yield Shortfall(started[run], "", what, is_known=not end)
    if not is_verified:
        yield Shortfall(0, "", "no host was verified", is_known=False)


def _of_event(event: AttestedEvent, number: int) -> Iterator[Shortfall]:
    match event:
        case ApplyFinished():
            yield from _of_apply(event, number)
        case HostChecked():
            yield from _of_check(event, number)
        case RunFinished():
            if event.outcome is not RunOutcome.DONE:
                yield Shortfall(number, "", f"run {event.run} {event.outcome.value}: {event.detail}")
        case VerifyFinished():
            yield from (Shortfall(number, host, "verify: unknown", is_known=False) for host in event.unknown)
            yield from (Shortfall(number, host, "verify: failed") for host in event.failed)
        case ApplyStarted() | ApprovalReceived() | ApprovalSkipped():
            pass
        case _:
            assert_never(event)


def _of_apply(event: ApplyFinished, number: int) -> Iterator[Shortfall]:
    for host, outcome in event.hosts.items():
        if not outcome.is_converged:
            yield Shortfall(number, host, _why(outcome))
    if not event.is_converged:
        signal = f", ended by signal {event.signal}" if event.signal else ""
        yield Shortfall(number, "", f"the apply did not converge{signal}")


def _why(outcome: HostOutcome) -> str:
    said = outcome.why or f"{outcome.ok} of {outcome.planned} steps ok"
    return said if outcome.reach is Reach.REACHED else f"{outcome.reach.value}: {said}"


def _of_check(event: HostChecked, number: int) -> Iterator[Shortfall]:
    if event.reach is not Reach.REACHED:
        yield Shortfall(number, event.host, f"{event.reach.value}: {event.detail}", is_known=False)
    for step, state in event.not_ok.items():
        yield Shortfall(number, event.host, f"{step}: {state}", is_known=not state.startswith(State.UNKNOWN.value))
    if event.manifest:
        yield Shortfall(number, event.host, f"manifest {event.manifest}")
