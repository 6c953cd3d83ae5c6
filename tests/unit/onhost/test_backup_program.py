"""What counts as a backup: borgmatic's and borg's recorded words, good and bad."""

import hashlib
from pathlib import Path
from typing import Any

import pytest
import yaml
from programs import Machine
from recorded_backup import (
    BEGUN,
    DUMPS,
    FINE,
    GOOD,
    RAW,
    URL,
    WHOLE,
    back_up,
    borg,
    borgmatic,
    dump,
    give_roles,
)


@pytest.fixture(autouse=True)
def _server(machine: Machine) -> None:
    give_roles(machine)


def test_an_archive_with_its_dump_gets_its_real_name_and_is_a_backup(machine: Machine) -> None:
    borg(machine, dumps=dump("oa", 18404))
    borgmatic(machine, BEGUN, FINE)
    status, result = back_up(machine)
    assert (status, result["outcome"], result["verdict"]) == (0, "done", "ok")
    assert result["message"] == f"Backed up as {GOOD}."
    sizes = {"original": 1212545, "compressed": 476922, "deduplicated": 18460}
    assert result["archive"] == {"name": GOOD, "files": 188, "seconds": 0.13, "bytes": sizes}
    rows = {"public.document": 400}
    assert result["databases"] == [{"name": "oa", "bytes": 18404, "sha256": "5a5a", "rows": rows}]
    assert result["copy"] == {"name": GOOD, "id": "5f1e", "started": "2026-11-23T19:17:53Z"}
    stored = (machine.folder / "manifest").read_bytes()
    assert result["manifest"]["sha256"] == hashlib.sha256(stored).hexdigest()
    assert (result["manifest"]["files"], result["manifest"]["unchecked"]) == (2, 0)
    assert f"5a5a  {DUMPS}/localhost/oa\n".encode() in stored
    assert (machine.folder / "archives").read_text() == f"{GOOD}\n"


@pytest.mark.parametrize(
    ("proof", "words"),
    [
        (WHOLE | {"error": "the dump is not whole: pg_restore: error: end of file"}, "is not whole: pg_restore"),
        (WHOLE | {"bytes": 18405}, "has 18404 bytes in the archive, of 18405"),
        ({"error": ""}, "nothing shows that it is whole"),
        (None, "nothing shows that it is whole"),
    ],
    ids=["not whole", "cut off on its way", "damaged proof", "no proof"],
)
def test_a_dump_not_proved_whole_is_no_backup(machine: Machine, proof: dict[str, Any] | None, words: str) -> None:
    borg(machine, dumps=dump("oa", 18404))
    borgmatic(machine, BEGUN, FINE)
    back_up(machine)  # its proof must not count for the next
    borg(machine, dumps=dump("oa", 18404))
    borgmatic(machine, BEGUN, FINE, proof=proof)
    status, result = back_up(machine)
    assert (status, words in result["message"]) == (1, True), result["message"]


COMMON = {"source_directories": ["/etc", "/srv/办公"], "repositories": [{"path": URL}], "lock_wait": 600}


@pytest.mark.parametrize(
    ("version", "option"),
    [
        ("1.8.14", "borgmatic_source_directory"),
        ("1.9.14", "user_runtime_directory"),
        ("2.0.11", "user_runtime_directory"),
        ("2.10.0.dev0", "user_runtime_directory"),
    ],
)
def test_borgmatic_gets_the_form_of_its_version(machine: Machine, version: str, option: str) -> None:
    borg(machine, dumps=dump("oa", 18404))
    borgmatic(machine, BEGUN, FINE, version=version)
    assert back_up(machine)[0] == 0
    kept = machine.folder / "configuration"
    assert yaml.safe_load(kept.read_text()) == {**COMMON, option: str(machine.folder / "run")}
    assert kept.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("version", ["1.7.7", "unknown, see 198.51.100.1"])
def test_borgmatic_before_1_8_or_of_no_known_version_gets_the_sections(machine: Machine, version: str) -> None:
    borg(machine, dumps=dump("oa", 18404))
    borgmatic(machine, BEGUN, FINE, version=version)
    assert back_up(machine)[0] == 0
    assert (machine.folder / "used").read_text() == "/etc/opspact/backup/nightly.yaml\n"


def test_borgmatic_2_names_the_archive_otherwise_until_it_is_whole(machine: Machine) -> None:
    borg(machine, dumps=dump("oa", 18404))
    begun = f'Creating archive at "{URL}::{RAW}.checkpoint"'
    borgmatic(machine, begun, FINE, f"Renaming archive {RAW}.checkpoint -> {RAW}", version="2.0.11")
    status, result = back_up(machine)
    assert (status, result["archive"]["name"]) == (0, GOOD)


@pytest.mark.parametrize(
    ("dumps", "words"),
    [
        (dump("oa", 0), "the dump of database oa is empty"),
        (dump("other", 5), "the dump of database oa is not in the archive"),
        ('{"type": "d", "path": "etc"}', "the dump of database oa is not in the archive"),
    ],
)
def test_an_archive_without_a_whole_dump_keeps_its_unproven_name(machine: Machine, dumps: str, words: str) -> None:
    borg(machine, dumps=dumps)
    borgmatic(machine, BEGUN, FINE)
    status, result = back_up(machine)
    assert (status, result["outcome"], result["message"]) == (1, "failed", f"No backup was made: {words}.")
    assert (machine.folder / "archives").read_text() == f"{RAW}\n"


def test_borgmatic_that_fails_is_no_backup_even_when_borg_stored_an_archive(machine: Machine) -> None:
    borg(machine, dumps=dump("oa", 18404), archives=("nightly-20261122T190000Z", RAW))
    borgmatic(machine, BEGUN, FINE, "Need some help? https://torsion.org/borgmatic/#issues", status=1)
    status, result = back_up(machine)
    assert (status, result["outcome"], result["verdict"]) == (1, "failed", "critical")
    assert result["message"] == "No backup was made: borgmatic ended with 1 and gave no reason."
    assert result["copy"]["name"] == "nightly-20261122T190000Z"
    assert RAW in (machine.folder / "archives").read_text()


RECORDED = Path(__file__).parent / "borgmatic"
"""What borgmatic 1.7.7 with borg 1.2.4 wrote on lab hosts."""
ENVIRONMENT = {
    "BORG_PASSCOMMAND": "cat /etc/opspact/backup/lab.passphrase",
    "BORG_BASE_DIR": "/var/lib/opspact/borg",
    "BORG_CACHE_DIR": "/var/cache/opspact/borg",
}
LAB = "ssh://opspact-backup@backup1:22/./lab"
PLACE = "/srv/opspact-backup/db1/lab"
CAUSES = {
    "cache-full": (
        "No space left on device on this host, where borg writes (/var/cache/opspact/borg, /var/lib/opspact/borg)"
    ),
    "connection-refused": "ssh: connect to host backup1 port 22: Connection refused",
    "key-refused-with-dump": "opspact-backup@backup1: Permission denied (publickey)",
    "lock-held": f"Failed to create/acquire the lock {PLACE}/lock.exclusive (timeout)",
    "name-unknown": "ssh: Could not resolve hostname backup1: Temporary failure in name resolution",
    "no-borg": "No such file or directory: borg",
    "no-borg-on-server": "backup server: flock: failed to execute borg: No such file or directory",
    "no-passphrase": "cat: /etc/opspact/backup/lab.passphrase: No such file or directory",
    "repository-damaged": f"repository {LAB}: Data integrity error: Invalid segment magic [segment 2, offset 0]",
    "repository-full": f"repository {LAB}: No space left on device",
    "repository-gone": f"Repository {LAB} does not exist",
    "repository-read-only": (
        f"Failed to create/acquire the lock {PLACE}/lock.exclusive "
        f"([Errno 30] Read-only file system: '{PLACE}/lock.exclusive.19huj5mw.tmp')"
    ),
    "repository-without-config": f"{PLACE} is not a valid repository. Check repo config",
    "wrong-host-key": "Host key for backup1 has changed and you have requested strict checking",
    "wrong-passphrase": (
        f"the repository {LAB} was created with another passphrase than that in /etc/opspact/backup/lab.passphrase"
    ),
}


def replay(machine: Machine, name: str, *, status: int) -> None:
    machine.command("borgmatic", f"cat {RECORDED / name}.txt; exit {status}")


@pytest.mark.parametrize(
    ("said", "why"),
    [
        # What borgmatic 1.7.7 passed on of a full disk of the server: no word of whose it is.
        ("OSError: [Errno 28] No space left on device", f"repository {LAB}: No space left on device"),
        (
            "Connection closed by remote host",
            "the connection to the backup server was lost (Connection closed by remote host)",
        ),
        (
            "Remote: Timeout, server 198.51.100.21 not responding.",
            "the connection to the backup server was lost (Timeout, server 198.51.100.21 not responding)",
        ),
        ("Remote: \nConnection closed by remote host", "the connection to the backup server was lost"),
    ],
)
def test_whose_disk_is_full_and_that_a_connection_was_lost_is_said(machine: Machine, said: str, why: str) -> None:
    borg(machine)
    (machine.folder / "said").write_text(f"{said}\nterminating with error status, rc 2\n")
    machine.command("borgmatic", f"cat {machine.folder}/said; exit 1")
    _, result = back_up(machine, repository=LAB, environment=ENVIRONMENT)
    assert result["message"].startswith(f"No backup was made: {why}")


@pytest.mark.parametrize("name", CAUSES)
def test_a_failure_names_what_failed(name: str, machine: Machine) -> None:
    borg(machine)
    replay(machine, name, status=1)
    _, result = back_up(machine, repository=LAB, environment=ENVIRONMENT)
    assert result["message"] == f"No backup was made: {CAUSES[name]}."


@pytest.mark.parametrize(
    ("name", "database", "said"),
    [
        (
            "missing-database",
            "no-such-database",
            'pg_dump: error: connection to server failed: FATAL:  database "no-such-database" does not exist',
        ),
        (
            "database-stopped",
            "oa",
            'pg_dump: error: connection to server on socket "/run/s" failed: Connection refused',
        ),
        ("database-stopped", "oa", "pg_dump: error: query failed: ERROR:  permission denied for table document"),
        ("database-stopped", "oa", "runuser: failed to execute pg_dump: No such file or directory"),
    ],
)
def test_a_dump_that_fails_names_the_database_and_what_postgresql_says(
    name: str, database: str, *, said: str, machine: Machine
) -> None:
    borg(machine)
    replay(machine, name, status=1)
    detail = "pg_dump: detail: Query was: LOCK TABLE"
    (machine.folder / "said").write_text(f"{said}\n{detail if 'query' in said else ''}\n")
    machine.command("runuser", f'echo "$@" >>{machine.folder}/dumps; cat {machine.folder}/said >&2; exit 1')
    message = back_up(machine, databases=[database])[1]["message"]
    assert message == f"No backup was made: the dump of database {database} failed: {said}."
    assert (machine.folder / "dumps").read_text().split()[-1] == database


def test_a_database_that_can_be_read_again_is_said_to_be_so(machine: Machine) -> None:
    borg(machine)
    replay(machine, "database-stopped", status=1)
    machine.command("runuser", "exit 0")
    message = back_up(machine)[1]["message"]
    assert ("the dump of database oa failed" in message, "can read the database now" in message) == (True, True)


@pytest.mark.parametrize(
    ("name", "path", "why"),
    [
        ("path-io-error", "/srv/broken", "read: [Errno 5] Input/output error"),
        ("path-unreadable", "/srv/closed", "dir_open: [Errno 13] Permission denied: 'closed'"),
        ("path-missing", "/srv/not-mounted", ""),
    ],
)
def test_a_path_of_the_policy_that_was_not_read_is_no_backup(
    name: str, path: str, *, why: str, machine: Machine
) -> None:
    borg(machine)
    replay(machine, name, status=0)
    here = machine.folder / "there"
    there = path if not why else str(here)
    if why:
        here.mkdir()
        recorded = (RECORDED / f"{name}.txt").read_text().replace(path, there)
        (machine.folder / "said").write_text(recorded)
        machine.command("borgmatic", f"cat {machine.folder}/said")
    status, result = back_up(machine, paths=["/etc", there], databases=[])
    words = f"{there} cannot be read: {why}" if why else f"{there} does not exist on this host"
    assert (status, result["outcome"], result["message"]) == (1, "failed", f"No backup was made: {words}.")


def test_a_missing_path_is_named_where_borgmatic_fails_and_says_nothing(machine: Machine) -> None:
    borg(machine)
    machine.command("borgmatic", "echo '/srv/gone: stat: [Errno 2] No such file or directory: gone'; exit 1")
    _, result = back_up(machine, paths=["/etc", "/srv/gone"], databases=[])
    assert result["message"] == "No backup was made: /srv/gone does not exist on this host."


def test_a_path_that_cannot_be_looked_at_is_not_said_to_be_missing(machine: Machine) -> None:
    borg(machine)
    borgmatic(machine, BEGUN, FINE)
    (loop := machine.folder / "loop").symlink_to("loop")
    status, result = back_up(machine, paths=[str(loop / "data")], databases=[])
    assert (status, result["message"]) == (
        1,
        f"No backup was made: {loop}/data cannot be read: Too many levels of symbolic links.",
    )


def test_a_borgmatic_that_began_no_archive_is_no_backup(machine: Machine) -> None:
    borg(machine)
    borgmatic(machine, "nothing to do")
    status, result = back_up(machine)
    assert (status, result["copy"], "created no archive" in result["message"]) == (1, None, True)


def test_an_archive_without_files_is_no_backup(machine: Machine) -> None:
    borg(machine, files=0)
    borgmatic(machine, BEGUN, FINE)
    status, result = back_up(machine, databases=[])
    assert (status, result["message"]) == (1, "No backup was made: the archive contains no files.")


def test_a_path_that_is_missing_is_no_backup(machine: Machine) -> None:
    borg(machine, dumps=dump("oa", 18404))
    borgmatic(machine, BEGUN, FINE)
    status, result = back_up(machine, paths=["/etc", "/srv/not-mounted"])
    assert (status, "/srv/not-mounted does not exist" in result["message"]) == (1, True)


def test_files_that_cannot_be_read_are_a_warning_and_files_that_change_are_daily_life(machine: Machine) -> None:
    borg(machine, dumps=dump("oa", 18404))
    unreadable = "/srv/x: open: [Errno 13] Permission denied: 'x'"
    changed = "/var/log/syslog: file changed while we backed it up"
    gone = "/var/tmp/a: stat: [Errno 2] No such file or directory: 'a'"
    ended = "terminating with warning status, rc 1"
    borgmatic(machine, "/etc/x.yaml: before", BEGUN, changed, gone, ended, "/etc/x.yaml: Successfully ran")
    assert back_up(machine)[1]["verdict"] == "ok"
    borg(machine, dumps=dump("oa", 18404))
    borgmatic(machine, BEGUN, changed, unreadable, ended)
    status, result = back_up(machine)
    assert (status, result["verdict"], result["warnings"]) == (0, "warning", [unreadable])


def test_special_files_that_borgmatic_leaves_out_are_told_with_their_targets(machine: Machine) -> None:
    borg(machine, dumps=dump("oa", 18404))
    masked = machine.folder / "getty.service"
    masked.symlink_to("/dev/null")
    excluded_files = f"{URL}: Excluding special files to prevent Borg from hanging: {masked}, /srv/pipe"
    borgmatic(machine, excluded_files, BEGUN, FINE)
    assert back_up(machine)[1]["left_out"] == [
        {"path": str(masked), "target": "/dev/null"},
        {"path": "/srv/pipe", "target": ""},
    ]


def test_a_borg_that_cannot_be_asked_is_no_backup(machine: Machine) -> None:
    machine.command("borg", "echo 'Connection closed by remote host. Is borg working on the server?' >&2; exit 2")
    borgmatic(machine, BEGUN, FINE)
    status, result = back_up(machine)
    assert (status, "copy" in result, "Connection closed by remote host" in result["message"]) == (1, False, True)


def test_programs_that_are_not_there_are_named(machine: Machine) -> None:
    machine.command("borg", "exit 2")
    settings = machine.settings(job="backup/nightly", borgmatic="x", repository=URL, environment={}, paths=["/etc"])
    assert machine.run("backup", settings, only_ours=True).returncode == 1
    assert "borgmatic cannot be started" in machine.newest("backup/nightly")["message"]
