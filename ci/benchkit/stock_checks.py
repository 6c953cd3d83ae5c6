"""The measured checks as a pytest file for stock testinfra. Run by pytest in the peers' environment, never by us.

In: the steps (their path in BENCH_STEPS), written by `contract`. The very same assertions as `opspact verify`
makes, so that only the way to the hosts differs; a user's file of single properties would ask more often.
"""

import os
import pickle
from pathlib import Path
from typing import Any

import pytest

STEPS = pickle.loads(Path(os.environ["BENCH_STEPS"]).read_bytes())  # written by the same run


@pytest.mark.parametrize("step", STEPS, ids=[step.identity for step in STEPS])
def test_step(host: Any, step: Any) -> None:
    """One step is as wanted."""
    assert list(step.check(host, {})) == []
