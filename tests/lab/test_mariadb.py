"""Databases of MariaDB in backups, restore tests and restores: on hosts of Debian 12 (`app2`) and 13 (`db1`).

The server is of 13. The tests share the hosts and go in the order written.
"""

from collections.abc import Iterator
from typing import Any

import pytest
from contracts import Contract, Said, small, until
from labkit import Lab

pytestmark = pytest.mark.lab

OLD, NEW, SERVER = "app2", "db1", "backup1"
POLICIES = f"""\
kind: service
name: shop
hosts: {OLD}:{NEW}
owner: crew
packages: [mariadb-server]
units: [mariadb.service]
data: {{databases: [shop]}}
---
kind: backup
name: shops
clauses: []
hosts: {OLD}:{NEW}
what: {{paths: [/srv], databases: [{{postgresql: oa, on: {NEW}}}, {{mariadb: shop}}]}}
schedule: daily at 03:00
to: {{host: {SERVER}, repository: shops}}
keep: {{hourly: 50}}
rpo: 26h
rto: 1h
passphrase: secret:vault:borg
drill: {{within: 31 days}}
"""
SHOP = r"""
create database shop character set utf8mb4 collate utf8mb4_unicode_ci;
use shop;
create table item (id int primary key, name text, picture blob, price decimal(8,2), bought datetime,
  label varchar(80) as (concat(id, ':', left(name, 20))) stored);
insert into item (id, name, picture, bought) values
  (1, 'x\ny(1),\n(2', x'00ff0a27', '2026-03-01 12:00:00'), (2, "it's 文件😀\r\n(x", '),\n(', null);
insert into item (id, name) select seq, repeat('文件', 20) from seq_100_to_20000;
create table basket (n int);
create table `we``ird (name)` (n int);
insert into `we``ird (name)` values (1), (2);
create table `中文` (n int primary key) engine=aria;
insert into `中文` values (1);
create sequence numbers;
create view names as select id, name from item;
delimiter //
create trigger counted before insert on basket for each row set new.n = new.n + 1//
create procedure fill() begin
insert into item (id) values
(9);
end//
create event nightly on schedule every 1 day do select 1//
delimiter ;
create user clerk@localhost identified by 'secret';
create role reader;
grant select on shop.* to reader;
grant reader to clerk@localhost;
"""
ROWS = {"item": 19903, "basket": 0, "we`ird (name)": 2, "中文": 1}
CLIENT = "mariadb --batch --skip-column-names --default-character-set=utf8mb4"
ALL_OF = "mariadb-dump --skip-dump-date --skip-comments --routines --events --triggers --order-by-primary --hex-blob {}"
INSTEAD = "cat >/usr/local/bin/{0} <<'END'\n#!/bin/sh\n{1}\nEND\nchmod 755 /usr/local/bin/{0}"
HALF = 'case "$*" in *{}*) /usr/bin/mariadb-dump "$@" | head -c 3000;; *) exec /usr/bin/mariadb-dump "$@";; esac'
HALF_A_DUMP = INSTEAD.format("mariadb-dump", HALF.format("shop"))
HALF_OF_THE_USERS = INSTEAD.format("mariadb-dump", HALF.format("system"))
UNDO = "rm /usr/local/bin/mariadb-dump"
BROKEN, REPAIRED = f"{CLIENT} -e 'rename table shop.item to shop.o'", f"{CLIENT} -e 'rename table shop.o to shop.item'"
LEFT = "find /run/opspact-restore /var/lib/opspact/restore -mindepth 1 2>/dev/null"
SLOW = INSTEAD.format("mariadb", 'case "$*" in *--database*) sleep 60;; esac; exec /usr/bin/mariadb "$@"')


def sql(lab: Lab, host: str, statements: str) -> str:
    done = lab.root(host, f"{CLIENT} <<'END'\n{statements}\nEND")
    assert done.rc == 0, done
    return done.out


def content(lab: Lab, host: str, database: str) -> str:
    """Return everything that is in a database, as SQL."""
    done = lab.root(host, ALL_OF.format(database))
    assert done.rc == 0, done
    return done.out


@pytest.fixture(scope="module")
def contract(two_releases: Lab) -> Iterator[Contract]:
    with small(two_releases, "mariadb", POLICIES) as made:
        made.good("apply", "--yes")
        for host in (OLD, NEW):
            sql(two_releases, host, SHOP)
        yield made


def back_up(contract: Contract) -> tuple[Said, dict[str, Any]]:
    said = contract.run("backup", "run", "--format", "json")
    return said, {result["host"]: result for result in said.json["results"]}


@pytest.fixture(scope="module")
def first(contract: Contract) -> dict[str, Any]:
    """Make the first copy of each host, and return what that left."""
    said, made = back_up(contract)
    assert said.code == 0, said
    return made


def test_a_dump_of_mariadb_is_in_the_copy_with_its_rows_and_a_restore_test_counts_them(
    two_releases: Lab, contract: Contract, first: dict[str, Any]
) -> None:
    for host in (OLD, NEW):
        facts = first[host]["facts"]
        dumped = {each["name"]: each for each in facts["databases"]}
        assert dumped["mariadb/shop"]["rows"] == ROWS
        assert dumped["mariadb/shop"]["collation"] == "utf8mb4_unicode_ci"
        assert ("oa" in dumped) is (host == NEW)
        assert first[host]["verdict"] == "warning"
        assert "mariadb/shop, tables without transactions may have changed meanwhile: 中文" in first[host]["message"]
    (drilled,) = contract.run("backup", "drill", "--format", "json").json["results"]
    items = {item["client"]: item for item in drilled["items"]}
    for host in (OLD, NEW):
        assert items[host]["verdict"] == "ok", items[host]
        restored = {each["name"]: each for each in items[host]["databases"]}["mariadb/shop"]
        assert (restored["rows"], restored["tables"], restored["is_compared"]) == (sum(ROWS.values()), 4, True)
        assert restored["newest_record"] == "2026-03-01T12:00:00Z"
    left = "ls -A /srv/opspact-scratch; pgrep -u opspact-backup 'mariadbd|postgres'; ls /var/lib/mysql"
    assert two_releases.root(SERVER, left).out == ".lock\n"


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ((HALF_A_DUMP, UNDO), "the dump of database mariadb/shop failed: the dump is not whole: its last line"),
        ((HALF_OF_THE_USERS, UNDO), "the users of MariaDB failed: mariadb-dump ended before it was through"),
        ((BROKEN, REPAIRED), "View 'shop.names' references invalid table"),
        (("systemctl stop mariadb", "systemctl start mariadb"), "Can't connect to"),
    ],
    ids=["truncated", "half of the users", "an invalid view", "stopped"],
)
def test_a_dump_that_fails_or_has_no_end_is_no_copy(
    two_releases: Lab, contract: Contract, first: dict[str, Any], *, fault: tuple[str, str], words: str
) -> None:
    begin, end = fault
    assert two_releases.root(OLD, begin).rc == two_releases.root(NEW, begin).rc == 0
    said, made = back_up(contract)
    assert two_releases.root(OLD, end).rc == two_releases.root(NEW, end).rc == 0
    assert said.code != 0
    for host in (OLD, NEW):
        assert (made[host]["outcome"], words in made[host]["message"]) == ("failed", True), made[host]["message"]
        assert made[host]["copy"] == first[host]["copy"]


def restore(contract: Contract, host: str, *arguments: str) -> tuple[int, dict[str, Any]]:
    words = ("backup", "restore", "shops", "--host", host, "--database", "mariadb/shop", *arguments)
    said = contract.run(*words, "--yes", "--format", "json")
    assert said.out, said
    (result,) = said.json["results"]
    return said.code, result


@pytest.mark.usefixtures("first")
@pytest.mark.parametrize("host", [OLD, NEW])
def test_a_database_comes_back_under_another_name_with_all_that_was_in_it(
    two_releases: Lab, contract: Contract, host: str
) -> None:
    before = content(two_releases, host, "shop")
    code, result = restore(contract, host, "--as", "shop_restored")
    assert (code, result["verdict"], result["facts"]["is_compared"]) == (0, "ok", True), result
    database = result["facts"]["database"]
    assert (database["name"], database["of"]) == ("mariadb/shop_restored", "mariadb/shop")
    assert (database["tables"], database["rows"]) == (4, sum(ROWS.values()))
    assert content(two_releases, host, "shop_restored") == before
    query = (
        "select default_collation_name, schema_comment from information_schema.schemata where schema_name like 'shop%'"
    )
    assert sql(two_releases, host, query) == "utf8mb4_unicode_ci\t\n" * 2
    code, refused = restore(contract, host, "--as", "shop_restored")
    assert (code != 0, "already" in refused["message"]) == (True, True), refused
    assert content(two_releases, host, "shop_restored") == before
    assert two_releases.root(host, LEFT).out == ""


@pytest.mark.usefixtures("first")
def test_a_restore_that_is_killed_leaves_no_half_of_a_database(two_releases: Lab, contract: Contract) -> None:
    assert two_releases.root(NEW, SLOW).rc == 0
    begun = ("backup", "restore", "shops", "--host", NEW, "--database", "mariadb/shop", "--as", "half", "--yes")
    with contract.start(*begun) as process:
        until(lambda: "half" in sql_or_nothing(two_releases, "show databases"), within=60)
        assert two_releases.root(NEW, "systemctl kill --signal=KILL opspact-restore-shops").rc == 0
        out, err = process.communicate(timeout=120)
    assert process.returncode != 0, out + err
    assert two_releases.root(NEW, "rm /usr/local/bin/mariadb").rc == 0
    until(lambda: "half" not in sql(two_releases, NEW, "show databases"))
    assert "shop\n" in sql(two_releases, NEW, "show databases")


def sql_or_nothing(lab: Lab, statement: str) -> str:
    return lab.root(NEW, f"/usr/bin/{CLIENT} -e '{statement}'").out
