"""Opening, appending, reading: on SQLite and on PostgreSQL."""

import sqlite3
import stat
import subprocess
import threading
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from effort import EFFORT
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ledgers import append
from sqlalchemy import create_engine, text
from sqlalchemy.exc import DBAPIError

from opspact.errors import LedgerBroken, NothingFound, OpspactError, Refused
from opspact.ledger.anchor import Anchor
from opspact.ledger.chain import expected
from opspact.ledger.engine import locate
from opspact.ledger.event import EMPTY, Entry, SealedEvent
from opspact.ledger.run_events import StageStarted
from opspact.ledger.store import Ledger, open_ledger
from opspact.ledger.verify import Verified, verify

MakeEntry = Callable[..., Entry]
Fill = Callable[..., list[SealedEvent]]
Tamper = Callable[..., None]


def test_a_new_ledger_is_empty(ledger: Ledger) -> None:
    assert (ledger.head(), list(ledger.sealed())) == (EMPTY, [])


def test_what_was_appended_is_read_back_by_whoever_opens_the_ledger_next(target: str, make_entry: MakeEntry) -> None:
    with open_ledger(target) as ledger:
        appended = [append(ledger, make_entry(number)) for number in range(3)]
    with open_ledger(target) as ledger:
        assert appended == list(ledger.sealed())
        assert appended[-1].head == ledger.head()
        assert Verified(3, appended[-1].head) == verify(ledger)


def test_sealed_events_are_chosen_by_kind_and_contract_in_either_order(ledger: Ledger, make_entry: MakeEntry) -> None:
    for number, kind in enumerate(["apply.started", "apply.finished", "apply.started", "plan.made"]):
        append(ledger, make_entry(number, kind=kind, contract=f"c{number % 2}"))

    def numbers(events: list[SealedEvent]) -> list[int]:
        return [event.sequence for event in events]

    assert numbers(list(ledger.sealed(kind="apply.started"))) == [1, 3]
    assert numbers(list(ledger.sealed(kind="apply.started", newest_first=True, limit=1))) == [3]
    assert numbers(list(ledger.sealed(contract="c1"))) == [2, 4]
    assert numbers(list(ledger.sealed(newest_first=True))) == [4, 3, 2, 1]
    assert list(ledger.sealed(kind="no.such")) == []
    assert [event and event.sequence for event in map(ledger.sealed_at, (1, 3, 5))] == [1, 3, None]


def test_appending_goes_on_while_somebody_reads(ledger: Ledger, make_entry: MakeEntry) -> None:
    for number in range(3):
        append(ledger, make_entry(number))
    reading = ledger.sealed()
    first = next(reading)
    append(ledger, make_entry(4))

    assert [first.sequence, *(event.sequence for event in reading)] == [1, 2, 3]


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE opspact_events SET actor = 'nobody' WHERE sequence = 2",
        "DELETE FROM opspact_events WHERE sequence = 3",
        "DELETE FROM opspact_events",
        (
            'INSERT INTO opspact_events SELECT 9, at, actor, kind, version, contract, subject, "key", "commit",'
            " plan_digest, body, hash, previous FROM opspact_events WHERE sequence = 3"
        ),
        (
            'INSERT INTO opspact_events SELECT 4, at, actor, kind, version, contract, subject, "key", "commit",'
            " plan_digest, body, previous, hash FROM opspact_events WHERE sequence = 3"
        ),
        "UPDATE opspact_ledger SET version = 3",
        "DELETE FROM opspact_ledger",
    ],
)
def test_the_database_itself_refuses_everything_but_appending(target: str, fill: Fill, *, statement: str) -> None:
    fill(target, 3)
    url = target.replace("postgresql:", "postgresql+psycopg:") if "://" in target else f"sqlite:///{target}"
    engine = create_engine(url)

    with pytest.raises(DBAPIError, match="append-only"), engine.begin() as connection:
        connection.execute(text(statement))
    engine.dispose()


def test_sqlite_cannot_replace_a_row_either(file: Path, fill: Fill) -> None:
    fill(file, 3)
    with (
        closing(sqlite3.connect(file)) as connection,
        pytest.raises(sqlite3.IntegrityError, match="append-only"),
    ):
        connection.execute("INSERT OR REPLACE INTO opspact_events SELECT * FROM opspact_events WHERE sequence = 2")


def test_postgresql_cannot_be_truncated_either(postgresql: str, fill: Fill) -> None:
    fill(postgresql, 3)
    engine = create_engine(postgresql.replace("postgresql:", "postgresql+psycopg:"))

    with pytest.raises(DBAPIError, match="append-only"), engine.begin() as connection:
        connection.execute(text("TRUNCATE opspact_events"))
    engine.dispose()


@pytest.mark.slow
def test_processes_that_append_at_once_make_one_chain(
    target: str, start_appender: Callable[..., subprocess.Popen[str]]
) -> None:
    running = [start_appender(target, f"process-{number}", 25) for number in range(4)]  # they race to make it, too

    errors = [process.communicate(timeout=60)[1] for process in running]

    assert errors == ["", "", "", ""]
    with open_ledger(target) as ledger:
        assert verify(ledger).count == 100
        for number in range(4):
            found = ledger.read(StageStarted, contract="office", subject=f"run/process-{number}")
            own = [each.event.attempt for each in found]
            assert list(range(25)) == own
        assert ledger.anchor is None or ledger.anchor.read() == ledger.head()


def test_threads_that_append_at_once_make_one_chain(ledger: Ledger, make_entry: MakeEntry) -> None:
    def append_ten() -> None:
        for number in range(10):
            append(ledger, make_entry(number))

    threads = [threading.Thread(target=append_ten) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert verify(ledger).count == 40


def test_nobody_else_can_read_the_files(tmp_path: Path, fill: Fill) -> None:
    folder = tmp_path / "new" / "state"
    with open_ledger(folder / "ledger.sqlite"):
        modes = {path.name: stat.filemode(path.stat().st_mode) for path in [folder, *folder.iterdir()]}

    fill(folder / "ledger.sqlite", 1)

    assert modes.pop("state") == "drwx------"
    assert {"-rw-------"} == set(modes.values())
    assert {"ledger.sqlite", "ledger.head"} == {path.name for path in folder.iterdir()}


def test_an_append_is_on_the_disk_before_it_returns(file: Path) -> None:
    with open_ledger(file) as ledger, ledger._engine.connect() as connection:  # noqa: SLF001 - the pragma shows nowhere else
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 2  # FULL


words = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=30)


@pytest.mark.slow
@settings(max_examples=40 * EFFORT, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    entry=st.builds(
        Entry,
        at=st.datetimes(timezones=st.timezones(), min_value=datetime(2, 1, 1), max_value=datetime(9998, 1, 1)),  # noqa: DTZ001 - it asks for bare ones
        actor=words.filter(bool),
        kind=st.sampled_from(["apply.started", "backup.result"]),
        contract=words,
        commit=words,
        body=st.dictionaries(
            words, words | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False, allow_infinity=False)
        ),
    )
)
def test_whatever_was_recorded_verifies_and_reads_back(ledger: Ledger, entry: Entry) -> None:
    appended = append(ledger, entry)

    assert verify(ledger, heads=expected(appended.head)).count == appended.sequence
    assert [appended] == list(ledger.sealed(newest_first=True, limit=1))
    at = entry.at.astimezone(UTC)  # Python takes an instant that a clock shows twice for unequal to any other zone's
    assert (at, entry.actor, entry.body) == (appended.at, appended.actor, appended.body)


@pytest.mark.parametrize("place", ["file", "postgresql"])
def test_no_ledger_is_made_where_only_an_existing_one_is_wanted(request: pytest.FixtureRequest, place: str) -> None:
    target = request.getfixturevalue(place)
    with pytest.raises(NothingFound, match="there is no ledger at"):
        open_ledger(target, create=False)

    assert not isinstance(target, Path) or not list(target.parent.iterdir())


def test_an_existing_ledger_opens_without_leave_to_make_one(target: str, fill: Fill) -> None:
    fill(target, 2)
    with open_ledger(target, create=False) as ledger:
        assert verify(ledger).count == 2


def test_an_anchor_without_its_ledger_is_a_broken_ledger(file: Path, fill: Fill) -> None:
    fill(file, 2)
    file.unlink()

    with pytest.raises(
        LedgerBroken, match=r"ledger file is missing, but the anchor file ledger\.head refers to event 2"
    ):
        open_ledger(file, create=False)


def test_a_password_is_in_no_message() -> None:
    location = locate("postgresql://auditor:s3cret@db/ledger?password=s3cret&sslmode=require")

    assert str(location) == "postgresql+psycopg://auditor:***@db/ledger?sslmode=require"


def test_the_anchor_holds_the_head(file: Path, fill: Fill) -> None:
    events = fill(file, 3)

    assert f"{events[-1].head}\n" == file.with_suffix(".head").read_text()


def test_the_anchor_never_moves_back(file: Path, fill: Fill) -> None:
    events = fill(file, 3)
    anchor = Anchor(file.with_suffix(".head"))

    anchor.advance(events[0].head, wait=1)  # as a process does that was slow after its commit

    assert anchor.read() == events[2].head


@pytest.mark.parametrize("kept", ["0", "2"])
def test_an_anchor_that_a_crash_left_behind_is_mended_by_the_next_append(
    file: Path, fill: Fill, *, make_entry: MakeEntry, kept: str
) -> None:
    events = fill(file, 4)
    behind = EMPTY if kept == "0" else events[1].head
    file.with_suffix(".head").write_text(f"{behind}\n")

    with open_ledger(file) as ledger:
        assert verify(ledger).count == 4
        appended = append(ledger, make_entry())
        assert verify(ledger).count == 5
    assert f"{appended.head}\n" == file.with_suffix(".head").read_text()


def test_nothing_is_appended_to_a_ledger_whose_end_is_missing(
    file: Path, fill: Fill, *, tamper: Tamper, make_entry: MakeEntry
) -> None:
    fill(file, 4)
    tamper(file, "DELETE FROM opspact_events WHERE sequence > 2")

    with open_ledger(file) as ledger:
        with pytest.raises(LedgerBroken, match="events 3 to 4 are missing at the end"):
            append(ledger, make_entry())
        assert ledger.head().sequence == 2


def test_nothing_is_appended_after_an_event_that_was_changed(
    file: Path, fill: Fill, *, tamper: Tamper, make_entry: MakeEntry
) -> None:
    fill(file, 2)
    tamper(file, "UPDATE opspact_events SET actor = 'nobody' WHERE sequence = 2")

    with open_ledger(file) as ledger, pytest.raises(LedgerBroken, match="event 2 was changed"):
        append(ledger, make_entry())


def test_an_event_that_was_changed_is_never_handed_out(file: Path, fill: Fill, *, tamper: Tamper) -> None:
    fill(file, 3)
    tamper(file, "UPDATE opspact_events SET body = '{}' WHERE sequence = 2")

    with open_ledger(file) as ledger, pytest.raises(LedgerBroken, match="event 2 was changed"):
        list(ledger.sealed())


def test_a_ledger_in_postgresql_may_have_an_anchor_of_this_machine(
    postgresql: str, tmp_path: Path, fill: Fill, *, make_entry: MakeEntry
) -> None:
    fill(postgresql, 3)
    anchor = tmp_path / "state" / "office.head"

    with open_ledger(postgresql, anchor=anchor) as ledger:
        appended = append(ledger, make_entry())
        assert verify(ledger).count == 4

    assert f"{appended.head}\n" == anchor.read_text()


@pytest.mark.parametrize(
    "target", ["mysql://host/db", "sqlite://", "sqlite:////tmp/x?mode=ro", "http://example.com", "://", "ledger.head"]
)
def test_a_target_that_can_be_no_ledger_is_refused(target: str) -> None:
    with pytest.raises(OpspactError, match=r"ledger") as caught:
        open_ledger(target)

    assert isinstance(caught.value, Refused)
