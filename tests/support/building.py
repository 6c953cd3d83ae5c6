"""A contract from a few policies, for tests of what they compile to."""

from collections.abc import Mapping
from datetime import date

from opspact.compile.build import build
from opspact.compile.project import Project, project
from opspact.compile.shape import Work
from opspact.resolve.contract import resolve

DAY = date(2026, 3, 2)
CONTRACT = """\
kind: contract
name: office
customer: {zh: 示例单位, en: Example Office}
provider: {zh: 示例科技, en: Example Technology}
period: 2026-01-01..2026-12-31
zone: Asia/Shanghai
language: zh-CN
---
kind: team
name: operations
"""
INVENTORY = """\
all:
  children:
    web: {hosts: {app1: {motto: steady}, app2: {motto: fast}}}
    db: {hosts: {db1: {motto: calm}}}
    backup: {hosts: {backup1: {}, backup2: {}}}
"""


def tree(
    *policies: str, inventory: str = INVENTORY, files: Mapping[str, str | bytes] | None = None
) -> dict[str, bytes]:
    """Return a contract's files: each policy text in a file of its own, `p0.yaml` the first."""
    written: dict[str, str | bytes] = {"policies/contract.yaml": CONTRACT, "inventory/hosts.yaml": inventory}
    written |= {f"policies/p{number}.yaml": text for number, text in enumerate(policies)}
    written |= files or {}
    return {path: data if isinstance(data, bytes) else data.encode() for path, data in written.items()}


def service(name: str, fields: str, *, hosts: str = "web") -> str:
    return f"kind: service\nname: {name}\nhosts: {hosts}\nowner: operations\n{fields}\n"


def backup(name: str, *, fields: str = "encryption: none", to: str = "{host: backup1, repository: daily}") -> str:
    return (
        f"kind: backup\nname: {name}\nhosts: web\nwhat: {{paths: [/etc]}}\nschedule: daily at 02:00\nto: {to}\n"
        f"keep: {{daily: 7}}\nrpo: 26h\nrto: 4h\n{fields}\n"
    )


def work(files: Mapping[str, bytes], *, day: date = DAY) -> Mapping[str, Work]:
    return build(resolve(files), day=day)


def compiled(files: Mapping[str, bytes], *, day: date = DAY) -> Project:
    inventory = {path: data for path, data in files.items() if path.startswith("inventory/")}
    return project(work(files, day=day), inventory)
