"""What collecting needs on this machine: two jobs, sessions to it, and results in a spool.

Comes in: a ledger, a machine. Goes out: what was collected and recorded.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from programs import Machine

from opspact.errors import Place
from opspact.fleet.connection import Settings
from opspact.fleet.sessions import open_sessions
from opspact.jobs.collection import Collection, Collector
from opspact.ledger.context import Context
from opspact.ledger.job_events import JobResult, ResultsLost
from opspact.ledger.store import Ledger
from opspact.model.contract_jobs import PRUNE_SCHEDULE
from opspact.model.inventory.host import Host
from opspact.model.job import BACKUP, INSPECTION, Job
from opspact.model.origin import Origin
from opspact.model.result import Result
from opspact.onhost.spool import open_spool

LOCAL = {"ansible_connection": "local", "ansible_become": False}
NOWHERE = {"ansible_connection": "ssh", "ansible_host": "127.0.0.1", "ansible_port": 1, "ansible_user": "nobody"}
ORIGIN = Origin("inspection/daily", Place("policies/all.yaml", 1))
DAILY = Job(INSPECTION, "daily", ("h0", "h1"), PRUNE_SCHEDULE, ORIGIN)
NIGHTLY = Job(BACKUP, "nightly", ("h0",), PRUNE_SCHEDULE, ORIGIN)


def context() -> Context:
    return Context(at=datetime.now(UTC), actor="test", contract="office")


@contextmanager
def collecting(ledger: Ledger, *hosts: Host) -> Iterator[Collector]:
    with open_sessions(hosts or [Host("h0", LOCAL)], settings=Settings()) as sessions:
        yield Collector(sessions, ledger, context)


def collect(ledger: Ledger, *jobs: Job) -> Collection:
    with collecting(ledger) as collector:
        return collector.collect(jobs or [DAILY])


def run_once(machine: Machine, job: str = DAILY.key, **report: Any) -> None:
    with open_spool({"job": job, "spool": str(machine.spool)}) as spool:
        spool.keep({"outcome": "done", "verdict": "ok", "message": "fine", "items": [], **report})


def recorded(ledger: Ledger, job: str = DAILY.key, host: str = "h0") -> list[Result]:
    events = ledger.read(JobResult, contract="office", subject=f"job/{job}/host/{host}")
    return [each.event.result for each in events]


def numbers(ledger: Ledger, host: str = "h0") -> list[int]:
    return [result.sequence for result in recorded(ledger, host=host)]


def lost(ledger: Ledger) -> list[tuple[int, int]]:
    return [(each.event.first, each.event.last) for each in ledger.read(ResultsLost, contract="office")]
