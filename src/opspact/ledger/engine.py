"""Where a ledger lies, and how its database is spoken to: SQLite by path, PostgreSQL by URL.

In: a path or a URL. Out: an SQLAlchemy engine whose transactions are what the ledger promises.
"""

import errno
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import quote

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.exc import ArgumentError

from opspact.errors import LedgerInvalid, Refused
from opspact.ledger.anchor import Anchor
from opspact.structs import Struct

_APPENDING = "opspact_appending"
_ADVISORY_LOCK = 0x6F70737061637431  # «opspact1»: one writer at a time in a PostgreSQL database


class Location(Struct):
    """Where a ledger lies; `file` for SQLite only; `str` names it without a password."""

    url: URL
    file: Path | None

    def __str__(self) -> str:
        """Return the path, or the URL without its password."""
        if self.file:
            return str(self.file)
        return self.url.difference_update_query(["password"]).render_as_string(hide_password=True)


def locate(target: str | Path) -> Location:
    """Given a path or a URL (`postgresql://…`, `sqlite:///…`), return the location. Raise Refused for other URLs."""
    if isinstance(target, Path) or "://" not in target:
        return _at_file(Path(target))
    try:
        url = make_url(target)
    except ArgumentError as error:
        raise Refused("invalid ledger URL", hint="postgresql://user@host/database") from error
    backend = url.get_backend_name()
    if backend == "sqlite" and url.database and not url.query:
        return _at_file(Path(url.database))
    if backend == "postgresql":
        return Location(url.set(drivername="postgresql+psycopg"), None)
    raise Refused(f"unsupported ledger location: {backend}", hint="use a path or postgresql://user@host/database")


def _at_file(path: Path) -> Location:
    file = path.expanduser().absolute()
    if file.suffix == ".head":
        raise Refused(f"{file} is the name of an anchor, not of a ledger", hint="name it ledger.sqlite")
    return Location(URL.create("sqlite", database=str(file)), file)


def anchor_of(location: Location, anchor: Path | None) -> Anchor | None:
    """Given a location and the caller's wish, return the anchor: beside an SQLite file always, else where wished."""
    if anchor is not None:
        return Anchor(anchor.expanduser().absolute())
    return Anchor(location.file.with_suffix(".head")) if location.file else None


def make_folder(folder: Path) -> None:
    """Given a folder, make it, for its owner alone (0700); one that exists stays as it is."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    folder.mkdir(mode=0o700, exist_ok=True)


def make_file(file: Path) -> None:
    """Given SQLite's file, make it, empty, for its owner alone (0600); SQLite gives -wal and -shm the same mode.

    A file that is there is not even opened: closing it would drop the locks of every other connection that this process
    has to it (POSIX), and another process, finding none, would remove the log that they still write.
    """
    if file.is_dir():
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(file))
    with suppress(FileExistsError):
        os.close(os.open(file, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))


def check_access(file: Path) -> None:
    """Given SQLite's file, raise PermissionError when this user may not read it: SQLite does not say why it fails."""
    if not os.access(file, os.R_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(file))


class FileState(Struct):
    """What tells that an SQLite file was written: when it was, how long it is, whether a log lies beside it."""

    modified: int
    size: int
    has_log: bool


def file_state(file: Path) -> FileState:
    """Given SQLite's file, return its state. Raise OSError when it is not there."""
    found, log = file.stat(), file.with_name(f"{file.name}-wal")
    return FileState(found.st_mtime_ns, found.st_size, log.exists() and log.stat().st_size > 0)


def file_at_rest(file: Path) -> FileState | None:
    """Given SQLite's file, return its state if it can be read as one that nobody writes only; else None.

    SQLite reads a file in WAL mode beside its log, or where it can make one; in a folder that is read-only here, and
    without a log, it has to know that the file does not change (https://www.sqlite.org/wal.html#read_only_databases).
    """
    if os.access(file.parent, os.W_OK) or not file.is_file():
        return None
    state = file_state(file)
    return None if state.has_log else state


def connect(location: Location, *, wait: float, immutable: bool = False) -> Engine:
    """Given a location and how many seconds to wait for a lock, return an engine; nothing is connected yet.

    `immutable`: SQLite's file does not change. Raise LedgerInvalid when the driver for PostgreSQL is not installed.
    """
    if location.file:
        url = location.url
        if immutable:
            url = url.set(database=f"file:{quote(str(location.file))}", query={"immutable": "1", "uri": "true"})
        engine = create_engine(url, hide_parameters=True, connect_args={"timeout": wait})
        event.listen(engine, "connect", _set_up_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        return engine
    try:
        engine = create_engine(location.url, hide_parameters=True, pool_pre_ping=True)
    except ModuleNotFoundError as error:
        hint = "pip install 'opspact[postgresql]'"
        raise LedgerInvalid(f"a ledger in PostgreSQL needs {error.name}", hint=hint) from error
    return engine


def _set_up_sqlite(connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = None  # we say BEGIN ourselves, below
    connection.text_factory = _any_text
    connection.execute("PRAGMA synchronous = FULL")  # a commit is on the disk, in WAL too
    connection.execute("PRAGMA trusted_schema = OFF")


def _any_text(stored: bytes) -> str:
    # A damaged text must reach the check of the chain, not raise on the way there.
    return stored.decode("utf-8", "surrogateescape")


def _begin_sqlite(connection: Connection) -> None:
    appending = connection.get_execution_options().get(_APPENDING)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if appending else "BEGIN")


@contextmanager
def only_writer(engine: Engine, *, wait: float) -> Iterator[Connection]:
    """Given an engine and seconds to wait, open a transaction that no other writer runs beside; commit at the end."""
    with engine.connect() as connection:
        connection = connection.execution_options(**{_APPENDING: True})  # noqa: PLW2901 - the same one, with its option
        with connection.begin():
            if engine.dialect.name == "postgresql":
                milliseconds = {"value": str(max(1, int(wait * 1000)))}
                connection.execute(text("SELECT set_config('lock_timeout', :value, true)"), milliseconds)
                connection.execute(text("SELECT set_config('synchronous_commit', 'on', true)"))
                connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _ADVISORY_LOCK})
            yield connection


def enable_wal(engine: Engine) -> None:
    """Given the engine of an SQLite file without tables, switch the file to write-ahead logging, for good."""
    raw = engine.raw_connection()
    try:
        cursor = raw.cursor()
        cursor.execute("PRAGMA journal_mode = WAL")
        cursor.close()
    finally:
        raw.close()
