"""The measured state as a pyinfra deploy. Run by pyinfra in the peers' environment, never imported by us.

In: `state.json` (its path in BENCH_STATE), written by `contract`. One operation for each thing, as a user would
write it; packages in one operation, units restarted or re-read only when their files changed.
"""

import json
import os
from pathlib import Path
from typing import Any

from pyinfra import config
from pyinfra.operations import apt, files, server, systemd
from pyinfra.operations.util import any_changed

config.SUDO = True

STATE = json.loads(Path(os.environ["BENCH_STATE"]).read_text(encoding="utf-8"))


def of(kind: str) -> list[dict[str, Any]]:
    """Return the entries of one kind without that word."""
    return [
        {name: value for name, value in entry.items() if name != "kind"} for entry in STATE if entry["kind"] == kind
    ]


apt.packages(name="Packages", packages=[entry["name"] for entry in of("package")], update=True, cache_time=3600)
for account in of("account"):
    login = account.pop("name")
    keys = [key for entry in of("keys") if entry["account"] == login for key in entry["keys"]]
    groups = [entry["group"] for entry in of("membership") if entry["account"] == login]
    account |= {"groups": groups, "append": True}
    server.user(name=f"Account {login}", user=login, public_keys=keys, delete_keys=True, **account)
for directory in of("directory"):
    files.directory(name=f"Directory {directory['path']}", **directory)
written = {}
for file in of("file"):
    written[file["dest"]] = files.put(name=f"File {file['dest']}", **file)
for link in of("link"):
    written[link["path"]] = files.link(name=f"Link {link['path']}", **link)
units = [done for path, done in written.items() if path.startswith("/etc/systemd/system/")]
systemd.daemon_reload(name="Reload units", _if=any_changed(*units))
for unit in of("unit"):
    watched = [written[path] for path in unit["watches"]]
    systemd.service(name=f"Unit {unit['name']}", service=unit["name"], running=True, enabled=True)
    if watched:
        systemd.service(name=f"Restart {unit['name']}", service=unit["name"], restarted=True, _if=any_changed(*watched))
