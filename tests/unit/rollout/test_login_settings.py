"""Whether a run would still get in: read from what the host's own sshd and sudo say, before and after."""

from collections.abc import Mapping

import pytest

from opspact.rollout.login_settings import Answers, Route, losses
from opspact.steps.public_key import fingerprint
from opspact.structs import replace

RUN = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKAtITiOCKFk4kVbR5juLRBt83UHXlOV2o14tk0NEN89 run"
LI = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJRVRdO7gHpxdAuSwxRFixeL8/Cvy18evBS9mHH7xAOi li-na"
ROUTE = Route("ops", "192.0.2.7", "198.51.100.9", "22", fingerprint(RUN))
NOW = Answers(
    sudo=(0, 0),
    groups=("ops", "adm"),
    files=("/home/ops/.ssh/authorized_keys",),
    keys=(LI, f'from="192.0.2.0/24" {RUN}'),
    sshd={
        "pubkeyauthentication": ("yes",),
        "permitrootlogin": ("without-password",),
        "authenticationmethods": ("any",),
        "authorizedkeysfile": (".ssh/authorized_keys",),
        "forcecommand": ("none",),
        "listenaddress": ("[::]:22", "0.0.0.0:22"),
        "pubkeyacceptedalgorithms": ("ssh-ed25519,rsa-sha2-512",),
        "trustedusercakeys": ("none",),
    },
)
BY_CERTIFICATE = replace(NOW, keys=(LI,))


def test_what_else_decides_counts_where_it_let_the_user_in() -> None:
    now = replace(NOW, doors={"hosts": "0", "pam": "7"})
    assert losses(ROUTE, now, replace(now, doors={"hosts": "0", "pam": "6"})) == ()
    for after in ({"hosts": "1", "pam": "7"}, {"pam": "7"}):
        (why,) = losses(ROUTE, now, replace(now, doors=after))
        assert "/etc/hosts.deny" in why
    assert len(losses(ROUTE, replace(NOW, doors={"pam": "0"}), replace(NOW, doors={"pam": "7"}))) == 1


def then(settings: Mapping[str, str], base: Answers = NOW) -> Answers:
    return replace(base, sshd={**base.sshd, **{name: tuple(value.split()) for name, value in settings.items()}})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("allowusers", "wei@192.0.2.7"),
        ("allowusers", "ops@198.51.100.*"),
        ("allowusers", "ops@198.51.100.0/24"),
        ("denyusers", "op?"),
        ("denyusers", "ops@192.0.2.0/24"),
        ("allowgroups", "crew"),
        ("denygroups", "adm"),
        ("authenticationmethods", "publickey,password"),
        ("authorizedkeysfile", "none"),
        ("pubkeyauthentication", "no"),
        ("forcecommand", "internal-sftp"),
        ("chrootdirectory", "/srv/jail"),
        ("listenaddress", "0.0.0.0:2222"),
        ("listenaddress", "198.51.100.8:22"),
        ("pubkeyacceptedalgorithms", "rsa-sha2-512,rsa-sha2-256"),
    ],
)
def test_what_would_keep_the_user_out_is_named(name: str, value: str) -> None:
    after = then({name: value})
    assert len(losses(ROUTE, NOW, after)) == 1
    if name != "pubkeyacceptedalgorithms":
        assert losses(ROUTE, after, after) == ()  # it says so of us already, and here we are


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("allowusers", "wei o*"),
        ("allowusers", "ops@192.0.2.0/24"),
        ("allowgroups", "adm"),
        ("denyusers", "wei ops@198.51.100.1"),
        ("permitrootlogin", "no"),
        ("listenaddress", "198.51.100.9:22"),
        ("authorizedkeysfile", "/etc/ssh/keys/%u"),
    ],
)
def test_what_lets_the_user_in_is_not(name: str, value: str) -> None:
    assert losses(ROUTE, NOW, then({name: value})) == ()


def test_root_is_kept_out_by_settings_of_its_own() -> None:
    root = replace(ROUTE, user="root")
    assert losses(root, NOW, then({"permitrootlogin": "forced-commands-only"}))


def test_the_key_must_be_in_a_file_that_sshd_will_read() -> None:
    assert "none of the files" in losses(ROUTE, NOW, replace(NOW, keys=(LI,)))[0]
    assert losses(replace(ROUTE, key=""), NOW, replace(NOW, keys=())) == ()


def test_a_key_that_is_in_no_file_rests_on_what_lets_it_in() -> None:
    assert losses(ROUTE, BY_CERTIFICATE, then({"permitrootlogin": "no"}, BY_CERTIFICATE)) == ()
    (why,) = losses(ROUTE, BY_CERTIFICATE, then({"trustedusercakeys": "/etc/ssh/ca"}, BY_CERTIFICATE))
    assert "trustedusercakeys" in why


@pytest.mark.parametrize(
    ("before", "after", "is_lost"),
    [
        ((0, 0), (1, 1), True),
        ((0, 0), (0, 1), True),  # sudo would ask for a password
        ((0, 1), (0, 1), False),
        ((0, 1), (1, 1), True),
        ((1, 1), (0, 0), False),
        ((1, 1), (1, 1), False),
    ],
)
def test_sudo_must_give_what_it_gave(before: tuple[int, int], after: tuple[int, int], *, is_lost: bool) -> None:
    found = losses(ROUTE, replace(NOW, sudo=before), replace(NOW, sudo=after))
    assert [("sudo" in why) for why in found] == [True] * is_lost


def test_a_configuration_that_sshd_does_not_read_is_refused_unless_it_is_so_now() -> None:
    broken = replace(NOW, sshd={}, failure="line 1: Bad configuration option")
    assert "Bad configuration option" in losses(ROUTE, NOW, broken)[0]
    assert losses(ROUTE, broken, broken) == ()
    assert losses(ROUTE, broken, NOW) == ()  # it is repaired
    assert losses(ROUTE, broken, then({"allowusers": "wei"}))
