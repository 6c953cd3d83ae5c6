"""A database server of Debian 13 that lost everything is back with every row, though the rebuild was killed midway.

The tests share the hosts and go in the order written.
"""

import signal
import sys
import time
from collections.abc import Iterator
from typing import Any

import pytest
from contracts import Contract, small
from labkit import Lab

pytestmark = pytest.mark.lab

HOST, SERVER = "db1", "backup1"
POLICIES = f"""\
kind: clause
name: D4
section: '1'
text: {{en: What is lost comes back}}
kept_by: opspact
evidence_within: 92 days
---
kind: service
name: office
hosts: {HOST}
owner: crew
packages: [postgresql, mariadb-server]
data: {{paths: [/srv/oa], databases: [oa, shop]}}
---
kind: code_table
name: document-types
database: {{postgresql: oa, on: {HOST}}}
table: document_type
key: code
rows:
  - {{code: "01", label: 通知, retired: false}}
  - {{code: "02", label: 公告, retired: false}}
  - {{code: "03", label: 请示, retired: false}}
  - {{code: "04", label: 批复, retired: false}}
  - {{code: "05", label: 会议纪要, retired: true}}
extra_rows: report
---
kind: backup
name: nightly
clauses: [D4]
hosts: {HOST}
what: {{paths: [/etc, /srv], databases: [{{postgresql: oa}}, {{mariadb: shop}}]}}
schedule: daily at 03:00
to: {{host: {SERVER}, repository: nightly}}
keep: {{daily: 50}}
rpo: 26h
rto: 1h
passphrase: secret:vault:borg
"""
PREPARE = """
ALTER ROLE oa PASSWORD 'secret' CONNECTION LIMIT 30;
CREATE ROLE reporter LOGIN PASSWORD 'other';
GRANT oa TO reporter;
ALTER DATABASE oa SET work_mem = '9MB';
GRANT CONNECT ON DATABASE oa TO reporter;
\\connect oa
GRANT SELECT ON audit_trail TO reporter;
CREATE TABLE typed (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(), at timestamptz, n numeric, j jsonb, b bytea, a text[]
);
INSERT INTO typed (at, n, j, b, a)
  SELECT now() - n * interval '1 hour', n / 7.0, jsonb_build_object('行', n), decode(md5(n::text), 'hex'),
         ARRAY['一', NULL]
  FROM generate_series(1, 2000) n;
"""
TABLES = """
SELECT format('SELECT %L, count(*), md5(string_agg(t::text, E''\\n'' ORDER BY t::text)) FROM %s t', name, name)
FROM (SELECT c.oid::regclass AS name FROM pg_class c WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace) n
ORDER BY 1 \\gexec
SELECT oid::regclass, pg_get_userbyid(relowner), relacl FROM pg_class WHERE relnamespace = 'public'::regnamespace
ORDER BY relname;
SELECT sequencename, last_value FROM pg_sequences ORDER BY 1;
SELECT pg_get_userbyid(datdba), datacl, pg_encoding_to_char(encoding), datcollate FROM pg_database WHERE datname = 'oa';
SELECT rolname, rolpassword, rolconnlimit, rolcanlogin FROM pg_authid WHERE rolname !~ '^pg_' ORDER BY 1;
SHOW work_mem;
"""
"""Every row of every table and sequence in a digest, whose they are, who may do what, and all roles with passwords."""
SHOP = """
create database shop character set utf8mb4 collate utf8mb4_unicode_ci;
create table shop.item (id int primary key, name text, picture blob, bought datetime);
insert into shop.item select seq, concat('货物', seq), unhex(md5(seq)), '2026-03-01 12:00:00' from shop.seq_1_to_3000;
create view shop.names as select id, name from shop.item;
create user clerk@localhost identified by 'secret';
create role reader;
grant select on shop.* to reader;
grant reader to clerk@localhost;
"""
ALL_OF_MARIADB = (
    "mariadb-dump --skip-dump-date --skip-comments --hex-blob shop && mariadb -N -e 'show grants for clerk@localhost;"
    " show grants for reader; select schema_comment, default_collation_name from information_schema.schemata'"
)
FILES = "cd /srv && find oa -printf '%p %y %m %u:%g %T@ %l\\n' | sort && find oa -type f -exec sha256sum {} + | sort"
MAKE_FILES = (
    "mkdir -p /srv/oa/附件 && cd /srv/oa && for n in 1 2 3; do head -c 100000 /dev/urandom >附件/$n; done;"
    " printf hello >note; chown postgres:adm note; chmod 640 note; ln -s note link; touch -d 2025-01-01 note;"
    " chmod 2750 附件"
)


def sql(lab: Lab, statements: str, database: str = "oa") -> str:
    done = lab.root(
        HOST, f"runuser -u postgres -- psql -XAtq -v ON_ERROR_STOP=1 -d {database} <<'END'\n{statements}\nEND"
    )
    assert done.rc == 0, done
    return done.out


def everything(lab: Lab) -> str:
    """Return what must be back, row by row in digests."""
    of_mariadb = lab.root(HOST, ALL_OF_MARIADB)
    assert of_mariadb.rc == 0, of_mariadb
    return sql(lab, TABLES) + lab.root(HOST, FILES).out + of_mariadb.out


def destroy(lab: Lab) -> None:
    """Have the host on new disks, with nothing but what every database server is installed with."""
    lab.reset(HOST)
    sql(lab, "DROP DATABASE oa; DROP ROLE oa", "postgres")
    assert lab.root(HOST, "ls /srv/oa /var/lib/opspact").rc != 0


def stages(contract: Contract) -> list[str]:
    return [each["body"]["stage"] for each in contract.events("stage.started")]


@pytest.fixture(scope="module")
def contract(newer_database: Lab) -> Iterator[Contract]:
    lab = newer_database
    with small(lab, "rebuilding", POLICIES) as made:
        sql(lab, PREPARE, "postgres")
        made.good("apply", "--yes")
        assert lab.root(HOST, MAKE_FILES).rc == 0
        shop = lab.root(HOST, f"mariadb --default-character-set=utf8mb4 <<'END'\n{SHOP}\nEND")
        assert shop.rc == 0, shop
        made.good("backup", "run")
        yield made


def rebuilt(contract: Contract, *arguments: str) -> dict[str, Any]:
    """Rebuild the host, print how long that took, and return what is said of it."""
    said = contract.good("rebuild", HOST, "--yes", "--format", "json", *arguments)
    found: dict[str, Any] = said.json
    took = ", ".join(f"{each['name']} {each['seconds']:.1f}" for each in found["stages"])
    sys.stdout.write(f"\nrebuilt in {found['seconds']:.1f} s: {took}\n")
    return found


def kill_in(contract: Contract, stage: str) -> None:
    """Begin to rebuild the host, and kill that as soon as a stage has begun."""
    until = time.monotonic() + 400
    with contract.start("rebuild", HOST, "--yes") as process:
        while stage not in stages(contract) and time.monotonic() < until:
            assert process.poll() is None, process.communicate()
            time.sleep(0.5)
        process.send_signal(signal.SIGKILL)
    assert stages(contract)[-1] == stage


def test_a_live_host_is_not_rebuilt(newer_database: Lab, contract: Contract) -> None:
    lab = newer_database
    before = everything(lab)
    said = contract.run("rebuild", HOST, "--yes")
    assert said.code == 2, said
    for words in (
        "is not bare",
        "policies of this contract were applied",
        "/srv/oa is not empty",
        "the database oa",
        "mariadb/shop",
    ):
        assert words in said.err
    assert everything(lab) == before
    assert lab.root(HOST, "ls /var/lib/opspact/rebuilding").rc != 0


def test_a_server_that_lost_everything_is_back_with_every_row_though_the_rebuild_was_killed(
    newer_database: Lab, contract: Contract
) -> None:
    lab = newer_database
    before = everything(lab)
    destroy(lab)
    slow = "printf '#!/bin/sh\\nsleep 4\\nexec /usr/bin/pg_restore \"$@\"\\n' >/usr/local/bin/pg_restore"
    lab.root(HOST, f"{slow}; chmod 755 /usr/local/bin/pg_restore")
    kill_in(contract, "databases")
    copies = lab.root(HOST, "systemctl start opspact-backup-nightly; ls /var/lib/opspact/spool/backup/nightly/*.json")
    assert copies.rc != 0, "half a host was backed up"
    found = rebuilt(contract, "--resume")
    assert everything(lab) == before
    assert (found["outcome"], found["rto"]["kept"], found["lost"]) == ("done", True, [])
    assert [each["verdict"] for each in found["restored"]] == ["ok"] * 4
    treatments = {each["name"]: each["treatment"] for each in found["stages"]}
    assert (treatments["files"], treatments["databases"], treatments["verify"]) == ("start", "start over", "start")
    assert lab.root(HOST, "cat /var/lib/opspact/rebuilt/nightly/etc/hostname").out == f"{HOST}\n"
    assert lab.root(HOST, "ls /var/lib/opspact/rebuilding; ls -A /var/lib/opspact/restore").out == ""
    contract.good("verify", HOST)
    owed = contract.run("backup", "status", "--format", "json").json["obligations"]
    assert {each["state"] for each in owed if each["obligation"] == "copy"} == {"kept"}
    assert contract.run("rebuild", HOST, "--yes", "--resume").code == 4
