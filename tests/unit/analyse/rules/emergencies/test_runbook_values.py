"""Edges of the rules about the values of runbooks: what gives a name, where one may stand, what may be missing."""

import json

import pytest
from analysing import found, messages
from building import backup
from runbook_texts import FABFILE, steps

UNIT = "inputs: {unit: {text: {en: unit}, pattern: '[a-z]+'}, source: {text: {en: source}, host: db}}\n"
READ = "command: [cat, /etc/hostname], capture: {name: {output: true}}"


def subjects(code: str, *written: str, top: str = "") -> list[str]:
    return [finding.subject.removeprefix("step ") for finding in found(code, steps(*written, top=top))]


@pytest.mark.parametrize(
    "fields",
    [
        "command: [echo, '{{ unit }}', '{{host}}', '{{ run }}', '{{ operator }}', '{{ target }}']",
        "command: [cat], stdin: '{{ unit }}', environment: {A: '{{ unit }}'}",
        "script: 'echo \"$anything\"'",
        "ansible: [{ansible.builtin.debug: {msg: '{{ ansible_facts.hostname | lower }}'}}]",
        "manual: {en: 'look at {{ unit }}'}",
        "check: [{unit: '{{ unit }}'}], on: '{{ source }}'",
        "check: [{unit: x.service}], when: {unit: a}, assert: {output: {contains: x}, exit_code: 0, changed: false}",
        "command: [x], capture: {got: {output: true}}, assert: {got: {above: 3}}",
    ],
)
def test_inputs_built_in_values_and_the_step_itself_give_values(fields: str) -> None:
    assert subjects("OP270", fields, top=UNIT) == []


@pytest.mark.parametrize(
    "fields",
    [
        "command: [echo, '{{ unti }}']",
        "command: [cat], stdin: '{{ unti }}'",
        "command: [cat], environment: {A: '{{ unti }}'}",
        "fabric: {task: x, arguments: {a: '{{ unti }}'}}",
        "check: [{file: /x}, {command: {run: [x, '{{ unti }}']}}]",
        "wait: {until: [{http: {url: 'http://localhost/', contains: '{{ unti }}'}}]}",
        "manual: {en: 'look at {{ unti }}'}",
        "notify: {to: team operations, message: {en: '{{ unti }}'}}",
        "restore: {backup: daily, to: '/srv/{{ unti }}'}",
        "runbook: {name: fix, inputs: {unit: '{{ unti }}'}}",
        "command: [x], rollback: {command: [y, '{{ unti }}']}",
        "command: [x], when: {unti: a}",
        "command: [x], assert: {unti: a}",
    ],
)
def test_a_name_that_nothing_gives_is_found_wherever_it_stands(fields: str) -> None:
    (finding,) = found("OP270", backup("daily"), steps(fields, top=UNIT), files=FABFILE)
    assert finding.policy == "runbook/fix"
    assert finding.source.strip().startswith("- {name: step-1")
    assert "unti" in finding.message
    assert "unit" in finding.help


def test_a_value_is_known_after_the_step_that_captures_it_and_not_before() -> None:
    use = "command: [echo, '{{ name }}']"
    assert subjects("OP270", READ, use) == []
    (finding,) = found("OP270", steps(use, READ))
    assert "step-2" in finding.message
    assert subjects("OP270", READ.replace("cat, ", "cat, '{{ name }}', ")) == ["step-1 name"]


def test_a_condition_may_name_a_step_before_and_none_after() -> None:
    follow = "command: [x], when: {step-1: failed}"
    assert subjects("OP270", READ, follow) == []
    assert subjects("OP270", follow, READ) == ["step-1 step-1"]
    assert subjects("OP270", READ, follow.replace("step-1", "step-3"), READ) == ["step-2 step-3"]


def test_a_condition_may_name_a_step_of_a_called_runbook() -> None:
    called = steps("check: [{unit: x.service}]", name="look")
    calling = steps("runbook: {name: look}", "command: [x], when: {step-1-step-1: done}")
    assert found("OP270", called, calling) == ()
    assert [each.policy for each in found("OP270", called, calling.replace("step-1-step-1", "step-1-step-2"))]


def test_a_precondition_knows_inputs_alone() -> None:
    before = "preconditions: [{text: {en: runs}, check: [{unit: '{{ %s }}'}]}]\n"
    assert found("OP270", steps(READ, top=UNIT + before % "unit")) == ()
    assert len(found("OP270", steps(READ, top=UNIT + before % "name"))) == 1


def test_a_value_of_a_step_that_may_be_skipped_or_fail_may_be_missing() -> None:
    use = "command: [echo, '{{ name }}']"
    skipped = READ + ", when: {unit: a}"
    assert subjects("OP271", skipped, use, top=UNIT) == ["step-2 name"]
    assert subjects("OP271", skipped, use + ", when: {unit: a}", top=UNIT) == []
    assert subjects("OP271", skipped, use + ", when: {name: {is_not: ''}}", top=UNIT) == []
    assert subjects("OP271", READ + ", on_failure: continue", use) == ["step-2 name"]
    assert subjects("OP271", READ, use) == []
    jumped = "command: [x], on_failure: goto, goto: step-3"
    assert subjects("OP271", jumped, READ, use) == ["step-3 name"]
    assert subjects("OP271", skipped, READ, use, top=UNIT) == [], "the second step gives it in any case"


def test_a_rollback_may_use_what_its_step_gave_which_is_missing_if_that_failed() -> None:
    back = READ + ", rollback: {command: [rm, -r, '{{ name }}']}"
    assert subjects("OP270", back) == []
    (finding,) = found("OP271", steps(back))
    assert finding.message == 'the rollback of step step-1 of fix: the value "name" is missing if the step fails'
    script = READ + """, rollback: {script: 'rm -r "$name"'}"""
    assert subjects("OP271", script) == ["step-1 name"]
    assert subjects("OP271", script.replace("$name", "${name:-/tmp/none}")) == []
    other = "command: [x], rollback: {command: [rm, -r, '{{ name }}']}"
    assert subjects("OP271", READ, other) == []
    assert subjects("OP271", READ + ", when: {unit: a}", other, top=UNIT) == ["step-2 name"]


@pytest.mark.parametrize(
    ("script", "is_needed"),
    [
        ('rm -r "$name/cache"', True),
        ('rm -r "${name}/cache"', True),
        ('rm -r "${name:?}/cache"', False),
        ('rm -r "${name:-/tmp}/cache"', False),
        ('name=x; rm -r "$name"', False),
        ('for name in a b; do echo "$name"; done', False),
        ('ls | while read -r name; do echo "$name"; done', False),
        ('echo "$names"', False),
    ],
)
def test_a_variable_of_a_script_may_be_missing_too(script: str, *, is_needed: bool) -> None:
    written = (READ + ", when: {unit: a}", f"script: {json.dumps(script)}")
    assert subjects("OP271", *written, top=UNIT) == (["step-2 name"] if is_needed else [])


@pytest.mark.parametrize("written", ["{{ a.b }}", "{{ unit | lower }}", "{{ unit + 1 }}", "{{ }}", "{{ Unit }}"])
def test_only_names_stand_between_double_braces(written: str) -> None:
    (finding,) = found("OP272", steps(f"command: [echo, '{written}']", top=UNIT))
    assert written in finding.message
    assert found("OP272", steps(f"ansible: [{{ansible.builtin.debug: {{msg: '{written}'}}}}]", top=UNIT)) == ()


def test_a_script_has_no_placeholders_in_a_rollback_either() -> None:
    top = UNIT
    assert subjects("OP273", "script: 'echo {{ unit }}'", top=top) == ["step-1 unit"]
    assert subjects("OP273", "command: [x], rollback: {script: 'echo {{ unit }}'}", top=top) == ["step-1 unit"]
    assert subjects("OP273", "script: 'echo \"$unit\"'", top=top) == []


@pytest.mark.parametrize(
    "fields",
    [
        "script: 'echo \"${unit}\"'",
        "ansible: [{ansible.builtin.service: {name: '{{ unit }}', state: started}}]",
        "command: [x], when: {unit: a}",
        "command: [x], rollback: {command: [y, '{{ unit }}']}",
    ],
)
def test_an_input_is_used_in_any_of_these_ways(fields: str) -> None:
    top = "inputs: {unit: {text: {en: unit}, pattern: '[a-z]+'}}\n"
    assert found("OP274", steps(fields, top=top)) == ()
    assert [each.subject for each in found("OP274", steps(READ, top=top))] == ["unit"]


def test_a_name_stands_for_one_thing() -> None:
    ask = "manual: {en: ask}, ask: {cause: {text: {en: why}}}"
    assert subjects("OP275", ask, ask) == ["cause"]
    branches = (ask + ", when: {unit: a}", ask + ", when: {unit: b}")
    assert subjects("OP275", *branches, top=UNIT) == [], "two branches may ask for it, each once"
    assert subjects("OP275", ask.replace("cause", "unit"), top=UNIT) == ["unit"]
    assert subjects("OP275", ask.replace("cause", "host")) == ["host"]
    assert [
        each.subject for each in found("OP275", steps(READ, top="inputs: {run: {text: {en: x}, choice: [a]}}\n"))
    ] == ["run"]


def test_no_step_is_called_like_a_stage_that_every_run_has_or_like_another_one() -> None:
    assert [each.subject for each in found("OP275", steps(READ).replace("step-1", "close"))] == ["step close"]
    assert [each.subject for each in found("OP275", steps(READ).replace("name: step-1", "name: rollback-x"))] == [
        "step rollback-x"
    ]
    called = steps(READ, name="look")
    calling = steps("runbook: {name: look}", READ).replace("name: step-2", "name: step-1-step-1")
    assert [each.policy for each in found("OP275", called, calling)] == ["runbook/fix"]


def test_evidence_is_attached_captured_or_given() -> None:
    top = UNIT + "evidence: {photo: {en: a photo}}\n"
    assert len(found("OP276", steps(READ, top=top))) == 1
    assert found("OP276", steps("manual: {en: take it}, attach: photo", top=top)) == ()
    assert found("OP276", steps(READ.replace("name:", "photo:"), top=top)) == ()


def test_a_circle_of_calls_ends_the_search_for_names() -> None:
    one, two = steps("runbook: {name: two}", name="one"), steps("runbook: {name: one}", name="two")
    assert found("OP275", one, two) == ()
    assert messages("OP270", one, two) == []
