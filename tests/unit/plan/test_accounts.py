"""Accounts in plans: who leaves is closed and not half removed, and what cannot be made holds up what it is given."""

from opspact.plan.change import Action, Change
from opspact.plan.commit_comparison import compare
from opspact.plan.live_comparison import EXISTED, compare_live
from opspact.plan.manifest import Entry, Manifest, merged
from opspact.plan.plan import HostPlan
from opspact.steps.account import Account
from opspact.steps.authorized_keys import AuthorizedKeys
from opspact.steps.base import Step
from opspact.steps.check import Check, HostResult, Reach, State
from opspact.steps.closed_account import ClosedAccount
from opspact.steps.content import Content
from opspact.steps.file import File
from opspact.steps.membership import Membership

ACCOUNT = Account(name="li-na", home="/home/li-na")
GROUP = Membership(account="li-na", group="adm")
KEYS = AuthorizedKeys(account="li-na", home="/home/li-na", keys=("ssh-ed25519 AAAA li-na",))
RULES = File(path="/etc/sudoers.d/rules", content=Content.of("li-na ALL"), accounts=("li-na",))
CLOSED = ClosedAccount(name="li-na")
OPEN: tuple[Step, ...] = (ACCOUNT, GROUP, KEYS)


def plan(*checks: Check, manifest: Manifest | None = None, others: Manifest | None = None) -> HostPlan:
    result = HostResult("app1", Reach.REACHED, checks)
    return compare_live(result, manifest or Manifest(), others={"theirs": others} if others else {})


def listed(*steps: Step, made: bool = True) -> Manifest:
    return Manifest(tuple(Entry(step, made) for step in steps))


def test_the_step_that_closes_an_account_replaces_all_that_was_of_it_whoever_made_it() -> None:
    for made in (True, False):
        found = plan(Check(CLOSED, State.FAILED, "it is not expired", present=True), manifest=listed(*OPEN, made=made))
        assert found.of(Action.CHANGE) == (Change(Action.CHANGE, CLOSED, "it is not expired"),)
        assert {(it.step, it.why) for it in found.of(Action.RELEASE)} == {
            (step, "replaced by closed-account li-na") for step in OPEN
        }
        assert found.of(Action.REMOVE) == ()


def test_between_commits_an_account_is_closed_and_nothing_is_removed() -> None:
    assert [(it.action, it.step) for it in compare(OPEN, (CLOSED,))] == [(Action.CHANGE, CLOSED)]


def test_whoever_returns_has_an_account_again() -> None:
    found = plan(Check(ACCOUNT, State.FAILED, "is closed", present=False), manifest=listed(CLOSED, made=False))
    assert [it.step for it in found.makes()] == [ACCOUNT]
    assert found.of(Action.RELEASE) == (Change(Action.RELEASE, CLOSED, "replaced by account li-na"),)


def test_a_closed_account_stays_closed_when_nobody_speaks_of_it_any_more() -> None:
    (change,) = plan(manifest=listed(CLOSED)).changes
    assert (change.action, "stays closed" in change.why) == (Action.RELEASE, True)


def test_a_closed_account_is_nothing_that_opspact_has_taken_over() -> None:
    assert merged(Manifest(), [CLOSED], [CLOSED.identity]).entries == (Entry(CLOSED, made=True),)


def test_an_account_that_stays_open_when_access_goes_is_said_to() -> None:
    (change,) = plan(manifest=listed(ACCOUNT, made=False)).changes
    assert change.action is Action.RELEASE
    assert change.why.startswith(EXISTED)
    assert "until" in change.why
    assert [it.action for it in plan(manifest=listed(ACCOUNT)).changes] == [Action.REMOVE]


def test_groups_keys_and_rules_wait_for_an_account_that_cannot_be_made() -> None:
    missing = (Check(step, State.FAILED, "does not exist", present=False) for step in (GROUP, RULES, KEYS))
    blocked = Check(ACCOUNT, State.FAILED, "is a system account", present=True, obstacle="system account")
    found = plan(blocked, *missing)
    held: set[Step] = {ACCOUNT, GROUP, RULES, KEYS}
    assert {it.step for it in found.of(Action.MANUAL)} == held
    assert found.makes() == ()


def test_an_account_that_another_contract_wants_open_is_a_conflict_and_not_closed() -> None:
    found = plan(Check(CLOSED, State.FAILED, "it is not expired", present=True), others=listed(*OPEN))
    assert [it.step for it in found.of(Action.MANUAL)] == [CLOSED]
    assert "theirs" in found.changes[0].why
