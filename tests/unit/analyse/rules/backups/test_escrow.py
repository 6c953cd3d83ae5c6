"""A passphrase is also kept where neither the host nor its backup server is lost with it."""

import pytest
from building import backup
from judging import found, said

CLOSED = "passphrase: secret:vault:borg"
ESCROW = "escrow: {where: {en: safe}, holder: customer, checked: quarterly on day 10 at 10:00}"
CARE = """\
kind: data_care
name: purge
hosts: db
database: {postgresql: oa}
select: {table: audit_trail, column: at, older_than: 180 days}
archive: {to: backup1, keep: 24 months, passphrase: secret:vault:borg}
when: {schedule: monthly on day 5 at 04:00}
"""


def test_one_escrow_serves_all_policies_with_its_passphrase() -> None:
    (finding,) = found("OP421", backup("one", fields=CLOSED), CARE)
    assert (finding.policy, finding.subject) == ("backup/one", "secret:vault:borg")
    assert "backup/one" in finding.message
    assert "data_care/purge" in finding.message
    assert said("OP421", backup("one", fields=f"{CLOSED}\n{ESCROW}"), CARE) == []
    in_care = CARE.replace("secret:vault:borg}", f"secret:vault:borg, {ESCROW}}}")
    assert said("OP421", backup("one", fields=CLOSED), in_care) == []
    other = backup("two", fields="passphrase: secret:vault:other", to="{host: backup1, repository: two}")
    (finding,) = found("OP421", backup("one", fields=f"{CLOSED}\n{ESCROW}"), other)
    assert finding.policy == "backup/two"


def test_what_is_not_encrypted_has_nothing_to_escrow() -> None:
    assert said("OP421", backup("one", fields="encryption: none")) == []


@pytest.mark.parametrize(("host", "is_wrong"), [("app1", True), ("backup1", True), ("db1", False)])
def test_a_copy_on_a_protected_host_or_its_server_is_no_escrow(host: str, is_wrong: bool) -> None:
    text = backup("one", fields=f"{CLOSED}\n{ESCROW}").replace("{en: safe}", f"{{en: safe}}, host: {host}")
    assert bool(found("OP422", text)) is is_wrong
    assert said("OP421", text) == []


def test_a_host_that_another_policy_protects_with_the_same_passphrase_counts_too() -> None:
    text = backup("one", fields=f"{CLOSED}\n{ESCROW}").replace("{en: safe}", "{en: safe}, host: db1")
    (finding,) = found("OP422", text, CARE)
    assert (finding.policy, finding.subject) == ("backup/one", "db1")
