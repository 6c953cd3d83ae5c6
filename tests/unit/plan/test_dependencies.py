"""What waits for a host that it is kept on too, and what is carried on beside it."""

import pytest
from all_steps import REPOSITORY

from opspact.plan.change import Action, Change
from opspact.plan.dependencies import leaned_on, standing, without_what_must_wait
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


def put_off(plan: HostPlan, seen: HostResult, of_server: HostPlan | None = None) -> list[str]:
    """Return why things are put off, once it is sure that nothing was lost on the way."""
    found = without_what_must_wait(plan, {"backup1": standing(seen, of_server)})
    put_off = found.of(Action.DEFERRED)
    assert [change.step for change in found.changes] == [change.step for change in plan.changes]
    assert all(not depends_on(change.step) for change in found.makes() if put_off)
    return [change.why for change in put_off]


@pytest.mark.parametrize("reach", [Reach.DOWN, Reach.CUT_OFF, Reach.WRONG_HOST_KEY, Reach.NO_PRIVILEGE])
@pytest.mark.parametrize("of_server", [None, HostPlan("backup1")])
def test_what_is_kept_on_a_host_that_was_not_reached_is_put_off_and_the_rest_is_not(
    reach: Reach, of_server: HostPlan | None
) -> None:
    (why,) = put_off(PLAN, server(reach=reach), of_server)
    assert why == f"backup1, on which this is kept, was not reached ({reach.value})"


def test_what_is_kept_on_a_host_that_somebody_else_works_on_is_put_off_naming_them() -> None:
    (why,) = put_off(PLAN, server(reach=Reach.BUSY, detail="li-na on desk"))
    assert why == "backup1, on which this is kept, is busy: li-na on desk"


def test_a_host_that_is_not_prepared_and_not_chosen_is_named_as_the_way_out() -> None:
    (why,) = put_off(PLAN, server(absent(ACCOUNT)))
    assert "backup1, on which this is kept, is not prepared and not among the hosts chosen" in why
    assert "with backup1 chosen too" in why


def test_a_host_that_this_apply_prepares_is_waited_for_by_nobody() -> None:
    assert put_off(PLAN, server(absent(ACCOUNT)), HostPlan("backup1", (Change(Action.ADD, ACCOUNT),))) == []


def test_a_chosen_host_that_this_apply_cannot_prepare_is_told_as_such() -> None:
    blocked = HostPlan("backup1", (Change(Action.MANUAL, ACCOUNT, "stands in the way"),))
    assert put_off(PLAN, server(absent(ACCOUNT)), blocked) == [
        "backup1, on which this is kept, is not prepared, and nothing prepares it in this apply"
    ]


@pytest.mark.parametrize(
    "check",
    [
        Check(ACCOUNT, State.OK),
        Check(ACCOUNT, State.FAILED, "another comment", present=True),
        absent(OTHER),
    ],
)
def test_a_difference_on_the_other_host_that_the_step_does_not_need_mended_puts_nothing_off(check: Check) -> None:
    assert put_off(PLAN, server(check)) == []


def test_what_is_taken_away_needs_the_other_host_reached_and_not_prepared() -> None:
    leaving = HostPlan(
        "app1", (Change(Action.REMOVE, REPOSITORY, "left the policy"), Change(Action.REMOVE, NGINX, "left the policy"))
    )
    assert put_off(leaving, server(absent(ACCOUNT))) == []
    assert put_off(leaving, server(reach=Reach.DOWN)) == ["backup1, on which this is kept, was not reached (down)"]


def test_a_host_in_order_leans_on_nobody() -> None:
    assert list(leaned_on(HostPlan("app1", (Change(Action.MANUAL, REPOSITORY),)))) == []
    assert list(leaned_on(PLAN)) == [("backup1", REPOSITORY)]


def test_a_plan_that_only_puts_something_off_is_not_empty() -> None:
    assert not HostPlan("app1", (Change(Action.DEFERRED, REPOSITORY, "was not reached"),)).is_empty
