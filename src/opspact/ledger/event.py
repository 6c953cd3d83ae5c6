"""One event, its canonical JSON and its hash: everything an auditor needs, without a database.

Comes in: what a caller wants recorded. Goes out: sealed events, as values, as rows and as lines of text. Light on
purpose: importing this module does not import SQLAlchemy.
"""

import hashlib
import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Self

from opspact.errors import Refused

GENESIS = "0" * 64
"""What the first event names as its predecessor's hash."""

FIELDS = ("sequence", "at", "actor", "kind", "contract", "commit", "plan_digest", "body", "previous", "hash")
"""The fields of an event, which are also the columns of its row and the keys of its exported line."""

_DEEPEST = 64
_HEAD = re.compile(r"(0|[1-9][0-9]{0,18}):[0-9a-f]{64}\Z")
_HASH = re.compile(r"[0-9a-f]{64}\Z")
_KIND = re.compile(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)*\Z")


def canonical_json(value: object) -> str:
    """Given a JSON value, return its one canonical text: keys sorted by code point, no spaces, only needed escapes.

    Raise ValueError, saying where, for what has no such text: NaN and infinities, keys that are no text, lone
    surrogates, whole numbers beyond 64 bits, other types, more than 64 levels.
    """
    _check(value, "$", 0)
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def _check(value: object, where: str, depth: int) -> None:
    if depth > _DEEPEST:
        raise ValueError(f"more than {_DEEPEST} levels deep")
    match value:
        case None | bool():
            pass
        case str():
            _check_text(value, where)
        case int() | float():
            _check_number(value, where)
        case dict():
            for key, item in value.items():
                _check_text(key, where)
                _check(item, f"{where}.{key}", depth + 1)
        case list() | tuple():
            for index, item in enumerate(value):
                _check(item, f"{where}[{index}]", depth + 1)
        case _:
            raise ValueError(f"{where}: {type(value).__name__} is no JSON value")


def _check_number(number: float, where: str) -> None:
    if isinstance(number, int) and not -(2**63) <= number < 2**63:
        raise ValueError(f"{where}: a whole number beyond 64 bits")
    if not math.isfinite(number):
        raise ValueError(f"{where}: {number} is no JSON number")


def _check_text(text: object, where: str) -> None:
    if not isinstance(text, str):
        raise ValueError(f"{where}: the key {text!r} is no text")  # noqa: TRY004 - one way to say «not canonical»
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise ValueError(f"{where}: not text that UTF-8 can hold") from error


def time_text(at: datetime) -> str:
    """Given an aware time, return it as the ledger writes it: UTC, six digits of microseconds, `Z`; sorts by time."""
    return at.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


@dataclass(frozen=True, slots=True)
class Head:
    """The newest event's sequence number (0: none yet) and hash; written `12:ab34…`, to be noted elsewhere."""

    sequence: int
    hash: str

    def __str__(self) -> str:
        """Return `sequence:hash`, which `parse` reads."""
        return f"{self.sequence}:{self.hash}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Given `sequence:hash` exactly as `str` writes it, return the head. Raise Refused for anything else."""
        if not _HEAD.match(text):
            raise Refused(f"{text[:100]!r} is not the head of a ledger", hint="it looks like 12:9f86…, 64 hex digits")
        number, _, digest = text.partition(":")
        return cls(int(number), digest)


EMPTY = Head(0, GENESIS)
"""The head of a ledger without events."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewEvent:
    """What a caller wants recorded: who did what (`kind`, such as `apply.started`), when, to which contract.

    `commit` may end in `+dirty`; `body` is any JSON object. Raise Refused when a field cannot be recorded faithfully.
    """

    at: datetime
    actor: str
    kind: str
    contract: str
    commit: str = ""
    plan_digest: str = ""
    body: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse what could not be stored or hashed."""
        if self.at.utcoffset() is None:
            raise Refused("an event needs a time with a zone", hint="datetime.now(UTC)")
        if not _KIND.match(self.kind):
            raise Refused(f"{self.kind!r} is no kind of event", hint="lower case and dots, such as apply.started")
        if not self.actor:
            raise Refused("an event needs an actor", hint="who did it: a person, or the program on its own")
        texts = {name: getattr(self, name) for name in ("actor", "kind", "contract", "commit", "plan_digest")}
        try:
            canonical_json([texts, dict(self.body)])
            time_text(self.at)
        except (ValueError, OverflowError) as error:
            raise Refused(f"an event of kind {self.kind} cannot be recorded: {error}") from error
        for name, text in texts.items():
            if "\0" in text:
                raise Refused(f"an event of kind {self.kind} cannot be recorded: {name} has a NUL character")


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One recorded event; `hash` seals all other fields, `previous` is the hash of the event before (or GENESIS)."""

    sequence: int
    at: datetime
    actor: str
    kind: str
    contract: str
    commit: str
    plan_digest: str
    body: Mapping[str, Any]
    previous: str
    hash: str

    @property
    def head(self) -> Head:
        """Return the head of a ledger that ends with this event."""
        return Head(self.sequence, self.hash)

    def as_json(self) -> dict[str, Any]:
        """Return the event as a JSON object, `hash` included."""
        return {name: getattr(self, name) for name in FIELDS} | {"at": time_text(self.at), "body": dict(self.body)}

    def as_row(self) -> dict[str, Any]:
        """Return the event as the row that keeps it: `at` and `body` as canonical texts."""
        return self.as_json() | {"body": canonical_json(dict(self.body))}

    def computed_hash(self) -> str:
        """Return the SHA-256, in hex, of the canonical JSON of every field but `hash`."""
        sealed = self.as_json()
        del sealed["hash"]
        return hashlib.sha256(canonical_json(sealed).encode()).hexdigest()

    def as_line(self) -> str:
        """Return the event as one line of canonical JSON, without the line's end."""
        return canonical_json(self.as_json())

    def moved_to(self, sequence: int) -> Self:
        """Return this event under another sequence number, its hash as it was."""
        return type(self)(**{name: getattr(self, name) for name in FIELDS} | {"sequence": sequence})


def seal(entry: NewEvent, *, after: Head) -> Event:
    """Given what to record and the head it follows, return the event that comes next, with its hash."""
    fields = {name: getattr(entry, name) for name in ("actor", "kind", "contract", "commit", "plan_digest")}
    body = json.loads(canonical_json(dict(entry.body)))
    place = {"sequence": after.sequence + 1, "previous": after.hash, "at": entry.at.astimezone(UTC), "body": body}
    unsealed = Event(**fields, **place, hash="")
    return Event(**fields, **place, hash=unsealed.computed_hash())


def event_from_row(row: Mapping[str, Any]) -> Event:
    """Given a row as it is stored, return its event; its hash is not looked at.

    Raise ValueError, in words, when the row is not exactly what `Event.as_row` writes.
    """
    for name in FIELDS:
        wanted = int if name == "sequence" else str
        if type(row[name]) is not wanted:
            raise ValueError(f"{name} is {type(row[name]).__name__}, not {wanted.__name__}")
    for name in FIELDS[1:]:
        _check_text(row[name], name)
    for name in ("previous", "hash"):
        if not _HASH.match(row[name]):
            raise ValueError(f"{name} is no SHA-256 in hex")
    event = Event(**{**row, "at": _time(row["at"]), "body": _body(row["body"])})
    if event.as_row() != dict(row):
        raise ValueError("at or body is not in its canonical form")
    return event


def event_from_line(line: str) -> Event:
    """Given a line that `Event.as_line` wrote, with or without its end, return the event; its hash is not looked at.

    Raise ValueError, in words, for any other line.
    """
    try:
        fields = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise ValueError("it is no JSON") from error
    if not isinstance(fields, dict) or fields.keys() != set(FIELDS):
        raise ValueError(f"it is no event: an event has {', '.join(FIELDS)}")
    event = event_from_row(fields | {"body": canonical_json(fields["body"])})
    if event.as_line() != line.removesuffix("\n"):
        raise ValueError("it is not in its canonical form")
    return event


def _time(text: str) -> datetime:
    try:
        at = datetime.fromisoformat(text)
    except ValueError as error:
        raise ValueError("at is no time") from error
    if at.tzinfo is not UTC:
        raise ValueError("at is no time in UTC")
    return at


def _body(text: str) -> dict[str, Any]:
    try:
        body = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ValueError("body is no JSON") from error
    if not isinstance(body, dict):
        raise ValueError("body is no JSON object")  # noqa: TRY004 - the caller's one way to learn that a row is bad
    return body
