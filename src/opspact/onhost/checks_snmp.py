"""Checks of devices by SNMP: values with their types, asked by net-snmp's `snmpget`.

Comes in: an item, what earlier runs saw. Goes out: results. Part of the program `inspection`.

A secret is in no command line: it is read from its file and written to a configuration in a folder of its own, that is
gone afterwards. Text is asked for in hexadecimal, so that no text of a device can pass for another answer.
"""

from __future__ import annotations

import contextlib
import os
import re
import time
from collections.abc import Iterator
from pathlib import Path

from opspact.onhost.check import CannotCheck, Item, Result, judge, judge_below, result_of, run
from opspact.onhost.history import History

SNMPGET = ("snmpget", "-On", "-Oe", "-OU", "-Ox", "-r", "1")
NO_RESPONSE = re.compile(r"\bTimeout\b")  # of version 2c `Timeout: No Response from …`, of version 3 `snmpget: Timeout`
AT_A_TIME = 16  # values of one question: more may not fit into the answer
ANSWER = re.compile(r"\.([0-9.]+) = (.*)")
TYPED = re.compile(r"([A-Za-z][A-Za-z0-9-]*): ?(.*)", re.DOTALL)
TYPES = {
    "integer": {"INTEGER"},
    "gauge": {"Gauge32", "Unsigned32", "UInteger32"},
    "counter": {"Counter32", "Counter64"},
    "text": {"STRING", "Hex-STRING", "OID", "IpAddress"},
}
NO_VALUE = '""'  # how an empty text is shown, the only value without a type
SHOWN_TEXT = 200  # characters of a text in a message


def snmp(item: Item, history: History) -> Iterator[Result]:
    """Yield whether a device answers, and how each of its values is."""
    import tempfile  # noqa: PLC0415 - it takes long to load, and few inspections need it

    answers: dict[str, str] = {}
    within, asked = item["within"], [value["oid"] for value in item["values"]]
    try:
        with tempfile.TemporaryDirectory(dir=os.environ.get("RUNTIME_DIRECTORY")) as folder:
            Path(folder, "cert_indexes").mkdir()  # snmpget says that it made it, among its errors
            Path(folder, "snmp.conf").write_text(snmp_configuration(item), encoding="utf-8")
            for first in range(0, len(asked), AT_A_TIME):
                answers.update(ask_device(item, asked[first : first + AT_A_TIME], Path(folder)))
    except CannotCheck as error:
        if not NO_RESPONSE.search(str(error)):
            raise
        text = f"The device does not answer SNMP within {within:g} s. Wrong secrets can be why, too."
        yield result_of("snmp", "critical", text, within=within)
        return
    yield result_of("snmp", "ok", "The device answers SNMP.", within=within)
    for value in item["values"]:
        try:
            seen = typed_value(answers.get(value["oid"], "not in the answer"), value["type"])
            result = value_result(value, seen, earlier=history, subject=item["subject"])
        except CannotCheck as error:
            result = result_of(f"snmp_{value['name']}", "unknown", f"{value['name']} is unknown: {error}.")
        yield {**result, "oid": value["oid"]}


def snmp_configuration(item: Item) -> str:
    """Return the text of the configuration by which snmpget asks a device. Raise CannotCheck for an unusable secret."""
    secrets = {name: quoted_secret(Path(path)) for name, path in item["secrets"].items()}
    if "community" in secrets:
        return f"defVersion 2c\ndefCommunity {secrets['community']}\n"
    lines = [
        "defVersion 3",
        f"defSecurityName {item['user']}",
        f"defSecurityLevel {'authPriv' if 'privacy' in secrets else 'authNoPriv'}",
        f"defAuthType {item['auth_protocol']}",
        f"defAuthPassphrase {secrets['auth']}",
    ]
    if "privacy" in secrets:
        lines += [f"defPrivType {item['privacy_protocol']}", f"defPrivPassphrase {secrets['privacy']}"]
    return "\n".join(lines) + "\n"


def quoted_secret(file: Path) -> str:
    """Return a secret as a configuration has it, as one word: net-snmp shows what it cannot read of a line."""
    text = file.read_text(encoding="utf-8")
    if not text.isprintable():
        raise CannotCheck(f"the secret in {file} has characters that cannot be typed")
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def ask_device(item: Item, oids: list[str], folder: Path) -> dict[str, str]:
    """Return what a device answers, by OID: `TYPE: VALUE`, or words that say why there is no value."""
    address = f"udp6:[{item['address']}]" if ":" in item["address"] else f"udp:{item['address']}"
    own = {"SNMPCONFPATH": str(folder), "SNMP_PERSISTENT_DIR": str(folder), "MIBS": "", "MIBDIRS": str(folder)}
    words = ("-t", f"{item['within'] / 2:g}", f"{address}:{item['port']}", *(f".{oid}" for oid in oids))
    shown = run(*SNMPGET, *words, environment=own, patience=3 * item["within"] + 5)
    answers: dict[str, str] = {}
    oid = ""
    for line in shown.splitlines():
        start = ANSWER.fullmatch(line)
        if start:
            oid, answers[start[1]] = start[1], start[2]
        elif oid:  # hexadecimal text has 16 bytes a line
            answers[oid] += f" {line}"
    return answers


def typed_value(answer: str, wanted: str) -> int | str:
    """Given what a device answered, return its value. Raise CannotCheck unless it is one of the type that is wanted."""
    found = TYPED.fullmatch(answer.strip())
    if answer == NO_VALUE:
        kind, text = "STRING", ""
    elif found:
        kind, text = found[1], found[2].strip()
    else:
        raise CannotCheck(answer.strip().rstrip("."))
    if kind not in TYPES[wanted]:
        raise CannotCheck(f"it is of type {kind}, expected {wanted}")
    if wanted == "text":
        return text_of_bytes(text) if kind == "Hex-STRING" else text.strip('"')
    try:
        return int(text)
    except ValueError as error:
        raise CannotCheck(f"{text} is no number") from error


def text_of_bytes(shown: str) -> str:
    """Return the text that bytes in hexadecimal are, as far as they are UTF-8; else return them as they are shown."""
    with contextlib.suppress(ValueError):
        return bytes.fromhex(shown).decode().rstrip("\0")
    return shown


def value_result(value: Item, seen: int | str, *, earlier: History, subject: str) -> Result:
    """Given a value of a device as the policy wants it, and as it was seen, return its result."""
    name, item, unit = value["name"], f"snmp_{value['name']}", value.get("unit", "")
    if value["type"] == "counter":
        return counter_result(value, int(seen), earlier.last(item, subject, "counter"))
    shown = f"{name} is {seen}{unit and ' '}{unit}" if seen != "" else f"{name} is empty"
    shown = shown if len(shown) <= SHOWN_TEXT else f"{shown[:SHOWN_TEXT]}…"
    if "above" in value or "below" in value:
        return limited_result(value, f"{shown}.", float(seen))
    wanted = value.get("equals", value.get("contains"))
    is_normal = seen == wanted if "equals" in value else str(wanted) in str(seen)
    if is_normal:
        return result_of(item, "ok", f"{shown}.", value=seen, unit=unit, expected=wanted)
    words = f"{shown}, expected {'' if 'equals' in value else 'a text with '}{wanted}."
    return result_of(item, "critical", words, value=seen, unit=unit, expected=wanted)


def limited_result(value: Item, message: str, number: float) -> Result:
    """Given a number of a device, return its result by the thresholds that the policy has."""
    check, limits = (judge, value["above"]) if "above" in value else (judge_below, value["below"])
    shown = int(number) if number == int(number) else number
    return check(f"snmp_{value['name']}", message, value=shown, unit=value.get("unit", ""), limits=limits)


def counter_result(value: Item, count: int, before: Result) -> Result:
    """Given a counter and what was last seen of it, return its growth per second; unknown if nobody can say."""
    name, now, unit = value["name"], time.time(), f"{value.get('unit', '')}/s"
    facts = {"counter": count, "at": round(now, 3)}
    reason = ""
    if not isinstance(before.get("counter"), int) or before.get("oid") != value["oid"]:
        reason = "it was not seen before"
    elif count < before["counter"]:
        reason = f"it fell from {before['counter']} to {count}, as after a restart of the device"
    elif now <= before["at"]:
        reason = "the clock was set back"
    if reason:
        text = f"{name} is unknown: {reason}."
        return {**result_of(f"snmp_{name}", "unknown", text, unit=unit), **facts}
    rate = round((count - before["counter"]) / (now - before["at"]), 3)
    return {**limited_result({**value, "unit": unit}, f"{name} grows by {rate:g} {unit}.", rate), **facts}
