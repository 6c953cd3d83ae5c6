"""Taking hosts for a run: the lease in the ledger, the fence on the host, both under the host's lock.

In: sessions that have their hosts' locks. Out: hosts on which this run alone writes, and why others are not among them.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import TypeVar

from opspact.fleet import fence
from opspact.fleet.failures import HostLost, ReadFailed, WriteFailed
from opspact.fleet.fence import Hold
from opspact.fleet.session import Session
from opspact.fleet.sessions import Sessions
from opspact.model.inventory.host import Host
from opspact.run.leases import Leases
from opspact.steps.check import Reach

Result = TypeVar("Result")


def attempt_of(leases: Leases) -> str:
    """Given what a run holds, return the name of its attempt on hosts."""
    return f"{leases.run}.{leases.attempt}"


def take(
    leases: Leases,
    sessions: Sequence[Sessions],
    hosts: Iterable[Host],
    *,
    python: str,
    former: Mapping[str, Sequence[int]] = MappingProxyType({}),
) -> dict[str, str]:
    """Given the sessions that have the hosts' locks, take the hosts; return for each that could not be taken why.

    `python` is the interpreter of hosts that name none. `former`: the tokens by which this attempt held each before.
    Raise LeaseLost when another run has taken all of them.
    """
    chosen = {host.name: host for host in hosts}
    found = _each(sessions, fence.newest_token, chosen)
    tokens = leases.take({name: token for name, token in found.items() if isinstance(token, int)})

    def enter(session: Session) -> None:
        own = fence.host_interpreter(chosen[session.name].variables, python)
        fence.take(session, Hold(tokens[session.name], attempt_of(leases), own, tuple(former.get(session.name, ()))))

    entered = _each(sessions, enter, tokens)
    why = {name: it for name, it in {**found, **entered}.items() if isinstance(it, str)}
    return {**{name: lost_to(by) for name, by in leases.lost.items() if name in chosen}, **why}


def lost_to(run: str) -> str:
    """Given the run that has taken a host (empty: unknown), return why nothing more is done there."""
    return f"another run has taken this host{f': {run}' if run else ''}"


def taken(leases: Leases, sessions: Iterable[Sessions]) -> dict[str, str]:
    """Given what a run holds, and its sessions, return the hosts on which it found another run's token, with that run.

    The ledger knows those of the same contract; only the host knows those of another one.
    """
    held = leases.tokens
    return {
        name: it.attempt.rpartition(".")[0]
        for over in sessions
        for name, it in over.lost.items()
        if it.reach is Reach.BUSY and name in held
    }


def _each(
    sessions: Sequence[Sessions], work: Callable[[Session], Result], names: Mapping[str, object]
) -> dict[str, Result | str]:
    """Do the work on each named host; return what it gave, or why it failed there."""

    def tried(session: Session) -> Result | str:
        try:
            return work(session)
        except (ReadFailed, WriteFailed, ValueError) as error:
            return str(error)

    results: dict[str, Result | str] = {}
    for over in sessions:
        found = over.each(tried, [name for name in over.names if name in names])
        results |= {name: it.detail if isinstance(it, HostLost) else it for name, it in found.items()}
    return results
