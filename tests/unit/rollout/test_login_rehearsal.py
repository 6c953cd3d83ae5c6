"""What a host is asked with other settings, and what its answers mean: which step cuts a run off."""

import io
import tarfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import pytest

from opspact.rollout.login_rehearsal import Changes, ask, rehearse
from opspact.rollout.login_settings import Route
from opspact.steps.base import Step
from opspact.steps.content import Content
from opspact.steps.directory import Directory
from opspact.steps.file import File
from opspact.steps.link import Link
from opspact.steps.membership import Membership

ROUTE = Route("ops", "192.0.2.7", "198.51.100.9", "22")
SUDOERS = File(path="/etc/sudoers.d/crew", content=Content.of("wei ALL=ALL\n"), mode="0440")
SSHD = File(path="/etc/ssh/sshd_config.d/crew.conf", content=Content.of("AllowUsers wei\n"))
FOLDER = Directory(path="/etc/sudoers.d", mode="0777")
LINK = Link(path="/etc/sudoers.d/link", target="/srv/sudoers")
GROUP = Membership(account="ops", group="crew")
KEYS = "file /home/ops/.ssh/authorized_keys\nkey ssh-ed25519 AAAA\n"
GOOD = f"0 0\nops crew\n{KEYS}sshd port 22\nsshd allowusers o* wei\n"


@dataclass(frozen=True)
class Ended:
    stdout: bytes
    stderr: bytes = b""
    rc: int = 0


@dataclass
class Host:
    """A session on a host that answers by what was changed."""

    answer: Callable[[str, Sequence[str]], str] = lambda _, __: GOOD
    asked: list[Sequence[str]] = field(default_factory=list)

    def run(self, command: str, *, input: bytes) -> Ended:  # noqa: A002 - as the session's
        names: list[str] = []
        if input:
            with tarfile.open(fileobj=io.BytesIO(input)) as archive:
                names = archive.getnames()
        self.asked.append(names)
        return Ended(self.answer(command, names).encode())


def rehearsed(host: Host, made: Sequence[Step] = (), removed: Sequence[Step] = ()) -> dict[str, str]:
    now = ask(host, ROUTE)  # type: ignore[arg-type]
    return rehearse(host, ROUTE, Changes(tuple(made), tuple(removed)), now=now)  # type: ignore[arg-type]


def test_what_is_made_is_an_archive_and_what_goes_is_named() -> None:
    changes = Changes((SUDOERS, FOLDER, LINK, GROUP), (SSHD, Membership(account="ops", group="adm")))
    with tarfile.open(fileobj=io.BytesIO(changes.data)) as archive:
        file, folder, link = archive.getmembers()
        held = archive.extractfile(file)
        assert held is not None
        assert (file.name, file.mode, file.uname, held.read()) == (
            "etc/sudoers.d/crew",
            0o440,
            "root",
            b"wei ALL=ALL\n",
        )
        assert (folder.isdir(), folder.mode) == (True, 0o777)
        assert (link.issym(), link.linkname) == (True, "/srv/sudoers")
    assert changes.words == ("remove:/etc/ssh/sshd_config.d/crew.conf", "join:crew", "leave:adm")


def test_answers_are_read() -> None:
    answers = ask(Host(), ROUTE)  # type: ignore[arg-type]
    assert (answers.sudo, answers.groups) == ((0, 0), ("ops", "crew"))
    assert (answers.files, answers.keys) == (("/home/ops/.ssh/authorized_keys",), ("ssh-ed25519 AAAA",))
    assert (answers.sshd["allowusers"], answers.failure) == (("o*", "wei"), "")
    broken = ask(Host(lambda _, __: "1 1\nops\nfailure line 1: Bad\n"), ROUTE)  # type: ignore[arg-type]
    assert (broken.sshd, broken.failure) == ({}, "line 1: Bad")


def test_nothing_is_asked_twice_where_nothing_cuts() -> None:
    host = Host()
    assert rehearsed(host, [SUDOERS, SSHD]) == {}
    assert host.asked == [[], ["etc/sudoers.d/crew", "etc/ssh/sshd_config.d/crew.conf"]]
    assert rehearsed(Host()) == {}


def test_the_step_that_cuts_is_named_and_the_others_are_not() -> None:
    host = Host(lambda _, names: GOOD.replace("0 0", "1 1") if "etc/sudoers.d/crew" in names else GOOD)
    assert list(rehearsed(host, [SSHD, SUDOERS, LINK])) == [SUDOERS.identity]


def test_of_two_that_cut_together_one_stays() -> None:
    both = {"etc/sudoers.d/crew", "etc/ssh/sshd_config.d/crew.conf"}
    host = Host(lambda _, names: GOOD.replace("0 0", "1 1") if both <= {*names} else GOOD)
    assert list(rehearsed(host, [SSHD, SUDOERS])) == [SUDOERS.identity]


def test_a_host_that_cannot_say_is_an_error() -> None:
    with pytest.raises(ValueError, match="exit status 0"):
        ask(Host(lambda _, __: ""), ROUTE)  # type: ignore[arg-type]
