"""The reference contract keeps its own promises about backups and schedules, on any day of its period."""

from datetime import date
from pathlib import Path

import pytest

from opspact.analyse.registry import RULES
from opspact.analyse.rule import RuleContext
from opspact.analyse.run import analyse
from opspact.model.contract import Contract
from opspact.resolve.contract import resolve
from opspact.schema.contract_files import read_tree

OWN = [rule for rule in RULES.values() if rule.family in {"backup", "schedules"}]


@pytest.fixture(scope="module")
def reference() -> Contract:
    return resolve(read_tree(Path(__file__).parents[3]))


def test_these_are_two_families() -> None:
    assert len(OWN) > 20


@pytest.mark.parametrize("day", [date(2025, 12, 1), date(2026, 1, 1), date(2026, 2, 16), date(2026, 12, 31)])
def test_nothing_is_found(reference: Contract, day: date) -> None:
    assert analyse(RuleContext(reference, day), OWN) == ()


def test_every_kind_of_care_is_there(reference: Contract) -> None:
    assert all((reference.data_care, reference.code_tables, reference.log_reviews, reference.windows))
    assert {window.blackout for window in reference.windows} == {True, False}
