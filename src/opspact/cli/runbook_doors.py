"""The doors of a runbook's run, put together from what the commands have: sessions, Ansible, restores, the operator.

Comes in: a command's context, the run's leases. Goes out: doors.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from hashlib import sha256
from importlib import import_module
from pathlib import Path
from zoneinfo import ZoneInfo

from opspact.cli import times
from opspact.cli.hosts import CommandContext
from opspact.cli.runbook_terminal import Operator
from opspact.errors import NothingFound, OperationFailed, Refused
from opspact.evidence.suspect_copies import server_jobs, suspect_copies
from opspact.fleet.ansible import RunSettings
from opspact.fleet.failures import HostLost
from opspact.fleet.session import Session
from opspact.jobs.collection import Collector
from opspact.jobs.run import Answer as JobAnswer
from opspact.ledger.runbook_events import StepOutcome
from opspact.ledger.store import Ledger
from opspact.model.contract import Contract
from opspact.model.contract_jobs import restore_job
from opspact.model.inventory.bastion import bastions
from opspact.model.result import Outcome, Result
from opspact.model.runbook_actions import RestoreAction
from opspact.recovery.restore import Folder, HostRestore, OneDatabase, RestoreRequest
from opspact.run.leases import Leases
from opspact.runbook.approvals import RunApprovals
from opspact.runbook.doors import Answer, FabricCall, Verdict
from opspact.runbook.history import read_started
from opspact.runbook.host_doors import HostDoors, OtherDoors, RunWork
from opspact.runbook.tasks import TaskWorker
from opspact.schema.unexpected_files import FABFILE
from opspact.workspace.workspace import Compiled, now


@contextmanager
def doors(
    work: CommandContext, ledger: Ledger, leases: Leases, *, operator: Operator, drill: str = ""
) -> Iterator[HostDoors]:
    """Given a command's context and a run's leases, yield its doors; every session is closed at the end.

    In a drill of an emergency nobody is asked for approvals: it reaches rehearsal hosts alone.
    """
    settings = partial(_settings, work)
    approvals = partial(_of_drill, drill) if drill else partial(_approvals, work.head.contract, ledger)
    others = OtherDoors(
        call=partial(_call, fabfile=work.workspace.folder / FABFILE),
        restore=partial(_restore, work.head),
        approvals=approvals,
        ask=operator.ask,
    )
    place = RunWork(work.head, ledger, work.sessions, RunSettings().python)
    made = HostDoors(place, leases, TaskWorker(work.head, settings), others=others)
    with made:
        yield made


def _settings(work: CommandContext) -> RunSettings:
    passwords = work.passwords()
    return RunSettings(
        bastions=bastions(work.head.contract.inventory.hosts.values()),
        become_password=passwords.become,
        ssh_password=passwords.ssh,
    )


def _restore(head: Compiled, collector: Collector, action: RestoreAction, *, host: str, request: str) -> Answer:
    """Restore data on a host from the newest copy that counts, unless this step of the run has done so before."""
    backup = next(each for each in head.contract.backups if each.name == action.backup)
    restore = HostRestore(collector, restore_job(backup), host)
    id_ = sha256(f"{request} {host}".encode()).hexdigest()[:16]
    zone = ZoneInfo(head.contract.zone)
    target = OneDatabase(action.database, action.new_name) if action.database else Folder(action.folder, action.files)
    try:
        restore.wait_for_result("")  # what an earlier attempt asked for may still be going on
        if isinstance(before := restore.result_of(id_), Result) and before.outcome is Outcome.DONE:
            return _answer(before)
        collector.collect(server_jobs(head.contract, backup), [backup.server])
        suspects = suspect_copies(collector.ledger, head.contract, backup, host=host)
        if suspects.is_damaged:
            return Answer(
                outcome=StepOutcome.FAILED, detail=f"no copy counts: the repository of {backup.name} is damaged"
            )
        at = times.instant("at", action.at, zone) if action.at else None
        asked = RestoreRequest(target=target, at=at, suspect=suspects.names)
        copy = restore.choose(asked)
        answer = _answer(restore.wait_for_result(restore.submit(asked, copy, id_=id_)))
    except HostLost as lost:
        return Answer(outcome=StepOutcome.UNKNOWN, detail=lost.detail)
    except (NothingFound, OperationFailed, Refused) as error:
        return Answer(outcome=StepOutcome.FAILED, detail=str(error).partition("\n")[0])
    return answer


def _answer(found: JobAnswer) -> Answer:
    if isinstance(found, Result):
        is_done = found.outcome is Outcome.DONE
        outcome = StepOutcome.DONE if is_done else StepOutcome.FAILED
        return Answer(
            outcome=outcome, output=f"{found.message}\n", changed=is_done, detail="" if is_done else found.message
        )
    return Answer(outcome=StepOutcome.UNKNOWN, detail=found.detail if isinstance(found, HostLost) else found)


def _call(session: Session, call: FabricCall, timeout: float, *, fabfile: Path) -> Answer:
    """Call a task of the fabfile with a connection to the session's host; fabric is loaded here, when it is needed."""
    tasks = import_module("opspact.fleet.fabric.fabfile")
    connection = import_module("opspact.fleet.fabric.connection").Connection(session)
    try:
        found = tasks.call_task(fabfile, call.task, connection, arguments=call.arguments, timeout=timeout)
    except Refused as error:
        return Answer(outcome=StepOutcome.FAILED, detail=str(error).partition("\n")[0])
    outcome = StepOutcome.UNKNOWN if found.lost else StepOutcome.FAILED if found.error else StepOutcome.DONE
    return Answer(outcome=outcome, output=found.output, value=found.value, detail=found.error)


def _of_drill(drill: str, _run: str, _step: str, approval: str) -> Verdict:
    return Verdict(StepOutcome.DONE, f"drill of {drill}: approval {approval} is not asked for on a rehearsal host")


def _approvals(contract: Contract, ledger: Ledger, run: str, step: str, approval: str) -> Verdict:  # noqa: PLR0917 - its last three are the door's
    at = now()
    found = RunApprovals(ledger, contract, read_started(ledger, contract.name, run))
    status = found.status(step, approval, at=at)
    return Verdict(StepOutcome.DONE if status.is_approved else StepOutcome.UNKNOWN, status.words)
