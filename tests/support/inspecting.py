"""Runs the inspection's program on a folder that stands for a host. Used by the tests of its checks."""

from typing import Any

from programs import Machine


def look(machine: Machine, *items: dict[str, object], only_ours: bool = False) -> list[dict[str, Any]]:
    """Inspect; return what was seen of each item."""
    done = machine.run("inspection", machine.settings(job="inspection/daily", items=items), only_ours=only_ours)
    assert done.returncode == 0, done.stderr
    items_seen: list[dict[str, Any]] = machine.newest("inspection/daily")["items"]
    return items_seen


def one(machine: Machine, *, only_ours: bool = False, **item: object) -> dict[str, Any]:
    (result,) = look(machine, item, only_ours=only_ours)
    return result
