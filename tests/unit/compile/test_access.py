"""Access policies as steps: who has an account, whose is closed, and on which hosts."""

from collections.abc import Mapping
from datetime import date

import pytest
from building import backup, tree, work

from opspact.steps.account import NEVER, Account
from opspact.steps.other_access import OtherAccess
from opspact.steps.public_key import fingerprint

DAY = date(2026, 6, 1)
LEFT = "kind: person\nname: li-na\nteams: [operations]\nfrom: 2026-03-01\nuntil: 2026-05-31\n"
KEY = "AAAAC3NzaC1lZDI1NTE5AAAAIKAtITiOCKFk4kVbR5juLRBt83UHXlOV2o14tk0NEN89"
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


def test_somebody_who_left_is_closed_on_each_host_with_an_access_policy_whichever_they_were_in() -> None:
    others = "kind: access\nname: others\nhosts: db\npeople: {person: wang-fang}\n"
    stays = "kind: person\nname: wang-fang\nteams: [operations]\nfrom: 2026-01-01\n"
    nowhere = LEFT.replace("li-na", "zhao-min").replace("[operations]", "[]")
    found = steps(LEFT, nowhere, stays, access(), others)
    closed = ["closed-account li-na", "closed-account zhao-min"]
    for host, hers in {"app1": closed, "app2": closed, "db1": closed, "backup1": []}.items():
        assert [it for it in found[host] if it.startswith("closed")] == hers
    assert {"account wang-fang"} == {it for it in found["db1"] if it.startswith("account ")}


def test_an_account_is_closed_but_for_the_hosts_where_somebody_else_has_one_of_that_name() -> None:
    now = "kind: person\nname: new\naccount: li-na\nteams: []\nfrom: 2026-05-01\n"
    theirs = "kind: access\nname: theirs\nhosts: app2\npeople: {person: new}\n"
    found = steps(LEFT, now, access(), theirs)
    assert (found["app1"][0], found["app2"][0]) == ("closed-account li-na", "account li-na")


def test_closing_counts_for_the_person_and_for_each_access_policy_of_the_host() -> None:
    others = "kind: access\nname: others\nhosts: app2\npeople: {person: wang-fang}\n"
    found = work(tree(LEFT, COMES, access(), others), day=DAY)
    policies = {host: {it.policy for it in found[host].make[0].origins} for host in ("app1", "app2")}
    assert policies["app1"] == {"person/li-na", "access/logins"}
    assert policies["app2"] == {"person/li-na", "access/logins", "access/others"}


@pytest.mark.parametrize(
    ("zone", "employed", "ends"),
    [
        ("Asia/Shanghai", "2026-03-01..2026-06-30", "2026-07-01"),
        ("UTC", "2026-03-01..2026-06-30", "2026-07-01"),
        ("America/New_York", "2026-03-01..2026-06-30", "2026-07-02"),
        ("Asia/Shanghai", "[2026-03-01..2026-04-30, 2026-05-10..2026-07-31, 2026-09-01..]", "2026-08-01"),
        ("Asia/Shanghai", "2026-03-01..", ""),
    ],
)
def test_the_host_itself_ends_an_account_once_the_last_day_is_over(zone: str, employed: str, ends: str) -> None:
    files = tree(f"kind: person\nname: li-na\nteams: [operations]\nemployed: {employed}\n", access())
    files["policies/contract.yaml"] = files["policies/contract.yaml"].replace(b"Asia/Shanghai", zone.encode())
    (account,) = (step for step in work(files, day=DAY)["app1"].make if isinstance(step, Account))
    begin = date(1970, 1, 1)
    assert account.expires == ((date.fromisoformat(ends) - begin).days if ends else NEVER)
    arguments = account.tasks()[1].arguments
    assert arguments["expires"] == (account.expires * 86400 if ends else -1)


def test_rules_of_sudo_name_the_accounts_without_which_they_are_not_written() -> None:
    there = LEFT.replace("until: 2026-05-31\n", "")
    files = tree(there, access(more="sudo: [/usr/bin/id]\n"))
    (rules,) = (step for step in work(files, day=DAY)["app1"].make if step.kind == "file")
    assert getattr(rules, "requires", ()) == ("account li-na",)


def test_hosts_share_the_step_that_closes_an_account() -> None:
    found = work(tree(LEFT, access()), day=DAY)
    assert found["app1"].make
    assert found["app1"] is found["app2"]


OTHERS = "others: {accounts: [ops], sudo: ['ops  ALL=(ALL:ALL)  NOPASSWD: ALL'], members: [ops in sudo]}\n"


def nobody_else(name: str = "nobody-else", hosts: str = "web", more: str = OTHERS) -> str:
    return f"kind: access\nname: {name}\nhosts: {hosts}\n{more}"


def other_access(files: Mapping[str, bytes], host: str) -> OtherAccess:
    (step,) = (step for step in work(files, day=DAY)[host].make if isinstance(step, OtherAccess))
    return step


def test_nobody_looks_for_others_where_no_policy_says_who_there_is() -> None:
    found = steps(LEFT, access(hosts="web:db"), nobody_else())
    assert {host for host, identities in found.items() if "other-access host" in identities} == {"app1", "app2"}
    assert found["app1"][-1] == "other-access host"


def test_all_that_the_contract_gives_there_is_known_and_what_several_policies_name() -> None:
    key = f"ssh-ed25519 {KEY}"
    stays = f"kind: person\nname: wang-fang\nteams: [operations]\nfrom: 2026-01-01\nkeys: [{key}]\n"
    logins = access(more="sudo: [/usr/bin/id]\ngroups: [adm]\nkeys: additional\n")
    more = nobody_else("more", more="others: {accounts: [batch], keys: ['ops SHA256:" + "x" * 43 + "']}\n")
    step = other_access(tree(LEFT, stays, logins, nobody_else(), more), "app1")
    assert step == OtherAccess(
        accounts=("batch", "ops", "wang-fang"),
        closed=("li-na",),
        keys=(f"ops SHA256:{'x' * 43}", f"wang-fang {fingerprint(key)}"),
        sudo=("ops ALL=(ALL:ALL) NOPASSWD: ALL",),
        files=("/etc/sudoers.d/opspact-logins",),
        members=("ops in sudo", "wang-fang in adm"),
    )
    assert {origin.policy for origin in step.origins} == {"access/nobody-else", "access/more"}
    assert other_access(tree(stays, access(), nobody_else()), "app1").own_keys == ("wang-fang",)


def test_the_lines_of_backup_clients_are_known_on_their_server() -> None:
    step = other_access(tree(backup("daily"), nobody_else(hosts="all")), "backup1")
    assert [line.split()[0] for line in step.lines] == ["opspact-backup", "opspact-backup"]
    assert [line.rsplit(" KEY ", 1)[1] for line in step.lines] == ["opspact app1 daily", "opspact app2 daily"]
    assert "opspact-backup" in step.accounts
    assert other_access(tree(backup("daily"), nobody_else(hosts="all")), "app1").lines == ()
