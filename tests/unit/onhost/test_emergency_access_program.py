"""The program that opens accounts for a time: when it closes them, what it refuses, what it says of their use.

Opening and closing real accounts: `tests/lab/test_emergency_access.py`.
"""

import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from programs import Machine

from opspact.onhost import emergency_use
from opspact.onhost.emergency_grants import Grant, Policy, end_reason, host_start, since_start, stamp, write_rules

JOB = "emergency_access/db"
ACCOUNT = "em-nobody-here"
PERSON = {"person": "li-na", "shell": "/bin/bash", "keys": ["ssh-ed25519 AAAA"]}
UID = {"_UID": "0", "__REALTIME_TIMESTAMP": "1780000000000000"}
LOGIN = f"Accepted publickey for {ACCOUNT} from 192.0.2.7 port 50 ssh2: ED25519 SHA256:abc"
REFUSES_ENDS = 'grep -q NOTAFTER "$2" && { echo "syntax error" >&2; exit 1; }; exit 0'


def settings(machine: Machine, **changes: object) -> dict[str, object]:
    folder = machine.folder / "granted" / "db"
    folder.mkdir(parents=True, exist_ok=True)
    return {
        "job": JOB,
        "folder": str(folder),
        "rules": str(machine.folder / "opspact-db"),
        "unit": "opspact-emergency_access-db.path",
        "closing": "/nowhere",
        "at_most": 3600,
        "groups": ["adm"],
        "commands": ["ALL", "/usr/bin/id -u"],
        "people": {ACCOUNT: PERSON},
        **changes,
    }


def a_grant(account: str = ACCOUNT, **changes: Any) -> Grant:
    now = time.time()
    made = Grant(
        account, "li-na", "g1", "wang-fang", "disk full", now - 60, now + 600, host_start(), since_start() - 60
    )
    return made._replace(**changes)


@pytest.fixture
def journal(machine: Machine) -> Path:
    """A journal that takes our marks; its entries are the lines of the file."""
    file = machine.folder / "journal"
    file.touch()
    marks = [{"MESSAGE": f"g1 {words}", "__CURSOR": "end"} for words in ("closed", "not closed")]
    end = "\\n".join(map(json.dumps, marks))
    machine.command("journalctl", f"case \"$*\" in *OPSPACT_GRANT=*) printf '{end}\n' ;; *) cat {file} ;; esac")
    for name in ("visudo", "systemctl"):
        machine.command(name, "exit 0")
    return file


def expired(machine: Machine, **changes: object) -> tuple[str, list[dict[str, Any]]]:
    """Close what is over; return what was said and the results."""
    done = machine.run("emergency_access", machine.settings(**settings(machine, **changes)), "expire")
    assert done.returncode == 0, done.stderr
    return done.stdout, machine.results(JOB) if (machine.spool / JOB).exists() else []


@pytest.mark.usefixtures("journal")
def test_without_a_grant_it_ends_at_once_and_leaves_no_result(machine: Machine) -> None:
    assert machine.run("emergency_access", machine.settings(**settings(machine))).returncode == 0
    assert expired(machine) == ("", [])


@pytest.mark.usefixtures("journal")
def test_what_is_over_is_closed_once_and_leaves_a_result(machine: Machine) -> None:
    policy = Policy(settings(machine))
    policy.keep(a_grant(until=time.time() - 1))
    policy.rules.write_text("em ALL=(root) NOPASSWD: ALL\n")
    said, (result,) = expired(machine)
    (item,) = result["items"]
    assert (said, policy.rules.exists(), policy.grants()) == ("changed\n", False, {})
    assert (result["outcome"], item["subject"], item["grant"], item["by"]) == (
        "done",
        "person/li-na",
        "g1",
        "wang-fang",
    )
    assert (item["ended"], item["closed"]) == ("its time was over", True)
    assert (item["by"], item["reason"]) == ("wang-fang", "disk full")
    assert (item["used"], result["verdict"]) == ("unknown", "unknown")  # it has no mark in the journal
    assert expired(machine) == ("", [result])


@pytest.mark.usefixtures("journal")
def test_what_is_not_over_stays_open_and_what_the_policy_does_not_name_is_closed(machine: Machine) -> None:
    policy = Policy(settings(machine))
    policy.keep(a_grant())
    assert expired(machine)[0] == ""
    assert list(policy.grants()) == [ACCOUNT]
    assert expired(machine, people={})[1][0]["items"][0]["ended"] == "the policy does not name the person any more"
    (policy.folder / f"{ACCOUNT}.json").write_text("{")
    assert expired(machine)[1][1]["items"][0]["ended"] == "its file cannot be read"


@pytest.mark.usefixtures("journal")
def test_what_cannot_be_closed_is_said_once_and_tried_until_it_is(machine: Machine) -> None:
    """The account is root's own, which is never closed: it is not one that the program made."""
    people = {"root": PERSON}
    policy = Policy(settings(machine, people=people))
    policy.keep(a_grant("root", until=time.time() - 1))
    for _ in range(2):
        said, (result,) = expired(machine, people=people)
        assert (said, result["outcome"], result["verdict"]) == ("", "failed", "critical")
        assert "account root is not one that opspact made" in result["message"]
    assert policy.grants()["root"].complained


def test_a_clock_that_is_wrong_makes_nothing_longer(machine: Machine) -> None:
    policy, grant, now = Policy(settings(machine)), a_grant(), time.time()
    assert end_reason(policy, grant, now) == ""
    assert "before the grant began" in end_reason(policy, grant, grant.since - 3600)
    set_back = grant._replace(running=since_start() - 3600)  # an hour has passed, whatever the clock says
    assert end_reason(policy, set_back, now) == "its time was over"
    assert end_reason(policy, set_back._replace(boot="another"), now) == ""


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        ((ACCOUNT, "3601", "g1", "root", "why"), "3600 at most"),
        ((ACCOUNT, "0", "g1", "root", "why"), "at most"),
        (("em-stranger", "60", "g1", "root", "why"), "is not named by the policy"),
        (("root", "60", "g1", "root", "why"), "is not one that opspact made"),
        ((ACCOUNT, "60", "g1", "root"), "usage"),
    ],
)
@pytest.mark.usefixtures("journal")
def test_what_may_not_be_granted_is_refused(machine: Machine, words: tuple[str, ...], complaint: str) -> None:
    people = {ACCOUNT: PERSON, "root": PERSON}
    place = machine.settings(**settings(machine, people=people))
    done = machine.run("emergency_access", place, "grant", *words)
    assert (done.returncode > 0, complaint in done.stderr) == (True, True), done.stderr
    assert Policy(settings(machine)).grants() == {}


@pytest.mark.usefixtures("journal")
def test_nothing_is_opened_that_nothing_would_close_and_nothing_twice(machine: Machine) -> None:
    place = machine.settings(**settings(machine))
    machine.command("systemctl", "exit 3")
    words = (ACCOUNT, "60", "g2", "root", "why")
    done = machine.run("emergency_access", place, "grant", *words)
    assert "nothing would close it" in done.stderr
    Policy(settings(machine)).keep(a_grant())
    assert "is open already, until" in machine.run("emergency_access", place, "grant", *words).stderr


@pytest.mark.usefixtures("journal")
def test_what_cannot_be_opened_is_closed_again(machine: Machine) -> None:
    machine.command("useradd", "echo 'cannot lock /etc/passwd' >&2; exit 1")
    done = machine.run(
        "emergency_access", machine.settings(**settings(machine)), "grant", ACCOUNT, "60", "g1", "root", "why"
    )
    assert (done.returncode, "cannot lock /etc/passwd" in done.stderr) == (1, True)
    policy = Policy(settings(machine))
    assert (policy.grants(), policy.rules.exists()) == ({}, False)
    assert machine.newest(JOB)["items"][0]["ended"].startswith("it could not be opened")


def test_sudo_ends_its_rules_itself_where_it_can(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    machine.command("visudo", "exit 0")
    monkeypatch.setenv("PATH", str(machine.folder / "bin"), prepend=":")
    policy, grant = Policy(settings(machine)), a_grant(until=1_780_000_000.5)
    assert stamp(grant.until) == "20260528202641Z"
    assert write_rules(policy, [grant])
    end = "NOTAFTER=20260528202641Z NOPASSWD:"
    assert policy.rules.read_text().splitlines()[1] == f"{ACCOUNT} ALL=(root) {end} ALL, {end} /usr/bin/id -u"
    assert policy.rules.stat().st_mode & 0o777 == 0o440
    machine.command("visudo", REFUSES_ENDS)
    assert not write_rules(policy, [grant])
    assert policy.rules.read_text().splitlines()[1] == f"{ACCOUNT} ALL=(root) NOPASSWD: ALL, NOPASSWD: /usr/bin/id -u"
    machine.command("visudo", "exit 1")
    with pytest.raises(OSError, match="visudo"):
        write_rules(policy, [grant])
    assert not list(machine.folder.glob(".opspact-db*"))


def use(machine: Machine, monkeypatch: pytest.MonkeyPatch, *entries: Mapping[str, object], end: bool = True) -> Any:
    """Return what is said of the use of the account, given the entries of the journal from the mark on."""
    lines: list[Mapping[str, object]] = [*entries, *([{"__CURSOR": "end"}] if end else [])]
    (machine.folder / "journal").write_text("".join(f"{json.dumps(each)}\n" for each in lines))
    monkeypatch.setenv("PATH", str(machine.folder / "bin"), prepend=":")
    return emergency_use.use_since("begin", ACCOUNT, end="g1 closed")


BEGIN = {"__CURSOR": "begin", "SYSLOG_IDENTIFIER": emergency_use.MARKER}
IN = {"MESSAGE": LOGIN, "SYSLOG_IDENTIFIER": "sshd-session", **UID}


@pytest.mark.usefixtures("journal")
def test_logins_and_commands_are_counted(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    by_su = f"pam_unix(su:session): session opened for user {ACCOUNT}(uid=1005) by root(uid=0)"
    sudo = {"SYSLOG_IDENTIFIER": "sudo", "_UID": "1005"}
    command = f"{ACCOUNT} : PWD=/ ; USER=root ; COMMAND=/usr/bin/id"
    found = use(
        machine,
        monkeypatch,
        BEGIN,
        IN,
        {"MESSAGE": [*by_su.encode()], "SYSLOG_IDENTIFIER": "su", **UID},
        {"MESSAGE": command, **sudo},
        {"MESSAGE": f"{ACCOUNT} : (command continued) x COMMAND=y", **sudo},
        {"MESSAGE": command.replace(ACCOUNT, "eve"), **sudo},
    )
    assert (found["used"], found["login_count"], found["sudo_commands"]) == ("yes", 2, 1)
    first = {"at": "2026-05-28T20:26:40Z", "how": "publickey", "from": "192.0.2.7", "key": "SHA256:abc"}
    assert found["logins"] == [first, {**first, "how": "su", "from": "", "key": ""}]


@pytest.mark.usefixtures("journal")
def test_lines_that_root_did_not_write_or_of_others_are_no_logins(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    forged = {**IN, "_UID": "1000"}
    other = {**IN, "MESSAGE": f"Invalid user x {LOGIN}"}
    strange: dict[str, object] = {"SYSLOG_IDENTIFIER": "sshd", "MESSAGE": None, **UID}
    assert use(machine, monkeypatch, BEGIN, forged, other, strange, {**IN, "SYSLOG_IDENTIFIER": "eve"})["used"] == "no"


@pytest.mark.usefixtures("journal")
def test_a_journal_with_a_gap_never_says_that_it_was_not_used(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    dropped = {"SYSLOG_IDENTIFIER": "systemd-journald", "N_DROPPED": "7"}
    for entries, end, gap in (
        ([{**BEGIN, "__CURSOR": "later"}], True, "does not go back to its beginning"),
        ([BEGIN, dropped], True, "dropped lines"),
        ([BEGIN], False, "not read to its end"),
        ([], False, "not read to its end"),
    ):
        found = use(machine, monkeypatch, *entries, end=end)
        assert (found["used"], gap in found["words"]) == ("unknown", True), entries
    assert use(machine, monkeypatch, BEGIN, dropped, IN)["used"] == "yes"


def test_a_journal_that_takes_no_mark_says_nothing(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(emergency_use, "SETTLED", 0.1)
    machine.command("journalctl", "exit 1")
    assert use(machine, monkeypatch, BEGIN)["used"] == "unknown"
