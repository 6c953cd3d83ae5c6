"""The program that compares the rows of a PostgreSQL table with those wanted, and changes them in one transaction.

In: `compare SPECIFICATION ROWS` with the rows packed (zlib, base64), or `change SPECIFICATION` with the rows on
standard input. The specification is a JSON object (`Table`); rows are lines, each a JSON array of texts and nulls in
the order of the columns. Out: for `compare` one JSON object: `problem` is why nothing can be compared or changed,
`found` what that is (both empty: none); `exists` says whether the table does; `differences` are the first ones, each
its sort, the key and for every differing column its name, what is there and what is wanted; `count`, `unlisted` and
`digest` are of all. `change` writes `changed` when it changed something, and ends with 1 and one line when it could
not: then nothing was changed. Runs on hosts, as root: python3, 3.9 or newer, and psql.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from base64 import b64decode
from hashlib import sha256
from shutil import which
from zlib import decompress

from opspact.onhost.table_queries import (
    ABOUT,
    MOST_UNLISTED,
    SETTINGS,
    SORTS,
    Columns,
    Table,
    checked,
    compared,
    literal,
    transaction,
    wanted,
)

ACCOUNT = "postgres"
SHOWN = 100  # differences that are said
LIMIT = 45  # seconds for one session: whoever asks waits a minute
MARK = "opspact row "
NO_CONNECTION = 2  # psql's exit status
NO_PSQL, NO_DATABASE, NO_TABLE = "missing program", "missing database", "missing table"
KINDS = {"v": "view", "m": "materialized view", "f": "foreign table", "S": "sequence", "i": "index"}


class Cannot(Exception):  # noqa: N818 - named after what happened
    """Why nobody knows, or nothing was changed."""


class Problem(Exception):  # noqa: N818 - named after what was found
    """What a person has to change first: `args` are the words, and what it is."""


class Failed(Exception):  # noqa: N818 - named after what happened
    """What PostgreSQL said when it refused a statement: `args` are the SQLSTATE and the words."""


def psql(database: str, script: str) -> tuple[int, str, str]:
    """Given a script, run it as the database's superuser; return the exit status, what it said and complained."""
    if which("psql") is None:
        raise Problem("psql is not installed", NO_PSQL)
    words = ["runuser", "-u", ACCOUNT, "--", "psql", "-XAtq", "-d", database]
    environment = {"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "LC_ALL": "C.UTF-8", "PGCLIENTENCODING": "UTF8"}
    environment["PGCONNECT_TIMEOUT"] = "10"
    try:
        done = subprocess.run(
            words, input=script.encode(), capture_output=True, env=environment, cwd="/", timeout=LIMIT, check=False
        )
    except subprocess.TimeoutExpired:
        raise Cannot(f"PostgreSQL did not answer within {LIMIT} s") from None
    except OSError as error:
        raise Cannot(f"cannot start psql: {error.strerror}") from None
    return done.returncode, done.stdout.decode("utf-8", "replace"), done.stderr.decode("utf-8", "replace")


def session(table: Table, script: str) -> list[str]:
    """Given statements, run them in one session; return the lines of their rows. Raise Failed when one fails."""
    rc, said, complained = psql(table.database, SETTINGS.format(zone=literal(table.zone)) + script)
    if rc == 0:
        return said.split("\n")[:-1]  # in values stand other ends of lines, too
    if rc == NO_CONNECTION and not has_database(table.database):
        raise Problem(f"database {table.database} does not exist", NO_DATABASE)
    raise failure(complained) or Cannot(last_line(complained) or f"psql ended with exit status {rc}")


def has_database(database: str) -> bool:
    """Return whether a database exists; True when nobody can tell."""
    rc, said, _ = psql("postgres", f"SELECT 1 FROM pg_catalog.pg_database WHERE datname = {literal(database)};\n")
    return rc != 0 or said.strip() == "1"


def failure(complained: str) -> Failed | None:
    """Given standard error, return the first error that PostgreSQL reported with its detail; None: there is none."""
    found = re.search(r"^(?:psql:.*?: )?(?:ERROR|FATAL):  ([0-9A-Z]{5}): (.*)$", complained, re.MULTILINE)
    if not found:
        return None
    detail = re.search(r"^DETAIL:  (.*)$", complained[found.end() :], re.MULTILINE)
    return Failed(found[1], f"{found[2]}: {detail[1]}" if detail else found[2])


def last_line(text: str) -> str:
    """Given text, return its last line."""
    return text.strip().rpartition("\n")[2][-300:]


def columns_of(table: Table) -> Columns:
    """Given a table, return what the database says of it. Raise Problem when the rows cannot be its rows."""
    schema, name = table.place
    lines = session(table, ABOUT.format(schema=literal(schema), table=literal(name)))
    if not lines:
        raise Problem(f"table {table.table} does not exist in database {table.database}", NO_TABLE)
    about = json.loads(lines[0])
    if about["kind"] not in {"r", "p"}:
        kind = KINDS.get(about["kind"], "relation of another kind")
        raise Problem(f"{table.table} is a {kind}, expected a table", kind)
    types = about["columns"] or {}
    if lacking := [column for column in table.columns if column not in types]:
        raise Problem(f"table {table.table} has no column {', '.join(lacking)}", "missing column")
    return Columns(about["owner"], about["cascades"] or [], types)


def problem_in(table: Table, line: str) -> Problem:
    """Given a row of `checked`, return it in words."""
    what, number, name, kind, written, kept = json.loads(line)
    if what == "inexact":
        words = f'row {number}: {name} "{written}" does not fit {kind} exactly (it would be "{kept}")'
        return Problem(words, "inexact value")
    key = " ".join(map(str, json.loads(name)))
    if what == "wanted twice":
        return Problem(f'{number} rows of the policy have the key "{key}" in table {table.table}', "repeated key")
    return Problem(f'{number} rows of table {table.table} have the key "{key}": it is no key', "repeated key")


def invalid_row(table: Table, columns: Columns, rows: list[str], *, error: Failed) -> Problem:
    """Given an error about a value, return the first wanted row that has it."""
    script = SETTINGS.format(zone=literal(table.zone)) + "\\set ON_ERROR_STOP off\n"
    for number, row in enumerate(rows, start=1):
        query = f"{wanted(table, columns, [row])}SELECT (w.*)::pg_catalog.text FROM wanted w;\n"
        script += f"\\warn {MARK}{number}\n{query}"
    _, _, complained = psql(table.database, script)
    for part in complained.split(MARK)[1:]:
        row, _, words = part.partition("\n")
        if found := failure(words):
            return Problem(f"row {row}: {found.args[1]}", "invalid value")
    return Problem(error.args[1], "invalid value")


def compare(table: Table, rows: list[str]) -> dict[str, object]:
    """Given a table and the wanted rows, return how they differ. Raise Problem when they cannot be its rows."""
    columns = columns_of(table)
    script = f"BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;\n{checked(table, columns, rows)};\n\\echo\n"
    try:
        lines = session(table, f"{script}{compared(table, columns, rows)};\nCOMMIT;\n")
    except Failed as error:
        if error.args[0].startswith("22") or error.args[0] == "23514":  # a value that its type does not take
            raise invalid_row(table, columns, rows, error=error) from None
        raise
    end = lines.index("")
    if end:
        raise problem_in(table, lines[0])
    return summary(table, columns, lines[end + 1 :])


def summary(table: Table, columns: Columns, lines: list[str]) -> dict[str, object]:
    """Given the rows of `compared`, return the differences in short, and what speaks against fixing them."""
    differences = []
    for line in lines[:SHOWN]:
        sort, key, now, other = json.loads(line)
        nothing = [None] * len(table.columns)
        pairs = enumerate(table.columns)
        values = [[name, (now or nothing)[at], (other or nothing)[at]] for at, name in pairs]
        shown = [it for it in values if now is None or other is None or it[1] != it[2]]
        differences.append([SORTS[sort], key, shown])
    unlisted = sum(line.startswith(f"[{SORTS.index('unlisted')}, ") for line in lines)
    problem, found = "", ""
    if unlisted > MOST_UNLISTED:
        problem = f"more than {MOST_UNLISTED} rows of table {table.table} are not listed: it is no code table"
        found = "large table"
    elif unlisted and table.removes and columns.cascades:
        problem, found = deletion_problem(columns), "foreign key that cascades"
    digest = sha256("\n".join(lines).encode()).hexdigest()
    return {
        **answer(problem, found),
        "differences": differences,
        "count": len(lines),
        "unlisted": unlisted,
        "digest": digest,
    }


def answer(problem: str, found: str) -> dict[str, object]:
    """Given why nothing can be compared or changed and what that is, return an answer without differences."""
    exists = found not in {NO_PSQL, NO_DATABASE, NO_TABLE}
    nothing: dict[str, object] = {"differences": [], "count": 0, "unlisted": 0, "digest": ""}
    return {"exists": exists, "problem": problem, "found": found, **nothing}


def deletion_problem(columns: Columns) -> str:
    """Return why no row may be deleted."""
    others = ", ".join(sorted(columns.cascades))
    return f"deleting rows would delete or change rows of {others}, whose foreign key cascades"


def change(table: Table, rows: list[str]) -> bool:
    """Given a table and the wanted rows, change it in one transaction; return whether anything was to be done.

    Raise Problem or Failed when nothing was changed.
    """
    before = compare(table, rows)
    if before["problem"]:
        raise Problem(before["problem"], before["found"])
    columns = columns_of(table)
    lines = session(table, transaction(table, columns, rows))
    outcome = lines[-1] if lines else ""
    if outcome in {"same", "changed"}:
        return outcome == "changed"
    if outcome == "cascades":
        raise Problem(deletion_problem(columns), "foreign key that cascades")
    keys = ", ".join(" ".join(map(str, json.loads(line)[1])) for line in lines[:5])
    why = "a trigger, a rule or a generated column prevents it"
    raise Problem(f"the rows would not be as they are written (key {keys}): {why}", "rows that cannot be written")


def main(what: str, specification: str, packed: str = "") -> int:
    """Compare or change; return the exit status."""
    table = Table(**json.loads(specification))
    given = decompress(b64decode(packed)).decode() if packed else sys.stdin.read()
    rows = [line for line in given.split("\n") if line]
    if not rows:
        raise Cannot("no rows were given")
    if what == "compare":
        try:
            said = compare(table, rows)
        except Problem as problem:
            said = answer(*problem.args)
        except Failed as error:
            raise Cannot(error.args[1]) from None
        sys.stdout.write(json.dumps(said) + "\n")
        return 0
    try:
        changed = change(table, rows)
    except Problem as problem:
        raise Cannot(f"nothing was changed: {problem.args[0]}") from None
    except Failed as error:
        raise Cannot(f"nothing was changed: {error.args[1]}") from None
    if changed:
        sys.stdout.write("changed\n")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main(*sys.argv[1:]))
    except Cannot as problem:
        sys.exit(str(problem))
