"""A folder that stands for a host, for every test of this folder."""

from pathlib import Path

import pytest
from programs import Machine


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)
