"""Somebody changes the file behind opspact's back; verify says what, in words, and where."""

import json
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from effort import EFFORT
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ledgers import append

from opspact.errors import LedgerBroken
from opspact.ledger.chain import expected
from opspact.ledger.event import EMPTY, FIELDS, Entry, Head, SealedEvent, seal
from opspact.ledger.store import open_ledger
from opspact.ledger.transfer import export
from opspact.ledger.verify import Verified, verify

Fill = Callable[..., list[SealedEvent]]
Tamper = Callable[..., None]


def broken(file: Path, expected_head: Head | None = None) -> list[str]:
    """Return what verify finds, in words; fail when it finds nothing."""
    with open_ledger(file) as ledger, pytest.raises(LedgerBroken) as caught:
        verify(ledger, heads=expected(expected_head))
    assert caught.value.exit_code == 1
    return [found.message for found in caught.value.breaks]


def insertion(event: SealedEvent, at: int | None = None) -> tuple[str, tuple[object, ...]]:
    row = event.as_row() | ({"sequence": at} if at else {})
    return f"INSERT INTO opspact_events VALUES ({', '.join('?' * len(FIELDS))})", tuple(row[name] for name in FIELDS)


def test_an_empty_ledger_holds(file: Path) -> None:
    with open_ledger(file) as ledger:
        assert Verified(0, EMPTY) == verify(ledger)


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("at", "2026-11-23T08:03:00.000001Z"),
        ("actor", "nobody"),
        ("kind", "apply.finished"),
        ("contract", "other"),
        ("commit", ""),
        ("plan_digest", "d2"),
        ("body", '{"number":4}'),
        ("body", '{"hosts":["app1","db1"], "number":3,"seconds":1.5}'),
        ("at", "yesterday"),
        ("body", "["),
    ],
)
def test_a_changed_field_is_found(file: Path, fill: Fill, tamper: Tamper, *, column: str, value: str) -> None:
    fill(file)
    tamper(file, f'UPDATE opspact_events SET "{column}" = ? WHERE sequence = 3', parameters=(value,))

    found = broken(file)

    assert len(found) == 1
    assert found[0].startswith("event 3 was changed: ")


def test_a_text_that_is_no_utf8_any_more_is_found(file: Path, fill: Fill, tamper: Tamper) -> None:
    fill(file)
    tamper(file, "UPDATE opspact_events SET actor = CAST(x'ff41' AS TEXT) WHERE sequence = 3")

    assert broken(file) == ["event 3 was changed: actor: not valid UTF-8 text"]


def test_a_changed_event_whose_hash_was_made_to_fit_is_found_at_the_next_one(
    file: Path, fill: Fill, tamper: Tamper, *, make_entry: Callable[..., Entry]
) -> None:
    events = fill(file)
    forged = seal(make_entry(3, actor="nobody"), after=events[1].head)
    tamper(
        file,
        "UPDATE opspact_events SET actor = 'nobody', hash = ? WHERE sequence = 3",
        parameters=(forged.hash,),
    )

    assert broken(file) == ["event 4 does not follow event 3: one was rewritten or inserted"]


def test_removed_events_are_found(file: Path, fill: Fill, tamper: Tamper) -> None:
    fill(file, 9)
    tamper(file, "DELETE FROM opspact_events WHERE sequence IN (1, 4, 5)")

    assert broken(file) == ["event 1 is missing", "events 4 to 5 are missing"]


def test_swapped_events_are_found(file: Path, fill: Fill, tamper: Tamper) -> None:
    fill(file)
    tamper(
        file,
        "UPDATE opspact_events SET sequence = -2 WHERE sequence = 2",
        "UPDATE opspact_events SET sequence = 2 WHERE sequence = 4",
        "UPDATE opspact_events SET sequence = 4 WHERE sequence = -2",
    )

    found = broken(file)

    assert "event 2 was changed: it was swapped, this is event 4" in found
    assert "event 4 was changed: it was swapped, this is event 2" in found


def test_a_truncated_end_is_found_by_the_anchor(file: Path, fill: Fill, tamper: Tamper) -> None:
    fill(file)
    tamper(file, "DELETE FROM opspact_events WHERE sequence > 3")

    assert broken(file) == ["events 4 to 5 are missing at the end: the anchor file ledger.head refers to event 5"]


def test_a_ledger_taken_away_as_a_whole_is_found_by_the_anchor(file: Path, fill: Fill) -> None:
    fill(file)
    file.unlink()

    assert broken(file) == ["events 1 to 5 are missing at the end: the anchor file ledger.head refers to event 5"]


def test_a_truncated_end_with_its_anchor_is_found_by_a_head_noted_elsewhere(
    file: Path, fill: Fill, tamper: Tamper
) -> None:
    events = fill(file)
    tamper(file, "DELETE FROM opspact_events WHERE sequence > 3")
    file.with_suffix(".head").write_text(f"{events[2].head}\n")

    with open_ledger(file) as ledger:
        assert verify(ledger, heads=expected(events[2].head)).count == 3
    assert broken(file, events[4].head) == ["events 4 to 5 are missing at the end: the expected head refers to event 5"]


def rewrite_tail(file: Path, kept: SealedEvent, make_entry: Callable[..., Entry]) -> list[SealedEvent]:
    """Replace all events after one by others that make a perfect chain, as somebody with much patience would."""
    rewritten = [kept]
    for number in range(kept.sequence + 1, 6):
        rewritten.append(seal(make_entry(number, actor="nobody"), after=rewritten[-1].head))
    with closing(sqlite3.connect(file)) as connection:
        triggers = connection.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").fetchall()
        for name, _ in triggers:
            connection.execute(f"DROP TRIGGER {name}")
        connection.execute("DELETE FROM opspact_events WHERE sequence > ?", (kept.sequence,))
        for event in rewritten[1:]:
            connection.execute(*insertion(event))
        for _, sql in triggers:
            connection.execute(sql)
        connection.commit()
    return rewritten


def test_a_rewritten_end_is_found_by_the_anchor(file: Path, fill: Fill, make_entry: Callable[..., Entry]) -> None:
    rewrite_tail(file, fill(file)[2], make_entry)

    words = "earlier events were rewritten, or the record was changed"
    assert [f"event 5 does not match the anchor file ledger.head: {words}"] == broken(file)


def test_a_rewritten_end_with_its_anchor_is_found_by_a_head_noted_elsewhere(
    file: Path, fill: Fill, make_entry: Callable[..., Entry]
) -> None:
    events = fill(file)
    rewritten = rewrite_tail(file, events[2], make_entry)
    file.with_suffix(".head").write_text(f"{rewritten[-1].head}\n")

    words = "earlier events were rewritten, or the record was changed"
    assert [f"event 4 does not match the expected head: {words}"] == broken(file, events[3].head)


def test_an_event_inserted_in_the_middle_is_found(
    file: Path, fill: Fill, tamper: Tamper, *, make_entry: Callable[..., Entry]
) -> None:
    events = fill(file)
    forged = seal(make_entry(9), after=events[1].head)
    tamper(file, "UPDATE opspact_events SET sequence = -sequence - 1 WHERE sequence > 2")
    tamper(file, "UPDATE opspact_events SET sequence = -sequence WHERE sequence < 0")
    statement, parameters = insertion(forged)
    tamper(file, statement, parameters=parameters)

    found = broken(file)

    assert "event 4 does not follow event 3: one was rewritten or inserted" in found


@pytest.mark.parametrize("place", [-1, 8])
def test_an_event_inserted_beside_the_chain_is_found(file: Path, fill: Fill, tamper: Tamper, *, place: int) -> None:
    events = fill(file)
    statement, parameters = insertion(events[0], place)
    tamper(file, statement, parameters=parameters)

    found = broken(file)

    assert found[0] == (
        "event -1 is at the position of event 1: it was inserted" if place < 0 else "events 6 to 7 are missing"
    )


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ("5:" + "f" * 64 + "\n", "event 5 does not match the anchor file ledger.head"),
        ("6:" + "f" * 64 + "\n", "event 6 is missing at the end"),
        ("", "the anchor file ledger.head was changed"),
        ("5\n", "the anchor file ledger.head was changed"),
        ("0:" + "1" * 64 + "\n", "event 0 does not match"),
        (None, "the anchor file ledger.head is missing"),
    ],
)
def test_a_changed_anchor_is_found(file: Path, fill: Fill, written: str | None, *, words: str) -> None:
    fill(file)
    anchor = file.with_suffix(".head")
    anchor.unlink() if written is None else anchor.write_text(written)

    found = broken(file)

    assert len(found) == 1
    assert found[0].startswith(words)


def end_of(file: Path) -> list[str]:
    """Return what the look at the end alone finds."""
    with open_ledger(file) as ledger:
        try:
            ledger.check_end()
        except LedgerBroken as error:
            return [found.message for found in error.breaks] or [str(error)]
    return []


def test_a_truncated_and_a_rewritten_end_are_found_without_reading_the_rest(
    file: Path, fill: Fill, tamper: Tamper, *, make_entry: Callable[..., Entry]
) -> None:
    events = fill(file)
    assert end_of(file) == []
    file.with_suffix(".head").write_text(f"{events[2].head}\n")  # as a crash leaves it
    assert end_of(file) == []
    file.with_suffix(".head").write_text(f"{events[4].head}\n")
    tamper(file, "UPDATE opspact_events SET actor = 'x' WHERE sequence = 2")
    assert end_of(file) == []  # that is found when it is read, and by verify
    rewrite_tail(file, events[2], make_entry)
    assert [words.partition(":")[0] for words in end_of(file)] == ["event 5 does not match the anchor file ledger.head"]
    tamper(file, "DELETE FROM opspact_events WHERE sequence > 3")
    assert end_of(file) == ["events 4 to 5 are missing at the end: the anchor file ledger.head refers to event 5"]


@pytest.mark.parametrize("written", ["", "5\n", "6:" + "f" * 64 + "\n", "0:" + "1" * 64 + "\n", None])
def test_a_changed_or_missing_anchor_is_found_at_the_end_too(file: Path, fill: Fill, written: str | None) -> None:
    fill(file)
    anchor = file.with_suffix(".head")
    anchor.unlink() if written is None else anchor.write_text(written)

    assert len(end_of(file)) == 1


def test_a_guard_that_was_taken_away_or_made_toothless_is_found(file: Path, fill: Fill) -> None:
    fill(file)
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("DROP TRIGGER opspact_events_refuses_update")
        connection.execute("DROP TRIGGER opspact_events_refuses_delete")
        connection.execute(
            "CREATE TRIGGER opspact_events_refuses_delete BEFORE DELETE ON opspact_events BEGIN SELECT 1; END"
        )
        connection.commit()

    assert broken(file) == [
        "the trigger or index opspact_events_refuses_delete was removed or changed",
        "the trigger or index opspact_events_refuses_update was removed or changed",
    ]


def test_an_index_that_hides_an_event_is_found(file: Path, fill: Fill) -> None:
    fill(file)
    with closing(sqlite3.connect(file)) as connection:
        root = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 'opspact_events_by_kind'").fetchone()
        (size,) = connection.execute("PRAGMA page_size").fetchone()
    raw = bytearray(file.read_bytes())
    page = (root[0] - 1) * size
    raw[page + 3 : page + 5] = (4).to_bytes(2, "big")  # the index's page says it has four cells, not five
    file.write_bytes(raw)

    assert any("the file is damaged: " in found for found in broken(file))


def test_everything_wrong_is_reported_at_once_in_order(file: Path, fill: Fill, tamper: Tamper) -> None:
    fill(file, 9)
    tamper(
        file,
        "UPDATE opspact_events SET actor = 'x' WHERE sequence IN (2, 7)",
        "DELETE FROM opspact_events WHERE sequence IN (4, 9)",
    )

    assert broken(file) == [
        "event 2 was changed: content does not match its hash",
        "event 4 is missing",
        "event 7 was changed: content does not match its hash",
        "event 9 is missing at the end: the anchor file ledger.head refers to event 9",
    ]


@pytest.mark.slow
@settings(max_examples=60 * EFFORT, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_any_bit_of_any_field_changed_in_the_file_is_found(
    tmp_path_factory: pytest.TempPathFactory, tamper: Tamper, data: st.DataObject
) -> None:
    file = tmp_path_factory.mktemp("bits") / "ledger.sqlite"
    with open_ledger(file) as ledger:
        for number in range(3):
            at = datetime(2026, 11, 23, 8, number, tzinfo=UTC)
            names: dict[str, Any] = {
                "contract": "c",
                "subject": "s",
                "key": "key" * (number + 1),
                "commit": "d",
                "plan_digest": "e",
            }
            append(ledger, Entry(at=at, actor="李", kind="a.b", **names))
    name, sequence = data.draw(st.sampled_from(FIELDS)), data.draw(st.integers(1, 3))
    with closing(sqlite3.connect(file)) as connection:
        query = f'SELECT "{name}" FROM opspact_events WHERE sequence = ?'
        (value,) = connection.execute(query, (sequence,)).fetchone()
    if isinstance(value, int):
        changed: object = value ^ (1 << data.draw(st.integers(2, 61)))  # lower bits meet another event's number
    else:
        raw = bytearray(value.encode())
        raw[data.draw(st.integers(0, len(raw) - 1))] ^= 1 << data.draw(st.integers(0, 7))
        changed = bytes(raw)
    wanted = "?" if isinstance(changed, int) else "CAST(? AS TEXT)"
    tamper(file, f'UPDATE opspact_events SET "{name}" = {wanted} WHERE sequence = {sequence}', parameters=(changed,))

    with open_ledger(file) as ledger, pytest.raises(LedgerBroken):
        verify(ledger)


def test_the_program_in_the_documentation_agrees(file: Path, fill: Fill) -> None:
    page = Path(__file__).parents[3] / "docs" / "decisions" / "0001-ledger.md"
    program = page.read_text(encoding="utf-8").partition("```python\n")[2].partition("```")[0]
    head = fill(file, 4)[-1].head
    with open_ledger(file) as ledger:
        whole = list(export(ledger))

    def audit(lines: list[str]) -> tuple[str, str]:
        command = [sys.executable, "-X", "utf8", "-c", program]
        done = subprocess.run(command, input="".join(lines), capture_output=True, encoding="utf-8", check=False)
        return done.stdout, done.stderr.splitlines()[-1] if done.stderr else ""

    assert audit(whole) == (f"{head}\n", "")
    assert audit([*whole[:2], *whole[3:]])[1] == "AssertionError: event 3: not after the one before"
    assert audit([whole[0].replace("app1", "app2"), *whole[1:]])[1] == "AssertionError: event 1: changed"


def test_what_was_recorded_is_what_the_file_holds(file: Path, fill: Fill) -> None:
    events = fill(file, 2)
    with closing(sqlite3.connect(file)) as connection:
        bodies = connection.execute("SELECT body FROM opspact_events ORDER BY sequence").fetchall()

    assert [event.body for event in events] == [json.loads(body) for (body,) in bodies]
