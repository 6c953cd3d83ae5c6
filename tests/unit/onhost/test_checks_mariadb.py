"""What an inspection says of MariaDB, from what a server answered."""

import json
from typing import Any

import pytest
from inspecting import look
from programs import Machine

FACTS: dict[str, Any] = {
    "connections": "90",
    "allowed": 100,
    "exists": 1,
    "size": 1048576,
    "longest": 30,
    "replicas": 1,
    "data": "/",
}
ACTIVE = "LoadState=loaded\nActiveState=active\nSubState=running\nNRestarts=0\nExecMainStartTimestampMonotonic=1"


def seen_of(machine: Machine, shown: str, **more: object) -> dict[str, dict[str, Any]]:
    machine.command("systemctl", f"echo '{ACTIVE}'")
    machine.command("mariadb", f'echo "$@" >> {machine.folder}/asked; {shown}')
    item = {"item": "mariadb", "database": "oa", **more}
    return {seen["item"].removeprefix("mariadb_"): seen for seen in look(machine, item)}


def answer(**facts: object) -> str:
    return f"echo '{json.dumps({**FACTS, **facts})}'"


def test_a_database_is_asked_once_for_all_that_is_judged(machine: Machine) -> None:
    limits = {"connections": {"warn": 80, "critical": 95}, "longest_transaction": {"warn": 60}}
    seen = seen_of(machine, answer(), **limits, replicas=2)
    assert {name: (part["verdict"], part["value"], part["unit"]) for name, part in seen.items()} == {
        "unit": ("ok", "active", ""),
        "connections": ("warning", 90.0, "%"),
        "longest_transaction": ("ok", 30, "s"),
        "size": ("ok", 1048576, "bytes"),
        "replicas": ("critical", 1, "replicas"),
    }
    assert {part["subject"] for part in seen.values()} == {"oa"}
    asked = (machine.folder / "asked").read_text()
    assert (asked.count("--no-defaults --protocol=socket"), asked.count("'oa'")) == (1, 2)
    assert seen["size"]["free_bytes"] > 0


@pytest.mark.parametrize(
    ("shown", "verdict"),
    [
        ("echo 'ERROR 2002 (HY000): Can not connect to local server through socket' >&2; exit 1", "critical"),
        ("echo 'ERROR 1040 (08004): Too many connections' >&2; exit 1", "critical"),
        ("echo 'ERROR 1045 (28000): Access denied' >&2; exit 1", "unknown"),
        (answer(exists=0), "critical"),
        ("echo NULL", "unknown"),
    ],
)
def test_a_server_that_does_not_answer_is_critical_and_a_question_that_fails_unknown(
    machine: Machine, shown: str, verdict: str
) -> None:
    assert seen_of(machine, shown)["mariadb"]["verdict"] == verdict


HEAD = "Connection_name\\tSlave_IO_Running\\tSlave_SQL_Running\\tSeconds_Behind_Master\\tLast_IO_Error\\tLast_SQL_Error"


@pytest.mark.parametrize(
    ("rows", "verdict", "value"),
    [
        (["\\tYes\\tYes\\t0\\t\\t"], "ok", 0),
        (["\\tYes\\tYes\\t70\\t\\t"], "warning", 70),
        (["a\\tYes\\tYes\\t5\\t\\t", "b\\tYes\\tYes\\t80\\t\\t"], "warning", 80),
        (["\\tConnecting\\tYes\\tNULL\\tcannot connect\\t"], "critical", None),
        (["a\\tYes\\tYes\\t0\\t\\t", "b\\tYes\\tNo\\tNULL\\t\\tno such table"], "critical", None),
    ],
)
def test_a_replica_that_is_behind_or_stopped_is_seen(
    machine: Machine, rows: list[str], verdict: str, *, value: int | None
) -> None:
    lines = "\\n".join((HEAD, *rows))
    shown = f"case \"$*\" in *slaves*) printf '{lines}\\n';; *) {answer()};; esac"
    seen = seen_of(machine, shown, replication_lag={"warn": 60})["replication_lag"]
    assert (seen["verdict"], seen["value"]) == (verdict, value)


def test_a_server_that_is_no_replica_has_no_lag(machine: Machine) -> None:
    shown = f'case "$*" in *slaves*) :;; *) {answer()};; esac'
    assert "replication_lag" not in seen_of(machine, shown, replication_lag={"warn": 60})
