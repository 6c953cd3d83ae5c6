"""The roles of a PostgreSQL server are in each copy of its databases, and nowhere else."""

import pytest
from programs import Machine
from recorded_backup import ALL_ROLES, BEGUN, FINE, RAW, back_up, borg, borgmatic, dump, give_roles, roles_of


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
