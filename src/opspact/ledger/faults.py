"""What a database driver says, in our words.

In: SQLAlchemy's exceptions and the operating system's. Out: our errors, with a hint.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TypeAlias

from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from opspact.errors import LedgerBusy, LedgerInvalid, LedgerUnavailable, LedgerUnreadable, OpspactError
from opspact.ledger.anchor import Anchor

_Words: TypeAlias = tuple[type[OpspactError], str, str]

# SQLite's primary result codes, https://www.sqlite.org/rescode.html
_SQLITE: dict[str, _Words] = {
    "FULL": (LedgerUnavailable, "the disk is full", "free up space, then run the command again"),
    "READONLY": (
        LedgerUnavailable,
        "it is read-only",
        ("check the permissions of the file and its directory, and the mount"),
    ),
    "PERM": (LedgerUnavailable, "access is denied", "check the permissions of the file and its directory"),
    "CANTOPEN": (LedgerUnavailable, "it cannot be opened", "check that the directory exists and is writable"),
    "IOERR": (LedgerUnavailable, "reading or writing failed", "check the disk, its free space and the kernel log"),
    "CORRUPT": (LedgerInvalid, "the file is damaged", "keep the file; import the newest export into a new ledger"),
    "NOTADB": (LedgerInvalid, "it is not an SQLite database", "use another file"),
    "BUSY": (LedgerBusy, "it is locked by another process", "try again when the other process has finished"),
    "LOCKED": (LedgerBusy, "it is locked by another process", "try again when the other process has finished"),
}

# PostgreSQL's SQLSTATE, by code or class, https://www.postgresql.org/docs/current/errcodes-appendix.html
_POSTGRESQL: dict[str, _Words] = {
    "55P03": (LedgerBusy, "it is locked by another process", "try again when the other process has finished"),
    "53100": (
        LedgerUnavailable,
        "the server's disk is full",
        "free up space on the server, then run the command again",
    ),
    "25006": (LedgerUnavailable, "the server is read-only", "use the primary server, not a replica"),
    "42501": (
        LedgerUnavailable,
        "permission denied",
        "grant it CREATE on the schema, SELECT and INSERT on the tables",
    ),
    "3D000": (LedgerInvalid, "the database does not exist", "create it first; opspact creates only its tables"),
    "28": (LedgerUnavailable, "authentication failed", "check the URL, ~/.pgpass or PGPASSWORD"),
    "XX": (LedgerUnavailable, "the server reports damaged data", "restore the database, or import the newest export"),
}
_AWAY = (LedgerUnavailable, "the connection failed", "check the URL, and that the server runs and can be reached")


@contextmanager
def translate_errors(place: str, *, anchor: Anchor | None = None) -> Iterator[None]:
    """Given the ledger's place in words, raise one of our errors for what a driver raises.

    Where the anchor knows of events, a file that is no database is not called somebody else's: it is evidence.
    """
    try:
        yield
    except DBAPIError as error:
        raise _translate(error.orig, place, anchor) from error
    except sqlite3.Error as error:  # while a connection is being set up, nobody wraps it
        raise _translate(error, place, anchor) from error
    except UnicodeDecodeError as error:  # SQLite quotes the damaged bytes in its message
        words, hint = _SQLITE["CORRUPT"][1:]
        raise LedgerInvalid(f"the ledger {place} cannot be used: {words}", hint=hint) from error
    except SQLAlchemyError as error:
        raise LedgerUnavailable(f"the ledger {place} cannot be used: {error}") from error
    except TimeoutError as error:
        raise LedgerBusy(
            f"the ledger {place} cannot be used: {error.strerror}", hint="try again when the other process has finished"
        ) from error
    except PermissionError as error:
        raise LedgerUnavailable(
            f"the ledger {place} cannot be used: {error.strerror}",
            hint="use the account that it belongs to, or another ledger (--ledger)",
        ) from error
    except OSError as error:
        raise LedgerUnavailable(
            f"the ledger {place} cannot be used: {error.strerror}",
            hint="check the directory, its permissions and the free space",
        ) from error


@contextmanager
def read_only() -> Iterator[None]:
    """Within it nothing is carried out: raise LedgerUnreadable for a ledger that cannot be used."""
    try:
        yield
    except LedgerUnavailable as error:
        raise LedgerUnreadable(str(error), hint=error.hint) from error


def _translate(original: BaseException | None, place: str, anchor: Anchor | None) -> OpspactError:
    if isinstance(original, sqlite3.Error):
        name = getattr(original, "sqlite_errorname", "") or ""
        primary = name.removeprefix("SQLITE_").partition("_")[0]
        if primary == "NOTADB" and anchor and (known := _newest_known(anchor)):
            return _spoilt(place, f"{anchor} refers to {known}")
        kind, words, hint = _SQLITE.get(primary, (LedgerUnavailable, "SQLite failed", ""))
    else:
        state = getattr(original, "sqlstate", None) or ""
        kind, words, hint = _POSTGRESQL.get(state) or _POSTGRESQL.get(state[:2]) or _AWAY
    first_line = str(original).strip().partition("\n")[0]
    return kind(f"the ledger {place} cannot be used: {words} ({first_line})", hint=hint)


def _newest_known(anchor: Anchor) -> str:
    """Return what the anchor knows of events, in words; empty when there is none or it knows of none."""
    if not anchor.path.exists():
        return ""
    try:
        newest = anchor.read().sequence
    except (OpspactError, OSError):
        return "a ledger, and was changed too"
    return f"event {newest}" if newest else ""


def _spoilt(place: str, known: str) -> LedgerInvalid:
    hint = "keep both files as evidence; restore the ledger from a backup, or import the newest "
    words = "it is no longer an SQLite database"
    return LedgerInvalid(
        f"the ledger {place} cannot be used: {words}, and {known}", hint=f"{hint}export into a new one"
    )
