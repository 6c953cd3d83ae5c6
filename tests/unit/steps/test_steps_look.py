"""Looking at a host: in order, each difference in words, and answers that make no sense.

The answers are recorded outputs of Debian 12's own programs.
"""

import json
from dataclasses import replace

import pytest
from all_steps import REPOSITORY
from looked_at import FakeHost, Said

from opspact.steps.account import Account
from opspact.steps.base import InTheWay, Step
from opspact.steps.content import Content
from opspact.steps.directory import Directory
from opspact.steps.file import File
from opspact.steps.http_answer import HttpAnswer
from opspact.steps.link import Link
from opspact.steps.membership import Membership
from opspact.steps.package import Package
from opspact.steps.port_answer import PortAnswer
from opspact.steps.secret_file import SecretFile
from opspact.steps.unit import Unit
from opspact.values.secret import Secret, SecretReference

BY_HAND = Content.of("by hand\n")
MOTD = Content.of("under contract\n")
FILE = File(path="/etc/motd", content=MOTD)
DIRECTORY = Directory(path="/srv/oa", owner="www-data", mode="0750")
LINK = Link(path="/etc/oa", target="/srv/oa")
BORG = SecretReference("vault", "borg")
SECRET_FILE = SecretFile(path="/etc/opspact/p", secret=BORG)
ACCOUNT = Account(name="li-na", home="/home/li-na")
MEMBERSHIP = Membership(account="li-na", group="adm")
NGINX = Unit(name="nginx.service", watches=("/etc/nginx/nginx.conf",))
STOPPED = Unit(name="telnet.socket", enabled=False, running=False)
HTTP = HttpAnswer(url="http://localhost/", contains="OA", within=2)
PORT = PortAnswer(port=80)
MISSING = Said(rc=8)


def looked(step: Step, host: FakeHost, secrets: dict[SecretReference, Secret] | None = None) -> list[str]:
    return list(step.look(host, secrets or {}))


def stands(about: str, holds: str = "") -> Said:
    return Said(f"{about}\n" + (f"{holds}\n" if holds else ""))


def file_of(text: str, *, about: str = "regular file/root/root/644") -> Said:
    return stands(about, f"{Content.of(text).digest}  -")


def account(
    *, home: str = "/home/li-na", shell: str = "/bin/bash", ended: str = "", standing: str = "directory/li-na\n"
) -> Said:
    """Answer on the 20,781st day after 1970-01-01."""
    return Said(f"li-na:x:1001:1001:Li Na:{home}:{shell}\n{ended} 1795478400\n{standing}")


def systemd(*, load: str = "loaded", active: str = "active", enabled: str = "enabled", reload: str = "no") -> str:
    return f"LoadState={load}\nActiveState={active}\nUnitFileState={enabled}\nNeedDaemonReload={reload}\n"


def answer(**seen: object) -> Said:
    return Said(json.dumps({"status": 200, "found": True, "seconds": 0.01} | seen) + "\n")


@pytest.mark.parametrize(
    ("step", "host"),
    [
        (FILE, FakeHost(file_of("under contract\n"))),
        (replace(FILE, content=Content.of("")), FakeHost(file_of("", about="regular empty file/root/root/644"))),
        (DIRECTORY, FakeHost(stands("directory/www-data/root/750"))),
        (LINK, FakeHost(stands("symbolic link/root/root/777", "/srv/oa"))),
        (ACCOUNT, FakeHost(account())),
        (MEMBERSHIP, FakeHost(Said("li-na adm users sudo\n"))),
        (NGINX, FakeHost(Said(systemd()))),
        (NGINX, FakeHost(Said(systemd(active="reloading", enabled="static")))),
        (STOPPED, FakeHost(Said(systemd(active="inactive", enabled="disabled")))),
        (STOPPED, FakeHost(Said(systemd(load="not-found", active="inactive", enabled="")))),
        (HTTP, FakeHost(answer())),
        (PORT, FakeHost(Said("LISTEN 0 511 0.0.0.0:80 0.0.0.0:*\n"))),
        (Package(name="nginx"), FakeHost()),
        (REPOSITORY, FakeHost(Said("app1-2026-03-02\n"))),
    ],
    ids=lambda value: value.identity if isinstance(value, Step) else "",
)
def test_a_host_in_order_shows_no_difference(step: Step, host: FakeHost) -> None:
    assert looked(step, host) == []


@pytest.mark.parametrize(
    ("step", "said", "expected"),
    [
        (FILE, MISSING, ["does not exist"]),
        (
            FILE,
            stands("directory/root/root/755"),
            ["is a directory, wanted a file; opspact deletes no directory: move it away by hand"],
        ),
        (
            FILE,
            stands("fifo/root/root/644"),
            ["is a fifo, wanted a file; opspact deletes no fifo: move it away by hand"],
        ),
        (
            FILE,
            file_of("by hand\n"),
            [f"content differs (SHA-256 {BY_HAND.digest[:12]}…, wanted {MOTD.digest[:12]}…)"],
        ),
        (
            FILE,
            file_of("under contract\n", about="regular file/daemon/adm/4755"),
            ["belongs to daemon, wanted root", "group is adm, wanted root", "mode is 4755, wanted 0644"],
        ),
        (DIRECTORY, MISSING, ["does not exist"]),
        (
            DIRECTORY,
            file_of("", about="regular empty file/root/root/644"),
            [
                (
                    "is a regular empty file, wanted a directory; opspact deletes no file to make a directory: "
                    "move it away by hand"
                )
            ],
        ),
        (
            DIRECTORY,
            stands("directory/root/root/755"),
            ["belongs to root, wanted www-data", "mode is 0755, wanted 0750"],
        ),
        (LINK, MISSING, ["does not exist"]),
        (LINK, file_of("x"), ["is a regular file, wanted a link to /srv/oa"]),
        (LINK, stands("symbolic link/root/root/777", "/srv/old"), ["points to /srv/old, wanted /srv/oa"]),
        (ACCOUNT, Said(rc=2), ["does not exist"]),
        (MEMBERSHIP, Said("li-na users\n"), ["is not so"]),
        (MEMBERSHIP, Said(rc=1), ["is not so"]),
        (
            ACCOUNT,
            account(home="/srv/li-na", shell="/bin/sh"),
            ["home is /srv/li-na, wanted /home/li-na", "shell is /bin/sh, wanted /bin/bash"],
        ),
        (ACCOUNT, account(ended="20000"), ["is closed, wanted open"]),
        (ACCOUNT, account(ended="20782"), []),
        (ACCOUNT, account(standing=""), ["home /home/li-na does not exist"]),
        (
            ACCOUNT,
            account(standing="regular file/li-na\n"),
            ["home /home/li-na is a regular file, wanted a directory: move it away by hand"],
        ),
        (
            ACCOUNT,
            account(standing="directory/UNKNOWN\n"),
            ["home /home/li-na belongs to UNKNOWN, wanted li-na: see what is in it, and give or move it away by hand"],
        ),
        (NGINX, Said(systemd(active="failed")), ["is failed, wanted running"]),
        (
            NGINX,
            Said(systemd(active="inactive", enabled="")),
            ["is inactive, wanted running", "is not enabled, wanted enabled"],
        ),
        (NGINX, Said(systemd(enabled="disabled")), ["is disabled, wanted enabled"]),
        (NGINX, Said(systemd(load="masked", enabled="masked")), ["is masked", "is masked, wanted enabled"]),
        (NGINX, Said(systemd(load="not-found", active="inactive", enabled="")), ["cannot be loaded (not-found)"]),
        (NGINX, Said(systemd(load="bad-setting", active="inactive")), ["cannot be loaded (bad-setting)"]),
        (NGINX, Said(systemd(reload="yes")), ["its unit file changed and systemd has not read it yet"]),
        (
            NGINX,
            Said(systemd() + "/etc/nginx/nginx.conf\n"),
            ["has not been restarted since /etc/nginx/nginx.conf changed"],
        ),
        (STOPPED, Said(systemd()), ["is active, wanted stopped", "is enabled, wanted disabled"]),
        (HTTP, answer(status=502), ["answers 502, wanted 200"]),
        (HTTP, answer(found=False), ["the answer does not contain 'OA'"]),
        (HTTP, answer(seconds=2.51), ["took 2.5 s, wanted within 2 s"]),
        (
            HTTP,
            Said('{"error": "ConnectionRefusedError: refused", "seconds": 0.1}'),
            ["no answer: ConnectionRefusedError: refused"],
        ),
        (PORT, Said(""), ["nothing listens"]),
        (
            REPOSITORY,
            Said(rc=2, stderr="Remote: Host key verification failed.\nConnection closed by remote host."),
            ["cannot be used: Host key verification failed."],
        ),
    ],
    ids=lambda value: value.identity if isinstance(value, Step) else "",
)
def test_each_difference_is_told_in_words(step: Step, said: Said, expected: list[str]) -> None:
    assert looked(step, FakeHost(said)) == expected


def test_a_missing_package_is_told() -> None:
    assert looked(Package(name="nginx"), FakeHost(installed=False)) == ["is not installed"]


@pytest.mark.parametrize(
    ("step", "said"),
    [
        (FILE, Said("nonsense\n")),
        (FILE, Said("")),
        (FILE, Said("regular file/root/root/rw-r--r--\n")),
        (FILE, Said(rc=9)),
        (FILE, Said(rc=127, stderr="sh: 1: stat: not found")),
        (DIRECTORY, Said("directory/www-data/root\n")),
        (LINK, Said("\n")),
        (SECRET_FILE, Said("nonsense")),
        (ACCOUNT, Said("li-na:x\n")),
        (ACCOUNT, Said("")),
        (ACCOUNT, Said(rc=127, stderr="sh: 1: getent: not found")),
        (NGINX, Said("System has not been booted with systemd")),
        (NGINX, Said("LoadState=loaded\nActiveState=active\n")),
        (NGINX, Said("A=1\nB=2\nC=3\nD=4\n")),
        (NGINX, Said(rc=1, stderr="Failed to connect to bus")),
        (HTTP, Said("not json")),
        (HTTP, Said("[]")),
        (HTTP, Said('{"status": "200", "found": true, "seconds": 1}')),
        (HTTP, Said("{}")),
        (HTTP, Said(rc=127, stderr="sh: 1: python3: not found")),
        (PORT, Said(rc=1, stderr="ss: not found")),
    ],
    ids=lambda value: value.identity if isinstance(value, Step) else "",
)
def test_an_answer_that_makes_no_sense_is_no_verdict(step: Step, said: Said) -> None:
    with pytest.raises(ValueError, match=r".+"):
        looked(step, FakeHost(said), {BORG: Secret("s")})


def test_a_directory_where_a_file_is_wanted_is_told_with_the_way_out() -> None:
    there = Said("directory/root/root/755\n")
    words = "is a directory, wanted a file; opspact deletes no directory: move it away by hand"
    assert looked(FILE, FakeHost(there)) == [words]
    assert looked(SECRET_FILE, FakeHost(there), {BORG: Secret("s")}) == [words]


LINKED = stands("symbolic link/root/root/777", "/etc/other")
FOLDER = stands("directory/root/root/755")
LEADS = "leads"  # what is asked of a path where something else stands than what is wanted


@pytest.mark.parametrize(
    ("step", "there", "more", "expected"),
    [
        (FILE, LINKED, "", ""),
        (FILE, LINKED, "leads\n", "symbolic link"),
        (FILE, FOLDER, "", "directory"),
        (FILE, FOLDER, "/etc/motd\n", "empty directory"),
        (FILE, stands("character special file/root/root/666"), "", "character special file"),
        (LINK, file_of("x"), "", ""),
        (LINK, FOLDER, "/etc/oa\n", ""),
        (LINK, FOLDER, "", "directory"),
        (LINK, stands("fifo/root/root/644"), "", "fifo"),
        (DIRECTORY, file_of("", about="regular empty file/root/root/644"), "", "regular file"),
        (DIRECTORY, LINKED, "leads\n", "symbolic link"),
    ],
)
def test_what_apply_would_have_to_delete_is_in_the_way(step: Step, there: Said, *, more: str, expected: str) -> None:
    host = FakeHost(there, by_word={LEADS: Said(more)})
    found = [difference.stands for difference in step.look(host, {}) if isinstance(difference, InTheWay)]
    assert found == ([expected] if expected else [])


@pytest.mark.parametrize(
    ("step", "there", "words"),
    [
        (FILE, MISSING, ""),
        (FILE, FOLDER, "a directory stands there now, which opspact did not put there"),
        (LINK, file_of("x"), "a regular file stands there now, which opspact did not put there"),
        (SECRET_FILE, LINKED, "a symbolic link stands there now, which opspact did not put there"),
        (DIRECTORY, MISSING, ""),
        (DIRECTORY, FOLDER, "something that opspact did not put there is in it"),
        (DIRECTORY, file_of("x"), "a regular file stands there now, which opspact did not put there"),
        (ACCOUNT, Said(), ""),
    ],
)
def test_what_a_removal_leaves_is_told(step: Step, there: Said, words: str) -> None:
    assert step.remains(FakeHost(there)) == words


def test_a_secret_is_compared_by_its_digest_and_never_shown() -> None:
    host = FakeHost(file_of("hunter2", about="regular file/root/root/600"))
    assert looked(SECRET_FILE, host, {BORG: Secret("hunter2")}) == []
    assert looked(SECRET_FILE, host, {BORG: Secret("other")}) == ["holds something else than the secret"]
    assert "hunter2" not in str(host.asked)


def test_without_the_secret_nobody_knows() -> None:
    host = FakeHost(file_of("hunter2", about="regular file/root/root/600"))
    with pytest.raises(LookupError, match="vault:borg"):
        looked(SECRET_FILE, host)


def test_a_backup_server_that_keeps_silent_is_no_verdict() -> None:
    with pytest.raises(LookupError, match="pruning"):
        looked(REPOSITORY, FakeHost(Said(rc=124)))


@pytest.mark.parametrize(
    ("step", "host", "present"),
    [
        (FILE, FakeHost(MISSING), False),
        (FILE, FakeHost(stands("directory/root/root/755")), True),
        (DIRECTORY, FakeHost(MISSING), False),
        (LINK, FakeHost(file_of("x")), True),
        (SECRET_FILE, FakeHost(MISSING), False),
        (ACCOUNT, FakeHost(account()), True),
        (ACCOUNT, FakeHost(account(ended="20000")), True),
        (ACCOUNT, FakeHost(account(ended="1", shell="/usr/sbin/nologin")), False),
        (ACCOUNT, FakeHost(Said(rc=2)), False),
        (Package(name="nginx"), FakeHost(installed=False), False),
        (Package(name="nginx"), FakeHost(), True),
        (NGINX, FakeHost(Said(systemd(active="inactive", enabled="disabled"))), False),
        (NGINX, FakeHost(Said(systemd(active="inactive"))), True),
        (NGINX, FakeHost(Said(systemd(enabled="disabled"))), True),
        (HTTP, FakeHost(answer()), False),
        (PORT, FakeHost(Said("LISTEN\n")), False),
        (REPOSITORY, FakeHost(Said(rc=1)), False),
        (REPOSITORY, FakeHost(), True),
    ],
    ids=lambda value: value.identity if isinstance(value, Step) else "",
)
def test_whether_something_was_there_before_opspact(step: Step, host: FakeHost, present: bool) -> None:
    assert step.present(host) is present


@pytest.mark.parametrize(
    ("step", "host", "gone"),
    [
        (FILE, FakeHost(MISSING), True),
        (FILE, FakeHost(file_of("x")), False),
        (FILE, FakeHost(stands("symbolic link/root/root/777", "/srv/oa")), True),
        (SECRET_FILE, FakeHost(file_of("x")), False),
        (SECRET_FILE, FakeHost(stands("directory/root/root/755")), True),
        (LINK, FakeHost(stands("symbolic link/root/root/777", "/srv/oa")), False),
        (LINK, FakeHost(file_of("x")), True),
        (DIRECTORY, FakeHost(stands("directory/root/root/755")), True),
        (Package(name="nginx"), FakeHost(), False),
    ],
    ids=lambda value: value.identity if isinstance(value, Step) else "",
)
def test_whether_a_removal_has_done_all_that_it_may(step: Step, host: FakeHost, gone: bool) -> None:
    assert step.gone(host) is gone


@pytest.mark.parametrize("step", [FILE, DIRECTORY, LINK, SECRET_FILE], ids=lambda step: step.identity)
def test_nothing_is_looked_at_behind_a_link_that_others_may_have_put_there(step: Step) -> None:
    words = "/srv/oa is a symbolic link where others than root can put one: opspact does not follow it"
    with pytest.raises(ValueError, match="opspact does not follow it; see whose it is"):
        looked(step, FakeHost(Said(rc=7, stderr=f"{words}\n")), {BORG: Secret("s")})


def test_one_command_looks_at_one_path() -> None:
    host = FakeHost(file_of("under contract\n"))
    looked(FILE, host)
    assert len(host.asked) == 1


def would(*lines: str, rc: int = 0) -> FakeHost:
    """A host whose apt says what a removal would come to."""
    return FakeHost(Said("NOTE: This is only a simulation!\n" + "".join(f"{line}\n" for line in lines), rc))


COMMON = Package(name="nginx-common")
ALONE = "Remv nginx-common [1.22.1-9+deb12u3]"
ALONG = "Remv nginx [1.22.1-9+deb12u3]"


def test_a_package_that_others_need_stays_and_names_them() -> None:
    host = would(ALONG, ALONE)
    assert COMMON.needed(host, {COMMON.identity}) == "is needed by nginx"
    assert COMMON.remains(host) == "is needed by nginx"
    assert COMMON.gone(host)
    assert host.asked[0][1] == ("apt-get", "--simulate", "-o", "Debug::NoLocking=true", "remove", "nginx-common")


def test_packages_that_leave_together_do_not_hold_each_other() -> None:
    assert COMMON.needed(would(ALONG, ALONE), {COMMON.identity, "package nginx"}) == ""


def test_a_package_that_nobody_needs_goes() -> None:
    assert COMMON.needed(would(ALONE), {COMMON.identity}) == ""
    assert not COMMON.gone(would(ALONE))


def test_a_package_in_whose_place_apt_would_install_another_stays() -> None:
    host = would("Remv exim4 [4.96]", "Inst postfix (3.7 Debian:12 [amd64])")
    assert Package(name="exim4").remains(host) == "would have postfix installed in its place"


def test_of_many_packages_in_need_of_one_a_few_are_named() -> None:
    host = would(ALONE, *(f"Remv {name} [1]" for name in "dcba"))
    assert COMMON.remains(host) == "is needed by a, b, c and 1 more"


def test_where_apt_cannot_tell_a_package_is_not_taken_for_gone() -> None:
    assert not COMMON.gone(would(ALONG, ALONE, rc=100))


def test_a_repository_that_was_made_with_another_passphrase_names_the_way_out() -> None:
    refused = "passphrase supplied in BORG_PASSPHRASE, by BORG_PASSCOMMAND or via BORG_PASSPHRASE_FD is incorrect."
    (told,) = REPOSITORY.look(FakeHost(Said(rc=2, stderr=refused)), {})
    assert told.startswith(f"cannot be used: {refused}; the repository was made with another passphrase")
    assert "borg key change-passphrase" in told


def test_other_failures_of_a_repository_say_nothing_of_passphrases() -> None:
    (told,) = REPOSITORY.look(FakeHost(Said(rc=2, stderr="Remote: Permission denied (publickey).")), {})
    assert "passphrase" not in told
