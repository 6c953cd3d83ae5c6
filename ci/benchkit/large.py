"""Checking contracts: the reference contract from a cold start, and generated ones with very many hosts.

In: a folder, how many hosts. Out: measured runs. No lab is needed.
"""

import sys
from collections.abc import Iterator
from pathlib import Path

from benchkit import scale
from benchkit.timing import Program, Run

PEOPLE, ROSTERS, INSPECTIONS, BACKUPS, SERVICES, REVIEWS = 200, 40, 100, 60, 60, 40
POLICIES = ROSTERS + INSPECTIONS + BACKUPS + SERVICES + REVIEWS
"""What a generated contract holds, beside its people, its teams and the contract itself."""

_ROOT = Path(__file__).resolve().parents[2]
_GROUPS, _TEAMS, _SERVERS = 50, 20, 10
_HEAD = """\
kind: contract
name: large
customer: {zh: 示例单位, en: Example Office}
provider: {zh: 示例科技, en: Example Technology}
period: 2026-01-01..2027-12-31
zone: Asia/Shanghai
language: zh-CN
---
kind: calendar
name: desk-5x8
zone: Asia/Shanghai
week: {mon-fri: ["09:00-17:00"]}
"""


def write(folder: Path, count: int) -> Path:
    """Given a folder and a number of hosts (1,000 or more), write a contract of two years for them; return it."""
    contract = folder / f"large-{count}"
    (contract / "policies").mkdir(parents=True)
    (contract / "inventory").mkdir()
    (contract / "policies" / "all.yaml").write_text("---\n".join([_HEAD, *_documents()]))
    (contract / "inventory" / "hosts.yaml").write_text(scale.inventory(count) + "".join(_groups(count)))
    return contract


def _groups(count: int) -> Iterator[str]:
    """Yield groups across the application servers, as many of each, for patterns to choose by."""
    servers = count - count // 1000 - count // 111
    for group in range(_GROUPS):
        yield f"    g{group}:\n      hosts:\n"
        yield from (f"        app{number}:\n" for number in range(1 + group, servers, _GROUPS))


def _documents() -> Iterator[str]:
    yield from (f"kind: team\nname: team-{number}\n" for number in range(_TEAMS))
    for number in range(PEOPLE):
        teams = f"[team-{number % _TEAMS}]"
        yield (
            f"kind: person\nname: p{number}\nteams: {teams}\nfrom: 2025-12-01\n"
            f"channels: {{mobile: secret:env:P{number}}}\n"
        )
    per_roster = PEOPLE // ROSTERS
    for number in range(ROSTERS):
        people = ", ".join(f"p{number * per_roster + place}" for place in range(per_roster))
        yield (
            f"kind: roster\nname: roster-{number}\nhours: {{calendar: always, except: desk-5x8}}\nby: mobile\n"
            f"rotation: {{people: [{people}], handover: daily at 17:00, since: 2025-12-31}}\n"
            "limits: {per_week: 60h, rest: 11h}\n"
        )
    for number in range(INSPECTIONS):
        yield (
            f"kind: inspection\nname: inspection-{number}\nhosts: g{number % _GROUPS}\n"
            f"schedule: daily at {number % 24:02}:{number % 60:02}\nitems: [{{units: {{failed: 0}}}}]\n"
        )
    for number in range(BACKUPS):
        yield (
            f"kind: backup\nname: backup-{number}\nhosts: g{number % _GROUPS}\nwhat: {{paths: [/srv/{number}]}}\n"
            f"schedule: daily at {number % 6:02}:{number:02}\n"
            f"to: {{host: backup{1 + number % _SERVERS}, repository: r{number}}}\nkeep: {{daily: 14}}\n"
            "rpo: 26h\nrto: 4h\npassphrase: secret:vault:borg\ndrill: {within: 92 days}\n"
        )
    for number in range(SERVICES):
        yield (
            f"kind: service\nname: service-{number}\nhosts: g{number % _GROUPS}\nowner: team-{number % _TEAMS}\n"
            f"files: [{{path: /etc/service-{number}, content: x}}]\n"
        )
    for number in range(REVIEWS):
        yield (
            f"kind: log_review\nname: review-{number}\nhosts: g{number % _GROUPS}\n"
            f"schedule: daily at 06:{number % 60:02}\nsources: [journal]\n"
        )


def check(contract: Path) -> Run:
    """Measure `opspact check`, from the start of Python to its last word; findings are no failure here."""
    program = str(Path(sys.executable).with_name("opspact"))
    arguments = [program, "--contract", str(contract), "check", "--at", "2026-01-01", "--format", "json"]
    return Program(arguments, contract, {}, accept=(0, 1)).run()


def check_reference() -> Run:
    """Measure `opspact check` on the reference contract."""
    return check(_ROOT)
