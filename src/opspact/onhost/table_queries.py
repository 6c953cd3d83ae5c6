"""The statements that compare the rows of a PostgreSQL table with those wanted, and change them.

In: a table, what the database says of its columns, the wanted rows as lines of JSON. Out: scripts for psql. Values are
compared by their texts, byte for byte, with the settings of `SETTINGS`; keys by what their types take for equal. Runs
on hosts: python3, 3.9 or newer, and nothing else.
"""

from __future__ import annotations

from typing import NamedTuple

MOST_UNLISTED = 10000  # rows that no policy lists: a table with more is none of codes
SETTINGS = """\
\\set ON_ERROR_STOP on
\\set VERBOSITY verbose
SET lc_messages = 'C';
SET client_min_messages = error;
SET standard_conforming_strings = on;
SET DateStyle = 'ISO, YMD';
SET IntervalStyle = 'postgres';
SET extra_float_digits = 1;
SET lock_timeout = '10s';
SET statement_timeout = '30s';
SET TimeZone = {zone};
"""
ABOUT = """\
SELECT pg_catalog.json_build_object(
  'kind', c.relkind,
  'owner', pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(c.relowner)),
  'cascades', (
    SELECT pg_catalog.json_agg(f.conrelid::regclass::text || ' (' || f.conname || ')')
    FROM pg_catalog.pg_constraint f
    WHERE f.confrelid = c.oid AND f.contype = 'f' AND f.confdeltype IN ('c', 'n', 'd')),
  'columns', (
    SELECT pg_catalog.json_object_agg(a.attname, pg_catalog.json_build_object(
      'type', pg_catalog.format_type(a.atttypid, a.atttypmod),
      'base', pg_catalog.format_type(b.oid, -1),
      'number', b.oid IN (20, 21, 23, 700, 701, 1700),
      'inserted', a.attgenerated = '',
      'updated', a.attgenerated = '' AND a.attidentity <> 'a'))
    FROM pg_catalog.pg_attribute a, LATERAL (
      WITH RECURSIVE below AS (
        SELECT t.oid, t.typbasetype, 0 AS depth FROM pg_catalog.pg_type t WHERE t.oid = a.atttypid
        UNION ALL
        SELECT t.oid, t.typbasetype, below.depth + 1 FROM below JOIN pg_catalog.pg_type t ON t.oid = below.typbasetype)
      SELECT oid FROM below ORDER BY depth DESC LIMIT 1) b
    WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped))
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = {schema} AND c.relname = {table};
"""
POSITION = '"row number"'  # no column can be called that: columns of policies have no space in their names
SORTS = ("missing", "different", "unlisted")


class Table(NamedTuple):
    """What is wanted: the columns of the rows, those of the key; `removes` says whether other rows go."""

    database: str
    table: str
    key: list[str]
    columns: list[str]
    removes: bool
    zone: str

    @property
    def name(self) -> str:
        """Its name with its schema, quoted."""
        return ".".join(map(identifier, self.place))

    @property
    def place(self) -> tuple[str, str]:
        """Its schema and its name."""
        schema, dot, name = self.table.rpartition(".")
        return (schema if dot else "public", name)


class Columns(NamedTuple):
    """What the database says of the table: each column's type, the one below a domain, whether it is written.

    `cascades` are foreign keys that delete or change rows of other tables.
    """

    owner: str
    cascades: list[str]
    types: dict[str, dict[str, object]]


def literal(text: str) -> str:
    """Given text, return it as a literal (`standard_conforming_strings` is on)."""
    return "'" + text.replace("'", "''") + "'"


def identifier(name: str) -> str:
    """Given a name, return it quoted."""
    return '"' + name.replace('"', '""') + '"'


def wanted(table: Table, columns: Columns, rows: list[str]) -> str:
    """Return the beginning of a query that has the wanted rows, typed, as `wanted`."""
    pairs = enumerate((columns.types[it]["type"], identifier(it)) for it in table.columns)
    typed = ", ".join(f"(v->>{at})::{kind} AS {name}" for at, (kind, name) in pairs)
    array = literal("[" + ",".join(rows) + "]")
    given = f"SELECT v, n FROM pg_catalog.json_array_elements({array}::pg_catalog.json) WITH ORDINALITY AS r(v, n)"
    return f"WITH given AS ({given}), wanted AS MATERIALIZED (SELECT n AS {POSITION}, {typed} FROM given)\n"


def text_of(owner: str, column: str) -> str:
    """Return the expression of a value's text, compared byte for byte."""
    return f'{owner}.{identifier(column)}::pg_catalog.text COLLATE pg_catalog."C"'


def equal_key(table: Table) -> str:
    """Return the condition that a row of the table has the key of a wanted one."""
    return " AND ".join(f"t.{identifier(it)} = w.{identifier(it)}" for it in table.key)


def differs(table: Table) -> str:
    """Return the condition that a row differs from the wanted one of its key."""
    return " OR ".join(f"{text_of('t', it)} IS DISTINCT FROM {text_of('w', it)}" for it in table.columns)


def array_of(owner: str, columns: list[str]) -> str:
    """Return the expression of the texts of columns, as a JSON array."""
    return f"pg_catalog.json_build_array({', '.join(f'{owner}.{identifier(it)}::pg_catalog.text' for it in columns)})"


def compared(table: Table, columns: Columns, rows: list[str]) -> str:
    """Return the query of all differences: number, key, what is there, what is wanted; in an order that stays."""
    key = {owner: array_of(owner, table.key) for owner in "tw"}
    all_of = {owner: array_of(owner, table.columns) for owner in "tw"}
    join = f"FROM wanted w LEFT JOIN {table.name} t ON {equal_key(table)}"
    nothing = "NULL::pg_catalog.json"
    return f"""{wanted(table, columns, rows)}SELECT pg_catalog.json_build_array(sort, key, now, other) FROM (
  SELECT CASE WHEN t.tableoid IS NULL THEN 0 ELSE 1 END AS sort, w.{POSITION} AS place, {key["w"]} AS key,
    CASE WHEN t.tableoid IS NULL THEN {nothing} ELSE {all_of["t"]} END AS now, {all_of["w"]} AS other
  {join} WHERE t.tableoid IS NULL OR {differs(table)}
  UNION ALL (
    SELECT 2, 0, {key["t"]}, {all_of["t"]}, {nothing} FROM {table.name} t
    WHERE NOT EXISTS (SELECT FROM wanted w WHERE {equal_key(table)}) LIMIT {MOST_UNLISTED + 1})
) AS found ORDER BY sort, place, key::pg_catalog.text COLLATE pg_catalog."C"
"""


def checked(table: Table, columns: Columns, rows: list[str]) -> str:
    """Return the query of what is wrong with the rows: not exactly kept by their types, or a key that is not one."""
    head, pairs = wanted(table, columns, rows), f"FROM given g JOIN wanted w ON g.n = w.{POSITION}"
    inexact = []
    for at, name in enumerate(table.columns):
        kind, written = columns.types[name], f"(g.v->>{at})"
        kept = f"w.{identifier(name)}::pg_catalog.text"
        same = f"({written}::{kind['base']})::pg_catalog.text = {kept}"
        if kind["number"]:
            same = f"{written}::pg_catalog.numeric = {kept}::pg_catalog.numeric"
        values = f"w.{POSITION}, {literal(name)}, {literal(str(kind['type']))}, {written}, {kept}"
        inexact.append(f"SELECT 'inexact', {values} {pairs} WHERE NOT ({same})")
    keys = ", ".join(map(identifier, table.key))
    twice = (
        f"SELECT {{}}, pg_catalog.count(*), pg_catalog.json_build_array({keys})::pg_catalog.text, '', '', '' "
        f"FROM {{}} GROUP BY {keys} HAVING pg_catalog.count(*) > 1"
    )
    there = f"{table.name} t WHERE EXISTS (SELECT FROM wanted w WHERE {equal_key(table)})"
    parts = [*inexact, twice.format("'wanted twice'", "wanted"), twice.format("'there twice'", there)]
    what = "pg_catalog.json_build_array(what, number, name, type, written, kept)"
    queries = "\nUNION ALL ".join(f"({part})" for part in parts)
    names = "what, number, name, type, written, kept"
    return f"{head}SELECT {what} FROM ({queries}) AS p({names}) ORDER BY what, number LIMIT 1"


def transaction(table: Table, columns: Columns, rows: list[str]) -> str:
    """Return the script that deletes, updates and inserts what differs, and commits only when nothing differs then."""
    head, found = wanted(table, columns, rows), compared(table, columns, rows)
    matters = "" if table.removes else f"WHERE (line->>0) <> '{SORTS.index('unlisted')}'"
    count = f"SELECT pg_catalog.count(*) = 0 AS same FROM ({found}) AS found(line) {matters} \\gset\n"
    inserted = [identifier(it) for it in table.columns if columns.types[it]["inserted"]]
    names, values = ", ".join(inserted), ", ".join(f"w.{it}" for it in inserted)
    updated = [identifier(it) for it in table.columns if columns.types[it]["updated"]]
    pairs = ", ".join(f"{it} = w.{it}" for it in updated)
    update = f"""{head}UPDATE {table.name} t SET {pairs} FROM wanted w
WHERE {equal_key(table)} AND ({differs(table)});
"""
    absent = f"NOT EXISTS (SELECT FROM {table.name} t WHERE {equal_key(table)})"
    unlisted = f"NOT EXISTS (SELECT FROM wanted w WHERE {equal_key(table)})"
    delete = f"""{head}SELECT NOT EXISTS (SELECT FROM {table.name} t WHERE {unlisted}) AS keeps \\gset
\\if :keeps
\\elif {"yes" if columns.cascades else "no"}
ROLLBACK;
\\echo cascades
\\quit
\\else
{head}DELETE FROM {table.name} t WHERE {unlisted};
\\endif
"""
    return f"""BEGIN;
SET LOCAL ROLE {columns.owner};
LOCK TABLE {table.name} IN SHARE ROW EXCLUSIVE MODE;
{count}\\if :same
ROLLBACK;
\\echo same
\\quit
\\endif
{delete if table.removes else ""}{update if updated else ""}{head}INSERT INTO {table.name} ({names})
OVERRIDING SYSTEM VALUE SELECT {values} FROM wanted w WHERE {absent};
SET CONSTRAINTS ALL IMMEDIATE;
{count}\\if :same
COMMIT;
\\echo changed
\\else
{found};
ROLLBACK;
\\endif
"""
