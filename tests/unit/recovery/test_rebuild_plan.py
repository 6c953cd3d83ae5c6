"""What a rebuild restores, to where, and from whose copies."""

from datetime import UTC, datetime, timedelta

from building import backup, service, tree

from opspact.evidence.backup_stats import BackupStats
from opspact.model.contract import Contract
from opspact.recovery.rebuild_plan import RebuildPlan, backup_batches, plan_rebuild
from opspact.resolve.contract import resolve

NOW = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)
HOURLY = backup("hourly", fields="encryption: none").replace(
    "what: {paths: [/etc]}", "what: {paths: [/etc, /srv], databases: [{postgresql: oa, on: app1}, {postgresql: hr}]}"
)
WEEKLY = backup("weekly", to="{host: backup1, repository: weekly}").replace("[/etc]", "[/srv, /var/lib]")
OFFICE = service(
    "office", "packages: [nginx]\ndata: {paths: [/srv/oa, /var/lib/oa, /opt/oa], databases: [oa, archive]}"
)


def contract(*policies: str) -> Contract:
    return resolve(tree(*policies))


def plan(made: Contract, host: str = "app1", **hours: float | None) -> RebuildPlan:
    """Return the plan where the newest copies are so many hours old; None: no copy is known."""
    figures = [
        BackupStats(backup=each, host=host)
        if (age := hours[each.name]) is None
        else BackupStats(backup=each, host=host, copy=f"{each.name}-1", made=NOW - timedelta(hours=age))
        for each in made.backups
    ]
    return plan_rebuild(made, host, figures)


def test_everything_comes_from_the_newest_copy_that_has_it() -> None:
    made = plan(contract(HOURLY, WEEKLY), hourly=1, weekly=30)
    hourly, weekly = made.uses
    assert (hourly.copy, hourly.in_place, hourly.beside, hourly.databases) == (
        "hourly-1",
        ("/srv",),
        ("/etc",),
        ("oa", "hr"),
    )
    assert (weekly.copy, weekly.in_place, weekly.beside, weekly.databases) == ("weekly-1", (), ("/var/lib",), ())
    assert hourly.folder == "/var/lib/opspact/rebuilt/hourly"
    assert (made.lost, made.databases, made.has_files) == ((), ("oa", "hr"), True)


def test_an_older_copy_serves_where_the_newer_one_has_nothing() -> None:
    hourly, weekly = plan(contract(HOURLY, WEEKLY), hourly=50, weekly=30).uses[::-1]
    assert weekly.in_place == ("/srv",)
    assert (hourly.in_place, hourly.beside, hourly.databases) == ((), ("/etc",), ("oa", "hr"))


def test_what_no_copy_has_is_said() -> None:
    made = plan(contract(HOURLY, WEEKLY, OFFICE), hourly=None, weekly=30)
    assert [use.backup.name for use in made.uses] == ["weekly"]
    assert made.lost == ("/opt/oa", "/etc", "database oa", "database archive", "database hr")
    assert plan(contract(HOURLY), hourly=None).uses == ()


def test_data_of_services_go_to_where_they_were_wherever_that_is() -> None:
    made = plan(contract(HOURLY, WEEKLY, OFFICE), hourly=1, weekly=30)
    hourly, weekly = made.uses
    assert hourly.in_place == ("/srv",)  # /srv/oa lies in it
    assert (weekly.in_place, weekly.beside) == (("/var/lib/oa",), ("/var/lib",))
    assert made.data == ("/srv/oa", "/var/lib/oa", "/opt/oa")
    assert made.lost == ("/opt/oa", "database archive")


def test_folders_of_the_system_are_never_overwritten() -> None:
    paths = "[/etc/nginx, /usr/local, /root, /home, /var]"
    made = plan(contract(backup("all").replace("[/etc]", paths)), all=1)
    (use,) = made.uses
    assert use.in_place == ("/home",)
    assert use.beside == ("/etc/nginx", "/usr/local", "/root", "/var")


def test_what_is_restored_in_place_is_not_restored_beside_too() -> None:
    exact = service("office", "packages: [nginx]\ndata: {paths: [/var/lib]}")
    (use,) = plan(contract(WEEKLY, exact), weekly=1).uses
    assert (use.in_place, use.beside) == (("/var/lib", "/srv"), ())


def test_a_database_comes_back_only_where_it_was() -> None:
    made = plan(contract(HOURLY), "app2", hourly=1)
    assert made.databases == ("hr",)


def test_the_shortest_time_of_the_copies_used_is_the_one_that_is_allowed() -> None:
    short = WEEKLY.replace("rto: 4h", "rto: 2h")
    allowed, policy = plan(contract(HOURLY, short), hourly=1, weekly=30).allowed
    assert (str(allowed), policy) == ("2h", "backup/weekly")
    allowed, policy = plan(contract(HOURLY, short), hourly=1, weekly=None).allowed
    assert (str(allowed), policy) == ("4h", "backup/hourly")


def test_databases_of_mariadb_are_restored_as_such_and_a_service_need_not_say_whose_its_are() -> None:
    both = HOURLY.replace("{postgresql: hr}", "{mariadb: hr}, {mariadb: shop}")
    shop = service("shop", "packages: [nginx]\ndata: {databases: [shop, oa]}")
    made = plan(contract(both, shop), hourly=1)
    assert made.databases == ("mariadb/shop", "oa", "mariadb/hr")
    assert made.lost == ()


def test_new_copies_are_made_at_the_same_time_except_into_one_repository() -> None:
    again = backup("again", to="{host: backup1, repository: weekly}")
    rounds = backup_batches(contract(HOURLY, WEEKLY, again), "app1")
    assert [[each.name for each in turn] for turn in rounds] == [["again", "hourly"], ["weekly"]]
    assert list(backup_batches(contract(HOURLY), "backup1")) == []
