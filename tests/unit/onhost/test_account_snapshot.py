"""What a review says of accounts, groups, rules and keys that changed since the last one."""

import base64
import grp
import hashlib
import os
import pwd
from pathlib import Path

import pytest

from opspact.onhost import account_snapshot
from opspact.onhost.account_snapshot import changes, fingerprint, snapshot

BLOB = base64.b64encode(b"a public key of at least thirty bytes").decode()
PRINT = "SHA256:" + base64.b64encode(hashlib.sha256(base64.b64decode(BLOB)).digest()).decode().rstrip("=")


@pytest.mark.parametrize(
    ("kind", "before", "now", "item", "verdict"),
    [
        ("UID 0", [], ["toor"], "UID 0 added", "critical"),
        ("privileged group", [], ["sudo\teve"], "privileged group added", "warning"),
        ("sudo rules", ["/etc/sudoers\taa"], ["/etc/sudoers\tbb"], "sudo rules changed", "warning"),
        ("sudo rules", ["/etc/sudoers.d/a\taa"], [], "sudo rules removed", "warning"),
        ("account", [], ["eve\t1002\t/bin/bash"], "account added", "warning"),
        ("account", ["eve\t1002\t/bin/bash"], ["eve\t0\t/bin/bash"], "account changed", "warning"),
        ("password", ["eve\t20000"], ["eve\t20001"], "password changed", "warning"),
        ("empty password", [], ["eve"], "empty password added", "critical"),
        ("empty password", ["eve"], [], "empty password removed", "warning"),
        ("key", [], [f"eve\t{PRINT}\t01234567"], "key added", "warning"),
        ("key", [f"eve\t{PRINT}\t01234567"], [f"eve\t{PRINT}\t89abcdef"], "key changed", "warning"),
    ],
)
def test_a_change_is_an_item(kind: str, before: list[str], *, now: list[str], item: str, verdict: str) -> None:
    found = list(changes({kind: before}, {kind: now}, at="2026-11-29T00:00:00Z"))
    assert (found[0]["item"], found[0]["verdict"]) == (item, verdict)
    assert list(changes({kind: now}, {kind: now}, at="2026-11-29T00:00:00Z")) == [
        each for each in found if each["item"] == "UID 0"
    ]
    assert [each for each in changes({}, {kind: now}, at="") if each["item"] != "UID 0"] == []


def test_the_fingerprint_is_that_which_sshd_logs() -> None:
    assert fingerprint(f'from="192.0.2.1" ssh-ed25519 {BLOB} eve@example'.encode()) == PRINT
    assert fingerprint(b"garbage") == "no key that can be read"


def test_no_hash_of_a_password_is_in_a_snapshot(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    shadow = tmp_path / "shadow"
    shadow.write_text(
        "root:$y$j9T$abc:20000:0:99999:7:::\nops:!:19000::::::\neve:!$y$old:18000::::::\nx:*:1::::::\nbob::1::::::\n"
    )
    monkeypatch.setattr(account_snapshot, "SHADOW", str(shadow))
    facts, _ = snapshot()
    assert (facts["password"], facts["empty password"]) == (["root\t20000"], ["bob"])


def test_rules_of_sudo_are_followed_wherever_they_are_included(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    group = grp.getgrgid(os.getgid()).gr_name
    main, far, folder = tmp_path / "sudoers", tmp_path / "far/rules", tmp_path / "more.d"
    far.parent.mkdir()
    folder.mkdir()
    main.write_text(f"Defaults use_pty\n@include far/rules\n#includedir {folder}\n@include {main}\n")
    far.write_text(f"%{group} ALL=(ALL) ALL\n")
    (folder / "a").write_text("eve ALL=(ALL) ALL\n")
    monkeypatch.setattr(account_snapshot, "SUDOERS", (str(main),))
    monkeypatch.setattr(account_snapshot, "SUDOERS_FOLDERS", ())
    monkeypatch.setattr(account_snapshot, "ROOT_GROUPS", ())
    member = pwd.struct_passwd(("ops", "x", 4711, os.getgid(), "", "/", "/bin/sh"))
    monkeypatch.setattr(pwd, "getpwall", lambda: [member])
    facts, _ = snapshot()
    assert [each.partition("\t")[0] for each in facts["sudo rules"]] == sorted(map(str, (main, far, folder / "a")))
    assert facts["privileged group"] == [f"{group}\tops", *(f"{group}\t{each}" for each in grp.getgrnam(group).gr_mem)]
    (folder / "a").write_text("mallory ALL=(ALL) ALL\n")
    assert [each["item"] for each in changes(facts, snapshot()[0], at="")] == ["sudo rules changed"]


def test_what_cannot_be_read_is_named_and_compared_with_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(account_snapshot, "SHADOW", "/nowhere/shadow")
    facts, problems = snapshot()
    assert "password" not in facts
    assert [each for each in problems if each.startswith("password: /nowhere/shadow")]


def test_too_many_facts_of_a_kind_are_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(
        account_snapshot.LOOKS, "account", lambda: (f"user{number}\t1\t/bin/sh" for number in range(9999))
    )
    facts, problems = snapshot()
    assert "account" not in facts
    assert [each for each in problems if each.startswith("account: 9999 are too many")]
