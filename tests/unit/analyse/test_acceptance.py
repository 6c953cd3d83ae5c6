"""What can be accepted, and what cannot."""

from datetime import date
from pathlib import Path

import pytest
from building import DAY, backup, tree

from opspact.analyse.registry import RULES
from opspact.analyse.rule import RuleContext
from opspact.analyse.run import analyse
from opspact.model.finding import Severity
from opspact.resolve.contract import resolve
from opspact.schema.contract_files import read_tree

TREE = read_tree(Path(__file__).parents[3])
ACCEPTED = """
---
kind: accepted
name: shorter
finding: OP502
where: policies/backups.yaml#daily-incremental
reason: agreed with the customer
by: zhao-min
until: 2026-12-30
"""


def test_a_promise_that_shrinks_is_approved_and_not_accepted() -> None:
    text = TREE["policies/backups.yaml"].decode()
    weaker = text.replace("rpo: 26h", "rpo: 28h", 1)
    assert weaker != text
    after = resolve({**TREE, "policies/backups.yaml": (weaker + ACCEPTED).encode()})
    found = analyse(RuleContext(after, date(2026, 3, 2), before=resolve(TREE)), RULES.values())

    reported = {(finding.code, finding.severity) for finding in found}
    assert reported == {("OP502", Severity.WARNING), ("OP602", Severity.ERROR)}
    assert {finding.policy for finding in found} == {"accepted/shorter", "backup/daily-incremental"}


@pytest.mark.parametrize(
    ("code", "where", "field", "hint"),
    [
        ("OP999", "policies/backups.yaml#daily-incremental", "finding", "opspact explain"),
        (
            "OP401",
            "policies/backups.yaml#daily-incremantal",
            "where",
            '"policies/backups.yaml#daily-incremental"',
        ),
        ("OP401", "policies/backup.yaml#daily-incremental", "where", '"policies/backups.yaml#daily-incremental"'),
        ("OP401", "policies/backups.yaml#daily-incremental", "where", "Remove the acceptance"),
    ],
)
def test_an_acceptance_about_nothing_says_why(code: str, where: str, *, field: str, hint: str) -> None:
    said = ACCEPTED.replace("OP502", code).replace("policies/backups.yaml#daily-incremental", where)
    tree = {**TREE, "policies/backups.yaml": TREE["policies/backups.yaml"] + said.encode()}
    (finding,) = analyse(RuleContext(resolve(tree), date(2026, 3, 2)), RULES.values())

    assert finding.code == "OP601"
    assert finding.source.startswith(f"{field}: ")
    assert hint in finding.help


NO_BACKUP = """\
kind: accepted
name: no-backup
finding: OP221
where: policies/contract.yaml#office
reason: nothing is kept there
by: operations
until: 2026-12-30
"""
ASKED = [RULES[code] for code in ("OP221", "OP601", "OP602")]


def reported(*policies: str) -> list[tuple[str, Severity, str]]:
    found = analyse(RuleContext(resolve(tree(*policies)), DAY), ASKED)
    return [(finding.code, finding.severity, finding.accepted or finding.help) for finding in found]


def test_what_is_accepted_of_a_host_is_not_accepted_of_the_next_one() -> None:
    kept = backup("daily").replace("hosts: web", "hosts: app1")  # nothing keeps app2, db1, backup2
    accepted = "accepted by operations until 2026-12-30: nothing is kept there"
    assert reported(kept, NO_BACKUP + "only: [app2, db1, backup2]\n") == [("OP221", Severity.NOTE, accepted)]
    assert reported(kept, NO_BACKUP + "only: [app2, db1, backup2, app1]\n") == [("OP221", Severity.NOTE, accepted)]
    assert reported(kept, NO_BACKUP + "only: [app2, db1]\n") == [("OP221", Severity.WARNING, RULES["OP221"].remedy)]


def test_what_is_found_of_hosts_is_accepted_of_hosts_that_are_named() -> None:
    kept = backup("daily").replace("hosts: web", "hosts: app1")
    assert reported(kept, NO_BACKUP) == [
        ("OP602", Severity.ERROR, "Add only: [app2, db1, backup2]."),
        ("OP221", Severity.WARNING, RULES["OP221"].remedy),
    ]


def test_only_narrows_nothing_that_is_not_told_host_by_host() -> None:
    tree = {**TREE, "policies/backups.yaml": TREE["policies/backups.yaml"].replace(b"rpo: 26h", b"rpo: 20h", 1)}
    said = ACCEPTED.replace("OP502", "OP400").replace("reason:", "only: [app1]\nreason:")
    tree["policies/backups.yaml"] += said.encode()
    found = analyse(RuleContext(resolve(tree), date(2026, 3, 2)), RULES.values())
    assert {(finding.code, finding.severity) for finding in found} == {
        ("OP400", Severity.ERROR),
        ("OP602", Severity.ERROR),
    }


@pytest.mark.parametrize(
    ("until", "found"),
    [
        ("2026-12-31", []),
        ("2026-03-20", [Severity.NOTE]),
        ("2026-03-10", [Severity.WARNING]),
        ("2026-03-01", [Severity.WARNING]),
    ],
)
def test_the_end_of_known_drift_is_reported(until: str, found: list[Severity]) -> None:
    about = 'kind: known_drift\nname: motd\nsteps: ["file /etc/motd"]\nhosts: all\n'
    known = f"{about}reason: the agent of the vendor\nby: zhao-min\nuntil: {until}\n"
    tree = {**TREE, "policies/known.yaml": known.encode()}
    reported = analyse(RuleContext(resolve(tree), date(2026, 3, 2)), RULES.values())

    assert [(each.code, each.severity) for each in reported] == [("OP600", severity) for severity in found]
