"""Plans: what lies between two lists of steps, or between a list and a host; and a digest that misses nothing."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opspact.errors import Place
from opspact.model.origin import Origin
from opspact.plan.manifest import Entry, Manifest
from opspact.plan.plan import Change, HostPlan, Plan, compare, compare_live
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
from opspact.values.secret import SecretReference

NGINX = Package(name="nginx")
FOLDER = Directory(path="/srv/oa")
CONF = File(path="/etc/nginx/oa", content=Content.of("a"))
SITE = Link(path="/etc/nginx/site", target="/etc/nginx/oa")
UNIT = Unit(name="nginx.service", watches=("/etc/nginx/oa", "/etc/nginx/site"))
PORT = PortAnswer(port=80)
ALL: tuple[Step, ...] = (NGINX, FOLDER, CONF, SITE, UNIT, PORT)


def seen(*wrong: Step, missing: tuple[Step, ...] = (), steps: tuple[Step, ...] = ALL) -> HostResult:
    """Return what verify saw: everything in order but these."""
    checks = [
        Check(step, State.FAILED, "does not exist", present=False)
        if step in missing
        else Check(step, State.FAILED, "differs", present=True)
        if step in wrong
        else Check(step, State.OK)
        for step in steps
    ]
    return HostResult("app1", Reach.REACHED, tuple(checks))


def noted(*steps: Step, made: bool = True) -> Manifest:
    return Manifest(tuple(Entry(step, made) for step in steps))


def subjects(changes: tuple[Change, ...]) -> list[str]:
    return [change.step.identity for change in changes]


def test_equal_lists_have_nothing_between_them() -> None:
    assert compare("app1", ALL, ALL).is_empty


def test_steps_are_added_changed_and_removed() -> None:
    new_conf = replace(CONF, mode="0600")
    plan = compare("app1", [NGINX, FOLDER, CONF], [NGINX, new_conf, UNIT])
    assert plan == HostPlan(
        "app1",
        add=(Change(UNIT),),
        change=(Change(new_conf, "the policy says it anew"),),
        remove=(Change(FOLDER),),
        reach=Reach.NOT_LOOKED_AT,
    )


def test_a_comparison_never_says_that_a_host_was_reached() -> None:
    assert compare("app1", ALL, ALL).reach is Reach.NOT_LOOKED_AT


def test_things_are_removed_in_the_reverse_of_their_making() -> None:
    assert subjects(compare("app1", ALL, []).remove) == [step.identity for step in reversed(ALL)]


@given(st.permutations(ALL[:-1]))
def test_in_whatever_order_it_was_noted_what_leaves_goes_in_the_reverse_of_its_making(steps: list[Step]) -> None:
    plan = compare_live(HostResult("app1", Reach.REACHED, ()), noted(*steps))
    assert subjects(plan.remove) == [step.identity for step in reversed(ALL[:-1])]


def test_a_host_in_order_needs_nothing() -> None:
    assert compare_live(seen(), noted(*ALL)).is_empty


def test_what_is_missing_is_added_and_what_differs_is_changed() -> None:
    plan = compare_live(seen(FOLDER, missing=(NGINX,)), Manifest())
    assert plan == HostPlan("app1", add=(Change(NGINX, "does not exist"),), change=(Change(FOLDER, "differs"),))


@pytest.mark.parametrize("step", [CONF, SITE])
def test_a_unit_follows_what_it_reads(step: Step) -> None:
    plan = compare_live(seen(step), Manifest())
    assert plan.change == (Change(step, "differs"), Change(UNIT, "follows a changed step"))


def test_a_unit_follows_nothing_else() -> None:
    assert subjects(compare_live(seen(NGINX, FOLDER), Manifest()).change) == [NGINX.identity, FOLDER.identity]


def test_a_unit_that_differs_itself_says_how() -> None:
    assert compare_live(seen(CONF, UNIT), Manifest()).change[-1] == Change(UNIT, "differs")


def test_an_answer_that_is_missing_is_broken_since_nothing_makes_it() -> None:
    plan = compare_live(seen(PORT), Manifest())
    assert plan == HostPlan("app1", broken=(Change(PORT, "differs"),))
    assert not plan.is_empty


def test_what_nobody_could_look_at_is_made_again() -> None:
    result = HostResult("app1", Reach.REACHED, (Check(CONF, State.UNKNOWN, "who knows"),))
    assert compare_live(result, Manifest()) == HostPlan("app1", change=(Change(CONF, "who knows"),))


def test_what_opspact_made_is_removed_and_what_was_there_before_is_let_go() -> None:
    manifest = Manifest((Entry(NGINX, made=False), Entry(FOLDER, made=True)))
    plan = compare_live(seen(steps=(CONF,)), manifest)
    assert plan.remove == (Change(FOLDER, "left the policy"),)
    assert plan.release == (Change(NGINX, "was there before opspact"),)


def test_what_others_need_is_let_go_and_not_removed() -> None:
    needed = {NGINX.identity: "is needed by libnginx-mod-echo"}
    plan = compare_live(seen(steps=()), noted(NGINX, FOLDER), needed=needed)
    assert subjects(plan.remove) == [FOLDER.identity]
    assert plan.release == (Change(NGINX, "is needed by libnginx-mod-echo"),)


def test_what_another_contract_made_is_never_said_to_have_been_there_before() -> None:
    needed = {NGINX.identity: "is noted by the contract other"}
    plan = compare_live(seen(steps=()), noted(NGINX, FOLDER, made=False), needed=needed)
    assert {change.step.identity: change.why for change in plan.release} == {
        NGINX.identity: "is noted by the contract other",
        FOLDER.identity: "was there before opspact",
    }


def test_a_host_that_was_not_reached_has_nothing_planned_and_says_why() -> None:
    result = HostResult("app1", Reach.DOWN, (Check(CONF, State.UNKNOWN, "no route"),), "no route")
    assert compare_live(result, noted(NGINX)) == HostPlan("app1", reach=Reach.DOWN, detail="no route")


ONE, TWO = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAAA one", "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBBB two"
ALONE = AuthorizedKeys(account="li-na", home="/home/li-na", keys=(ONE, TWO))
BESIDE = tuple(replace(ALONE, keys=(key,), exclusive=False) for key in (ONE, TWO))


@pytest.mark.parametrize(("old", "new"), [((ALONE,), BESIDE), (BESIDE, (ALONE,))])
@pytest.mark.parametrize("both_before", [False, True])
def test_keys_that_are_wanted_otherwise_change_and_none_is_taken_away(
    old: tuple[Step, ...], new: tuple[Step, ...], both_before: bool
) -> None:
    before = (*old, *new) if both_before else old
    plan = compare_live(seen(steps=new), noted(*before))
    assert (plan.add, plan.remove) == ((), ())
    assert plan.change == tuple(Change(step, "the policy says it anew") for step in new)
    assert set(subjects(plan.release)) == {step.identity for step in old}
    planned = compare("app1", old, new)
    assert (planned.add, planned.remove, subjects(planned.change)) == ((), (), [step.identity for step in new])


def test_a_key_that_leaves_as_well_is_taken_away_alone() -> None:
    plan = compare_live(seen(steps=BESIDE[:1]), noted(ALONE))
    assert plan.remove == (Change(replace(ALONE, keys=(TWO,)), "left the policy"),)
    assert plan.release == ()
    assert compare("app1", [ALONE], BESIDE[:1]).remove == (Change(replace(ALONE, keys=(TWO,))),)


AS_LINK = Link(path=CONF.path, target="/srv/oa.conf")
AS_SECRET = SecretFile(path=CONF.path, secret=SecretReference("vault", "conf"))


def test_a_file_that_becomes_a_link_is_taken_away_first() -> None:
    plan = compare_live(seen(AS_LINK, steps=(AS_LINK,)), noted(CONF))
    assert subjects(plan.remove) == [CONF.identity]
    assert subjects(plan.change) == [AS_LINK.identity]


def test_a_file_that_has_become_a_link_is_not_taken_away_again() -> None:
    plan = compare_live(seen(steps=(AS_LINK,)), noted(CONF, AS_LINK))
    assert plan.remove == ()
    assert plan.release == (Change(CONF, f"is now {AS_LINK.identity}"),)


@pytest.mark.parametrize("wrong", [(), (AS_SECRET,)])
def test_a_file_that_becomes_a_secret_file_is_written_over(wrong: tuple[Step, ...]) -> None:
    plan = compare_live(seen(*wrong, steps=(AS_SECRET,)), noted(CONF))
    assert plan.remove == ()
    assert subjects(plan.release) == [CONF.identity]


PLAN = Plan("base", "head", "contract", live=True, hosts=(HostPlan("app1", add=(Change(CONF, "does not exist"),)),))


def with_host(host: HostPlan) -> Plan:
    return replace(PLAN, hosts=(host,))


(HOST,) = PLAN.hosts
DIFFERENT = [
    replace(PLAN, base="other"),
    replace(PLAN, head="other"),
    replace(PLAN, contract="other"),
    replace(PLAN, live=False),
    replace(PLAN, hosts=()),
    replace(PLAN, hosts=(HOST, replace(HOST, name="app2"))),
    with_host(replace(HOST, name="app2")),
    with_host(replace(HOST, reach=Reach.DOWN)),
    with_host(replace(HOST, add=(Change(CONF, "differs otherwise"),))),
    with_host(replace(HOST, add=(Change(replace(CONF, mode="0600"), "does not exist"),))),
    with_host(replace(HOST, add=(Change(replace(CONF, content=Content.of("b")), "does not exist"),))),
    with_host(replace(HOST, add=(), change=HOST.add)),
    with_host(replace(HOST, add=(), remove=HOST.add)),
    with_host(replace(HOST, add=(), release=HOST.add)),
    with_host(replace(HOST, add=(), broken=HOST.add)),
    with_host(replace(HOST, add=(), by_hand=HOST.add)),
    with_host(replace(HOST, add=(), put_off=HOST.add)),
    with_host(replace(HOST, note="is missing")),
    with_host(replace(HOST, add=(*HOST.add, Change(NGINX)))),
]


def test_everything_that_matters_changes_the_digest() -> None:
    digests = [plan.digest for plan in [PLAN, *DIFFERENT]]
    assert len(set(digests)) == len(digests)


def test_who_asks_for_a_step_does_not_change_the_digest() -> None:
    origins = (Origin("service/web", Place("policies/a.yaml", 3)),)
    asked = with_host(replace(HOST, add=(Change(replace(CONF, origins=origins), "does not exist"),)))
    assert asked.digest == PLAN.digest


def test_a_plan_without_changes_is_empty() -> None:
    assert with_host(HostPlan("app1")).is_empty
    assert not PLAN.is_empty


some_steps = st.lists(st.sampled_from(ALL), unique=True).map(lambda found: sorted(found, key=lambda step: step.order))


@given(some_steps, some_steps)
def test_carrying_a_comparison_out_gives_the_wanted_steps(base: list[Step], head: list[Step]) -> None:
    plan = compare("app1", base, head)
    after = {step.identity: step for step in base}
    for change in plan.remove:
        del after[change.step.identity]
    after |= {change.step.identity: change.step for change in (*plan.add, *plan.change)}
    assert after == {step.identity: step for step in head}
