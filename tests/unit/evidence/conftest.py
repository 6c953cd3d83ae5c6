"""A contract's history in a ledger of its own."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from building import tree
from recorded import POLICIES, History

from opspact.compile.build import build
from opspact.ledger.store import open_ledger
from opspact.resolve.contract import resolve


@pytest.fixture
def history(tmp_path: Path) -> Iterator[History]:
    contract = resolve(tree(*POLICIES))
    with open_ledger(tmp_path / "ledger.sqlite") as ledger:
        yield History(ledger, contract, build(contract, day=date(2026, 3, 2)))
