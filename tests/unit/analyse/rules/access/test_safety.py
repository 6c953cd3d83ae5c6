"""Edges of the rules about safety: secrets, redactions, approvals."""

import pytest
from analysing import found, lines, messages
from building import DAY, backup, service, tree
from reading import data, named

from opspact.analyse.registry import RULES
from opspact.analyse.rule import RuleContext
from opspact.analyse.run import analyse
from opspact.resolve.contract import resolve

APPROVAL = "kind: approval\nname: lead\nneeds: {role: customer}\n"
CONFIGURATION = "user = oa\npassword = Kitten7-lamp\n"


def redaction(pattern: str, more: str = "") -> str:
    return f"kind: redaction\nname: secrets\npatterns: ['{pattern}']\n{more}"


def test_a_secret_in_a_file_of_the_contract_is_told_with_its_line_and_never_repeated() -> None:
    web = service("web", "files: [{path: /etc/oa.conf, template: files/oa.conf.j2, mode: '0640'}]")
    (finding,) = found("OP240", web, files={"files/oa.conf.j2": CONFIGURATION})
    assert (finding.place.file, finding.place.line, finding.policy) == ("files/oa.conf.j2", 2, "contract/office")
    assert "Kitten7" not in repr(finding)


def test_a_secret_in_a_policy_or_its_comments_is_told_of_that_policy() -> None:
    web = "kind: team\nname: first\n---\n" + service("web", "# password: Kitten7-lamp\npackages: [nginx]")
    (finding,) = found("OP240", web)
    assert (finding.policy, finding.place.line) == ("service/web", 8)
    assert "Kitten7" not in repr(finding)


def test_a_secret_in_the_inventory_is_told() -> None:
    inventory = {"inventory/group_vars/all.yaml": "ansible_become_password: Kitten7-lamp\n"}
    assert len(found("OP240", files=inventory)) == 1


def test_the_made_up_secrets_of_a_redaction_are_none() -> None:
    assert found("OP240", redaction("password.{1,20}", 'hides: ["password: Kitten7-lamp"]\n')) == ()


def test_a_file_with_a_secret_is_no_harm_where_few_read_it() -> None:
    def web(mode: str) -> str:
        return service("web", f"files: [{{path: /etc/oa.conf, template: files/oa.conf.j2, mode: '{mode}'}}]")

    files = {"files/oa.conf.j2": CONFIGURATION}
    assert messages("OP246", web("0640"), files=files) == []
    (finding,) = found("OP246", web("0644"), files=files)
    assert named(finding, "/etc/oa.conf", "0644") == {"/etc/oa.conf", "0644"}
    assert "Kitten7" not in repr(finding)


@pytest.mark.parametrize("path", ["/etc/ssl/private/oa.key", "/root/.pgpass", "/etc/oa/credentials.yaml"])
def test_a_file_that_is_known_to_hold_secrets_is_told_by_its_name(path: str) -> None:
    assert len(messages("OP246", service("web", f"files: [{{path: {path}, content: kept elsewhere}}]"))) == 1


@pytest.mark.parametrize("path", ["/etc/ssl/certs/oa.pem", "/etc/passwd", "/etc/apt/keyrings/x.gpg", "/etc/tokenizer"])
def test_a_file_that_everybody_needs_is_fine(path: str) -> None:
    assert messages("OP246", service("web", f"files: [{{path: {path}, content: hello}}]")) == []


def test_copies_in_the_clear_are_fine_where_nobody_promised_confidentiality() -> None:
    assert messages("OP244", backup("daily")) == []
    (finding,) = found("OP244", backup("daily"), redaction("password.{1,20}"))
    assert (finding.policy, finding.source) == ("backup/daily", "encryption: none")
    assert named(finding, "backup1", "backup2") == {"backup1"}


def test_a_pattern_without_examples_is_tried_on_what_secrets_look_like() -> None:
    assert messages("OP247", redaction("(?i)token=.{1,99}")) == []
    assert lines("OP247", redaction("tokne=")) == [("redaction/secrets", "patterns: ['tokne=']")]


def test_an_example_that_no_pattern_hides_is_told() -> None:
    (finding,) = found("OP247", redaction("pin: [0-9]{4}", 'hides: ["pin: 1234", "pin 1234"]\n'))
    assert finding.source.startswith("hides:")
    assert finding.source[finding.place.column - 1 :].startswith('"pin 1234"')


@pytest.mark.parametrize("pattern", ["x*", "(?:)", ".", "[a-z]|备份"])
def test_a_pattern_that_matches_everything_is_told(pattern: str) -> None:
    assert lines("OP248", redaction(pattern)) == [("redaction/secrets", f"patterns: ['{pattern}']")]


def test_a_pattern_that_hides_what_is_to_stay_is_told() -> None:
    leaves = 'leaves: ["the password was changed"]'
    assert lines("OP248", redaction("password", f"{leaves}\n")) == [("redaction/secrets", leaves)]


def test_a_redaction_that_would_mask_its_own_replacement_is_reported() -> None:
    assert lines("OP248", redaction("pass.{1,9}", "instead: no password\n")) == [
        ("redaction/secrets", "instead: no password")
    ]


def test_approvers_are_counted_on_the_day() -> None:
    gone = "kind: person\nname: li-na\nteams: [operations]\nfrom: 2025-01-01\nuntil: 2026-02-28\n"
    lead = APPROVAL.replace("customer", "operations")
    (finding,) = found("OP250", gone, lead)
    assert (finding.policy, data(finding.message)) == ("approval/lead", {"1", "0", "2026-03-02"})
    assert messages("OP250", gone.replace("until: 2026-02-28\n", ""), lead) == []


def test_an_approval_that_nobody_can_give_follows_from_a_team_that_is_too_small() -> None:
    def causes(least: int) -> list[str]:
        team = f"kind: team\nname: leads\nheadcount: {{min: {least}}}\n"
        tree_ = tree(team, "kind: approval\nname: lead\nneeds: {role: leads, count: 2}\nfor: [weakening]\n")
        found = analyse(RuleContext(resolve(tree_), DAY), [RULES["OP305"], RULES["OP250"]])
        return [cause.code for finding in found if finding.code == "OP250" for cause in finding.caused_by]

    assert causes(2) == ["OP305"]
    assert causes(1) == [], "the team may be as large as promised, and the approval still cannot be given"
