"""Keep the roles of a host's PostgreSQL server with a copy: a dump of a database names owners, and lacks them.

Comes in: the path of a file. Goes out: the file, of SQL, for root alone: it holds the digests of passwords. Part of
`backup`.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from opspact.onhost.postgresql_failure import failure_reason

DUMP_ROLES = ("runuser", "-u", "postgres", "--", "pg_dumpall", "--globals-only", "--no-password")
ROLES_END = "PostgreSQL database cluster dump complete"
ROLES_PATIENCE = 600.0  # seconds


def dump_roles(file: Path) -> str:
    """Write the roles, and return why that failed; empty: they are all there."""
    environment = {**os.environ, "LC_ALL": "C.UTF-8"}
    try:
        done = subprocess.run(
            DUMP_ROLES,
            cwd="/",
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            timeout=ROLES_PATIENCE,
        )
        if done.returncode == 0 and ROLES_END.encode() in done.stdout[-400:]:
            file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            file.unlink(missing_ok=True)
            file.touch(mode=0o600)
            file.write_bytes(done.stdout)
            return ""
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    if done.returncode == 0:
        return "pg_dumpall ended before it was through"
    return failure_reason(done.stderr.decode("utf-8", "replace"), done.returncode)
