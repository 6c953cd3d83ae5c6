"""The accounts of a database server are in each copy of its databases, and nowhere else."""

import json
from pathlib import Path

import pytest
from programs import Machine
from recorded_backup import (
    ALL_ROLES,
    BEGUN,
    DUMPS,
    FINE,
    GOOD,
    RAW,
    WHOLE,
    back_up,
    borg,
    borgmatic,
    dump,
    give_roles,
    roles_of,
)

from opspact.onhost.copy_record import decode_record

USERS = Path(__file__).parent / "mariadb/users.sql"
COPIED = f"cat {USERS}"
OF_MARIADB = {**WHOLE, "rows": {"item": 3}, "character_set": "utf8mb4", "collation": "utf8mb4_bin"}


def test_the_roles_of_the_databases_are_in_the_copy_and_nowhere_else(machine: Machine) -> None:
    give_roles(machine)
    borg(machine, dumps=dump("oa", 18404))
    borgmatic(machine, BEGUN, FINE)
    assert back_up(machine)[0] == 0
    assert (machine.folder / "archived").read_text() == ALL_ROLES
    assert (machine.folder / "mode").read_text() == "600\n"
    assert not roles_of(machine).exists()
    listed = next(line for line in (machine.folder / "asked").read_text().splitlines() if "--json-lines" in line)
    assert listed.endswith(f"pp:{str(roles_of(machine))[1:]}")


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ("echo 'pg_dumpall: error: query failed: ERROR:  permission denied' >&2; exit 1", "error: query failed: ERROR"),
        ("echo 'CREATE ROLE oa;'", "pg_dumpall ended before it was through"),
        ("exit 3", "exit status 3"),
    ],
)
def test_without_the_roles_of_the_databases_there_is_no_backup(machine: Machine, said: str, words: str) -> None:
    machine.command("runuser", said)
    borg(machine, dumps=dump("oa", 18404))
    borgmatic(machine, BEGUN, FINE)
    status, result = back_up(machine)
    assert (status, result["outcome"]) == (1, "failed")
    assert "the dump of the roles of the databases failed" in result["message"]
    assert words in result["message"]
    assert (machine.folder / "archives").read_text() == f"{RAW}\n"


def test_roles_that_the_policy_excludes_make_no_backup(machine: Machine) -> None:
    give_roles(machine)
    borg(machine, dumps=dump("oa", 18404), roles=0)
    borgmatic(machine, BEGUN, FINE)
    status, result = back_up(machine)
    assert (status, "the roles of the databases are not in the archive" in result["message"]) == (1, True)


def back_up_shop(machine: Machine, *, users: str = COPIED, size: int = 3000, **proof: object) -> dict[str, object]:
    """Back up the databases `shop` of MariaDB and `oa` of PostgreSQL; return what is said of that."""
    give_roles(machine)
    file = machine.folder / "roles/nightly.mariadb"
    machine.command("mariadb-dump", users)
    listed = {f"{DUMPS}/mariadb/shop": 18404, str(file).lstrip("/"): size}
    more = [json.dumps({"type": "-", "path": path, "size": bytes_}) for path, bytes_ in listed.items() if bytes_]
    borg(machine, dumps="\n".join([dump("oa", 18404), *more]))
    borgmatic(machine, BEGUN, FINE)
    proved = json.dumps({**OF_MARIADB, **proof})
    run = machine.folder / "run/proof/mariadb"
    script = (machine.folder / "bin/borgmatic").read_text()
    keep = (
        f"mkdir -p {run}; echo '{proved}' >{run}/shop.json; cp {file} {machine.folder}/users 2>/dev/null; cat <<'END'"
    )
    (machine.folder / "bin/borgmatic").write_text(script.replace("cat <<'END'", keep))
    return back_up(machine, databases=["oa", "mariadb/shop"], users=str(file))[1]


def test_a_database_of_mariadb_is_in_the_copy_beside_one_of_postgresql_with_its_users(machine: Machine) -> None:
    result = back_up_shop(machine, not_transactional=[])
    assert (result["outcome"], result["verdict"]) == ("done", "ok"), result["message"]
    shop = {"name": "mariadb/shop", **OF_MARIADB, "not_transactional": []}
    assert result["databases"] == [
        {"name": "oa", "bytes": 18404, "sha256": "5a5a", "rows": WHOLE["rows"]},
        without(shop),
    ]
    assert (machine.folder / "users").read_bytes() == USERS.read_bytes()
    assert list((machine.folder / "roles").iterdir()) == []
    asked = (machine.folder / "asked").read_text().splitlines()
    comment = next(line for line in asked if line.startswith("recreate")).split()[4]
    held = decode_record(comment)["databases"]["mariadb/shop"]
    assert held == {word: OF_MARIADB[word] for word in ("bytes", "sha256", "rows", "character_set", "collation")}
    assert f"5a5a  {DUMPS}/mariadb/shop\n" in (machine.folder / "manifest").read_text()
    assert GOOD in str(result["message"])


def without(facts: dict[str, object]) -> dict[str, object]:
    return {word: value for word, value in facts.items() if word != "error"}


def test_tables_that_no_snapshot_covers_are_a_warning_that_names_them(machine: Machine) -> None:
    result = back_up_shop(machine, not_transactional=["a", "b", "c", "d"])
    assert result["verdict"] == "warning"
    words = "database mariadb/shop, tables without transactions may have changed meanwhile: a, b, c and 1 more"
    assert result["message"] == f"Backed up as {GOOD}. In {words}."
    assert result["warnings"] == [words]


@pytest.mark.parametrize(
    ("users", "size", "words"),
    [
        (
            "echo 'mariadb-dump: Got error: 1045: Access denied' >&2; exit 2",
            3000,
            "MariaDB failed: mariadb-dump: Got error",
        ),
        (f"head -n 20 {USERS}", 3000, "users of MariaDB failed: mariadb-dump ended before it was through"),
        (COPIED, 0, "the users of MariaDB are not in the archive: does the policy exclude"),
    ],
    ids=["refused", "half", "excluded"],
)
def test_without_the_users_of_mariadb_there_is_no_backup(
    machine: Machine, *, users: str, size: int, words: str
) -> None:
    result = back_up_shop(machine, users=users, size=size)
    assert (result["outcome"], words in str(result["message"])) == ("failed", True), result["message"]


def test_a_dump_of_mariadb_that_failed_is_named_with_what_it_said(machine: Machine) -> None:
    why = "mariadb-dump: Couldn't execute 'SHOW FIELDS FROM `names`': View 'shop.names' references invalid table(s)"
    result = back_up_shop(machine, error=why.replace("'", "’"))
    assert "the dump of database mariadb/shop failed: mariadb-dump: Couldn’t execute" in str(result["message"])
