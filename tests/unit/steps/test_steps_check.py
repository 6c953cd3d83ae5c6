"""Checking a host: what matches, what differs, and answers that make no sense. Their words: `tests/golden`."""

import pytest
from all_steps import REPOSITORY
from looked_at import FakeHost, Said
from step_answers import (
    ACCOUNT,
    BORG,
    DIFFERENT,
    DIRECTORY,
    FILE,
    HTTP,
    INSTALLED,
    LINK,
    MEMBERSHIP,
    MISSING,
    NGINX,
    NOT_KNOWN,
    PACKAGE,
    PORT,
    SECRET_FILE,
    STOPPED,
    account,
    answer,
    file_of,
    found,
    systemd,
)

from opspact.steps.base import Obstacle, StartDelay, Step
from opspact.steps.content import Content
from opspact.steps.package import Package
from opspact.steps.traits import remains
from opspact.steps.unit import Unit
from opspact.structs import replace
from opspact.values.secret import Secret, SecretReference


def identity(value: object) -> str:
    return value.identity if isinstance(value, Step) else ""


def checked(step: Step, host: FakeHost, secrets: dict[SecretReference, Secret] | None = None) -> list[str]:
    return list(step.check(host, secrets or {}))


@pytest.mark.parametrize(
    ("step", "host"),
    [
        (FILE, FakeHost(file_of("under contract\n"))),
        (replace(FILE, content=Content.of("")), FakeHost(file_of(""))),
        (DIRECTORY, FakeHost(found("directory/www-data/root/750"))),
        (LINK, FakeHost(found("symbolic link/root/root/777", "/srv/oa"))),
        (ACCOUNT, FakeHost(account())),
        (MEMBERSHIP, FakeHost(Said("li-na adm users sudo\n"))),
        (NGINX, FakeHost(Said(systemd()))),
        (NGINX, FakeHost(Said(systemd(active="reloading", enabled="static")))),
        (STOPPED, FakeHost(Said(systemd(active="inactive", enabled="disabled")))),
        (STOPPED, FakeHost(Said(systemd(load="not-found", active="inactive", enabled="")))),
        (HTTP, FakeHost(answer())),
        (PORT, FakeHost(Said("LISTEN 0 511 0.0.0.0:80 0.0.0.0:*\n"))),
        (PACKAGE, FakeHost(INSTALLED)),
        (PACKAGE, FakeHost(Said("deinstall ok config-files\nhold ok installed\n"))),
        (REPOSITORY, FakeHost(Said("app1-2026-03-02\n"))),
    ],
    ids=identity,
)
def test_a_host_in_order_shows_no_difference(step: Step, host: FakeHost) -> None:
    assert checked(step, host) == []


@pytest.mark.parametrize(("step", "said"), DIFFERENT, ids=identity)
def test_a_host_that_does_not_match_shows_a_difference(step: Step, said: Said) -> None:
    assert checked(step, FakeHost(said), {BORG: Secret("s")})


def test_an_account_that_ends_tomorrow_is_open_today() -> None:
    ends = replace(ACCOUNT, expires=20782)
    assert checked(ends, FakeHost(account(ended="20782"))) == []
    assert checked(replace(ends, expires=20781), FakeHost(account(ended="20781"))) == ["is closed, expected open"]


def test_an_end_that_the_host_cannot_know_is_no_difference() -> None:
    elsewhere = account(ids="1001 1000 0 1")
    assert checked(replace(ACCOUNT, expires=20782), FakeHost(elsewhere)) == []


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
        (NGINX, Said("A=1\nB=2\nC=3\nD=4\nend\n")),
        (NGINX, Said(systemd().removesuffix("end\n"))),
        (NGINX, Said(systemd(unread="stop\t/etc/nginx/nginx.conf\n"))),
        (NGINX, Said(rc=1, stderr="Failed to connect to bus")),
        (HTTP, Said("not json")),
        (HTTP, Said("[]")),
        (HTTP, Said('{"status": "200", "found": true, "seconds": 1}')),
        (HTTP, Said("{}")),
        (HTTP, Said(rc=127, stderr="sh: 1: python3: not found")),
        (PORT, Said(rc=1, stderr="ss: not found")),
        (FILE, Said("regular file/root/root/644\n")),
        (FILE, Said("regular file/root/root/644\n  -\n")),
        (FILE, Said(rc=1, stderr="dd: failed to open")),
        (ACCOUNT, Said("li-na:x:1001:1001:Li Na:/home/li-na:/bin/bash\n\n")),
        (ACCOUNT, Said("li-na:x:1001:1001:Li Na:/home/li-na:/bin/bash\nli-na:!\n1795478400\n")),
        (MEMBERSHIP, Said(rc=1)),
        (MEMBERSHIP, Said(rc=127, stderr="sh: 1: id: not found")),
        (PACKAGE, Said(rc=1)),
        (PACKAGE, Said(rc=2, stderr="dpkg-query: error: failed to open package info file")),
        (PACKAGE, Said("")),
        (PACKAGE, Said("garbage\n")),
        (REPOSITORY, Said(rc=1)),
        (REPOSITORY, Said(rc=127, stderr="timeout: failed to run command 'borg': No such file or directory")),
    ],
    ids=identity,
)
def test_an_answer_that_makes_no_sense_is_no_verdict(step: Step, said: Said) -> None:
    with pytest.raises(ValueError, match=r".+"):
        checked(step, FakeHost(said), {BORG: Secret("s")})


LINKED = found("symbolic link/root/root/777", "/etc/other")
FOLDER = found("directory/root/root/755")
LEADS = "leads"  # what is asked of a path where something else stands than what is wanted


@pytest.mark.parametrize(
    ("step", "there", "more", "expected"),
    [
        (FILE, LINKED, "", ""),
        (FILE, LINKED, "leads\n", "symbolic link"),
        (FILE, FOLDER, "", "directory"),
        (FILE, FOLDER, "/etc/motd\n", "empty directory"),
        (FILE, found("character special file/root/root/666"), "", "character special file"),
        (LINK, file_of("x"), "", ""),
        (LINK, FOLDER, "/etc/oa\n", ""),
        (LINK, FOLDER, "", "directory"),
        (LINK, found("fifo/root/root/644"), "", "fifo"),
        (DIRECTORY, file_of(""), "", "regular file"),
        (DIRECTORY, LINKED, "leads\n", "symbolic link"),
    ],
)
def test_what_apply_would_have_to_delete_is_an_obstacle(step: Step, there: Said, *, more: str, expected: str) -> None:
    host = FakeHost(there, by_word={LEADS: Said(more)})
    obstacles = [difference.found for difference in step.check(host, {}) if isinstance(difference, Obstacle)]
    assert obstacles == ([expected] if expected else [])


@pytest.mark.parametrize(
    ("step", "there", "remaining"),
    [
        (FILE, MISSING, ""),
        (FILE, FOLDER, "directory"),
        (LINK, file_of("x"), "regular file"),
        (SECRET_FILE, LINKED, "symbolic link"),
        (DIRECTORY, MISSING, ""),
        (DIRECTORY, FOLDER, "contains something"),
        (DIRECTORY, file_of("x"), "regular file"),
        (ACCOUNT, Said(), ""),
    ],
)
def test_what_a_removal_leaves_is_reported(step: Step, there: Said, remaining: str) -> None:
    words = remains(step, FakeHost(there))
    assert (bool(words), remaining in words) == (bool(remaining), True)


def test_a_secret_is_compared_by_its_digest_and_never_shown() -> None:
    host = FakeHost(file_of("hunter2", about="regular file/root/root/600"))
    assert checked(SECRET_FILE, host, {BORG: Secret("hunter2")}) == []
    assert len(checked(SECRET_FILE, host, {BORG: Secret("other")})) == 1
    assert "hunter2" not in str(host.asked)


def test_without_the_secret_nobody_knows() -> None:
    host = FakeHost(file_of("hunter2", about="regular file/root/root/600"))
    with pytest.raises(LookupError, match="vault:borg"):
        checked(SECRET_FILE, host)


def test_a_backup_server_that_keeps_silent_is_no_verdict() -> None:
    with pytest.raises(LookupError, match="pruning"):
        checked(REPOSITORY, FakeHost(Said(rc=124)))


@pytest.mark.parametrize(
    ("step", "host", "present"),
    [
        (FILE, FakeHost(MISSING), False),
        (FILE, FakeHost(found("directory/root/root/755")), True),
        (DIRECTORY, FakeHost(MISSING), False),
        (LINK, FakeHost(file_of("x")), True),
        (SECRET_FILE, FakeHost(MISSING), False),
        (ACCOUNT, FakeHost(account()), True),
        (ACCOUNT, FakeHost(account(ended="20000")), True),
        (ACCOUNT, FakeHost(account(ended="1", shell="/usr/sbin/nologin")), False),
        (ACCOUNT, FakeHost(Said(rc=2)), False),
        (PACKAGE, FakeHost(NOT_KNOWN), False),
        (PACKAGE, FakeHost(INSTALLED), True),
        (NGINX, FakeHost(Said(systemd(active="inactive", enabled="disabled"))), False),
        (NGINX, FakeHost(Said(systemd(active="inactive"))), True),
        (NGINX, FakeHost(Said(systemd(enabled="disabled"))), True),
        (HTTP, FakeHost(answer()), False),
        (PORT, FakeHost(Said("LISTEN\n")), False),
        (REPOSITORY, FakeHost(MISSING), False),
        (REPOSITORY, FakeHost(file_of("x")), True),
    ],
    ids=identity,
)
def test_whether_something_was_there_before_opspact(step: Step, host: FakeHost, present: bool) -> None:
    assert step.present(host) is present


@pytest.mark.parametrize(
    ("step", "host", "gone"),
    [
        (FILE, FakeHost(MISSING), True),
        (FILE, FakeHost(file_of("x")), False),
        (FILE, FakeHost(found("symbolic link/root/root/777", "/srv/oa")), True),
        (SECRET_FILE, FakeHost(file_of("x")), False),
        (SECRET_FILE, FakeHost(found("directory/root/root/755")), True),
        (LINK, FakeHost(found("symbolic link/root/root/777", "/srv/oa")), False),
        (LINK, FakeHost(file_of("x")), True),
        (DIRECTORY, FakeHost(found("directory/root/root/755")), True),
        (PACKAGE, FakeHost(INSTALLED), False),
    ],
    ids=identity,
)
def test_whether_a_removal_has_done_all_that_it_may(step: Step, host: FakeHost, gone: bool) -> None:
    assert step.is_removed(host) is gone


@pytest.mark.parametrize("step", [FILE, DIRECTORY, LINK, SECRET_FILE], ids=identity)
def test_nothing_is_read_behind_a_link_that_others_may_have_put_there(step: Step) -> None:
    with pytest.raises(ValueError, match="what the guard said; "):
        checked(step, FakeHost(Said(rc=7, stderr="what the guard said\n")), {BORG: Secret("s")})


def test_one_command_reads_one_path() -> None:
    host = FakeHost(file_of("under contract\n"))
    checked(FILE, host)
    assert len(host.asked) == 1


def would(*lines: str, rc: int = 0) -> FakeHost:
    """A host whose apt says what a removal would come to."""
    simulated = Said("NOTE: This is only a simulation!\n" + "".join(f"{line}\n" for line in lines), rc)
    return FakeHost(INSTALLED, by_word={"apt-get": simulated})


COMMON = Package(name="nginx-common")
ALONE = "Remv nginx-common [1.22.1-9+deb12u3]"
ALONG = "Remv nginx [1.22.1-9+deb12u3]"


def test_a_package_that_others_need_stays_and_names_them() -> None:
    host = would(ALONG, ALONE)
    assert "nginx" in COMMON.required_by(host, {COMMON.identity})
    assert COMMON.remains(host) == COMMON.required_by(host, {COMMON.identity})
    assert COMMON.is_removed(host)
    assert "apt-get --simulate -o Debug::NoLocking=true remove nginx-common" in host.asked[0]


USES = """\
unit oa.service
ExecStart={ path=/usr/bin/python3.11 ; argv[]=/usr/bin/python3.11 /srv/oa.py ; ignore_errors=no ; pid=0 }
FragmentPath=/etc/systemd/system/oa.service
unit nginx.service
ExecStart={ path=/usr/sbin/nginx ; argv[]=/usr/sbin/nginx -g daemon on; ; ignore_errors=no ; pid=0 }
FragmentPath=/lib/systemd/system/nginx.service
files
/.
"""


@pytest.mark.parametrize(
    ("files", "user"),
    [
        ("/usr/sbin/nginx\n", "unit nginx.service"),
        ("/usr/lib/systemd/system/nginx.service\n", "unit nginx.service"),
        ("/lib/systemd/system/other.service\n/usr/sbin/nginx-debug\n", ""),
    ],
)
def test_a_package_is_used_by_the_units_that_are_made_of_it(files: str, user: str) -> None:
    host = FakeHost(INSTALLED, by_word={"--listfiles": Said(USES + files)})
    assert COMMON.used_by(host, (Unit(name="oa.service"), Unit(name="nginx.service"))) == user
    assert COMMON.used_by(host, (Unit(name="nginx.service", running=False), COMMON)) == ""
    with pytest.raises(ValueError, match="unexpected answer"):
        COMMON.used_by(FakeHost(INSTALLED), (Unit(name="nginx.service"),))


def test_packages_that_leave_together_do_not_hold_each_other() -> None:
    assert COMMON.required_by(would(ALONG, ALONE), {COMMON.identity, "package nginx"}) == ""


def test_a_package_that_nobody_needs_goes() -> None:
    assert COMMON.required_by(would(ALONE), {COMMON.identity}) == ""
    assert not COMMON.is_removed(would(ALONE))


def test_a_package_in_whose_place_apt_would_install_another_stays() -> None:
    host = would("Remv exim4 [4.96]", "Inst postfix (3.7 Debian:12 [amd64])")
    assert "postfix" in Package(name="exim4").remains(host)


def test_of_many_packages_in_need_of_one_a_few_are_named() -> None:
    host = would(ALONE, *(f"Remv {name} [1]" for name in "edcba"))
    assert COMMON.remains(host).endswith("a, b, c and 2 more")


def test_where_apt_cannot_say_a_package_is_not_taken_for_gone() -> None:
    with pytest.raises(ValueError, match="apt cannot say"):
        COMMON.is_removed(would(ALONG, ALONE, rc=100))


def test_a_repository_that_was_created_with_another_passphrase_names_the_remedy() -> None:
    refused = "passphrase supplied in BORG_PASSPHRASE, by BORG_PASSCOMMAND or via BORG_PASSPHRASE_FD is incorrect."
    (difference,) = REPOSITORY.check(FakeHost(Said(rc=2, stderr=refused)), {})
    assert "borg key change-passphrase" in difference


def test_other_failures_of_a_repository_say_nothing_of_passphrases() -> None:
    (difference,) = REPOSITORY.check(FakeHost(Said(rc=2, stderr="Remote: Permission denied (publickey).")), {})
    assert "passphrase" not in difference


@pytest.mark.parametrize(
    ("active", "limit", "delays"),
    [
        ("activating/start", "1min 30s", [90.0]),
        ("activating/start-pre", "infinity", [90.0]),
        ("activating/start", "5min 250ms", [300.25]),
        ("activating/auto-restart", "1min 30s", []),
        ("failed/failed", "1min 30s", []),
    ],
)
def test_a_unit_that_still_starts_has_its_own_time_for_it(active: str, limit: str, delays: list[float]) -> None:
    said = systemd(active=active).replace("1min 30s", limit)
    differences = list(NGINX.check(FakeHost(Said(said)), {}))
    assert [each.within for each in differences if isinstance(each, StartDelay)] == delays
    assert len(differences) == 1
