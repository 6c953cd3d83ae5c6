"""What lies between a host as it is and the steps wanted there."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from planning import identities

from opspact.plan.change import Action, Change
from opspact.plan.commit_comparison import FOLLOWS, POLICY_CHANGED
from opspact.plan.live_comparison import EXISTED, LEFT_POLICY, compare_live
from opspact.plan.manifest import Entry, Manifest
from opspact.plan.plan import HostPlan
from opspact.steps.authorized_keys import AuthorizedKeys
from opspact.steps.base import Step
from opspact.steps.check import Check, HostResult, Reach, State
from opspact.steps.content import Content
from opspact.steps.directory import Directory
from opspact.steps.file import File
from opspact.steps.link import Link
from opspact.steps.package import Package
from opspact.steps.port_answer import PortAnswer
from opspact.steps.secret_file import SecretFile
from opspact.steps.unit import Unit
from opspact.structs import replace
from opspact.values.secret import SecretReference

NGINX = Package(name="nginx")
FOLDER = Directory(path="/srv/oa")
CONF = File(path="/etc/nginx/oa", content=Content.of("a"))
SITE = Link(path="/etc/nginx/site", target="/etc/nginx/oa")
UNIT = Unit(name="nginx.service", watches=("/etc/nginx/oa", "/etc/nginx/site"))
PORT = PortAnswer(port=80)
ALL: tuple[Step, ...] = (NGINX, FOLDER, CONF, SITE, UNIT, PORT)


def seen(*wrong: Step, missing: tuple[Step, ...] = (), steps: tuple[Step, ...] = ALL) -> HostResult:
    """Return what verify saw: everything ok but these."""
    checks = [
        Check(step, State.FAILED, "does not exist", present=False)
        if step in missing
        else Check(step, State.FAILED, "differs", present=True)
        if step in wrong
        else Check(step, State.OK)
        for step in steps
    ]
    return HostResult("app1", Reach.REACHED, tuple(checks))


def identities_of(*steps: Step) -> tuple[str, ...]:
    return tuple(step.identity for step in steps)


def manifest_of(*steps: Step, made: bool = True) -> Manifest:
    return Manifest(tuple(Entry(step, made) for step in steps))


@given(st.permutations(ALL[:-1]))
def test_in_whatever_order_a_manifest_lists_them_steps_are_removed_in_the_reverse_of_their_making(
    steps: list[Step],
) -> None:
    plan = compare_live(HostResult("app1", Reach.REACHED, ()), manifest_of(*steps))
    assert identities(plan.of(Action.REMOVE)) == [step.identity for step in reversed(ALL[:-1])]


def test_a_host_that_matches_needs_nothing() -> None:
    assert compare_live(seen(), manifest_of(*ALL)).is_empty


def test_what_is_missing_is_added_and_what_differs_is_changed() -> None:
    plan = compare_live(seen(FOLDER, missing=(NGINX,)), Manifest())
    changes = (Change(Action.ADD, NGINX, "does not exist"), Change(Action.CHANGE, FOLDER, "differs"))
    assert plan == HostPlan("app1", changes, adopted=identities_of(FOLDER, CONF, SITE, UNIT))


def test_what_exists_and_no_manifest_lists_is_taken_over() -> None:
    unknown = Check(CONF, State.UNKNOWN, "who knows")
    result = HostResult(
        "app1", Reach.REACHED, (Check(NGINX, State.OK), Check(FOLDER, State.FAILED, present=True), unknown)
    )
    assert compare_live(result, Manifest()).adopted == identities_of(NGINX, FOLDER)
    assert compare_live(result, manifest_of(NGINX)).adopted == identities_of(FOLDER)
    assert compare_live(result, Manifest(), others={"theirs": manifest_of(NGINX)}).adopted == identities_of(FOLDER)
    assert compare_live(seen(BESIDE[0], steps=BESIDE[:1]), Manifest()).adopted == ()  # keys leave with their policy


def test_changes_stand_in_the_order_of_the_actions() -> None:
    leaving = Package(name="telnet")
    plan = compare_live(seen(NGINX, PORT, missing=(FOLDER,)), manifest_of(leaving))
    order = [Action.ADD, Action.CHANGE, Action.REMOVE, Action.DEPENDENT]
    assert [change.action for change in plan.changes] == order


@pytest.mark.parametrize("step", [CONF, SITE])
def test_a_unit_follows_what_it_reads(step: Step) -> None:
    plan = compare_live(seen(step), Manifest())
    assert plan.changes == (Change(Action.CHANGE, step, "differs"), Change(Action.CHANGE, UNIT, FOLLOWS))


def test_a_unit_follows_nothing_else() -> None:
    assert identities(compare_live(seen(NGINX, FOLDER), Manifest()).changes) == [NGINX.identity, FOLDER.identity]


def test_a_unit_that_differs_itself_says_how() -> None:
    assert compare_live(seen(CONF, UNIT), Manifest()).changes[-1] == Change(Action.CHANGE, UNIT, "differs")


def test_an_answer_that_is_missing_depends_on_other_changes_since_nothing_makes_it() -> None:
    plan = compare_live(seen(PORT), Manifest())
    assert plan.changes == (Change(Action.DEPENDENT, PORT, "differs"),)
    assert not plan.is_empty


def test_what_nobody_could_check_is_made_again() -> None:
    result = HostResult("app1", Reach.REACHED, (Check(CONF, State.UNKNOWN, "who knows"),))
    assert compare_live(result, Manifest()) == HostPlan("app1", (Change(Action.CHANGE, CONF, "who knows"),))


def test_what_opspact_made_is_removed_and_what_existed_before_is_released() -> None:
    manifest = Manifest((Entry(NGINX, made=False), Entry(FOLDER, made=True)))
    assert compare_live(seen(steps=(CONF,)), manifest).changes == (
        Change(Action.REMOVE, FOLDER, LEFT_POLICY),
        Change(Action.RELEASE, NGINX, EXISTED),
    )


def test_what_others_need_is_released_and_not_removed() -> None:
    needed = {NGINX.identity: "needed by libnginx-mod-echo"}
    assert compare_live(seen(steps=()), manifest_of(NGINX, FOLDER), needed=needed).changes == (
        Change(Action.REMOVE, FOLDER, LEFT_POLICY),
        Change(Action.RELEASE, NGINX, "needed by libnginx-mod-echo"),
    )


def test_what_another_contract_made_is_never_said_to_have_existed_before() -> None:
    needed = {NGINX.identity: "managed by the contract other"}
    plan = compare_live(seen(steps=()), manifest_of(NGINX, FOLDER, made=False), needed=needed)
    assert {change.step.identity: change.why for change in plan.of(Action.RELEASE)} == {
        NGINX.identity: "managed by the contract other",
        FOLDER.identity: EXISTED,
    }


def test_a_host_that_was_not_reached_has_nothing_planned_and_says_why() -> None:
    result = HostResult("app1", Reach.DOWN, (Check(CONF, State.UNKNOWN, "no route"),), "no route")
    assert compare_live(result, manifest_of(NGINX)) == HostPlan("app1", reach=Reach.DOWN, detail="no route")


ONE, TWO = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAAA one", "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBBB two"
ALONE = AuthorizedKeys(account="li-na", home="/home/li-na", keys=(ONE, TWO))
BESIDE = tuple(replace(ALONE, keys=(key,), exclusive=False) for key in (ONE, TWO))


@pytest.mark.parametrize(("old", "new"), [((ALONE,), BESIDE), (BESIDE, (ALONE,))])
@pytest.mark.parametrize("both_before", [False, True])
def test_keys_that_are_wanted_in_another_way_change_and_none_is_removed(
    old: tuple[Step, ...], new: tuple[Step, ...], both_before: bool
) -> None:
    before = (*old, *new) if both_before else old
    changes = compare_live(seen(steps=new), manifest_of(*before)).changes
    assert changes[: len(new)] == tuple(Change(Action.CHANGE, step, POLICY_CHANGED) for step in new)
    assert {change.action for change in changes[len(new) :]} == {Action.RELEASE}
    assert set(identities(changes, Action.RELEASE)) == {step.identity for step in old}


def test_a_key_that_leaves_as_well_is_removed_alone() -> None:
    plan = compare_live(seen(steps=BESIDE[:1]), manifest_of(ALONE))
    assert plan.of(Action.REMOVE) == (Change(Action.REMOVE, replace(ALONE, keys=(TWO,)), LEFT_POLICY),)
    assert plan.of(Action.RELEASE) == ()


AS_LINK = Link(path=CONF.path, target="/srv/oa.conf")
AS_SECRET = SecretFile(path=CONF.path, secret=SecretReference("vault", "conf"))


def test_a_file_that_becomes_a_link_is_removed_first() -> None:
    plan = compare_live(seen(AS_LINK, steps=(AS_LINK,)), manifest_of(CONF))
    assert identities(plan.of(Action.REMOVE)) == [CONF.identity]
    assert identities(plan.of(Action.CHANGE)) == [AS_LINK.identity]


def test_a_file_that_has_become_a_link_is_not_removed_again() -> None:
    (change,) = compare_live(seen(steps=(AS_LINK,)), manifest_of(CONF, AS_LINK)).changes
    assert (change.action, change.step) == (Action.RELEASE, CONF)
    assert AS_LINK.identity in change.why


@pytest.mark.parametrize("wrong", [(), (AS_SECRET,)])
def test_a_file_that_becomes_a_secret_file_is_written_over(wrong: tuple[Step, ...]) -> None:
    plan = compare_live(seen(*wrong, steps=(AS_SECRET,)), manifest_of(CONF))
    assert plan.of(Action.REMOVE) == ()
    assert identities(plan.of(Action.RELEASE)) == [CONF.identity]
