"""Log reviews as hosts run them, from recorded journals: who did what, what is strange, what the next run knows."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from journal_export import BEGIN, Exported
from programs import Machine

from opspact.onhost.database_logins import journal_reasons

JOB = "log_review/daily"
DEFAULTS = {
    "sources": ["journal", "logins", "sudo"],
    "failed_logins": 10,
    "failures_then_success": 5,
    "many_users": 5,
    "dormant_after": 90 * 86400,
    "passwords": "forbidden",
    "root_logins": "forbidden",
    "accounts_ignored": [],
    "journal": "/var/log/journal/recorded",
}
WRONG = "Failed password for {} from {} port 5 ssh2"
RIGHT = "Accepted password for {} from {} port 5 ssh2"
BY_KEY = "Accepted publickey for {} from {} port 5 ssh2: ED25519 SHA256:abc"
COMMAND = " root : TTY=pts/0 ; PWD=/root ; USER=root ; COMMAND={}"


def review(machine: Machine, data: bytes, **settings: object) -> dict[str, Any]:
    """Review a journal; return the result."""
    (machine.folder / "export").write_bytes(data)
    machine.command("journalctl", f"cat {machine.folder}/export")
    done = machine.run("log_review", machine.settings(job=JOB, **{**DEFAULTS, **settings}))
    assert done.returncode == 0, done.stderr
    return machine.newest(JOB)


def anomalies(result: dict[str, Any]) -> dict[tuple[str, str], str]:
    """Return kind, subject and verdict of what is strange in the recorded journal (this machine's accounts may be)."""
    own = {"account", "key", "password", "sudo rules", "privileged group", "UID 0", "not fully reviewable"}
    found = [item for item in result["items"] if item["verdict"] != "ok" and item["item"].split(" added")[0] not in own]
    return {(item["item"], item["subject"]): item["verdict"] for item in found}


def item(result: dict[str, Any], kind: str, subject: str) -> dict[str, Any]:
    (found,) = (each for each in result["items"] if (each["item"], each["subject"]) == (kind, subject))
    return dict(found)


def storm(journal: Exported, *, user: str = "ops", address: str = "192.0.2.9", times: int = 6) -> None:
    for _ in range(times):
        journal.by("sshd-session", WRONG.format(user, address))


def test_failures_and_then_a_success_are_critical(machine: Machine) -> None:
    journal = Exported()
    storm(journal)
    journal.by("sshd-session", RIGHT.format("ops", "192.0.2.9"))
    result = review(machine, journal.whole)
    assert result["verdict"] == "critical"
    assert anomalies(result) == {
        ("failures then success", "ops"): "critical",
        ("password login", "ops"): "warning",
    }
    assert item(result, "failures then success", "ops")["message"] == (
        "ops logged in from 192.0.2.9 by password after 6 failed attempts."
    )


@pytest.mark.parametrize(
    ("login", "after", "strange"),
    [
        (RIGHT.format("ops", "192.0.2.9"), 1, True),
        (RIGHT.format("li", "192.0.2.9"), 1, True),
        (RIGHT.format("ops", "198.51.100.7"), 1, True),
        (BY_KEY.format("ops", "192.0.2.9"), 1, True),
        (BY_KEY.format("ops", "198.51.100.7"), 1, False),
        (RIGHT.format("ops", "192.0.2.9"), 90_000, False),
    ],
    ids=["same", "other user", "other address", "key", "key from elsewhere", "a day later"],
)
@pytest.mark.parametrize("is_split", [False, True], ids=["one review", "two reviews"])
def test_what_counts_as_a_success_after_failures(
    machine: Machine, login: str, *, after: float, strange: bool, is_split: bool
) -> None:
    journal = Exported()
    storm(journal)
    cursor = journal.by("cron", "hourly")
    if is_split:
        assert ("failures then success", "ops") not in anomalies(review(machine, journal.whole))
    journal.by("sshd", login, after=after)
    result = review(machine, journal.since(cursor) if is_split else journal.whole)
    assert any(kind == "failures then success" for kind, _ in anomalies(result)) == strange
    assert result["entries"] == (1 if is_split else 8)


def test_one_address_that_tries_many_users_is_reported_with_names_as_strangers_wrote_them(machine: Machine) -> None:
    journal = Exported()
    for name in ("admin", "oracle", "test", 'x" from 9.9.9.9 port 1 ssh2', "\x1b[2J"):
        journal.by("sshd", WRONG.format(f"invalid user {name}", "192.0.2.9"))
    result = review(machine, journal.whole)
    assert anomalies(result) == {("many users", "192.0.2.9"): "warning"}
    message = item(result, "many users", "192.0.2.9")["message"]
    assert "\x1b" not in json.dumps(result, ensure_ascii=False)
    assert message.endswith("""admin, oracle, test, "x' from 9.9.9.9 port 1 ssh2", "\\u001b[2J".""")


def test_logins_as_root_and_many_failed_ones_are_reported_unless_they_may_be(machine: Machine) -> None:
    journal = Exported()
    storm(journal, user="root", times=10)
    journal.by("sshd", BY_KEY.format("root", "198.51.100.7"))
    assert anomalies(review(machine, journal.whole)) == {
        ("root login", "root"): "warning",
        ("failed logins", "root"): "warning",
    }
    (machine.spool / JOB).rename(machine.folder / "aside")
    allowed = review(machine, journal.whole, root_logins="allowed", failed_logins=11)
    assert anomalies(allowed) == {}


def test_a_login_at_the_console_is_judged_like_any_other(machine: Machine) -> None:
    journal = Exported()
    failure = "pam_unix(login:auth): authentication failure; logname=LOGIN uid=0 euid=0 tty=/dev/tty1 ruser= rhost="
    for _ in range(6):
        journal.by("login", f"{failure}  user=root")
    journal.by("login", "pam_unix(login:session): session opened for user root(uid=0) by LOGIN(uid=0)")
    result = review(machine, journal.whole)
    assert anomalies(result) == {("failures then success", "root"): "critical", ("root login", "root"): "warning"}
    assert item(result, "account", "root")["logins"][0][1:] == ["console", "login"]


def test_of_logins_that_are_not_listed_it_is_known_when_they_were(machine: Machine) -> None:
    journal = Exported()
    for _ in range(130):
        journal.by("sshd", BY_KEY.format("ops", "192.0.2.9"), after=60)
    found = item(review(machine, journal.whole), "account", "ops")
    assert (len(found["logins"]), found["counts"]["logins"]) == (100, 130)
    assert sum(found["unlisted"].values()) == 30
    assert all(at.endswith((":00:00Z", ":15:00Z", ":30:00Z", ":45:00Z")) for at in found["unlisted"])


def test_an_account_shows_its_last_login_sessions_and_commands(machine: Machine) -> None:
    journal = Exported()
    journal.by("sshd", BY_KEY.format("ops", "198.51.100.7"))
    journal.by("sshd", "pam_unix(sshd:session): session opened for user ops(uid=1000) by (uid=0)")
    cursor = journal.by("sudo", " ops : PWD=/ ; USER=root ; COMMAND=/usr/bin/id")
    seen = item(review(machine, journal.whole), "account", "ops")
    assert seen["message"] == (
        "last login 2026-11-18T11:06:41Z from 198.51.100.7 by publickey SHA256:abc; "
        "1 login, 1 sshd session, 1 sudo command."
    ).replace("2026-11-18T11:06:41Z", seen["logins"][0][0])
    assert seen["commands"][0][1:] == ["root", "/usr/bin/id"]
    journal.by("cron", "hourly")
    later = item(review(machine, journal.since(cursor)), "account", "ops")
    assert (later["logins"], later["message"].endswith("; not used since the last review.")) == ([], True)
    ignored = review(machine, journal.since(cursor), accounts_ignored=["ops"])
    assert [each for each in ignored["items"] if each["item"] == "account" and each["subject"] == "ops"] == []


@pytest.mark.parametrize(
    ("command", "shown"),
    [
        ("/usr/bin/mysql -uroot -pGeheim7 oa", "/usr/bin/mysql -uroot -p[redacted] oa"),
        ("/usr/bin/tool --password=Geheim7 -v", "/usr/bin/tool --password=[redacted] -v"),
        ("/usr/bin/tool --db-password Geheim7", "/usr/bin/tool --db-password [redacted]"),
        ("/usr/bin/env PGPASSWORD=Geheim7 psql", "/usr/bin/env PGPASSWORD=[redacted] psql"),
        ("/usr/bin/curl https://li:Geheim7@example.com/x", "/usr/bin/curl https://li:[redacted]@example.com/x"),
        ("/usr/bin/curl -u li:Geheim7 https://example.com", "/usr/bin/curl -u li:[redacted] https://example.com"),
        ("/bin/sh -c echo\\ li:Geheim7\\ |\\ chpasswd", "/bin/sh -c echo\\ li:[redacted] |\\ chpasswd"),
        ("/usr/bin/login-as pin4711 x", "/usr/bin/login-as *** x"),
        ("/usr/bin/mkdir -p /srv/password/x", "/usr/bin/mkdir -p /srv/password/x"),
    ],
)
def test_passwords_in_commands_are_masked_before_anything_is_kept(machine: Machine, command: str, shown: str) -> None:
    journal = Exported()
    first, _, rest = command.partition(" ")
    journal.by("sudo", COMMAND.format(first))
    journal.by("sudo", f" root : (command continued) {rest}")
    machine.redact(r"pin\d+", instead="***")
    result = review(machine, journal.whole)
    assert [command for _, _, command in item(result, "account", "root")["commands"]] == [shown]
    assert "Geheim7" not in machine.files(JOB)[-1].read_text()


def test_a_command_that_nobody_saw_sudo_write_is_listed_as_unproven(machine: Machine) -> None:
    journal = Exported()
    line = " nobody : PWD=/ ; USER=root ; COMMAND=/usr/bin/{}"
    journal.by("sudo", line.format("id"), uid="65534", _EXE="/usr/bin/sudo")
    journal.by("sudo", line.format("true"), uid="65534")
    seen = item(review(machine, journal.whole), "account", "nobody")
    assert [row[1:] for row in seen["commands"]] == [["root", "/usr/bin/id"], ["root (unproven)", "/usr/bin/true"]]
    assert seen["counts"] == {"sudo commands": 1, "unproven sudo commands": 1}


def test_a_change_of_a_password_is_said_in_plain_words(machine: Machine) -> None:
    journal = Exported()
    journal.by("chpasswd", "pam_unix(chpasswd:chauthtok): password changed for eve")
    said = [each["message"] for each in review(machine, journal.whole)["items"] if each["item"] == "account tool"]
    assert said == ["chpasswd: the password of eve was changed."]


KEYS = "Accepted publickey for {} from {} port 5 ssh2: ED25519 {}"


def test_an_account_names_the_networks_and_keys_that_it_used_and_since_when(machine: Machine) -> None:
    journal = Exported()
    journal.by("sshd", KEYS.format("ops", "192.0.2.9", "SHA256:one"))
    for address, key in (("192.0.2.200", "SHA256:one"), ("2001:db8::9", "SHA256:two")):
        journal.by("sshd", KEYS.format("ops", address, key))
    journal.by("su", "pam_unix(su:session): session opened for user root(uid=0) by ops(uid=1000)")
    result = review(machine, journal.whole)
    assert anomalies(result) == {}
    at = [utc(BEGIN + second * 10**6) for second in range(5)]
    used = {name: item(result, "account", name) for name in ("ops", "root")}
    assert (used["ops"]["first"], used["root"]["first"]) == (at[1], at[4])
    assert (used["ops"]["networks"], used["root"]["networks"]) == (
        {"192.0.2.0/24": at[1], "2001:db8::/64": at[3]},
        {},
    )
    assert used["ops"]["keys"] == {"SHA256:one": at[1], "SHA256:two": at[3]}
    later = item(review(machine, journal.entries[-1]), "account", "ops")
    assert not later.keys() & {"first", "networks", "keys"}


def test_more_networks_than_are_listed_are_not_compared(machine: Machine) -> None:
    journal = Exported()
    for number in range(1_600):
        journal.by("sshd", BY_KEY.format("ops", f"10.{number // 256}.{number % 256}.9"))
    result = review(machine, journal.whole)
    assert item(result, "not fully reviewable", "networks")["message"].endswith(": 101 are not compared.")
    assert len(item(result, "account", "ops")["networks"]) == 1_499


@pytest.mark.parametrize(("days", "found"), [(89, set()), (91, {("dormant account", "ops")})])
def test_an_account_that_was_not_used_for_long_is_reported_when_it_is_back(
    machine: Machine, days: float, found: set[tuple[str, str]]
) -> None:
    journal = Exported()
    cursor = journal.by("sshd", BY_KEY.format("ops", "198.51.100.7"))
    review(machine, journal.whole)
    journal.by("sshd", BY_KEY.format("ops", "198.51.100.7"), after=days * 86400)
    assert set(anomalies(review(machine, journal.since(cursor)))) == found


def test_where_nobody_knows_what_is_secret_no_text_is_kept(machine: Machine) -> None:
    journal = Exported()
    journal.by("sudo", COMMAND.format("/usr/bin/login-as pin4711"))
    machine.redact("(")
    result = review(machine, journal.whole)
    assert "pin4711" not in machine.files(JOB)[-1].read_text()
    assert (result["outcome"], result["verdict"] in {"warning", "unknown"}, result["redaction"]) == ("done", True, "")
    assert "not understood by this Python" in result["message"]


def test_a_review_that_died_is_made_up_for_and_counts_nothing_twice(machine: Machine) -> None:
    journal = Exported()
    storm(journal, times=3)
    cursor = journal.by("cron", "hourly")
    review(machine, journal.whole)
    storm(journal, times=2)
    machine.command("journalctl", "exit 3")
    assert machine.run("log_review", machine.settings(job=JOB, **DEFAULTS)).returncode == 1
    assert machine.newest(JOB)["outcome"] == "failed"
    journal.by("sshd", RIGHT.format("ops", "192.0.2.9"))
    result = review(machine, journal.since(cursor))
    assert item(result, "failures then success", "ops")["message"].endswith("after 5 failed attempts.")
    assert result["entries"] == 3


def test_a_gap_is_unknown_unless_a_unit_that_has_no_part_in_logins_wrote_too_much(machine: Machine) -> None:
    journal = Exported()
    cursor = journal.by("cron", "hourly")
    review(machine, journal.whole)
    identity = "a596d6fe7bfa4994828e72309e95d61e"
    for unit in ("noisy.service", "ssh.service"):
        journal.driver(identity, f"Suppressed 9 messages from {unit}", N_DROPPED="9")
    assert cursor in journal.entries[0]
    result = review(machine, b"".join(journal.entries[1:]))
    found = {message["message"].partition(": ")[2]: message["verdict"] for message in result["items"][:3]}
    assert found == {
        "the journal no longer holds the entries that follow the last review.": "unknown",
        "journald dropped entries above its rate limit: Suppressed 9 messages from ssh.service.": "unknown",
        "journald dropped entries above its rate limit: Suppressed 9 messages from noisy.service.": "warning",
    }
    assert result["verdict"] in {"unknown", "critical"}


def test_a_host_without_a_readable_journal_leaves_a_failed_result(machine: Machine) -> None:
    machine.command("journalctl", "true")
    done = machine.run("log_review", machine.settings(job=JOB, **DEFAULTS))
    assert (done.returncode, machine.newest(JOB)["outcome"]) == (1, "failed")
    assert "nothing that can be read" in machine.newest(JOB)["message"]


@pytest.mark.parametrize(
    ("settings", "word"),
    [
        ({}, ""),
        ({"log_connections": "receipt,authorization"}, ""),
        ({"log_connections": "receipt"}, "log_connections"),
        ({"log_connections": ""}, "log_connections is off"),
        ({"log_destination": "stderr"}, "journal"),
        ({"log_min_messages": "fatal"}, "log_min_messages"),
        ({"syslog_ident": "oa"}, "syslog_ident"),
        ({"lc_messages": "zh_CN.UTF-8"}, "not in English"),
        ({"lc_messages": "C.UTF-8"}, ""),
    ],
)
def test_a_database_server_whose_logins_cannot_be_read_says_why(settings: dict[str, str], word: str) -> None:
    usual = {
        "log_connections": "on",
        "log_destination": "stderr,syslog",
        "log_min_messages": "warning",
        "syslog_ident": "postgres",
        "lc_messages": "en_US.UTF-8",
    }
    reasons = list(journal_reasons({**usual, **settings}))
    assert (len(reasons), word in "".join(reasons)) == (bool(word), True)


@pytest.mark.slow
def test_a_storm_from_everywhere_stays_small_and_hides_no_login(machine: Machine) -> None:
    journal = Exported()
    for number in range(20_000):
        address = f"2001:db8::{number:x}"
        journal.by("sshd", WRONG.format(f"invalid user user{number}-{'x' * 90}", address), after=0.01)
        if number % 4 == 0:
            journal.by("sshd", WRONG.format("root", "192.0.2.9"), after=0.01)
    for number in range(2_000):
        journal.by("sudo", f" root : PWD=/ ; USER=root ; COMMAND=/bin/echo {number} {'字' * 400}", after=0.01)
    journal.by("sshd", RIGHT.format("root", "192.0.2.9"))
    result = review(machine, journal.whole)
    assert machine.files(JOB)[-1].stat().st_size < 2**20
    assert ("failures then success", "root") in anomalies(result)
    assert "after 5000 failed attempts" in item(result, "failures then success", "root")["message"]
    assert item(result, "account", "root")["counts"]["sudo commands"] == 2_000
    assert "more addresses and names" in item(result, "failed logins", "others")["message"]


def test_the_result_names_the_time_that_was_reviewed(machine: Machine) -> None:
    journal = Exported()
    journal.by("cron", "hourly")
    journal.by("cron", "hourly", after=3600)
    result = review(machine, journal.whole)
    assert (result["entries"], result["from"], result["through"]) == (2, utc(BEGIN + 10**6), utc(BEGIN + 3601 * 10**6))


def utc(microseconds: int) -> str:
    return datetime.fromtimestamp(microseconds / 1e6, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
