"""Restore tests become a job of the backup server, another host than the ones that made the copies."""

import json

import pytest
from building import backup, tree, work

from opspact.compile.backup import backup_obligations
from opspact.model.contract_jobs import drill_job
from opspact.obligations.obligation import JobSource
from opspact.resolve.contract import resolve
from opspact.steps.file import File
from opspact.steps.package import Package

SETTINGS = "/etc/opspact/drill/nightly.json"


def settings(drill: str) -> dict[str, object]:
    steps = work(tree(backup("nightly", fields=f"encryption: none\ndrill: {drill}")))["backup1"].make
    (found,) = (step for step in steps if isinstance(step, File) and step.path == SETTINGS)
    read: dict[str, object] = json.loads(found.content.data)
    return read


@pytest.mark.parametrize(
    ("sample", "files"),
    [
        ("", 0),
        (", sample: {confidence: 95%, defects: 5%}", 59),
        (", sample: {confidence: 95%, defects: 1%}", 299),
        (", sample: {confidence: 99%, defects: 50%}", 7),
        (", sample: {confidence: 1%, defects: 99%}", 1),
    ],
)
def test_a_sample_has_so_many_files_that_its_defects_are_found_with_its_confidence(sample: str, files: int) -> None:
    said = settings(f"{{within: 31 days{sample}}}")
    assert said["sample"] == files
    assert said["head"] == "/var/lib/opspact/heads/drill/nightly.json"


def test_the_host_that_tests_a_restore_is_never_one_that_made_the_copies() -> None:
    contract = resolve(tree(backup("nightly", fields="encryption: none\ndrill: {within: 31 days}")))
    for policy in contract.backups:
        job = drill_job(policy)
        assert job
        assert not {*job.hosts} & {*policy.hosts}
    owed = [each for each in backup_obligations(contract) if each.what == "restore test"]
    assert {each.subject for each in owed} == {f"host/{host}" for policy in contract.backups for host in policy.hosts}
    for each in owed:
        assert isinstance(each.source, JobSource)
        assert f"host/{each.source.host}" != each.subject


@pytest.mark.parametrize(
    ("databases", "packages", "labels"),
    [
        ("{postgresql: oa}", {"postgresql"}, ["oa"]),
        ("{mariadb: shop}", {"mariadb-server-core", "mariadb-client-core"}, ["mariadb/shop"]),
    ],
)
def test_the_backup_server_has_what_restores_the_dumps_of_each_kind(
    databases: str, packages: set[str], labels: list[str]
) -> None:
    text = backup("nightly", fields="encryption: none\ndrill: {within: 31 days}")
    steps = work(tree(text.replace("{paths: [/etc]}", f"{{databases: [{databases}]}}")))["backup1"].make
    assert {step.name for step in steps if isinstance(step, Package)} - {"borgbackup"} == packages
    (found,) = (step for step in steps if isinstance(step, File) and step.path == SETTINGS)
    assert {*map(tuple, json.loads(found.content.data)["clients"].values())} == {tuple(labels)}
