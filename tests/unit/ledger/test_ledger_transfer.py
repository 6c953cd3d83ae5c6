"""Out as lines, in again, on either database; and tampering on PostgreSQL."""

from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from opspact.errors import LedgerBroken, Refused
from opspact.ledger.chain import expected
from opspact.ledger.event import EMPTY, Head, SealedEvent
from opspact.ledger.store import open_ledger
from opspact.ledger.transfer import export, import_lines
from opspact.ledger.verify import Verified, verify

Fill = Callable[..., list[SealedEvent]]


def exported(file: Path) -> list[str]:
    with open_ledger(file) as ledger:
        return list(export(ledger))


def test_an_export_imports_into_either_database_and_exports_the_same_again(
    target: str, tmp_path: Path, fill: Fill
) -> None:
    events = fill(tmp_path / "old.sqlite", 4)
    lines = exported(tmp_path / "old.sqlite")

    with open_ledger(target) as ledger:
        assert Verified(4, events[-1].head) == import_lines(lines, ledger, heads=expected(events[-1].head))
        assert Verified(4, events[-1].head) == verify(ledger)
        assert lines == list(export(ledger))


@pytest.mark.slow
def test_more_than_one_batch_is_imported_as_a_whole(file: Path, tmp_path: Path, fill: Fill) -> None:
    fill(tmp_path / "old.sqlite", 1100)
    with open_ledger(tmp_path / "old.sqlite") as old, open_ledger(file) as new:
        assert import_lines(export(old), new).count == 1100
        assert old.head() == verify(new).head


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda lines: [lines[0], lines[1].replace("app1", "app2"), *lines[2:]], "event 2 was changed"),
        (lambda lines: [lines[0], *lines[2:]], "event 2 is missing"),
        (lambda lines: lines[1:], "event 1 is missing"),
        (lambda lines: [lines[1], lines[0], *lines[2:]], "event 1 is missing"),
        (lambda lines: [lines[0], lines[0], *lines[1:]], "event 1 is at the position of event 2"),
        (lambda lines: lines[:3], "event 4 is missing at the end: the expected head refers to event 4"),
        (lambda lines: [*lines[:2], "not json\n", *lines[2:]], "line 3 was changed: it is not JSON"),
        (lambda lines: [*lines[:2], "\n", *lines[2:]], "line 3 was changed: it is not JSON"),
    ],
)
def test_lines_that_are_no_whole_chain_are_refused_as_a_whole(
    file: Path, tmp_path: Path, fill: Fill, *, change: Callable[[list[str]], list[str]], words: str
) -> None:
    events = fill(tmp_path / "old.sqlite", 4)
    lines = change(exported(tmp_path / "old.sqlite"))

    with open_ledger(file) as ledger:
        with pytest.raises(LedgerBroken) as caught:
            import_lines(lines, ledger, heads=expected(events[-1].head))
        assert ledger.head() == EMPTY
        assert verify(ledger).count == 0

    assert len(caught.value.breaks) == 1
    assert caught.value.breaks[0].message.startswith(words)


def test_lines_that_are_no_utf8_are_refused(file: Path, tmp_path: Path, fill: Fill) -> None:
    fill(tmp_path / "old.sqlite", 2)
    (tmp_path / "lines").write_bytes("".join(exported(tmp_path / "old.sqlite")).encode() + b"\xff\n")

    with open_ledger(file) as ledger, (tmp_path / "lines").open(encoding="utf-8") as lines:
        with pytest.raises(LedgerBroken, match="is not UTF-8"):
            import_lines(lines, ledger)
        assert ledger.head() == EMPTY


def test_nothing_is_imported_into_a_ledger_that_has_events(file: Path, fill: Fill) -> None:
    fill(file, 2)
    with open_ledger(file) as ledger, pytest.raises(Refused, match="already has 2 events"):
        import_lines(exported(file), ledger)


def test_a_broken_ledger_is_not_exported_past_the_break(file: Path, fill: Fill, tamper: Callable[..., None]) -> None:
    fill(file, 3)
    tamper(file, "UPDATE opspact_events SET actor = 'nobody' WHERE sequence = 2")

    with open_ledger(file) as ledger:
        lines = export(ledger)
        assert '"sequence":1' in next(lines)
        with pytest.raises(LedgerBroken, match="event 2 was changed"):
            next(lines)


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        ("UPDATE opspact_events SET actor = 'nobody' WHERE sequence = 2", "event 2 was changed: "),
        ("DELETE FROM opspact_events WHERE sequence = 3", "event 3 is missing"),
        ("DELETE FROM opspact_events WHERE sequence > 3", "events 4 to 5 are missing at the end"),
    ],
)
def test_tampering_by_the_owner_of_a_postgresql_database_is_found(
    postgresql: str, fill: Fill, *, statement: str, words: str
) -> None:
    head: Head = fill(postgresql)[-1].head
    engine = create_engine(postgresql.replace("postgresql:", "postgresql+psycopg:"))
    with engine.begin() as connection:
        connection.execute(text("ALTER TABLE opspact_events DISABLE TRIGGER ALL"))
        connection.execute(text(statement))
    engine.dispose()

    with open_ledger(postgresql) as ledger, pytest.raises(LedgerBroken) as caught:
        verify(ledger, heads=expected(head))

    *guards, found = [found.message for found in caught.value.breaks]
    assert found.startswith(words)
    assert [
        f"the trigger or index opspact_events_refuses_{verb} was removed or changed"
        for verb in ("delete", "insert", "truncate", "update")
    ] == guards
