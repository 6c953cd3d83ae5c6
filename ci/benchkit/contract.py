"""The state that is measured: a contract of 29 steps a host which every peer can express too.

In: a running lab. Out: a contract's folder, and the same steps as files for pyinfra and testinfra. There are no backups
and no inspections, because the peers have none.
"""

import json
import pickle
import sys
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

from labkit import Lab

from benchkit.timing import Program
from opspact.steps.account import Account
from opspact.steps.authorized_keys import AuthorizedKeys
from opspact.steps.base import Step
from opspact.steps.directory import Directory
from opspact.steps.file import File
from opspact.steps.link import Link
from opspact.steps.membership import Membership
from opspact.steps.package import Package
from opspact.steps.unit import Unit
from opspact.workspace.workspace import Compiled, Workspace

CONTRACT = """\
kind: contract
name: bench
customer: {zh: 示例单位, en: Example Office}
provider: {zh: 示例科技, en: Example Technology}
period: 2026-01-01..2035-12-31
zone: Asia/Shanghai
language: en
---
kind: team
name: engineers
text: {zh: 工程师, en: Engineers}
headcount: {min: 1, max: 9}
duties: [{zh: 维护, en: maintenance}]
---
"""
"""What small contracts of the bench begin with."""
_CONTRACT = """\
kind: contract
name: bench
customer: {zh: 示例单位, en: Example Office}
provider: {zh: 示例科技, en: Example Technology}
period: 2026-01-01..2026-12-31
zone: Asia/Shanghai
language: en
---
kind: clause
name: C1
section: "1"
text: {zh: 系统正常运行, en: Systems run}
kept_by: opspact
evidence_within: 31 days
---
kind: team
name: engineers
clauses: [C1]
text: {zh: 工程师, en: Engineers}
headcount: {min: 1, max: 9}
duties: [{zh: 维护, en: maintenance}]
---
kind: person
name: zhang-wei
clauses: [C1]
text: {zh: 张伟, en: Zhang Wei}
teams: [engineers]
from: 2026-01-01
channels: {email: zhang-wei@example.com}
keys: [ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKAtITiOCKFk4kVbR5juLRBt83UHXlOV2o14tk0NEN89 zhang-wei]
---
kind: person
name: li-na
clauses: [C1]
text: {zh: 李娜, en: Li Na}
teams: [engineers]
from: 2026-01-01
channels: {email: li-na@example.com}
keys: [ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJRVRdO7gHpxdAuSwxRFixeL8/Cvy18evBS9mHH7xAOi li-na]
---
kind: access
name: engineers
clauses: [C1]
hosts: all
people: {team: engineers}
groups: [adm]
sudo: ["/usr/bin/systemctl restart nginx"]
---
kind: service
name: bench
clauses: [C1]
hosts: all
owner: engineers
packages: [nginx]
units: [nginx.service, bench-tick.timer]
directories:
  - {path: /etc/bench}
  - {path: /srv/bench}
  - {path: /srv/bench/site}
  - {path: /srv/bench/data, owner: www-data, group: adm, mode: "0750"}
files:
  - {path: /srv/bench/site/index.html, template: files/index.html.j2}
  - {path: /etc/nginx/sites-available/bench, template: files/site.conf.j2, restarts: nginx.service}
  - {path: /etc/nginx/sites-enabled/bench, link: /etc/nginx/sites-available/bench, restarts: nginx.service}
  - {path: /etc/bench/one.conf, source: files/settings.conf}
  - {path: /etc/bench/two.conf, source: files/settings.conf, mode: "0640", group: adm}
  - {path: /etc/bench/three.conf, content: "three = 3\\n"}
  - {path: /etc/bench/four.conf, content: "four = 4\\n"}
  - {path: /etc/bench/five.conf, content: "five = 5\\n"}
  - {path: /srv/bench/current, link: /srv/bench/site}
  - {path: /usr/local/bin/bench-tick, source: files/tick.sh, mode: "0755"}
  - {path: /etc/systemd/system/bench-tick.service, source: files/tick.service}
  - {path: /etc/systemd/system/bench-tick.timer, source: files/tick.timer, restarts: bench-tick.timer}
normal:
  - http: {url: "http://localhost/", status: 200, contains: OA, within: 5s}
  - tcp: {port: 80}
"""
_FILES = {
    "index.html.j2": "<!doctype html>\n<title>OA</title>\n<p>OA {{ bench_domain }}</p>\n",
    "site.conf.j2": (
        "server {\n    listen 80;\n    listen [::]:80;\n    server_name localhost {{ bench_domain }};\n"
        "    root /srv/bench/site;\n    index index.html;\n}\n"
    ),
    "settings.conf": "".join(f"setting_{number} = value {number}\n" for number in range(60)),
    "tick.sh": "#!/bin/sh\nexec date --utc\n",
    "tick.service": "[Unit]\nDescription=Tick\n\n[Service]\nType=oneshot\nExecStart=/usr/local/bin/bench-tick\n",
    "tick.timer": "[Unit]\nDescription=Tick daily\n\n[Timer]\nOnCalendar=03:00\n\n[Install]\nWantedBy=timers.target\n",
}


def apply(lab: Lab, folder: Path, policies: str) -> None:
    """Given a running lab and a folder, write a small contract there and apply it."""
    (folder / "policies").mkdir(parents=True)
    (folder / "policies" / "all.yaml").write_text(policies)
    lab.inventory(folder / "inventory")
    program = str(Path(sys.executable).with_name("opspact"))
    variables = {"NO_COLOR": "1", "BENCH_PASSPHRASE": "a passphrase that protects nothing"}
    Program([program, "--contract", str(folder), "apply", "--yes"], folder, variables).run()


def write(folder: Path, inventory: str) -> Compiled:
    """Given an empty folder and the lab's inventory, write the contract there and return it, compiled."""
    for name in ("policies", "files", "inventory/group_vars"):
        (folder / name).mkdir(parents=True)
    (folder / "policies" / "bench.yaml").write_text(_CONTRACT)
    for name, text in _FILES.items():
        (folder / "files" / name).write_text(text)
    (folder / "inventory" / "hosts.yaml").write_text(inventory)
    (folder / "inventory" / "group_vars" / "all.yaml").write_text("bench_domain: bench.example.com\n")
    return Workspace(folder, datetime.now(UTC)).compiled()


def steps_of(compiled: Compiled) -> tuple[Step, ...]:
    """Given the compiled contract, return the steps that every one of its hosts has."""
    (steps,) = {work.make for work in compiled.work.values()}
    return steps


def write_for_testinfra(folder: Path, steps: Iterable[Step]) -> Path:
    """Given a folder, write the steps there for `stock_checks.py`, and return the file."""
    file = folder / "steps.pickle"
    file.write_bytes(pickle.dumps(tuple(steps)))
    return file


def write_for_pyinfra(folder: Path, steps: Iterable[Step]) -> Path:
    """Given a folder, write the state that the steps want there, in pyinfra's words, and return the file."""
    files = folder / "pyinfra-files"
    files.mkdir(exist_ok=True)
    state = [entry for step in steps for entry in _entry(step, files)]
    file = folder / "state.json"
    file.write_text(json.dumps(state, indent=1))
    return file


def _entry(step: Step, files: Path) -> list[dict[str, object]]:
    """Return what makes a step so in pyinfra; nothing for answers, which no operation makes."""
    match step:
        case Package():
            entry: dict[str, object] = {"kind": "package", "name": step.name}
        case Account():
            fields = {"home": step.home, "comment": step.comment, "shell": step.shell}
            entry = {"kind": "account", "name": step.name, **fields}
        case Membership():
            entry = {"kind": "membership", "account": step.account, "group": step.group}
        case AuthorizedKeys():
            entry = {"kind": "keys", "account": step.account, "keys": list(step.keys)}
        case Directory():
            entry = {"kind": "directory", "path": step.path, **_ownership(step)}
        case File():
            source = files / step.path.strip("/").replace("/", "-")
            source.write_bytes(step.content.data)
            entry = {"kind": "file", "src": str(source), "dest": step.path, **_ownership(step)}
        case Link():
            entry = {"kind": "link", "path": step.path, "target": step.target}
        case Unit():
            entry = {"kind": "unit", "name": step.name, "watches": list(step.watches)}
        case _:
            return []
    return [entry]


def _ownership(step: Directory | File) -> dict[str, object]:
    return {"user": step.owner, "group": step.group, "mode": step.mode}
