"""Hosts of Debian 12 and 13 under one contract, the reference contract as it is: app2 is of 12, all others are of 13.

Debian 13 has systemd 257, OpenSSH 10, Python 3.13, borg 1.4 and borgmatic 1.9, PostgreSQL 17; Debian 12 has 252, 9.2,
3.11, 1.2 and 1.7, 15. The tests share the hosts and go in the order written; the last one has its address shut out.
"""

import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from contracts import Contract, reference, small
from labkit import Lab
from reaching import reached

from opspact.fleet.connection import Settings
from opspact.fleet.failures import HostLost
from opspact.fleet.sessions import open_sessions
from opspact.steps.check import Reach

pytestmark = pytest.mark.lab

CLUSTERS = {"app2": "15", "db1": "17"}
SETTINGS = "/etc/postgresql/{}/main/conf.d/opspact.conf"
NGINX = "systemctl show --property=MainPID --value nginx"
PRUNE = "systemctl start opspact-prune-{0} || {{ journalctl -o cat -n 30 -u opspact-prune-{0} >&2; false; }}"
CLOSED = """\
kind: person
name: anna-li
text: {zh: 安, en: Anna Li}
teams: [crew]
from: 2026-01-01
until: 2026-02-01
---
kind: access
name: crew
hosts: db1
people: {team: crew}
"""
BACK = """\
kind: service
name: note
hosts: db
owner: crew
files: [{path: "/srv/note-{{ postgresql_version }}", content: x}]
---
kind: backup
name: back
hosts: db1
what: {paths: [/etc], databases: [{postgresql: oa}]}
schedule: daily at 03:00
to: {host: app2, repository: back}
keep: {daily: 7}
rpo: 26h
rto: 4h
passphrase: secret:vault:borg
"""
"""From 13 to 12, beside the reference contract's backups to 13."""

BEFORE = """\
set -e
useradd --create-home --shell /bin/bash --groups sudo anna-li
echo anna-li:secret | chpasswd
install -d -o anna-li -g anna-li -m 0700 ~anna-li/.ssh
install -o anna-li -g anna-li -m 0600 ~ops/.ssh/authorized_keys ~anna-li/.ssh/authorized_keys
touch /var/lib/systemd/linger/anna-li
"""
SU = "echo secret | runuser -u nobody -- su anna-li -c 'echo secret | sudo -S -k id -u'"
SHUT_OUT = b"Not allowed at this time\r\n"


@pytest.fixture(scope="module")
def contract(two_releases: Lab) -> Iterator[Contract]:
    with reference(two_releases) as made:
        made.write("inventory/host_vars/db1.yaml", f"postgresql_version: {CLUSTERS['db1']}\n")
        made.commit()
        made.good("apply", "--yes")
        yield made


def test_one_contract_is_applied_to_both_and_seen_to_be_so(two_releases: Lab, contract: Contract) -> None:
    for host, version in CLUSTERS.items():
        shown = f"cat /etc/debian_version; systemctl is-active postgresql@{version}-main; stat -c %U {SETTINGS}"
        release = {"15": "12", "17": "13"}[version]
        assert two_releases.root(host, shown.format(version)).out.split(".")[0] == release
        assert two_releases.root(host, shown.format(version)).out.endswith("\nactive\npostgres\n")
    summary = contract.good("verify", "--format", "json").json["summary"]
    assert summary["planned"] == summary["ok"] > 200
    again = contract.good("apply", "--yes", "--format", "json").json
    assert (again["converged"], again["ansible_started"]) == (True, False)


def test_an_inspection_sees_the_same_on_both(contract: Contract) -> None:
    ran = contract.run("inspect", "run", "daily-servers", "--format", "json")
    assert ran.code in {0, 1}  # a busy machine may be loaded
    results = {each["host"]: each for each in ran.json["results"]}
    assert sorted(results) == ["app1", "app2", "backup1", "db1"]
    items = {  # what hosts of different services have in common
        host: {item["item"]: item["verdict"] for item in each["items"] if not item["subject"].startswith("service/")}
        for host, each in results.items()
    }
    assert len(items["db1"]) == len(items["app2"]) > 5
    unknown = {host: {name for name, verdict in found.items() if verdict == "unknown"} for host, found in items.items()}
    assert unknown["app1"] == unknown["app2"] == unknown["db1"] == unknown["backup1"]


def test_a_drift_on_either_is_seen_and_healed(two_releases: Lab, contract: Contract) -> None:
    for host, version in CLUSTERS.items():
        change = f"echo '# theirs' >>{SETTINGS}; systemctl stop postgresql@{version}-main"
        assert two_releases.root(host, change.format(version)).rc == 0
    seen = contract.run("verify", "--format", "json")
    assert seen.code == 1
    contract.good("apply", "--yes")
    contract.good("verify", "--limit", "db")
    for host, version in CLUSTERS.items():
        assert two_releases.root(host, f"systemctl is-active postgresql@{version}-main").out == "active\n"


def test_backups_go_from_each_to_the_other_and_the_servers_prune(two_releases: Lab, contract: Contract) -> None:
    made = contract.good("backup", "run", "daily-incremental", "--format", "json").json["results"]
    assert {(each["host"], each["outcome"], each["verdict"]) for each in made} == {
        (host, "done", "ok") for host in ("app1", "app2", "db1")
    }
    (drilled,) = contract.good("backup", "drill", "daily-incremental", "--format", "json").json["results"]
    assert {item["subject"]: item["verdict"] for item in drilled["items"]} == {
        f"host/{host}": "ok" for host in ("app1", "app2", "db1")
    }
    rows = {item["client"]: [each["rows"] > 1000 for each in item["databases"]] for item in drilled["items"]}
    assert rows == {"app1": [], "app2": [True], "db1": [True]}  # dumps of 15 and 17
    pruned = two_releases.root("backup1", PRUNE.format("daily"), timeout=120)
    assert pruned.rc == 0, pruned.err
    for host in CLUSTERS:
        said = two_releases.root(host, "journalctl -o cat -u opspact-backup-daily-incremental.service").out
        assert "Creating archive" in said
        assert "deprecated" not in said  # borgmatic has the form of its version
    sections = two_releases.root(
        "app2", "validate-borgmatic-config --config /etc/opspact/backup/daily-incremental.yaml"
    )
    assert sections.rc == 0, sections
    with small(two_releases, "back", BACK) as back:
        back.write("inventory/host_vars/db1.yaml", "postgresql_version: 17\n")
        back.write("inventory/group_vars/db.yaml", "postgresql_version: 15\n")
        back.commit()
        back.good("apply", "--yes")
        assert all(f"note-{version}" in two_releases.root(host, "ls /srv").out for host, version in CLUSTERS.items())
        (result,) = back.good("backup", "run", "back", "--format", "json").json["results"]
        assert (result["host"], result["outcome"], result["verdict"]) == ("db1", "done", "ok")
        pruned = two_releases.root("app2", PRUNE.format("back"), timeout=120)
        assert pruned.rc == 0, pruned.err
        back.drop("policies/all.yaml", "note")
        back.commit()
        back.good("apply", "--yes")
        assert not any("note" in two_releases.root(host, "ls /srv").out for host in CLUSTERS)


def rows(lab: Lab, host: str, *, database: str = "oa", where: str = "true") -> str:
    """Return how many rows of a table there are, and the digest of all that is in them."""
    query = f"select count(*), md5(string_agg(t::text, ',' order by id)) from audit_trail t where {where}"
    done = lab.root(host, f'cd / && runuser -u postgres -- psql -XAt -d {database} -c "{query}"')
    assert done.rc == 0, done
    return done.out


def test_files_and_databases_come_back_on_both(two_releases: Lab, contract: Contract) -> None:
    for host in CLUSTERS:
        for words in (("--file", "/etc/hostname", "--to", "/srv/back"), ("--database", "oa", "--as", "oa_restored")):
            asked = ("backup", "restore", "daily-incremental", "--host", host, *words, "--yes", "--format", "json")
            (result,) = contract.good(*asked).json["results"]
            assert (result["outcome"], result["verdict"]) == ("done", "ok"), result
        assert two_releases.root(host, "cat /srv/back/etc/hostname; rm -r /srv/back").out == f"{host}\n"
        assert rows(two_releases, host, database="oa_restored") == rows(two_releases, host)
        two_releases.root(host, "cd / && runuser -u postgres -- dropdb oa_restored")


def test_old_rows_are_archived_and_purged_on_both(two_releases: Lab, contract: Contract) -> None:
    for host in CLUSTERS:
        old, young = "created_at < now() - interval '200 days'", "created_at >= now() - interval '100 days'"
        age = "update audit_trail set created_at = now() - case when id % 9 = 0 then interval '1 year' else '1 day' end"
        assert two_releases.root(host, f'cd / && runuser -u postgres -- psql -X -d oa -c "{age}"').rc == 0
        wanted, kept = rows(two_releases, host, where=old), rows(two_releases, host, where=young)
        assert int(wanted.partition("|")[0]) > 50
        done = two_releases.root(host, "systemctl start opspact-data_care-purge-audit-trail", timeout=120)
        assert done.rc == 0, two_releases.root(host, "journalctl -n 30 -u opspact-data_care-purge-audit-trail").out
        assert rows(two_releases, host) == kept
    collected = contract.good("inspect", "collect", "--format", "json").json["results"]
    purged = {each["host"]: each["verdict"] for each in collected if each["job"] == "data_care/purge-audit-trail"}
    assert purged == dict.fromkeys(CLUSTERS, "ok")


def test_nothing_is_restarted_into_a_broken_configuration(two_releases: Lab, contract: Contract) -> None:
    pid = two_releases.root("app1", NGINX).out
    two_releases.root("app1", "echo 'serve {' >/etc/nginx/conf.d/theirs.conf")
    template = (contract.folder / "files/oa.conf.j2").read_text(encoding="utf-8")
    contract.write("files/oa.conf.j2", f"# changed\n{template}")
    contract.commit()
    assert contract.run("apply", "--yes").code == 3
    assert two_releases.root("app1", NGINX).out == pid
    two_releases.root("app1", "rm /etc/nginx/conf.d/theirs.conf")
    contract.good("apply", "--yes")
    assert two_releases.root("app1", NGINX).out not in {pid, "0\n"}
    contract.good("verify")


def test_the_account_of_somebody_who_left_is_closed(two_releases: Lab) -> None:
    assert two_releases.root("db1", BEFORE).rc == 0
    assert two_releases.root("db1", SU).out == "0\n"
    with small(two_releases, "accounts", CLOSED) as made:
        made.good("apply", "--yes")
        made.good("verify")
    assert two_releases.root("db1", SU).rc != 0
    assert two_releases.root("db1", "id -nG anna-li; ls /var/lib/systemd/linger ~anna-li/.ssh").out == (
        "anna-li\n/home/anna-li/.ssh:\n\n/var/lib/systemd/linger:\n"
    )


def greeting(lab: Lab) -> bytes:
    with socket.create_connection((lab.address("db1"), 22), timeout=5) as connection:
        return connection.recv(len(SHUT_OUT))


def test_an_address_that_is_shut_out_is_told_as_that_and_waited_for(
    two_releases: Lab, contract: Contract, tmp_path: Path
) -> None:
    wrong = tmp_path / "wrong"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", wrong], check=True)
    theirs = {f"IdentityFile={two_releases.key}": f"IdentityFile={wrong}"}
    stranger = [theirs.get(word, word) for word in two_releases.ssh_command("db1")]
    for _ in range(6):
        subprocess.run([*stranger, "true"], capture_output=True, check=False)
    assert greeting(two_releases) == SHUT_OUT

    impatient = Settings(shut_out_patience=0.0)
    with open_sessions([reached(two_releases, "db1")], settings=impatient) as sessions:
        lost = sessions.each(lambda session: session.name)["db1"]
    assert isinstance(lost, HostLost)
    assert (lost.reach, "PerSourcePenalties" in lost.detail) == (Reach.CUT_OFF, True)

    assert greeting(two_releases) == SHUT_OUT
    begun = time.monotonic()
    contract.good("--close-connections", "verify")  # one that is kept would need no login
    assert time.monotonic() - begun > 1
    assert greeting(two_releases).startswith(b"SSH-2.0-")
