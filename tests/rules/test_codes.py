"""No code goes unexplained, whether a rule finds it or a reader refuses it."""

import re
from pathlib import Path

import pytest

from opspact.analyse.refusals import REFUSALS
from opspact.analyse.registry import RULES
from opspact.report.explanation import every_code, explained
from opspact.schema.codes import Code

SOURCES = Path(__file__).parents[2] / "src" / "opspact"
WRITTEN = {
    code for path in SOURCES.rglob("*.py") for code in re.findall(r'"(OP[0-9]{3})"', path.read_text(encoding="utf-8"))
}


@pytest.mark.parametrize("code", sorted({*WRITTEN, *map(str, Code)}))
def test_a_code_is_explained(code: str) -> None:
    reported = explained(code)
    assert reported is not None
    assert re.fullmatch(r"[A-Z].*[^.]", reported.title)
    assert reported.why.endswith(".")
    assert reported.remedy.endswith(".")


def test_a_code_is_a_rule_s_or_a_refusal_s_and_never_both() -> None:
    assert RULES.keys().isdisjoint(REFUSALS)


def test_only_codes_that_are_in_use_are_explained() -> None:
    assert set(every_code()) == {*WRITTEN, *map(str, Code)}
