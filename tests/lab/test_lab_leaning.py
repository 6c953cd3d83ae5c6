"""The backup server is down, busy, not prepared, or dies: what is kept on it waits with a reason, all else is done.

The tests go in the order written: prepared bit by bit, then with the server's bad days.
"""

import subprocess
from collections.abc import Iterator

import pytest
from contracts import Contract, Said, no_lock, reference, until, without_reasons
from labkit import Lab, reference_hosts

from opspact.model import names

pytestmark = pytest.mark.lab

HOSTS = ("app1", "app2", "db1", "backup1")
BACKUPS = ("daily", "monthly", "system", "weekly")
PURGES = ("purge-audit-trail", "purge-sent-notices")
"""Repositories for rows that the database server purges."""
FORGET = f"rm -r {names.BACKUP_FOLDER}/keys"
"""A client's keys are gone: its repositories cannot be used until the server takes new ones."""
STARTED = "systemctl show -P ActiveEnterTimestampMonotonic nginx.service"


@pytest.fixture(scope="module")
def contract(lab: Lab) -> Iterator[Contract]:
    lab.down()
    lab.up(reference_hosts())
    with reference(lab) as made:
        yield made
    lab.up()
    lab.reset(*HOSTS)


def authorized(lab: Lab) -> str:
    return lab.root("backup1", f"cat {names.BACKUP_BASE}/.ssh/authorized_keys").out


def touched(contract: Contract, word: str) -> None:
    """Change a file of every kind of host."""
    for name in ("oa.conf.j2", "motd", "postgresql.conf"):
        path = f"files/{name}"
        contract.write(path, (contract.folder / path).read_text() + f"# {word}\n")
    contract.commit()


def repositories(host: str) -> set[str]:
    return {f"backup-repository backup1:{name}" for name in (*BACKUPS, *(PURGES if host == "db1" else ()))}


def waits(said: Said, host: str, why: str) -> None:
    """Demand that of a host the repositories alone are deferred and not ok, and that it says why."""
    reported, wanted = said.of_host(host), repositories(host)
    assert (said.code, reported["converged"], set(reported["planned"]["deferred"])) == (3, False, wanted)
    assert {check["step"] for check in reported["not_ok"]} == wanted
    assert why in reported["why"]
    assert why in said.err
    assert "PLAY" not in said.out + said.err


def is_brought(lab: Lab, word: str, before: dict[str, str]) -> None:
    """Demand that a change is on all hosts but the server, and that nginx was started anew over it."""
    for host, started in before.items():
        assert lab.root(host, f"grep -rl '# {word}' /etc/nginx").out
        assert lab.root(host, STARTED).out != started
    for path in ("/etc/motd", "/etc/postgresql"):
        assert lab.root("db1", f"grep -rl '# {word}' {path}").out, path


def starts(lab: Lab) -> dict[str, str]:
    return {host: lab.root(host, STARTED).out for host in ("app1", "app2")}


def test_hosts_chosen_without_the_server_that_they_lean_on_are_made_so_but_for_that(
    lab: Lab, contract: Contract
) -> None:
    why = "depends on backup1, which is not prepared: include backup1 in the apply"
    planned = contract.good("plan", "--live", "--limit", "web")
    assert "? backup-repository backup1:daily: deferred: depends on backup1" in without_reasons(planned.out)
    said = contract.run("apply", "--yes", "--limit", "web", "--format", "json")
    for host in ("app1", "app2"):
        waits(said, host, why)
    assert lab.root("app1", "systemctl is-active nginx.service").out == "active\n"
    assert lab.root("backup1", "getent passwd opspact-backup; ls -A /srv").out == ""
    contract.good("apply", "--yes", "--limit", "web:backup")
    contract.good("apply", "--yes")


def test_a_server_that_somebody_else_works_on_is_not_written_to_although_it_was_not_chosen(
    healthy_lab: Lab, contract: Contract
) -> None:
    assert healthy_lab.root("db1", FORGET).rc == 0
    before = authorized(healthy_lab)
    healthy_lab.root("backup1", "echo 'li-na on desk, process 7' >/run/opspact.lock")
    hold = [*healthy_lab.ssh_command("backup1"), "sudo flock /run/opspact.lock sleep 300"]
    with subprocess.Popen(hold, stdin=subprocess.DEVNULL) as holding:
        until(lambda: not no_lock(healthy_lab, "backup1"))
        said = contract.run("apply", "--yes", "--limit", "db1", "--format", "json")
        assert authorized(healthy_lab) == before
        healthy_lab.root("backup1", "pkill -x sleep")
        holding.wait(20)
    waits(said, "db1", "depends on backup1, which is busy: locked by li-na on desk, process 7")
    contract.good("apply", "--yes", "--limit", "db1")
    assert authorized(healthy_lab) != before


@pytest.mark.soak
def test_a_server_that_is_down_stops_nothing_that_is_not_kept_on_it(healthy_lab: Lab, contract: Contract) -> None:
    healthy_lab.stop("backup1")
    touched(contract, "changed-while-down")
    before = starts(healthy_lab)
    said = contract.run("apply", "--yes", "--format", "json")
    for host in ("app1", "app2", "db1"):
        waits(said, host, "depends on backup1, which was not reached (down)")
    is_brought(healthy_lab, "changed-while-down", before)
    healthy_lab.up()
    contract.good("apply", "--yes")
    contract.good("verify")


@pytest.mark.soak
def test_a_server_that_dies_in_the_middle_takes_no_other_host_with_it(healthy_lab: Lab, contract: Contract) -> None:
    for host in ("app1", "app2", "db1"):
        assert healthy_lab.root(host, FORGET).rc == 0
    touched(contract, "changed-while-dying")
    before = starts(healthy_lab)
    process = contract.start("apply", "--yes", "--format", "json")
    until(lambda: any("ansible-playbook" in line for line in contract.processes()), within=120)
    healthy_lab.cut("backup1")
    out, err = process.communicate(timeout=300)
    said = Said(process.returncode, out, err)
    is_brought(healthy_lab, "changed-while-dying", before)
    assert said.code == 3
    for host in ("app1", "app2", "db1"):
        assert "backup1" in said.of_host(host)["why"]
        assert {check["step"] for check in said.of_host(host)["not_ok"]} == repositories(host)
    healthy_lab.heal("backup1")
    contract.good("apply", "--yes")
    contract.good("verify")
