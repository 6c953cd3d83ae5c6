"""What is in a database of MariaDB: its tables and their rows; and how a dump gets into one.

Comes in: a database, how its server is reached. Goes out: rows by table, the newest record. A part of programs: all
must count the same.
"""

from __future__ import annotations

from pathlib import Path

from opspact.onhost.mariadb_client import (
    BROKEN_DUMP,
    DUMP_END,
    MariadbFailed,
    decode_name,
    mariadb_name,
    mariadb_text,
    rows_of,
    run_mariadb,
)

END_LENGTH = 200  # bytes at the end of a dump in which its last line is
TABLES_IN = """
 from information_schema.tables t left join information_schema.engines e on e.engine = t.engine
 where t.table_schema = {0} and t.table_type in ('BASE TABLE', 'SYSTEM VERSIONED')
 and coalesce(t.engine, '') not like 'MRG%'"""
"""Tables that have rows of their own."""
TRANSACTIONAL = f"select hex(t.table_name), coalesce(e.transactions, '') = 'YES' {TABLES_IN}"
TIMES_IN = f"""
select hex(c.table_name), hex(c.column_name) from information_schema.columns c join (
 select t.table_schema, t.table_name {TABLES_IN}
) t on t.table_schema = c.table_schema and t.table_name = c.table_name
where c.data_type in ('datetime', 'timestamp', 'date')"""  # noqa: S608 - no input
DEFAULTS_OF = """
select default_character_set_name, default_collation_name from information_schema.schemata where schema_name = {0}"""


def tables_of(database: str, options: tuple[str, ...] = ()) -> dict[str, bool]:
    """Return the tables of a database, each with whether a snapshot covers it. Raise MariadbFailed."""
    answer = run_mariadb(TRANSACTIONAL.format(mariadb_text(database)), options=options)
    return {decode_name(name): is_safe == "1" for name, is_safe in rows_of(answer)}


def defaults_of(database: str) -> dict[str, str]:
    """Return the character set and the collation of a database: its dump does not say them. Raise MariadbFailed."""
    found = rows_of(run_mariadb(DEFAULTS_OF.format(mariadb_text(database))))
    if not found:
        raise MariadbFailed(f"there is no database {database}")
    return {"character_set": found[0][0], "collation": found[0][1]}


def table_rows(database: str, options: tuple[str, ...] = ()) -> dict[str, int]:
    """Return the rows of each table of a database. Raise MariadbFailed."""
    tables, base = sorted(tables_of(database, options)), mariadb_name(database)
    queries = [f"select count(*) from {base}.{mariadb_name(table)}" for table in tables]  # noqa: S608 - quoted
    counts = rows_of(run_mariadb(*queries, options=options)) if queries else []
    return {table: int(count) for table, (count,) in zip(tables, counts)}  # noqa: B905 - Python 3.9 has no `strict`


def newest_time(database: str, until: str, options: tuple[str, ...] = ()) -> str:
    """Return the newest time in a database that is not later than `until` (UTC); empty: none. Raise MariadbFailed."""
    base, latest = mariadb_name(database), mariadb_text(until.replace("T", " ").rstrip("Z"))
    found = rows_of(run_mariadb(TIMES_IN.format(mariadb_text(database)), options=options))
    queries = [
        f"select date_format(max({mariadb_name(column)}), '%Y-%m-%dT%H:%i:%sZ') from {base}.{mariadb_name(table)} "  # noqa: S608 - quoted
        f"where {mariadb_name(column)} between '1000-01-01' and {latest}"
        for table, column in (map(decode_name, row) for row in found)
    ]
    answers = rows_of(run_mariadb(*queries, options=options)) if queries else []
    return max((answer for (answer,) in answers if answer != "NULL"), default="")


def load_dump(dump: Path, database: str, options: tuple[str, ...] = ()) -> None:
    """Given a dump and an empty database, restore it there. Raise MariadbFailed: it is not whole, or nothing takes it.

    A dump that was cut off between two statements is carried out without an error: its last line is wanted, too.
    """
    with dump.open("rb") as source:
        source.seek(max(0, dump.stat().st_size - END_LENGTH))
        if not DUMP_END.fullmatch((source.read().rstrip().splitlines() or [b""])[-1]):
            raise MariadbFailed("the dump is not whole: its last line is not there", BROKEN_DUMP)
        source.seek(0)
        run_mariadb(source=source, options=(*options, f"--database={database}"))
