"""Keep the accounts of a host's database server with a copy: a dump of a database names them, and lacks them.

Comes in: the kind of the server, the path of a file. Goes out: the file, of SQL, for root alone: it holds the digests
of passwords. Part of `backup`.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from opspact.onhost.database_name import MARIADB, POSTGRESQL
from opspact.onhost.failure_reason import failure_reason

ACCOUNT_DUMPS = {
    POSTGRESQL: (
        ("runuser", "-u", "postgres", "--", "pg_dumpall", "--globals-only", "--no-password"),
        b"PostgreSQL database cluster dump complete",
    ),
    MARIADB: (
        ("mariadb-dump", "--no-defaults", "--protocol=socket", "--system=users", "--skip-dump-date"),
        b"-- Dump completed",
    ),
}
"""What writes the accounts of each kind of server, and what it writes last."""
ACCOUNTS_PATIENCE = 600.0  # seconds
END_READ = 400  # bytes


def dump_accounts(engine: str, file: Path) -> str:
    """Write the accounts of a server, and return why that failed; empty: they are all there."""
    command, end = ACCOUNT_DUMPS[engine]
    try:
        done = subprocess.run(
            command,
            cwd="/",
            env={**os.environ, "LC_ALL": "C.UTF-8"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            timeout=ACCOUNTS_PATIENCE,
        )
        if done.returncode == 0 and end in done.stdout[-END_READ:]:
            file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            file.unlink(missing_ok=True)
            file.touch(mode=0o600)
            file.write_bytes(done.stdout)
            return ""
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    if done.returncode == 0:
        return f"{next(word for word in command if 'dump' in word)} ended before it was through"
    return failure_reason(done.stderr.decode("utf-8", "replace"), done.returncode)
