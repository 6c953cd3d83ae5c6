"""Logins to PostgreSQL 15 and 17, and to MariaDB 10.11 and 11.8, as they write them, and what many failures mean."""

import pytest

from opspact.onhost.activity import Activity
from opspact.onhost.database_logins import AUDIT_NAME, database_logins
from opspact.onhost.log_activity import Review
from opspact.onhost.redaction import Redactor

LIMITS = {"failed_logins": 6, "failures_then_success": 5, "many_users": 5, "accounts_ignored": []}
SECOND = 10**6


def read(name: str, text: str) -> list[tuple[str, ...]]:
    return [(one.kind, one.user, one.address, one.method, one.detail) for one in database_logins(1, name, text=text)]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (
            "[9-1] 2026-11-29 UTC [7] oa@oa LOG:  connection authorized: user=oa database=oa application_name=psql",
            ("database", "oa", "", "postgresql", "oa"),
        ),
        (
            '[9-1] 2026-11-29 UTC [7] oa@oa FATAL:  password authentication failed for user "oa"',
            ("database failed", "oa", "", "postgresql", ""),
        ),
    ],
)
def test_a_line_of_postgresql_is_read(text: str, found: tuple[str, ...]) -> None:
    assert read("postgres", text) == [found]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (" db1,oa,app1,7,0,CONNECT,oa,,0", ("database", "oa", "app1", "mariadb", "oa")),
        (" db1,root,localhost,6,0,CONNECT,,,0", ("database", "root", "localhost", "mariadb", "")),
        (" db1,oa,app1,8,0,FAILED_CONNECT,,,1045", ("database failed", "oa", "app1", "mariadb", "")),
        (" db1,a,b,app1,9,0,FAILED_CONNECT,,,1045", ("database failed", "a,b", "app1", "mariadb", "")),
        (
            " db1,root,localhost,7,0,CONNECT,oa,app1,9,0,FAILED_CONNECT,,,1045",
            ("database failed", "root,localhost,7,0,CONNECT,oa", "app1", "mariadb", ""),
        ),
    ],
)
def test_a_line_of_the_audit_plugin_is_read(text: str, found: tuple[str, ...]) -> None:
    assert read(AUDIT_NAME, text) == [found]


@pytest.mark.parametrize(
    "text",
    [
        " db1,oa,app1,7,0,DISCONNECT,oa,,0",
        " db1,oa,localhost,7,0,CONNECT,oa,app1,8,0,DISCONNECT,,,0",
        " db1,oa,app1,7,8,QUERY,oa,'select 1,h,2,0,CONNECT,x,,0',0",
        " db1,oa,app1,7,8,READ,oa,document,",
        " db1,oa,app1,7,0,CONNECT,oa,,1045",
        " db1,oa,app1,7,0,FAILED_CONNECT,,,0",
        "",
    ],
)
def test_other_lines_of_the_audit_plugin_say_nothing_of_logins(text: str) -> None:
    assert read(AUDIT_NAME, text) == []


def reviewed(*activities: Activity) -> dict[tuple[str, str], str]:
    """Return the verdicts of what is strange in these."""
    work = Review(LIMITS, {}, Redactor([]))
    for each in activities:
        work.add(each)
    return {(item["item"], item["subject"]): item["verdict"] for item in work.anomalies()}


def failed(times: int, *, user: str = "oa", address: str = "192.0.2.9") -> list[Activity]:
    return [Activity(SECOND, "database failed", user, address, "mariadb")] * times


def test_many_failed_logins_to_a_database_are_reported_and_a_success_after_them_is_critical() -> None:
    success = Activity(2 * SECOND, "database", "oa", "192.0.2.7", "mariadb", "office")
    assert reviewed(*failed(4), success) == {}
    assert reviewed(*failed(6)) == {("failed logins", "oa (database)"): "warning"}
    assert reviewed(*failed(5), success) == {("failures then success", "oa (database office)"): "critical"}
    assert reviewed(*failed(5), success._replace(user="other")) == {}
    assert reviewed(*failed(5), success._replace(at=90_000 * SECOND)) == {}
    assert reviewed(*failed(3), success, *failed(3)) == {("failed logins", "oa (database)"): "warning"}


def test_one_address_that_tries_many_accounts_of_a_database_is_reported_unless_it_is_the_host_itself() -> None:
    def tried(address: str) -> list[Activity]:
        return [one for user in "abcde" for one in failed(1, user=user, address=address)]

    assert reviewed(*tried("192.0.2.9")) == {("many users", "192.0.2.9"): "warning"}
    assert reviewed(*tried("localhost")) == {}


def test_an_account_of_the_host_and_one_of_the_database_are_two() -> None:
    login = Activity(2 * SECOND, "login", "oa", "198.51.100.1", "publickey", "SHA256:x")
    limits = {**LIMITS, "dormant_after": 90 * 86400, "root_logins": "forbidden", "passwords": "forbidden"}
    work = Review(limits, {}, Redactor([]))
    for each in (*failed(5), login):
        work.add(each)
    assert work.anomalies() == []
