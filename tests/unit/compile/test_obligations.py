"""What the reference contract owes: every policy that keeps a clause owes something, with the limits of its clauses."""

from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import pytest
from building import tree

from opspact.compile.build import build
from opspact.compile.device import device_obligations
from opspact.compile.obligations import obligations
from opspact.model.contract import Contract
from opspact.model.contract_jobs import contract_jobs
from opspact.model.job import DRILL, JOB_KINDS, RESTORE
from opspact.model.policy_index import KEEPS_NO_CLAUSE
from opspact.obligations.evidence import Evidence
from opspact.obligations.judge import judge
from opspact.obligations.obligation import CheckSource, JobSource, Obligation, Proof, Scheduled, State
from opspact.resolve.contract import resolve
from opspact.schema.contract_files import read_tree

NOW = datetime(2026, 11, 28, 4, 0, tzinfo=UTC)
TOP = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def contract() -> Contract:
    return resolve(read_tree(TOP))


@pytest.fixture(scope="module")
def owed(contract: Contract) -> tuple[Obligation, ...]:
    return obligations(contract, build(contract, day=NOW.date()))


def test_every_policy_that_keeps_a_clause_owes_something(contract: Contract, owed: tuple[Obligation, ...]) -> None:
    owing = {each.policy for each in owed}
    faults = {each.origin.policy for each in contract.runbooks if each.rehearsal_only}  # of drills, which are owed
    keeping = {
        str(policy)
        for policy in contract.policy_index.policies.values()
        if policy.origin.clauses and policy.kind not in KEEPS_NO_CLAUSE
    }
    assert faults
    assert keeping - faults <= owing
    assert len({policy.partition("/")[0] for policy in owing}) > 20


def test_an_obligation_is_one_of_its_policy_subject_and_name(owed: tuple[Obligation, ...]) -> None:
    twice = [
        key for key, times in Counter((each.policy, each.subject, each.what) for each in owed).items() if times > 1
    ]
    assert not twice


def test_a_backup_owes_runs_copies_restore_tests_and_checks_of_its_repository(owed: tuple[Obligation, ...]) -> None:
    daily = [each for each in owed if each.policy == "backup/daily-incremental" and each.subject == "host/app1"]
    assert {each.what for each in daily} == {"backup run", "copy", "restore test", "check"}
    copy = next(each for each in daily if each.what == "copy")
    assert copy.source == JobSource("backup/daily-incremental", "app1", of_copy=True)
    of_server = [each for each in owed if each.policy == copy.policy and each.subject.startswith("repository/backup1/")]
    assert {each.what for each in of_server} == {"repository pruning", "repository check"}


def test_every_scheduled_job_that_hosts_carry_out_is_owed(contract: Contract, owed: tuple[Obligation, ...]) -> None:
    due = {(each.source, each.due.schedule) for each in owed if isinstance(each.due, Scheduled) and each.source}
    # What waits for the end of something that people open, or for a request, is not owed on a schedule.
    wanted = {kind for kind in JOB_KINDS.values() if kind.is_carried_out and not kind.waits} - {RESTORE}
    jobs = [job for job in contract_jobs(contract) if job.kind.is_carried_out and not job.kind.waits]
    assert {job.kind for job in jobs} == wanted
    tested = {each.source for each in owed if each.proof is Proof.DRILL and each.policy.startswith("backup/")}
    for backup in contract.backups:  # restore tests are owed within a time, of each host, by the server
        for host in backup.hosts:
            assert JobSource(f"drill/{backup.name}", backup.server, item=f"host/{host}") in tested
    for job in (each for each in jobs if each.kind is not DRILL):
        for host in job.hosts:
            assert (JobSource(job.key, host), job.schedule) in due


def test_the_shortest_limit_of_its_clauses_counts(contract: Contract, owed: tuple[Obligation, ...]) -> None:
    for each in owed:
        limits = [contract.clauses[name].evidence_within.time for name in each.clauses]
        assert each.evidence_within == min(limits, default=None), each.policy


def test_every_policy_with_steps_on_a_host_is_checked_there(contract: Contract, owed: tuple[Obligation, ...]) -> None:
    work = build(contract, day=NOW.date())
    wanted = {
        (origin.policy, host) for host, of_host in work.items() for step in of_host.make for origin in step.origins
    }
    assert {(one.source.policy, one.source.host) for one in owed if isinstance(one.source, CheckSource)} == wanted


def test_before_anything_was_applied_nothing_but_records_is_kept(owed: tuple[Obligation, ...]) -> None:
    for each in owed:
        found = judge(each, Evidence(), NOW)
        assert found.state in {State.NOT_CARRIED_OUT, State.KEPT}
        assert (found.state is State.KEPT) <= (each.proof is Proof.RECORD)


def test_a_device_owes_a_probe_with_each_inspection_of_its_host(owed: tuple[Obligation, ...]) -> None:
    switch = [each for each in owed if each.policy == "device/core-switch" and each.proof is Proof.RESULT]
    assert {each.what: each.source for each in switch} == {
        f"probe by {name}": JobSource(f"inspection/{name}", "app1", item="device/core-switch")
        for name in ("daily-servers", "hourly-web")
    }
    assert {each.subject for each in switch} == {"device/core-switch"}
    assert {each.due for each in switch} == {
        each.due for each in owed if each.what == "inspection" and each.subject == "host/app1"
    }


@pytest.mark.parametrize(
    ("device", "reason"),
    [
        ("", "no host is named to probe it"),
        ("probed_from: backup1\n", "it has no checks under normal"),
        ("probed_from: backup1\nnormal: [{ping: {}}]\n", "no inspection of backup1"),
        ("probed_from: app2\nnormal: [{ping: {}}]\n", "no inspection of app2"),  # it has no item for app2
    ],
)
def test_why_nothing_probes_a_device_is_said(device: str, reason: str) -> None:
    inspection = (
        "kind: inspection\nname: one\nhosts: web\nschedule: daily at 07:00\n"
        "items: [{postgresql: {database: oa, on: app1}}]\n"
    )
    contract = resolve(tree(inspection, f"kind: device\nname: switch\naddress: 192.0.2.1\n{device}"))
    (probe,) = device_obligations(contract)
    assert (probe.source, probe.reason, probe.subject) == (None, reason, "device/switch")


def test_trainings_that_nobody_recorded_are_named(owed: tuple[Obligation, ...]) -> None:
    trainings = [each for each in owed if each.policy.startswith("training/") and each.source is None]
    assert trainings
    assert all(judge(each, Evidence(), NOW).state is State.NOT_CARRIED_OUT for each in trainings)
