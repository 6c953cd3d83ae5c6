"""What people type beside their commands is masked before it is kept: on the host, in the ledger, on the screen."""

from collections.abc import Iterator

import pytest
from canary import files_with, loud
from contracts import Contract, small
from labkit import Lab

pytestmark = pytest.mark.lab

POLICIES = """\
kind: clause
name: H1
section: "6.1(5)"
text: {zh: 保密, en: Confidentiality}
kept_by: opspact
evidence_within: 31 days
---
kind: log_review
name: daily
clauses: []
hosts: app1
schedule: monthly on day 1 at 03:00
sources: [journal, logins, sudo]
---
kind: redaction
name: pins
clauses: [H1]
patterns: ['(?i)pin=\\d{4,12}']
hides: ["the customer said PIN=123456", "pin=0000"]
leaves: ["the pin was changed"]
"""
SECRETS = ("Geheim7-lamp", "Blau9-Kanne", "Xiong3-mao", "PIN=471147")
TYPED = (
    "/usr/bin/env PGPASSWORD=Geheim7-lamp true",
    "/bin/echo postgresql://oa:Blau9-Kanne@db1/oa",
    "/bin/echo 管理员密码:Xiong3-mao PIN=471147",
)
OURS = "/etc/opspact /var/lib/opspact /usr/local/lib/opspact /run/opspact /tmp"


@pytest.fixture(scope="module")
def contract(lab: Lab) -> Iterator[Contract]:
    lab.up()
    with small(lab, "masking", POLICIES) as made:
        made.good("apply", "--yes")
        yield made


def kept_on_host(lab: Lab) -> str:
    """Return where a host keeps one of the secrets in what is ours: files, and what our units say in the journal."""
    words = " ".join(f"-e {word}" for word in SECRETS)
    journal = f"journalctl --no-pager -o cat -u 'opspact-*' | grep -aF {words} && echo journal"
    return lab.root("app1", f"grep -rlaFs {words} {OURS}; {journal}").out


def redaction(contract: Contract) -> str:
    """Return how the redaction stands."""
    (policy,) = contract.run("trace", "H1", "--format", "json").json["policies"]
    return str(next(each["state"] for each in policy["obligations"] if each["obligation"] == "redaction check"))


def test_nothing_that_was_typed_is_kept_anywhere(lab: Lab, contract: Contract) -> None:
    for command in TYPED:
        assert lab.run("app1", f"sudo {command}").rc == 0
    assert lab.root("app1", f"journalctl -t sudo -o cat | grep -cF -e {' -e '.join(SECRETS)}").out.strip() == "3"
    said = [
        loud(contract, "inspect", "run", "daily", "--format", "json"),
        loud(contract, "inspect", "show", "daily"),
        loud(contract, "verify"),
        loud(contract, "trace", "--format", "json"),
        loud(contract, "ledger", "export"),
        loud(contract, "compile", "--out", str(contract.home / "project")),
    ]
    assert "/usr/bin/env PGPASSWORD=[redacted] true" in said[0].out
    assert ("oa:[redacted]@db1/oa" in said[0].out, "密码:[redacted] [redacted]" in said[0].out) == (True, True)
    assert [word for one in said for word in SECRETS if word in one.out + one.err] == []
    assert files_with(list(SECRETS), contract.home / "vault-password", str(contract.home), "/dev/shm") == []
    assert kept_on_host(lab) == ""
    assert "123456" not in said[4].out + said[1].out
    (*_, newest) = contract.events("redaction.checked")
    assert newest["body"]["planted"] == ["the customer said [redacted]", "[redacted]"]
    assert redaction(contract) == "kept"


def test_a_host_that_does_not_mask_is_found_and_its_ledger_is_masked_all_the_same(lab: Lab, contract: Contract) -> None:
    program = "/usr/local/lib/opspact/log_review.py"
    change = r"s/self\.redactor\.masked(/str(/; s/self\.redactor\.report(/(/"
    assert lab.root("app1", f"sed -i '{change}' {program}").rc == 0
    assert lab.run("app1", f"sudo {TYPED[0]}").rc == 0
    said = loud(contract, "inspect", "run", "daily", "--format", "json")
    assert "spool" in kept_on_host(lab)
    assert ("Geheim7-lamp" in said.out + said.err, "PGPASSWORD=[redacted]" in said.out) == (False, True)
    assert "Geheim7-lamp" not in contract.good("ledger", "export").out
    assert redaction(contract) == "failed"
    contract.good("apply", "--yes")
    contract.run("inspect", "run", "daily")
    assert redaction(contract) == "kept"


def test_patterns_that_were_removed_from_a_host_fail_the_clause(lab: Lab, contract: Contract) -> None:
    assert lab.root("app1", "rm /etc/opspact/redaction/pins.json").rc == 0
    assert contract.run("verify").code == 1
    assert contract.run("trace", "H1", "--format", "json").json["clauses"][0]["state"] == "failed"
    contract.good("apply", "--yes")
    assert contract.run("trace", "H1", "--format", "json").json["clauses"][0]["state"] == "kept"
