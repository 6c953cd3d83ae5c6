"""The login by which a run is on a host is not removed by its plan, in whatever way that would happen."""

from collections.abc import Mapping

import pytest

from opspact.plan.change import Action
from opspact.plan.live_comparison import compare_live
from opspact.plan.manifest import Entry, Manifest
from opspact.plan.own_login import OwnLogin, can_cut_login, is_setting, refusals
from opspact.steps.account import Account
from opspact.steps.authorized_keys import AuthorizedKeys
from opspact.steps.base import Step
from opspact.steps.check import Check, HostResult, Reach, State
from opspact.steps.closed_account import ClosedAccount
from opspact.steps.content import Content
from opspact.steps.directory import Directory
from opspact.steps.file import File
from opspact.steps.link import Link
from opspact.steps.package import Package
from opspact.steps.public_key import fingerprint
from opspact.steps.unit import Unit
from opspact.structs import replace

RUN = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKAtITiOCKFk4kVbR5juLRBt83UHXlOV2o14tk0NEN89 run"
LI = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJRVRdO7gHpxdAuSwxRFixeL8/Cvy18evBS9mHH7xAOi li-na"
ALONE = AuthorizedKeys(account="ops", home="/home/ops", keys=(LI,))
BESIDE = AuthorizedKeys(account="ops", home="/home/ops", keys=(RUN,), exclusive=False)
KEYS = "/home/ops/.ssh/authorized_keys"
LOGIN = OwnLogin("ops", by_sudo=True, key=fingerprint(RUN), key_files=frozenset({KEYS}))


def keys(text: str) -> File:
    return File(path=KEYS, content=Content.of(text), owner="ops", mode="0600")


def definition(path: str, text: str) -> File:
    return File(path=f"/etc/systemd/system/{path}", content=Content.of(text))


def test_a_part_of_the_unit_of_ssh_that_has_no_say_in_its_start_is_applied() -> None:
    text = "[Unit]\n; first\nAfter=network.target\n\n[Service]\nRestart = always\nNice=-5\n"
    for path in ("ssh.service.d/a.conf", "sshd@.service.d/a.conf", "oa.service"):
        step = definition(path, text)
        assert refusals(LOGIN, made=[step], removed=[]) == refusals(LOGIN, made=[], removed=[step]) == {}
    assert not can_cut_login(definition("oa.service", text))


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
        keys(f"# the team\n{LI}\n"),
        Directory(path="/home/ops", owner="ops", mode="0775"),
        Directory(path="/home/ops/.ssh", owner="wei", mode="0700"),
        Unit(name="ssh.service", running=False, enabled=False),
        Unit(name="ssh.service", running=True, enabled=False),
        Unit(name="networking.service", running=False, enabled=False),
        definition("ssh.service.d/a.conf", "[Service]\nRestart=always\nIPAddressDeny=any\n"),
        definition("ssh.service", "[Service]\nRestart=always\n"),
        Link(path="/etc/systemd/system/ssh.socket", target="/dev/null"),
    ],
    ids=[
        *("keys without ours", "no shell", "closed", "a file of keys", "open home", "folder of others", "no sshd"),
        *("not after a boot", "no network", "a part of the unit", "the unit", "masked"),
    ],
)
def test_what_would_cut_the_run_off_when_it_is_made_is_refused(step: Step) -> None:
    assert can_cut_login(step)
    assert list(refusals(LOGIN, made=[step], removed=[])) == [step.identity]


@pytest.mark.parametrize(
    "step",
    [
        BESIDE,
        Account(name="ops", home="/home/ops"),
        keys(f'from="192.0.2.1" {RUN}\n'),
        Package(name="sudo"),
        Package(name="openssh-server"),
        Unit(name="ssh.service"),
    ],
    ids=["the key", "the account", "the file of keys", "sudo", "the server's package", "the server"],
)
def test_what_would_cut_the_run_off_when_it_goes_is_refused(step: Step) -> None:
    assert can_cut_login(step)
    assert list(refusals(LOGIN, made=[], removed=[step])) == [step.identity]


@pytest.mark.parametrize(
    ("login", "made", "removed"),
    [
        (LOGIN, replace(ALONE, keys=(LI, RUN)), None),
        (LOGIN, replace(ALONE, account="wei"), None),
        (LOGIN, Account(name="ops", home="/home/ops"), None),
        (LOGIN, keys(f"{LI}\n{RUN}\n"), None),
        (LOGIN, Directory(path="/home/ops", owner="ops", mode="0750"), None),
        (LOGIN, Directory(path="/home/wei", owner="wei", mode="0777"), None),
        (LOGIN, None, replace(BESIDE, keys=(LI,))),
        (LOGIN, None, Account(name="wei", home="/home/wei")),
        (replace(LOGIN, user="root", by_sudo=False), None, Package(name="sudo")),
        (replace(LOGIN, key=""), ALONE, None),
        (replace(LOGIN, other_keys=frozenset({fingerprint(LI)})), ALONE, None),
        (replace(LOGIN, other_keys=frozenset({fingerprint(LI)})), None, BESIDE),
    ],
    ids=[
        "our key among them",
        "keys of another account",
        "our account as it is",
        "our key in a file of keys",
        "our home as it should be",
        "the home of others",
        "another key goes",
        "another account goes",
        "root needs no sudo",
        "no key was needed",
        "another key was tried, and stays",
        "another key was tried beside the one that goes",
    ],
)
def test_what_leaves_a_login_is_done(login: OwnLogin, made: Step | None, removed: Step | None) -> None:
    steps = {"made": [made] if made else [], "removed": [removed] if removed else []}
    assert refusals(login, **steps) == {}


@pytest.mark.parametrize(
    "step",
    [
        File(path="/etc/ssh/sshd_config.d/crew.conf", content=Content.of("")),
        File(path="/etc/sudoers.d/crew", content=Content.of("")),
        File(path="/etc/pam.d/common-account", content=Content.of("")),
        Link(path="/etc/sudoers", target="/srv/sudoers"),
        Directory(path="/etc/sudoers.d", mode="0777"),
    ],
)
def test_what_sshd_and_sudo_read_is_rehearsed_and_refused_when_it_cuts(step: Step) -> None:
    assert can_cut_login(step)
    assert is_setting(step)
    login = replace(LOGIN, cut={step.identity: "why"})
    assert refusals(login, made=[step], removed=[]) == {step.identity: "why"}
    assert refusals(LOGIN, made=[step], removed=[]) == {}


@pytest.mark.parametrize("path", ["/etc/nginx/conf.d/a.conf", "/srv/keys", "/etc/sshd"])
def test_nothing_is_asked_for_other_files(path: str) -> None:
    assert not can_cut_login(File(path=path, content=Content.of("")))
    assert not can_cut_login(Directory(path=path))


def planned(refused: Mapping[str, str]) -> dict[str, Action]:
    leaving = Account(name="ops", home="/home/ops")
    result = HostResult("app1", Reach.REACHED, (Check(ALONE, State.FAILED, "differs", present=True),))
    plan = compare_live(result, Manifest((Entry(leaving, made=True),)), refused=refused)
    return {change.step.identity: change.action for change in plan.changes}


def test_what_is_refused_is_left_to_people() -> None:
    assert planned({}) == {ALONE.identity: Action.CHANGE, "account ops": Action.REMOVE}
    assert planned({ALONE.identity: "why", "account ops": "why"}) == dict.fromkeys(planned({}), Action.MANUAL)
