"""Archive old rows of one table on another host, read the archive back, and only then delete those rows.

Comes in: `data_care.py CONFIG.json` (or `data_care.py CONFIG.json needed`): `{"job": "data_care/POLICY", "database",
"table", "column", "older_than": {"months", "seconds"}, "zone", "batch", "free_below": percent or null, "repository":
its URL, "environment": {"BORG_…"}}`; holds no secret.
Goes out: an archive `POLICY-TIME` in the repository, a smaller table, and one result in the spool. Run by systemd as
root, with the host's python3 (3.9 or newer), psql (14 or newer) and borg (1.2).

A run has phases: archiving, archived, deleting, deleted, reported. The database keeps where it is, in the transactions
that delete (`purge`), so that a run which was killed, or whose database crashed, is gone on with by the next one.
Ends with 0 when it did what it should, with 1 when it did not and would not the next time either, with 74 when the
next run may be able to go on (systemd starts it again), with 75 when an earlier run is still at it. `needed` ends with
0 when space is short or a run is not over, with 1 when neither is so, with 255 when that cannot be found out.
"""

from __future__ import annotations

import os
import sys
import time
from typing import Any

from opspact.onhost.postgresql import PostgresqlFailed
from opspact.onhost.purge import LAYOUT, CannotPurge, Purge
from opspact.onhost.row_archive import RowArchive
from opspact.onhost.spool import CannotRun, open_spool, read_configuration

GO_ON = 74
NOT_KNOWN = 255


def carry_out(configuration: dict[str, Any], purge: Purge) -> dict[str, Any]:
    """Go on with the run that is not over, or make a new one; return what is to be said about it.

    Raise CannotPurge, PostgresqlFailed.
    """
    purge.inspect()
    if purge.facts["is_standby"]:
        return no_rows(purge, "This server is a standby: rows are purged where it copies them from")
    state = open_run(purge)
    if state["phase"] == "archiving":
        if not purge.is_any(state):
            purge.end()
            return no_rows(purge, f"{purge.name} has no rows with {purge.column} before {state['cutoff']}")
        state["archive"] = f"{purge.policy}-{run_stamp()}"
        state.update(RowArchive(configuration, purge, state["archive"]).write(state), phase="archived")
        purge.remember(state)
    if state["phase"] == "deleting" and purge.count_rows() != state["rows"]:
        state["phase"] = "archived"  # the database crashed meanwhile: read it again
    if state["phase"] == "archived":
        state = read_back(configuration, purge, state)
    if state["phase"] == "deleting":
        state = purge.remove_rows()
    held = purge.wait_for_others(f"'{state['deleted_at']}'::timestamptz")
    return report(purge, {**state, "held": held}, purge.vacuum())


def run_stamp() -> str:
    """Return this moment as it is written in names of archives; runs can follow each other within a second."""
    seconds, rest = divmod(time.time_ns(), 10**9)
    return f"{time.strftime('%Y%m%dT%H%M%S', time.gmtime(seconds))}.{rest // 1000:06}Z"


def read_back(configuration: dict[str, Any], purge: Purge, state: dict[str, Any]) -> dict[str, Any]:
    """Read the archive of a run back, and return its state. Raise CannotPurge, PostgresqlFailed.

    An archive that cannot be read is none: unless rows were deleted already, the next run makes another one.
    """
    counts = {"deleted": state.get("deleted", 0), "batches": state.get("batches", 0)}
    read = {**state, **counts, "phase": "deleting", "after": "(0,0)", "seen": 0, "changed": 0}
    archive = RowArchive(configuration, purge, state["archive"])
    try:
        with archive.extract() as borg:
            if purge.count_rows() == state["rows"]:
                archive.compare(borg, state)
                purge.remember(read)
            else:
                archive.load(borg, state, purge.load_statements(read))
    except CannotPurge as error:
        if counts["deleted"]:
            raise CannotPurge(
                f"{error}; {counts['deleted']} of its rows were deleted before", again=error.again
            ) from error
        purge.end()
        raise
    return read


def open_run(purge: Purge) -> dict[str, Any]:
    """Return the state of the run that is not over, or of a new one. Raise CannotPurge when none may be made.

    A run whose table has other columns by now, or whose stage another version of this program made, is over: what is
    deleted is in its archive, the rest is archived again.
    """
    state = purge.state()
    purge.refuse()
    is_of_now = state.get("signature") == purge.facts["signature"] and state.get("layout") == LAYOUT
    if state and (state["phase"] == "reported" or not is_of_now):
        purge.end()
        state = {}
    if state:
        state["resumed"] += 1
        purge.remember(state)
        return state
    if held := purge.holders(f"now() - make_interval(secs => {purge.patience})"):
        raise CannotPurge(f"VACUUM could not free the space of deleted rows: {'; '.join(held)}")
    return purge.start()


def no_rows(purge: Purge, reason: str) -> dict[str, Any]:
    """Return what is to be said when there is no row to purge, and why."""
    rows = {"archived": 0, "deleted": 0, "changed": 0, "gone": 0}
    facts = {"outcome": "done", "verdict": "ok", "message": f"{reason}.", "items": []}
    return {**facts, "rows": rows, **sizes(purge, None)}


def report(purge: Purge, state: dict[str, Any], after: dict[str, int]) -> dict[str, Any]:
    """Given a run whose rows are deleted, and sizes, return what is to be said about it."""
    held: list[str] = state["held"]  # what held VACUUM back
    archived, deleted = state["rows"], state["deleted"]
    changed = min(state["changed"], max(archived - deleted, 0))  # a key that was deleted can be used again at once
    gone = archived - deleted - changed
    rows = {"archived": archived, "deleted": deleted, "changed": changed, "gone": gone}
    message = f"Deleted {deleted} of {archived} rows of {purge.name} that are in the archive {state['archive']}"
    message += f", {changed} were changed after they were archived" if changed else ""
    message += f", {gone} were deleted by others" if gone else ""
    is_left = bool(state["limit"]) and purge.is_any(state)
    warnings = [f"VACUUM could not free their space: {'; '.join(held)}"] if held else []
    warnings += ["more rows are old enough; there was no room to compare them all at once"] if is_left else []
    facts: dict[str, Any] = {"outcome": "done", "verdict": "warning" if warnings else "ok"}
    if deleted > archived:  # impossible, and what it would mean is worse than anything else
        facts, warnings = {"outcome": "failed", "verdict": "critical"}, ["more rows were deleted than archived"]
    archive = {name: state[name] for name in ("bytes", "sha256", "rows")}
    return {
        **facts,
        "message": ". ".join([message, *(text[0].upper() + text[1:] for text in warnings)]) + ".",
        "items": [],
        "archive": {"name": state["archive"], **archive},
        "rows": rows,
        "cutoff": state["cutoff"],
        "batches": state["batches"],
        "resumed": state["resumed"],
        "vacuum_held_back_by": held,
        **sizes(purge, {**after, "share": deleted / max(archived, 1)}),
    }


def sizes(purge: Purge, after: dict[str, Any] | None) -> dict[str, Any]:
    """Return the table's sizes in bytes, and the free share where it lies.

    What was given back to the file system, and what the table can use again (as much as the deleted rows took where
    they were compared, less what was given back), are two things.
    """
    system = os.statvfs(purge.facts["place"])
    free = {"free_percent": round(100 * system.f_bavail / max(system.f_blocks, 1), 1)}
    if after is None:
        return free
    given_back = max(purge.facts["bytes"] - after["table"], 0)
    reusable = max(int(after["stage"] * after["share"]) - given_back, 0)
    return {**free, "table_bytes": after["table"], "given_back_bytes": given_back, "reusable_bytes": reusable}


def attempt(configuration: dict[str, Any], purge: Purge) -> tuple[dict[str, Any], int]:
    """Carry the policy out, and return what is to be said about it, with the exit status."""
    try:
        facts = carry_out(configuration, purge)
    except CannotPurge as error:
        again, message = error.again, str(error)
    except PostgresqlFailed as error:
        again, message = error.is_lost, f"PostgreSQL: {error}"
    else:
        return facts, int(facts["outcome"] == "failed")
    first = message[:1] if message.startswith(purge.name) else message[:1].upper()  # names stay as they are written
    message = f"{first}{message[1:].rstrip('.')}."
    facts = {"outcome": "failed", "verdict": "critical", "message": message, "items": []}
    return facts, GO_ON if again else 1


def check_need(configuration: dict[str, Any], purge: Purge) -> tuple[int, str]:
    """Return 0 when space is short where the table lies or a run is not over, else 1; and why."""
    try:
        purge.inspect(waits=False)
        state = purge.state()
    except (CannotPurge, PostgresqlFailed) as error:
        return NOT_KNOWN, f"it is unknown whether space is short: {error}"
    free, limit = sizes(purge, None)["free_percent"], configuration.get("free_below")
    words = f"{free:g} % of the space is free"
    if state.get("phase", "reported") != "reported" and not purge.facts["is_standby"]:
        return 0, f"a run is not over: {state['phase']}"
    return int(limit is None or free >= limit or purge.facts["is_standby"]), words


def main(arguments: list[str]) -> tuple[int, str]:
    """Given the arguments, return the exit status and a message for the journal."""
    path, action = [*arguments, "", ""][:2]
    if not path or action not in {"", "needed"} or len(arguments) > 2:  # noqa: PLR2004 - the two
        return 2, "usage: data_care.py CONFIG.json [needed]"
    try:
        configuration = read_configuration(path)
        if action == "needed":
            status, words = check_need(configuration, Purge(configuration))
            return status, f"{configuration['job']}: {words}"
        with open_spool(configuration) as spool:
            purge = Purge(configuration)
            facts, status = attempt(configuration, purge)
            result = spool.keep(facts)
            if "archive" in result:
                purge.close()
    except (CannotRun, KeyError, PostgresqlFailed) as error:
        return getattr(error, "status", 2), f"data_care: {error}"
    return status, f"{spool.job}: {result['verdict']}. {result['message']}"


if __name__ == "__main__":
    status, message = main(sys.argv[1:])
    sys.stderr.write(f"{message}\n")
    raise SystemExit(status)
