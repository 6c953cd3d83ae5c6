"""What the ledger records of earlier applies: the commit at which each host converged, the hosts that opspact manages.

In: a ledger, a compiled contract. Out: commits, hosts.
"""

from collections.abc import Callable, Collection, Iterable, Sequence

from opspact.errors import NothingFound
from opspact.ledger.apply_events import ApplyFinished, ApplyStarted
from opspact.ledger.store import Ledger
from opspact.workspace.workspace import Compiled

ManifestQuery = Callable[[Sequence[str]], Collection[str]]
"""Given hosts, return those on which a manifest of ours is, and report which could not be asked."""


def converged_commits(ledger: Ledger, contract: str, hosts: Iterable[str], *, without: str = "") -> dict[str, str]:
    """Given a contract's name and hosts, return for each the commit at which it last converged, as it was recorded.

    A host that never converged is not in it. `without`: a run that does not count.
    """
    asked = set(hosts)
    converged: dict[str, str] = {}
    for each in ledger.read(ApplyFinished, contract=contract, newest_first=True):
        if asked <= converged.keys():
            break
        if without and each.event.run == without:
            continue
        for name in (asked & each.event.hosts.keys()) - converged.keys():
            if each.event.hosts[name].is_converged:
                converged[name] = each.commit
    return converged


def hosts_to_check(
    head: Compiled, ledger: Ledger | None, limit: str | None, *, with_manifest: ManifestQuery
) -> tuple[str, ...]:
    """Given a compiled contract, return the chosen hosts that have steps or still carry some, in inventory order.

    Of hosts without steps the ledger says; those that it does not know (a fresh clone, a CI runner) are asked through
    `with_manifest`. Raise Refused when the limit is no pattern for this inventory, NothingFound when no host is left.
    """
    chosen = head.chosen(limit)
    without = {name for name in chosen if not head.work[name].make}
    carrying, known = _carrying(ledger, head.contract.name, without) if ledger and without else (set(), set())
    if unknown := [name for name in chosen if name in without - known]:
        carrying |= set(with_manifest(unknown))
    found = tuple(name for name in chosen if name not in without or name in carrying)
    if not found:
        raise NothingFound("no policy applies to the chosen hosts", hint="check `hosts` in the policies, and --limit")
    return found


def _carrying(ledger: Ledger, contract: str, names: set[str]) -> tuple[set[str], set[str]]:
    """Return those of the names on which the newest apply that concerned them left something of ours, and all known.

    An apply that was begun and never finished (killed, power lost) may have left something wherever it was to act.
    """
    decided = _decided(ledger, contract, names)
    known = set(decided)
    carrying = {name for name, (_, carries) in decided.items() if carries}
    oldest = min((sequence for sequence, _ in decided.values()), default=0) if names <= decided.keys() else 0
    for each in ledger.read(ApplyStarted, contract=contract, after=oldest):
        begun = names & each.event.hosts.keys()
        known |= begun
        carrying |= {name for name in begun if each.sequence > decided.get(name, (0, False))[0]}
    return carrying, known


def _decided(ledger: Ledger, contract: str, names: set[str]) -> dict[str, tuple[int, bool]]:
    """Return, for each name that an apply has decided, that event's number and whether something of ours was left."""
    decided: dict[str, tuple[int, bool]] = {}
    for each in ledger.read(ApplyFinished, contract=contract, newest_first=True):
        if names <= decided.keys():
            break
        hosts, left = each.event.hosts, set(each.event.carrying)
        for name in (names & hosts.keys()) - decided.keys():
            # A host that could not be converged then may still carry what it carried before: an older event decides.
            if name in left or hosts[name].is_complete:
                decided[name] = (each.sequence, name in left)
    return decided
