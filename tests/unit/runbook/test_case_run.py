"""Cases of runbooks' tests: what is given and expected, with the real engine between."""

import re
from pathlib import Path

import pytest
from building import tree
from running_runbooks import BACKUP, CALLED, runbook, step

from opspact.resolve.contract import resolve
from opspact.runbook.case_run import CaseResult, run_cases

APPROVAL = "kind: approval\nname: lead\nneeds: {role: customer}\nfor: [destructive]\n"
TEST = "kind: runbook_test\nname: tried\nrunbook: try\ncases:\n- name: case\n"
TARGETS = "  targets: app1\n"
FIRST = step("first", "command: [run, first]\ncapture: {word: {output: true}}")
SECOND = step("second", 'command: [run, "{{ word }}"]')


def result(steps: tuple[str, ...], case: str, *, head: str = "", expect: str, targets: str = TARGETS) -> CaseResult:
    written = "".join(f"  {line}\n" for line in (*case.splitlines(), f"expect: {expect}"))
    files = {"runbooks/r.yaml": runbook(*steps, head=head), "runbooks/called.yaml": CALLED}
    contract = resolve(tree(APPROVAL, BACKUP, TEST + targets + written, files=files))
    (found,) = run_cases(contract, contract.runbook_tests)
    return found


def problems(steps: tuple[str, ...], case: str, *, head: str = "", expect: str) -> tuple[str, ...]:
    return result(steps, case, head=head, expect=expect).problems


def test_what_the_case_does_not_say_succeeds() -> None:
    found = result((FIRST, SECOND), "", expect="{end: done, steps: {first: done, second: done}, values: {word: ''}}")
    assert (found.problems, found.end, found.is_passed) == ((), "done", True)
    assert found.steps == (("first", "done"), ("second", "done"))


def test_without_targets_it_runs_for_the_first_host_of_the_runbook() -> None:
    fault = "faults: [{step: first, on: %s, output: hello}]"
    expect = "{end: done, steps: {first: done}, values: {word: hello}}"
    assert result((FIRST,), fault % "app1", expect=expect, targets="").problems == ()
    assert result((FIRST,), fault % "app2", expect=expect, targets="").problems != ()


def test_a_fault_gives_output_and_exit_codes_to_a_step() -> None:
    faults = "faults: [{step: first, output: hello}, {step: second, exit_code: 3}]"
    expect = "{end: failed, steps: {first: done, second: failed}, values: {word: hello}}"
    assert problems((FIRST, SECOND), faults, expect=expect) == ()


def test_a_fault_is_on_one_host_and_so_many_times() -> None:
    tried = step("first", "command: [x]\nretries: 2\nretry_after: 1s")
    twice = "faults: [{step: first, outcome: failed, times: 2}]"
    assert problems((tried,), twice, expect="{end: done, steps: {first: done}}") == ()
    three = twice.replace("times: 2", "times: 3")
    assert problems((tried,), three, expect="{end: failed, steps: {first: failed}}") == ()
    elsewhere = "faults: [{step: first, on: app2, outcome: failed}]"
    (problem,) = problems((tried,), elsewhere, expect="{end: done, steps: {first: done}}")
    assert "app2" in problem
    assert "never came up" in problem


@pytest.mark.parametrize(("outcome", "ended"), [("lost", "unknown"), ("timeout", "failed"), ("failed", "failed")])
def test_a_step_can_end_in_each_of_these_ways(outcome: str, ended: str) -> None:
    faults = f"faults: [{{step: first, outcome: {outcome}}}]"
    assert problems((FIRST,), faults, expect=f"{{end: failed, steps: {{first: {ended}}}}}") == ()


def test_a_rollback_is_part_of_the_way() -> None:
    steps = (
        step("first", "command: [x]\nrollback: {command: [y]}"),
        step("second", "check: [{unit: x.service}]\non_failure: rollback"),
    )
    faults = "faults: [{step: second, outcome: failed}]"
    expect = "{end: rolled back, steps: {first: done, second: failed, rollback-first: done}}"
    assert problems(steps, faults, expect=expect) == ()


def test_people_answer_approve_and_attach_or_are_waited_for() -> None:
    steps = (
        step("ask", "manual: {en: look}\nask: {cause: {text: {en: why}, choice: [disk, memory]}}\nattach: photo"),
        step("consent", "approve: lead"),
    )
    said = "answers: {ask: done, cause: disk}\nattach: photo\n"
    approved = "{end: done, steps: {ask: done, consent: done}, values: {cause: disk}}"
    assert problems(steps, said + "approved: consent", expect=approved) == ()
    assert problems(steps, said, expect="{end: waiting, steps: {ask: done}}") == ()
    assert problems(steps, "", expect="{end: waiting, steps: {}}") == ()
    (problem,) = problems(steps, said.replace("disk", "disc"), expect="{end: waiting, steps: {}}")
    assert "does not fit" in problem


def test_a_question_what_follows_is_answered() -> None:
    steps = (step("first", "command: [x]\non_failure: ask"), SECOND.replace("{{ word }}", "x"))
    case = "faults: [{step: first, exit_code: 1}]\nanswers: {first.on_failure: continue}"
    assert problems(steps, case, expect="{end: done, steps: {first: failed, second: done}}") == ()


def test_a_wait_takes_time_of_its_own() -> None:
    waiting = step("first", "wait: {until: [{unit: x.service}], every: 10s}\ntimeout: 1h")
    until = "faults: [{step: first, outcome: failed, times: 30}]"
    assert problems((waiting,), until, expect="{end: done, steps: {first: done}}") == ()
    always = "faults: [{step: first, outcome: failed}]"
    assert problems((waiting,), always, expect="{end: failed, steps: {first: failed}}") == ()


def test_preconditions_and_restore_points_are_on_the_way_where_they_fail() -> None:
    head = "preconditions: [{text: {en: runs}, check: [{unit: x.service}]}]\nrestore_point: daily\n"
    head_of = "without_restore_point: {zh: 没有数据, en: no data}\n"
    files = {"runbooks/r.yaml": runbook(FIRST, head=head).replace(head_of, "")}

    def found(faults: str, expect: str) -> tuple[str, ...]:
        contract = resolve(tree(BACKUP, f"{TEST}  faults: [{faults}]\n  expect: {expect}\n", files=files))
        return next(run_cases(contract, contract.runbook_tests)).problems

    assert found("", "{end: done, steps: {first: done}}") == ()
    failed = "{step: preconditions, outcome: failed}"
    assert found(failed, "{end: failed, steps: {preconditions: failed}}") == ()
    assert found("{step: restore-point, outcome: failed}", "{end: failed, steps: {restore-point: failed}}") == ()


def test_the_steps_of_a_called_runbook_have_its_name_before_theirs() -> None:
    call = step("call", "runbook: {name: called, inputs: {unit: nginx}}")
    expect = "{end: done, steps: {call-stop: done, call-start: done}}"
    assert problems((call,), "faults: [{step: call-stop, output: word}]", expect=expect) == ()


@pytest.mark.parametrize(
    ("expect", "words"),
    [
        ("{end: failed, steps: {first: done, second: done}}", "the run is done, expected failed"),
        ("{end: done, steps: {second: done, first: done}}", "step 1 is first done, expected second done"),
        ("{end: done, steps: {first: done}}", "step 2 is second done, expected no more steps"),
        ("{end: done, steps: {first: done, second: done, third: done}}", "step 3 is missing, expected third done"),
        ("{end: done, steps: {first: done, second: done}, values: {word: x}}", 'the value word is "", expected "x"'),
        ("{end: done, steps: {first: done, second: done}, values: {w: x}}", 'the value w is missing, expected "x"'),
    ],
)
def test_a_difference_is_said(expect: str, words: str) -> None:
    assert problems((FIRST, SECOND), "", expect=expect) == (words,)


def test_what_is_never_asked_for_is_a_problem() -> None:
    case = "answers: {second: done}\nattach: photo\napproved: consent"
    found = problems((FIRST,), case, expect="{end: done, steps: {first: done}}")
    assert sorted(word for problem in found for word in ("second", "photo", "consent") if word in problem) == [
        "consent",
        "photo",
        "second",
    ]


def test_inputs_are_checked_and_secrets_have_a_value() -> None:
    head = (
        "inputs:\n  unit: {text: {en: unit}, pattern: '[a-z]+'}\n"
        "  password: {text: {en: password}, secret: secret:vault:oa}\n"
    )
    using = step("first", "command: [x, '{{ unit }}']\nstdin: '{{ password }}'")
    expect = "{end: done, steps: {first: done}}"
    assert problems((using,), "inputs: {unit: nginx}", head=head, expect=expect) == ()
    (problem,) = problems((using,), "inputs: {unit: NGINX}", head=head, expect=expect)
    assert "unit" in problem


GUIDE = Path(__file__).parents[3] / "docs/runbooks.md"


def test_the_example_of_the_guide_passes_its_own_test() -> None:
    shown = re.findall(
        r"^```yaml\n(kind: runbook(?:_test)?\b.*?)^```$", GUIDE.read_text("utf-8"), re.DOTALL | re.MULTILINE
    )
    about = [re.sub(r"^clauses: .*\n", "", text, flags=re.MULTILINE) for text in shown if "restart-application" in text]
    contract = resolve(tree(*about))
    found = tuple(run_cases(contract, contract.runbook_tests))
    assert len(found) > 1
    assert [each.problems for each in found if not each.is_passed] == []
