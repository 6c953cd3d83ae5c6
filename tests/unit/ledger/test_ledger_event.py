"""Events, their canonical JSON and their hash, without a database."""

import hashlib
import json
import math
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from enum import StrEnum
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opspact.errors import Refused
from opspact.ledger.canonical import canonical_json
from opspact.ledger.chain import Chain, RecordedHead, chain_of
from opspact.ledger.event import (
    EMPTY,
    FIELDS,
    GENESIS,
    Entry,
    Head,
    SealedEvent,
    event_from_line,
    event_from_row,
    seal,
)
from opspact.structs import replace

plain_text = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=20)
json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(plain_text, inner, max_size=3),
    max_leaves=8,
)
entries = st.builds(
    Entry,
    at=st.datetimes(timezones=st.just(UTC)),
    actor=plain_text.filter(bool),
    kind=st.sampled_from(["apply.started", "verify.finished", "plan.made"]),
    version=st.integers(1, 2**40),
    contract=plain_text,
    subject=plain_text,
    key=plain_text,
    commit=plain_text,
    plan_digest=plain_text,
    body=st.dictionaries(plain_text, json_values, max_size=4),
)


def chained(new: list[Entry]) -> list[SealedEvent]:
    events: list[SealedEvent] = []
    for entry in new:
        events.append(seal(entry, after=events[-1].head if events else EMPTY))
    return events


def test_an_auditor_recomputes_every_hash_with_ten_lines_of_python(make_entry: Callable[..., Entry]) -> None:
    lines = [event.as_line() for event in chained([make_entry(number) for number in range(5)])]

    previous = "0" * 64
    for line in lines:
        event = json.loads(line)
        recorded = event.pop("hash")
        canonical = json.dumps(event, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        assert event["previous"] == previous
        assert recorded == hashlib.sha256(canonical.encode("utf-8")).hexdigest()
        previous = recorded


def test_the_first_event_is_this_text_and_this_hash_for_ever() -> None:
    entry = Entry(
        at=datetime(2026, 2, 24, 12, 30, tzinfo=timezone(timedelta(hours=8))),
        actor="李娜",
        kind="apply.finished",
        version=3,
        contract="office",
        subject="host/app1",
        key="app1 4",
        commit="c0ffee+dirty",
        body={"b": 1.5, "a": [True, None, "\u0000\n"]},
    )

    line = seal(entry, after=EMPTY).as_line()

    sealed = (
        '{"actor":"李娜","at":"2026-02-24T04:30:00.000000Z","body":{"a":[true,null,"\\u0000\\n"],"b":1.5},'
        '"commit":"c0ffee+dirty","contract":"office",%s"key":"app1 4","kind":"apply.finished","plan_digest":"",'
        f'"previous":"{GENESIS}","sequence":1,"subject":"host/app1","version":3}}'
    )
    digest = hashlib.sha256((sealed % "").encode()).hexdigest()
    assert sealed % f'"hash":"{digest}",' == line


@pytest.mark.slow
@given(st.lists(entries, max_size=5))
def test_any_events_make_a_chain_that_holds(new: list[Entry]) -> None:
    events = chained(new)

    chain = chain_of(event.as_row() for event in events)

    assert ((), len(new)) == (chain.breaks(), chain.count)


@given(entries)
def test_a_row_and_a_line_give_back_the_event_they_were_made_from(entry: Entry) -> None:
    event = seal(entry, after=EMPTY)

    assert event == event_from_row(event.as_row()) == event_from_line(event.as_line() + "\n")
    assert event.as_line() == canonical_json(event.as_json())
    assert event.body == json.loads(canonical_json(dict(entry.body)))


def flipped(value: Any, bit: int) -> Any:
    if isinstance(value, int):
        return value ^ (1 << (bit % 62))
    raw = bytearray(value.encode())
    raw[bit // 8 % len(raw)] ^= 1 << (bit % 8)
    return raw.decode("utf-8", "surrogateescape")


@pytest.mark.slow
@given(st.lists(entries, min_size=1, max_size=4), st.data())
def test_any_single_bit_of_any_field_that_changes_is_found(new: list[Entry], data: st.DataObject) -> None:
    rows = [event.as_row() for event in chained(new)]
    row = data.draw(st.sampled_from(rows))
    name = data.draw(st.sampled_from([name for name in FIELDS if row[name] != ""]))
    row[name] = flipped(row[name], data.draw(st.integers(0, 8 * 200)))

    chain = chain_of(sorted(rows, key=lambda one: one["sequence"]))

    assert chain.breaks()


@pytest.mark.slow
@given(st.lists(entries, min_size=2, max_size=5), st.data())
def test_any_event_taken_out_is_found_when_the_head_was_noted(new: list[Entry], data: st.DataObject) -> None:
    events = chained(new)
    gone = data.draw(st.sampled_from(events))

    chain = chain_of(
        (event.as_row() for event in events if event != gone), recorded=[RecordedHead(events[-1].head, "a note")]
    )

    assert [gone.sequence] == [found.sequence for found in chain.breaks()]


def test_an_event_that_is_not_the_noted_one_breaks_the_chain(make_entry: Callable[..., Entry]) -> None:
    event = seal(make_entry(), after=EMPTY)
    chain = Chain((RecordedHead(Head(1, "f" * 64), "a note"),))
    chain.add(event.as_row())

    assert [found.message for found in chain.breaks()] == [
        "event 1 does not match a note: earlier events were rewritten, or the record was changed"
    ]


class Colour(StrEnum):
    RED = "red"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"b": 1, "a": 2}, '{"a":2,"b":1}'),
        ((1, [2]), "[1,[2]]"),
        ("点", '"点"'),
        (1e22, "1e+22"),
        (Colour.RED, '"red"'),
    ],
)
def test_a_value_has_one_canonical_text(value: object, expected: str) -> None:
    assert expected == canonical_json(value)


def nested(levels: int) -> list[Any]:
    value: list[Any] = []
    for _ in range(levels):
        value = [value]
    return value


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"x": math.nan}, "nan is not a JSON number"),
        ({"x": [math.inf]}, "inf is not a JSON number"),
        ({"x": {1: 2}}, "the key 1 is not text"),
        ({"x": b"1"}, "bytes is not a JSON value"),
        ({"x": "\ud800"}, "not valid UTF-8 text"),
        ({"x": 2**63}, "larger than 64 bits"),
        ({"x": nested(5000)}, "more than 64 levels deep"),
    ],
)
def test_a_body_that_has_no_canonical_json_is_refused(
    make_entry: Callable[..., Entry], body: dict[str, Any], words: str
) -> None:
    with pytest.raises(Refused, match=words):
        make_entry(body=body)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"at": datetime(2026, 1, 1)}, "a time with a zone"),  # noqa: DTZ001 - that is what must be refused
        ({"at": datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=8)))}, "cannot be recorded"),
        ({"kind": "Apply Started"}, "not an event kind"),
        ({"actor": ""}, "needs an actor"),
        ({"actor": "a\0b"}, "actor contains a NUL"),
        ({"key": "a\0b"}, "key contains a NUL"),
        ({"version": 0}, "not an event kind"),
        ({"commit": "\udcff"}, "not valid UTF-8 text"),
    ],
)
def test_fields_that_cannot_be_recorded_faithfully_are_refused(
    make_entry: Callable[..., Entry], fields: dict[str, Any], words: str
) -> None:
    with pytest.raises(Refused, match=words):
        make_entry(**fields)


@pytest.mark.parametrize(
    "written", ["", "1", "1:ab", f"01:{GENESIS}", f"-1:{GENESIS}", f"1:{GENESIS}\n", f"1:{'A' * 64}"]
)
def test_what_is_not_exactly_a_written_head_is_refused(written: str) -> None:
    with pytest.raises(Refused, match="not a ledger head"):
        Head.parse(written)


def test_a_head_reads_back_as_it_was_written() -> None:
    head = Head(12, "a" * 64)

    assert head == Head.parse(str(head))


@pytest.mark.parametrize(
    "change",
    [
        lambda line: line.replace(",", ", ", 1),
        lambda line: line.replace("{", '{"actor":"somebody else",', 1),
        lambda line: line.replace('"sequence":1', '"sequence":1.0'),
        lambda line: line.replace('"sequence":1', '"sequence":true'),
        lambda line: line.replace('"commit":', '"comment":'),
        lambda _: "[" * 100_000,
        lambda _: "null",
    ],
)
def test_a_line_in_any_other_form_is_no_event(make_entry: Callable[..., Entry], change: Callable[[str], str]) -> None:
    line = seal(make_entry(), after=EMPTY).as_line()

    with pytest.raises(ValueError, match=r"it is no|canonical|sequence is"):
        event_from_line(change(line))


def test_events_are_known_without_loading_sqlalchemy() -> None:
    program = "import sys, opspact.ledger.events, opspact.ledger.chain; sys.exit('sqlalchemy' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_a_line_of_the_first_format_says_so(make_entry: Callable[..., Entry]) -> None:
    fields = seal(make_entry(), after=EMPTY).as_json()
    old = {name: value for name, value in fields.items() if name not in {"version", "subject", "key"}}

    with pytest.raises(ValueError, match="an event of ledger format 1; this opspact reads format 2"):
        event_from_line(canonical_json(old))


def test_a_body_that_is_not_canonical_breaks_the_chain_though_its_hash_fits(make_entry: Callable[..., Entry]) -> None:
    event = seal(make_entry(), after=EMPTY)
    spaced = replace(event, body_text=json.dumps(event.body))
    forged = replace(spaced, hash=spaced.computed_hash())

    assert [found.message for found in chain_of([forged.as_row()]).breaks()] == [
        "event 1 was changed: body is not in its canonical form"
    ]
