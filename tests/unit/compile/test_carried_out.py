"""What carries out the obligations of the reference contract, so that a promise that nothing keeps is a decision."""

from pathlib import Path

import pytest

from opspact.compile.obligations import policy_obligations
from opspact.model.contract import Contract
from opspact.model.policy_index import KEEPS_NO_CLAUSE
from opspact.obligations.obligation import Obligation
from opspact.resolve.contract import resolve
from opspact.schema.contract_files import read_tree
from opspact.schema.kinds import KINDS

TOP = Path(__file__).parents[3]
MEASURES = frozenset({"C1", "C2", "C3", "C4", *(f"D{number}" for number in range(1, 8)), "H1", "A9", "G6"})
"""The clauses that measures on hosts keep."""
NOT_YET: frozenset[str] = frozenset()
"""Kinds that keep one of these clauses in the reference contract, and that nothing carries out yet."""
OF_OTHERS = frozenset(
    {
        *("approval", "channels", "flow", "ladder", "person", "quality", "rollout", "roster"),
        *("sla", "staffing", "team", "training", "window"),
    }
)
"""Kinds of other clauses that nothing carries out yet, or that people do and write down in the policies."""


@pytest.fixture(scope="module")
def owed() -> tuple[Obligation, ...]:
    contract: Contract = resolve(read_tree(TOP))
    return tuple(policy_obligations(contract))


def kinds_of(owed: list[Obligation]) -> set[str]:
    return {each.policy.partition("/")[0] for each in owed}


def test_nothing_keeps_a_clause_of_the_measures_without_being_carried_out(owed: tuple[Obligation, ...]) -> None:
    without = [each for each in owed if each.source is None and MEASURES & {*each.clauses}]
    assert kinds_of(without) == NOT_YET


def test_every_kind_that_is_not_carried_out_is_listed(owed: tuple[Obligation, ...]) -> None:
    assert kinds_of([each for each in owed if each.source is None]) == NOT_YET | OF_OTHERS
    assert set(KINDS) - KEEPS_NO_CLAUSE >= NOT_YET | OF_OTHERS


def test_every_clause_of_the_measures_is_owed_something_that_is_carried_out_or_listed(
    owed: tuple[Obligation, ...],
) -> None:
    kept = {clause for each in owed for clause in each.clauses}
    assert kept >= MEASURES - {
        "A9",
        "C1",
        "C3",
    }  # these are kept by services, access and code tables: by checks of their steps
