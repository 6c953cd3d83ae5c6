"""Restores on real hosts: a file, a point in time, a database, what is refused, a network that is cut, a kill.

The tests share the hosts and go in the order written.
"""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from contracts import Contract, Said, small, until
from labkit import Lab

pytestmark = pytest.mark.lab

CLIENT, SERVER = "db1", "backup1"
POLICIES = f"""\
kind: backup
name: kept
clauses: []
hosts: {CLIENT}
what: {{paths: [/etc, /srv], databases: [{{postgresql: oa}}]}}
schedule: daily at 03:00
to: {{host: {SERVER}, repository: kept}}
keep: {{hourly: 50}}
rpo: 26h
rto: 1h
passphrase: secret:vault:borg
"""
FILES = "/srv/restore-test"
UNIT = "opspact-restore-kept"
SLOW = 'printf \'#!/bin/sh\\n[ "$1" = extract ] && sleep %s\\nexec /usr/bin/borg "$@"\\n\''
LEFT = "find /run/opspact-restore /var/lib/opspact/restore /srv/back/.opspact* -mindepth 1 2>/dev/null"


@pytest.fixture(scope="module")
def contract(lab: Lab) -> Iterator[Contract]:
    lab.up()
    with small(lab, "restoring", POLICIES) as made:
        made.good("apply", "--yes")
        yield made
    lab.reset(CLIENT, SERVER)


@pytest.fixture(scope="module")
def first(lab: Lab, contract: Contract) -> dict[str, str]:
    """Make two copies, of which only the first has the file as it was; return its name and when it was begun."""
    made = (
        f"mkdir -p {FILES}/deep && echo first >{FILES}/file && echo kept >{FILES}/deep/other"
        f" && chown www-data:adm {FILES}/file && chmod 4750 {FILES}/file"
    )
    assert lab.root(CLIENT, made).rc == 0
    began = copy_made(contract)
    assert lab.root(CLIENT, f"echo second >{FILES}/file").rc == 0
    copy_made(contract)
    return began


def copy_made(contract: Contract) -> dict[str, str]:
    (result,) = contract.good("backup", "run", "--format", "json").json["results"]
    assert result["verdict"] in {"ok", "warning"}, result
    copy: dict[str, str] = result["copy"]
    return copy


def restore(contract: Contract, *arguments: str) -> tuple[int, dict[str, Any]]:
    said = contract.run("backup", "restore", "kept", "--host", CLIENT, *arguments, "--yes", "--format", "json")
    (result,) = said.json["results"]
    return said.code, result


def psql(lab: Lab, database: str, query: str) -> str:
    done = lab.root(CLIENT, f'cd / && runuser -u postgres -- psql -XAt -d {database} -c "{query}"')
    assert done.rc == 0, done
    return done.out.strip()


def left(lab: Lab) -> str:
    databases = "select datname from pg_database where datname like 'opspact%'"
    return lab.root(CLIENT, LEFT).out + psql(lab, "postgres", databases)


@pytest.mark.usefixtures("first")
def test_one_file_comes_back_with_owner_and_mode_and_what_is_there_stays(lab: Lab, contract: Contract) -> None:
    code, result = restore(contract, "--file", f"{FILES}/file", "--to", "/srv/back/one")
    assert (code, result["outcome"], result["verdict"], result["facts"]["files"]) == (0, "done", "ok", 1), result
    found = lab.root(
        CLIENT, f"cd /srv/back/one{FILES} && find . -type f && cat file && stat -c %U:%G:%a file {FILES}/file"
    )
    assert found.out.split() == ["./file", "second", "www-data:adm:4750", "www-data:adm:4750"]
    assert left(lab) == ""


def test_a_point_in_time_gives_the_copy_of_then(lab: Lab, contract: Contract, first: dict[str, str]) -> None:
    code, result = restore(contract, "--file", FILES, "--to", "/srv/back/then", "--at", first["started"])
    assert (code, result["facts"]["archive"]["name"]) == (0, first["name"]), result
    assert lab.root(CLIENT, f"cat /srv/back/then{FILES}/file /srv/back/then{FILES}/deep/other").out == "first\nkept\n"
    before = contract.run(
        *("backup", "restore", "kept", "--host", CLIENT, "--to", "/srv/back/no", "--at", "2026-01-01T00:00Z", "--yes")
    )
    assert (before.code, "2 begun after" in before.err) == (4, True), before


@pytest.mark.usefixtures("first")
def test_a_database_comes_back_under_another_name_with_every_row(lab: Lab, contract: Contract) -> None:
    count = "select count(*), max(id) from audit_trail"
    code, result = restore(contract, "--database", "oa", "--as", "oa_restored")
    assert (code, result["verdict"], result["facts"]["is_compared"]) == (0, "ok", True), result
    assert psql(lab, "oa_restored", count) == psql(lab, "oa", count)
    owners = "select string_agg(distinct tableowner, ',') from pg_tables where schemaname = 'public'"
    assert psql(lab, "oa_restored", owners) == psql(lab, "oa", owners)
    code, again = restore(contract, "--database", "oa", "--as", "oa_restored")
    assert (code, again["outcome"], "already" in again["message"]) == (3, "failed", True), again
    assert left(lab) == ""
    psql(lab, "postgres", "drop database oa_restored")


@pytest.mark.usefixtures("first")
def test_nothing_is_restored_onto_what_is_there(lab: Lab, contract: Contract) -> None:
    live = contract.run(*("backup", "restore", "kept", "--host", CLIENT, "--database", "oa", "--as", "oa", "--yes"))
    assert (live.code, "live" in live.err) == (2, True), live
    code, result = restore(contract, "--to", "/etc")
    assert (code, result["outcome"], "not empty" in result["message"]) == (3, "failed", True), result
    assert left(lab) == ""


@pytest.mark.usefixtures("first")
def test_a_network_cut_in_the_middle_loses_nothing(lab: Lab, contract: Contract) -> None:
    lab.root(CLIENT, f"{SLOW % 45} >/usr/local/bin/borg; chmod 755 /usr/local/bin/borg")
    arguments = ("--host", CLIENT, "--file", FILES, "--to", "/srv/back/cut", "--yes")
    asked = contract.start("backup", "restore", "kept", *arguments)
    until(lambda: lab.root(CLIENT, "pgrep -f '^sleep 45'").rc == 0, within=120)
    lab.cut(CLIENT)
    out, err = asked.communicate(timeout=120)
    lab.heal(CLIENT)
    assert (asked.returncode, "the restore goes on" in err) == (3, True), out + err
    lab.root(CLIENT, "rm /usr/local/bin/borg")
    until(lambda: lab.root(CLIENT, f"systemctl is-active {UNIT}").out == "inactive\n", within=60)
    collected = contract.good("inspect", "collect", CLIENT)
    assert "restored to /srv/back/cut" in collected.out
    assert lab.root(CLIENT, f"cat /srv/back/cut{FILES}/file").out == "second\n"
    assert left(lab) == ""


@pytest.mark.usefixtures("first")
def test_a_restore_that_is_killed_says_so_and_leaves_nothing(lab: Lab, contract: Contract) -> None:
    lab.root(CLIENT, f"{SLOW % 600} >/usr/local/bin/borg; chmod 755 /usr/local/bin/borg")
    asked = contract.start(
        *("backup", "restore", "kept", "--host", CLIENT, "--to", "/srv/back/all", "--yes", "--format", "json")
    )
    until(lambda: lab.root(CLIENT, "pgrep -f '^sleep 600'").rc == 0, within=120)
    assert ".opspact-restore-" in lab.root(CLIENT, "ls -A /srv/back").out
    lab.root(CLIENT, f"systemctl kill -s KILL {UNIT}; rm /usr/local/bin/borg")
    out, err = asked.communicate(timeout=120)
    (result,) = json.loads(out)["results"]
    assert (asked.returncode, result["died"], result["verdict"]) == (3, True, "unknown"), out + err
    assert ".opspact" not in lab.root(CLIENT, "ls -A /srv/back").out
    code, whole = restore(contract, "--to", "/srv/back/all")
    assert (code, whole["verdict"], whole["facts"]["is_compared"]) == (0, "ok", True), whole
    assert left(lab) == ""


def test_suspect_copies_are_not_chosen(lab: Lab, contract: Contract, first: dict[str, str]) -> None:
    """What the server remembers of damage reaches the restore through its next report."""
    memory = f"/var/lib/opspact/repository/{CLIENT}/kept/memory.json"
    assert lab.root(SERVER, "systemctl start opspact-prune-kept", timeout=120).rc == 0
    names = json.loads(lab.root(SERVER, f"cat {memory}").out)["archives"].values()
    newest = max(each["name"] for each in names if not each["name"].endswith(".manifest"))
    edit = (
        f"import json; f = '{memory}'; m = json.load(open(f)); m['suspect'] = ['{newest}']; json.dump(m, open(f, 'w'))"
    )
    assert lab.root(SERVER, f'python3 -c "{edit}"; systemctl start opspact-prune-kept', timeout=120).rc == 0
    said: Said = contract.run(
        "backup", "restore", "kept", "--host", CLIENT, "--file", FILES, "--to", "/srv/back/x", "--yes"
    )
    assert (said.code, "suspect" in said.err, first["name"] in said.err) == (0, True, True), said
    assert lab.root(CLIENT, f"cat /srv/back/x{FILES}/file").out == "first\n"
