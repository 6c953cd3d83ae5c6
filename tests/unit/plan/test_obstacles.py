"""What apply must leave to people, and what it may go on with beside it."""

import pytest
from planning import identities

from opspact.plan.change import Action, Change
from opspact.plan.live_comparison import compare_live
from opspact.plan.manifest import Entry, Manifest
from opspact.plan.obstacles import blocked_by_others
from opspact.plan.plan import HostPlan
from opspact.steps.base import Step
from opspact.steps.check import Check, HostResult, Reach, State
from opspact.steps.content import Content
from opspact.steps.directory import Directory
from opspact.steps.file import File
from opspact.steps.link import Link
from opspact.steps.unit import Unit
from opspact.structs import replace

FOLDER = Directory(path="/srv/oa")
BELOW = File(path="/srv/oa/conf", content=Content.of("a"))
BESIDE = File(path="/srv/oa-other", content=Content.of("a"))
CONF = File(path="/etc/oa.conf", content=Content.of("a"))
UNIT = Unit(name="oa.service", watches=("/etc/oa.conf", "/srv/oa-other"))
AS_LINK = Link(path=CONF.path, target="/srv/x")


def ok(step: Step) -> Check:
    return Check(step, State.OK)


def differs(step: Step, *, present: bool = True) -> Check:
    return Check(step, State.FAILED, "differs", present=present)


def blocked(step: Step, stands: str = "directory") -> Check:
    return Check(step, State.FAILED, f"is a {stands}", present=True, obstacle=stands)


def plan(*checks: Check, noted: tuple[Step, ...] = ()) -> HostPlan:
    manifest = Manifest(tuple(Entry(step, made=True) for step in noted))
    return compare_live(HostResult("app1", Reach.REACHED, checks), manifest)


def test_where_nothing_stands_in_the_way_nothing_is_blocked() -> None:
    assert blocked_by_others([ok(FOLDER), differs(BELOW)], ()) == {}


def test_what_is_blocked_is_planned_for_people_and_the_rest_for_apply() -> None:
    found = plan(blocked(CONF), differs(BESIDE), differs(FOLDER, present=False))
    assert found.of(Action.MANUAL) == (Change(Action.MANUAL, CONF, "is a directory"),)
    assert (identities(found.of(Action.ADD)), identities(found.of(Action.CHANGE))) == (
        [FOLDER.identity],
        [BESIDE.identity],
    )
    assert not replace(found, changes=found.of(Action.MANUAL)).is_empty


def test_what_differs_below_waits_for_what_is_blocked_and_its_neighbours_do_not() -> None:
    found = plan(blocked(FOLDER, "regular file"), differs(BELOW, present=False), differs(BESIDE))
    assert identities(found.of(Action.MANUAL)) == [FOLDER.identity, BELOW.identity]
    assert "/srv/oa," in found.of(Action.MANUAL)[1].why
    assert identities(found.of(Action.CHANGE)) == [BESIDE.identity]


def test_what_is_in_order_below_a_link_that_leads_there_is_let_be() -> None:
    assert identities(plan(blocked(FOLDER, "symbolic link"), ok(BELOW)).of(Action.MANUAL)) == [FOLDER.identity]


@pytest.mark.parametrize("unit", [differs(UNIT), ok(UNIT)])
def test_a_unit_is_never_started_anew_over_a_file_that_is_blocked(unit: Check) -> None:
    found = plan(differs(BESIDE), blocked(CONF), unit)
    assert identities(found.of(Action.MANUAL)) == [CONF.identity, UNIT.identity]
    assert CONF.identity in found.of(Action.MANUAL)[1].why
    assert identities(found.of(Action.CHANGE)) == [BESIDE.identity]


def test_a_unit_in_order_whose_file_is_blocked_is_let_be() -> None:
    assert identities(plan(blocked(CONF), ok(UNIT)).of(Action.MANUAL)) == [CONF.identity]


@pytest.mark.parametrize(
    ("leaving", "wanted", "stands", "free"),
    [
        (AS_LINK, CONF, "symbolic link", True),
        (AS_LINK, CONF, "directory", False),
        (CONF, Directory(path=CONF.path), "regular file", True),
        (CONF, Directory(path=CONF.path), "fifo", False),
        (Directory(path=CONF.path), CONF, "empty directory", True),
        (Directory(path=CONF.path), CONF, "directory", False),
        (Directory(path=CONF.path), AS_LINK, "directory", False),
        (BESIDE, CONF, "symbolic link", False),
    ],
)
def test_what_our_own_removal_takes_away_is_not_in_the_way(
    leaving: Step, wanted: Step, *, stands: str, free: bool
) -> None:
    found = plan(blocked(wanted, stands), noted=(leaving,))
    assert identities(found.of(Action.REMOVE)) == [leaving.identity]
    assert (identities(found.of(Action.CHANGE)), identities(found.of(Action.MANUAL))) == (
        ([wanted.identity], []) if free else ([], [wanted.identity])
    )
