"""How events lie in a database: two tables, three indexes, and triggers that refuse everything but appending.

In: a connection. Out: the schema, made or checked; SQLite and PostgreSQL alike.
"""

from collections.abc import Iterable

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    func,
    insert,
    inspect,
    literal_column,
    select,
    text,
)
from sqlalchemy.dialects import sqlite
from sqlalchemy.schema import CreateIndex

from opspact.errors import ChainBreak, LedgerInvalid
from opspact.ledger.event import FIELDS, FORMAT, GENESIS
from opspact.text.names import list_names

_WORDS = Text().with_variant(Text(collation="C"), "postgresql")  # times compare as texts: bytes, not a language's order
_NUMBER = BigInteger().with_variant(Integer, "sqlite")  # SQLite's own row number, 64 bits too

metadata = MetaData()
about = Table("opspact_ledger", metadata, Column("version", Integer, nullable=False), sqlite_strict=True)
events = Table(
    "opspact_events",
    metadata,
    Column("sequence", _NUMBER, primary_key=True, autoincrement=False),
    *(Column(name, _NUMBER if name == "version" else _WORDS, nullable=False) for name in FIELDS[1:]),
    Index("opspact_events_by_kind", "kind", "sequence"),
    Index("opspact_events_by_subject", "contract", "kind", "subject", "sequence"),
    sqlite_strict=True,
)

HAS_KEY = events.c["key"] != literal_column("''")
"""The condition of the index of keys, word for word: a query that has it can use that index."""

_BY_KEY = Index(
    "opspact_events_by_key", events.c.contract, events.c.kind, events.c["key"], unique=True, sqlite_where=HAS_KEY
)

_TABLES = (about.name, events.name)

# BEFORE INSERT matters on its own: SQLite's INSERT OR REPLACE deletes a row without asking the DELETE trigger.
_NEWEST = "FROM opspact_events ORDER BY sequence DESC LIMIT 1"
_AT_THE_END = (
    f"NEW.sequence <> 1 + coalesce((SELECT sequence {_NEWEST}), 0)"
    f" OR NEW.previous <> coalesce((SELECT hash {_NEWEST}), '{GENESIS}')"
)
# INSERT OR REPLACE would put a row in the place of the one that has its key, too. PostgreSQL has nothing like it.
_OVER_A_KEY = (
    " OR NEW.\"key\" <> '' AND EXISTS (SELECT 1 FROM opspact_events"
    ' WHERE contract = NEW.contract AND kind = NEW.kind AND "key" = NEW."key" AND "key" <> \'\')'
)
_REFUSAL = "the ledger is append-only"

_SQLITE_GUARDS = {
    f"{table}_refuses_{verb.lower()}": f"CREATE TRIGGER {table}_refuses_{verb.lower()} BEFORE {verb} ON {table}"
    f" {when}BEGIN SELECT RAISE(ABORT, '{_REFUSAL}'); END"
    for table, verb, when in (
        (events.name, "UPDATE", ""),
        (events.name, "DELETE", ""),
        (events.name, "INSERT", f"WHEN {_AT_THE_END}{_OVER_A_KEY} "),
        (about.name, "UPDATE", ""),
        (about.name, "DELETE", ""),
        (about.name, "INSERT", "WHEN EXISTS (SELECT 1 FROM opspact_ledger) "),
    )
}

_POSTGRESQL_FUNCTIONS = (
    f"""CREATE FUNCTION opspact_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION '{_REFUSAL}'; END $$""",
    f"""CREATE FUNCTION opspact_only_at_the_end() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN IF {_AT_THE_END} THEN RAISE EXCEPTION '{_REFUSAL}'; END IF; RETURN NEW; END $$""",
)
_POSTGRESQL_GUARDS = {
    f"{table}_refuses_{verb.lower()}": f"CREATE TRIGGER {table}_refuses_{verb.lower()} BEFORE {verb} ON {table}"
    f" FOR EACH {each} EXECUTE FUNCTION {function}()"
    for table, verb, each, function in (
        (events.name, "UPDATE", "ROW", "opspact_refuse"),
        (events.name, "DELETE", "ROW", "opspact_refuse"),
        (events.name, "TRUNCATE", "STATEMENT", "opspact_refuse"),
        (events.name, "INSERT", "ROW", "opspact_only_at_the_end"),
        (about.name, "UPDATE", "ROW", "opspact_refuse"),
        (about.name, "DELETE", "ROW", "opspact_refuse"),
        (about.name, "TRUNCATE", "STATEMENT", "opspact_refuse"),
    )
}

_POSTGRESQL_PRESENT = text(
    "SELECT tgname FROM pg_trigger"
    " WHERE tgrelid IN (to_regclass(:about), to_regclass(:events)) AND tgenabled IN ('O', 'A')"
)
_POSTGRESQL_INDEXES = text(
    "SELECT relname FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid"
    " WHERE indrelid = to_regclass(:events) AND indisvalid AND (indisunique OR relname <> :unique)"
)

_INDEXES = frozenset(str(index.name) for index in events.indexes)
_UNIQUE = next(str(index.name) for index in events.indexes if index.unique)


def is_missing(connection: Connection, *, place: str) -> bool:
    """Given a connection, return whether the ledger's schema has yet to be made there.

    Raise LedgerInvalid when there is something else, half a ledger, or a ledger of another format.
    """
    present = set(inspect(connection).get_table_names())
    if not present.intersection(_TABLES):
        if present and connection.dialect.name == "sqlite":
            raise LedgerInvalid(
                f"{place} is a database of another application, with the tables {list_names(sorted(present))}",
                hint="use --ledger or OPSPACT_LEDGER to name another file; this one was not changed",
            )
        return True
    if not present.issuperset(_TABLES):
        hint = "import its newest export into a new ledger"
        raise LedgerInvalid(f"{place} is not a complete ledger: a table is missing", hint=hint)
    version = connection.scalar(select(func.max(about.c.version)))
    if version != FORMAT:
        raise _of_another_format(place, version)
    return False


def _of_another_format(place: str, version: int | None) -> LedgerInvalid:
    words = f"{place} has ledger format {version}; this opspact reads and writes format {FORMAT}"
    if version is not None and version > FORMAT:
        return LedgerInvalid(words, hint="use the opspact version that wrote it, or a newer one")
    return LedgerInvalid(
        words,
        hint=(
            "keep it for reference (the opspact version that wrote it can verify and export it); move it and its "
            ".head file away or use another ledger, and run the command again, which creates a new ledger"
        ),
    )


def create(connection: Connection) -> None:
    """Given a connection in a transaction, make the tables, the format's number and the triggers; all or nothing."""
    if connection.dialect.name == "postgresql":  # only here: naming the option loads that dialect, a tenth of a start
        _BY_KEY.dialect_kwargs["postgresql_where"] = HAS_KEY
    metadata.create_all(connection)
    connection.execute(insert(about).values(version=FORMAT))
    if connection.dialect.name == "sqlite":
        statements = list(_SQLITE_GUARDS.values())
    else:
        _refuse_other_encodings(connection)
        statements = [*_POSTGRESQL_FUNCTIONS, *_POSTGRESQL_GUARDS.values()]
    for statement in statements:
        connection.exec_driver_sql(statement)


def _refuse_other_encodings(connection: Connection) -> None:
    encoding = connection.scalar(text("SHOW server_encoding"))
    if encoding != "UTF8":
        raise LedgerInvalid(f"the PostgreSQL database is encoded in {encoding}; a ledger needs UTF8")


def inspect_guards(connection: Connection) -> list[ChainBreak]:
    """Given a connection, return what is wrong beside the rows: triggers and indexes removed, altered or damaged."""
    if connection.dialect.name == "sqlite":
        rows = connection.exec_driver_sql("SELECT name, sql FROM sqlite_master WHERE type IN ('trigger', 'index')")
        wanted = _SQLITE_GUARDS | {str(index.name): _sqlite_text(index) for index in events.indexes}
        present = {name for name, sql in rows if wanted.get(name) == sql}
        damage = [line for (line,) in connection.exec_driver_sql("PRAGMA integrity_check(20)") if line != "ok"]
        damaged = [ChainBreak(0, f"the file is damaged: {line}") for line in damage]
        return [*_absent(wanted.keys() - present), *damaged, *_repeated(connection)]
    names = {"about": about.name, "events": events.name, "unique": _UNIQUE}
    found = {*connection.scalars(_POSTGRESQL_PRESENT, names), *connection.scalars(_POSTGRESQL_INDEXES, names)}
    return [*_absent((_POSTGRESQL_GUARDS.keys() | _INDEXES) - found), *_repeated(connection)]


def _sqlite_text(index: Index) -> str:
    return str(CreateIndex(index).compile(dialect=sqlite.dialect()))


def _absent(names: Iterable[str]) -> list[ChainBreak]:
    return [ChainBreak(0, f"the trigger or index {name} was removed or changed") for name in sorted(names)]


def _repeated(connection: Connection) -> list[ChainBreak]:
    """Return the events whose key another event has: only without its index can such a one be recorded."""
    columns = events.c
    query = (
        select(func.max(columns.sequence), func.min(columns.sequence))
        .where(HAS_KEY)
        .group_by(columns.contract, columns.kind, columns["key"])
        .having(func.count() > 1)
    )
    return [
        ChainBreak(later, f"event {later} has the key of event {first}: it was inserted")
        for later, first in connection.execute(query)
    ]
