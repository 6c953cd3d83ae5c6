"""The item `database_growth`: sizes and space of a database, and whether the rows written in it are as usual.

Comes in: an item, the folder of the spool, where `growth-CLUSTER-DATABASE.state` keeps the last counters, the volumes
of the baseline and the limits that it has frozen. Goes out: results. Part of the program `inspection`.

An interval belongs to the day, or to the hour, of its middle: a run that is a few hours late changes nothing. One that
is shorter than half is a part of the next whole one: too little in it is no signal yet, and too much is one already.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from math import exp
from pathlib import Path
from typing import Any, NamedTuple

from opspact.onhost.check import CannotCheck, Item, Result, judge_below, result_of, subject_of
from opspact.onhost.checks_postgresql import Cluster, chosen_cluster
from opspact.onhost.growth_chart import (
    SHORT,
    GrowthLimits,
    NoLimits,
    NormalVolume,
    Volume,
    exceeds_limits,
    freeze,
    is_whole,
    moving_mean,
    residual,
    signals,
)
from opspact.onhost.growth_queries import ask_growth, changed_since, counters_of, identity_of
from opspact.onhost.history import History
from opspact.onhost.spool import json_bytes, utc, write_atomically

WHOLE_DAY = 72000  # seconds from which on intervals are those of days, not of hours
MIB = 2**20
NO_EARLIER = "there is no earlier measurement"
NOT_KNOWN = "It is not known how many rows were written: {}."
LOST = "unknown: limits lost"
BEFORE, LEARNING, OVER = "before", "learning", "over"  # how the baseline stands


class Interval(NamedTuple):
    """The time since the last measurement: its slot of the week, its seconds, how the baseline stands (`stage_of`).

    `is_part`: too short to be one. `why`: why it is unknown what was written in it; empty: it is known.
    """

    slot: str
    seconds: float
    stage: str
    is_part: bool
    why: str


def database_growth(item: Item, history: History) -> Iterator[Result]:
    """Yield sizes and growth, free space where the data lies, reusable space, and rows written against their limits."""
    cluster, name = chosen_cluster(item), str(item["database"])
    if not cluster.port:
        raise CannotCheck(f"the cluster {cluster.name} is not running")
    tables = [table if "." in table else f"public.{table}" for table in item.get("tables") or []]
    facts = ask_growth(cluster, name, tables)
    file = history.folder / f"growth-{cluster.name.replace('/', '-')}-{name}.state"
    state, now = read_growth(file, str(item["baseline"])), time.time()
    before = state["sample"]
    yield from size_results(item, facts, before)
    yield available_result(cluster, item)
    for table in tables:
        if table not in facts["tables"]:
            text = f"There is no table {table}: it was dropped or renamed, or never made."
            result = result_of("database_growth_rows", "unknown", text, unit="rows", baseline=state["baseline"])
            yield {**result, **about(item, table)}
    reasons = changed_since(before, facts, counters_of(facts)) if before else {}
    interval = interval_since(before, now, item)
    for quantity, counter in counters_of(facts).items():
        why = reasons.get(quantity) or interval.why
        volume = Volume(interval.slot, interval.seconds, None if why else counter - before["counters"][quantity])
        yield {
            **rows_result(state, quantity, volume, interval=interval._replace(why=why)),
            **about(item, quantity),
        }
    if not interval.is_part:
        sample = {"at": now, "counters": counters_of(facts), "sizes": sizes_of(facts), **identity_of(facts)}
        write_atomically(file, json_bytes({**state, "sample": sample}))


def read_growth(file: Path, baseline: str) -> dict[str, Any]:
    """Return what was kept of this baseline; nothing is kept of another one but the last counters."""
    state: dict[str, Any] = {}
    if file.exists():
        try:
            state = json.loads(file.read_text(encoding="utf-8"))
        except ValueError as error:
            raise CannotCheck(f"{file} cannot be read ({error}); remove it, and name a new baseline") from error
    if state.get("baseline") != baseline:
        state = {"baseline": baseline, "sample": state.get("sample"), "volumes": {}, "frozen": {}, "means": {}}
    return state


def interval_since(before: dict[str, Any] | None, now: float, item: Item) -> Interval:
    """Given the last measurement and the time (seconds), return the interval since then. Raise CannotCheck."""
    usual = item["interval"]
    seconds = now - before["at"] if before else 0.0
    is_part = before is not None and 0 < seconds < SHORT * usual
    middle = now - seconds / 2
    if before is None or is_part:
        middle = (before["at"] if before else now - usual) + usual / 2
    weekday, hour, day = local_time(middle, str(item["zone"]))
    slot = str(weekday) if usual >= WHOLE_DAY else f"{weekday}-{hour:02}"
    why = NO_EARLIER if before is None else "the clock of the host was set back" if seconds <= 0 else ""
    return Interval(slot, seconds, stage_of(str(item["baseline"]), day), is_part, why)


def local_time(seconds: float, zone: str) -> tuple[int, int, str]:
    """Given seconds since the epoch, return weekday (Monday: 0), hour and day (`2026-03-02`) in a zone.

    Raise CannotCheck when the host does not have the zone.
    """
    from datetime import datetime  # noqa: PLC0415 - it takes long to load, and most hosts have no database
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError  # noqa: PLC0415 - as above

    try:
        local = datetime.fromtimestamp(seconds, ZoneInfo(zone))
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise CannotCheck(f"the zone {zone} is not on this host") from error
    return local.weekday(), local.hour, local.date().isoformat()


def stage_of(baseline: str, day: str) -> str:
    """Return how a baseline stands on a day: BEFORE, LEARNING or OVER."""
    begin, _, end = baseline.partition("..")
    return BEFORE if day < begin else LEARNING if day <= end else OVER


def rows_result(state: dict[str, Any], quantity: str, volume: Volume, *, interval: Interval) -> Result:
    """Return what is said of the rows written in a quantity; the state takes them in."""
    name, limits = "database_growth_rows", {"baseline": state["baseline"]}
    if interval.stage == LEARNING and not interval.is_part:
        state["volumes"].setdefault(quantity, []).append(volume)
    if interval.stage != OVER and volume.rows is None:
        verdict = "ok" if interval.why == NO_EARLIER else "unknown"
        return result_of(name, verdict, NOT_KNOWN.format(interval.why), **limits)
    said = rows_text(volume)
    if interval.stage != OVER:
        count = len(state["volumes"].get(quantity, []))
        text = f"{said}; the baseline {state['baseline']} has {count} intervals so far."
        return result_of(name, "ok", text, value=volume.rows, unit="rows", **limits)
    reason = NOT_KNOWN.format(interval.why)
    try:
        frozen = limits_of(state, quantity)
        if volume.rows is not None:
            return chart_result(state, frozen, volume, quantity=quantity, is_part=interval.is_part)
    except NoLimits as error:
        reason = f"{said}; {error}." if said else f"Rows written: {error}."
    return result_of(name, "unknown", reason, value=volume.rows, unit="rows", **limits)


def limits_of(state: dict[str, Any], quantity: str) -> GrowthLimits:
    """Return the limits of a baseline that is over, frozen now if they were not yet. Raise NoLimits."""
    if volumes := state["volumes"].pop(quantity, None):
        try:
            state["frozen"][quantity] = freeze(Volume(*volume) for volume in volumes)._asdict()
        except NoLimits as error:
            state["frozen"][quantity] = {"reason": str(error)}
    kept = state["frozen"].get(quantity)
    if kept is None:
        raise NoLimits(f"{LOST}, this host has nothing of the baseline {state['baseline']}; name a new one")
    if "reason" in kept:
        raise NoLimits(f"{kept['reason']}; name a new one")
    usual = {slot: NormalVolume(*found) for slot, found in kept["usual"].items()}
    return GrowthLimits(usual, kept["mean"], kept["sigma"])


def chart_result(
    state: dict[str, Any], frozen: GrowthLimits, volume: Volume, *, quantity: str, is_part: bool
) -> Result:
    """Return what the charts say of a volume; the state takes in the weighted mean. Raise NoLimits."""
    value, usual, hours = residual(frozen.usual, volume), frozen.usual[volume.slot], volume.seconds / 3600
    if not is_part and not is_whole(volume.seconds, usual.seconds):
        raise NoLimits(f"the last measurement is {hours:.0f} h old, and {usual.seconds / 3600:.0f} h are usual")
    mean, number = state["means"].get(quantity, [frozen.mean, 0])
    mean, number = moving_mean(mean, value), number + 1
    found = signals(frozen, value, mean=mean, number=number)
    if is_part:
        found = ["individuals"] if exceeds_limits(frozen, value) else []
    else:
        state["means"][quantity] = [mean, number]
    text = f"{rows_text(volume)}; {usual.rows:,.0f} are usual"
    text += f". It is outside of the limits ({', '.join(found)}): {exp(value):.1f} times the usual." if found else "."
    limits = {"baseline": state["baseline"], "usual": usual.rows, "mean": frozen.mean, "sigma": frozen.sigma}
    verdict = "warning" if found else "ok"
    result = result_of("database_growth_rows", verdict, text, value=volume.rows, unit="rows", **limits)
    chart = {} if is_part else {"ewma": mean, "number": number}
    return {**result, "residual": value, **chart, "signals": found, "seconds": round(volume.seconds)}


def rows_text(volume: Volume) -> str:
    """Return how many rows were written; nothing when that is unknown."""
    return "" if volume.rows is None else f"{volume.rows:,.0f} rows were written in {volume.seconds / 3600:.1f} h"


def size_results(item: Item, facts: dict[str, Any], before: dict[str, Any] | None) -> Iterator[Result]:
    """Yield the size of the database and of each table, how they grew, and the space that is reusable inside."""
    for quantity, size in sizes_of(facts).items():
        earlier = before["sizes"].get(quantity) if before else None
        grown = None if earlier is None else size - earlier
        text = f"It has {size / MIB:,.1f} MiB"
        if before and grown is not None:
            what = f"{-grown / MIB:,.1f} MiB given back" if grown < 0 else f"{grown / MIB:,.1f} MiB more"
            text += f", {what} since {utc(before['at'])}"
        more: dict[str, Any] = {"grown": grown, "given_back": None if grown is None else max(0, -grown)}
        if quantity:
            free, how = facts["tables"][quantity]["reusable"], "" if facts["maps"] else " (estimated)"
            more |= {"reusable": free, "is_estimated": not facts["maps"]}
            known = f"{float(free) / MIB:,.1f} MiB are reusable inside{how}" if free is not None else ""
            text += f"; {known or 'what is reusable inside is not known before an ANALYZE'}"
        result = result_of("database_growth_size", "ok", f"{text}.", value=size, unit="bytes")
        yield {**result, **more, **about(item, quantity)}


def sizes_of(facts: dict[str, Any]) -> dict[str, int]:
    """Return the bytes of the database (an empty name) and of each table with its indexes."""
    return {"": facts["size"], **{name: table["size"] for name, table in facts["tables"].items()}}


def about(item: Item, quantity: str) -> Result:
    """Return the subject of what is said of the database, or of a table."""
    return {"subject": f"{subject_of(item)} {quantity}".strip()}


def available_result(cluster: Cluster, item: Item) -> Result:
    """Return how much is free on the file system where the data lies."""
    seen = os.statvfs(cluster.data)
    free = round(100 * seen.f_bavail / max(1, seen.f_blocks), 1)
    text = f"{free:g} % ({seen.f_bavail * seen.f_frsize / MIB:,.0f} MiB) is free where the data lies, {cluster.data}."
    limits = {"warn": item["free_below"]} if item.get("free_below") is not None else {}
    result = judge_below("database_growth_free", text, value=free, unit="%", limits=limits)
    return {**result, "free_bytes": seen.f_bavail * seen.f_frsize}
