"""Whether sshd would still let a user in: read from what the host's own sshd says of itself, before and after."""

from dataclasses import dataclass, field

import pytest

from opspact.rollout.login_settings import settings_refusal
from opspact.steps.content import Content
from opspact.steps.file import File

STEP = File(path="/etc/ssh/sshd_config.d/crew.conf", content=Content.of("AllowUsers wei\n"))
NOW = "port 22\npubkeyauthentication yes\npermitrootlogin without-password\nauthenticationmethods any\n"


@dataclass(frozen=True)
class Ended:
    stdout: bytes = b""
    stderr: bytes = b""
    rc: int = 0


@dataclass
class Sshd:
    """A session on a host whose sshd says one thing now, and another with the file changed."""

    then: Ended
    now: Ended = Ended(NOW.encode())
    asked: list[tuple[str, bytes | None]] = field(default_factory=list)

    def run(self, command: str, *, input: bytes | None = None) -> Ended:  # noqa: A002 - as the session's
        self.asked.append((command, input))
        return self.then if "mktemp" in command else self.now


def refused(host: Sshd, *, user: str = "ops", made: bool = True) -> str:
    return settings_refusal(host, STEP, user=user, groups=["ops", "adm"], made=made)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("setting", "user"),
    [
        ("allowusers wei@192.0.2.1", "ops"),
        ("denyusers op?", "ops"),
        ("allowgroups crew", "ops"),
        ("denygroups adm", "ops"),
        ("permitrootlogin no", "root"),
        ("authenticationmethods publickey,password", "ops"),
        ("authorizedkeysfile none", "ops"),
        ("pubkeyauthentication no", "ops"),
    ],
)
def test_what_would_keep_the_user_out_is_named(setting: str, user: str) -> None:
    name = setting.split(maxsplit=1)[0]
    kept = "".join(f"{line}\n" for line in NOW.splitlines() if not line.startswith(name))
    after = Ended(f"{kept}{setting}\n".encode())
    assert refused(Sshd(after), user=user)
    assert refused(Sshd(after, now=after), user=user) == ""  # it says so of us already, and here we are


@pytest.mark.parametrize("setting", ["allowusers wei o*", "allowgroups adm", "denyusers wei", "permitrootlogin no"])
def test_what_lets_the_user_in_is_not(setting: str) -> None:
    assert refused(Sshd(Ended(f"{NOW}{setting}\n".encode()))) == ""


def test_what_sshd_cannot_say_is_no_answer() -> None:
    broken = Ended(stderr=b"line 1: Bad configuration option\n", rc=65)
    assert refused(Sshd(broken)).startswith("sshd would not start: line 1: Bad configuration option")
    assert "with or without" in refused(Sshd(broken, now=broken))
    full = Ended(stderr=b"mktemp: No space left on device\n", rc=1)
    assert refused(Sshd(full)) == "it is not known whom sshd would let in: mktemp: No space left on device"


def test_a_change_that_repairs_sshd_is_judged_by_itself() -> None:
    broken = Ended(stderr=b"Bad configuration option", rc=255)
    assert refused(Sshd(Ended(NOW.encode()), now=broken)) == ""
    assert "AllowUsers wei" in refused(Sshd(Ended(f"{NOW}allowusers wei\n".encode()), now=broken))


def test_a_host_without_openssh_is_not_asked() -> None:
    host = Sshd(Ended(rc=1), now=Ended(rc=66))
    assert (refused(host), len(host.asked)) == ("", 1)


@pytest.mark.parametrize("made", [True, False])
def test_the_file_is_another_one_or_not_there_in_a_copy(*, made: bool) -> None:
    host = Sshd(Ended(NOW.encode()))
    assert refused(host, made=made) == ""
    script, data = host.asked[-1]
    change = 'cat >"$copy"/sshd_config.d/crew.conf' if made else 'rm -f -- "$copy"/sshd_config.d/crew.conf'
    assert (change in script, data) == (True, b"AllowUsers wei\n" if made else b"")
