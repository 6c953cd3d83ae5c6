"""What the ledger knows that bears on whether promises can be kept: how long jobs took, how large copies are.

Comes in: a ledger, a contract, the time. Goes out: measurements for rules.

So that a large ledger does not slow a check, only the newest results are read; where that leaves the number of copies
unknown, nothing is said about sizes.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import islice

from opspact.jobs.collection import BACKUP, DRILL, INSPECTION, REPOSITORY, Result, recorded
from opspact.ledger.store import Ledger
from opspact.model import names
from opspact.model.contract import Contract
from opspact.model.measurements import Measurement, Measurements

MOST_RESULTS = 5_000
"""Results of a kind that are read, the newest ones."""

_LATEST_RUNS = 10
_YEARS = range(2000, 2200)
_RECENTLY = timedelta(days=92)


@dataclass
class _Runs:
    """The latest runs of each job on each host, the newest first."""

    of: dict[tuple[str, str], list[Measurement]] = field(default_factory=dict)

    def add(self, result: Result, policy: str) -> None:
        """Note how long a run took, if it is one of the latest and says so."""
        known = self.of.setdefault((result.host, policy), [])
        ended, seconds = _instant(result.body.get("ended")), _seconds(result.body)
        if ended and seconds is not None and len(known) < _LATEST_RUNS:
            known.append(Measurement(seconds, ended))

    def longest(self) -> dict[tuple[str, str], Measurement]:
        """Return the longest of the latest runs."""
        return {key: max(runs, key=lambda run: run.value) for key, runs in self.of.items() if runs}


def gather_measurements(ledger: Ledger, contract: Contract, *, now: datetime, most: int = MOST_RESULTS) -> Measurements:
    """Given a ledger, return what it knows about a contract at a time (UTC), from the `most` newest of each kind."""
    first = next(ledger.read_any(contract=contract.name, limit=1), None)
    if first is None:
        return Measurements()
    runs, backups = _Runs(), list(islice(recorded(ledger, contract.name, BACKUP), most))
    good = [result for result in backups if result.is_good]
    for result in good:
        runs.add(result, f"backup/{result.policy}")
    checks = {f"{backup.repository}-check-{backup.name}": f"check/{backup.name}" for backup in contract.backups}
    for result in _recent(ledger, contract, REPOSITORY, now=now):
        if result.policy in checks:
            runs.add(result, checks[result.policy])
    inspections = list(_recent(ledger, contract, INSPECTION, now=now))
    for result in inspections:
        runs.add(result, f"inspection/{result.policy}")
    is_whole = len(backups) < most
    return Measurements(
        run_seconds=runs.longest(),
        restore_seconds=_restores(recorded(ledger, contract.name, DRILL)),
        stored_bytes=_added(good) if is_whole else {},
        free_bytes=_free(inspections, {backup.server for backup in contract.backups}),
        copies=_counted(good, now) if is_whole else {},
        since=first.at,
    )


def _recent(ledger: Ledger, contract: Contract, kind: str, *, now: datetime) -> Iterator[Result]:
    for result in islice(recorded(ledger, contract.name, kind), MOST_RESULTS):
        ended = _instant(result.body.get("ended"))
        if ended and now - _RECENTLY <= ended:
            yield result


def _restores(drills: Iterable[Result]) -> dict[tuple[str, str], Measurement]:
    """Return the newest restore of each host from each backup that went well."""
    found: dict[tuple[str, str], Measurement] = {}
    for result in drills:
        ended, seconds = _instant(result.body.get("ended")), _seconds(result.body)
        if result.is_good and ended and seconds is not None:
            found.setdefault((result.host, result.policy), Measurement(seconds, ended))
    return found


def _added(good: Iterable[Result]) -> dict[tuple[str, str], Measurement]:
    """Return what the newest copy of each backup of each host added to its repository, in bytes."""
    found: dict[tuple[str, str], Measurement] = {}
    for result in good:
        match result.body:
            case {"ended": ended, "archive": {"bytes": {"deduplicated": int() | float() as size}}}:
                if (at := _instant(ended)) and not isinstance(size, bool):
                    found.setdefault((result.host, result.policy), Measurement(float(size), at))
            case _:
                pass
    return found


def _counted(good: Iterable[Result], now: datetime) -> dict[tuple[str, str], Measurement]:
    number: dict[tuple[str, str], int] = {}
    for result in good:
        key = (result.host, result.policy)
        number[key] = number.get(key, 0) + 1
    return {key: Measurement(count, now) for key, count in number.items()}


def _free(inspections: Iterable[Result], servers: set[str]) -> dict[str, Measurement]:
    """Return the free space where each server keeps copies, in bytes, from the newest inspection that looked there."""
    found: dict[str, Measurement] = {}
    for result in inspections:
        if result.host in servers and result.host not in found:
            disks = [item for item in _items(result.body) if item.get("item") == "disk" and "free_bytes" in item]
            holding = [disk for disk in disks if _holds(str(disk.get("subject")), names.BACKUP_BASE)]
            nearest = max(holding, key=lambda disk: len(str(disk.get("subject"))), default={})
            free, ended = nearest.get("free_bytes"), _instant(result.body.get("ended"))
            if isinstance(free, int | float) and ended:
                found[result.host] = Measurement(float(free), ended)
    return found


def _items(body: Mapping[str, object]) -> list[dict[str, object]]:
    items = body.get("items")
    return [item for item in items if isinstance(item, dict)] if isinstance(items, list) else []


def _holds(mount: str, path: str) -> bool:
    return f"{path}/".startswith(f"{mount.rstrip('/')}/")


def _seconds(body: Mapping[str, object]) -> float | None:
    """Return how long a run took, as it says itself, else from its start to its end."""
    said = body.get("seconds")
    if isinstance(said, int | float) and not isinstance(said, bool):
        return float(said)
    started, ended = _instant(body.get("started")), _instant(body.get("ended"))
    return (ended - started).total_seconds() if started and ended else None


def _instant(text: object) -> datetime | None:
    """Return an instant as on-host programs write it, in UTC; None for anything else, such as a broken clock's."""
    try:
        at = datetime.fromisoformat(str(text))
        return at.astimezone(UTC) if at.tzinfo and at.year in _YEARS else None
    except ValueError:
        return None
