"""The rule about data of database servers that is copied as files."""

import pytest
from building import backup, service
from judging import found

POSTGRESQL = service("store", "packages: [postgresql]\nunits: [postgresql@15-main.service]", hosts="db")


def copied(what: str, name: str = "copied") -> str:
    return backup(name).replace("hosts: web", "hosts: db").replace("what: {paths: [/etc]}", f"what: {{{what}}}")


@pytest.mark.parametrize(
    "paths",
    ["/var/lib/postgresql", "/var/lib/postgresql/15/main", "/var/lib/mysql", "/var/lib/mongodb", "/var/lib/ldap"],
)
def test_a_server_s_data_is_no_copy(paths: str) -> None:
    (finding,) = found("OP420", copied(f"paths: [/etc, {paths}]"))
    assert finding.policy == "backup/copied"


@pytest.mark.parametrize("paths", ["/var", "/var/lib"])
def test_a_folder_above_it_counts_where_postgresql_runs_and_nothing_is_dumped(paths: str) -> None:
    assert found("OP420", POSTGRESQL, copied(f"paths: [{paths}]"))
    assert not found("OP420", copied(f"paths: [{paths}]"))
    assert not found("OP420", POSTGRESQL, copied(f"paths: [{paths}], exclude: [/var/lib/postgresql]"))
    assert not found("OP420", POSTGRESQL, copied(f"paths: [{paths}], databases: [{{postgresql: oa}}]"))
    dumped = copied("databases: [{postgresql: oa}]", "dumped").replace("repository: daily", "repository: dumps")
    assert not found("OP420", POSTGRESQL, copied(f"paths: [{paths}]"), dumped)


def test_what_is_dumped_of_one_server_says_nothing_of_the_other() -> None:
    mariadb = service("shop", "packages: [mariadb-server]", hosts="db")
    for paths in ("/var/lib/mysql", "/var/lib"):
        dumped = copied(f"paths: [{paths}], databases: [{{mariadb: shop}}]")
        assert not found("OP420", mariadb, dumped)
        (finding,) = found("OP420", mariadb, dumped.replace("mariadb: shop", "postgresql: oa"))
        assert finding.subject == "/var/lib/mysql"
    assert not found("OP420", copied("paths: [/var/lib]"))


@pytest.mark.parametrize("paths", ["/var/lib/postgresql-common", "/var/lib/mysql-files", "/var/backups", "/srv"])
def test_other_folders_are_copied_as_they_are(paths: str) -> None:
    assert not found("OP420", POSTGRESQL, copied(f"paths: [{paths}]"))
