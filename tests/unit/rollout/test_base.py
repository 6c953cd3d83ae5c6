"""The commit that decides over a change: the newest one applied, by the ledger, whatever the change says of itself."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from calling import Contract
from ledgers import context

from opspact.errors import Refused
from opspact.ledger.apply_events import ApplyFinished, HostOutcome
from opspact.ledger.run_events import LeaseTaken, RunFinished, RunOutcome, RunStarted
from opspact.ledger.store import Ledger, open_ledger
from opspact.rollout.apply_run import PROCEDURE
from opspact.rollout.base import FIRST_APPLY, NO_COMMITS, Base, base_of
from opspact.rollout.base_for_apply import base_for_apply
from opspact.steps.check import Reach
from opspact.workspace.workspace import Workspace

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
OK, DOWN = HostOutcome(1, 1), HostOutcome(1, 0, Reach.DOWN)
POLICIES = """\
kind: contract
name: {name}
customer: {{zh: 甲方, en: Customer}}
provider: {{zh: 乙方, en: Provider}}
period: 2026-01-01..2099-12-31
zone: {zone}
language: en
{more}"""


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with open_ledger(tmp_path / "ledger.sqlite3") as opened:
        yield opened


class History:
    """A contract in a repository, and what is recorded of it."""

    def __init__(self, folder: Path, ledger: Ledger) -> None:
        self.files, self.ledger = Contract(folder, folder), ledger
        self.files.write("inventory/hosts.yaml", "all: {hosts: {app1: {}, app2: {}}}\n")
        self.workspace = Workspace(folder, NOW)

    def write(self, *, zone: str = "UTC", name: str = "tiny", more: str = "") -> None:
        self.files.write("policies/contract.yaml", POLICIES.format(zone=zone, name=name, more=more))

    def commit(self, zone: str, name: str = "tiny") -> str:
        self.write(zone=zone, name=name)
        self.files.git("add", "-A")
        self.files.git("commit", "-qm", zone)
        return self.files.git("rev-parse", "HEAD").strip()

    def applied(self, commit: str, contract: str = "tiny", **hosts: HostOutcome) -> None:
        of = context(NOW, contract=contract, commit=commit)
        self.ledger.record(ApplyFinished(hosts, is_converged=True), context=of)

    def base(self) -> Base:
        return base_of(self.workspace, self.workspace.compiled(), self.ledger)

    def begun(self, run: str, base: str, *hosts: str) -> None:
        """Record that a run of the current commit in waves has begun, by the policies of another."""
        of = context(NOW, contract="tiny", commit=self.files.git("rev-parse", "HEAD").strip())
        arguments = {"contract": "", "base": base}
        started = RunStarted(run, PROCEDURE, ("wave-1",), NOW, hosts=hosts, arguments=arguments)
        self.ledger.record_all([started, *(LeaseTaken(host, 1, run, NOW) for host in hosts)], context=of)

    def for_apply(self, *hosts: str) -> Base:
        return base_for_apply(self.workspace, self.workspace.compiled(), self.ledger, hosts=hosts)


@pytest.fixture
def history(tmp_path: Path, ledger: Ledger) -> History:
    made = History(tmp_path / "contract", ledger)
    made.files.git("init", "-q")
    return made


def test_the_newest_commit_decides_whichever_hosts_it_was_applied_to(history: History) -> None:
    one, two = history.commit("Asia/Tokyo"), history.commit("Asia/Seoul")
    history.applied(one, app1=OK)
    history.applied(two, app1=DOWN, app2=OK)
    history.applied(history.commit("Asia/Manila"), app2=DOWN)
    found = history.base()
    assert (found.commit, found.contract.zone, found.why) == (two, "Asia/Seoul", "")


def test_uncommitted_files_do_not_decide(history: History) -> None:
    one = history.commit("Asia/Tokyo")
    history.write(zone="Asia/Manila")
    history.applied(f"{one}+dirty", app1=OK)
    assert (history.base().commit, history.base().contract.zone) == (one, "Asia/Tokyo")


def test_the_first_apply_decides_itself(history: History) -> None:
    one = history.commit("Asia/Tokyo")
    found = history.base()
    assert (found.commit, found.why) == (one, FIRST_APPLY)
    history.applied(one, contract="other", app1=OK)
    history.applied(one, app1=DOWN)
    assert history.base().why == FIRST_APPLY


def test_a_new_name_of_the_contract_is_no_way_round(history: History) -> None:
    one = history.commit("Asia/Tokyo")
    history.applied(one, app1=OK)
    history.commit("Asia/Seoul", name="renamed")
    assert (history.base().commit, history.base().contract.name) == (one, "tiny")


def test_outside_of_git_the_policies_decide_themselves(tmp_path: Path, ledger: Ledger) -> None:
    history = History(tmp_path / "contract", ledger)
    history.write(zone="Asia/Tokyo")
    history.applied("", app1=OK)
    assert (history.base().contract.zone, history.base().why) == ("Asia/Tokyo", NO_COMMITS)


def test_a_base_that_is_not_there_is_refused_and_not_left_out(history: History) -> None:
    history.commit("Asia/Tokyo")
    history.applied("0" * 40, app1=OK)
    with pytest.raises(Refused, match=r"that decide over this change, of commit 0000.*unknown git revision"):
        history.base()


def test_a_run_in_waves_that_is_not_done_goes_on_by_the_policies_with_which_it_began(history: History) -> None:
    one, two = history.commit("Asia/Tokyo"), history.commit("Asia/Seoul")
    history.applied(one, app1=OK, app2=OK)
    history.begun("apply-1", one, "app1", "app2")
    history.applied(two, app1=OK)  # the first wave has brought its own commit
    assert history.base().commit == two
    assert (history.for_apply("app1", "app2").commit, history.for_apply("app2").commit) == (one, one)

    of = context(NOW, contract="tiny", commit=two)
    history.ledger.record(RunFinished("apply-1", RunOutcome.FAILED), context=of)
    assert history.for_apply("app2").commit == one, "it can be resumed"
    history.ledger.record(RunFinished("apply-1", RunOutcome.DONE, attempt=2), context=of)
    history.ledger.record(
        RunStarted("apply-1", PROCEDURE, ("wave-1",), NOW, arguments={"base": one}, attempt=2), context=of
    )
    assert history.for_apply("app1", "app2").commit == two


def test_an_unfinished_run_does_not_decide_over_later_commits(history: History) -> None:
    one, two = history.commit("Asia/Tokyo"), history.commit("Asia/Seoul")
    history.applied(one, app1=OK, app2=OK)
    history.begun("apply-1", one, "app1", "app2")
    history.applied(two, app1=OK)
    history.commit("Asia/Manila")
    assert history.for_apply("app2").commit == two
