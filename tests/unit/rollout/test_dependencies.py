"""Which hosts a plan leans on beyond its own, and what of it can be done now."""

from all_steps import REPOSITORY

from opspact.plan.change import Action, Change
from opspact.plan.dependencies import availability
from opspact.plan.plan import HostPlan, Plan
from opspact.rollout.dependencies import beyond, deferred, possible, reasons
from opspact.steps.account import Account
from opspact.steps.check import Check, HostResult, Reach, State
from opspact.steps.package import Package
from opspact.structs import replace

NGINX = Package(name="nginx")
ACCOUNT = Account(name="opspact-backup", home="/srv/opspact-backup")
MONTHLY = replace(REPOSITORY, repository="monthly")
APP1 = HostPlan("app1", (Change(Action.ADD, NGINX), Change(Action.ADD, REPOSITORY), Change(Action.ADD, MONTHLY)))
DB1 = HostPlan("db1", (Change(Action.CHANGE, REPOSITORY),))
DOWN = HostResult("backup1", Reach.DOWN, (), "no route")
WHY = availability(DOWN, None).closed


def plan(*hosts: HostPlan) -> Plan:
    return Plan("hosts as they are", "", "c" * 64, live=True, hosts=hosts)


def test_only_hosts_that_were_not_chosen_and_on_which_something_to_be_done_depends_are_beyond_a_plan() -> None:
    assert beyond(plan(APP1, DB1)) == ("backup1",)
    assert beyond(plan(APP1, HostPlan("backup1"))) == ()
    assert beyond(plan(HostPlan("app1", (Change(Action.ADD, NGINX),)))) == ()


def test_a_chosen_server_that_is_down_is_the_reason_for_each_host_that_depends_on_it() -> None:
    found = possible(plan(APP1, DB1, HostPlan("backup1", reach=Reach.DOWN)), {"backup1": DOWN}, {})
    assert [change.step for host in found.hosts for change in host.makes()] == [NGINX]
    assert deferred(found) == {
        "app1": f"deferred: {REPOSITORY.identity}: {WHY}; {MONTHLY.identity}: {WHY}",
        "db1": f"deferred: {REPOSITORY.identity}: {WHY}",
    }
    assert reasons(found) == {WHY: ["app1", "db1"]}


def test_a_server_that_was_not_chosen_counts_as_it_was_seen() -> None:
    assert reasons(possible(plan(DB1), {}, {"backup1": DOWN})) == {WHY: ["db1"]}
    ready = HostResult("backup1", Reach.REACHED, (Check(ACCOUNT, State.OK),))
    assert possible(plan(APP1, DB1), {}, {"backup1": ready}) == plan(APP1, DB1)


def test_what_is_deferred_makes_another_plan() -> None:
    assert possible(plan(DB1), {}, {"backup1": DOWN}).digest != plan(DB1).digest
