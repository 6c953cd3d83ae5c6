"""Bad days: each is named, says what to do, and leaves the ledger whole."""

import os
import random
import resource
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from ledgers import append
from sqlalchemy import create_engine, text

from opspact.errors import ExitCode, LedgerBusy, LedgerInvalid, LedgerUnavailable, OpspactError
from opspact.ledger.anchor import folder_locked
from opspact.ledger.chain import expected
from opspact.ledger.event import Entry, Head, SealedEvent
from opspact.ledger.store import open_ledger
from opspact.ledger.verify import verify

pytestmark = pytest.mark.slow

Fill = Callable[..., list[SealedEvent]]
Start = Callable[..., "subprocess.Popen[str]"]

# Appends until an error comes, and says which, with its hint; then every event whose append returned must be there.
UNTIL_IT_FAILS = """
import sys
from datetime import UTC, datetime
from opspact.errors import OpspactError
from opspact.ledger.apply_events import HostRetired
from opspact.ledger.context import Context
from opspact.ledger.store import open_ledger
context = Context(at=datetime(2026, 11, 23, tzinfo=UTC), actor="a", contract="c")
try:
    with open_ledger(sys.argv[1]) as ledger:
        for _ in range(1000):
            print(ledger.record(HostRetired("old1", "x" * 3000), context=context).head, flush=True)
except OpspactError as error:
    print(type(error).__name__, int(error.exit_code), error, bool(error.hint), sep=" | ")
"""


def test_a_process_killed_at_any_moment_leaves_a_ledger_that_holds(target: str, start_appender: Start) -> None:
    chance = random.Random(7)
    known = Head(0, "0" * 64)
    for attempt in range(6):
        process = start_appender(target, f"attempt-{attempt}", 10_000)
        assert process.stdout
        for _ in range(chance.randint(1, 60)):
            known = Head.parse(process.stdout.readline().strip())
        process.kill()
        rest = process.communicate()[0].splitlines()
        known = Head.parse(rest[-1]) if rest and len(rest[-1]) >= 66 and rest[-1][-65] == ":" else known
        with open_ledger(target) as ledger:
            assert verify(ledger, heads=expected(known)).count >= known.sequence


def test_a_process_killed_between_its_commit_and_its_anchor_heals(
    file: Path, fill: Fill, start_appender: Start
) -> None:
    behind = fill(file, 3)[-1].head
    process = start_appender(file, "killed", 5)
    process.communicate(timeout=60)
    file.with_suffix(".head").write_text(f"{behind}\n")
    file.with_name(".ledger.head.new").write_text("8:half a li")  # what a crash in the middle of writing leaves

    with open_ledger(file) as ledger:
        assert verify(ledger).count == 8
    fill(file, 1)
    with open_ledger(file) as ledger:
        assert verify(ledger).count == 9
    assert not file.with_name(".ledger.head.new").exists()


def test_a_crash_while_the_ledger_was_made_leaves_a_file_that_the_next_run_makes_whole(file: Path, fill: Fill) -> None:
    file.touch()
    file.with_suffix(".head").write_text(f"0:{'0' * 64}\n")

    assert len(fill(file, 2)) == 2


def test_a_full_disk_is_said_so_and_nothing_half_written_is_taken_for_done(tmp_path: Path) -> None:
    mount = 'mount -t tmpfs -o size=300k none "$1" && "$2" -c "$3" "$1/ledger.sqlite"; cp -r "$1/." "$4"'
    namespace = ["unshare", "--mount"] if os.geteuid() == 0 else ["unshare", "--user", "--map-root-user", "--mount"]
    (tmp_path / "small").mkdir()
    (tmp_path / "after").mkdir()
    arguments = [tmp_path / "small", sys.executable, UNTIL_IT_FAILS, tmp_path / "after"]

    done = subprocess.run(
        [*namespace, "sh", "-c", mount, "sh", *map(str, arguments)], capture_output=True, text=True, check=False
    )

    *appended, said = done.stdout.splitlines()
    assert done.stderr == ""
    assert said.startswith("LedgerUnavailable | 3 | ")
    assert "full" in said or "No space left" in said
    assert said.endswith(" | True")
    with open_ledger(tmp_path / "after" / "ledger.sqlite") as ledger:
        assert verify(ledger, heads=expected(Head.parse(appended[-1]))).count >= len(appended)


def test_a_disk_that_fails_is_said_so(file: Path) -> None:
    def limit_files() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))

    command = [sys.executable, "-c", UNTIL_IT_FAILS, str(file)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, preexec_fn=limit_files)

    *appended, said = done.stdout.splitlines()
    assert done.stderr == ""
    assert said.startswith("LedgerUnavailable | 3 | ")
    with open_ledger(file) as ledger:
        assert verify(ledger, heads=expected(Head.parse(appended[-1]))).count == len(appended)


def test_a_ledger_that_somebody_keeps_locked_is_busy(file: Path, fill: Fill, make_entry: Callable[..., Entry]) -> None:
    fill(file, 2)
    with closing(sqlite3.connect(file, isolation_level=None)) as other, open_ledger(file, wait=0.1) as ledger:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(LedgerBusy, match="it is locked by another process") as caught:
            append(ledger, make_entry())
        other.execute("ROLLBACK")
        assert append(ledger, make_entry()).sequence == 3

    assert caught.value.exit_code == ExitCode.OPERATION_FAILED
    assert caught.value.hint == "try again when the other process has finished"


def test_a_postgresql_ledger_that_somebody_keeps_locked_is_busy(
    postgresql: str, fill: Fill, make_entry: Callable[..., Entry]
) -> None:
    fill(postgresql, 2)
    engine = create_engine(postgresql.replace("postgresql:", "postgresql+psycopg:"))
    with engine.connect() as other, open_ledger(postgresql, wait=0.1) as ledger:
        other.execute(text("LOCK TABLE opspact_events IN EXCLUSIVE MODE"))
        with pytest.raises(LedgerBusy, match="it is locked by another process"):
            append(ledger, make_entry())
        other.rollback()
        with open_ledger(postgresql, wait=30) as patient:
            assert append(patient, make_entry()).sequence == 3
    engine.dispose()


def test_a_file_that_is_no_database_is_left_alone(file: Path) -> None:
    file.write_text("kind: contract\n" * 100)

    with pytest.raises(LedgerInvalid, match="it is not an SQLite database"):
        open_ledger(file)

    assert file.read_text() == "kind: contract\n" * 100
    assert [file] == list(file.parent.iterdir())


def test_a_ledger_that_became_no_database_is_evidence_and_not_to_be_removed(file: Path, fill: Fill) -> None:
    fill(file, 2)
    file.write_bytes(b"\0spoilt\0" * 100)

    with pytest.raises(
        LedgerInvalid, match=r"no longer an SQLite database, and the anchor file .* refers to event 2"
    ) as caught:
        open_ledger(file)

    assert "keep both files as evidence" in caught.value.hint
    assert file.read_bytes() == b"\0spoilt\0" * 100


def test_a_database_of_something_else_is_left_alone(file: Path) -> None:
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("CREATE TABLE bookmarks (url)")
        connection.commit()
    before = file.read_bytes()

    with pytest.raises(LedgerInvalid, match="bookmarks") as refused:
        open_ledger(file)
    assert "--ledger" in refused.value.hint

    assert before == file.read_bytes()


def test_a_folder_in_the_ledgers_place_is_said_so(file: Path) -> None:
    file.mkdir()

    with pytest.raises(LedgerUnavailable, match="Is a directory"):
        open_ledger(file)


def test_half_a_ledger_is_refused(file: Path, fill: Fill) -> None:
    fill(file, 1)
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("DROP TABLE opspact_events")
        connection.commit()

    with pytest.raises(LedgerInvalid, match="a table is missing"):
        open_ledger(file)


def test_a_damaged_file_is_said_so(file: Path, fill: Fill) -> None:
    fill(file, 60)
    raw = bytearray(file.read_bytes())
    for page in range(2, len(raw) // 4096):
        raw[page * 4096 : page * 4096 + 64] = b"\xff" * 64
    file.write_bytes(raw)

    with open_ledger(file) as ledger, pytest.raises(LedgerInvalid, match="the file is damaged") as caught:
        list(ledger.sealed())

    assert caught.value.hint


def test_any_block_of_noise_in_the_file_gives_an_error_of_ours_or_a_ledger_that_holds(file: Path, fill: Fill) -> None:
    fill(file, 60)
    whole = file.read_bytes()
    chance = random.Random(11)
    noticed = 0
    for _ in range(60):
        raw = bytearray(whole)
        start = chance.randrange(len(raw))
        raw[start : start + 40] = chance.randbytes(len(raw[start : start + 40]))
        file.write_bytes(raw)
        for left in (f"{file}-wal", f"{file}-shm"):
            Path(left).unlink(missing_ok=True)
        try:
            with open_ledger(file) as ledger:
                assert verify(ledger).count == 60  # the noise fell on unused space
        except OpspactError:
            noticed += 1

    assert noticed > 20


def test_a_server_that_is_away_is_said_so_without_the_password(tmp_path: Path) -> None:
    with pytest.raises(LedgerUnavailable, match="the connection failed") as caught:
        open_ledger(f"postgresql://auditor:s3cret@/ledger?host={tmp_path}")

    assert "s3cret" not in str(caught.value)
    assert caught.value.hint == "check the URL, and that the server runs and can be reached"


def test_a_database_that_does_not_exist_is_said_so(postgresql_server: str) -> None:
    with pytest.raises(LedgerUnavailable, match=r'connection failed .*"nowhere" does not exist'):
        open_ledger(f"postgresql://auditor@/nowhere?host={postgresql_server}")


def test_an_event_whose_anchor_cannot_be_written_is_recorded_and_said_so(
    file: Path, fill: Fill, make_entry: Callable[..., Entry]
) -> None:
    fill(file, 1)
    file.with_name(".ledger.head.new").mkdir()  # nothing can be written there, not even by root

    with open_ledger(file) as ledger:
        with pytest.raises(LedgerUnavailable, match=r"event 2 is recorded in .* but the anchor file"):
            append(ledger, make_entry())
        assert verify(ledger).count == 2


def test_a_process_that_stands_still_with_the_anchors_folder_locked_makes_nobody_wait_for_ever(
    file: Path, make_entry: Callable[..., Entry]
) -> None:
    with open_ledger(file, wait=0.2) as ledger:
        append(ledger, make_entry(1))
        with folder_locked(file.parent, wait=0.2):
            with pytest.raises(LedgerBusy, match="another process keeps its folder locked"):
                open_ledger(file, wait=0.2)
            with pytest.raises(LedgerUnavailable, match="event 2 is recorded"):
                append(ledger, make_entry(2))
        append(ledger, make_entry(3))
        assert verify(ledger).head.sequence == 3


def test_a_ledger_that_is_opened_twice_in_one_process_still_sees_what_others_record(
    file: Path, start_appender: Start
) -> None:
    """POSIX drops all locks of a process on a file when it closes any descriptor of it: SQLite's own must survive."""
    with open_ledger(file) as ledger:
        assert ledger.head().sequence == 0
        open_ledger(file).close()
        for number in (1, 2):
            appender = start_appender(file, f"a{number}", 1)
            assert appender.wait(60) == 0  # the last one to close removes the log, unless it sees our lock
            assert ledger.head().sequence == number
