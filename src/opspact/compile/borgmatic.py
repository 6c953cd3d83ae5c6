"""The borgmatic configuration of one backup policy, and the settings of the program that runs and proves it.

Comes in: how the repository is reached, what is backed up. Goes out: YAML text, settings.

Known of borgmatic 1.7.7 and respected here (measured; docs/decisions/0002-backups.md): the archive is stored even when
a dump fails, hence its name `unproven-…` until backup.py has proved it; with databases borg stays on the file systems
of the paths, hence always so; its output is read by backup.py, hence `--show-rc`.
"""

from opspact.compile.yaml_text import lines
from opspact.model import names
from opspact.model.policies.backup import Database, DatabaseEngine
from opspact.steps import borg
from opspact.steps.base import Template
from opspact.steps.borg import BorgAccess
from opspact.structs import Struct

DUMP = "dump"
"""The on-host program that makes and proves dumps."""

BORG = "borg_output"
"""The on-host program that borgmatic calls in place of borg."""

_HEAD = "# Written by opspact; changes made here do not last.\n"
_AS_POSTGRES = "runuser -u postgres --"
_PYTHON = "/usr/bin/python3"


class BackupContent(Struct, kw_only=True):
    """What one policy backs up on a host: paths, patterns left out, databases."""

    policy: str
    paths: tuple[str, ...]
    exclude: tuple[str, ...] = ()
    databases: tuple[Database, ...] = ()

    @property
    def account_files(self) -> dict[DatabaseEngine, str]:
        """Where the accounts of the databases' servers are meanwhile, by their kind."""
        engines = dict.fromkeys(database.engine for database in self.databases)
        return {engine: names.accounts_file(self.policy, engine) for engine in engines}


def borgmatic_configuration(access: BorgAccess, content: BackupContent) -> str:
    """Given a repository and what to put there, return YAML with sections, which every borgmatic from 1.5 on reads."""
    return _HEAD + "\n".join(lines(_sections(access, content))) + "\n"


def backup_settings(access: BorgAccess, content: BackupContent, *, configuration: str) -> dict[str, object]:
    """Given the same and where the borgmatic configuration is, return the settings of backup.py; none is secret.

    From `options` backup.py writes the configuration for a borgmatic that no longer wants sections.
    """
    return {
        "borgmatic": configuration,
        "options": _sections(access, content),
        "repository": access.url,
        "environment": access.environment,
        "paths": content.paths,
        "databases": [database.label for database in content.databases],
        "roles": content.account_files.get(DatabaseEngine.POSTGRESQL, ""),
        "users": content.account_files.get(DatabaseEngine.MARIADB, ""),
    }


def _sections(access: BorgAccess, content: BackupContent) -> dict[str, dict[str, object]]:
    location = {
        "source_directories": [*map(_literal, content.paths), *_accounts(content)],
        "repositories": [access.url],
        "local_path": names.program(BORG),
        "one_file_system": True,
        "exclude_patterns": [*(_literal(pattern) for pattern in content.exclude), names.BORG_CACHE],
        "borgmatic_source_directory": f"{names.BORGMATIC_RUNTIME}/{content.policy}",
    }
    storage = {
        **({"encryption_passcommand": access.passphrase_command} if access.passphrase_path else {}),
        "ssh_command": access.ssh_command,
        "borg_base_directory": names.BORG_STATE,
        "borg_cache_directory": names.BORG_CACHE,
        "lock_wait": borg.LOCK_WAIT,
        "archive_name_format": f"unproven-{content.policy}-{{utcnow:%Y%m%dT%H%M%SZ}}",
        "relocated_repo_access_is_ok": True,
        "unknown_unencrypted_repo_access_is_ok": not access.passphrase_path,
        "extra_borg_options": {"create": "--show-rc"},
    }
    databases = [_database(database, content.policy) for database in content.databases]
    hooks: dict[str, dict[str, object]] = {"hooks": {"postgresql_databases": databases}} if databases else {}
    return {"location": location, "storage": storage, **hooks}


def _accounts(content: BackupContent) -> list[str]:
    """Return where the accounts of the databases' servers are, except below a path: borg would take them twice."""
    files = content.account_files.values()
    return [file for file in files if not any(f"{file}/".startswith(f"{path.rstrip('/')}/") for path in content.paths)]


def _database(database: Database, policy: str) -> dict[str, object]:
    """Return one database, dumped over the local socket by dump.py, which writes down whether the dump is whole.

    Every borgmatic takes another program in place of pg_dump, and not in place of mariadb-dump. So to borgmatic, all
    databases are PostgreSQL's; one of MariaDB is on a host of that name, which becomes a folder in the archive.
    """
    dump = f"{_PYTHON} {names.program(DUMP)} {names.BORGMATIC_RUNTIME}/{policy}/proof"
    if database.engine is DatabaseEngine.MARIADB:
        return {"name": _literal(database.name), "hostname": str(database.engine), "pg_dump_command": f"{dump} mariadb"}
    return {
        "name": _literal(database.name),
        "pg_dump_command": dump,
        "pg_restore_command": f"{_AS_POSTGRES} pg_restore",
        "psql_command": f"{_AS_POSTGRES} psql",
    }


def _literal(text: str) -> Template:
    """Return text that borgmatic takes as it is: `${…}` would be taken from its environment."""
    return Template(text.replace("${", "\\${"))
