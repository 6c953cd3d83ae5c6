"""Several contracts on one host: nothing is taken from another one, and nothing is made against it."""

from collections.abc import Iterable

import pytest

from opspact.plan.change import Action
from opspact.plan.live_comparison import compare_live
from opspact.plan.manifest import Entry, Manifest
from opspact.plan.other_contracts import conflicts_with_others, has_changes
from opspact.plan.plan import HostPlan
from opspact.steps.account import Account
from opspact.steps.authorized_keys import AuthorizedKeys
from opspact.steps.base import Step
from opspact.steps.check import Check, HostResult, Reach, State
from opspact.steps.content import Content
from opspact.steps.directory import Directory
from opspact.steps.file import File
from opspact.steps.link import Link
from opspact.steps.package import Package
from opspact.steps.port_answer import PortAnswer
from opspact.steps.unit import Unit
from opspact.structs import replace

NGINX = Package(name="nginx")
SITE = File(path="/etc/nginx/site", content=Content.of("a"))
UNIT = Unit(name="nginx.service", watches=(SITE.path,))
LI = Account(name="li-na", home="/home/li-na")
ONE, TWO = "ssh-ed25519 AAAA1 li-na", "ssh-ed25519 AAAA2 wei"
ALONE = AuthorizedKeys(account="li-na", home="/home/li-na", keys=(ONE,))
BESIDE = AuthorizedKeys(account="li-na", home="/home/li-na", keys=(ONE,), exclusive=False)
OTHERS = AuthorizedKeys(account="li-na", home="/home/li-na", keys=(TWO,), exclusive=False)


def manifest(*steps: Step, made: bool = True) -> Manifest:
    return Manifest(tuple(Entry(step, made) for step in steps))


def seen(*steps: Step, differing: Iterable[Step] = ()) -> HostResult:
    bad = list(differing)
    checks = (Check(step, State.FAILED if step in bad else State.OK, "differs", present=True) for step in steps)
    return HostResult("app1", Reach.REACHED, tuple(checks))


def planned(result: HostResult, own: Manifest, *theirs: Step, made: bool = True) -> dict[str, Action]:
    plan: HostPlan = compare_live(result, own, others={"theirs": manifest(*theirs, made=made)})
    return {change.step.identity: change.action for change in plan.changes}


@pytest.mark.parametrize("made", [True, False])
@pytest.mark.parametrize("step", [NGINX, SITE, UNIT, LI, BESIDE, Directory(path="/srv/oa")], ids=lambda it: it.kind)
def test_what_another_contract_wants_stays_whoever_created_it(step: Step, *, made: bool) -> None:
    assert planned(seen(), manifest(step), step, made=made) == {step.identity: Action.RELEASE}
    assert planned(seen(), manifest(step), PortAnswer(port=80)) == {step.identity: Action.REMOVE}


def test_an_account_to_which_anothers_files_belong_stays() -> None:
    theirs = replace(SITE, owner="li-na")
    assert planned(seen(), manifest(LI), theirs) == {LI.identity: Action.RELEASE}
    assert planned(seen(), manifest(LI), SITE) == {LI.identity: Action.REMOVE}


def test_what_stands_where_another_contract_wants_something_stays() -> None:
    link = Link(path=SITE.path, target="/srv/site")
    assert planned(seen(), manifest(link), SITE) == {link.identity: Action.RELEASE}


def test_of_a_file_of_keys_those_of_the_other_contract_stay() -> None:
    both = replace(ALONE, keys=(ONE, TWO))
    plan = compare_live(seen(), manifest(both), others={"theirs": manifest(OTHERS)})
    (change,) = plan.changes
    assert (change.action, change.step) == (Action.REMOVE, replace(both, keys=(ONE,)))


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (SITE, replace(SITE, content=Content.of("b"))),
        (SITE, replace(SITE, mode="0600")),
        (SITE, Link(path=SITE.path, target="/srv/site")),
        (UNIT, replace(UNIT, running=False)),
        (LI, replace(LI, shell="/bin/sh")),
        (ALONE, OTHERS),
        (OTHERS, ALONE),
    ],
    ids=["content", "mode", "kind", "unit", "account", "no keys of others", "beside those that stand alone"],
)
def test_what_another_contract_wants_differently_is_left_to_people(ours: Step, theirs: Step) -> None:
    assert planned(seen(ours, differing=[ours]), Manifest(), theirs) == {ours.identity: Action.MANUAL}
    assert planned(seen(ours), manifest(ours), theirs) == {}  # it is as we want it: that is for the others to say
    assert list(conflicts_with_others([theirs], {"ours": manifest(ours)})) == [theirs.identity]


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [(SITE, SITE), (UNIT, replace(UNIT, watches=("/etc/other",))), (BESIDE, OTHERS), (NGINX, NGINX), (ALONE, BESIDE)],
    ids=["the same", "a unit's other files", "keys beside others", "a package", "a key that we allow, too"],
)
def test_what_both_can_have_is_made(ours: Step, theirs: Step) -> None:
    assert planned(seen(ours, differing=[ours]), Manifest(), theirs) == {ours.identity: Action.CHANGE}


def test_a_unit_waits_for_its_file_that_is_conflicts_with_others() -> None:
    theirs = replace(SITE, content=Content.of("b"))
    both = {SITE.identity: Action.MANUAL, UNIT.identity: Action.MANUAL}
    assert planned(seen(SITE, UNIT, differing=[SITE, UNIT]), manifest(SITE, UNIT), theirs) == both
    assert planned(seen(SITE, UNIT, differing=[UNIT]), manifest(SITE, UNIT), theirs) == {UNIT.identity: Action.CHANGE}


def test_others_are_asked_where_something_changes_or_is_taken_over() -> None:
    assert not has_changes(seen(NGINX, SITE), manifest(NGINX, SITE))
    assert not has_changes(seen(NGINX, PortAnswer(port=80)), manifest(NGINX))
    assert has_changes(seen(NGINX, SITE, differing=[SITE]), manifest(NGINX, SITE))
    assert has_changes(seen(NGINX), manifest(NGINX, SITE))
    assert has_changes(seen(NGINX, SITE), manifest(NGINX))
