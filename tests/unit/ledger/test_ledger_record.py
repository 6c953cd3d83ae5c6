"""Recording and reading typed events on both databases: keys, the newest of each subject."""

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from ledgers import BEGINNING, CONTRACT, began, context, lease, result, sequences
from sqlalchemy import create_engine, text
from sqlalchemy.exc import DBAPIError

from opspact.errors import AlreadyRecorded, ExitCode, LedgerBroken, LedgerInvalid, Refused
from opspact.ledger.apply_events import HostRetired, PolicyApplied
from opspact.ledger.event import seal
from opspact.ledger.events import Fence, entry_of
from opspact.ledger.job_events import HostReach, JobResult
from opspact.ledger.store import Ledger, open_ledger
from opspact.ledger.transfer import export, import_lines
from opspact.ledger.verify import verify
from opspact.steps.check import Reach


def test_what_is_read_is_chosen_by_subject_time_place_and_number_in_either_order(ledger: Ledger) -> None:
    for number, host in enumerate(["app1", "db1", "app1", "app1"], start=1):
        ledger.record(result(number, host), context=context(BEGINNING + timedelta(minutes=number)))
    ledger.record(result(1), context=context(contract="other"))
    subject = "job/backup/daily/host/app1"

    assert sequences(ledger) == [1, 2, 3, 4]
    assert sequences(ledger, newest_first=True, limit=2) == [4, 3]
    assert sequences(ledger, subject=subject) == [1, 3, 4]
    assert sequences(ledger, subject=subject, newest_first=True, limit=1) == [4]
    assert sequences(ledger, subject=subject, after=1) == [3, 4]
    assert sequences(ledger, since=BEGINNING + timedelta(minutes=3)) == [3, 4]
    assert sequences(ledger, contract="other") == [5]


def test_a_time_without_zone_is_refused(ledger: Ledger) -> None:
    with pytest.raises(Refused, match="with a zone"):
        ledger.read(JobResult, contract="c", since=datetime(2026, 1, 1))  # noqa: DTZ001 - that is what must be refused


def test_nothing_to_record_records_nothing(ledger: Ledger) -> None:
    nothing: list[JobResult] = []
    written = ledger.record_all(nothing, context=context())

    assert (written.recorded, written.left_out, ledger.head().sequence) == ((), 0, 0)


@pytest.mark.parametrize("again", [[result(1)], [result(3), result(3)]])
def test_what_was_recorded_is_not_recorded_again(ledger: Ledger, again: list[JobResult]) -> None:
    ledger.record(result(1), context=context())

    with pytest.raises(AlreadyRecorded, match=r'job\.result "backup/daily app1 5f3c:\d" is') as caught:
        ledger.record_all([result(2), *again], context=context())

    assert caught.value.exit_code is ExitCode.REFUSED
    assert sequences(ledger) == [1]


def test_what_was_recorded_is_left_out_and_counted_where_that_is_wanted(ledger: Ledger) -> None:
    ledger.record(result(1, message="first"), context=context())

    written = ledger.record_all(
        [result(1, message="again"), result(2), result(2), result(3)], context=context(), skip_recorded=True
    )

    assert ([each.event.result.sequence for each in written.recorded], written.left_out) == ([2, 3], 2)
    messages = [each.event.result.message for each in ledger.read(JobResult, contract=CONTRACT)]
    assert messages == ["first", "", ""]
    assert verify(ledger).count == 3
    none = ledger.record_all([result(1), result(2)], context=context(), skip_recorded=True)
    assert (none.recorded, none.left_out) == ((), 2)


def test_a_key_is_unique_within_its_contract_and_kind_alone(ledger: Ledger) -> None:
    ledger.record(result(1), context=context())
    ledger.record(result(1), context=context(contract="other"))
    ledger.record_all([HostRetired("old1", "scrapped"), HostRetired("old1", "scrapped")], context=context())

    assert verify(ledger).count == 4


@pytest.mark.slow
def test_keys_are_compared_in_more_than_one_batch(ledger: Ledger) -> None:
    ledger.record_all(map(result, range(1, 1201)), context=context())

    written = ledger.record_all(map(result, range(601, 1801)), context=context(), skip_recorded=True)

    assert (len(written.recorded), written.left_out, verify(ledger).count) == (600, 600, 1800)


def test_two_who_record_the_same_change_of_a_policy_record_it_once(target: str) -> None:
    first = PolicyApplied("backup/daily", "d1")
    with open_ledger(target) as one, open_ledger(target) as other:
        one.record(first, context=context())
        with pytest.raises(AlreadyRecorded):
            other.record(first, context=context(actor="wang-wei"))
        other.record(PolicyApplied("backup/daily", "d2", previous=1), context=context())

        assert [each.event.digest for each in one.read(PolicyApplied, contract=CONTRACT)] == ["d1", "d2"]


def follower(ledger: Ledger, event: JobResult) -> dict[str, Any]:
    return seal(entry_of(event, context()), after=ledger.head()).as_row()


@pytest.mark.parametrize("verb", ["INSERT", "INSERT OR REPLACE"])
def test_the_database_itself_refuses_a_key_that_is_taken(target: str, verb: str) -> None:
    with open_ledger(target) as ledger:
        ledger.record_all([result(1), result(2)], context=context())
        row = follower(ledger, result(1))
    columns = ", ".join(f'"{name}"' for name in row)
    statement = f"{verb} INTO opspact_events ({columns}) VALUES ({', '.join(f':{name}' for name in row)})"
    if "://" in target:
        engine = create_engine(target.replace("postgresql:", "postgresql+psycopg:"))
        statement = statement.replace(" OR REPLACE", "")
        statement += ' ON CONFLICT (contract, kind, "key") WHERE "key" <> \'\' DO UPDATE SET actor = EXCLUDED.actor' * (
            verb != "INSERT"
        )
    else:
        engine = create_engine(f"sqlite:///{target}")

    with pytest.raises(DBAPIError, match=r"append-only|opspact_events_by_key"), engine.begin() as connection:
        connection.execute(text(statement), row)
    engine.dispose()

    with open_ledger(target) as ledger:
        assert verify(ledger).count == 2


def test_a_ledger_in_which_a_key_was_repeated_behind_our_back_does_not_hold(
    file: Path, tamper: Callable[..., None]
) -> None:
    with open_ledger(file) as ledger:
        ledger.record_all([result(1), result(2)], context=context())
        row = follower(ledger, result(1))
    places = ", ".join("?" * len(row))
    tamper(file, "DROP INDEX opspact_events_by_key")
    tamper(file, f"INSERT INTO opspact_events VALUES ({places})", parameters=tuple(row.values()))

    with open_ledger(file) as ledger, pytest.raises(LedgerBroken) as caught:
        verify(ledger)

    assert [found.message for found in caught.value.breaks] == [
        "the trigger or index opspact_events_by_key was removed or changed",
        "event 3 has the key of event 1: it was inserted",
    ]


def test_lines_that_repeat_a_key_are_refused_as_a_whole(file: Path) -> None:
    with open_ledger(file.with_name("old.sqlite")) as old:
        old.record_all([result(1), result(2)], context=context())
        lines = list(export(old))
        again = seal(entry_of(result(1), context()), after=old.head()).as_line()

    with open_ledger(file) as ledger:
        with pytest.raises(LedgerBroken, match="event 3 repeats the key of an earlier one"):
            import_lines([*lines, f"{again}\n"], ledger)
        assert ledger.head().sequence == 0


# The newest and the oldest of each subject


def test_the_newest_and_the_oldest_of_each_subject_are_found(ledger: Ledger) -> None:
    for number in range(1, 4):
        for job in ("backup/daily", "backup/weekly", "inspection/daily"):
            for host in ("app1", "db1"):
                ledger.record(result(number, host, job), context=context())
    ledger.record(result(9, "app1", "backup/daily"), context=context(contract="other"))

    def found(of: Callable[..., Any], prefix: str) -> dict[str, int]:
        return {
            subject: each.event.result.sequence
            for subject, each in of(JobResult, contract=CONTRACT, prefix=prefix).items()
        }

    daily = ["job/backup/daily/host/app1", "job/backup/daily/host/db1"]
    assert found(ledger.newest_by_subject, "job/backup/daily/") == dict.fromkeys(daily, 3)
    assert found(ledger.oldest_by_subject, "job/backup/daily/") == dict.fromkeys(daily, 1)
    assert len(found(ledger.newest_by_subject, "job/backup/")) == 4
    assert len(found(ledger.newest_by_subject, "")) == 6
    assert found(ledger.newest_by_subject, "job/nothing/") == {}
    assert list(found(ledger.newest_by_subject, "")) == sorted(found(ledger.newest_by_subject, ""))
    assert ledger.newest_by_subject(HostReach, contract=CONTRACT) == {}


@pytest.mark.parametrize("prefix", ["host/a", "host/李", "host/\U0010ffff", "host/\ud7ff", "host/z"])
def test_a_prefix_takes_what_begins_with_it_and_nothing_else(ledger: Ledger, prefix: str) -> None:
    names = [
        "a",
        "a1",
        "a\U0010ffff",
        "b",
        "B",
        "李",
        "李娜",
        "李",
        "\U0010ffff",
        "\U0010ffffx",
        "\ud7ff",
        "\ue000",
        "z",
        "~",
    ]
    ledger.record_all([HostReach(name, Reach.DOWN) for name in names], context=context())

    wanted = {f"host/{name}" for name in names if f"host/{name}".startswith(prefix)}

    assert wanted
    assert ledger.newest_by_subject(HostReach, contract=CONTRACT, prefix=prefix).keys() == wanted


def test_the_newest_of_named_subjects_are_found(ledger: Ledger) -> None:
    ledger.record_all([HostReach(f"h{n % 700}", Reach.DOWN, str(n)) for n in range(1400)], context=context())

    found = ledger.newest_of(HostReach, [f"host/h{n}" for n in range(-5, 650)], contract=CONTRACT)

    assert {subject: each.event.detail for subject, each in found.items()} == {
        f"host/h{n}": str(n + 700) for n in range(650)
    }
    assert ledger.newest_of(HostReach, [], contract=CONTRACT) == {}


def test_a_changed_event_is_not_handed_out_as_the_newest(file: Path, tamper: Callable[..., None]) -> None:
    with open_ledger(file) as ledger:
        ledger.record(HostReach("app1", Reach.DOWN), context=context())
    tamper(file, "UPDATE opspact_events SET actor = 'nobody' WHERE sequence = 1")

    with open_ledger(file) as ledger, pytest.raises(LedgerBroken, match="event 1 was changed"):
        ledger.newest_by_subject(HostReach, contract=CONTRACT)


# Plans of the databases: an index answers, whatever the size


HELD = Fence("r1", 1, {"h1": 1})
QUESTIONS = {
    "one subject": lambda ledger: list(
        ledger.read(JobResult, contract=CONTRACT, subject="job/a/b/host/h1", newest_first=True, limit=1)
    ),
    "one kind": lambda ledger: list(ledger.read(JobResult, contract=CONTRACT, newest_first=True, limit=1)),
    "newest by subject": lambda ledger: ledger.newest_by_subject(HostReach, contract=CONTRACT, prefix="host/"),
    "newest of some": lambda ledger: ledger.newest_of(HostReach, ["host/h1", "host/h2"], contract=CONTRACT),
    "a key": lambda ledger: ledger.record_all([result(5, "h5", "a/b")], context=context(), skip_recorded=True),
    "a fence": lambda ledger: ledger.record(HostReach("h1", Reach.DOWN), context=context(), fence=HELD),
}


@pytest.fixture(scope="module")
def small_and_large(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    small, large = (tmp_path_factory.mktemp("sizes") / f"{size}.sqlite" for size in (1_000, 8_000))
    for file, size in ((small, 1_000), (large, 8_000)):
        with open_ledger(file) as ledger:
            ledger.record_all([began(), *(lease(f"h{number}", 1) for number in range(10))], context=context())
            ledger.record_all([HostReach(f"h{number % 10}", Reach.DOWN) for number in range(size)], context=context())
            ledger.record_all([result(number, f"h{number % 10}", "a/b") for number in range(size)], context=context())
    return small, large


@pytest.mark.slow
@pytest.mark.parametrize("asked", QUESTIONS.values(), ids=QUESTIONS.keys())
def test_no_question_reads_every_event(small_and_large: tuple[Path, Path], asked: Callable[[Ledger], object]) -> None:
    """SQLite counts its own steps: they must not grow with the ledger."""
    few, many = (_steps(file, asked) for file in small_and_large)

    assert many < 1.5 * few + 100, (few, many)


def _steps(file: Path, asked: Callable[[Ledger], object]) -> int:
    with open_ledger(file) as ledger:
        asked(ledger)  # connects, compiles
        counted = 0

        def count() -> int:
            nonlocal counted
            counted += 1
            return 0

        raw = ledger._engine.raw_connection()  # noqa: SLF001 - the driver counts, nobody else does
        raw.driver_connection.set_progress_handler(count, 10)  # type: ignore[union-attr]
        raw.close()
        asked(ledger)
    return counted


# Times that run backwards


def test_times_that_run_backwards_are_named_and_break_nothing(ledger: Ledger) -> None:
    for minutes in (0, 5, 3, 3, 9):
        ledger.record(HostReach("app1", Reach.DOWN), context=context(BEGINNING + timedelta(minutes=minutes)))

    verified = verify(ledger)

    assert verified.count == 5
    assert [(each.sequence, each.at.minute, each.before.minute) for each in verified.reversals] == [(3, 3, 5)]
    assert str(verified.reversals[0]) == (
        "event 3 at 2026-11-23T08:03:00.000000Z comes after event 2 at 2026-11-23T08:05:00.000000Z"
    )


def test_an_import_names_times_that_run_backwards_too(target: str, tmp_path: Path) -> None:
    with open_ledger(tmp_path / "old.sqlite") as old, open_ledger(target) as new:
        for minutes in (5, 0):
            old.record(HostReach("app1", Reach.DOWN), context=context(BEGINNING + timedelta(minutes=minutes)))

        assert [each.sequence for each in import_lines(export(old), new).reversals] == [2]


# Another format


@pytest.mark.parametrize(
    ("number", "hint"), [(1, "creates a new ledger"), (3, "use the opspact version that wrote it")]
)
def test_a_ledger_of_another_format_is_refused_with_what_to_do(
    target: str, tamper: Callable[..., None], *, number: int, hint: str
) -> None:
    with open_ledger(target) as ledger:
        ledger.record(HostReach("app1", Reach.DOWN), context=context())
    if "://" in target:
        engine = create_engine(target.replace("postgresql:", "postgresql+psycopg:"))
        with engine.begin() as connection:
            connection.execute(text("ALTER TABLE opspact_ledger DISABLE TRIGGER ALL"))
            connection.execute(text(f"UPDATE opspact_ledger SET version = {number}"))
        engine.dispose()
    else:
        tamper(Path(target), f"UPDATE opspact_ledger SET version = {number}")

    for create in (True, False):
        with pytest.raises(LedgerInvalid, match=f"has ledger format {number}; .* reads and writes format 2") as caught:
            open_ledger(target, create=create)
        assert hint in caught.value.hint
        assert caught.value.exit_code is ExitCode.REFUSED
