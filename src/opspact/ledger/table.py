"""How events lie in a database: two tables, one index, and triggers that refuse everything but appending at the end.

Comes in: a connection. Goes out: the schema, made or checked.
"""

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
    select,
    text,
)

from opspact.errors import ChainBreak, LedgerUnfit
from opspact.ledger.event import GENESIS

SCHEMA_VERSION = 1
"""Written into `opspact_ledger`; a ledger with a higher one belongs to a newer opspact."""

_WORDS = Text().with_variant(Text(collation="C"), "postgresql")  # times compare as texts: bytes, not a language's order
_NUMBER = BigInteger().with_variant(Integer, "sqlite")  # SQLite's own row number, 64 bits too

metadata = MetaData()
about = Table("opspact_ledger", metadata, Column("version", Integer, nullable=False), sqlite_strict=True)
events = Table(
    "opspact_events",
    metadata,
    Column("sequence", _NUMBER, primary_key=True, autoincrement=False),
    *(
        Column(name, _WORDS, nullable=False)
        for name in ("at", "actor", "kind", "contract", "commit", "plan_digest", "body", "previous", "hash")
    ),
    Index("opspact_events_by_kind", "kind", "sequence"),
    sqlite_strict=True,
)

_TABLES = (about.name, events.name)

# BEFORE INSERT matters on its own: SQLite's INSERT OR REPLACE deletes a row without asking the DELETE trigger.
_NEWEST = "FROM opspact_events ORDER BY sequence DESC LIMIT 1"
_AT_THE_END = (
    f"NEW.sequence <> 1 + coalesce((SELECT sequence {_NEWEST}), 0)"
    f" OR NEW.previous <> coalesce((SELECT hash {_NEWEST}), '{GENESIS}')"
)
_REFUSAL = "the ledger is append-only"

_SQLITE_GUARDS = {
    f"{table}_refuses_{verb.lower()}": f"CREATE TRIGGER {table}_refuses_{verb.lower()} BEFORE {verb} ON {table}"
    f" {when}BEGIN SELECT RAISE(ABORT, '{_REFUSAL}'); END"
    for table, verb, when in (
        (events.name, "UPDATE", ""),
        (events.name, "DELETE", ""),
        (events.name, "INSERT", f"WHEN {_AT_THE_END} "),
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


def is_missing(connection: Connection, *, place: str) -> bool:
    """Given a connection, return whether the ledger's schema has yet to be made there.

    Raise LedgerUnfit when there is something else, half a ledger, or the ledger of a newer opspact.
    """
    present = set(inspect(connection).get_table_names())
    if not present.intersection(_TABLES):
        if present and connection.dialect.name == "sqlite":
            raise LedgerUnfit(f"{place} is a database of something else: it has {', '.join(sorted(present)[:5])}")
        return True
    if not present.issuperset(_TABLES):
        hint = "import its newest export into a new ledger"
        raise LedgerUnfit(f"{place} is no complete ledger: a table is missing", hint=hint)
    version = connection.scalar(select(func.max(about.c.version)))
    if version != SCHEMA_VERSION:
        raise LedgerUnfit(
            f"{place} has schema version {version}; this opspact knows {SCHEMA_VERSION}",
            hint="use the opspact that wrote it, or a newer one",
        )
    return False


def create(connection: Connection) -> None:
    """Given a connection in a transaction, make the tables, the version row and the triggers; all or nothing."""
    metadata.create_all(connection)
    connection.execute(insert(about).values(version=SCHEMA_VERSION))
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
        raise LedgerUnfit(f"the PostgreSQL database is encoded in {encoding}, a ledger needs UTF8")


def inspect_guards(connection: Connection) -> list[ChainBreak]:
    """Given a connection, return what is wrong beside the rows: triggers taken away or altered, a damaged index."""
    if connection.dialect.name == "sqlite":
        rows = connection.exec_driver_sql("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
        present = {name for name, sql in rows if _SQLITE_GUARDS.get(name) == sql}
        damage = [line for (line,) in connection.exec_driver_sql("PRAGMA integrity_check(20)") if line != "ok"]
        damaged = [ChainBreak(0, f"the file is damaged: {line}") for line in damage]
        return [*_absent(_SQLITE_GUARDS.keys() - present), *damaged]
    found = connection.scalars(_POSTGRESQL_PRESENT, {"about": about.name, "events": events.name})
    return _absent(_POSTGRESQL_GUARDS.keys() - set(found))


def _absent(names: set[str]) -> list[ChainBreak]:
    return [ChainBreak(0, f"the guard {name} was taken away or altered") for name in sorted(names)]
