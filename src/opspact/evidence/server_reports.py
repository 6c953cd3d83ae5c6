"""What the jobs of a backup's server report against its copies of a host.

Comes in: results of such a job, and what the host itself proved. Goes out: the one that counts, reasons.

A run that could not look (its program died, the client kept the repository busy) takes nothing back that an earlier one
reported: else a client could hide by never letting go.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime

from opspact.ledger.events import Recorded
from opspact.ledger.job_events import JobResult
from opspact.model.result import Item, Outcome, Result, Verdict
from opspact.obligations.evidence import Observation
from opspact.structs import Struct

Taken = Recorded[JobResult]
"""A result, as it was recorded."""


class Copies(Struct):
    """The copies of a host by one backup (its name), and the newest one that the host itself proved.

    `completed`: when that copy was complete, as far as the host says (UTC). `begun`: when it was begun, by the host's
    own clock: servers know copies by that, however far it is off.
    """

    backup: str
    client: str
    proof: Observation | None = None
    completed: datetime | None = None
    begun: datetime | None = None


def newest_report(results: Iterable[Taken], copies: Copies) -> Taken | None:
    """Given the results of a job of the server, the newest first, return the newest that looked; None: none did."""
    return next((taken for taken in results if _has_looked(taken.event.result, copies)), None)


def reported_problems(result: Result, copies: Copies) -> Iterator[str]:
    """Given the result of a job of the server, yield what it says against the copies."""
    yield from filter(None, (_report(item, result, copies) for item in _looked_at(result, copies)))


def _has_looked(result: Result, copies: Copies) -> bool:
    is_of_others = not any(_is_of(item, copies) for item in result.items)
    return bool(_looked_at(result, copies)) or (result.outcome is Outcome.DONE and is_of_others)


def _looked_at(result: Result, copies: Copies) -> list[Item]:
    return [item for item in result.items if _is_of(item, copies) and not _is_kept_out(item)]


def _is_of(item: Item, copies: Copies) -> bool:
    return item.facts.get("client", copies.client) == copies.client


def _is_kept_out(item: Item) -> bool:
    """Whether a repository could not be looked at."""
    return item.verdict is Verdict.UNKNOWN or item.facts.get("problem") == "busy"


def _report(item: Item, result: Result, copies: Copies) -> str:
    """Return why the copies cannot be relied on, as far as an item says so; empty: it says nothing against them.

    A sound repository in which some backup's copy is too old is critical as well, and one without any copy of it is
    worth a warning. How old a copy may be, the judge knows: what counts here is a copy that the server should have
    seen, and has not. One that was there when the repository was damaged counts no more, however sound that is now.
    """
    found = item.facts.get("copies")
    if item.facts.get("problem") or not isinstance(found, Mapping):
        return (item.message or result.message) if item.verdict is Verdict.CRITICAL else ""
    if copies.proof and _is_suspect(copies.proof.detail, item):
        found_at = item.facts.get("damaged_at")
        return f"{copies.proof.detail} is unreliable: damage was found in repository {item.subject} at {found_at}"
    if copies.proof is None or copies.completed is None or result.started is None or copies.completed > result.started:
        return ""
    begun = copies.begun or copies.proof.at
    newest = found.get(copies.backup)
    name, at = (newest.get("name"), newest.get("started")) if isinstance(newest, Mapping) else (None, None)
    if name == copies.proof.detail or _is_after(at, begun):
        return ""
    there = f"the newest copy there is {name}" if name else "there is no copy"
    return f"{copies.proof.detail} is not in repository {item.subject}: {there}"


def _is_suspect(archive: str, item: Item) -> bool:
    """Whether an archive was in the repository while that was damaged, or before."""
    suspect = item.facts.get("suspect")
    return isinstance(suspect, list | tuple) and archive in suspect


def _is_after(at: object, other: datetime) -> bool:
    """Whether an instant, as the server writes it, lies after another; a host may know of a newer copy than we do."""
    try:
        return isinstance(at, str) and datetime.fromisoformat(at) > other
    except (ValueError, TypeError):  # it is no instant, or has no zone
        return False
