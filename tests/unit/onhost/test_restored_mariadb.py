"""What is restored of MariaDB, and what is never removed: against a client that notes what it is given.

Against real servers: tests/lab/test_mariadb.py, tests/lab/test_rebuild.py.
"""

import hashlib
from pathlib import Path
from typing import Any

import pytest
from programs import Machine
from restoring import DUMP, FILES, Host

pytestmark = pytest.mark.slow

RECORDED = Path(__file__).parent / "mariadb"
CONTENT = (RECORDED / "shop.sql").read_bytes()
ROWS = {"basket": 0, "item": 3}
IN_COPY = DUMP.replace("localhost/oa", "mariadb/shop")
HELD = {"bytes": len(CONTENT), "sha256": hashlib.sha256(CONTENT).hexdigest(), "rows": ROWS}
DEFAULTS = {"character_set": "utf8mb4", "collation": "utf8mb4_bin"}


class Live:
    """A host with a MariaDB, and a copy of its database `shop`."""

    def __init__(self, machine: Machine) -> None:
        self.host = Host(machine)
        self.host.holds(IN_COPY, CONTENT)
        self.host.holds("var/lib/opspact/roles/nightly.mariadb", (RECORDED / "users.sql").read_bytes())
        self.given = machine.folder / "given"
        self.server()

    def server(self, *, databases: str = "", counted: str = "0\n3", load: str = "") -> None:
        """Have a client that notes what it is given; `databases` is what it says of the comment of a database."""
        self.host.machine.command(
            "mariadb",
            f"""
            case "$*" in *--database=*) echo "load $*" >>{self.given}; cat >/dev/null; {load or ":"}; exit;; esac
            asked=$(cat); printf '%s\\n' "$asked" >>{self.given}
            case "$asked" in
                *schema_comment*) printf '{databases}';;
                *global_priv*) printf 'root\\tlocalhost\\nmariadb.sys\\tlocalhost\\n\\t%%\\n';;
                *hex*) printf '{b"basket".hex()}\\t1\\n{b"item".hex()}\\t1\\n';;
                *count*) printf '{counted}\\n';;
            esac""",
        )

    def restore(
        self, new: str = "mariadb/again", *, create_roles: bool = False, **held: Any
    ) -> tuple[int, dict[str, Any]]:
        self.host.copy("a1", files=len(FILES), databases={"mariadb/shop": {**HELD, **DEFAULTS, **held}})
        asked = {"name": "mariadb/shop", "as": new, "create_roles": create_roles}
        return self.host.restore(database=asked)

    def asked(self) -> str:
        return self.given.read_text() if self.given.exists() else ""


@pytest.fixture
def live(machine: Machine) -> Live:
    return Live(machine)


def test_a_database_is_made_with_its_character_set_filled_counted_and_then_said_to_be_complete(live: Live) -> None:
    status, result = live.restore()
    assert (status, result["verdict"], result["is_compared"]) == (0, "ok", True), result
    about = {"name": "mariadb/again", "of": "mariadb/shop", "tables": 2, "rows": 3, "roles": []}
    assert result["database"] == about
    asked = live.asked()
    made = "create database `again` character set utf8mb4 collate utf8mb4_bin comment 'unfinished restore of opspact "
    order = [
        asked.index(words) for words in (made, "--database=again", "count(*)", "alter database `again` comment ''")
    ]
    assert order == sorted(order)
    assert "drop database" not in asked
    assert live.host.leftovers() == []


def test_a_character_set_that_is_no_word_is_not_carried_out(live: Live) -> None:
    live.restore(collation="x; drop database mysql")
    assert "create database `again` comment" in live.asked()
    assert "drop database" not in live.asked()


@pytest.mark.parametrize(
    ("new", "databases", "words"),
    [
        ("mariadb/again", "\\n", "there is a database mariadb/again already"),
        ("again", "", "another kind of server"),
    ],
)
def test_what_is_there_and_what_is_no_mariadb_is_refused(live: Live, *, new: str, databases: str, words: str) -> None:
    live.server(databases=databases)
    status, result = live.restore(new)
    assert (status, words in result["message"]) == (1, True), result
    assert "create database" not in live.asked()


@pytest.mark.parametrize(
    ("load", "verdict"),
    [
        ('echo "ERROR 1064 (42000) at line 1: You have an error" >&2; exit 1', "critical"),
        ("echo \"ERROR 1114 (HY000) at line 1: The table 'item' is full\" >&2; exit 1", "unknown"),
        ("kill -9 $$", "unknown"),
    ],
    ids=["bad", "full", "killed"],
)  # fmt: skip
def test_a_dump_that_nothing_takes_is_removed_again_only_where_the_comment_is_ours(
    live: Live, load: str, verdict: str
) -> None:
    live.server(load=load)
    status, result = live.restore()
    assert (status, result["verdict"], "cannot be restored" in result["message"]) == (1, verdict, True), result
    assert "drop database" not in live.asked()  # the server says that there is none with that comment


def test_a_half_restored_database_is_removed_by_its_comment(live: Live) -> None:
    live.server(counted="0\n2")
    comment = f"grep -o 'unfinished restore of opspact [0-9a-f]*' {live.given} | tail -n 1"
    script = live.host.machine.folder / "bin/mariadb"
    script.write_text(script.read_text().replace("*schema_comment*) printf ''", f"*schema_comment*) {comment}"))
    status, result = live.restore()
    assert (status, result["verdict"]) == (1, "critical"), result
    assert "item has 2 rows, had 3" in result["message"]
    assert live.asked().rstrip().endswith("drop database `again`")


def test_users_come_back_except_those_who_administer_the_new_server(live: Live) -> None:
    status, result = live.restore("mariadb/shop", create_roles=True)
    assert (status, result["database"]["restored_roles"]) == (0, ["oa@localhost"]), result
    given = live.asked()
    assert "CREATE USER IF NOT EXISTS `oa`@`localhost` IDENTIFIED BY PASSWORD" in given
    assert "/*M!100005 CREATE ROLE IF NOT EXISTS 'reader' WITH ADMIN" in given
    assert "/*M!100005 GRANT 'reader' TO 'root'@'localhost' WITH ADMIN OPTION */;" in given
    for words in ("USER IF NOT EXISTS `root`", "`mariadb.sys`", "GRANT ALL PRIVILEGES ON *.* TO `root`"):
        assert words not in given
