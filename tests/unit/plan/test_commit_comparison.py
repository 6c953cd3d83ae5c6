"""What lies between a host's steps at two commits."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from planning import identities

from opspact.plan.change import Action, Change
from opspact.plan.commit_comparison import FOLLOWS, POLICY_CHANGED, compare
from opspact.steps.authorized_keys import AuthorizedKeys
from opspact.steps.base import Step
from opspact.steps.content import Content
from opspact.steps.directory import Directory
from opspact.steps.file import File
from opspact.steps.link import Link
from opspact.steps.package import Package
from opspact.steps.port_answer import PortAnswer
from opspact.steps.unit import Unit
from opspact.structs import replace

NGINX = Package(name="nginx")
FOLDER = Directory(path="/srv/oa")
CONF = File(path="/etc/nginx/oa", content=Content.of("a"))
SITE = Link(path="/etc/nginx/site", target="/etc/nginx/oa")
UNIT = Unit(name="nginx.service", watches=("/etc/nginx/oa", "/etc/nginx/site"))
PORT = PortAnswer(port=80)
ALL: tuple[Step, ...] = (NGINX, FOLDER, CONF, SITE, UNIT, PORT)
ONE, TWO = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAAA one", "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBBB two"
ALONE = AuthorizedKeys(account="li-na", home="/home/li-na", keys=(ONE, TWO))
BESIDE = tuple(replace(ALONE, keys=(key,), exclusive=False) for key in (ONE, TWO))


def test_equal_lists_have_nothing_between_them() -> None:
    assert compare(ALL, ALL) == ()


def test_steps_are_added_changed_and_removed() -> None:
    new_conf = replace(CONF, mode="0600")
    assert compare([NGINX, FOLDER, CONF], [NGINX, new_conf, UNIT]) == (
        Change(Action.ADD, UNIT),
        Change(Action.CHANGE, new_conf, POLICY_CHANGED),
        Change(Action.REMOVE, FOLDER),
    )


def test_a_unit_follows_a_changed_file() -> None:
    new_conf = replace(CONF, mode="0600")
    assert compare([CONF, UNIT], [new_conf, UNIT]) == (
        Change(Action.CHANGE, new_conf, POLICY_CHANGED),
        Change(Action.CHANGE, UNIT, FOLLOWS),
    )


def test_things_are_removed_in_the_reverse_of_their_making() -> None:
    assert identities(compare(ALL, [])) == [step.identity for step in reversed(ALL)]


@pytest.mark.parametrize(("old", "new"), [((ALONE,), BESIDE), (BESIDE, (ALONE,))])
def test_keys_that_are_wanted_in_another_way_change_and_none_is_removed(
    old: tuple[Step, ...], new: tuple[Step, ...]
) -> None:
    assert compare(old, new) == tuple(Change(Action.CHANGE, step, POLICY_CHANGED) for step in new)


def test_a_key_that_leaves_as_well_is_removed_alone() -> None:
    removed = [change.step for change in compare([ALONE], BESIDE[:1]) if change.action is Action.REMOVE]
    assert removed == [replace(ALONE, keys=(TWO,))]


some_steps = st.lists(st.sampled_from(ALL), unique=True).map(lambda found: sorted(found, key=lambda step: step.order))


@given(some_steps, some_steps)
def test_carrying_a_comparison_out_gives_the_wanted_steps(base: list[Step], head: list[Step]) -> None:
    after = {step.identity: step for step in base}
    changes = compare(base, head)
    for change in changes:
        if change.action is Action.REMOVE:
            del after[change.step.identity]
    after |= {change.step.identity: change.step for change in changes if change.action.makes}
    assert after == {step.identity: step for step in head}
