"""The program that says what people made on a host: accounts, backups, jobs of cron, services.

In: nothing. Out: JSON: each area's data, and under `unknown` why an area could not be read. Of files it has the text,
in which secrets may be: who asks looks for them before anything is kept. Runs on hosts, as root: python3, 3.9 or newer,
and nothing else; changes nothing.
"""

from __future__ import annotations

import json
import sys

from opspact.onhost.backup_configurations import backup_configurations
from opspact.onhost.configuration_files import services
from opspact.onhost.cron_jobs import cron_jobs
from opspact.onhost.host_files import described
from opspact.onhost.people_accounts import people_accounts

AREAS = {
    "accounts": people_accounts,
    "backups": backup_configurations,
    "cron_jobs": cron_jobs,
    "services": services,
}


def main() -> int:
    """Say what is there; return the exit status."""
    said: dict[str, object] = {}
    unknown: dict[str, str] = {}
    for name, area in AREAS.items():
        try:
            said[name] = area()
        except OSError as problem:
            unknown[name] = described(problem)
    sys.stdout.write(json.dumps({**said, "unknown": unknown}) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
