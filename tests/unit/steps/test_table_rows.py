"""Rows of a table in a PostgreSQL database, compared and changed: every value exactly."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from table_server import (
    FEES,
    HELD,
    TWO,
    Database,
    DatabaseHost,
    Row,
    changes,
    differences,
    held,
    obstacle,
    refusal,
    step,
)

from opspact.steps.base import Obstacle


def test_rows_are_written_exactly_and_then_nothing_differs(host: DatabaseHost, database: Database) -> None:
    database(FEES)
    wanted = step(TWO)
    assert differences(host, wanted) == [
        'row "A1" is missing (label "复印费", amount "0.50", since "2026-01-01", active "true", sort "1")',
        'row "B" is missing (label " 装订 ", amount "12.50", since null, active "false", sort "-2")',
    ]
    assert changes(host, wanted)
    assert held(database) == HELD
    assert differences(host, wanted) == []
    assert not changes(host, wanted)


@pytest.mark.parametrize(
    ("column", "value", "said"),
    [
        ("label", "'复印'", '"复印", expected "复印费"'),
        ("label", "'复印费 '", '"复印费 ", expected "复印费"'),
        ("label", "'复印\u200b费'", '"复印\\u200b费", expected "复印费"'),
        ("amount", "0.51", '"0.51", expected "0.50"'),
        ("amount", "NULL", 'null, expected "0.50"'),
        ("since", "'2026-01-02'", '"2026-01-02", expected "2026-01-01"'),
        ("active", "false", '"false", expected "true"'),
        ("sort", "10", '"10", expected "1"'),
    ],
)
def test_each_value_that_differs_is_named_and_corrected(
    host: DatabaseHost, database: Database, *, column: str, value: str, said: str
) -> None:
    database(FEES)
    wanted = step(TWO)
    assert changes(host, wanted)
    database(f"UPDATE fee SET {column} = {value} WHERE code = 'A1'")
    assert differences(host, wanted) == [f'row "A1": {column} is {said}']
    assert changes(host, wanted)
    assert held(database) == HELD


def test_null_and_no_text_are_two_things(host: DatabaseHost, database: Database) -> None:
    database("CREATE TABLE note (code text PRIMARY KEY, said text)")
    wanted = step([{"code": "a", "said": None}, {"code": "b", "said": ""}], "note")
    assert changes(host, wanted)
    assert held(database, "note") == [("a", None), ("b", "")]
    database("UPDATE note SET said = CASE code WHEN 'a' THEN '' END")
    assert differences(host, wanted) == ['row "a": said is "", expected null', 'row "b": said is null, expected ""']
    assert changes(host, wanted)
    assert held(database, "note") == [("a", None), ("b", "")]


@pytest.mark.parametrize(
    "value",
    [
        *("'; DROP TABLE note; --", "\\", "\\'", "\\gexec", ":same", ":'same'", '"', "$$", "a\u2028b\u0085c"),
        *("\U0001f642", "{{ 1 + 1 }}", "%s", "NULL", "null"),
    ],
)
def test_whatever_a_text_holds_is_a_text(host: DatabaseHost, database: Database, value: str) -> None:
    database("CREATE TABLE note (code text PRIMARY KEY, said text)")
    wanted = step([{"code": value, "said": value}], "note")
    assert changes(host, wanted)
    assert held(database, "note") == [(value, value)]
    assert differences(host, wanted) == []
    database("UPDATE note SET said = 'x'")
    assert len(differences(host, wanted)) == 1


def test_rows_that_are_not_listed_are_reported_and_stay(host: DatabaseHost, database: Database) -> None:
    database(FEES)
    wanted = step(TWO)
    assert changes(host, wanted)
    database("INSERT INTO fee VALUES ('Z', '手工', 1, NULL, true, NULL)")
    found = obstacle(host, wanted)
    assert found.startswith('row "Z" is not listed (label "手工", amount "1.00", since null, active "true", sort null)')
    assert found.found == "rows that are not listed"
    database("DELETE FROM fee WHERE code = 'B'")
    said = differences(host, wanted)
    assert [it.split(" (")[0] for it in said] == ['row "B" is missing', 'row "Z" is not listed']
    assert not any(isinstance(it, Obstacle) for it in said)
    assert changes(host, wanted)
    assert held(database) == [*HELD, ("Z   ", "手工", "1.00", None, True, None)]
    assert not changes(host, wanted)


def test_rows_that_are_not_listed_are_removed_where_the_policy_says_so(host: DatabaseHost, database: Database) -> None:
    database(FEES)
    wanted = step(TWO, removes=True)
    database("INSERT INTO fee VALUES ('Z', '手工', 1, NULL, true, NULL), ('B', 'x', NULL, NULL, NULL, NULL)")
    missing, different, unlisted = differences(host, wanted)
    assert missing.startswith('row "A1" is missing (')
    assert different == (
        'row "B": label is "x", expected " 装订 ", amount is null, expected "12.50", active is null, expected "false", '
        'sort is null, expected "-2"'
    )
    assert unlisted.startswith('row "Z" is not listed (')
    assert changes(host, wanted)
    assert held(database) == HELD
    assert differences(host, wanted) == []


def test_the_types_of_domains_and_parts_of_seconds_are_exact_too(host: DatabaseHost, database: Database) -> None:
    database("CREATE DOMAIN short AS varchar(3) CHECK (value <> 'bad')")
    database("CREATE TABLE thing (code short PRIMARY KEY, at timestamptz(0), factor real, notes text[], more jsonb)")
    whole = {"code": "abc", "at": "2026-03-01 12:00", "factor": "0.1", "notes": "{a,b}", "more": '{"a": [1, null]}'}
    assert changes(host, step([whole], "thing"))
    assert differences(host, step([whole], "thing")) == []
    assert database("SELECT code, (at AT TIME ZONE 'UTC')::text, factor::text, notes, more FROM thing")[0][1:] == (
        "2026-03-01 04:00:00",
        "0.1",
        ["a", "b"],
        {"a": [1, None]},
    )
    for column, value, words in (
        ("code", "abcd", 'row 1: code "abcd" does not fit short exactly (it would be "abc")'),
        ("code", "bad", 'row 1: value for domain short violates check constraint "short_check"'),
        ("at", "2026-03-01 12:00:00.5", 'row 1: at "2026-03-01 12:00:00.5" does not fit timestamp(0) with time zone'),
        ("factor", "0.123456789", 'row 1: factor "0.123456789" does not fit real exactly'),
    ):
        assert obstacle(host, step([{**whole, column: value}], "thing")).startswith(words)


def test_rows_are_written_as_the_owner_of_the_table(host: DatabaseHost, database: Database) -> None:
    database("DROP ROLE IF EXISTS clerk")
    database("CREATE ROLE clerk")
    try:
        database("GRANT CREATE, USAGE ON SCHEMA public TO clerk")
        database("CREATE TABLE who (code text PRIMARY KEY, by text NOT NULL DEFAULT current_user)")
        database("ALTER TABLE who OWNER TO clerk")
        assert changes(host, step([{"code": "a"}], "who"))
        assert held(database, "who") == [("a", "clerk")]
    finally:
        database("DROP OWNED BY clerk")
        database("DROP ROLE clerk")


def test_identity_columns_several_keys_and_another_schema(host: DatabaseHost, database: Database) -> None:
    database("DROP SCHEMA IF EXISTS codes CASCADE")
    database("CREATE SCHEMA codes")
    try:
        database(
            "CREATE TABLE codes.level (id integer GENERATED ALWAYS AS IDENTITY, part text, label text, "
            "size integer GENERATED ALWAYS AS (length(label)) STORED, PRIMARY KEY (id, part))"
        )
        rows: list[Row] = [
            {"id": "1", "part": "a", "label": "x", "size": "1"},
            {"id": "1", "part": "b", "label": "yz", "size": "2"},
        ]
        wanted = step(rows, "codes.level", key=("id", "part"))
        assert [it.split(" (")[0] for it in differences(host, wanted)] == [
            'row "1" "a" is missing',
            'row "1" "b" is missing',
        ]
        assert changes(host, wanted)
        database("UPDATE codes.level SET label = 'long' WHERE part = 'a'")
        assert changes(host, wanted)
        assert sorted(held(database, "codes.level")) == [(1, "a", "x", 1), (1, "b", "yz", 2)]
        wrong = step([{**rows[0], "size": "7"}], "codes.level", key=("id", "part"))
        assert "generated column" in refusal(host, wrong)
    finally:
        database("DROP SCHEMA codes CASCADE")


def test_keys_that_the_database_takes_for_equal_are_one_row(host: DatabaseHost, database: Database) -> None:
    database("CREATE COLLATION loose (provider = icu, locale = 'und-u-ks-level2', deterministic = false)")
    database("CREATE TABLE word (code text COLLATE loose PRIMARY KEY, label text)")
    database("INSERT INTO word VALUES ('ABC', 'x')")
    wanted = step([{"code": "abc", "label": "x"}], "word")
    assert differences(host, wanted) == ['row "abc": code is "ABC", expected "abc"']
    assert changes(host, wanted)
    assert held(database, "word") == [("abc", "x")]


def test_many_rows_are_compared_and_the_first_are_said(host: DatabaseHost, database: Database) -> None:
    database("CREATE TABLE area (code text PRIMARY KEY, label text)")
    rows = [{"code": f"{number:06}", "label": "区" * 30} for number in range(3000)]
    wanted = step(rows, "area")
    said = differences(host, wanted)
    assert len(said) == 21
    assert said[-1].startswith("3,000 rows in all, digest ")
    assert changes(host, wanted)
    assert database("SELECT count(*), min(label), max(length(label)) FROM area") == [(3000, "区" * 30, 30)]
    assert differences(host, wanted) == []
    database("UPDATE area SET label = repeat('区', 99) || '一' WHERE code = '000007'")
    (one, all_of) = differences(host, wanted)
    database("UPDATE area SET label = repeat('区', 99) || '二' WHERE code = '000007'")
    (same, others) = differences(host, wanted)
    assert (one, same) == (f'row "000007": label is "{"区" * 60}…", expected "{"区" * 30}"',) * 2
    assert all_of != others


CELLS = st.none() | st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=6)
TABLES = st.dictionaries(
    st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=4), st.tuples(CELLS, CELLS), max_size=5
)


@pytest.mark.slow
@settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(before=TABLES, after=TABLES.filter(bool), removes=st.booleans())
def test_from_any_rows_to_any_rows(
    host: DatabaseHost,
    database: Database,
    *,
    before: dict[str, tuple[str | None, str | None]],
    after: dict[str, tuple[str | None, str | None]],
    removes: bool,
) -> None:
    database("DROP TABLE IF EXISTS pair")
    database("CREATE TABLE pair (code text PRIMARY KEY, one text, two varchar)")
    first = [{"code": code, "one": one, "two": two} for code, (one, two) in before.items()]
    if first:
        assert changes(host, step(first, "pair", removes=True))
    wanted = step(
        [{"code": code, "one": one, "two": two} for code, (one, two) in after.items()], "pair", removes=removes
    )
    there = after if removes else {**before, **after}
    differ = {code for code in after if after[code] != before.get(code, ...)}
    unlisted = before.keys() - after.keys()
    assert bool(differences(host, wanted)) is bool(differ or unlisted)
    assert changes(host, wanted) is bool(differ or (removes and unlisted))
    assert {row[0]: row[1:] for row in held(database, "pair")} == there


def test_the_rows_stay_when_their_policy_goes() -> None:
    assert step(TWO).reason_to_keep(made=False) == step(TWO).reason_to_keep(made=True) == "its rows stay as they are"
    assert step(TWO).removal() == ()
