"""Waiting for other applies: until the contract's folder, the run, or the hosts that they have locked are free.

In: work that raises Busy; how long it may be tried again. Out: what it gives; or Busy, naming who is at work. No host
is locked while this waits, so that no two applies wait for each other. Why: docs/decisions/0056-waiting-for-locks.md.
"""

import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager
from functools import partial
from secrets import randbelow
from typing import TypeVar

from opspact.errors import Busy
from opspact.fleet.failures import HostLost, is_own_lock
from opspact.fleet.lock import holder
from opspact.fleet.sessions import Sessions
from opspact.steps.check import Reach, Results
from opspact.text.durations import format_duration, format_hours
from opspact.text.names import list_names
from opspact.workspace.workspace import now

Result = TypeVar("Result")
Reached = Callable[[Iterable[str]], AbstractContextManager[Sessions]]
"""Given hosts, opens sessions to them."""

_SHOWN = 3  # hosts named of those with one holder
_FIRST_PAUSE, _GROWTH, _LONGEST_PAUSE = 1.0, 1.5, 10.0  # seconds


HINT = "try again when it has finished; `opspact apply --wait 10m` waits for it"


class HostsBusy(Busy):
    """Other applies have locked hosts; nothing was done. `hosts` names those; `is_all`: no other host was chosen."""

    def __init__(self, hosts: Mapping[str, str], *, is_all: bool) -> None:
        """Given why each of them is busy, say who is at work."""
        holders: dict[str, list[str]] = {}
        for name, by in hosts.items():
            holders.setdefault(by, []).append(name)
        who = "; ".join(f"{list_names(names, _SHOWN)}: {by}" for by, names in holders.items())
        what = "every chosen host" if is_all else "hosts that this one needs"
        super().__init__(f"another apply has locked {what}: {who}", hint=HINT)
        self.hosts = tuple(hosts)
        self.is_all = is_all


class Patience:
    """For how long, all in all, other applies are waited for; from the first that is met. 0 seconds: not at all.

    `report` is given who is waited for, once.
    """

    def __init__(self, seconds: float = 0.0, report: Callable[[str], None] = lambda _: None) -> None:
        self._seconds = seconds
        self._report = report
        self._since: float | None = None
        self._pause = _FIRST_PAUSE
        self._reported: set[str] = set()

    @property
    def waits(self) -> bool:
        """Whether other applies are waited for."""
        return self._seconds > 0

    def wait_for(self, work: Callable[[], Result]) -> Result:
        """Given work that raises Busy before it has done anything, try it until it does not; return what it gives.

        Raise Busy when the time is over.
        """
        while True:
            try:
                return work()
            except Busy as busy:
                self.wait(busy)

    def wait(self, busy: Busy) -> None:
        """Given who is at work, wait for a while, each time for longer. Raise Busy when the time is over."""
        if not self.waits:
            raise busy
        if self._since is None:
            self._since = time.monotonic()
        left = self._since + self._seconds - time.monotonic()
        if left <= 0:
            waited = format_hours(self._seconds)
            raise Busy(
                f"{busy.args[0]} (waited {waited}; nothing was done)", hint="try again when it has finished"
            ) from busy
        who = str(busy.args[0])
        if who not in self._reported:
            self._reported.add(who)
            self._report(f"waiting for at most {format_duration(left)}: {who}")
        spread = 0.75 + randbelow(500) / 1000  # two that wait for one do not come at the same time
        time.sleep(min(left, self._pause * spread))
        self._pause = min(self._pause * _GROWTH, _LONGEST_PAUSE)


NO_PATIENCE = Patience()
"""Does not wait."""


def refuse_busy(results: Results, *, waits: bool, chosen: bool = True) -> None:
    """Given what was seen of hosts, raise HostsBusy when other applies have locked all of them: there is nothing to do.

    `waits`: when they have locked any of them. `chosen`: these are the hosts that were chosen, else others depend on
    them.
    """
    busy = {name: it.detail for name, it in results.items() if it.reach is Reach.BUSY}
    others = {name: by for name, by in busy.items() if not is_own_lock(by)}
    is_all = chosen and bool(busy) and len(busy) == len(results)
    if is_all or (waits and others):
        raise HostsBusy(others or busy, is_all=is_all)


def work_when_ready(
    names: Iterable[str], reach: Reached, work: Callable[[Sessions], Result], *, patience: Patience
) -> Result:
    """Given hosts, do the work over sessions to them; return what it gives.

    While it raises HostsBusy, those hosts are waited for, and it is done over new sessions: hosts are checked again.
    """
    own = holder(now())
    while True:
        try:
            with reach(names) as sessions:
                return work(sessions)
        except HostsBusy as busy:
            patience.wait(busy)
            patience.wait_for(partial(_try_to_lock, busy, reach, own))


def _try_to_lock(before: HostsBusy, reach: Reached, own: str) -> None:
    """Raise HostsBusy unless the locks of the hosts that were busy can be taken; they are given back at once."""
    with reach(before.hosts) as sessions:
        found = sessions.each(lambda session: session.lock(own))
    lost = {name: it for name, it in found.items() if isinstance(it, HostLost)}
    busy = {name: it.detail for name, it in lost.items() if it.reach is Reach.BUSY and not is_own_lock(it.detail)}
    if busy:
        raise HostsBusy(busy, is_all=before.is_all and len(busy) == len(found))
