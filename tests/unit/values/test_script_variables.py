"""Variables that scripts need from outside."""

import pytest

from opspact.values.script_variables import needed_variables


@pytest.mark.parametrize(
    "script",
    [
        'echo "$unit"',
        'echo "${unit}"',
        'echo "${unit%.service}"',
        'echo "${unit#a}"',
        'run --unit="$unit"',
        'run --unit=x "$unit"',
        'echo "$unit" "$unit"',
    ],
)
def test_what_a_script_uses_is_needed(script: str) -> None:
    assert needed_variables(script) == ("unit",)


@pytest.mark.parametrize(
    "script",
    [
        'unit=x\necho "$unit"',
        'cd /; unit=x; echo "$unit"',
        'unit=a; unit+=b; echo "$unit"',
        'export unit=x; echo "$unit"',
        'for unit in a b; do echo "$unit"; done',
        'while read -r other unit; do echo "$unit"; done',
        '[ -z "${unit:-}" ] || echo "$unit"',
        'echo "${unit:?is missing}"',
        ': "${unit=x}"; echo "$unit"',
        "echo $unitName $UNIT $1 $$",
        "echo unit",
    ],
)
def test_what_it_sets_or_does_without_is_not(script: str) -> None:
    assert needed_variables(script) == ()
