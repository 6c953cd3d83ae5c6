"""The result of one run of a job: the one envelope in which hosts spool it, and its one parser.

In: bytes from a host's spool. Out: frozen values, held by events of the ledger and read by the judge and by reports.

Hosts are not trusted: what is damaged, contradicts itself or is no result becomes a result that says so and proves
nothing.
"""

import json
import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

from opspact.model import names
from opspact.model.time.host_clock import HostClock
from opspact.structs import Struct, field

SCHEMA, VERSION = names.document_schema("result"), 1

_HEAD = frozenset({"schema", "version", "spool", "job", "sequence", "carry"})
"""What is no fact: it names the result, or is for the host's next run (`carry`)."""
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?Z")
_YEARS = range(2000, 2200)
_CLOCKS_DIFFER = timedelta(hours=1)
_DEEPEST = 32
_SHOWN = 200
"""Characters of a damaged result that its reason quotes."""


class DamagedError(ValueError):
    """What a host spooled is no result; the message says why."""


class Outcome(StrEnum):
    """Whether a run did its work. `skipped`: there was nothing to do, or others kept it from it."""

    DONE = "done"
    FAILED = "failed"
    SKIPPED = "skipped"


class Verdict(StrEnum):
    """What a run saw; a run that did its work may have seen something critical."""

    OK = "ok"
    WARNING = "warning"
    CRITICAL = "critical"
    UNKNOWN = "unknown"


class Item(Struct, kw_only=True):
    """One thing that a run looked at: what (`disk`), which one (`/srv`), how it is, and facts as its kind has them."""

    item: str
    subject: str = ""
    verdict: Verdict
    message: str = ""
    facts: Mapping[str, object] = field(default_factory=dict)


class Copy(Struct, kw_only=True):
    """The newest proven archive of a backup: its name, and when it was begun (UTC)."""

    name: str
    started: datetime


class Spooled(Struct, kw_only=True):
    """Where a result was found: job (`kind/name`), host, spool and number; together they name it for good."""

    job: str
    host: str
    spool: str
    sequence: int


class Result(Struct, kw_only=True):
    """What one run of a job left on a host. All times in UTC.

    `clock_ahead`: how many seconds the host's clock was ahead (behind: less than nothing) when this was collected, if
    its times were corrected by that; 0: they are as the host wrote them.
    `lost` counts the results before this one that the host could not keep. `copy` is a backup's newest proven archive,
    None with `has_no_copy`: its repository was asked and holds none. `facts` are the kind's own. `died`: the program
    was gone before it could say anything; `ended` is None then. `damaged`: why this is no result that could be
    believed; `started` and `ended` are None then, and the verdict is unknown.
    """

    job: str
    host: str
    spool: str
    sequence: int
    started: datetime | None
    ended: datetime | None
    outcome: Outcome
    verdict: Verdict
    message: str = ""
    items: tuple[Item, ...] = ()
    lost: int = 0
    copy: Copy | None = None
    has_no_copy: bool = False
    facts: Mapping[str, object] = field(default_factory=dict)
    died: bool = False
    damaged: str = ""
    clock_ahead: int = 0

    @property
    def kind(self) -> str:
        """The name of its job's kind."""
        return self.job.partition("/")[0]

    @property
    def name(self) -> str:
        """The name of its job, without the kind."""
        return self.job.partition("/")[2]

    @property
    def subject(self) -> str:
        """What events of the job on the host are about."""
        return names.job_subject(self.job, self.host)

    @property
    def is_good(self) -> bool:
        """Whether the run did its work and saw nothing worse than a warning."""
        return self.outcome is not Outcome.FAILED and self.verdict in {Verdict.OK, Verdict.WARNING}

    @property
    def seconds(self) -> float | None:
        """How long the run took, as its program measured it, else by the host's clock; None: unknown."""
        measured = self.facts.get("seconds")
        if isinstance(measured, int | float) and not isinstance(measured, bool):
            return float(measured)
        return (self.ended - self.started).total_seconds() if self.started and self.ended else None


class Collected(Struct):
    """When results were collected (aware), and what the clock of their host was then."""

    at: datetime
    clock: HostClock = HostClock()


def parse_result(data: bytes, spooled: Spooled, *, collected: Collected) -> Result:
    """Given the bytes of a result, where and when they were found, return the result, damaged or not.

    Its times are by our clock: those of a host whose clock is off are corrected by as much.
    """
    try:
        body = json.loads(data, parse_constant=_refuse_constant)
        _check(body, 0)
        return _result(body, spooled, collected)
    except RecursionError:
        return damaged_result(spooled, "it is nested too deeply")
    except (ValueError, LookupError) as error:
        start = data[:_SHOWN].decode("utf-8", "replace")
        return damaged_result(spooled, f"{error}; it begins with {start!r}")


def damaged_result(spooled: Spooled, why: str) -> Result:
    """Given where a result was found and what is wrong with it, return the result that says so."""
    return Result(
        job=spooled.job,
        host=spooled.host,
        spool=spooled.spool,
        sequence=spooled.sequence,
        started=None,
        ended=None,
        outcome=Outcome.FAILED,
        verdict=Verdict.UNKNOWN,
        message=f"The result is damaged: {why}.",
        damaged=why,
    )


def _refuse_constant(name: str) -> float:
    raise DamagedError(f"{name} is not a number")


def _check(value: object, depth: int) -> None:
    """Raise ValueError for what the ledger could not hold faithfully."""
    if depth > _DEEPEST:
        raise DamagedError("it is nested too deeply")
    match value:
        case str():
            _check_text(value)
        case bool() | None:
            pass
        case int() | float():
            if not math.isfinite(value) or not -(2**63) <= value < 2**63:
                raise DamagedError(f"{value!r:.40} is not a finite number")
        case dict():
            for key, item in value.items():
                _check_text(key)
                _check(item, depth + 1)
        case list():
            for item in value:
                _check(item, depth + 1)
        case _:
            raise DamagedError(f"{type(value).__name__} is not a JSON value")


def _check_text(text: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise DamagedError("it contains text that is not valid UTF-8") from error


def _result(body: object, spooled: Spooled, collected: Collected) -> Result:
    if not isinstance(body, dict):
        raise DamagedError("it is not a JSON object")
    if body.get("schema") != SCHEMA:
        raise DamagedError(f"its schema is {body.get('schema')!r:.60}, not {SCHEMA}")
    if _count(body, "version") != VERSION:
        raise DamagedError(f"its version is {body.get('version')!r:.60}; this opspact supports {VERSION}")
    found = (body.get("job"), body.get("spool"), body.get("sequence"))
    if found != (spooled.job, spooled.spool, spooled.sequence):
        raise DamagedError(f"it identifies itself as {found!r:.200}")
    died = _flag(body, "died")
    started, ended = _times(body, died=died, collected=collected)
    facts = {name: value for name, value in body.items() if name not in _HEAD | _FIELDS.keys()}
    return Result(
        job=spooled.job,
        host=spooled.host,
        spool=spooled.spool,
        sequence=spooled.sequence,
        started=started,
        ended=ended,
        outcome=Outcome(_text(body, "outcome")),
        verdict=Verdict(_text(body, "verdict")),
        message=_text(body, "message"),
        items=tuple(map(_item, _list(body, "items"))),
        lost=_count(body, "lost"),
        copy=_copy(body, collected),
        has_no_copy="copy" in body and body["copy"] is None,
        facts=facts,
        died=died,
        clock_ahead=int(collected.clock.correction.total_seconds()),
    )


_FIELDS: Mapping[str, type] = {
    "started": str,
    "ended": str,
    "outcome": str,
    "verdict": str,
    "message": str,
    "items": list,
    "lost": int,
    "copy": dict,
    "died": bool,
}
"""The fields that every result has, or may have; all others are facts of its kind."""


def _times(body: Mapping[str, Any], *, died: bool, collected: Collected) -> tuple[datetime, datetime | None]:
    started = _instant(body.get("started"), "started", collected)
    if died and body.get("ended") is None:
        return started, None
    ended = _instant(body.get("ended"), "ended", collected)
    if ended < started:
        raise DamagedError(f"it ended at {body['ended']}, before it started at {body['started']}")
    return started, ended


def _instant(text: object, name: str, collected: Collected) -> datetime:
    """Return an instant as on-host programs write it, by our clock.

    Raise ValueError for any other, and for one in the future.
    """
    if not isinstance(text, str) or not _TIME.fullmatch(text):
        raise DamagedError(f"{name} is {text!r:.60}, not a time in UTC")
    written = datetime.fromisoformat(text).astimezone(UTC)
    if written.year not in _YEARS:
        raise DamagedError(f"{name} is {text}: the host's clock is wrong")
    instant = collected.clock.correct(written)
    if instant > collected.at + _CLOCKS_DIFFER:
        raise DamagedError(f"{name} is {text}, in the future: the host's clock is wrong")
    return instant


def _copy(body: Mapping[str, Any], collected: Collected) -> Copy | None:
    copy = body.get("copy")
    if copy is None:
        return None
    if not isinstance(copy, dict):
        raise DamagedError("copy is not an object")
    return Copy(name=_text(copy, "name"), started=_instant(copy.get("started"), "copy.started", collected))


def _item(data: object) -> Item:
    if not isinstance(data, dict):
        raise DamagedError("an item is not an object")
    known = ("item", "subject", "verdict", "message")
    return Item(
        item=_text(data, "item"),
        subject=_text(data, "subject") if "subject" in data else "",
        verdict=Verdict(_text(data, "verdict")),
        message=_text(data, "message"),
        facts={name: value for name, value in data.items() if name not in known},
    )


def _text(body: Mapping[str, Any], name: str) -> str:
    value = body.get(name)
    if not isinstance(value, str):
        raise DamagedError(f"{name} is {value!r:.60}, not text")
    return value


def _list(body: Mapping[str, Any], name: str) -> list[Any]:
    value = body.get(name)
    if not isinstance(value, list):
        raise DamagedError(f"{name} is {value!r:.60}, not a list")
    return value


def _count(body: Mapping[str, Any], name: str) -> int:
    value = body.get(name)
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise DamagedError(f"{name} is {value!r:.60}, not a count")
    return value


def _flag(body: Mapping[str, Any], name: str) -> bool:
    value = body.get(name, False)
    if not isinstance(value, bool):
        raise DamagedError(f"{name} is {value!r:.60}, neither true nor false")
    return value
