"""`opspact trace`: clauses to evidence and back, in words and for scripts."""

import json

from calling import Call, Contract


def test_every_clause_is_told_and_the_figures_at_the_end(opspact: Call) -> None:
    said = opspact("trace")

    assert said.code == 0
    assert said.out.splitlines()[0].startswith("C1  unproved")
    assert "1 of 1 clause kept by at least one policy: 1 unproved" in said.out


def test_a_clause_that_nobody_keeps_is_a_finding(contract: Contract, opspact: Call) -> None:
    contract.write(
        "policies/more.yaml",
        "kind: clause\nname: D7\nsection: '6'\ntext: {en: Space}\nkept_by: opspact\nevidence_within: 2 days\n",
    )
    said = opspact("trace", "D7")

    assert said.code == 1
    assert "no policy keeps it" in said.out


def test_one_clause_is_told_with_its_policies_steps_and_places(opspact: Call) -> None:
    said = opspact("trace", "C1")

    assert said.code == 0
    assert "service/note  policies/note.yaml:2:7  keeps C1" in said.out
    assert "steps on 1 host: 1 file" in said.out


def test_a_policy_is_traced_back_to_its_clauses(opspact: Call) -> None:
    assert "keeps C1" in opspact("trace", "service/note").out
    said = opspact("trace", "service/not")
    assert said.code == 2
    assert 'did you mean "service/note"?' in said.err


def test_after_a_look_the_evidence_is_there_for_scripts(opspact: Call) -> None:
    opspact("apply", "--yes")
    told = json.loads(opspact("trace", "--format", "json").out)

    assert (told["schema"], told["version"]) == ("opspact/trace", 1)
    assert told["summary"]["proved"] == 1
    assert told["clauses"][0]["last_evidence"]["kind"] == "verify"
    note = next(policy for policy in told["policies"] if policy["name"] == "service/note")
    assert note["checks"] == {"planned": 1, "ok": 1, "failed": 0, "unknown": 0}
