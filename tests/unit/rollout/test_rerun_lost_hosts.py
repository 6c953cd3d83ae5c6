"""Every host has its turn, whatever became of the others: runs of a run that is told beforehand."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from all_steps import REPOSITORY

from opspact.compile.shape import Work
from opspact.fleet.ansible import HostRun, HostState, RunOutcome, RunStatus
from opspact.rollout.rerun_lost_hosts import run_all_hosts
from opspact.steps.base import Step
from opspact.steps.content import Content
from opspact.steps.directory import Directory
from opspact.steps.file import File
from opspact.steps.package import Package
from opspact.structs import replace

NGINX, VIM = Package(name="nginx"), Package(name="vim")
ALONE, DEPENDING = Work((NGINX,)), Work((NGINX, REPOSITORY), (VIM,))
READ = "Read the host key of backup1"


def failed(task: str, state: HostState = HostState.FAILED) -> HostRun:
    return HostRun("", state, task=task, message="why")


OK, MISSING = HostRun("", HostState.OK), HostRun("", HostState.MISSING)


@dataclass
class Runs:
    """Gives one outcome after the other, and keeps what was asked for."""

    outcomes: list[RunOutcome]
    asked: list[dict[str, Work]] = field(default_factory=list)

    def __call__(self, work: Mapping[str, Work]) -> RunOutcome:
        self.asked.append(dict(work))
        return self.outcomes.pop(0)


def outcome(status: RunStatus = RunStatus.FAILED, *, note: str = "", **hosts: HostRun) -> RunOutcome:
    return RunOutcome(status=status, hosts=hosts, notes=(note,) if note else (), started=True)


def good(**hosts: HostRun) -> RunOutcome:
    return RunOutcome(status=RunStatus.SUCCESSFUL, hosts=hosts, started=True)


def test_a_run_in_which_all_is_well_is_the_only_one() -> None:
    runs = Runs([good(app1=OK)])
    assert run_all_hosts(runs, {"app1": DEPENDING}) == good(app1=OK)
    assert runs.asked == [{"app1": DEPENDING}]


def test_hosts_that_had_no_turn_since_all_of_another_play_were_lost_are_run_without_those() -> None:
    lost = failed("Install nginx", HostState.UNREACHABLE)
    runs = Runs([outcome(app1=lost, db1=MISSING, db2=MISSING), outcome(db1=failed("Copy"), db2=MISSING), good(db2=OK)])
    reported = run_all_hosts(runs, dict.fromkeys(("app1", "db1", "db2"), ALONE))
    assert [set(asked) for asked in runs.asked] == [{"app1", "db1", "db2"}, {"db1", "db2"}, {"db2"}]
    assert (reported.status, reported.hosts) == (RunStatus.FAILED, {"app1": lost, "db1": failed("Copy"), "db2": OK})


def test_a_host_that_stopped_at_what_depends_on_another_does_the_rest_and_keeps_its_reason() -> None:
    stopped = failed(READ, HostState.UNREACHABLE)
    runs = Runs([outcome(note="a", app1=stopped, db1=MISSING), outcome(note="b", app1=OK, db1=stopped), good(db1=OK)])
    reported = run_all_hosts(runs, {"app1": DEPENDING, "db1": DEPENDING})
    alone = Work((NGINX,), (VIM,))
    assert runs.asked[1:] == [{"app1": alone, "db1": DEPENDING}, {"db1": alone}]
    assert reported.hosts == {"app1": stopped, "db1": stopped}
    assert (reported.status, reported.notes) == (RunStatus.FAILED, ("a", "b"))


def test_a_host_that_stopped_at_removing_what_depends_on_another_does_the_rest() -> None:
    step: Step = REPOSITORY
    stopped = failed(step.removal()[0].name)
    runs = Runs([outcome(app1=stopped), good(app1=OK)])
    run_all_hosts(runs, {"app1": Work((NGINX,), (step,))})
    assert runs.asked[1] == {"app1": ALONE}


def test_a_failure_of_its_own_and_nothing_left_to_do_are_no_reason_for_another_run() -> None:
    reported = outcome(app1=failed("Install nginx"), db1=failed(READ))
    runs = Runs([reported])
    assert run_all_hosts(runs, {"app1": ALONE, "db1": Work((REPOSITORY,))}) == reported


def test_what_does_not_depend_on_a_failed_step_is_done_after_it_and_each_reason_is_kept() -> None:
    steps = (Directory(path="/srv/a"), File(path="/srv/b", content=Content.of("")), REPOSITORY)
    first, second = (step.tasks()[0].name for step in steps[:2])
    runs = Runs([outcome(app1=failed(first)), outcome(app1=failed(second)), good(app1=HostRun("", HostState.OK, 3))])
    reported = run_all_hosts(runs, {"app1": Work(steps)})
    assert [asked["app1"].make for asked in runs.asked] == [steps, steps[1:], steps[2:]]
    assert reported.status is RunStatus.FAILED
    assert reported.hosts["app1"] == replace(failed(first), message=f"why; {second}: why", changed=3)


def test_where_all_fails_alike_nobody_waits_for_each_step_to_say_so() -> None:
    pairs = [(Directory(path=f"/srv/{n}"), File(path=f"/srv/{n}.conf", content=Content.of(""))) for n in range(9)]
    steps = tuple(step for pair in pairs for step in pair)
    runs = Runs([outcome(app1=failed(step.tasks()[0].name)) for step in steps])
    run_all_hosts(runs, {"app1": Work(steps)})
    assert [len(asked["app1"].make) for asked in runs.asked] == [18, 17, 16, 15, 14, 13]


def test_every_host_has_its_turn_however_many_were_lost_before_it() -> None:
    names = [f"app{number}" for number in range(12)]
    lost = failed("Install nginx", HostState.UNREACHABLE)
    asked = (dict.fromkeys(names[at:], MISSING) | {one: lost} for at, one in enumerate(names))
    outcomes = [RunOutcome(status=RunStatus.FAILED, hosts=hosts, started=True) for hosts in asked]
    runs = Runs([*outcomes[:-1], good(app11=OK)])
    assert run_all_hosts(runs, dict.fromkeys(names, ALONE)).hosts["app11"] == OK
    assert len(runs.asked) == len(names)


def test_where_nobody_had_a_turn_there_is_no_other_run() -> None:
    reported = outcome(app1=MISSING, db1=MISSING)
    assert run_all_hosts(Runs([reported]), {"app1": ALONE, "db1": ALONE}) == reported


def test_a_run_that_was_ended_is_not_followed_by_another() -> None:
    for status in (RunStatus.CANCELED, RunStatus.TIMEOUT, RunStatus.BROKEN):
        reported = outcome(status, app1=failed(READ), db1=MISSING)
        assert run_all_hosts(Runs([reported]), {"app1": DEPENDING, "db1": ALONE}) == reported
