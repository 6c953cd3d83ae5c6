"""`opspact runbook run --dry-run` on this machine: nothing is changed, and what is shown of it."""

import json

import pytest
from calling import Call, Contract
from runbook_texts import HERE

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ("command: [touch, FILE]", "OP282"),
        ("script: touch FILE\n    idempotent: true", "OP282"),
        ("command: [printf, '{{ nothing }}']", "OP270"),
    ],
)
def test_a_dry_run_is_refused_where_a_run_is(contract: Contract, opspact: Call, *, fields: str, why: str) -> None:
    file = contract.folder / "touched"
    text = f"steps:\n  - name: a\n    text: {{zh: 甲, en: a}}\n    {fields}\n".replace("FILE", str(file))
    contract.write("runbooks/x.yaml", HERE.format(name="try", risk="read-only") + text)
    for arguments in ((), ("--dry-run",)):
        said = opspact("runbook", "run", "try", *arguments)
        assert (said.code, why in said.err) == (2, True), said.err
    assert not file.exists()


def test_a_fault_has_no_dry_run(contract: Contract, opspact: Call) -> None:
    text = "rehearsal_only: true\nsteps: [{name: a, text: {zh: 甲, en: a}, check: [{file: /etc/passwd}]}]\n"
    contract.write("runbooks/x.yaml", HERE.format(name="try", risk="read-only") + text)
    said = opspact("runbook", "run", "try", "--dry-run")
    assert (said.code, "drills" in said.err) == (2, True), said.err


def test_a_dry_run_reads_and_leaves_the_rest_alone(contract: Contract, opspact: Call) -> None:
    file = contract.folder / "kept"
    file.write_text("x")
    text = (
        "steps:\n  - {name: look, text: {zh: 看, en: look}, command: [cat, /etc/hostname], idempotent: true,"
        " capture: {said: {output: true}}}\n"
        "  - {name: odd, text: {zh: 怪, en: odd}, command: [env, rm, FILE], when: {said: {is_not: ''}}}\n"
        "  - {name: check, text: {zh: 查, en: check}, check: [{command: {run: [env, rm, FILE]}}]}\n"
    )
    contract.write("runbooks/x.yaml", HERE.format(name="try", risk="read-only") + text.replace("FILE", str(file)))
    said = opspact("runbook", "run", "try", "--dry-run", "--format", "json")
    assert said.code == 0, said.err
    found = [(each["step"], each["coverage"]) for each in json.loads(said.out)["steps"]]
    assert found == [("look", "simulated"), ("odd", "not_simulated"), ("check", "not_simulated")]
    assert file.exists()


def test_a_dry_run_shows_a_script_by_its_first_line(contract: Contract, opspact: Call) -> None:
    text = "steps:\n  - name: a\n    text: {zh: 甲, en: a}\n    script: |\n      cd /srv\n\n      rm x\n      rm y\n"
    more = "  - {name: b, text: {zh: 乙, en: b}, command: [sh, -c, 'rm x']}\n"
    contract.write("runbooks/x.yaml", HERE.format(name="try", risk="destructive") + text + more)
    said = opspact("runbook", "run", "try", "--dry-run")
    assert "would run  cd /srv … and 2 more lines\n" in said.out, said
    assert "would run  sh -c 'rm x'\n" in said.out
