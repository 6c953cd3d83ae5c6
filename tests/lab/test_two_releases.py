"""On hosts of Debian 13 (systemd 257, OpenSSH 10, Python 3.13, borg 1.4, PostgreSQL 17) all is as on those of 12.

The tests share two hosts and go in the order written; the last one has its address shut out.
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

NGINX = "systemctl show --property=MainPID --value nginx"
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
def contract(debian13: Lab) -> Iterator[Contract]:
    """The reference contract, with the paths of PostgreSQL 17 and without the hosts that are not there."""
    with reference(debian13) as made:
        made.change("policies/services.yaml", "/etc/postgresql/15/", "/etc/postgresql/17/")
        made.change("policies/services.yaml", "postgresql@15-main", "postgresql@17-main")
        for name in ("app1", "app2"):
            made.change("policies/devices.yaml", f"probed_from: {name}", "probed_from: db1")
        made.commit()
        made.good("apply", "--yes")
        yield made


def test_the_reference_contract_is_applied_and_seen_to_be_so(debian13: Lab, contract: Contract) -> None:
    assert debian13.root("db1", "cat /etc/debian_version").out.startswith("13.")
    summary = contract.good("verify", "--format", "json").json["summary"]
    assert summary["planned"] == summary["ok"] > 100
    again = contract.good("apply", "--yes", "--format", "json").json
    assert (again["converged"], again["ansible_started"]) == (True, False)


def test_a_backup_is_made_and_the_server_prunes(debian13: Lab, contract: Contract) -> None:
    (backup,) = contract.good("backup", "run", "daily-incremental", "--format", "json").json["results"]
    assert (backup["host"], backup["outcome"], backup["verdict"]) == ("db1", "done", "ok")
    assert debian13.root("backup1", "systemctl start opspact-prune-daily.service", timeout=120).rc == 0


def test_nothing_is_restarted_into_a_broken_configuration(debian13: Lab, contract: Contract) -> None:
    pid = debian13.root("db1", NGINX).out
    debian13.root("db1", "echo 'serve {' >/etc/nginx/conf.d/theirs.conf")
    template = (contract.folder / "files/oa.conf.j2").read_text(encoding="utf-8")
    contract.write("files/oa.conf.j2", f"# changed\n{template}")
    contract.commit()
    assert contract.run("apply", "--yes").code == 3
    assert debian13.root("db1", NGINX).out == pid
    debian13.root("db1", "rm /etc/nginx/conf.d/theirs.conf")
    contract.good("apply", "--yes")
    assert debian13.root("db1", NGINX).out not in {pid, "0\n"}
    contract.good("verify")


def test_the_account_of_somebody_who_left_is_closed(debian13: Lab) -> None:
    assert debian13.root("db1", BEFORE).rc == 0
    assert debian13.root("db1", SU).out == "0\n"
    with small(debian13, "accounts", CLOSED) as made:
        made.good("apply", "--yes")
        made.good("verify")
    assert debian13.root("db1", SU).rc != 0
    assert debian13.root("db1", "id -nG anna-li; ls /var/lib/systemd/linger ~anna-li/.ssh").out == (
        "anna-li\n/home/anna-li/.ssh:\n\n/var/lib/systemd/linger:\n"
    )


def greeting(lab: Lab) -> bytes:
    with socket.create_connection((lab.address("db1"), 22), timeout=5) as connection:
        return connection.recv(len(SHUT_OUT))


def test_an_address_that_is_shut_out_is_told_as_that_and_waited_for(
    debian13: Lab, contract: Contract, tmp_path: Path
) -> None:
    wrong = tmp_path / "wrong"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", wrong], check=True)
    theirs = {f"IdentityFile={debian13.key}": f"IdentityFile={wrong}"}
    stranger = [theirs.get(word, word) for word in debian13.ssh_command("db1")]
    for _ in range(6):
        subprocess.run([*stranger, "true"], capture_output=True, check=False)
    assert greeting(debian13) == SHUT_OUT

    impatient = Settings(shut_out_patience=0.0)
    with open_sessions([reached(debian13, "db1")], settings=impatient) as sessions:
        lost = sessions.each(lambda session: session.name)["db1"]
    assert isinstance(lost, HostLost)
    assert (lost.reach, "PerSourcePenalties" in lost.detail) == (Reach.CUT_OFF, True)

    assert greeting(debian13) == SHUT_OUT
    begun = time.monotonic()
    contract.good("verify")
    assert time.monotonic() - begun > 1
    assert greeting(debian13).startswith(b"SSH-2.0-")
