"""Checks of the clock: how far it is from its time servers, and whether they still answer.

Comes in: an item, what earlier runs saw. Goes out: results. Part of the program `inspection`.
"""

from __future__ import annotations

import calendar
import re
import time
from collections.abc import Iterator

from opspact.onhost.check import CannotCheck, Item, Result, result_of, run
from opspact.onhost.history import History

LAST_ANSWER = ("timedatectl", "show-timesync", "--property=NTPMessage")
NTP_EPOCH = 2_208_988_800  # seconds from 1900 to 1970


def offset_by_chrony() -> tuple[float | None, float | None]:
    """Return chrony's offset and the age of its reference in seconds; without an offset it is not synchronised.

    Raise CannotCheck when chrony is not answering. It says «Normal» long after its last server has gone.
    """
    fields = run("chronyc", "-c", "tracking").strip().split(",")
    offset = None if fields[-1] == "Not synchronised" else abs(float(fields[4]))
    return offset, time.time() - float(fields[3])


def offset_by_ntpd() -> tuple[float | None, float | None]:
    """Return ntpd's offset and the age of its reference in seconds, like chrony's. Raise CannotCheck likewise."""
    variables = run("ntpq", "-c", "rv")
    found = re.search(r"\boffset=([-+0-9.]+)", variables)
    reference = re.search(r"\breftime=([0-9a-f]{8})\.", variables)
    offset = None if not found or "leap_alarm" in variables else abs(float(found.group(1))) / 1000
    return offset, time.time() - (int(reference.group(1), 16) - NTP_EPOCH) if reference else None


def offset_by_timesyncd() -> tuple[float | None, float | None]:
    """Return timesyncd's offset and the age of its last answer in seconds, like chrony's. Raise CannotCheck likewise.

    It stays «synchronised» for as long as the kernel's clock is, without any server.
    """
    shown = run("timedatectl", "show", "--property=CanNTP,NTPSynchronized")
    if "CanNTP=yes" not in shown:
        raise CannotCheck("timedatectl shows no time service")
    if "NTPSynchronized=yes" not in shown:
        return None, None
    found = re.search(r"Offset: [-+]?([0-9.]+)(us|ms|s)$", run("timedatectl", "timesync-status"), re.MULTILINE)
    if not found:
        raise CannotCheck("timedatectl shows no offset")
    offset = float(found.group(1)) * {"us": 1e-6, "ms": 1e-3, "s": 1.0}[found.group(2)]
    answer = re.search(r"DestinationTimestamp=\w+ ([-0-9]+ [:0-9]+) UTC", run(*LAST_ANSWER))
    if not answer:
        raise CannotCheck("timedatectl does not show when a server last answered")
    return offset, time.time() - calendar.timegm(time.strptime(answer.group(1), "%Y-%m-%d %H:%M:%S"))


def clock(item: Item, _: History) -> Iterator[Result]:
    """Yield how far the clock is from its time servers, in seconds, and whether they still answer."""
    reasons = []
    for inspect_ in (offset_by_chrony, offset_by_ntpd, offset_by_timesyncd):
        try:
            offset, age = inspect_()
        except CannotCheck as error:
            reasons.append(str(error))
            continue
        yield clock_result(item, offset, age)
        return
    raise CannotCheck(f"no time service answers: {'; '.join(reasons)}")


def clock_result(item: Item, offset: float | None, age: float | None) -> Result:
    """Given the limits, the offset and the age of the reference (None: unknown), return the verdict."""
    limit, oldest = item["offset"], item["updated_within"]
    limits = {"offset": limit, "updated_within": oldest}
    if offset is None:
        text = "The clock is not synchronised with any time server."
        return result_of("time", "warning", text, value=offset, unit="s", **limits)
    text = f"The clock is {offset:g} s away from its time servers."
    state = "ok" if offset <= limit else "warning"
    if age is not None and age > oldest:
        text, state = f"No time server has answered for {age / 3600:.1f} h; {text[0].lower()}{text[1:]}", "warning"
    if age is None and state == "ok":
        text, state = f"{text} When a time server last answered is not known.", "unknown"
    return {**result_of("time", state, text, value=offset, unit="s", **limits), "reference_age": age and round(age)}
