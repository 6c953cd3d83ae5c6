"""What is missing in a journal: numbers that nothing has, and what journald says of itself.

Comes in: sequences and numbers of entries, entries of journald. Goes out: gaps by name. Part of `log_review`.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from opspact.onhost.journal_entries import Entry

SECOND = 1_000_000  # what journald counts in: microseconds
STOPPED_LONG = 10 * SECOND  # an update of systemd restarts journald in less, and nothing is lost
CLOCK_JUMP = 60 * SECOND
RATE_INTERVAL = 30 * SECOND  # over which journald counts what one unit may write
STARTED = b"f77379a8490b408bbe5f6940505a777b"
STOPPED = b"d93fb3c9c24d451a97cea615ce59c00b"
SUPPRESSED = b"a596d6fe7bfa4994828e72309e95d61e"
MISSED = b"e9bf28e6e834481bb6f48f548ad13606"
SHUTDOWN = (
    b"98268866d1d54a499c4e98921d93bc40"  # of logind: where /var is a mount of its own, journald's end is not kept
)
MOST_OPEN = 64  # holes that a late entry may belong to


class Gap(NamedTuple):
    """Something that the journal does not say: why, between which times (microseconds), how many entries if known."""

    kind: str
    since: int
    until: int
    number: int | None
    message: str


def entries_text(count: int, one: str = "", more: str = "") -> str:
    """Return a count of entries in words, with the verb for one or for more."""
    return f"{count} {f'entry {one}' if count == 1 else f'entries {more}'}".rstrip()


class Coverage:
    """Counts entries, and notes what is missing between them.

    journald has one counter and gives each entry the number after it, or that after the last one of the file where the
    entry goes, whichever is higher. systemd 257 calls all files of a host one sequence; in 252 each account's file is a
    sequence of its own, and the numbers that are missing in one are in the others.
    """

    def __init__(self, kept: dict[str, Any]) -> None:
        self.next = {str(name).encode(): int(number) for name, number in kept.get("sequences", {}).items()}
        self.number = int(kept.get("number", 0))  # where journald's counter is
        self.holes: list[list[int]] = []  # the first number, the last, since when, until when, how many
        self.gaps: list[Gap] = []
        self.at = int(kept.get("at", 0))
        self.boot = str(kept.get("boot", "")).encode()
        self.is_running = kept.get("is_running")  # journald, as far as it said so itself; None: it did not yet
        self.stopped_at = int(kept.get("stopped_at", 0))

    def add_gap(self, kind: str, since: int, *, until: int, count: int | None = None, message: str) -> None:
        """Note a gap; beyond so many of them, only that there are more."""
        self.gaps.append(Gap(kind, since, until, count, message))

    def count(self, sequence: bytes, number: int, at: int) -> None:
        """Take the number of an entry. Nothing can be said of the first one of a sequence that was not seen before."""
        expected = max(self.next.get(sequence, number), self.number + 1)
        is_new = sequence not in self.next
        if number > expected:
            self.holes.append([expected, number - 1, self.at, at, number - expected])
        elif number <= self.number and not is_new:
            self._fill(number)
        self.number = number if is_new else max(self.number, number)
        self.next[sequence] = max(number + 1, self.next.get(sequence, 0))

    def _fill(self, number: int) -> None:
        """Take an entry that comes after others with higher numbers: files are read in the order of their times."""
        for hole in reversed(self.holes[-MOST_OPEN:]):
            if hole[0] <= number <= hole[1]:
                hole[4] -= 1
                return

    def missing(self) -> list[Gap]:
        """Return the numbers that no entry has, as gaps."""
        found = []
        for _, _, since, until, count in self.holes:
            if count > 0:
                text = f"{entries_text(count, 'is', 'are')} missing: they were deleted, or cannot be read"
                found.append(Gap("missing", since, until, count, text))
        return found

    def read_message(self, entry: Entry) -> None:
        """Take what journald itself says: that it started, stopped, or lost something."""
        identity = entry.fields.get("MESSAGE_ID", b"")
        if identity in {STOPPED, SHUTDOWN}:
            self.is_running, self.stopped_at = False, entry.at
        elif identity == STARTED:
            self._started(entry.at)
        elif identity == SUPPRESSED:
            dropped = entry.text("N_DROPPED")
            count = int(dropped) if dropped.isdigit() else None
            text = f"journald dropped entries above its rate limit: {entry.text('MESSAGE')[:200]}"
            self.add_gap("rate limit", entry.at - RATE_INTERVAL, until=entry.at, count=count, message=text)
        elif identity == MISSED:
            text = f"journald could not keep up with the kernel: {entry.text('MESSAGE')[:200]}"
            self.add_gap("missed", entry.at, until=entry.at, message=text)

    def _started(self, at: int) -> None:
        if self.is_running:
            self.add_gap("stopped", self.at, until=at, message="journald was killed or died, and was started again")
        elif self.stopped_at and at - self.stopped_at >= STOPPED_LONG:
            text = f"journald was stopped for {(at - self.stopped_at) // SECOND} s"
            self.add_gap("stopped", self.stopped_at, until=at, message=text)
        self.is_running = True

    def advance(self, at: int, boot: bytes) -> None:
        """Take the time and the boot of an entry."""
        if boot != self.boot:
            if self.boot and self.is_running:
                text = "the host went down without stopping journald: what was not on the disk yet is gone"
                self.add_gap("power loss", self.at, until=at, message=text)
            self.is_running, self.stopped_at = (None if self.is_running is None else False), 0
        elif at < self.at - CLOCK_JUMP:
            text = f"the clock was set back by {(self.at - at) // SECOND} s: times after it are later"
            self.add_gap("clock", at, until=self.at, message=text)
        self.at, self.boot = at, boot
