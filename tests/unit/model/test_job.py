"""The table of job kinds, and what a contract runs on a schedule."""

from itertools import combinations

from building import backup, tree

from opspact.model.contract_jobs import contract_jobs
from opspact.model.job import BACKUP, CHECK, INSPECTION, JOB_KINDS, PRUNE, Job, Lock
from opspact.resolve.contract import resolve

CHECKED = "encryption: none\ncheck: {schedule: monthly on day 1 at 05:00, data: true, takes: 2h}"
INSPECTION_POLICY = """\
kind: inspection
name: daily
hosts: all
schedule: daily at 07:30
items:
  - postgresql: {database: oa, on: web, connections: {warn: 80%}}
"""


def jobs(*policies: str) -> dict[str, Job]:
    return {job.key: job for job in contract_jobs(resolve(tree(*policies)))}


def test_every_kind_is_found_by_its_name_and_says_what_carries_it_out() -> None:
    assert {name: kind.name for name, kind in JOB_KINDS.items()} == {name: name for name in JOB_KINDS}
    programs = {kind.name: kind.program for kind in JOB_KINDS.values() if kind.is_carried_out}
    assert programs == {
        "inspection": "inspection",
        "backup": "backup",
        "prune": "repository",
        "check": "repository",
        "drill": "drill",
        "library": "library",
        "log_review": "log_review",
        "emergency_access": "emergency_access",
        "data_care": "data_care",
        "restore": "restore",
    }


def test_a_backup_runs_on_its_hosts_and_its_server_prunes_and_checks() -> None:
    found = jobs(backup("nightly", fields=CHECKED), backup("weekly"))
    assert list(found) == ["backup/nightly", "check/nightly", "prune/daily", "backup/weekly"]
    copying, checking, pruning = found["backup/nightly"], found["check/nightly"], found["prune/daily"]
    assert (copying.kind, copying.hosts, copying.server, copying.repository) == (
        BACKUP,
        ("app1", "app2"),
        "backup1",
        "daily",
    )
    assert (checking.kind, checking.hosts, checking.path, checking.takes and checking.takes.text) == (
        CHECK,
        ("backup1",),
        ("check", "schedule"),
        "2h",
    )
    assert (pruning.kind, pruning.hosts, pruning.path, pruning.schedule.text) == (
        PRUNE,
        ("backup1",),
        (),
        "daily at 06:30",
    )
    assert {job.policy for job in (copying, checking, pruning)} == {"backup/nightly"}


def test_a_check_and_a_pruning_have_names_that_never_meet() -> None:
    """A repository may be called as anything: `daily-check-nightly` is pruned beside the check of `nightly`."""
    other = backup("weekly", to="{host: backup1, repository: daily-check-nightly}")
    found = jobs(backup("nightly", fields=CHECKED), other)
    names = [job.unit_name for job in found.values()]
    assert not [pair for pair in combinations(names, 2) if pair[0] == pair[1]]
    assert "opspact-prune-daily-check-nightly" in names
    assert "opspact-check-nightly" in names


def test_an_inspection_runs_where_it_has_items() -> None:
    job = jobs(INSPECTION_POLICY)["inspection/daily"]
    assert (job.kind, job.hosts, job.policy) == (INSPECTION, ("app1", "app2"), "inspection/daily")
    assert (job.unit_name, job.is_frequent) == ("opspact-inspection-daily", False)


def test_a_repository_is_shared_by_backups_and_held_alone_by_its_server() -> None:
    assert {name: kind.lock for name, kind in JOB_KINDS.items() if kind.lock is not Lock.NONE} == {
        "backup": Lock.SHARED,
        "prune": Lock.EXCLUSIVE,
        "check": Lock.EXCLUSIVE,
        "drill": Lock.EXCLUSIVE,
        "data_care": Lock.SHARED,
        "restore": Lock.SHARED,
    }
