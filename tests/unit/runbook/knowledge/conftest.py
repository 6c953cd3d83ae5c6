"""The knowledge base of the reference contract, and of entries that tests write."""

from collections.abc import Callable
from pathlib import Path

import pytest

from opspact.resolve.contract import resolve
from opspact.runbook.knowledge.entry import entries_of
from opspact.runbook.knowledge.search import KnowledgeBase
from opspact.schema.contract_files import read_tree

REFERENCE = Path(__file__).parents[4]

Best = Callable[[str], str]
"""Given a query, return the runbook of the best match; empty when there is none."""


@pytest.fixture(scope="session")
def reference() -> KnowledgeBase:
    return KnowledgeBase(entries_of(resolve(read_tree(REFERENCE))))
