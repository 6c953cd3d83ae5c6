"""Rows that are not changed: values that do not fit, keys of other tables, triggers; and what nobody can know."""

import json
import subprocess
import sys
from base64 import b64encode
from pathlib import Path
from zlib import compress

import pytest
from looked_at import FakeHost, Said
from table_server import (
    FEES,
    HELD,
    TWO,
    Database,
    DatabaseHost,
    changes,
    differences,
    held,
    obstacle,
    refusal,
    step,
)

from opspact.steps.base import Obstacle
from opspact.steps.host_program import TABLE_ROWS
from opspact.structs import replace


def test_an_apply_that_meets_a_foreign_key_changes_nothing(host: DatabaseHost, database: Database) -> None:
    database(FEES)
    wanted = step(TWO, removes=True)
    database("INSERT INTO fee VALUES ('Z', '手工', 1, NULL, true, NULL), ('B', 'x', NULL, NULL, NULL, NULL)")
    database("CREATE TABLE paid (id integer PRIMARY KEY, code char(4) REFERENCES fee DEFERRABLE INITIALLY DEFERRED)")
    database("INSERT INTO paid VALUES (1, 'Z')")
    before = held(database)
    why = refusal(host, wanted)
    assert 'violates foreign key constraint "paid_code_fkey" on table "paid"' in why
    assert 'Key (code)=(Z   ) is still referenced from table "paid"' in why
    assert held(database) == before
    database("DELETE FROM paid")
    assert changes(host, wanted)
    assert held(database) == HELD


@pytest.mark.parametrize("what", ["CASCADE", "SET NULL", "SET DEFAULT"])
def test_no_row_is_deleted_when_rows_of_other_tables_would_go_with_it(
    host: DatabaseHost, database: Database, what: str
) -> None:
    database(FEES)
    database("INSERT INTO fee VALUES ('Z', '手工', 1, NULL, true, NULL)")
    database(f"CREATE TABLE paid (id integer PRIMARY KEY, code char(4) REFERENCES fee ON DELETE {what})")
    database("INSERT INTO paid VALUES (1, 'Z')")
    wanted = step(TWO, removes=True)
    found = obstacle(host, wanted)
    assert found.found == "foreign key that cascades"
    assert "paid (paid_code_fkey)" in found
    assert "paid (paid_code_fkey)" in refusal(host, wanted)
    assert (len(held(database)), held(database, "paid")) == (1, [(1, "Z   ")])
    assert changes(host, step(TWO))
    assert len(held(database)) == 3


@pytest.mark.parametrize(
    ("column", "value", "words"),
    [
        ("amount", "1.005", 'row 2: amount "1.005" does not fit numeric(6,2) exactly (it would be "1.01")'),
        ("amount", "10000", "row 2: numeric field overflow"),
        ("amount", "viel", 'row 2: invalid input syntax for type numeric: "viel"'),
        ("code", "ABCDE", 'row 2: code "ABCDE" does not fit character(4) exactly (it would be "ABCD")'),
        ("since", "2026-02-30", 'row 2: date/time field value out of range: "2026-02-30"'),
        ("sort", "1.5", 'row 2: invalid input syntax for type integer: "1.5"'),
        ("sort", "3000000000", 'row 2: value "3000000000" is out of range for type integer'),
        ("active", "maybe", 'row 2: invalid input syntax for type boolean: "maybe"'),
        ("code", "A1 ", '2 rows of the policy have the key "A1  "'),
    ],
)
def test_a_value_that_the_table_cannot_hold_is_for_people(
    host: DatabaseHost, database: Database, *, column: str, value: str, words: str
) -> None:
    database(FEES)
    wanted = step([TWO[0], {**TWO[1], column: value}])
    found = obstacle(host, wanted)
    assert found.startswith(words)
    assert refusal(host, wanted).startswith(words)
    assert held(database) == []


def test_what_is_no_table_of_these_rows_is_for_people(host: DatabaseHost, database: Database) -> None:
    assert obstacle(host, step(TWO)).found == "missing table"
    assert step(TWO).present(host) is False
    database(FEES)
    assert obstacle(host, step([{"code": "a", "colour": "red"}])).startswith("table fee has no column colour")
    assert step([{"code": "a", "colour": "red"}]).present(host) is True
    database("CREATE VIEW fees AS SELECT * FROM fee")
    assert obstacle(host, step(TWO, "fees")).startswith("fees is a view, expected a table")
    elsewhere = replace(step(TWO), database="nowhere")
    assert obstacle(host, elsewhere).startswith("database nowhere does not exist")
    assert elsewhere.present(host) is False
    database("CREATE TABLE loose (code text)")
    database("INSERT INTO loose VALUES ('a'), ('a')")
    assert obstacle(host, step([{"code": "a"}], "loose")).startswith('2 rows of table loose have the key "a"')


def test_a_table_with_very_many_other_rows_is_none_of_codes(host: DatabaseHost, database: Database) -> None:
    database("CREATE TABLE document AS SELECT n::text AS code FROM generate_series(1, 10002) AS n")
    wanted = step([{"code": "1"}], "document", removes=True)
    assert obstacle(host, wanted).startswith("more than 10000 rows of table document are not listed")
    refusal(host, wanted)
    assert database("SELECT count(*) FROM document") == [(10002,)]


def test_a_trigger_that_writes_something_else_undoes_the_change(host: DatabaseHost, database: Database) -> None:
    database(FEES)
    database(
        "CREATE FUNCTION shout() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN NEW.label = NEW.label || '!'; RETURN NEW; END $$"
    )
    database("CREATE TRIGGER shout BEFORE INSERT ON fee FOR EACH ROW EXECUTE FUNCTION shout()")
    assert "a trigger" in refusal(host, step(TWO))
    assert held(database) == []


def test_a_table_that_somebody_has_locked_is_unknown(host: DatabaseHost, database: Database, postgresql: str) -> None:
    database(FEES)
    program = TABLE_ROWS.text.replace("lock_timeout = '10s'", "lock_timeout = '100ms'")
    assert program != TABLE_ROWS.text
    socket = postgresql.partition("host=")[2]
    psql = [str(host.programs / "psql"), "-h", socket, "-U", "auditor", "postgres", "-XAtq"]
    with subprocess.Popen(psql, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdin
        assert other.stdout
        other.stdin.write("BEGIN; LOCK TABLE fee; SELECT 1;\n")
        other.stdin.flush()
        assert other.stdout.readline() == "1\n"
        table = {"table": "fee", "key": ["code"], "columns": ["code"], "removes": False}
        specification = json.dumps({"database": "postgres", "zone": "UTC", **table})
        packed = b64encode(compress(b'["a"]')).decode()
        for what in ("compare", "change"):
            done = subprocess.run(
                [sys.executable, "-I", "-S", "-c", program, what, specification, packed],
                env=host.environment,
                capture_output=True,
                text=True,
                timeout=60,
                check=False,
            )
            assert done.returncode == 1
            assert done.stderr.endswith("canceling statement due to lock timeout\n")
        other.stdin.close()


def test_a_server_that_does_not_answer_is_unknown(host: DatabaseHost, tmp_path: Path) -> None:
    runuser = host.programs / "runuser"
    runuser.write_text(runuser.read_text().replace("PGHOST=", f"PGHOST={tmp_path} X="))
    with pytest.raises(ValueError, match=r"cannot compare table postgres/fee: .*running"):
        differences(host, step(TWO))
    runuser.write_text("#!/bin/sh\nexit 7\n")
    with pytest.raises(ValueError, match="cannot compare table postgres/fee: psql ended with exit status 7"):
        differences(host, step(TWO))


def test_a_host_without_psql_has_no_such_table_yet(host: DatabaseHost, tmp_path: Path) -> None:
    bare = tmp_path / "bare"
    bare.mkdir()
    (bare / "python3").symlink_to(sys.executable)
    host.environment["PATH"] = str(bare)
    (said,) = differences(host, step(TWO))
    assert (said, isinstance(said, Obstacle)) == ("psql is not installed", False)
    assert step(TWO).present(host) is False


@pytest.mark.parametrize("answer", ["{}", "[]", '{"problem": "", "found": "", "differences": [["odd"]], "count": 1}'])
def test_an_answer_that_makes_no_sense_is_unknown(answer: str) -> None:
    with pytest.raises(ValueError, match="cannot compare table postgres/fee"):
        list(step(TWO).check(FakeHost(Said(answer)), {}))
