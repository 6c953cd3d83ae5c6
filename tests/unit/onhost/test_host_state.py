"""What people made on a host, as the program reads it from files that Debian has, or says that it cannot."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from opspact.onhost import cron_jobs, host_state, package_files, people_accounts, sudo_rules

PASSWD = """\
root:x:0:0:root:/root:/bin/bash
www-data:x:33:33::/var/www:/usr/sbin/nologin
nobody:x:65534:65534:nobody:/nonexistent:/bin/sh
li:x:1000:1000:Li Si,Room 4,,:HOME/li:/bin/bash
svc:x:1001:1001::HOME/svc:/usr/sbin/nologin
wang:x:1002:1002::HOME/wang:
broken
"""
SHADOW = "root:!:20000::::::\nli:$y$j9T$abcdefgh$0123:20000::::::\nwang:!:20000::::::\n"
GROUP = "root:x:0:\nadm:x:4:syslog,li\nsudo:x:27:li\nli:x:1000:\n"
SECRET = "s3cret-canary"


@pytest.fixture
def top(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the root of a host: `etc`, `home`, `spool`, and what is known of its packages."""
    for folder in ("etc/cron.d", "etc/cron.daily", "home/li/.ssh", "spool/crontabs", "spool/atjobs"):
        (tmp_path / folder).mkdir(parents=True)
    monkeypatch.setattr(sudo_rules, "ETC", str(tmp_path / "etc"))
    monkeypatch.setattr(people_accounts, "ETC", str(tmp_path / "etc"))
    monkeypatch.setattr(cron_jobs, "ETC", str(tmp_path / "etc"))
    monkeypatch.setattr(cron_jobs, "SPOOL", str(tmp_path / "spool"))
    monkeypatch.setattr(package_files, "STATUS", str(tmp_path / "status"))
    monkeypatch.delitem(host_state.AREAS, "services")  # read by tests of their own
    (tmp_path / "etc/passwd").write_text(PASSWD.replace("HOME", str(tmp_path / "home")))
    (tmp_path / "etc/shadow").write_text(SHADOW)
    (tmp_path / "etc/group").write_text(GROUP)
    (tmp_path / "status").write_text("")
    return tmp_path


def said(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    assert host_state.main() == 0
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def package(top: Path, path: str, content: str, *, state: str = "installed") -> None:
    """Have a package with one configuration file."""
    digest = hashlib.md5(content.encode(), usedforsecurity=False).hexdigest()
    status = f"Package: it\nStatus: install ok {state}\nConffiles:\n {path} {digest}\nDescription: it\n of text\n\n"
    (top / "status").write_text(status)


def test_accounts_are_those_of_people_with_groups_and_keys_and_without_any_password(
    top: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (top / "home/li/.ssh/authorized_keys").write_text("# laptop\nssh-ed25519 AAAA li\n\n")
    accounts = said(capsys)["accounts"]
    assert [(it["name"], it["user_id"], it["shell"], it["has_password"]) for it in accounts] == [
        ("li", 1000, "/bin/bash", True),
        ("wang", 1002, "/bin/sh", False),
    ]
    assert (accounts[0]["groups"], accounts[0]["keys"]) == (["adm", "sudo"], ["ssh-ed25519 AAAA li"])
    assert accounts[1]["keys"] == []
    (top / "etc/login.defs").write_text("# UID_MIN 5\nUID_MIN\t\t 1002\n")
    text = json.dumps(said(capsys))
    assert "wang" in text
    assert ("$y$" in text, '"li"' in text) == (False, False)


def test_keys_behind_a_link_are_not_read(top: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (top / "home/li/.ssh/authorized_keys").symlink_to(top / "etc/shadow")
    assert said(capsys)["accounts"][0]["keys"] is None


def test_jobs_of_cron_are_named_with_their_place_and_without_what_follows_the_program(
    top: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    etc = top / "etc"
    (etc / "crontab").write_text(
        f"SHELL=/bin/sh\n# 1 2 3 4 5 root no\n17 * * * * root cd / && run-parts --report {etc}/cron.hourly\n"
        f"*/5 1-3 * * 1,2 root TOKEN={SECRET} /opt/sync --password {SECRET}\n"
    )
    (etc / "cron.d/own").write_text(f"@daily li\t/home/li/x {SECRET}\nMAILTO = {SECRET}\n")
    (etc / "cron.d/own.dpkg-old").write_text("@daily li /never/read\n")
    for name in ("clean", "notes.txt", "not-run"):
        (etc / "cron.daily" / name).write_text("#!/bin/sh\n")
    (etc / "cron.daily/clean").chmod(0o755)
    (etc / "cron.daily/notes.txt").chmod(0o755)
    (top / "spool/crontabs/wang").write_text(f"0 4 * * * /home/wang/r\x1b[31m.sh {SECRET}\n")
    (top / "spool/atjobs/a0000101c3f2b1").write_text("x")
    (top / "spool/atjobs/.SEQ").write_text("x")
    found = [(it["path"], it["line"], it["user"], it["schedule"], it["program"]) for it in said(capsys)["cron_jobs"]]
    assert found == [
        (f"{etc}/crontab", 4, "root", "*/5 1-3 * * 1,2", "/opt/sync"),
        (f"{etc}/cron.d/own", 1, "li", "@daily", "/home/li/x"),
        (f"{etc}/cron.daily/clean", 0, "root", "daily", f"{etc}/cron.daily/clean"[:80]),
        (f"{top}/spool/crontabs/wang", 1, "wang", "0 4 * * *", "/home/wang/r?[31m.sh"),
        (f"{top}/spool/atjobs/a0000101c3f2b1", 0, "", "once", "a0000101c3f2b1"),
    ]
    assert SECRET not in json.dumps(said(capsys))


@pytest.mark.parametrize(
    ("content", "state", "is_found"),
    [("as it came", "installed", False), ("changed", "installed", True), ("as it came", "config-files", True)],
)
def test_a_crontab_of_a_package_is_named_when_it_was_changed_or_the_package_is_gone(
    top: Path, content: str, *, state: str, is_found: bool
) -> None:
    path = top / "etc/cron.d/it"
    package(top, str(path), "@daily root as it came\n", state=state)
    path.write_text(f"@daily root {content}\n")
    assert bool(cron_jobs.cron_jobs()) is is_found


@pytest.mark.parametrize(
    ("command", "program"),
    [
        ("/opt/x a b", "/opt/x"),
        ('PASSWORD="a b" /opt/x c', "/opt/x"),
        ("KEY=$(echo secret ) run it", ""),
        ("KEY='/x y' z", ""),
        ("cd /srv && ./x", "cd"),
        ("", ""),
    ],
)
def test_of_a_command_only_its_program_is_shown(command: str, program: str) -> None:
    assert cron_jobs.program_of(command) == program


def test_what_cannot_be_read_is_unknown_and_the_rest_is_said(top: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (top / "status").unlink()
    found = said(capsys)
    assert ("cron_jobs" in found, len(found["accounts"])) == (False, 2)
    assert found["unknown"] == {"cron_jobs": f"{top}/status: No such file or directory"}
