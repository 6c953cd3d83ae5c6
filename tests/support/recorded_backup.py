"""A host on which recorded borg and borgmatic make a backup with the real program.

Used by the tests of `onhost/backup`.
"""

import json
from pathlib import Path
from typing import Any

from programs import Machine

URL = "ssh://opspact-backup@backup1:22/./nightly"
STAMP = "20261123T191753Z"
RAW, GOOD = f"unproven-nightly-{STAMP}", f"nightly-{STAMP}"
BEGUN = f'Creating archive at "{URL}::{RAW}"'
FINE = "terminating with success status, rc 0"
STATS = {"original_size": 1212545, "compressed_size": 476922, "deduplicated_size": 18460, "nfiles": 188}
DUMPS = "run/opspact/borgmatic/nightly/postgresql_databases"
ALL_ROLES = "CREATE ROLE oa;\n--\n-- PostgreSQL database cluster dump complete\n--\n"


def dump(name: str, size: int) -> str:
    folder = json.dumps({"type": "d", "path": f"{DUMPS}/localhost", "size": 0})
    return folder + "\n" + json.dumps({"type": "-", "path": f"{DUMPS}/localhost/{name}", "size": size})


def roles_of(machine: Machine) -> Path:
    return machine.folder / "roles" / "nightly"


def borg(
    machine: Machine, *, dumps: str = "", roles: int = 730, files: int = 188, archives: tuple[str, ...] = (RAW,)
) -> None:
    """Record a borg that knows these archives and copies and deletes for real; `roles`: the bytes of theirs there."""
    known = machine.folder / "archives"
    known.write_text("".join(f"{name}\n" for name in archives))
    listed = json.dumps({"type": "-", "path": str(roles_of(machine)).lstrip("/"), "size": roles}) if roles else ""
    read_back = json.dumps({"type": "-", "path": str(roles_of(machine)).lstrip("/"), "sha256": "7b" * 32})
    info = json.dumps({"archives": [{"duration": 0.13, "stats": {**STATS, "nfiles": files}}]})
    machine.command(
        "borg",
        f"""
        echo "$@" >> {machine.folder}/asked; test -n "$BORG_PASSCOMMAND" || exit 9
        case "$1 $2" in
            "create --lock-wait") cat >{machine.folder}/manifest; test ! -e {machine.folder}/full || exit 2;;
            "list --json-lines") if [ "$4" = "{{sha256}}" ]; then echo '{read_back}'; exit; fi; grep . <<'END'
{dumps}
{listed}
END
            ;;
            "info --json") echo '{info}';;
            "recreate --target") echo "$3" >>{known};;
            "delete "*) sed -i "/^{RAW}$/d" {known};;
            "list --json")
                name=$(grep '^nightly-' {known} | tail -n 1)
                test -n "$name" && one="{{\\"name\\": \\"$name\\", \\"id\\": \\"5f1e\\"}}"
                echo "{{\\"archives\\": [$one]}}";;
            *) exit 8;;
        esac""",
    )


WHOLE = {"error": "", "bytes": 18404, "sha256": "5a5a", "rows": {"public.document": 400}}


def borgmatic(
    machine: Machine, *lines: str, status: int = 0, version: str = "1.7.7", proof: dict[str, Any] | None = WHOLE
) -> None:
    """Record what borgmatic says, and what dump.py, which it calls, says of the dump of the database `oa`."""
    said = "\n".join(lines)
    written = f"mkdir -p {machine.folder}/run/proof; echo '{json.dumps(proof)}' >{machine.folder}/run/proof/oa.json"
    answer = f'if [ "$1" = --version ]; then echo {version}; exit; fi'
    keep = f'echo "$2" >{machine.folder}/used; cp -p "$2" {machine.folder}/configuration 2>/dev/null'
    keep += f"; stat -c %a {roles_of(machine)} >{machine.folder}/mode; cp {roles_of(machine)} {machine.folder}/archived"
    machine.command(
        "borgmatic", f"{answer}\n{keep}\n{written if proof else ''}\ncat <<'END'\n{said}\nEND\nexit {status}"
    )


def back_up(machine: Machine, **changed: object) -> tuple[int, dict[str, Any]]:
    settings = {
        "job": "backup/nightly",
        "borgmatic": "/etc/opspact/backup/nightly.yaml",
        "options": {
            "location": {
                "source_directories": ["/etc", "/srv/办公"],
                "repositories": [URL],
                "borgmatic_source_directory": str(machine.folder / "run"),
            },
            "storage": {"lock_wait": 600},
        },
        "repository": URL,
        "environment": {"BORG_PASSCOMMAND": "cat /etc/opspact/backup/nightly.passphrase"},
        "paths": ["/etc"],
        "databases": ["oa"],
        "roles": str(roles_of(machine)),
    }
    done = machine.run("backup", machine.settings(**settings | changed))
    assert 'backup.py", line' not in done.stderr
    return done.returncode, machine.newest("backup/nightly")


def give_roles(machine: Machine) -> None:
    """Have the host's PostgreSQL dump its roles, whatever it is asked."""
    machine.command("runuser", f"printf '%s' '{ALL_ROLES}'")
