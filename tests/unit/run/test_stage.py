"""Stages and runs as data."""

from datetime import UTC, datetime

import pytest

from opspact.errors import Refused
from opspact.run.stage import Run, Stage, new_id


def stages(*names: str) -> tuple[Stage, ...]:
    return tuple(Stage(name, f"does {name}") for name in names)


@pytest.mark.parametrize("names", [(), ("a", "a"), ("a", "b", "a"), ("A",), ("a b",), ("",), ("-a",), ("a\n",)])
def test_a_run_that_could_not_be_resumed_is_refused(names: tuple[str, ...]) -> None:
    with pytest.raises(Refused):
        Run("r1", "apply", stages(*names))


def test_a_run_names_each_host_once_in_the_order_of_its_stages() -> None:
    first, second = Stage("one", "does one", ("db1", "app1")), Stage("two", "does two", ("app2", "db1"))

    assert Run("r1", "apply", (first, second)).hosts == ("db1", "app1", "app2")


def test_names_of_runs_sort_by_time_and_differ() -> None:
    first = new_id("apply", datetime(2026, 9, 30, 23, 59, 59, tzinfo=UTC), "ff")
    second = new_id("apply", datetime(2026, 10, 1, tzinfo=UTC), "aa")

    assert first == "apply-20260930t235959z-ff"
    assert first < second
