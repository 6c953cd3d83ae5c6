"""The stages of a rebuild that need no backup server, on this machine as the host: what is bare, what is held, when an
apply is enough.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from building import backup, service, tree
from job_results import job_result
from runs import context, execution

from opspact.compile.build import build
from opspact.errors import Refused
from opspact.evidence.backup_stats import BackupStats
from opspact.fleet import connection, lock, session
from opspact.fleet.sessions import Sessions, open_sessions
from opspact.ledger.run_events import LeaseReleased, LeaseTaken, RunOutcome, RunStarted
from opspact.ledger.store import Ledger
from opspact.model import names
from opspact.model.policies.backup import DatabaseEngine
from opspact.recovery import rebuild
from opspact.recovery.rebuild import Applied, Rebuild, refuse_live
from opspact.recovery.rebuild_plan import plan_rebuild
from opspact.recovery.rebuild_run import new_run
from opspact.resolve.contract import resolve
from opspact.run.execution import StageResult
from opspact.run.stage import Run
from opspact.structs import replace
from opspact.workspace.workspace import Compiled

NOW = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)
INVENTORY = """\
all:
  children:
    web: {hosts: {app1: {ansible_connection: local, ansible_become: false}}}
    backup: {hosts: {backup1: {ansible_connection: local, ansible_become: false}}}
"""


class Here:
    """This machine as the host that is rebuilt: its folders are those of a test."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.data = folder / "data"
        text = service("office", f"packages: [nginx]\ndata: {{paths: [{self.data}]}}")
        files = tree(text, backup("nightly").replace("[/etc]", f"[{self.data}]"), inventory=INVENTORY)
        contract = resolve(files)
        figures = [BackupStats(backup=contract.backups[0], host="app1", copy="nightly-1", made=NOW)]
        self.plan = plan_rebuild(contract, "app1", figures)
        self.head = Compiled(files, contract, build(contract, day=date(2026, 3, 2)), "", date(2026, 3, 2))
        self.applied: list[Applied] = []
        self.said: list[str] = []

    @contextmanager
    def reach(self, hosts: Iterable[str]) -> Iterator[Sessions]:
        with open_sessions(self.head.hosts(hosts), settings=connection.Settings()) as sessions:
            yield sessions

    def rebuild(self, ledger: Ledger, run: str = "r1") -> Rebuild:
        return Rebuild(
            plan=self.plan,
            run=run,
            head=self.head,
            ledger=ledger,
            reach=self.reach,
            apply=lambda: self.applied.pop(0),
            report=self.said.append,
            python="/usr/bin/python3",
        )

    def carry_out(self, ledger: Ledger, *stages: str) -> StageResult:
        """Carry out some stages of a new rebuild."""
        made = new_run("app1", NOW)
        whole = made.run(self.plan)
        part = Run(whole.id, whole.procedure, tuple(it for it in whole.stages if it.name in stages), whole.arguments)
        return execution(ledger, part).carry_out(self.rebuild(ledger, made.id).work())


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Here:
    for name, place in {
        "FENCE": "fence",
        "FENCED_PYTHON": "state/python-",
        "MANIFESTS": "manifests",
        "STATE_FOLDER": "state",
        "REBUILDING": "state/rebuilding",
    }.items():
        monkeypatch.setattr(names, name, str(tmp_path / place))
    stale = lock.RELEASE_STALE_LOCK.replace(names.HOST_LOCK, str(tmp_path / "lock"))
    monkeypatch.setattr(session, "RELEASE_STALE_LOCK", stale)
    monkeypatch.setattr(lock, "HOST_LOCK", str(tmp_path / "lock"))
    return Here(tmp_path)


def test_a_host_with_data_or_policies_is_not_bare(here: Here) -> None:
    with here.reach(["app1"]) as sessions:
        refuse_live(sessions, here.plan, "office")
        here.data.mkdir()
        refuse_live(sessions, here.plan, "office")
        (here.data / "mine").touch()
        with pytest.raises(Refused, match=f"not bare: {here.data} is not empty"):
            refuse_live(sessions, here.plan, "office")
        (here.data / "mine").unlink()
        (here.folder / "manifests").mkdir()
        (here.folder / "manifests/office.json").touch()
        refuse_live(sessions, here.plan, "another")
        with pytest.raises(Refused, match="policies of this contract were applied there"):
            refuse_live(sessions, here.plan, "office")


def test_a_host_with_one_of_its_databases_is_not_bare(here: Here, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that answers nothing has none: the restore refuses those that it meets."""
    (use,) = here.plan.uses
    plan = replace(here.plan, uses=(replace(use, databases=("oa", "mariadb/shop")),))
    answers = {DatabaseEngine.POSTGRESQL: "printf '%s\\n' hr shop", DatabaseEngine.MARIADB: "printf '%s\\n' mysql oa"}
    monkeypatch.setattr(rebuild, "_DATABASES", answers)
    with here.reach(["app1"]) as sessions:
        refuse_live(sessions, plan, "office")
        for engine, there, label in (("MARIADB", "shop", "mariadb/shop"), ("POSTGRESQL", "oa", "oa")):
            answers[DatabaseEngine[engine]] = f"echo {there}"
            with pytest.raises(Refused, match=f"it has the database {label}$"):
                refuse_live(sessions, plan, "office")
            answers[DatabaseEngine[engine]] = "exit 1"


def test_the_host_is_taken_for_each_stage_that_writes_there_and_given_back(here: Here, ledger: Ledger) -> None:
    held = here.folder / "state/rebuilding"
    assert here.carry_out(ledger, "hold").outcome is RunOutcome.DONE
    assert held.read_text().startswith("rebuild-20260302t040000z-")
    assert here.carry_out(ledger, "hold", "release").outcome is RunOutcome.DONE
    assert not held.exists()
    taken = [each.event.token for each in ledger.read(LeaseTaken, contract="office")]
    assert taken == [1, 2, 3]
    assert [each.event.token for each in ledger.read(LeaseReleased, contract="office")] == taken


def test_the_first_apply_must_bring_what_restoring_needs_and_the_second_one_everything(
    here: Here, ledger: Ledger
) -> None:
    half = Applied(is_converged=False, why="table-rows oa/document_type: there is no database oa")
    here.applied = [half]
    assert here.carry_out(ledger, "apply") == StageResult()
    here.applied = [Applied(is_converged=False, not_ready={"backup-repository backup1:daily": "cannot be used"})]
    result = here.carry_out(ledger, "apply", "verify")
    assert (result.outcome, here.applied) == (RunOutcome.FAILED, [])
    assert "backup-repository backup1:daily: cannot be used" in result.detail
    here.applied = [half, half]
    result = here.carry_out(ledger, "apply", "verify")
    assert (result.outcome, result.detail) == (RunOutcome.FAILED, half.why)
    here.applied = [half, Applied(is_converged=True)]
    assert here.carry_out(ledger, "apply", "verify") == StageResult()
    here.applied = [Applied(is_converged=False, signal=15)]
    assert here.carry_out(ledger, "apply", "verify").signal == 15


def test_what_policies_name_after_everything_was_restored_is_said(here: Here, ledger: Ledger) -> None:
    here.carry_out(ledger, "hold")
    (started,) = ledger.read(RunStarted, contract="office")
    rebuild = here.rebuild(ledger, started.event.run)
    assert rebuild.missing_data() == [str(here.data)]
    done = job_result("restore/nightly", "app1", 1, facts={"paths": [str(here.data)]})
    ledger.record(done, context=replace(context(), contract="office", at=datetime.now(UTC)))
    assert rebuild.missing_data() == []
