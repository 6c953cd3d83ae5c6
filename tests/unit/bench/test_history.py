"""The ledgers that `status` and `trace` are measured on: as many events as are asked for, of every job everywhere."""

from pathlib import Path

from benchkit import history

from opspact.ledger.apply_events import PolicyApplied
from opspact.ledger.job_events import JobResult
from opspact.ledger.store import open_ledger
from opspact.ledger.verify import verify
from opspact.model.contract_jobs import contract_jobs
from opspact.model.names import job_subject
from opspact.resolve.contract import resolve
from opspact.schema.contract_files import read_tree


def test_a_ledger_holds_so_many_events_the_newest_of_every_job_on_every_host_among_them(tmp_path: Path) -> None:
    folder = history.write(tmp_path, 500)
    contract = resolve(read_tree(folder))
    places = [job_subject(job.key, host) for job in contract_jobs(contract) for host in job.hosts]
    policies = [f"policy/{policy}" for policy in contract.policy_index.policies.values()]

    with open_ledger(folder / ".opspact" / "ledger.sqlite3", create=False) as ledger:
        verify(ledger)
        assert ledger.head().sequence == 500
        newest = ledger.newest_by_subject(JobResult, contract=contract.name, prefix="job/")
        assert newest.keys() == set(places)
        assert ledger.newest_by_subject(PolicyApplied, contract=contract.name).keys() == set(policies)

    results, turns = 500 - len(policies), {each.event.result.sequence for each in newest.values()}
    assert results >= 2 * len(places)
    assert turns <= {results // len(places), results // len(places) + 1}
