"""Review the journal of this host from where the last review stopped: who used it, what is strange, what is missing.

Comes in: `log_review.py CONFIG.json`, a file of `{"job", "sources", "failed_logins", …}`.
Goes out: one result in the spool: an item for each account, anomaly and gap, and under `carry` what the next review
begins with. Both are one file: a run that dies is repeated from the last result, and nothing is lost or counted twice.
Run by systemd as root, with the host's python3 (3.9 or newer) and nothing else. Ends with 0 when it looked, whatever it
saw, with 1 when it could not look or could not keep the result, with 75 when the same review is still running.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
import time
from itertools import chain
from pathlib import Path
from typing import Any

from opspact.onhost.account_snapshot import changes, snapshot
from opspact.onhost.activity import Activity
from opspact.onhost.check import SHOWN, WORST_LAST, Item
from opspact.onhost.database_logins import missing_logins
from opspact.onhost.journal import Journal
from opspact.onhost.journal_gaps import SECOND, Gap, entries_text
from opspact.onhost.log_activity import Review, anomaly
from opspact.onhost.log_lines import Lines
from opspact.onhost.spool import CannotRun, Spool, kept_results, open_spool, read_configuration, utc

FIRST_LOOK = 7 * 86400  # seconds that the first review of a host looks back
SUDO_RS = ("sudo-rs", "/cargo/")
NAMED_UNITS = ("ssh", "session-", "user@", "postgresql", "mariadb", "systemd-logind", "su", "init.scope")
SUDO_KINDS = frozenset({"command", "unproven", "refused"})


def carried(folder: Path) -> dict[str, Any]:
    """Return what the newest result of the spool left for this run; nothing when there is none."""
    for kept in reversed(kept_results(folder)):
        with contextlib.suppress(OSError, ValueError, AttributeError):
            carry = json.loads((folder / kept.file).read_text(encoding="utf-8")).get("carry")
            if isinstance(carry, dict):
                return carry
    return {}


def gap_item(gap: Gap) -> Item:
    """Return the item for a gap: what happened meanwhile is unknown, unless the unit that wrote too much is another."""
    subject = f"{gap.kind} {utc(gap.until / SECOND)}"
    words = gap.message.partition(" messages from ")[2]
    is_other = gap.kind == "rate limit" and bool(words) and not words.startswith(NAMED_UNITS)
    text = f"From {utc(gap.since / SECOND)} to {utc(gap.until / SECOND)}: {gap.message}."
    verdict = "warning" if is_other else "unknown"
    facts = {"first": utc(gap.since / SECOND), "last": utc(gap.until / SECOND), "count": gap.number}
    return anomaly("log gap", subject, verdict, message=text, **facts)


def not_reviewed(sources: list[str]) -> list[str]:
    """Return what this host logs in a way that a review cannot see."""
    reasons = []
    program = os.path.realpath("/usr/bin/sudo")
    if "sudo" in sources and any(mark in program for mark in SUDO_RS):
        reasons.append("sudo: this host has sudo-rs, which logs nothing of users that it refuses")
    return [*reasons, *missing_logins(sources)]


def source_of(one: Activity) -> str:
    """Return which of the sources that a policy names an activity is of."""
    if one.kind in {"database", "database failed"}:
        return one.method
    return "sudo" if one.kind in SUDO_KINDS else "logins"


def review(configuration: dict[str, Any], spool: Spool) -> dict[str, Any]:
    """Read the journal and return the report of what was done, and what the next run begins with."""
    before = carried(spool.folder)
    sources = list(configuration["sources"])
    work = Review(configuration, before.get("activity", {}), spool.redactor)
    lines, now = Lines(), time.time()
    place = str(configuration.get("journal", ""))
    journal = Journal(before.get("journal", {}), since=int(now) - FIRST_LOOK, folder=place)
    read = chain.from_iterable(map(lines.read, journal.entries()))
    for one in chain(read, lines.rest()):
        if source_of(one) in sources:
            work.add(one)
    facts, problems = snapshot()
    reasons = [*not_reviewed(sources), *problems]
    items = [
        *map(gap_item, journal.gaps()),
        *work.anomalies(),
        *changes(before.get("snapshot", {}), facts, at=utc(now)),
        *(anomaly("not fully reviewable", each.partition(":")[0], "unknown", message=f"{each}.") for each in reasons),
    ]
    items.sort(key=lambda item: -WORST_LAST.index(item["verdict"]))
    items += [*work.used(), *work.failed_items()]
    carry = {"journal": journal.kept(), "activity": work.kept(), "snapshot": facts}
    return {**report(items, journal, since=int(before.get("journal", {}).get("at", 0))), "carry": carry}


def report(items: list[Item], journal: Journal, *, since: int) -> dict[str, Any]:
    """Return the result of a review, without what it leaves for the next."""
    verdict = max([item["verdict"] for item in items] or ["ok"], key=WORST_LAST.index)
    begin, end = since or journal.first_at, journal.coverage.at
    said = f"{entries_text(journal.number_read)} from {utc(begin / SECOND)} to {utc(end / SECOND)} reviewed."
    strange = [item["message"] for item in items if item["verdict"] != "ok"]
    more = f" {len(strange) - SHOWN} more are listed." if len(strange) > SHOWN else ""
    message = f"{' '.join(strange[:SHOWN])}{more} {said}".strip()
    facts = {"entries": journal.number_read, "from": utc(begin / SECOND), "through": utc(end / SECOND)}
    return {"outcome": "done", "verdict": verdict, "message": message, "items": items, **facts}


def main(arguments: list[str]) -> tuple[int, str]:
    """Given the arguments, return the exit status and a message for the journal."""
    if len(arguments) != 1:
        return 2, "usage: log_review.py CONFIG.json"
    try:
        configuration = read_configuration(arguments[0])
        with open_spool(configuration) as spool:
            result = spool.keep(review(configuration, spool))
    except (CannotRun, KeyError) as error:
        return getattr(error, "status", 2), f"log_review: {error}"
    return 0, f"{spool.job}: {result['verdict']}. {entries_text(result['entries'])} reviewed."


if __name__ == "__main__":
    status, message = main(sys.argv[1:])
    sys.stderr.write(f"{message}\n")
    raise SystemExit(status)
