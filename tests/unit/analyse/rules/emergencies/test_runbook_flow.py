"""Edges of the rules about the way through runbooks: conditions that never hold, calls, limits."""

import pytest
from analysing import found
from runbook_texts import steps

CAUSE = "inputs: {cause: {text: {en: cause}, choice: [disk, memory]}, size: {text: {en: size}, pattern: '[0-9]+'}}\n"
LOOK = "check: [{unit: x.service}]"


def never(*written: str, top: str = "") -> list[str]:
    return [finding.subject for finding in found("OP277", steps(*written, top=top))]


@pytest.mark.parametrize(
    ("condition", "is_possible"),
    [
        ("{cause: disk}", True),
        ("{cause: disc}", False),
        ("{cause: {is_not: disk}}", True),
        ("{cause: {one_of: [disc, memory]}}", True),
        ("{cause: {contains: isk}}", True),
        ("{cause: {matches: '[0-9]+'}}", False),
        ("{cause: {above: 3}}", False),
        ("{size: {above: 3}}", True),
        ("{size: {above: 3, below: 3}}", False),
        ("{size: {is: '5', above: 7}}", False),
        ("{size: {is: '5', below: 7}}", True),
    ],
)
def test_a_condition_that_no_value_meets_is_found(condition: str, *, is_possible: bool) -> None:
    assert never(f"command: [x], when: {condition}", top=CAUSE) == ([] if is_possible else ["step step-1 0"])


def test_an_alternative_that_never_holds_is_found_beside_one_that_may() -> None:
    (finding,) = found("OP277", steps("command: [x], when: [{cause: disk}, {cause: cpu}]", top=CAUSE))
    assert finding.subject == "step step-1 1"
    assert "without effect" in finding.message
    (finding,) = found("OP277", steps("command: [x], when: {cause: cpu}", top=CAUSE))
    assert "never carried out" in finding.message


@pytest.mark.parametrize(
    ("fields", "outcome", "is_possible"),
    [
        ("", "done", True),
        ("", "failed", False),
        ("", "skipped", False),
        ("", "finished", False),
        (", on_failure: continue", "failed", True),
        (", on_failure: ask", "failed", True),
        (", on_failure: goto, goto: step-3", "failed", True),
        (", on_failure: rollback", "failed", False),
        (", when: {cause: disk}", "skipped", True),
    ],
)
def test_a_step_can_end_as_its_own_fields_let_it(fields: str, outcome: str, *, is_possible: bool) -> None:
    written = (LOOK + fields, LOOK, f"command: [x], when: {{step-1: {outcome}}}")
    assert never(*written, top=CAUSE) == ([] if is_possible else ["step step-3 0"])


def test_a_step_that_is_jumped_over_is_skipped() -> None:
    jump = LOOK + ", on_failure: goto, goto: step-3"
    assert never(jump, LOOK, "command: [x], when: {step-2: skipped}") == []


def test_an_answer_is_one_of_its_choices() -> None:
    ask = "manual: {en: ask}, ask: {cause: {text: {en: why}, choice: [disk, memory]}}"
    assert never(ask, "command: [x], when: {cause: disk}") == []
    assert never(ask, "command: [x], when: {cause: cpu}") == ["step step-2 0"]
    assert never(ask, "command: [x], when: {cause: ''}") == ["step step-2 0"]
    assert never(ask + ", on_failure: continue", "command: [x], when: {cause: ''}") == []
    free = ask.replace(", choice: [disk, memory]", "")
    assert never(free, "command: [x], when: {cause: cpu}") == []


def test_a_circle_of_calls_is_found_at_each_call_of_it() -> None:
    one, two = steps("runbook: {name: two}", name="one"), steps("runbook: {name: one}", name="two")
    assert [each.policy for each in found("OP278", one, two)] == ["runbook/one", "runbook/two"]
    three = steps("runbook: {name: one}", name="three")
    assert [each.policy for each in found("OP278", one, two, three)] == ["runbook/one", "runbook/two"]
    assert len(found("OP278", steps("runbook: {name: fix}"))) == 1


@pytest.mark.parametrize(
    ("asked", "given", "fits"),
    [
        ("pattern: '[a-z]+'", "{a: b}", True),
        ("pattern: '[a-z]+'", "{a: B}", False),
        ("pattern: '[a-z]+'", "{}", False),
        ("pattern: '[a-z]+', default: b", "{}", True),
        ("pattern: '[a-z]+', default: b", "{aa: b}", False),
        ("choice: [b, c]", "{a: d}", False),
        ("choice: [b, c]", "{a: '{{ host }}'}", True),
        ("host: db", "{a: db1}", True),
        ("host: db", "{a: app1}", False),
        ("host: db", "{a: '{{ place }}'}", False),
        ("secret: secret:vault:oa", "{}", False),
    ],
)
def test_a_called_runbook_gets_inputs_that_it_accepts(asked: str, given: str, *, fits: bool) -> None:
    called = steps(LOOK, name="called", top=f"inputs: {{a: {{text: {{en: a}}, {asked}}}}}\n")
    top = "inputs: {place: {text: {en: place}, host: 'web:db'}}\n"
    calling = steps(f"runbook: {{name: called, inputs: {given}}}", top=top)
    assert len(found("OP279", called, calling)) == (0 if fits else 1)


def test_a_runbook_is_called_for_its_hosts_and_in_its_times() -> None:
    def findings(hosts: str, own: str = "", top: str = "") -> list[str]:
        called = steps(LOOK, name="called", hosts="db", top=top)
        calling = steps("runbook: {name: called}", hosts=hosts, top=own)
        return [each.subject.removeprefix("step step-1 ") for each in found("OP288", called, calling)]

    refuse = "limits: {blackouts: refuse}\n"
    assert findings("db") == []
    assert findings("web:db") == ["hosts"]
    assert findings("db", top=refuse) == ["blackouts"]
    assert findings("db", refuse, top=refuse) == []
    assert findings("db", refuse) == []


def test_a_limit_above_the_number_of_hosts_is_a_note() -> None:
    assert len(found("OP280", steps(LOOK, top="limits: {max_targets: 2}\n"))) == 1
    assert found("OP280", steps(LOOK, top="limits: {max_targets: 2}\n", hosts="web")) == ()
    assert found("OP280", steps(LOOK)) == ()


def test_a_runbook_with_symptoms_is_found_without_an_emergency() -> None:
    assert [each.policy for each in found("OP201", steps(LOOK)) if each.policy.startswith("runbook/")] == [
        "runbook/fix"
    ]
    searched = steps(LOOK, top="symptoms: {en: [slow]}\n")
    assert [each.policy for each in found("OP201", searched) if each.policy.startswith("runbook/")] == []
