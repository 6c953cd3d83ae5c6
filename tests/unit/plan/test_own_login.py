"""The login by which a run is on a host is not removed by its plan, in whatever way that would happen."""

from collections.abc import Mapping

import pytest

from opspact.plan.change import Action
from opspact.plan.live_comparison import compare_live
from opspact.plan.manifest import Entry, Manifest
from opspact.plan.own_login import OwnLogin, can_cut_login, fingerprint, refusals
from opspact.steps.account import Account
from opspact.steps.authorized_keys import AuthorizedKeys
from opspact.steps.base import Step
from opspact.steps.check import Check, HostResult, Reach, State
from opspact.steps.closed_account import ClosedAccount
from opspact.steps.content import Content
from opspact.steps.file import File
from opspact.steps.membership import Membership
from opspact.steps.package import Package
from opspact.steps.unit import Unit
from opspact.structs import replace

RUN = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKAtITiOCKFk4kVbR5juLRBt83UHXlOV2o14tk0NEN89 run"
LI = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJRVRdO7gHpxdAuSwxRFixeL8/Cvy18evBS9mHH7xAOi li-na"
ALONE = AuthorizedKeys(account="ops", home="/home/ops", keys=(LI,))
BESIDE = AuthorizedKeys(account="ops", home="/home/ops", keys=(RUN,), exclusive=False)
FILE = "/etc/sudoers.d/ops"
LOGIN = OwnLogin("ops", by_sudo=True, key=fingerprint(RUN), sudoers={FILE: frozenset({"ops"})})


def sudoers(text: str, path: str = FILE) -> File:
    return File(path=path, content=Content.of(text), mode="0440")


def test_a_fingerprint_is_that_of_ssh() -> None:
    assert fingerprint(RUN) == "SHA256:" + fingerprint(f'from="192.0.2.0/24",no-pty {RUN}').removeprefix("SHA256:")
    assert len(fingerprint(RUN)) == len("SHA256:") + 43
    assert fingerprint("# no key") == ""


@pytest.mark.parametrize(
    "step",
    [
        ALONE,
        Account(name="ops", home="/home/ops", shell="/usr/sbin/nologin"),
        ClosedAccount(name="ops"),
        sudoers("wei ALL=(root) NOPASSWD: ALL\n"),
        sudoers("ops ALL=(root) NOPASSWD: /usr/bin/true\n"),
        Unit(name="ssh.service", running=False, enabled=False),
    ],
    ids=["keys without ours", "no shell", "closed", "sudo for others", "sudo for less", "no sshd"],
)
def test_what_would_cut_the_run_off_when_it_is_made_is_refused(step: Step) -> None:
    assert can_cut_login(step)
    assert list(refusals(LOGIN, made=[step], removed=[])) == [step.identity]


@pytest.mark.parametrize(
    "step",
    [
        BESIDE,
        Account(name="ops", home="/home/ops"),
        sudoers("ops ALL=(root) NOPASSWD: ALL\n"),
        Package(name="sudo"),
        Package(name="openssh-server"),
        Unit(name="ssh.service"),
    ],
    ids=["the key", "the account", "the right", "sudo", "the server's package", "the server"],
)
def test_what_would_cut_the_run_off_when_it_goes_is_refused(step: Step) -> None:
    assert can_cut_login(step)
    assert list(refusals(LOGIN, made=[], removed=[step])) == [step.identity]


def test_a_group_that_gives_the_right_stays() -> None:
    by_group = replace(LOGIN, sudoers={"/etc/sudoers": frozenset({"%sudo"})})
    member = Membership(account="ops", group="sudo")
    assert list(refusals(by_group, made=[], removed=[member])) == [member.identity]
    for other in (Membership(account="ops", group="adm"), Membership(account="wei", group="sudo")):
        assert refusals(by_group, made=[], removed=[other]) == {}


@pytest.mark.parametrize(
    ("login", "made", "removed"),
    [
        (LOGIN, replace(ALONE, keys=(LI, RUN)), None),
        (LOGIN, replace(ALONE, account="wei"), None),
        (LOGIN, Account(name="ops", home="/home/ops"), None),
        (LOGIN, sudoers("ops ALL=(root) NOPASSWD: ALL\n"), None),
        (LOGIN, None, replace(BESIDE, keys=(LI,))),
        (LOGIN, None, Account(name="wei", home="/home/wei")),
        (replace(LOGIN, sudoers={**LOGIN.sudoers, "/etc/sudoers": frozenset({"%sudo"})}), None, sudoers("")),
        (replace(LOGIN, user="root", by_sudo=False, sudoers={}), None, Package(name="sudo")),
        (replace(LOGIN, key=""), ALONE, None),
        (replace(LOGIN, other_keys=frozenset({fingerprint(LI)})), ALONE, None),
        (replace(LOGIN, other_keys=frozenset({fingerprint(LI)})), None, BESIDE),
    ],
    ids=[
        "our key among them",
        "keys of another account",
        "our account as it is",
        "our right as it is",
        "another key goes",
        "another account goes",
        "another file gives the right, too",
        "root needs no sudo",
        "no key was needed",
        "another key was tried, and stays",
        "another key was tried beside the one that goes",
    ],
)
def test_what_leaves_a_login_is_done(login: OwnLogin, made: Step | None, removed: Step | None) -> None:
    steps = {"made": [made] if made else [], "removed": [removed] if removed else []}
    assert refusals(login, **steps) == {}


def test_two_files_that_give_the_right_do_not_go_together() -> None:
    both = replace(LOGIN, sudoers={FILE: frozenset({"ops"}), "/etc/sudoers.d/crew": frozenset({"%crew"})})
    steps = [sudoers(""), sudoers("", "/etc/sudoers.d/crew")]
    assert list(refusals(both, made=[], removed=steps)) == [step.identity for step in steps]
    assert refusals(both, made=[], removed=steps[:1]) == {}


def test_what_sshd_itself_says_is_refused() -> None:
    step = File(path="/etc/ssh/sshd_config.d/crew.conf", content=Content.of("AllowUsers wei\n"))
    login = replace(LOGIN, sshd={step.identity: "sshd would not let ops log in"})
    assert refusals(login, made=[step], removed=[]) == {step.identity: "sshd would not let ops log in"}
    assert refusals(login, made=[], removed=[step]) == {step.identity: "sshd would not let ops log in"}


def planned(refused: Mapping[str, str]) -> dict[str, Action]:
    leaving = Account(name="ops", home="/home/ops")
    result = HostResult("app1", Reach.REACHED, (Check(ALONE, State.FAILED, "differs", present=True),))
    plan = compare_live(result, Manifest((Entry(leaving, made=True),)), refused=refused)
    return {change.step.identity: change.action for change in plan.changes}


def test_what_is_refused_is_left_to_people() -> None:
    assert planned({}) == {ALONE.identity: Action.CHANGE, "account ops": Action.REMOVE}
    assert planned({ALONE.identity: "why", "account ops": "why"}) == dict.fromkeys(planned({}), Action.MANUAL)
