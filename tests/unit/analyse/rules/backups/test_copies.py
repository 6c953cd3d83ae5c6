"""Rules about where copies are, at their edges."""

from building import backup, tree
from judging import found, said
from reading import data, named

from opspact.model.finding import Severity

ARCHIVE = """\
kind: data_care
name: purge
hosts: db1
database: {postgresql: oa}
select: {table: audit_trail, column: created_at, older_than: 180 days}
archive: {to: backup1, keep: 24 months}
when: {schedule: monthly on day 5 at 03:00}
"""


def hosts(**variables: str) -> str:
    lines = [f"    {name}: {{{said_}}}" for name, said_ in variables.items()]
    return "\n".join(["all:", "  hosts:", *lines]) + "\n"


def copied(name: str, what: str, to: str) -> str:
    text = backup(name, to=f"{{host: {to}, repository: {name}}}")
    return text.replace("hosts: web", f"hosts: {what}")


def test_an_archive_is_a_copy_too() -> None:
    inventory = hosts(db1="ansible_host: 192.0.2.1", backup1="ansible_host: 192.0.2.1")
    (finding,) = found("OP404", ARCHIVE, inventory=inventory)
    assert finding.policy == "data_care/purge"
    assert named(finding, "backup1", "db1", "192.0.2.1") == {"backup1", "db1", "192.0.2.1"}


def test_one_address_with_two_ports_may_be_a_gateway() -> None:
    inventory = hosts(
        db1="ansible_host: gate, ansible_port: 2201", backup1="ansible_host: gate, ansible_port: 2202", gate=""
    )
    (finding,) = found("OP404", ARCHIVE, inventory=inventory)
    assert finding.severity is Severity.WARNING
    assert data(finding.message) >= {"2201", "2202"}


def test_two_hosts_without_any_known_site_are_not_at_the_same_one() -> None:
    inventory = hosts(db1="", backup1="")
    assert said("OP406", ARCHIVE, inventory=inventory) == []
    assert said("OP405", ARCHIVE, inventory=inventory) == []


def test_a_variable_says_more_about_the_site_than_a_group() -> None:
    inventory = "all: {children: {site_a: {hosts: {db1: {}, backup1: {opspact_site: vault}}}}}\n"
    assert said("OP406", ARCHIVE, inventory=inventory) == []


def test_a_circle_of_any_length_is_found_once_and_named_in_its_order() -> None:
    inventory = hosts(a="", b="", c="", d="")
    row = (copied("one", "a:d", "b"), copied("two", "b", "c"))
    assert said("OP408", *row, inventory=inventory) == []
    (finding,) = found("OP408", *row, copied("three", "c", "a"), inventory=inventory)
    assert finding.policy == "backup/one"
    assert "a → b → c → a" in finding.message


def test_a_circle_over_two_names_of_one_machine_is_one() -> None:
    inventory = hosts(a="ansible_host: 192.0.2.1", also_a="ansible_host: 192.0.2.1", b="ansible_host: 192.0.2.2")
    both = (copied("one", "a", "b"), copied("two", "b", "also_a"))
    assert len(said("OP408", *both, inventory=inventory)) == 1


def test_a_passphrase_in_a_file_below_what_is_copied_is_doubtful() -> None:
    inventory = hosts(app1="", backup1="")

    def sealed(reference: str) -> str:
        return backup("sealed", fields=f"passphrase: secret:{reference}").replace("hosts: web", "hosts: app1")

    (finding,) = found("OP407", sealed("file:/etc/borg/passphrase"), inventory=inventory)
    assert finding.severity is Severity.WARNING
    assert said("OP407", sealed("file:/root/passphrase"), inventory=inventory) == []
    assert said("OP407", sealed("vault:borg"), inventory=inventory) == []


def test_a_file_on_the_very_machine_is_wrong_and_a_vault_doubtful() -> None:
    inventory = hosts(app1="ansible_connection: local", backup1="")

    def severity(reference: str) -> Severity:
        text = backup("sealed", fields=f"passphrase: secret:{reference}").replace("hosts: web", "hosts: app1")
        (finding,) = found("OP407", text, inventory=inventory)
        return finding.severity

    assert severity("file:/root/passphrase") is Severity.ERROR
    assert severity("vault:borg") is Severity.WARNING


def test_rules_about_places_take_a_contract_without_copies() -> None:
    assert tree()
    assert [said(code) for code in ("OP404", "OP405", "OP406", "OP407", "OP408")] == [[]] * 5
