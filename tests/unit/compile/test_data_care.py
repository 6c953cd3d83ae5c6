"""Data care becomes a program, its timers and a key on the database's hosts, and a repository on the server."""

import json

import pytest
from building import backup, tree, work

from opspact.compile.data_care import data_care_obligations
from opspact.errors import Refused
from opspact.model.contract_jobs import contract_jobs
from opspact.obligations.obligation import JobSource
from opspact.resolve.contract import resolve
from opspact.steps.backup_repository import BackupRepository
from opspact.steps.base import Step
from opspact.steps.file import File
from opspact.steps.secret_file import SecretFile
from opspact.steps.unit import Unit

CARE = """\
kind: data_care
name: purge-log
hosts: db
database: {postgresql: oa}
select: {table: audit.log, column: created_at, older_than: 6 months}
archive: {to: backup1, keep: 24 months, passphrase: secret:vault:borg}
when: {schedule: monthly on day 5 at 03:00, or_free_below: 12.5%}
batch: 700
"""
SETTINGS, PRUNING = "/etc/opspact/data_care/purge-log.json", "/etc/opspact/prune/purge-log.json"


def made(policy: str, host: str, *others: str) -> dict[str, Step]:
    return {step.identity: step for step in work(tree(policy, *others))[host].make}


def settings(steps: dict[str, Step], path: str) -> dict[str, object]:
    (found,) = (step for step in steps.values() if isinstance(step, File) and step.path == path)
    read: dict[str, object] = json.loads(found.content.data)
    return read


def test_the_program_gets_what_the_policy_says_and_nothing_secret() -> None:
    steps = made(CARE, "db1")
    said = settings(steps, SETTINGS)
    assert said.pop("environment") is not None
    assert said == {
        "job": "data_care/purge-log",
        "database": "oa",
        "table": "audit.log",
        "column": "created_at",
        "older_than": {"months": 6, "seconds": 0},
        "zone": "Asia/Shanghai",
        "batch": 700,
        "free_below": 12.5,
        "repository": "ssh://opspact-backup@backup1:22/./purge-log",
    }
    assert [step.secret.name for step in steps.values() if isinstance(step, SecretFile)] == ["borg"]
    (repository,) = (step for step in steps.values() if isinstance(step, BackupRepository))
    assert (repository.server, repository.repository) == ("backup1", "purge-log")


def test_a_run_that_was_killed_is_started_again_and_one_that_was_refused_is_not() -> None:
    files = {step.path: step.content.data.decode() for step in made(CARE, "db1").values() if isinstance(step, File)}
    service = files["/etc/systemd/system/opspact-data_care-purge-log.service"]
    assert "Restart=on-failure" in service
    assert "RestartPreventExitStatus=1 2 75" in service
    assert "StartLimitBurst=6" in service.split("[Service]")[0]


def test_it_also_runs_when_space_is_short_if_the_policy_says_so() -> None:
    def timers(policy: str) -> list[str]:
        return [step.name for step in made(policy, "db1").values() if isinstance(step, Unit)]

    assert sorted(timers(CARE)) == ["opspact-data_care-purge-log.needed.timer", "opspact-data_care-purge-log.timer"]
    assert timers(CARE.replace(", or_free_below: 12.5%", "")) == ["opspact-data_care-purge-log.timer"]
    files = {step.path: step.content.data.decode() for step in made(CARE, "db1").values() if isinstance(step, File)}
    service = files["/etc/systemd/system/opspact-data_care-purge-log.needed.service"]
    command = f"/usr/bin/python3 /usr/local/lib/opspact/data_care.py {SETTINGS}"
    assert f"ExecCondition={command} needed\n" in service
    assert f"ExecStart={command}\n" in service
    assert "OnCalendar=hourly\n" in files["/etc/systemd/system/opspact-data_care-purge-log.needed.timer"]


@pytest.mark.parametrize(
    ("keep", "within"), [("24 months", "24m"), ("7 years", "84m"), ("180 days", "180d"), ("25h", "2d")]
)
def test_the_server_keeps_archives_by_age(keep: str, within: str) -> None:
    said = settings(made(CARE.replace("keep: 24 months", f"keep: {keep}"), "backup1"), PRUNING)
    assert (said["clients"], said["policies"]) == (["db1"], {"purge-log": {"keep": {"within": within}}})


def test_a_repository_that_a_backup_shares_has_one_passphrase_and_is_nobodys_own() -> None:
    shared = backup("other", to="{host: backup1, repository: purge-log}", fields="passphrase: secret:vault:borg")
    assert settings(made(CARE, "backup1", shared), PRUNING)["clients"] == ["app1", "app2", "db1"]
    for wrong in (shared.replace("borg", "another"), f"{shared}strategy: standalone\n"):
        with pytest.raises(Refused) as refused:
            work(tree(CARE, wrong))
        assert [problem.code for problem in refused.value.problems] == ["OP106"]


def test_each_host_owes_the_runs_and_the_server_the_pruning() -> None:
    contract = resolve(tree(CARE))
    owed = [(each.subject, each.what, each.source) for each in data_care_obligations(contract)]
    assert owed == [
        ("host/db1", "archive and purge", JobSource("data_care/purge-log", "db1")),
        ("repository/backup1/purge-log", "repository pruning", JobSource("prune/purge-log", "backup1")),
    ]
    assert [job.key for job in contract_jobs(contract)] == ["data_care/purge-log", "prune/purge-log"]
