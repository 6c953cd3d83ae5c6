"""Rows of one table of a PostgreSQL database that are purged: whether they may be, which, and their removal.

In: the settings of data care. Out: SQL that is carried out. A part of programs.

The rows of a run are copied into a table of their own, its stage `opspact_purge."POLICY"`, and the archive is made of
that. When the archive has been read back and is that to the byte, what is in the stage is removed, joined by key: each
row has to be what was archived, the same to the bit, or else the same as text, which is what an archive holds. That is
stricter than `IS NOT DISTINCT FROM` (1.0 is not 1.00) and works for types without equality (json). A row that another
session has changed since stays.

The comment of the stage is the state of the run: it changes in the transaction that removes rows, survives the death of
either program and the crash of the database, and is replicated nowhere. The stage itself is unlogged: a crash empties
it, and it is filled again with what is in the archive.
"""

from __future__ import annotations

import json
import os
import time
from typing import Any

from opspact.onhost.postgresql import Database, identifier, literal
from opspact.onhost.purge_queries import SCHEMA, Names, holders_query, removal_statement, stage_query, table_query

Facts = dict[str, Any]
OLDEST_SERVER = 140000  # the first that scans a range of a table's rows, and notices that a client is gone
TIMES = {"timestamp with time zone", "timestamp without time zone", "date"}
LAYOUT = 2  # of the stage and its state
LOCK_PATIENCE_OF_ROWS = "3s"  # that a batch waits for a row that another session has locked
SHARE_OF_FREE_SPACE = 4  # the rows that are compared may take this part of it


class CannotPurge(Exception):  # noqa: N818 - named after the decision
    """Nothing more is purged; the message says why. `again`: another run may be able to go on."""

    def __init__(self, message: str, *, again: bool = False) -> None:
        super().__init__(message)
        self.again = again


class Purge:
    """The purge of one table: its names as SQL, and what is known of it."""

    def __init__(self, configuration: Facts) -> None:
        self.policy = str(configuration["job"]).partition("/")[2]
        self.database = Database(str(configuration["database"]), str(configuration.get("account", "postgres")))
        schema, _, name = str(configuration["table"]).rpartition(".")
        self.name = f"{schema or 'public'}.{name}"
        self.table = f"{identifier(schema or 'public')}.{identifier(name)}"
        self.column = str(configuration["column"])
        self.age: Facts = configuration["older_than"]  # {"months": 6, "seconds": 0}
        self.zone = str(configuration["zone"])
        self.batch = int(configuration["batch"])
        self.room: float | None = configuration.get("room")
        self.patience = float(configuration.get("patience", 600))
        self.stage = f"{SCHEMA}.{identifier(self.policy)}"
        self.facts: Facts = {}

    @property
    def names(self) -> Names:
        """What the queries name."""
        return Names(self.table, self.stage, self.column)

    @property
    def lock(self) -> str:
        """The statement that waits until no session that a killed program left works on this purge."""
        return f"SELECT pg_advisory_lock(hashtext({literal(SCHEMA)}), hashtext({literal(self.policy)}))"

    def inspect(self, *, waits: bool = True) -> None:
        """Learn what there is, once no session of a killed program works on it any more, unless it `waits` not.

        Raise CannotPurge when there is no such table, PostgresqlFailed.
        """
        first = (self.lock,) if waits else ()
        self.facts = self.database.ask_json(*first, table_query(self.names), lock_timeout="600s") or {}
        if not self.facts:
            raise CannotPurge(f"the database {self.database.name} has no table {self.name}")

    @property
    def columns(self) -> str:
        """The columns whose values are archived, as SQL: those that are computed from others are not."""
        return ", ".join(self.facts["columns"])

    def state(self) -> Facts:
        """Return the state of the run that is not over yet; empty when there is none."""
        found = self.facts["stage"]
        if self.facts["schema_is_ours"] is False or (found and (found["kind"] != "r" or not found["is_ours"])):
            raise CannotPurge(f"{self.stage} is not the table of this program: another account made it or its schema")
        if not found:
            return {}
        state: Facts = json.loads(found["state"] or "{}")
        return state

    def refuse(self) -> None:
        """Raise CannotPurge when the table is one whose rows cannot be purged safely."""
        for reason in refusals(self):
            raise CannotPurge(f"{self.name} is not purged: {reason}")

    def selection(self, state: Facts) -> str:
        """Return the condition, as SQL, of the rows that a run archives."""
        cutoff = f"{literal(state['cutoff'])}::timestamptz"
        if self.facts["type"] != "timestamp with time zone":
            cutoff = f"({cutoff} AT TIME ZONE {literal(self.zone)})::{self.facts['type']}"
        return f"{identifier(self.column)} < {cutoff}"

    def start(self) -> Facts:
        """Begin a run with an empty stage, and return its state."""
        interval = f"make_interval(months => {int(self.age['months'])}, secs => {float(self.age['seconds'])})"
        wall = f"(now() AT TIME ZONE {literal(self.zone)}) - {interval}"
        cutoff = self.database.execute(f"SELECT ({wall}) AT TIME ZONE {literal(self.zone)}").strip()
        state = {
            "phase": "archiving",
            "layout": LAYOUT,
            "cutoff": cutoff,
            "limit": self.row_limit(),
            "signature": self.facts["signature"],
            "resumed": 0,
        }
        make = (
            f"CREATE UNLOGGED TABLE {self.stage} WITH (autovacuum_enabled = false) AS "
            f"{stage_query(self.names, self.facts['columns'])} WITH NO DATA"
        )
        self.database.execute(
            "BEGIN", f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}", make, self.state_statement(state), "COMMIT"
        )
        return state

    def row_limit(self) -> int:
        """Return how many rows there is room for beside the table, where they are compared; 0: for all."""
        system = os.statvfs(self.facts["place"])
        room = self.room or system.f_bavail * system.f_frsize / SHARE_OF_FREE_SPACE
        return int(room / max(self.facts["row_bytes"], 1)) + 1 if self.facts["bytes"] > room else 0

    def state_statement(self, state: Facts) -> str:
        """Return the statement that keeps the state of the run."""
        return f"COMMENT ON TABLE {self.stage} IS {literal(json.dumps(state))}"

    def remember(self, state: Facts) -> None:
        """Keep the state of the run, on the disk when this returns."""
        self.database.execute(self.state_statement(state))

    def is_any(self, state: Facts) -> bool:
        """Whether any row is to be archived."""
        query = f"SELECT EXISTS (SELECT FROM ONLY {self.table} WHERE {self.selection(state)})"
        return self.database.execute(query).strip() == "t"

    def copy_statements(self, state: Facts) -> tuple[str, ...]:
        """Return the statements that fill the stage with the rows of a run, and give them to be archived.

        They wait like all others: whoever is killed fills nothing that another run has archived meanwhile.
        """
        limit = f" ORDER BY {identifier(self.column)} LIMIT {state['limit']}" if state["limit"] else ""
        rows = f"{stage_query(self.names, self.facts['columns'])} WHERE {self.selection(state)}{limit}"
        waits = f"DO $$ BEGIN PERFORM {self.lock.removeprefix('SELECT ')}; END $$"  # without a line of its own
        fill = ("BEGIN", f"TRUNCATE {self.stage}", f"INSERT INTO {self.stage} {rows}", "COMMIT")
        return waits, *fill, f"COPY {self.stage} ({self.columns}) TO STDOUT"

    def load_statements(self, state: Facts) -> tuple[bytes, bytes]:
        """Return what psql reads before and after the rows of an archive that go into the stage.

        Without the latter, none do. `state`: the run's, once they have.
        """
        count = (
            f"DO $$ BEGIN IF (SELECT count(*) FROM {self.stage}) <> {int(state['rows'])} THEN "
            "RAISE 'the archive has another number of rows than were archived'; END IF; END $$"
        )
        before = f"BEGIN;\nTRUNCATE {self.stage};\nCOPY {self.stage} ({self.columns}) FROM STDIN WITH (FREEZE);\n"
        return before.encode(), f"\\.\n{count};\n{self.state_statement(state)};\nCOMMIT;\n".encode()

    def count_rows(self) -> int:
        """Return how many rows the stage has: none after a crash of the database."""
        return int(self.database.execute(f"SELECT count(*) FROM {self.stage}"))

    def remove_rows(self) -> Facts:
        """Remove what the stage has from the table, batch by batch, and return the state in the end."""
        state: Facts = self.database.ask_json(
            self.lock,
            removal_statement(self.names, self.facts["columns"], key=self.facts["key"], batch=self.batch),
            f"SELECT obj_description({literal(self.stage)}::regclass, 'pg_class')",
            client_connection_check_interval="1s",
            lock_timeout=LOCK_PATIENCE_OF_ROWS,
            deadlock_timeout="100ms",  # this session is the one that gives way
            synchronous_commit="off",
            enable_hashjoin="off",  # a batch is small: the whole table is not read for it
            enable_mergejoin="off",
            plan_cache_mode="force_custom_plan",
        )
        return state

    def wait_for_others(self, moment: str) -> list[str]:
        """Wait until no transaction is open from before a moment; return those that still are."""
        deadline = time.monotonic() + self.patience
        while (found := self.holders(moment)) and time.monotonic() < deadline:
            time.sleep(min(1.0, self.patience / 10))
        return found

    def holders(self, moment: str) -> list[str]:
        """Given a time as SQL, return what has been holding back VACUUM since before it."""
        return list(self.database.ask_json(holders_query(moment)) or [])

    def vacuum(self) -> Facts:
        """Make the space of removed rows reusable, and return sizes in bytes: the table's after, the stage's."""
        sizes = ", ".join(
            f"{literal(what)}, pg_table_size({literal(name)})"
            for what, name in (("table", self.table), ("stage", self.stage))
        )
        found: Facts = self.database.ask_json(
            self.lock,
            f"VACUUM (ANALYZE) {self.table}",
            f"SELECT json_build_object({sizes})",
            client_connection_check_interval="1s",
        )
        return found

    def close(self) -> None:
        """End a run whose result is kept: not one that is gone on with."""
        self.database.execute(self.state_statement({"phase": "reported", "signature": []}), *self.end_statements)

    @property
    def end_statements(self) -> tuple[str, str]:
        """The statements that drop the stage, and the schema unless another purge has a stage there."""
        gone = f"DO $$ BEGIN DROP SCHEMA {SCHEMA}; EXCEPTION WHEN dependent_objects_still_exist THEN NULL; END $$"
        return f"DROP TABLE {self.stage}", gone

    def end(self) -> None:
        """Drop the stage."""
        self.database.execute(*self.end_statements)


def refusals(purge: Purge) -> list[str]:
    """Return why a table cannot be purged safely; the first reason is the plainest."""
    facts = purge.facts
    reasons = {
        f"PostgreSQL {facts['version'] // 10000} is too old, 14 or newer is needed": facts["version"] < OLDEST_SERVER,
        "it is not an ordinary table (partitioned, foreign, unlogged, or a view)": facts["kind"] + facts["persistence"]
        != "rp",
        "other tables inherit from it": facts["children"],
        "it has no key: no primary key, and no unique index on columns that are NOT NULL": not facts["key"],
        f"it has no column {purge.column}": facts["type"] is None,
        f"the column {purge.column} is not a time but {facts['type']}": facts["type"] not in TIMES,
    }
    lists = {
        "deleting its rows changes or deletes rows of other tables, by foreign keys": facts["cascades"],
        "triggers run when its rows are deleted": facts["triggers"],
        "rules rewrite a DELETE": facts["rules"],
    }
    found = [reason for reason, is_so in reasons.items() if is_so]
    return found + [f"{reason}: {', '.join(names)}" for reason, names in lists.items() if names]
