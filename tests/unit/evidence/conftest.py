"""A contract's history in a ledger of its own."""

from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path

import pytest
from building import tree
from recorded import POLICIES, History

from opspact.compile.build import build
from opspact.compile.shape import Work
from opspact.ledger.store import open_ledger
from opspact.model.contract import Contract
from opspact.resolve.contract import resolve


@pytest.fixture(scope="session")
def compiled() -> tuple[Contract, Mapping[str, Work]]:
    contract = resolve(tree(*POLICIES))
    return contract, build(contract, day=date(2026, 3, 2))


@pytest.fixture
def history(tmp_path: Path, compiled: tuple[Contract, Mapping[str, Work]]) -> Iterator[History]:
    with open_ledger(tmp_path / "ledger.sqlite") as ledger:
        yield History(ledger, *compiled)
