"""When a dump of MariaDB counts as restored: against programs of MariaDB that note what they are given.

Against a real server: tests/lab/test_mariadb.py.
"""

import hashlib
import json
from typing import Any

import pytest
from drill_server import DUMP, FILES, HELD, HOUR, MANIFEST, Server
from programs import Machine

pytestmark = pytest.mark.slow

TEXT = "CREATE TABLE `item` (\n) ENGINE=InnoDB;\n\n-- Dump completed\n"
OF_SHOP = DUMP.replace("localhost/oa", "mariadb/shop")
SHA256 = hashlib.sha256(TEXT.encode()).hexdigest()
SHOP = {
    "bytes": len(TEXT),
    "sha256": SHA256,
    "rows": {"basket": 0, "item": 3},
    "character_set": "utf8mb4",
    "collation": "utf8mb4_bin",
}


@pytest.fixture
def server(machine: Machine) -> Server:
    """Return a server with a copy that has a dump of MariaDB beside that of PostgreSQL."""
    made = Server(machine)
    made.content({**FILES, OF_SHOP: TEXT})
    text = f"{MANIFEST}{SHA256}  {OF_SHOP}\n"
    (made.repository / "manifest").write_text(text)
    manifest = {**HELD["manifest"], "files": 4, "sha256": hashlib.sha256(text.encode()).hexdigest()}
    databases = {**HELD["databases"], "mariadb/shop": SHOP}
    made.add("a1", record={**HELD, "files": 4, "databases": databases, "manifest": manifest})
    machine.command("mariadb-install-db", f'echo "$@" >>{machine.folder}/installed')
    machine.command("mariadbd", f'echo "$@" >>{machine.folder}/started; exec sleep 600')
    client(machine)
    return made


def client(machine: Machine, *, load: str = ":", counted: str = "0\n3", newest: str = "2026-03-01T12:00:00Z") -> None:
    machine.command(
        "mariadb",
        f"""
        case "$*" in *--database=*) echo "load $*" >>{machine.folder}/given; cat >/dev/null; {load}; exit;; esac
        asked=$(cat); printf '%s\\n' "$* $asked" >>{machine.folder}/given
        case "$asked" in
            *count*) printf '{counted}\\n';;
            *date_format*) printf 'NULL\\n{newest}\\n';;
            *column_name*) printf '{b"item".hex()}\\t{b"made".hex()}\\n{b"item".hex()}\\t{b"bought".hex()}\\n';;
            *hex*) printf '{b"basket".hex()}\\t1\\n{b"item".hex()}\\t1\\n';;
        esac""",
    )


def run(server: Server) -> tuple[int, dict[str, Any]]:
    return server.run(clients={"db1": ["oa", "mariadb/shop"]})


def test_both_kinds_of_dumps_are_restored_each_into_a_server_of_its_own(server: Server, machine: Machine) -> None:
    status, item = run(server)
    assert (status, item["verdict"], item["is_compared"]) == (0, "ok", True), item
    shop = {
        "name": "mariadb/shop",
        "tables": 2,
        "rows": 3,
        "newest_record": "2026-03-01T12:00:00Z",
        "is_compared": True,
    }
    assert [each["name"] for each in item["databases"]] == ["oa", "mariadb/shop"]
    assert item["databases"][1] == shop
    given = (machine.folder / "given").read_text()
    assert "create database restored character set utf8mb4 collate utf8mb4_bin" in given
    started = (machine.folder / "started").read_text()
    for option in (
        "--no-defaults",
        "--skip-networking",
        f"--datadir={server.scratch}/opspact-drill-",
        "--secure-file-priv=",
    ):
        assert option in started


def test_a_dump_is_carried_out_by_an_account_that_may_do_nothing_else(server: Server, machine: Machine) -> None:
    """Who made the dump may have put routines in it that run as whom they name: that account must not be known."""
    run(server)
    lines = (machine.folder / "given").read_text().splitlines()
    (load,) = [line for line in lines if line.startswith("load ")]
    assert "--user=filler " in load
    assert "--binary-mode" in load
    owners = {word for line in lines for word in line.split() if word.startswith("--user=owner_")}
    (owner,) = owners
    assert len(owner) > len("--user=owner_") + 12
    assert f"where user not in ('filler', '{owner.partition('=')[2]}')" in " ".join(lines)


@pytest.mark.parametrize(
    ("answers", "verdict", "words"),
    [
        ({"counted": "0\n2"}, "critical", "database mariadb/shop is not what was dumped: item has 2 rows, had 3"),
        (
            {"load": "echo 'ERROR 1064 (42000) at line 1: syntax' >&2; exit 1"},
            "critical",
            "cannot be restored: ERROR 1064",
        ),
        ({"load": "echo 'ERROR 1273 (HY000): Unknown collation' >&2; exit 1"}, "unknown", "Unknown collation"),
        ({"load": "kill -9 $$"}, "unknown", "exit status -9"),
    ],
    ids=["rows are missing", "bad", "an older server", "killed"],
)
def test_a_dump_that_does_not_come_back_is_no_restore(
    server: Server, machine: Machine, *, answers: dict[str, str], verdict: str, words: str
) -> None:
    client(machine, **answers)
    status, item = run(server)
    assert (status, item["verdict"], words in item["message"]) == (1, verdict, True), item
    assert server.nothing_passed()


def test_half_a_dump_is_not_carried_out_even_where_no_checksum_is_known(server: Server, machine: Machine) -> None:
    half = TEXT.partition("-- Dump")[0]
    server.content({**FILES, OF_SHOP: half})
    held = {
        **HELD,
        "files": 4,
        "databases": {**HELD["databases"], "mariadb/shop": {**SHOP, "sha256": "", "rows": None}},
    }
    server.add("a2", age=HOUR / 2, record=held)
    status, item = run(server)
    assert (status, item["verdict"], "its last line is not there" in item["message"]) == (1, "critical", True), item
    assert "load" not in (machine.folder / "given").read_text()


def test_another_dump_than_the_one_that_was_made_is_not_restored(server: Server) -> None:
    server.content({**FILES, OF_SHOP: TEXT.replace("item", "itEm")})
    status, item = run(server)
    assert (status, item["verdict"], "another checksum" in item["message"]) == (1, "critical", True), item


def test_a_server_that_cannot_be_made_says_why(server: Server, machine: Machine) -> None:
    machine.command("mariadb-install-db", "echo 'FATAL ERROR: Could not find my_print_defaults'; exit 1")
    status, item = run(server)
    assert (status, item["verdict"]) == (1, "unknown")
    assert "mariadb-install-db: FATAL ERROR: Could not find" in item["message"]
    machine.command("mariadb-install-db", "exit 0")
    machine.command("mariadbd", "echo 'no space for ibdata1'; exit 1")
    machine.command("mariadb", 'cat >/dev/null; echo "ERROR 2002 (HY000): no socket" >&2; exit 1')
    status, item = run(server)
    assert (status, item["verdict"], "no space for ibdata1" in item["message"]) == (1, "unknown", True), json.dumps(
        item
    )
