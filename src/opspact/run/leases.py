"""Who may write: a run's attempt, and its token of each host, taken in the ledger, renewed, and lost to a later one.

In: hosts on which the run has the lock. Out: tokens; and events, recorded only while nothing was lost.

A token is a number that counts up per host. It is taken once the host's lock is held, so that two living runs never
take it from each other; whoever lost its lock (a connection that was cut, a machine that stood still) is fenced out by
the next one's token, in the ledger and on the host (`fleet.fence`).
"""

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta

from opspact.errors import AlreadyRecorded, Busy, LeaseLost, OpspactError
from opspact.fleet import signals
from opspact.ledger.context import Context
from opspact.ledger.event_type import EventType
from opspact.ledger.events import Fence
from opspact.ledger.run_events import LeaseReleased, LeaseTaken, RunRenewed
from opspact.ledger.store import Ledger
from opspact.structs import replace

TERM = timedelta(seconds=90)
"""How long a run counts as alive after it was last heard of. It is renewed three times within that."""

_TRIES = 5


class Leases:
    """What one attempt of a run holds, and the only way by which it records anything.

    `context` gives who records, when and for what. Safe for several threads.
    """

    def __init__(
        self, ledger: Ledger, context: Callable[[], Context], *, run: str, attempt: int, term: timedelta = TERM
    ) -> None:
        self.run = run
        self.attempt = attempt
        self.term = term
        self.context = context
        self.ledger = ledger
        self._started = False
        self._seen: dict[str, int] = {}
        self._tokens: dict[str, int] = {}
        self._lost: dict[str, str] = {}
        self._gone = False
        self._after = 0  # leases up to that event fit what is seen and held
        self._guard = threading.RLock()

    @property
    def is_started(self) -> bool:
        """Whether the attempt has begun: before that, it holds nothing."""
        return self._started

    @property
    def tokens(self) -> Mapping[str, int]:
        """The token of each host that is held."""
        with self._guard:
            return dict(self._tokens)

    @property
    def lost(self) -> Mapping[str, str]:
        """The hosts, held or observed, whose lease another run took: each with that run (empty: nobody known)."""
        with self._guard:
            return dict(self._lost)

    @property
    def is_lost(self) -> bool:
        """Whether nothing is left of what was held: the run was taken over, or every host was."""
        with self._guard:
            return self._gone or bool(self._lost and not (self._tokens or self._seen))

    def until(self) -> datetime:
        """Return until when the run counts as alive if it is heard of now."""
        return self.context().at + self.term

    def observe(self, hosts: Iterable[str]) -> Mapping[str, str]:
        """Given hosts whose locks are about to be taken, notice from now on when another run takes the lease of one.

        Nothing can be recorded about such a host then. Return the run that had each host's lease last, where one had.
        """
        chosen = list(hosts)
        with self._guard:
            if not (self._seen or self._tokens):
                self._after = self.ledger.head().sequence
            newest = self._newest(chosen)
            self._seen |= {host: newest[host].token if host in newest else 0 for host in chosen}
        return {host: lease.run for host, lease in newest.items()}

    def start(self, events: Iterable[EventType]) -> None:
        """Given the first events of the attempt, record them as `record_border` does.

        Raise AlreadyRecorded when another process has begun the same attempt.
        """
        self.record_border(events)
        self._started = True

    def record(self, events: Iterable[EventType], *, plan_digest: str = "", commit: str | None = None) -> None:
        """Given events, record all of them or none, whatever signal comes meanwhile. No events: nothing is done.

        `commit`: what they are about; None: the run's own.

        Raise LeaseLost when something that is held was taken by another run; that host is not held any more then, so
        that what concerns the others can be recorded after that. Raise AlreadyRecorded when one has a key that was
        recorded before. Before the attempt has begun, what is observed counts alone.
        """
        given = list(events)
        if not given:
            return
        with signals.hold(), self._guard:
            if self.is_lost:
                raise LeaseLost(f"run {self.run} has lost all its leases", self._lost, hint=_HINT)
            context = replace(self.context(), plan_digest=plan_digest)
            context = context if commit is None else replace(context, commit=commit)
            expected = {**self._seen, **self._tokens}
            fence = Fence(self.run if self._started else "", self.attempt, expected, self._after)
            try:
                recording = self.ledger.record_all(given, context=context, fence=fence)
            except LeaseLost as lost:
                self._drop(lost)
                raise
            self._after = max([self._after, *(each.sequence for each in recording.recorded[-1:])])

    def record_border(self, events: Iterable[EventType]) -> None:
        """Given events about the run as a whole, record them as `record` does, although hosts were lost.

        Raise LeaseLost when nothing is left of what was held.
        """
        given = list(events)
        while True:
            try:
                return self.record(given)
            except LeaseLost:
                if self.is_lost:
                    raise

    def take(self, seen: Mapping[str, int]) -> Mapping[str, int]:
        """Given hosts whose locks are held, each with the newest token seen there (0: none), take their leases.

        Return their tokens, each higher than any before it. All are taken at once. One that another run has taken since
        it was observed is not among them. Raise Busy when others are faster again and again, LeaseLost when nothing is
        left of what was held.
        """
        for _ in range(_TRIES):
            with suppress(AlreadyRecorded), self._guard:
                return self._take(seen)
        raise Busy("other runs take the leases of the same hosts", hint="try again when they have finished")

    def _take(self, seen: Mapping[str, int]) -> Mapping[str, int]:
        known = {**self._known(host for host in seen if host not in self._seen), **self._seen}
        tokens = {host: max(token, known.get(host, 0)) + 1 for host, token in seen.items() if host not in self._lost}
        until = self.until()
        try:
            self.record(LeaseTaken(host, token, self.run, until) for host, token in tokens.items())
        except LeaseLost:
            if self.is_lost:
                raise
            return self._take(seen)
        for host in tokens:
            self._seen.pop(host, None)
        self._tokens |= tokens
        return tokens

    def _known(self, hosts: Iterable[str]) -> Mapping[str, int]:
        return {host: lease.token for host, lease in self._newest(hosts).items()}

    def _newest(self, hosts: Iterable[str]) -> Mapping[str, LeaseTaken]:
        contract = self.context().contract
        newest = self.ledger.newest_of(LeaseTaken, (f"host/{host}" for host in hosts), contract=contract)
        return {lease.event.host: lease.event for lease in newest.values()}

    def release(self, hosts: Iterable[str]) -> None:
        """Given hosts, give back the leases that are held of them."""
        with self._guard:
            mine = {host: self._tokens[host] for host in hosts if host in self._tokens}
            self.record(LeaseReleased(host, token, self.run) for host, token in mine.items())
            for host in mine:
                self._tokens.pop(host, None)

    def _drop(self, error: LeaseLost) -> None:
        self._gone = self._gone or not error.hosts
        for host, by in error.hosts.items():
            if {self._tokens.pop(host, None), self._seen.pop(host, None)} != {None}:
                self._lost[host] = by

    @contextmanager
    def renewed(self) -> Iterator[None]:
        """Within it what is held is renewed, by a thread of its own; a ledger that is away is asked again."""
        stop = threading.Event()
        thread = threading.Thread(target=self._renew, args=(stop,), name="leases", daemon=True)
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join()

    def _renew(self, stop: threading.Event) -> None:
        number = 0
        while not stop.wait(self.term.total_seconds() / 3) and not self.is_lost:
            number += 1
            with suppress(OpspactError):  # what is lost is known now, and whatever else is wrong meets the next record
                self.record([RunRenewed(self.run, self.until(), number, self.attempt)])


_HINT = "nothing was recorded; check what the other run did, then start again"
