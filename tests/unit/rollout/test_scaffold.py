"""The contract to begin with does not rot: begun on any day, it is in order on that day and until its last weeks."""

from datetime import date, timedelta

import pytest

from opspact.analyse.rule import RuleContext
from opspact.analyse.run import analyse
from opspact.compile.build import build
from opspact.model.finding import Severity
from opspact.resolve.contract import resolve
from opspact.rollout.scaffold import starter


@pytest.mark.parametrize(
    "begun", [date(2026, 11, 24), date(2028, 2, 29), date(2031, 12, 31), date(2046, 1, 1)], ids=str
)
@pytest.mark.parametrize("later", [0, 100, 320], ids=lambda days: f"after-{days}-days")
def test_it_is_in_order_whenever_it_was_begun(begun: date, later: int) -> None:
    tree = {path: text.encode() for path, text in starter(begun).items()}
    contract = resolve(tree)
    day = begun + timedelta(days=later)

    assert contract.period.first <= day <= contract.period.last
    assert [found.message for found in analyse(RuleContext(contract, day)) if found.severity is not Severity.NOTE] == []
    assert build(contract, day=day)["localhost"].make


def test_no_mark_is_left_unfilled() -> None:
    assert [path for path, text in starter(date(2026, 3, 2)).items() if "@FIRST@" in text or "@LAST@" in text] == []


def test_its_ignored_files_are_those_of_opspact() -> None:
    assert ".opspact/" in starter(date(2026, 3, 2))[".gitignore"]
