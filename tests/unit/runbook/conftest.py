"""People with keys, made once, and a ledger for runs."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from runbook_runs import People, Runs, runs


@pytest.fixture
def people(tmp_path: Path) -> People:
    return People(tmp_path)


@pytest.fixture
def record(tmp_path: Path) -> Iterator[Runs]:
    with runs(tmp_path) as made:
        yield made
