"""A contract with people and rosters, for tests of who is on duty when."""

from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

from opspact.analyse.example import DAY
from opspact.analyse.registry import RULES
from opspact.analyse.rule import RuleContext
from opspact.analyse.run import analyse
from opspact.model.contract import Contract
from opspact.model.finding import Finding
from opspact.resolve.contract import resolve

SHANGHAI = ZoneInfo("Asia/Shanghai")
CONTRACT = """\
kind: contract
name: office
customer: {{zh: 示例单位, en: Example Office}}
provider: {{zh: 示例科技, en: Example Technology}}
period: 2026-01-01..2026-12-31
zone: {zone}
language: zh-CN
---
kind: calendar
name: desk
zone: {zone}
week: {{mon-fri: "09:00-17:00"}}
---
kind: team
name: hotline
"""
INVENTORY = "all: {hosts: {app1: {}}}\n"


def person(name: str, fields: str = "") -> str:
    """Return somebody who has a mobile and is there from 2025 on, unless the fields say otherwise."""
    said = {line.split(":")[0].replace("employed", "from") for line in fields.splitlines()}
    basis = {"from": "2025-01-01", "channels": "{mobile: secret:env:MOBILE}", "teams": "[hotline]"}
    lines = [f"{key}: {value}" for key, value in basis.items() if key not in said]
    text = f"{{en: {name.title()}}}"
    return "\n".join([f"kind: person\nname: {name}\ntext: {text}", *lines, fields]) + "\n"


def roster(fields: str, *, name: str = "hotline") -> str:
    return f"kind: roster\nname: {name}\n{fields}\n"


def weekly(*people: str, since: str = "2025-12-29") -> str:
    return f"rotation: {{people: [{', '.join(people)}], handover: weekly on monday at 09:00, since: {since}}}"


def override(name: str, fields: str, *, roster_: str = "hotline") -> str:
    of = f"roster: {roster_}\n" if roster_ else ""
    return f"kind: override\nname: {name}\n{of}reason: leave\n{fields}\n"


def contract(*policies: str, zone: str = "Asia/Shanghai") -> Contract:
    """Return the contract with Ann, Bob and Cho and these policies; who is written anew stands in for the one here."""
    written = "\n".join(policies)
    basis = [person(name) for name in ("ann", "bob", "cho") if f"kind: person\nname: {name}\n" not in written]
    text = "---\n".join([CONTRACT.format(zone=zone), *basis, *policies])
    return resolve({"policies/all.yaml": text.encode(), "inventory/hosts.yaml": INVENTORY.encode()})


def found(code: str, said: Contract, *, day: date = DAY, before: Contract | None = None) -> tuple[Finding, ...]:
    """Return what one rule finds in a contract."""
    return analyse(RuleContext(said, day, before=before), [RULES[code]])


def at(text: str, zone: str = "Asia/Shanghai") -> datetime:
    """Return an instant in UTC from a wall time; a day is its midnight."""
    wall = datetime.fromisoformat(text)
    return wall.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


def local(instant: datetime, zone: str = "Asia/Shanghai") -> str:
    return f"{instant.astimezone(ZoneInfo(zone)):%Y-%m-%dT%H:%M}"


TODAY = datetime.combine(DAY, time(), SHANGHAI)
