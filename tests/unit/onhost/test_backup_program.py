"""What counts as a backup: borgmatic's and borg's recorded words, good and bad."""

import json
from typing import Any

import pytest
from programs import Machine

URL = "ssh://opspact-backup@backup1:22/./nightly"
STAMP = "20261123T191753Z"
RAW, GOOD = f"unproven-nightly-{STAMP}", f"nightly-{STAMP}"
BEGUN = f'Creating archive at "{URL}::{RAW}"'
FINE = "terminating with success status, rc 0"
STATS = {"original_size": 1212545, "compressed_size": 476922, "deduplicated_size": 18460, "nfiles": 188}
DUMPS = "run/opspact/borgmatic/nightly/postgresql_databases"


def dump(name: str, size: int) -> str:
    folder = json.dumps({"type": "d", "path": f"{DUMPS}/localhost", "size": 0})
    return folder + "\n" + json.dumps({"type": "-", "path": f"{DUMPS}/localhost/{name}", "size": size})


def borg(machine: Machine, *, dumps: str = "", files: int = 188, archives: tuple[str, ...] = (RAW,)) -> None:
    """Record a borg that knows these archives and renames for real."""
    known = machine.folder / "archives"
    known.write_text("".join(f"{name}\n" for name in archives))
    info = json.dumps({"archives": [{"duration": 0.13, "stats": {**STATS, "nfiles": files}}]})
    machine.command(
        "borg",
        f"""
        echo "$@" >> {machine.folder}/asked; test -n "$BORG_PASSCOMMAND" || exit 9
        case "$1 $2" in
            "list --json-lines") cat <<'END'
{dumps}
END
            ;;
            "info --json") echo '{info}';;
            "rename "*) sed -i "s/^{RAW}$/$3/" {known};;
            "list --json")
                name=$(grep '^nightly-' {known} | tail -n 1)
                test -n "$name" && one="{{\\"name\\": \\"$name\\", \\"id\\": \\"5f1e\\"}}"
                echo "{{\\"archives\\": [$one]}}";;
            *) exit 8;;
        esac""",
    )


def borgmatic(machine: Machine, *lines: str, status: int = 0) -> None:
    said = "\n".join(lines)
    machine.command("borgmatic", f"cat <<'END'\n{said}\nEND\nexit {status}")


def back_up(machine: Machine, **changed: object) -> tuple[int, dict[str, Any]]:
    settings = {
        "job": "backup/nightly",
        "borgmatic": "/etc/opspact/backup/nightly.yaml",
        "repository": URL,
        "environment": {"BORG_PASSCOMMAND": "cat /etc/opspact/backup/nightly.passphrase"},
        "paths": ["/etc"],
        "databases": ["oa"],
    }
    done = machine.run("backup", machine.settings(**settings | changed))
    assert "Traceback" not in done.stderr
    return done.returncode, machine.newest("backup/nightly")


def test_an_archive_with_its_dump_gets_its_real_name_and_is_a_backup(machine: Machine) -> None:
    borg(machine, dumps=dump("oa", 18404))
    borgmatic(machine, BEGUN, FINE)
    status, result = back_up(machine)
    assert (status, result["outcome"], result["verdict"]) == (0, "done", "ok")
    assert result["message"] == f"Backed up as {GOOD}."
    sizes = {"original": 1212545, "compressed": 476922, "deduplicated": 18460}
    assert result["archive"] == {"name": GOOD, "files": 188, "seconds": 0.13, "bytes": sizes}
    assert result["databases"] == [{"name": "oa", "bytes": 18404}]
    assert result["copy"] == {"name": GOOD, "id": "5f1e", "started": "2026-11-23T19:17:53Z"}
    assert (machine.folder / "archives").read_text() == f"{GOOD}\n"


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
    failed = "Command 'runuser -u postgres -- pg_dump oa' returned non-zero exit status 1."
    borgmatic(machine, BEGUN, FINE, failed, "Need some help? https://torsion.org/borgmatic/#issues", status=1)
    status, result = back_up(machine)
    assert (status, result["outcome"], result["verdict"]) == (1, "failed", "critical")
    assert result["message"] == f"No backup was made: borgmatic ended with 1: {failed}"
    assert result["copy"]["name"] == "nightly-20261122T190000Z"
    assert RAW in (machine.folder / "archives").read_text()


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
