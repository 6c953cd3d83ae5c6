"""Logins to databases: what PostgreSQL and MariaDB write of them, and why this host's cannot be reviewed.

Comes in: lines of the journal. Goes out: activities, whose `method` is the server, and reasons. Part of the program
`log_review`. MariaDB says nothing of logins itself, its audit plugin does:
https://mariadb.com/kb/en/mariadb-audit-plugin-log-format/
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from opspact.onhost.activity import Activity
from opspact.onhost.check import CannotCheck, run
from opspact.onhost.mariadb import CLIENT, NO_ANSWER

POSTGRESQL, MARIADB = "postgresql", "mariadb"
CLUSTERS = "/etc/postgresql"
SERVER = "/usr/sbin/mariadbd"
AUDIT_NAME = "mysql-server_auditing"  # the plugin's name in the journal, as long as nobody changes it
DATABASE_ACCOUNTS = {"postgres": "postgres", AUDIT_NAME: "mysql"}
"""Which account writes under which name; of others such lines count for nothing."""
LOGGING = (
    "select name || '=' || setting from pg_settings"
    " where name in ('log_connections', 'log_destination', 'log_min_messages', 'syslog_ident', 'lc_messages')"
)
LOGINS_LOGGED = {"on", "all", "authorization"}  # PostgreSQL 18 has a list there
READABLE = ("C", "POSIX", "en")
NO_SERVER = ("No such file or directory", "Connection refused")
AUDIT = "select concat(lower(variable_name), '=', variable_value) from information_schema.global_variables"
AUDIT += " where variable_name like 'server_audit%'"
RESTORED_DATABASE = re.compile(r"(opspact_restore_)[0-9a-f]{12}")  # a name of our own, another for each restore
AUTHORIZED = re.compile(
    r"\[\d+-\d+\] .*?\bLOG:\s+connection authorized: user=(\S+) database=(\S+)(?: (?:application_name|SSL|GSS).*)?"
)
REFUSED = re.compile(r'\[\d+-\d+\] .*?\bFATAL:\s+\w+ authentication failed for user "(.*)"')
# Names may hold commas: of what looks like an operation the last is one, and the number at the end is of the server.
AUDITED = re.compile(r" ?[^,]*,(.*),([^,]*),\d+,\d+,([A-Z_]+),(.*),,(\d+)", re.DOTALL)
AUDITED_LOGINS = {("CONNECT", True): "database", ("FAILED_CONNECT", False): "database failed"}


def database_logins(at: int, name: str, *, text: str) -> Iterator[Activity]:
    """Yield what a line of a database server says of a login; `name` is under which it wrote that."""
    if name == AUDIT_NAME:
        found = AUDITED.fullmatch(text)
        kind = AUDITED_LOGINS.get((found[3], found[5] == "0")) if found else None
        if found and kind:
            yield Activity(at, kind, found[1], found[2], method=MARIADB, detail=found[4])
    elif found := AUTHORIZED.fullmatch(text):
        restored = RESTORED_DATABASE.fullmatch(found[2])
        yield Activity(at, "database", found[1], method=POSTGRESQL, detail=f"{restored[1]}*" if restored else found[2])
    elif found := REFUSED.match(text):
        yield Activity(at, "database failed", found[1], method=POSTGRESQL)


def missing_logins(sources: list[str]) -> list[str]:
    """Return why logins to the database servers of this host cannot be reviewed; nothing where there is none."""
    reasons = []
    if POSTGRESQL in sources:
        for folder in sorted(Path(CLUSTERS).glob("*/*/")):
            reasons += cluster_reasons(f"{folder.parent.name}/{folder.name}")
    if MARIADB in sources and Path(SERVER).exists():
        reasons += mariadb_reasons()
    return reasons


def cluster_reasons(cluster: str) -> list[str]:
    """Return why logins to a cluster of PostgreSQL cannot be reviewed."""
    command = ("psql", "-XAtw", "--cluster", cluster, "-d", "postgres", "-c", LOGGING)
    try:
        said = settings_of(run(*command, account="postgres"))
    except CannotCheck as error:
        is_stopped = any(words in str(error) for words in NO_SERVER)  # and lets nobody in, now
        return [] if is_stopped else [f"postgresql {cluster}: {error}"]
    return [f"postgresql {cluster}: {reason}" for reason in journal_reasons(said)]


def journal_reasons(settings: dict[str, str]) -> Iterator[str]:
    """Given the settings of a cluster, yield why its logins are not in the journal, or not in words that are read."""
    connections = settings.get("log_connections") or "off"
    if LOGINS_LOGGED.isdisjoint(re.split(r"[\s,]+", connections)):
        yield f"log_connections is {connections}"
    if "syslog" not in settings.get("log_destination", ""):
        yield "it does not log to the journal (log_destination without syslog)"
    if (least := settings.get("log_min_messages")) in {"fatal", "panic"}:
        yield f"log_min_messages is {least}, which leaves logins out"
    if (name := settings.get("syslog_ident", "postgres")) != "postgres":
        yield f"it logs as {name} (syslog_ident), not as postgres"
    language = settings.get("lc_messages", "")
    if language and not language.startswith(READABLE):
        yield f"its messages are not in English (lc_messages is {language})"


def mariadb_reasons() -> list[str]:
    """Return why logins to MariaDB cannot be reviewed."""
    try:
        said = settings_of(run(*CLIENT, "--skip-column-names", "--execute", AUDIT))
    except CannotCheck as error:
        return [] if NO_ANSWER.search(str(error)) else [f"mariadb: {error}"]
    if said.get("server_audit_logging") != "ON":
        return ["mariadb: it does not log logins (no plugin server_audit, or server_audit_logging is off)"]
    reasons = []
    if said.get("server_audit_output_type", "").lower() != "syslog":
        reasons.append("mariadb: it does not log logins to the journal (server_audit_output_type is not syslog)")
    if said.get("server_audit_syslog_ident") != AUDIT_NAME:
        reasons.append(f"mariadb: it logs under another name (server_audit_syslog_ident is not {AUDIT_NAME})")
    events = said.get("server_audit_events", "").upper()
    if events and "CONNECT" not in events.split(","):
        reasons.append("mariadb: it does not log logins (server_audit_events without CONNECT)")
    if said.get("server_audit_incl_users") or said.get("server_audit_excl_users"):
        reasons.append("mariadb: it logs some accounts only (server_audit_incl_users, server_audit_excl_users)")
    return reasons


def settings_of(text: str) -> dict[str, str]:
    """Return the settings that a server said, one on each line."""
    return dict(line.split("=", 1) for line in text.splitlines() if "=" in line)
