"""The on-host programs, run by systemd on real hosts, with the layout of docs/decisions/0002-backups.md."""

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import backing_up
import host_inspection
import pytest
from backing_up import On, repository_step
from host_inspection import lay_out_program
from labkit import Lab

from opspact.model import names
from opspact.model.policies.backup import Database

pytestmark = pytest.mark.lab

CLIENT = "db1"
OTHERS = ("app1", "app2")
SERVER = backing_up.SERVER
REPOSITORY = f"{names.BACKUP_BASE}/{CLIENT}/lab"


@pytest.fixture(scope="module")
def backups(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """A client with a key, a repository and two policies: `nightly`, and `wrong` with a database that is not there."""
    lab.up()
    backing_up.lay_out_server(lab)
    backing_up.lay_out_client(On(lab, CLIENT), "nightly", databases=(Database("oa", None),))
    backing_up.lay_out_client(On(lab, CLIENT), "wrong", databases=(Database("no-such-database", None),))
    for host in OTHERS:
        On(lab, host).write(names.passphrase_file("backup", "lab"), backing_up.PASSPHRASE)
    hosts = ":".join((CLIENT, *OTHERS))
    backing_up.apply(lab, tmp_path_factory.mktemp("ansible"), repository_step().tasks(), hosts=hosts)
    yield lab
    lab.reset(CLIENT, SERVER, *OTHERS)


def archives(lab: Lab) -> list[str]:
    return On(lab, CLIENT).borg("list", "--short", "REPOSITORY").out.split()


def proven(lab: Lab) -> list[str]:
    return [name for name in archives(lab) if not name.startswith("unproven-") and not name.endswith(".manifest")]


def add_archive(lab: Lab) -> None:
    """Add a small archive with a name as backup.py gives it, in less time than a whole backup takes.

    Names say the second: two that are added within one would have the same.
    """
    archive = "REPOSITORY::nightly-{utcnow:%Y%m%dT%H%M%SZ}"
    done = On(lab, CLIENT).borg("create", archive, "/etc/hostname")
    if "already exists" in done.err:
        time.sleep(1)
        done = On(lab, CLIENT).borg("create", archive, "/etc/hostname")
    assert done.rc == 0, done


def by_server(lab: Lab, action: str, *clients: str) -> tuple[int, str, str]:
    """Run the server's program as its account; return exit status, verdict and message of the client's repository."""
    job = "check/lab" if action == "check" else "prune/lab"
    program = f"python3 {names.program('repository')} {names.settings(job)} {action} {' '.join(clients)}"
    spools = " ".join(f"{names.SPOOL_FOLDER}/{kind}" for kind in ("prune", "check"))
    On(lab, SERVER).root(f"install -d -o {names.BACKUP_ACCOUNT} {names.STATE_FOLDER}/repository {spools}")
    done = On(lab, SERVER).root(f"cd / && runuser -u {names.BACKUP_ACCOUNT} -- {program}")
    one = ours(On(lab, SERVER).newest_result(job))
    return done.rc, one["verdict"], one["message"]


def ours(result: dict[str, Any]) -> dict[str, Any]:
    """Return what a repository job said of our client; others may have left a repository behind."""
    repositories: list[dict[str, Any]] = result["items"]
    (one,) = (found for found in repositories if found["client"] == CLIENT)
    return one


def authorised(lab: Lab) -> list[str]:
    """Return the clients that the server lets in."""
    keys = On(lab, SERVER).root(f"cat {names.BACKUP_BASE}/.ssh/authorized_keys").out.splitlines()
    return sorted(line.split()[-2] for line in keys)


def test_clients_authorised_at_once_are_all_authorised(backups: Lab) -> None:
    assert authorised(backups) == ["app1", "app2", "db1"]
    differences = [list(repository_step().check(On(backups, host), {})) for host in (CLIENT, *OTHERS)]
    assert differences == [[], [], []]


def test_a_second_apply_changes_nothing(backups: Lab, tmp_path: Path) -> None:
    counts = backing_up.apply(backups, tmp_path, repository_step().tasks(), hosts=CLIENT)
    assert counts[CLIENT]["changed"] == 0


def test_check_mode_changes_nothing_where_there_is_no_repository_yet(backups: Lab, tmp_path: Path) -> None:
    other = repository_step(repository="other").tasks()
    before = On(backups, CLIENT).root("find /etc/opspact | sort").out
    backing_up.apply(backups, tmp_path, other, hosts=CLIENT, check=True)
    assert On(backups, CLIENT).root("find /etc/opspact | sort").out == before
    assert On(backups, SERVER).root(f"grep -c 'other$' {names.BACKUP_BASE}/.ssh/authorized_keys").out == "0\n"


def test_a_client_taken_away_is_let_in_no_longer_and_its_backups_stay(backups: Lab, tmp_path: Path) -> None:
    backing_up.apply(backups, tmp_path, repository_step().removal(), hosts=":".join(OTHERS))
    assert authorised(backups) == ["db1"]
    assert On(backups, SERVER).root(f"ls -d {names.BACKUP_BASE}/app1/lab").rc == 0
    assert not repository_step().present(On(backups, "app1"))


def test_a_backup_run_by_systemd_is_proved_with_its_dump(backups: Lab) -> None:
    assert On(backups, CLIENT).start("opspact-backup-nightly.service") == 0
    result = On(backups, CLIENT).newest_result("backup/nightly")
    assert (result["outcome"], result["verdict"], result["warnings"]) == ("done", "ok", [])
    (database,) = result["databases"]
    assert database["name"] == "oa"
    assert database["bytes"] > 1000
    assert proven(backups)[-1] == result["archive"]["name"]
    assert result["copy"]["name"] == result["archive"]["name"]


def test_a_dump_restored_by_hand_holds_every_row(backups: Lab) -> None:
    path = "run/opspact/borgmatic/nightly/postgresql_databases/localhost/oa"
    whole = f"REPOSITORY::{proven(backups)[-1]}"
    extract = On(backups, CLIENT).borg("list", "--format", "{path}{NL}", whole, f"pp:{path}")
    assert extract.out.split() == [path]
    access = repository_step().access
    variables = " ".join(f"{name}='{value}'" for name, value in access.environment.items())
    script = f"""
        runuser -u postgres -- createdb opspact_drill
        env {variables} borg extract --stdout {access.url}::{proven(backups)[-1]} {path} </dev/null |
            runuser -u postgres -- pg_restore --exit-on-error -d opspact_drill || exit 1
        runuser -u postgres -- psql -XAt -d opspact_drill -c 'select count(*) from audit_trail'
        runuser -u postgres -- dropdb opspact_drill"""
    live = On(backups, CLIENT).root("runuser -u postgres -- psql -XAt -d oa -c 'select count(*) from audit_trail'")
    assert On(backups, CLIENT).root(script).out == live.out != ""


def test_a_failed_dump_is_no_backup_although_borgmatic_stores_an_archive(backups: Lab) -> None:
    before = proven(backups)
    assert On(backups, CLIENT).start("opspact-backup-wrong.service") == 1
    result = On(backups, CLIENT).newest_result("backup/wrong")
    assert (result["outcome"], result["copy"]) == ("failed", None)
    assert result["message"].startswith(
        "No backup was made: the dump of database no-such-database failed: pg_dump: error:"
    )
    assert 'database "no-such-database" does not exist' in result["message"]
    assert proven(backups) == before
    assert any(name.startswith("unproven-wrong-") for name in archives(backups))


def test_a_path_that_is_not_there_is_no_backup(backups: Lab) -> None:
    settings = json.loads(On(backups, CLIENT).root(f"cat {names.settings('backup/nightly')}").out)
    changed = settings | {"job": "backup/pathless", "paths": ["/etc", "/srv/not-mounted"]}
    On(backups, CLIENT).write("/tmp/pathless.json", json.dumps(changed))
    done = On(backups, CLIENT).root(f"python3 {names.program('backup')} /tmp/pathless.json")
    assert (done.rc, "/srv/not-mounted" in done.err.splitlines()[-1]) == (1, True)


def test_the_passphrase_is_in_no_output_and_no_result(backups: Lab) -> None:
    journal = On(backups, CLIENT).root("journalctl -u 'opspact-backup-*' --no-pager").out
    results = (
        On(backups, CLIENT).root(f"cat {names.SPOOL_FOLDER}/backup/*/*.json {names.SETTINGS_FOLDER}/backup/*.json").out
    )
    assert "Backed up as" in journal
    assert backing_up.PASSPHRASE not in journal + results


def test_the_server_prunes_by_its_own_rules_through_systemd(backups: Lab) -> None:
    add_archive(backups)
    add_archive(backups)
    newest = proven(backups)[-1]
    assert On(backups, SERVER).start("opspact-prune-lab.service") == 0
    one = ours(On(backups, SERVER).newest_result("prune/lab"))
    assert (one["verdict"], one["copies"]["nightly"]["name"]) == ("ok", newest)
    assert proven(backups) == [newest]
    assert newest not in one["pruned"]
    assert On(backups, SERVER).start("opspact-check-lab.service") == 0
    assert On(backups, SERVER).newest_result("check/lab")["action"] == "check"


def test_a_client_cannot_reach_beyond_its_repository(backups: Lab) -> None:
    access = repository_step().access
    done = On(backups, CLIENT).root(f"{access.ssh_command} {access.account}@{SERVER} cat /etc/passwd </dev/null")
    assert (done.rc != 0, "root:" in done.out) == (True, False)
    elsewhere = On(backups, CLIENT).borg("init", "--encryption", "none", access.url.replace("lab", "elsewhere"))
    assert "Repository path not allowed" in elsewhere.err
    wholly = On(backups, CLIENT).borg("delete", "REPOSITORY", BORG_DELETE_I_KNOW_WHAT_I_AM_DOING="YES")
    assert "append-only mode" in wholly.err


def test_what_a_client_deletes_is_still_there_and_the_server_keeps_it(backups: Lab) -> None:
    add_archive(backups)
    backing_up.configure_server(backups, policies={"nightly": {"keep": {"hourly": 100}}})
    by_server(backups, "accept", CLIENT)
    name = proven(backups)[-1]
    transaction = On(backups, SERVER).root(f"ls {REPOSITORY} | sed -n 's/^index\\.//p'").out.strip()
    assert On(backups, CLIENT).borg("delete", f"REPOSITORY::{name}").rc == 0
    On(backups, CLIENT).borg("compact", "REPOSITORY")
    add_archive(backups)  # a later normal write
    for action in ("prune", "check"):
        rc, state, message = by_server(backups, action)
        assert (rc, state, name in message) == (1, "critical", True)
    undo = f"""
        cp -a {REPOSITORY} /tmp/rolled-back && cd /tmp/rolled-back && rm -f index.* hints.* integrity.*
        for segment in data/0/*; do test "${{segment##*/}}" -gt {transaction} && rm "$segment"; done
        export BORG_PASSCOMMAND='cat {names.passphrase_file("repository", "lab")}' BORG_BASE_DIR=/tmp/rolled-back-base
        export BORG_RELOCATED_REPO_ACCESS_IS_OK=yes; borg extract --dry-run .::{name} && echo whole"""
    assert On(backups, SERVER).root(undo).out == "whole\n"
    On(backups, SERVER).root("rm -rf /tmp/rolled-back*")
    assert by_server(backups, "accept", CLIENT)[:2] == (0, "ok")
    assert by_server(backups, "prune")[:2] == (0, "ok")


def test_archives_with_false_times_are_not_allowed_to_push_out_the_true_ones(backups: Lab) -> None:
    add_archive(backups)
    by_server(backups, "accept", CLIENT)
    for stamp in ("2019-12-31T23:59:00", "2035-12-31T23:59:00"):
        name = f"nightly-{stamp.translate(str.maketrans('', '', '-:'))}Z"
        On(backups, CLIENT).borg("create", "--timestamp", stamp, f"REPOSITORY::{name}", "/etc/hostname")
        rc, state, message = by_server(backups, "prune")
        assert (rc, state, name in message) == (1, "critical", True)
        On(backups, CLIENT).borg("delete", f"REPOSITORY::{name}")
    assert by_server(backups, "prune")[:2] == (0, "ok")


def test_a_replaced_key_is_critical(backups: Lab) -> None:
    by_server(backups, "accept", CLIENT)
    changed = On(backups, CLIENT).borg("key", "change-passphrase", "REPOSITORY", BORG_NEW_PASSPHRASE="mine now")
    assert changed.rc == 0
    rc, state, message = by_server(backups, "prune")
    assert (rc, state, "key was replaced" in message) == (1, "critical", True)
    (difference,) = repository_step().check(On(backups, CLIENT), {})
    assert "passphrase" in difference
    back = {"BORG_PASSCOMMAND": "echo mine now", "BORG_NEW_PASSPHRASE": backing_up.PASSPHRASE}
    assert On(backups, CLIENT).borg("key", "change-passphrase", "REPOSITORY", **back).rc == 0
    assert by_server(backups, "accept", CLIENT)[:2] == (0, "ok")


def test_the_server_waits_for_open_sessions_and_then_leaves_the_repository_alone(backups: Lab) -> None:
    holding = (
        f"cd {names.BACKUP_BASE}/{CLIENT} && exec runuser -u {names.BACKUP_ACCOUNT} -- flock -s lab.lock sleep 600"
    )
    On(backups, SERVER).root(f"systemd-run --quiet --unit=holding sh -c '{holding}'; sleep 0.5")
    rc, state, message = by_server(backups, "prune")
    assert (rc, state, "session of the client is still open" in message) == (0, "warning", True)
    On(backups, SERVER).root("systemctl stop holding")
    assert by_server(backups, "prune")[:2] == (0, "ok")


def test_a_damaged_repository_is_critical(backups: Lab) -> None:
    add_archive(backups)
    On(backups, SERVER).root(f"cp -a {REPOSITORY} {REPOSITORY}.whole")
    damage = f"f=$(ls -S {REPOSITORY}/data/0/* | head -1); printf X | dd of=$f bs=1 seek=2000 conv=notrunc status=none"
    assert On(backups, SERVER).root(damage).rc == 0
    rc, state, _ = by_server(backups, "check")
    assert (rc, state) == (1, "critical")
    On(backups, SERVER).root(f"rm -rf {REPOSITORY} && mv {REPOSITORY}.whole {REPOSITORY}")
    rc, state, message = by_server(backups, "check")
    assert (rc, state, "since damage was found" in message) == (1, "critical", True)
    add_archive(backups)
    assert by_server(backups, "check")[:2] == (0, "ok")


def test_a_repository_that_is_gone_is_critical(backups: Lab) -> None:
    by_server(backups, "accept", CLIENT)
    On(backups, SERVER).root(f"mv {REPOSITORY} /root/away")
    assert by_server(backups, "prune")[:2] == (1, "critical")
    (difference,) = repository_step().check(On(backups, CLIENT), {})
    assert "does not exist" in difference
    assert On(backups, CLIENT).start("opspact-backup-nightly.service") == 1
    message = On(backups, CLIENT).newest_result("backup/nightly")["message"]
    assert message == f"No backup was made: Repository {repository_step().access.url} does not exist."
    On(backups, SERVER).root(f"mv /root/away {REPOSITORY}")


def test_a_revoked_key_and_a_wrong_host_key_are_named(backups: Lab) -> None:
    host, step = On(backups, CLIENT), repository_step()
    keys = f"{names.BACKUP_BASE}/.ssh/authorized_keys"
    On(backups, SERVER).root(f"mv {keys} {keys}.away")
    assert "Permission denied" in next(step.check(host, {}))
    On(backups, SERVER).root(f"mv {keys}.away {keys}")
    On(backups, CLIENT).root(f"cp {step.known_hosts_path} /tmp/known; sed -i 's/ .*//' {step.known_hosts_path}")
    other = On(backups, "app1").root("cat /etc/ssh/ssh_host_ed25519_key.pub").out.strip()
    On(backups, CLIENT).write(step.known_hosts_path, f"{SERVER} {other}\n")
    assert "Host key verification failed" in next(step.check(host, {}))
    On(backups, CLIENT).root(f"cp /tmp/known {step.known_hosts_path}")
    assert list(step.check(host, {})) == []


def test_a_look_asks_borg_only_when_the_repository_or_the_passphrase_is_another(backups: Lab, tmp_path: Path) -> None:
    host, step = On(backups, CLIENT), repository_step()
    backing_up.apply(backups, tmp_path, step.tasks(), hosts=CLIENT)  # the repository is there: its proof is made anew
    noting, asked = "/usr/local/bin/borg", "/tmp/borg-was-asked"
    host.write(noting, f'#!/bin/sh\necho asked >>{asked}\nexec /usr/bin/borg "$@"\n')
    host.root(f"chmod 755 {noting}")
    proof, config = f"{backing_up.KEYS}/opened", f"{REPOSITORY}/config"

    def look() -> tuple[list[str], bool]:
        host.root(f"rm -f {asked}")
        return list(step.check(host, {})), host.root(f"test -e {asked}").rc == 0

    assert look() == ([], False)
    host.root(f"mv {proof} /tmp/proof")
    assert look() == ([], True)  # no proof: borg opens it
    host.root(f"mv /tmp/proof {proof}")
    On(backups, SERVER).root(f"cp -a {config} /root/config; sed -i 's/^key = ./&A/' {config}")
    (difference,), is_asked = look()
    assert is_asked, difference
    On(backups, SERVER).root(f"cp -a /root/config {config}")
    host.write(step.passphrase_path, "another one")
    (difference,), is_asked = look()
    assert (is_asked, "created with another passphrase" in difference) == (True, True)
    host.write(step.passphrase_path, backing_up.PASSPHRASE)
    assert look() == ([], False)
    host.root(f"rm {noting} {asked}")


def inspect(lab: Lab, host: str, policy: str, *items: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    lay_out_program(On(lab, host))
    return host_inspection.inspect(On(lab, host), policy, *items)


def test_an_inspection_by_systemd_sees_the_database_the_units_and_the_disk(backups: Lab) -> None:
    On(backups, CLIENT).root("systemctl reset-failed")
    status, result = inspect(
        backups,
        CLIENT,
        "daily",
        {"item": "disk", "mount": "/", "warn": 99.5, "critical": 99.9, "full_within": 259200},
        {"item": "memory", "warn": 99, "critical": 99.9},
        {"item": "units", "failed": 0},
        {"item": "unit", "name": "ssh.service"},
        {"item": "postgresql", "database": "oa", "connections": {"warn": 80}},
        {"item": "tcp", "port": 22},
    )
    assert (status, result["verdict"]) == (0, "ok"), result
    assert {item["verdict"] for item in result["items"]} == {"ok"}
    asked = {"disk", "memory", "units", "unit", "postgresql_connections", "postgresql_size", "tcp"}
    assert asked <= {item["item"] for item in result["items"]}


def test_what_is_wrong_is_critical_and_does_not_stop_the_rest(backups: Lab) -> None:
    On(backups, CLIENT).root(
        "systemd-run -qu broken false; systemd-run -qu looping -p Restart=always -p StartLimitIntervalSec=0 sleep 0.2; "
        "until [ $(systemctl show -P NRestarts looping) -ge 3 ]; do sleep 0.2; done"
    )
    backups.fill(CLIENT, "/srv")
    status, result = inspect(
        backups,
        CLIENT,
        "bad-day",
        {"item": "units"},
        {"item": "unit", "name": "looping.service"},
        {"item": "disk", "mount": "/srv", "warn": 80, "critical": 90},
        {"item": "disk", "mount": "/not-mounted", "warn": 80},
        {"item": "unit", "name": "no-such.service"},
        {"item": "postgresql", "database": "no-such-database"},
        {"item": "http", "url": "http://localhost:9/", "within": 1},
        {"item": "time", "offset": 0.5, "updated_within": 10800},
        {"item": "tcp", "port": 22},
    )
    backups.unfill(CLIENT)
    On(backups, CLIENT).root("systemctl stop looping.service; systemctl reset-failed broken.service")
    assert (status, result["verdict"]) == (0, "critical")
    assert " in a loop: looping.service (" in result["items"][0]["message"]
    states = [(item["item"], item["subject"], item["verdict"]) for item in result["items"]]
    assert [state for state in states if state[0] != "inodes"] == [
        ("units", "", "critical"),
        ("unit", "looping.service", "critical"),
        ("disk", "/srv", "critical"),
        ("disk", "/not-mounted", "unknown"),
        ("unit", "no-such.service", "critical"),
        ("postgresql_unit", "no-such-database", "ok"),
        ("postgresql", "no-such-database", "critical"),
        ("http", "http://localhost:9/", "critical"),
        ("time", "", "unknown"),
        ("tcp", "22", "ok"),
    ]


def test_a_full_spool_leaves_no_half_result_fails_the_unit_and_counts_what_was_lost(backups: Lab) -> None:
    """The folder is a file system of its own, that others fill: nothing of ours could make room there."""
    folder, host = names.spool("inspection/full"), On(backups, CLIENT)
    host.root(f"mkdir -p {folder} && mount -t tmpfs -o size=64k none {folder}")
    status, result = inspect(backups, CLIENT, "full", {"item": "memory"})
    assert (status, result["sequence"]) == (0, 1)
    host.root(f"rm {folder}/*.json; dd if=/dev/zero of={folder}/x bs=1k; true")
    assert host.start("opspact-inspection-full.service") == 1
    left = host.root(f"ls -A {folder}").out.split()
    journal = host.root("journalctl -u opspact-inspection-full.service --no-pager -n 20").out
    assert [name for name in left if not name.startswith("state-")] == [".lock", "x"]
    assert "No space left on device" in journal
    host.root(f"rm {folder}/x")
    assert host.start("opspact-inspection-full.service") == 0
    result = host.newest_result("inspection/full")
    assert (result["sequence"], result["lost"]) == (3, 2)  # the first one was removed above
    host.root(f"umount {folder}")
