"""The borgmatic configuration of one backup policy, and the settings of the program that runs and proves it.

Comes in: how the repository is reached, what is backed up. Goes out: YAML text, settings.

Known of borgmatic 1.7.7 and respected here (measured; docs/decisions/0002-backups.md): the archive is stored even when
a dump fails, hence its name `unproven-…` until backup.py has proved it; with databases borg stays on the file systems
of the paths, hence always so; its output is read by backup.py, hence `--show-rc`.
"""

from opspact.compile.yaml_text import lines
from opspact.model import names
from opspact.steps import borg
from opspact.steps.base import Template
from opspact.steps.borg import BorgAccess
from opspact.structs import Struct

DUMP = "dump"
"""The on-host program that makes and proves dumps."""

_HEAD = "# Written by opspact; changes made here do not last.\n"
_AS_POSTGRES = "runuser -u postgres --"
_PYTHON = "/usr/bin/python3"


class BackupContent(Struct, kw_only=True):
    """What one policy backs up on a host: paths, patterns left out, PostgreSQL databases by name."""

    policy: str
    paths: tuple[str, ...]
    exclude: tuple[str, ...] = ()
    databases: tuple[str, ...] = ()


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
        "databases": content.databases,
        "roles": names.roles_file(content.policy) if content.databases else "",
    }


def _sections(access: BorgAccess, content: BackupContent) -> dict[str, dict[str, object]]:
    location = {
        "source_directories": [*map(_literal, content.paths), *_roles(content)],
        "repositories": [access.url],
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
    databases = [_database(name, content.policy) for name in content.databases]
    hooks: dict[str, dict[str, object]] = {"hooks": {"postgresql_databases": databases}} if databases else {}
    return {"location": location, "storage": storage, **hooks}


def _roles(content: BackupContent) -> list[str]:
    """Return where the roles of the databases' server are, unless that is below a path: borg would take it twice."""
    file = names.roles_file(content.policy)
    is_below = any(f"{file}/".startswith(f"{path.rstrip('/')}/") for path in content.paths)
    return [file] if content.databases and not is_below else []


def _database(name: str, policy: str) -> dict[str, object]:
    """Return one database, dumped by the account postgres over the local socket: no password anywhere.

    dump.py calls pg_dump, and writes down whether the dump is whole.
    """
    return {
        "name": _literal(name),
        "pg_dump_command": f"{_PYTHON} {names.program(DUMP)} {names.BORGMATIC_RUNTIME}/{policy}/proof",
        "pg_restore_command": f"{_AS_POSTGRES} pg_restore",
        "psql_command": f"{_AS_POSTGRES} psql",
    }


def _literal(text: str) -> Template:
    """Return text that borgmatic takes as it is: `${…}` would be taken from its environment."""
    return Template(text.replace("${", "\\${"))
