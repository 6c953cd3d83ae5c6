"""Who can approve after a change and could not before: the second change of somebody who would approve themselves."""

import pytest
from building import DAY, tree

from opspact.analyse.rule import RuleContext
from opspact.analyse.rules.contract.reductions import RULES
from opspact.analyse.run import analyse
from opspact.model.contract import Contract
from opspact.model.finding import Finding
from opspact.resolve.contract import resolve

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKAtITiOCKFk4kVbR5juLRBt83UHXlOV2o14tk0NEN89"
OTHER = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJRVRdO7gHpxdAuSwxRFixeL8/Cvy18evBS9mHH7xAOi"
APPROVAL = "kind: approval\nname: change\nneeds: {role: customer}\nfor: [apply]\n"
PERSON = "kind: person\nname: he-jing\nteams: [%s]\n%s\nsigning_keys:\n"
ALWAYS = PERSON % ("customer", "from: 2026-01-01")


def contract(*policies: str) -> Contract:
    return resolve(tree(*policies))


def found(after: Contract, *, before: Contract) -> tuple[Finding, ...]:
    rules = [rule for rule in RULES if rule.code == "OP506"]
    return analyse(RuleContext(after, DAY, before=before), rules)


def key(line: str = KEY, more: str = "") -> str:
    return f"  - {{key: {line}{more}}}\n"


BEFORE = (APPROVAL, ALWAYS + key(more=", until: 2026-06-30"))
MORE = {
    "another key": (APPROVAL, BEFORE[1] + key(OTHER)),
    "another key in place of the one": (APPROVAL, ALWAYS + key(OTHER)),
    "a longer one": (APPROVAL, ALWAYS + key()),
    "no approval": (BEFORE[1],),
    "no key": (APPROVAL, "kind: person\nname: he-jing\nteams: [customer]\nfrom: 2026-01-01\n"),
    "nobody": (APPROVAL,),
    "longer employed": (APPROVAL, PERSON % ("customer", "from: 2025-01-01") + key(more=", until: 2026-06-30")),
}


@pytest.mark.parametrize("what", MORE)
def test_more_who_approve_or_nobody_is_found(what: str) -> None:
    (finding,) = found(contract(*MORE[what]), before=contract(*BEFORE))[:1]
    assert finding.code == "OP506"


LESS = {
    "the same": BEFORE,
    "a comment": (APPROVAL, ALWAYS + key(f"{KEY} he-jing", ", until: 2026-06-30")),
    "shorter": (APPROVAL, ALWAYS + key(more=", until: 2026-05-31")),
    "revoked": (APPROVAL, ALWAYS + key(more=", until: 2026-06-30, revoked: 2026-05-31T10:00")),
    "left": (APPROVAL, PERSON % ("customer", "from: 2026-01-01\nuntil: 2026-05-31") + key(more=", until: 2026-06-30")),
    "a key of somebody else's role": (*BEFORE, BEFORE[1].replace("he-jing", "wang").replace("customer", "operations")),
}


@pytest.mark.parametrize("what", LESS)
def test_fewer_who_approve_are_not(what: str) -> None:
    assert found(contract(*LESS[what]), before=contract(*BEFORE)) == ()


def test_the_first_keys_are_not() -> None:
    assert found(contract(*BEFORE), before=contract(APPROVAL)) == ()
