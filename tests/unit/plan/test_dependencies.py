"""What waits for another host that it depends on, and what goes on beside it."""

import pytest
from all_steps import REPOSITORY

from opspact.plan.change import Action, Change
from opspact.plan.dependencies import availability, host_dependencies, with_deferred
from opspact.plan.plan import HostPlan
from opspact.steps.account import Account
from opspact.steps.check import Check, HostResult, Reach, State
from opspact.steps.package import Package
from opspact.steps.traits import depends_on

NGINX = Package(name="nginx")
ACCOUNT = Account(name="opspact-backup", home="/srv/opspact-backup", system=True)
OTHER = Account(name="li-na", home="/home/li-na")
PLAN = HostPlan("app1", (Change(Action.ADD, NGINX, "is missing"), Change(Action.ADD, REPOSITORY, "cannot be used")))


def server(*checks: Check, reach: Reach = Reach.REACHED, detail: str = "") -> HostResult:
    return HostResult("backup1", reach, checks, detail)


def absent(step: Account) -> Check:
    return Check(step, State.FAILED, "does not exist", present=False)


def deferred(plan: HostPlan, seen: HostResult, of_server: HostPlan | None = None) -> list[str]:
    """Return why things are deferred, once it is sure that nothing was lost on the way."""
    found = with_deferred(plan, {"backup1": availability(seen, of_server)})
    waiting = found.of(Action.DEFERRED)
    assert [change.step for change in found.changes] == [change.step for change in plan.changes]
    assert all(not depends_on(change.step) for change in found.makes() if waiting)
    return [change.why for change in waiting]


@pytest.mark.parametrize("reach", [Reach.DOWN, Reach.CUT_OFF, Reach.WRONG_HOST_KEY, Reach.NO_PRIVILEGE])
@pytest.mark.parametrize("of_server", [None, HostPlan("backup1")])
def test_what_depends_on_a_host_that_was_not_reached_is_deferred_and_the_rest_is_not(
    reach: Reach, of_server: HostPlan | None
) -> None:
    (why,) = deferred(PLAN, server(reach=reach), of_server)
    assert ("backup1" in why, reach.value in why) == (True, True)


def test_what_depends_on_a_host_that_somebody_else_works_on_is_deferred_naming_them() -> None:
    (why,) = deferred(PLAN, server(reach=Reach.BUSY, detail="li-na on desk"))
    assert ("backup1" in why, "li-na on desk" in why) == (True, True)


def test_a_host_that_is_not_prepared_and_not_chosen_is_named_as_the_remedy() -> None:
    (why,) = deferred(PLAN, server(absent(ACCOUNT)))
    assert "include backup1 in the apply" in why


def test_a_host_that_this_apply_prepares_is_waited_for_by_nobody() -> None:
    assert deferred(PLAN, server(absent(ACCOUNT)), HostPlan("backup1", (Change(Action.ADD, ACCOUNT),))) == []


def test_a_chosen_host_that_this_apply_cannot_prepare_is_another_reason() -> None:
    blocked = HostPlan("backup1", (Change(Action.MANUAL, ACCOUNT, "stands in the way"),))
    (why,) = deferred(PLAN, server(absent(ACCOUNT)), blocked)
    assert "include" not in why


@pytest.mark.parametrize(
    "check",
    [
        Check(ACCOUNT, State.OK),
        Check(ACCOUNT, State.FAILED, "another comment", present=True),
        absent(OTHER),
    ],
)
def test_a_difference_on_the_other_host_that_the_step_does_not_require_defers_nothing(check: Check) -> None:
    assert deferred(PLAN, server(check)) == []


def test_what_is_removed_needs_the_other_host_reached_and_not_prepared() -> None:
    leaving = HostPlan(
        "app1", (Change(Action.REMOVE, REPOSITORY, "left the policy"), Change(Action.REMOVE, NGINX, "left the policy"))
    )
    assert deferred(leaving, server(absent(ACCOUNT))) == []
    assert len(deferred(leaving, server(reach=Reach.DOWN))) == 1


def test_what_is_left_to_people_depends_on_no_host() -> None:
    assert list(host_dependencies(HostPlan("app1", (Change(Action.MANUAL, REPOSITORY),)))) == []
    assert list(host_dependencies(PLAN)) == [("backup1", REPOSITORY)]


def test_a_plan_that_only_defers_something_is_not_empty() -> None:
    assert not HostPlan("app1", (Change(Action.DEFERRED, REPOSITORY, "was not reached"),)).is_empty
