"""`status` and `trace` on ledgers with little and with much in them: the reference contract, a million events.

In: a folder, how many events. Out: measured runs. No lab is needed.
"""

import shutil
import sys
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path

from benchkit.timing import Program, Run
from opspact.compile.build import build
from opspact.compile.policy_steps import hosts_by_policy
from opspact.ledger.apply_events import PolicyApplied
from opspact.ledger.context import Context
from opspact.ledger.events import AnyEvent
from opspact.ledger.job_events import JobResult
from opspact.ledger.store import open_ledger
from opspact.model.contract import Contract
from opspact.model.contract_jobs import contract_jobs
from opspact.model.result import Copy, Item, Outcome, Result, Verdict
from opspact.resolve.contract import resolve
from opspact.rollout.policy_record import applied_jobs
from opspact.schema.contract_files import read_tree

FEW, MANY = 1_000, 1_000_000
SPOOL = "5f3c5f3c5f3c"
"""The spool, on every host, of all results."""

_ROOT = Path(__file__).resolve().parents[2]
_BATCH = 20_000


def write(folder: Path, count: int) -> Path:
    """Given a folder and a number of events, copy the reference contract there with a ledger of so many; return it."""
    place = folder / f"history-{count}"
    for part in ("policies", "inventory", "files", "runbooks"):
        shutil.copytree(_ROOT / part, place / part)
    contract = resolve(read_tree(place))
    now = datetime.now(UTC)
    record(place, _events(contract, count, now), Context(at=now, actor="bench", contract=contract.name))
    return place


def record(folder: Path, events: Iterator[AnyEvent], context: Context) -> None:
    """Given a contract's folder, events and their context, record them in its ledger."""
    with open_ledger(folder / ".opspact" / "ledger.sqlite3") as ledger:
        while batch := list(islice(events, _BATCH)):
            ledger.record_all(batch, context=context)


def _events(contract: Contract, count: int, now: datetime) -> Iterator[AnyEvent]:
    """Yield an apply of all policies, then results of all jobs on all their hosts, turn by turn."""
    policies, jobs = contract.policy_index.policies.values(), applied_jobs(contract)
    hosts = hosts_by_policy(build(contract, day=now.date()))
    for policy in policies:
        name = str(policy)
        yield PolicyApplied(name, policy.digest, 0, tuple(hosts.get(name, ())), jobs.get(name, ()))
    places = [(job.key, host) for job in contract_jobs(contract) for host in job.hosts]
    yield from results(places, count - len(policies), now)


def results(places: Sequence[tuple[str, str]], count: int, now: datetime) -> Iterator[JobResult]:
    """Given jobs with their hosts, a count and the time, yield so many results: one of each, a minute later the next.

    Each place's results are numbered from 1.
    """
    turns = -(-count // len(places))
    for number in range(count):
        turn, place = divmod(number, len(places))
        yield JobResult(_result(*places[place], sequence=turn + 1, began=now - timedelta(minutes=turns - turn)))


def _result(job: str, host: str, *, sequence: int, began: datetime) -> Result:
    return Result(
        job=job,
        host=host,
        spool=SPOOL,
        sequence=sequence,
        started=began,
        ended=began + timedelta(seconds=20),
        outcome=Outcome.DONE,
        verdict=Verdict.OK,
        items=tuple(Item(item="disk", subject=f"/{mount}", verdict=Verdict.OK) for mount in ("", "srv", "var")),
        copy=Copy(name=f"copy-{sequence}", started=began) if job.startswith("backup/") else None,
    )


def run(command: str, contract: Path) -> Run:
    """Given `status` or `trace` and a contract, run it there; that something is late is no failure here."""
    program = Path(sys.executable).with_name("opspact")
    return Program([str(program), "--contract", str(contract), command], contract, {}, accept=(0, 1)).run()
