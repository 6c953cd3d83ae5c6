"""Did you mean …? Typing errors of people, each with what was meant, or with nothing where nobody can tell."""

import time

import pytest

from opspact.text.suggestions import did_you_mean, nearest

KNOWN = ["packages", "units", "normal", "files", "ALL"]
COMMANDS = [
    *("status", "init", "check", "explain", "schema", "compile", "plan", "apply", "verify", "inspect"),
    *("backup", "calendar", "oncall", "sla", "trace", "ledger"),
]
OPTIONS = ["--at", "--base", "--diff", "--format", "--from", "--limit", "--live", "--out", "--to", "--verbose"]
HOSTS = ["web1", "web2", "web10", "web11", "db-a", "db-b", "backup1", "core-switch", "mail"]
PEOPLE = ["li-na", "wang-wei", "zhang-min", "he-jing", "zhao-lei", "chen-jie"]
POLICIES = ["hotline-night", "hotline-day", "daily", "daily-offsite", "office-automation-web", "monthly"]
CODES = [f"OP{number}" for number in (20, 35, 210, 211, 323, 350, 353, 355, 360, 417, 502)]


@pytest.mark.parametrize(
    ("word", "expected", "known"),
    [
        ("packges", "packages", KNOWN),
        ("Units", "units", KNOWN),
        ("unit", "units", KNOWN),
        ("norm", "normal", KNOWN),
        ("all", "ALL", KNOWN),
        ("colour", None, KNOWN),
        ("", None, KNOWN),
        ("p" * 100, None, KNOWN),
        ("chek", "check", COMMANDS),
        ("pln", "plan", COMMANDS),
        ("paln", "plan", COMMANDS),
        ("aply", "apply", COMMANDS),
        ("applay", "apply", COMMANDS),
        ("verfiy", "verify", COMMANDS),
        ("stauts", "status", COMMANDS),
        ("insp", "inspect", COMMANDS),
        ("ledgr", "ledger", COMMANDS),
        ("on-call", "oncall", COMMANDS),
        ("calender", "calendar", COMMANDS),
        ("restart", None, COMMANDS),
        ("who", None, COMMANDS),
        ("--fromat", "--format", OPTIONS),
        ("--formt", "--format", OPTIONS),
        ("--form", "--format", OPTIONS),
        ("--frm", "--from", OPTIONS),
        ("--limt", "--limit", OPTIONS),
        ("--dif", "--diff", OPTIONS),
        ("--becom", None, OPTIONS),
        ("wbe1", "web1", HOSTS),
        ("web01", "web1", HOSTS),
        ("wbe10", "web10", HOSTS),
        ("web3", None, HOSTS),
        ("web12", None, HOSTS),
        ("db-c", None, HOSTS),
        ("dba", "db-a", HOSTS),
        ("bakup1", "backup1", HOSTS),
        ("backup", None, HOSTS),
        ("coreswitch", "core-switch", HOSTS),
        ("lina", "li-na", PEOPLE),
        ("li_na", "li-na", PEOPLE),
        ("wangwei", "wang-wei", PEOPLE),
        ("wei-wang", None, PEOPLE),
        ("zhang-ming", "zhang-min", PEOPLE),
        ("chen-jei", "chen-jie", PEOPLE),
        ("hotline-nigt", "hotline-night", POLICIES),
        ("hotlin-day", "hotline-day", POLICIES),
        ("hotline", None, POLICIES),
        ("dail", "daily", POLICIES),
        ("daily-offsit", "daily-offsite", POLICIES),
        ("mounthly", "monthly", POLICIES),
        ("op353", "OP353", CODES),
        ("0P353", "OP353", CODES),
        ("OP-353", "OP353", CODES),
        ("OP3533", "OP353", CODES),
        ("OP020", "OP20", CODES),
        ("OP270", None, CODES),
        ("OP352", None, CODES),
        ("OP3", None, CODES),
        ("OP999", None, CODES),
    ],
)
def test_what_was_meant_is_found_and_nothing_else_is_offered(word: str, expected: str | None, known: list[str]) -> None:
    assert nearest(word, known) == expected


def test_few_known_words_are_listed_when_none_is_near() -> None:
    assert did_you_mean("colour", KNOWN) == "known names: ALL, files, normal, packages, units"


def test_many_known_words_are_not_listed() -> None:
    assert did_you_mean("colour", [f"word-{number}" for number in range(50)]) == ""


def test_a_name_is_sought_among_ten_thousand_without_waiting() -> None:
    begun = time.process_time()

    assert nearest("wbe07777", [f"web{number:05}" for number in range(10_000)]) == "web07777"
    assert time.process_time() - begun < 2
