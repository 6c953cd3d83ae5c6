"""Access policies as steps: who has an account, whose is closed, and on which hosts."""

from collections.abc import Mapping
from datetime import date

import pytest
from building import tree, work

DAY = date(2026, 6, 1)
LEFT = "kind: person\nname: li-na\nteams: [operations]\nfrom: 2026-03-01\nuntil: 2026-05-31\n"
COMES = "kind: person\nname: wang-fang\nteams: [operations]\nfrom: 2026-07-01\n"


def access(name: str = "logins", hosts: str = "web", more: str = "") -> str:
    return f"kind: access\nname: {name}\nhosts: {hosts}\npeople: {{team: operations}}\n{more}"


def steps(*policies: str) -> Mapping[str, list[str]]:
    return {host: [step.identity for step in found.make] for host, found in work(tree(*policies), day=DAY).items()}


def test_the_account_of_somebody_who_left_is_closed_once_though_two_policies_had_it() -> None:
    found = steps(LEFT, access(), access("others", more="sudo: [ALL]\n"))
    assert found["app1"] == ["closed-account li-na"]


@pytest.mark.parametrize(
    ("employed", "wanted"),
    [
        ("[2026-03-01..2026-05-31, 2026-06-02..]", ["closed-account li-na"]),
        ("[2026-03-01..2026-05-30, 2026-06-01..]", ["account li-na", "authorized-keys li-na"]),
        ("[2026-03-01..2026-06-01, 2026-08-01..]", ["account li-na", "authorized-keys li-na"]),
        ("[2026-07-01..2026-07-31, 2026-09-01..]", []),
        ("2026-03-01..2026-05-31", ["closed-account li-na"]),
        ("2026-06-01..", ["account li-na", "authorized-keys li-na"]),
    ],
)
def test_an_account_is_closed_while_somebody_is_away_and_open_when_they_are_back(
    employed: str, wanted: list[str]
) -> None:
    someone = f"kind: person\nname: li-na\nteams: [operations]\nemployed: {employed}\n"
    assert steps(someone, access())["app1"] == wanted


def test_whoever_is_still_to_come_has_neither_an_account_nor_one_that_is_closed() -> None:
    assert steps(COMES, access())["app1"] == []


def test_an_account_that_somebody_else_has_now_stays_open() -> None:
    now = "kind: person\nname: li-na-new\naccount: li-na\nteams: [operations]\nfrom: 2026-05-01\n"
    assert steps(LEFT, now, access())["app1"] == ["account li-na", "authorized-keys li-na"]


def test_rules_of_sudo_name_the_accounts_without_which_they_are_not_written() -> None:
    there = LEFT.replace("until: 2026-05-31\n", "")
    files = tree(there, access(more="sudo: [/usr/bin/id]\n"))
    (rules,) = (step for step in work(files, day=DAY)["app1"].make if step.kind == "file")
    assert getattr(rules, "requires", ()) == ("account li-na",)


def test_hosts_share_the_step_that_closes_an_account() -> None:
    found = work(tree(LEFT, access()), day=DAY)
    assert found["app1"].make
    assert found["app1"] is found["app2"]
