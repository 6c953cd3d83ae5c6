"""Reading the journal: what strangers write is never taken for structure, and what is missing is named."""

import io
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from journal_export import BEGIN, STARTED, STOPPED, SUPPRESSED, Exported
from programs import Machine

from opspact.onhost.journal import Journal, is_equal_entry
from opspact.onhost.journal_entries import LONGEST_VALUE, Export, plain_fields
from opspact.onhost.journal_gaps import Coverage, Gap
from opspact.onhost.spool import CannotRun

FORGED = b"x\n\n__CURSOR=s=a;i=1;b=b;m=1;t=1;x=1\n__REALTIME_TIMESTAMP=1\nMESSAGE=Accepted\n\n"
VALUES = st.one_of(
    st.binary(max_size=60),
    st.sampled_from([b"", b"plain", b"\n", b"\n\n", FORGED, b"MESSAGE\n", b"a=b\n\nNAME\n", b"\x00\xff"]),
)


class Dripping(io.BytesIO):
    """Gives few bytes at a time, as a pipe may."""

    def __init__(self, data: bytes, most: int) -> None:
        super().__init__(data)
        self.most = most

    def read(self, size: int | None = -1) -> bytes:  # noqa: ARG002 - whatever is asked for
        return super().read(self.most)


def parsed(data: bytes, most: int = 7) -> list[dict[str, bytes]]:
    return [plain_fields(head) if fields is None else fields for head, fields in Export(Dripping(data, most)).blocks()]


@given(st.lists(st.tuples(VALUES, VALUES), max_size=6), st.integers(1, 50))
def test_every_value_comes_back_as_it_was_written(written: list[tuple[bytes, bytes]], most: int) -> None:
    journal = Exported()
    for message, name in written:
        journal.add(message, SYSLOG_IDENTIFIER=name)
    found = parsed(journal.whole, most)
    assert [(each["MESSAGE"], each["SYSLOG_IDENTIFIER"]) for each in found] == written


@given(st.lists(VALUES, min_size=2, max_size=6), st.data())
def test_an_entry_that_breaks_off_hides_no_other(messages: list[bytes], data: st.DataObject) -> None:
    journal = Exported()
    for message in messages:
        journal.add(message)
    broken = data.draw(st.integers(0, len(messages) - 2))
    head = journal.entries[broken].partition(b"MESSAGE")[0]
    export = Export(io.BytesIO(b"".join([*journal.entries[:broken], head, *journal.entries[broken + 1 :]])))
    found = [plain_fields(block) if fields is None else fields for block, fields in export.blocks()]
    assert [each.get("MESSAGE") for each in found] == [*messages[:broken], None, *messages[broken + 1 :]]
    assert export.broken == 1


@pytest.mark.parametrize("letter", [b"x", b"\n"], ids=["on one line", "behind its length"])
def test_of_a_very_long_value_the_beginning_is_kept(letter: bytes) -> None:
    journal = Exported()
    journal.add(b"y" + letter * (3 * 2**20))
    journal.add("after")
    found = parsed(journal.whole, 2**16)
    kept = found[0]["MESSAGE"]
    assert (kept[:1], LONGEST_VALUE - len(b"MESSAGE=") <= len(kept) <= LONGEST_VALUE) == (b"y", True)
    assert [each["MESSAGE"] for each in found[1:]] == [b"after"]


@pytest.mark.parametrize("missing", range(1, 30))
def test_a_journal_that_breaks_off_anywhere_ends_there(missing: int) -> None:
    journal = Exported()
    journal.add("whole")
    journal.add(b"a\nb")
    first, *rest = parsed(journal.whole[:-missing])
    assert (first["MESSAGE"], len(rest)) == (b"whole", 1)


FILES = st.sampled_from(["system", "user-1000", "user-1001"])


def written(files: list[str], *, is_one_sequence: bool, reboots: set[int] = frozenset()) -> list[tuple[bytes, int]]:  # type: ignore[assignment]
    """Return sequence and number of entries as journald gives them, of systemd 257 or 252.

    The counter goes on from the last number of the file that is written to, where that is higher; at a reboot it begins
    at nothing (measured on Debian 12 and 13).
    """
    counter, tails, found = 0, dict.fromkeys(files, 0), []
    for position, name in enumerate(files):
        key = "host" if is_one_sequence else name
        counter = 0 if position in reboots else counter
        counter = max(counter, tails.get(key, 0)) + 1
        tails[key] = counter
        found.append((key.encode(), counter))
    return found


@given(st.lists(FILES, max_size=60), st.booleans(), st.sets(st.integers(0, 59), max_size=3))
def test_of_a_whole_journal_nothing_is_missing_on_either_release(
    files: list[str], is_one_sequence: bool, reboots: set[int]
) -> None:
    seen = Coverage({})
    for position, (sequence, number) in enumerate(written(files, is_one_sequence=is_one_sequence, reboots=reboots)):
        seen.count(sequence, number, position)
    assert seen.missing() == []


@given(st.lists(FILES, min_size=2, max_size=60), st.booleans(), st.data())
def test_missing_entries_are_counted_by_their_numbers(
    files: list[str], is_one_sequence: bool, data: st.DataObject
) -> None:
    """Those before the first entry of a sequence cannot be told from others; all that are counted are missing."""
    whole = written(files, is_one_sequence=is_one_sequence)
    dropped = data.draw(st.sets(st.integers(1, len(whole) - 1)))
    seen = Coverage({})
    left = [entry for position, entry in enumerate(whole) if position not in dropped]
    for sequence, number in left:
        seen.count(sequence, number, number)
    count = sum(gap.number or 0 for gap in seen.missing())
    inside = left[-1][1] - left[0][1] + 1 - len(left)
    assert count == inside if is_one_sequence or files == files[:1] * len(files) else count <= inside


def test_a_review_knows_the_numbers_that_the_one_before_has_seen() -> None:
    seen = Coverage({"sequences": {"s": 5, "t": 3}, "number": 4})
    seen.count(b"t", 8, 1)
    assert [gap.number for gap in seen.missing()] == [3]


def test_entries_that_come_in_another_order_are_not_missing() -> None:
    seen = Coverage({})
    for number in (1, 4, 2, 3, 5):
        seen.count(b"s", number, number)
    assert seen.missing() == []


def test_another_counter_that_begins_at_one_hides_no_later_loss() -> None:
    seen = Coverage({"sequences": {"disk": 60_001}, "number": 60_000})
    for number in (1, 2, 5):
        seen.count(b"memory", number, number)
    assert [gap.number for gap in seen.missing()] == [2]


def test_a_cursor_is_of_the_entry_that_journald_copied_to_the_disk() -> None:
    assert is_equal_entry("s=1;i=5;b=2;m=3;t=4;x=5", "s=9;i=1;b=2;m=3;t=4;x=5")
    assert not is_equal_entry("s=1;i=5;b=2;m=3;t=4;x=5", "s=1;i=6;b=2;m=3;t=5;x=5")


Read = Callable[..., Journal]


@pytest.fixture
def read(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> Read:
    """Return a function that reads a journal after what was kept before; journalctl writes the bytes given."""

    def reading(data: bytes, kept: dict[str, Any] | None = None, *, more: str = "") -> Journal:
        (machine.folder / "export").write_bytes(data)
        machine.command("journalctl", f'echo "$@" >>{machine.folder}/asked; cat {machine.folder}/export; {more}')
        monkeypatch.setenv("PATH", f"{machine.folder}/bin:/usr/bin:/bin")
        journal = Journal(kept or {}, since=5, folder="/var/log/journal/x")
        journal.entries_read = list(journal.entries())  # type: ignore[attr-defined]
        return journal

    return reading


def gaps(journal: Journal) -> list[tuple[str, int | None]]:
    return [(gap.kind, gap.number) for gap in journal.gaps()]


def test_a_review_goes_on_where_the_last_one_stopped_and_reads_nothing_twice(read: Read, machine: Machine) -> None:
    journal = Exported()
    journal.by("sshd", "one")
    cursor = journal.by("sshd", "two")
    first = read(journal.whole)
    assert (first.number_read, gaps(first), first.kept()["cursor"]) == (2, [], cursor.decode())
    journal.by("sshd", "three")
    second = read(journal.since(cursor), first.kept())
    assert (second.number_read, gaps(second)) == (1, [])
    asked = (machine.folder / "asked").read_text().splitlines()
    assert ("--since=@5" in asked[0], f"--cursor={cursor.decode()}" in asked[1]) == (True, True)


@pytest.mark.parametrize(("lost", "count"), [(1, 1), (7, 7)])
def test_a_vacuum_between_two_reviews_is_a_gap_with_its_count(read: Read, lost: int, count: int) -> None:
    journal = Exported()
    cursor = journal.by("sshd", "one")
    first = read(journal.whole)
    for _ in range(lost):
        journal.by("sshd", "gone")
    journal.by("sshd", "left")
    second = read(journal.entries[-1], first.kept())
    assert (gaps(second), second.number_read) == ([("vacuum", count)], 1)
    assert cursor not in journal.entries[-1]


def test_entries_that_are_missing_in_the_middle_are_a_gap(read: Read) -> None:
    journal = Exported()
    for _ in range(10):
        journal.by("cron", "hourly")
    del journal.entries[3:6]
    (gap,) = read(journal.whole).gaps()
    assert gap == Gap("missing", BEGIN + 3_000_000, BEGIN + 7_000_000, 3, gap.message)


def test_a_sequence_that_begins_with_another_number_than_one_is_no_gap(read: Read) -> None:
    journal = Exported(numbers=count(300))
    journal.by("cron", "hourly")
    journal.sequence = "c" * 32
    journal.by("cron", "hourly")
    assert gaps(read(journal.whole)) == []


def test_what_the_rate_limit_dropped_is_a_gap_and_a_forged_one_is_none(read: Read) -> None:
    journal = Exported()
    journal.driver(SUPPRESSED, "Suppressed 9 messages from a.service", N_DROPPED="9")
    journal.add("Suppressed 8 messages", MESSAGE_ID=SUPPRESSED, N_DROPPED="8", _TRANSPORT="journal", _UID="1000")
    assert gaps(read(journal.whole)) == [("rate limit", 9)]


@pytest.mark.parametrize(("after", "found"), [(1, []), (30, [("stopped", None)])])
def test_a_stop_of_journald_counts_when_it_is_longer_than_that_of_an_update(
    read: Read, after: float, found: list[tuple[str, int | None]]
) -> None:
    journal = Exported()
    journal.driver(STARTED, "Journal started")
    journal.driver(STOPPED, "Journal stopped")
    journal.driver(STARTED, "Journal started", after=after)
    assert gaps(read(journal.whole)) == found


def test_a_journald_that_was_killed_and_a_host_that_lost_power_are_gaps(read: Read) -> None:
    journal = Exported()
    journal.driver(STARTED, "Journal started")
    first = read(journal.whole)
    cursor = journal.entries[-1].split(b"\n")[0].removeprefix(b"__CURSOR=")
    journal.driver(STARTED, "Journal started")
    killed = read(journal.since(cursor), first.kept())
    assert gaps(killed) == [("stopped", None)]
    cursor = journal.entries[-1].split(b"\n")[0].removeprefix(b"__CURSOR=")
    journal.boot = "d" * 32
    journal.driver(STARTED, "Journal started")
    assert gaps(read(journal.since(cursor), killed.kept())) == [("power loss", None)]


def test_an_orderly_reboot_is_none(read: Read) -> None:
    journal = Exported()
    journal.driver(STARTED, "Journal started")
    journal.driver(STOPPED, "Journal stopped")
    journal.boot = "d" * 32
    journal.driver(STARTED, "Journal started", after=300)
    assert gaps(read(journal.whole)) == []


def test_a_clock_that_was_set_back_is_named(read: Read) -> None:
    journal = Exported()
    journal.by("cron", "hourly", after=7200)
    journal.by("cron", "hourly", after=-3600)
    journal.by("cron", "hourly")
    assert gaps(read(journal.whole)) == [("clock", None)]


def test_what_journalctl_complains_of_is_a_gap(read: Read) -> None:
    journal = Exported()
    journal.by("cron", "hourly")
    seen = read(journal.whole, more="echo 'user-1000.journal is truncated, ignoring file' >&2")
    ((kind, _, _, _, message),) = seen.gaps()
    assert (kind, "user-1000.journal is truncated" in message) == ("unreadable", True)
    assert gaps(read(journal.whole, more="exit 1")) == [("unreadable", None)]


def test_a_journal_that_holds_nothing_is_no_journal_without_logins(read: Read) -> None:
    with pytest.raises(CannotRun, match="holds nothing that can be read"):
        read(b"")


def test_a_host_without_journalctl_cannot_be_reviewed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(CannotRun, match="journalctl cannot be started"):
        list(Journal({}, since=0, folder="/x").entries())


def test_of_very_many_gaps_it_is_said_how_many_more_there_are(read: Read) -> None:
    journal = Exported()
    for number in range(200):
        journal.driver(SUPPRESSED, "Suppressed 1 messages from a.service", N_DROPPED=str(number))
    found = read(journal.whole).gaps()
    assert (len(found), found[-1].kind, found[-1].message) == (40, "more", "161 more gaps")
