"""Why a backup failed, from what borg and borgmatic wrote.

Comes in: their output. Goes out: the reason, with the name of what failed. Part of the program `backup`.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path
from typing import Any

from opspact.onhost.database_name import DUMPS, MARIADB, database_of_dump, engine_of
from opspact.onhost.full_repository import NO_SPACE

Facts = dict[str, Any]
FAILED_DUMP = re.compile(r"^Command .*/\w+_databases/([^/\s]+)/'?([^'\s]+)'* returned non-zero exit status")
EXCEPTION = re.compile(r"^(?:[\w.]+\.)?[A-Z]\w*(?:Error|Exception|Failed): ")
CLOSED = "Connection closed by remote host"
LOST = re.compile(
    rf"(?:Remote: )?({CLOSED}|Timeout, server|Connection to \S+ closed|Connection reset|client_loop: |.*Broken pipe$)"
)
"""How ssh and borg begin to say that a connection ended that had been there."""
LOCALLY = "Local Exception"
NOISE = re.compile(
    rf"^(?:Command '.*' returned non-zero|terminating with |{CLOSED}|Need some help\?"
    rf"|Traceback |During handling of |The above exception |{LOCALLY}|Remote Exception|passcommand supplied in "
    r"|(?:Borg server: )?(?:Platform|Linux|Borg|PID|sys\.argv|SSH_ORIGINAL_COMMAND): |Borg server: "
    r"|Creating archive at |Remote:(?: @|$)|/.*: (?:file changed|(?:\w+: )?\[Errno )|\.\.\.$)"
    r"|: (?:Error (?:running|parsing|getting) |Creating archive$|Dumping |Excluding special files |No valid )"
)
"""Lines of borg and borgmatic that say that something failed, or where, and never why."""


def proof_folder(configuration: Facts) -> Path:
    """Return the folder in which dump.py says of each dump whether it is whole."""
    return Path(configuration["options"]["location"]["borgmatic_source_directory"], "proof")


def dump_proof(configuration: Facts, database: str) -> Facts:
    """Return what dump.py said of the dump of a database; nothing where it said nothing."""
    try:
        proof = json.loads((proof_folder(configuration) / f"{database}.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return proof if isinstance(proof, dict) and {"error", "bytes", "sha256", "rows"} <= {*proof} else {}


def cause(lines: list[str], configuration: Facts) -> str:
    """Given what borg or borgmatic wrote, return why it failed, with the name of what failed; empty: it did not say."""
    if found := [match for match in map(FAILED_DUMP.search, lines) if match]:
        name = database_of_dump(f"{DUMPS}/{found[-1][1]}/{found[-1][2]}") or found[-1][2]
        why = dump_proof(configuration, name).get("error") or dump_failure(name)
        return f"the dump of database {name} failed: {why}"
    said = [line.strip() for line in lines[: lines.index("summary:") if "summary:" in lines else None]]
    spoken = [line.strip() for line in lines[: len(said)] if line.strip() and line[0] != " " and not NOISE.search(line)]
    last = (spoken or [line for line in said if line.startswith(CLOSED)] or [""])[-1]
    reason = next((line for line in spoken if "you have requested strict checking" in line), last)
    # borgmatic 1.7 may stop reading before borg says who failed; of its own failures it says so first.
    by_server = any(line.startswith("Borg server: ") for line in said) or (NO_SPACE in last and LOCALLY not in said)
    return named(EXCEPTION.sub("", reason), configuration, by_server=by_server)[:500] if reason else ""


def named(reason: str, configuration: Facts, *, by_server: bool) -> str:
    """Given why borg failed, return it with the name of what it is about. `by_server`: borg failed over there."""
    environment, repository = configuration["environment"], configuration["repository"]
    if re.search("passphrase supplied in .* is incorrect", reason):
        file = environment.get("BORG_PASSCOMMAND", "").partition(" ")[2]
        return f"the repository {repository} was created with another passphrase than that in {file}"
    reason = re.sub(
        r"^\[Errno \d+\] (.*?)(?:: '(.*)')?$", lambda found: ": ".join(filter(None, found.groups())), reason
    )
    if LOST.match(reason):
        why = reason.replace("Remote: ", "", 1).rstrip(".")
        return f"the connection to the backup server was lost ({why})"
    words = re.sub(r"^Remote: (?!ssh:|Host key|No .* host key|\S+@\S+: )", "backup server: ", reason)
    words = words.replace("Remote: ", "", 1).rstrip(".")
    if by_server:
        return words if "/" in words else f"repository {repository}: {words}"
    if words == NO_SPACE:
        places = [environment[name] for name in ("BORG_CACHE_DIR", "BORG_BASE_DIR") if name in environment]
        return f"{words} on this host, where borg writes ({', '.join(places) or 'its cache'})"
    return f"repository {repository}: {words}" if "Data integrity" in words else words


def dump_failure(database: str) -> str:
    """Given a database whose dump failed, return what PostgreSQL says of that: borgmatic 1.7 does not pass it on."""
    if engine_of(database) == MARIADB:
        return "mariadb-dump did not say why"
    command = ("runuser", "-u", "postgres", "--", "pg_dump", "--schema-only", "--no-password", database)
    try:
        done = subprocess.run(
            command,
            cwd="/",
            env={**os.environ, "LC_ALL": "C.UTF-8"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            errors="replace",
            check=False,
            timeout=60,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    said = [line.strip() for line in done.stderr.splitlines() if line.strip()]
    if done.returncode == 0:
        return "pg_dump did not say why, and can read the database now"
    return next((line for line in said if "error:" in line), (said or [f"exit status {done.returncode}"])[-1])
