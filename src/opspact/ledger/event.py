"""The sealed envelope of an event and its hash: everything an auditor needs, without a database.

In: what a caller wants recorded. Out: sealed events, as values, as rows and as lines of text. What the bodies mean
stands in `events`. Light on purpose: importing this module does not import SQLAlchemy.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from json.encoder import encode_basestring as _quoted
from typing import Any, Self

from opspact.errors import Refused
from opspact.ledger.canonical import canonical_json, check_text, time_of, time_text
from opspact.structs import Struct, replace

GENESIS = "0" * 64
"""What the first event names as its predecessor's hash."""

FIELDS = (
    "sequence",
    "at",
    "actor",
    "kind",
    "version",
    "contract",
    "subject",
    "key",
    "commit",
    "plan_digest",
    "body",
    "previous",
    "hash",
)
"""The fields of an event, which are also the columns of its row and the keys of its exported line."""

FORMAT = 2
"""The ledger's format: the fields above, and how they lie in a database."""

_FORMAT_1 = frozenset(FIELDS) - {"version", "subject", "key"}
_NUMBERS = frozenset({"sequence", "version"})
_TEXTS = ("actor", "kind", "contract", "subject", "key", "commit", "plan_digest")
_HEAD = re.compile(r"(0|[1-9][0-9]{0,18}):[0-9a-f]{64}\Z")
_HASH = re.compile(r"[0-9a-f]{64}\Z")
_KIND = re.compile(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)*\Z")


class Head(Struct):
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
            raise Refused(f"{text[:100]!r} is not a ledger head", hint="use the form 12:9f86…, 64 hex digits")
        number, _, digest = text.partition(":")
        return cls(int(number), digest)


EMPTY = Head(0, GENESIS)
"""The head of a ledger without events."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What is to be recorded, not sealed yet: who did what (`kind` and its `version`), when, to which contract.

    `subject`: what it is about (`host/app1`), may be empty. `key`: empty, or recorded once per contract and kind.
    `commit` may end in `+dirty`; `body` is any JSON object, `body_text` its canonical text. Raise Refused when a field
    cannot be recorded faithfully.
    """

    at: datetime
    actor: str
    kind: str
    version: int = 1
    contract: str
    subject: str = ""
    key: str = ""
    commit: str = ""
    plan_digest: str = ""
    body: Mapping[str, Any] = field(default_factory=dict)
    body_text: str = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        """Refuse what could not be stored or hashed."""
        if self.at.utcoffset() is None:
            raise Refused("an event needs a time with a zone", hint="datetime.now(UTC)")
        if not _KIND.match(self.kind) or self.version < 1:
            raise Refused(f"{self.kind!r} is not an event kind", hint="use lowercase and dots, such as apply.started")
        if not self.actor:
            raise Refused("an event needs an actor", hint="who did it: a person, or the program on its own")
        try:
            for name in _TEXTS:
                check_text(getattr(self, name), name)
            object.__setattr__(self, "body_text", canonical_json(dict(self.body)))
            self.at.astimezone(UTC)
        except (ValueError, OverflowError) as error:
            raise Refused(f"an event of kind {self.kind} cannot be recorded: {error}") from error
        for name in _TEXTS:
            if "\0" in getattr(self, name):
                raise Refused(f"an event of kind {self.kind} cannot be recorded: {name} contains a NUL character")


class SealedEvent(Struct, kw_only=True):
    """One recorded event; `hash` seals all other fields, `previous` is the hash of the event before (or GENESIS).

    `body_text` is the body's canonical JSON.
    """

    sequence: int
    at: datetime
    actor: str
    kind: str
    version: int
    contract: str
    subject: str
    key: str
    commit: str
    plan_digest: str
    body_text: str
    previous: str
    hash: str

    @property
    def head(self) -> Head:
        """Return the head of a ledger that ends with this event."""
        return Head(self.sequence, self.hash)

    @property
    def body(self) -> Mapping[str, Any]:
        """Return the body's JSON object. Raise ValueError when it is none, whatever its hash says."""
        try:
            body = json.loads(self.body_text)
        except (ValueError, RecursionError) as error:
            raise ValueError("body is not JSON") from error
        if not isinstance(body, dict):
            raise ValueError("body is not a JSON object")  # noqa: TRY004 - one way to learn that a row is bad
        return body

    def as_json(self) -> dict[str, Any]:
        """Return the event as a JSON object, `hash` included."""
        return self.as_row() | {"body": self.body}

    def as_row(self) -> dict[str, Any]:
        """Return the event as the row that keeps it: `at` and `body` as canonical texts."""
        texts = {"at": time_text(self.at), "body": self.body_text}
        return {name: texts[name] if name in texts else getattr(self, name) for name in FIELDS}

    def check_canonical(self) -> None:
        """Raise ValueError when the body is not a JSON object in its canonical form, which its hash does not show."""
        if canonical_json(self.body) != self.body_text:
            raise ValueError("body is not in its canonical form")

    def computed_hash(self) -> str:
        """Return the SHA-256, in hex, of the canonical JSON of every field but `hash`."""
        return hashlib.sha256(self._line("").encode()).hexdigest()

    def as_line(self) -> str:
        """Return the event as one line of canonical JSON, without the line's end."""
        return self._line(f'"hash":"{self.hash}",')

    def _line(self, sealed: str) -> str:
        # Keys in the order of their code points, as `canonical_json` has them; the body is canonical already.
        return (
            f'{{"actor":{_quoted(self.actor)},"at":"{time_text(self.at)}","body":{self.body_text},'
            f'"commit":{_quoted(self.commit)},"contract":{_quoted(self.contract)},{sealed}"key":{_quoted(self.key)},'
            f'"kind":{_quoted(self.kind)},"plan_digest":{_quoted(self.plan_digest)},"previous":"{self.previous}",'
            f'"sequence":{self.sequence},"subject":{_quoted(self.subject)},"version":{self.version}}}'
        )

    def moved_to(self, sequence: int) -> Self:
        """Return this event under another sequence number, its hash as it was."""
        return replace(self, sequence=sequence)


def seal(entry: Entry, *, after: Head) -> SealedEvent:
    """Given what to record and the head it follows, return the event that comes next, with its hash."""
    unsealed = SealedEvent(
        sequence=after.sequence + 1,
        at=entry.at.astimezone(UTC),
        actor=entry.actor,
        kind=entry.kind,
        version=entry.version,
        contract=entry.contract,
        subject=entry.subject,
        key=entry.key,
        commit=entry.commit,
        plan_digest=entry.plan_digest,
        body_text=entry.body_text,
        previous=after.hash,
        hash="",
    )
    return replace(unsealed, hash=unsealed.computed_hash())


def event_from_row(row: Mapping[str, Any]) -> SealedEvent:
    """Given a row as it is stored, return its event; neither its hash nor its body is looked at.

    Raise ValueError, in words, when the row is not one that `SealedEvent.as_row` can have written.
    """
    for name in FIELDS:
        wanted = int if name in _NUMBERS else str
        if type(row[name]) is not wanted:
            raise ValueError(f"{name} is {type(row[name]).__name__}, not {wanted.__name__}")
        if wanted is str:
            check_text(row[name], name)
    for name in ("previous", "hash"):
        if not _HASH.match(row[name]):
            raise ValueError(f"{name} is not a SHA-256 in hex")
    fields = {name: row[name] for name in FIELDS if name not in {"at", "body"}}
    return SealedEvent(**fields, at=time_of(row["at"]), body_text=row["body"])


def event_from_line(line: str) -> SealedEvent:
    """Given a line that `SealedEvent.as_line` wrote, with or without its end, return its event, hash unchecked.

    Raise ValueError, in words, for any other line.
    """
    try:
        fields = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise ValueError("it is not JSON") from error
    if isinstance(fields, dict) and fields.keys() == _FORMAT_1:
        raise ValueError(f"it is an event of ledger format 1; this opspact reads format {FORMAT}")
    if not isinstance(fields, dict) or fields.keys() != set(FIELDS):
        raise ValueError(f"it is not an event: an event has {', '.join(FIELDS)}")
    event = event_from_row(fields | {"body": canonical_json(fields["body"])})
    if event.as_line() != line.removesuffix("\n"):
        raise ValueError("it is not in its canonical form")
    return event
