"""Plans between two commits, their freshness, and the moment that services are given to answer."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from opspact.compile.shape import Work
from opspact.errors import Refused, Stale
from opspact.plan.change import Action
from opspact.plan.manifest_state import HostManifest
from opspact.plan.plan import Plan
from opspact.rollout import wait_until_ready as waiting
from opspact.rollout.planner import EACH_ITS_OWN, NOTHING, between, by_host, check_fresh, live, since_converged
from opspact.rollout.survey import Survey
from opspact.rollout.wait_until_ready import wait_until_ready
from opspact.steps.base import Step
from opspact.steps.check import Check, HostResult, Reach, State
from opspact.steps.package import Package
from opspact.steps.port_answer import PortAnswer
from opspact.values.secret import SecretReference
from opspact.workspace.workspace import Compiled, Workspace

CONTRACT = """\
kind: contract
name: office
customer: {zh: 示例单位}
provider: {zh: 示例科技}
period: 2026-01-01..2026-12-31
zone: Asia/Shanghai
language: zh-CN
---
kind: team
name: operations
---
kind: service
name: tools
hosts: all
owner: operations
packages: [PACKAGES]
---
kind: backup
name: daily
hosts: app1
what: {paths: [/etc]}
schedule: daily at 02:00
to: {host: backup1, repository: daily}
keep: {daily: 7}
rpo: 26h
rto: 4h
passphrase: secret:env:BORG_PASSPHRASE
"""
NIGHT = datetime(2026, 3, 1, 17, 30, tzinfo=UTC)  # half past one the next day in Shanghai
VIM, CURL, PORT = Package(name="vim"), Package(name="curl"), PortAnswer(port=80)


def written(folder: Path, *, packages: str = "vim", hosts: str = "app1, backup1") -> Workspace:
    (folder / "policies").mkdir(parents=True, exist_ok=True)
    (folder / "inventory").mkdir(exist_ok=True)
    (folder / "policies/contract.yaml").write_text(CONTRACT.replace("PACKAGES", packages), encoding="utf-8")
    lines = "".join(f"    {host.strip()}:\n" for host in hosts.split(","))
    (folder / "inventory/hosts.yaml").write_text(f"all:\n  hosts:\n{lines}", encoding="utf-8")
    return Workspace(folder, NIGHT)


def compiled(folder: Path, *, packages: str = "vim", hosts: str = "app1, backup1") -> Compiled:
    return written(folder, packages=packages, hosts=hosts).compiled()


def subjects(plan: Plan, host: str, action: Action) -> list[str]:
    return [change.step.identity for change in by_host(plan)[host].of(action) if change.step.kind == "package"]


def test_each_host_is_compared_with_what_was_kept_there(tmp_path: Path) -> None:
    old, new = compiled(tmp_path / "old"), compiled(tmp_path / "new", packages="vim, curl")
    plan = since_converged({"app1": new, "backup1": old}, new, ["app1", "backup1"])
    assert subjects(plan, "app1", Action.ADD) == []
    assert subjects(plan, "backup1", Action.ADD) == ["package curl"]
    assert [host.base for host in plan.hosts] == [new.commit, old.commit]
    only_one = since_converged({"app1": new}, new, ["app1", "backup1"])
    assert subjects(only_one, "app1", Action.ADD) == []
    assert "package vim" in subjects(only_one, "backup1", Action.ADD)
    assert (only_one.base, by_host(only_one)["backup1"].base) == (EACH_ITS_OWN, NOTHING)


def test_two_commits_with_the_same_policies_have_an_empty_plan(tmp_path: Path) -> None:
    head = compiled(tmp_path)
    plan = between(head, head, head.work)
    assert plan.is_empty
    assert [host.name for host in plan.hosts] == ["app1", "backup1"]
    assert not plan.live


def test_a_plan_tells_what_lies_between_two_commits(tmp_path: Path) -> None:
    base, head = compiled(tmp_path / "a", packages="vim, curl"), compiled(tmp_path / "b", packages="vim, git")
    plan = between(base, head, head.work)
    assert subjects(plan, "app1", Action.ADD) == ["package git"]
    assert subjects(plan, "app1", Action.REMOVE) == ["package curl"]
    assert subjects(plan, "app1", Action.CHANGE) == []


def test_where_nothing_was_everything_is_added(tmp_path: Path) -> None:
    head = compiled(tmp_path)
    plan = between(None, head, ["app1"])
    assert plan.base == NOTHING
    assert [change.step for change in by_host(plan)["app1"].of(Action.ADD)] == list(head.work["app1"].make)


def test_nothing_is_planned_on_a_host_that_left_the_inventory_since_apply_cannot_reach_it(tmp_path: Path) -> None:
    base = compiled(tmp_path / "a", hosts="app1, app2, backup1")
    head = compiled(tmp_path / "b")
    plan = between(base, head, head.work)
    assert [host.name for host in plan.hosts] == ["app1", "backup1"]
    assert plan.is_empty


def test_a_plan_of_some_hosts_names_those(tmp_path: Path) -> None:
    head = compiled(tmp_path)
    assert [host.name for host in between(None, head, head.chosen("backup1")).hosts] == ["backup1"]


def seen(name: str, *steps: Step, wrong: tuple[Step, ...] = ()) -> HostResult:
    checks = tuple(Check(step, State.FAILED if step in wrong else State.OK, present=False) for step in steps)
    return HostResult(name, Reach.REACHED, checks)


def test_a_live_plan_comes_from_what_was_seen(tmp_path: Path) -> None:
    head = compiled(tmp_path)
    survey = Survey({"app1": seen("app1", VIM, CURL, wrong=(CURL,))}, {"app1": HostManifest()})
    plan = live(head, survey)
    assert plan.live
    assert subjects(plan, "app1", Action.ADD) == ["package curl"]


def test_an_approved_plan_holds_only_while_everything_is_as_it_was(tmp_path: Path) -> None:
    head = compiled(tmp_path)
    plan = between(None, head, head.work)
    check_fresh(plan.digest, plan)
    with pytest.raises(Stale, match="is stale"):
        check_fresh(plan.digest, between(None, head, ["app1"]))


# The workspace


def test_a_contract_is_compiled_for_today_in_its_own_zone(tmp_path: Path) -> None:
    assert compiled(tmp_path).day == date(2026, 3, 2)


def test_a_contract_is_compiled_for_another_day_when_asked(tmp_path: Path) -> None:
    assert written(tmp_path).compiled(day=date(2026, 12, 24)).day == date(2026, 12, 24)


def test_a_misspelt_limit_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="ap1"):
        compiled(tmp_path).chosen("ap1")


def test_hosts_are_found_by_name(tmp_path: Path) -> None:
    assert [host.name for host in compiled(tmp_path).hosts(["backup1"])] == ["backup1"]


def test_secrets_are_those_that_the_work_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BORG_PASSPHRASE", "correct horse")
    workspace = written(tmp_path)
    work = workspace.compiled().work
    secrets = workspace.secrets(work.values())
    assert {reference.key: secret.reveal() for reference, secret in secrets.items()} == {
        "env:BORG_PASSPHRASE": "correct horse"
    }
    assert workspace.secrets([Work()]) == {}


def test_a_secret_that_cannot_be_had_is_refused_or_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("BORG_PASSPHRASE", raising=False)
    workspace = written(tmp_path)
    work = workspace.compiled().work
    with pytest.raises(Refused, match="BORG_PASSPHRASE"):
        workspace.secrets(work.values())
    assert SecretReference("env", "BORG_PASSPHRASE") not in workspace.secrets(work.values(), leniently=True)
    assert [problem.place.file for problem in workspace.missing_secrets(work.values())] == [
        "secret:env:BORG_PASSPHRASE"
    ]


# Settling


class Surveys:
    """A way to look that gives one survey after the other, and keeps who was looked at."""

    def __init__(self, *surveys: dict[str, HostResult]) -> None:
        self.surveys = list(surveys)
        self.asked: list[list[str]] = []

    def __call__(self, hosts: Sequence[str]) -> Survey:
        self.asked.append(list(hosts))
        found = self.surveys.pop(0) if len(self.surveys) > 1 else self.surveys[0]
        return Survey(found, {name: HostManifest() for name in found})


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "PATIENCE", 0.05)
    monkeypatch.setattr(waiting, "_PAUSE", 0.01)


FINE = {"app1": seen("app1", VIM, PORT), "app2": seen("app2", VIM, PORT)}
SILENT = {"app1": seen("app1", VIM, PORT), "app2": seen("app2", VIM, PORT, wrong=(PORT,))}


@pytest.mark.usefixtures("hurried")
def test_converged_hosts_are_checked_once() -> None:
    take = Surveys(FINE)
    assert wait_until_ready(take, ["app1", "app2"]).results == FINE
    assert take.asked == [["app1", "app2"]]


@pytest.mark.usefixtures("hurried")
def test_a_service_that_comes_up_late_is_checked_again_and_no_other() -> None:
    take = Surveys(SILENT, {"app2": FINE["app2"]})
    survey = wait_until_ready(take, ["app1", "app2"])
    assert survey.results == FINE
    assert set(survey.manifests) == {"app1", "app2"}
    assert take.asked == [["app1", "app2"], ["app2"]]


@pytest.mark.usefixtures("hurried")
def test_a_service_that_never_comes_up_is_reported_as_it_is() -> None:
    take = Surveys(SILENT)
    assert wait_until_ready(take, ["app1", "app2"]).results == SILENT
    assert len(take.asked) > 1


@pytest.mark.parametrize(
    "result",
    [
        seen("app1", VIM, PORT, wrong=(VIM, PORT)),
        HostResult("app1", Reach.DOWN, (Check(PORT, State.UNKNOWN),), "no route"),
    ],
)
def test_what_no_waiting_fixes_is_not_waited_for(result: HostResult) -> None:
    take = Surveys({"app1": result})
    wait_until_ready(take, ["app1"])
    assert take.asked == [["app1"]]
