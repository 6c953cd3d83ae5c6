"""What an inspection says of PostgreSQL, from what a server answered."""

import json
import os
import pwd
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from inspecting import look
from programs import Machine

FACTS: dict[str, Any] = {
    "connections": 85,
    "allowed": 100,
    "size": 8815112,
    "longest": 12.5,
    "oldest": 2**30,
    "is_standby": False,
    "standbys": 0,
    "standby_lag": None,
    "has_primary": False,
    "receives": False,
    "has_replayed": True,
    "lag": None,
}
ACTIVE = "LoadState=loaded\nActiveState=active\nSubState=running\nNRestarts=0\nExecMainStartTimestampMonotonic=1"


def cluster(machine: Machine, name: str = "main", *, port: int = 5432, runs: bool = True) -> Path:
    """Make a cluster as Debian lays it out, of a release that this machine does not have."""
    configuration, data = machine.folder / "etc/99" / name, machine.folder / "data" / name
    for folder in (configuration, data):
        folder.mkdir(parents=True)
    (configuration / "postgresql.conf").write_text(f"port = 1\ndata_directory = '{data}'\t\t# use data in another\n")
    if runs:
        (data / "postmaster.pid").write_text(
            f"41\n{data}\n1790000000\n{port}\n/run/postgresql-{name}\n*\n123 0\nready\n"
        )
    return data


def answer(machine: Machine, *, active: str = ACTIVE, **facts: object) -> None:
    machine.command("systemctl", f"echo '{active}'; echo \"$@\" >> {machine.folder}/units")
    machine.command("psql", f"echo '{json.dumps({**FACTS, **facts})}'; echo \"$@\" >> {machine.folder}/asked")


def seen_of(machine: Machine, **more: object) -> dict[str, dict[str, Any]]:
    item = {"item": "postgresql", "database": "oa", "clusters": str(machine.folder / "etc"), **more}
    return {seen["item"].removeprefix("postgresql_"): seen for seen in look(machine, item)}


def test_a_database_is_asked_once_for_all_that_is_judged(machine: Machine) -> None:
    cluster(machine, port=5433)
    answer(machine)
    seen = seen_of(
        machine,
        connections={"warn": 80, "critical": 95},
        longest_transaction={"critical": 10},
        wraparound={"warn": 50, "critical": 75},
    )
    assert {name: (part["verdict"], part["value"], part["unit"]) for name, part in seen.items()} == {
        "unit": ("ok", "active", ""),
        "connections": ("warning", 85.0, "%"),
        "longest_transaction": ("critical", 12, "s"),
        "size": ("ok", 8815112, "bytes"),
        "wraparound": ("warning", 50.0, "%"),
    }
    assert {part["subject"] for part in seen.values()} == {"oa"}
    (asked, *_) = (machine.folder / "asked").read_text().splitlines()
    assert asked.startswith("-XAtw -h /run/postgresql-main -p 5433 -d oa -c")
    assert (machine.folder / "units").read_text().endswith("-- postgresql@99-main.service\n")
    assert seen["size"]["free_bytes"] > 0


def test_a_cluster_that_does_not_run_is_critical_and_is_not_asked(machine: Machine) -> None:
    cluster(machine, runs=False)
    answer(machine, active="LoadState=loaded\nActiveState=inactive\nSubState=dead")
    seen = seen_of(machine)
    assert {name: part["verdict"] for name, part in seen.items()} == {"unit": "critical", "postgresql": "critical"}
    assert seen["postgresql"]["message"] == "The cluster 99/main is not running."
    assert not (machine.folder / "asked").exists()


@pytest.mark.parametrize(("status", "state"), [(2, "critical"), (1, "unknown")])
def test_a_database_that_does_not_answer_is_critical_and_a_question_that_fails_unknown(
    machine: Machine, status: int, state: str
) -> None:
    cluster(machine)
    answer(machine)
    machine.command("psql", f"echo 'FATAL: database \"oa\" does not exist' >&2; exit {status}")
    seen = seen_of(machine)["postgresql"]
    assert (seen["verdict"], 'database "oa" does not exist' in seen["message"]) == (state, True)


@pytest.mark.parametrize(
    ("ports", "wanted", "words"),
    [
        ({"a": 5433, "b": 5432}, {}, "-h /run/postgresql-b -p 5432"),
        ({"a": 5433, "b": 5432}, {"cluster": "99/a"}, "-h /run/postgresql-a -p 5433"),
        ({"a": 5433, "b": 5434}, {}, "there are several clusters, and none is named"),
        ({"a": 5432}, {"cluster": "99/c"}, "there is no cluster 99/c"),
        ({}, {}, "there is no cluster in"),
    ],
)
def test_the_cluster_is_the_named_one_or_the_only_one_or_the_one_with_the_usual_port(
    machine: Machine, ports: dict[str, int], wanted: dict[str, str], *, words: str
) -> None:
    for name, port in ports.items():
        cluster(machine, name, port=port)
    answer(machine)
    seen = seen_of(machine, **wanted)
    if words.startswith("-h"):
        assert words in (machine.folder / "asked").read_text()
        assert {part["subject"] for part in seen.values()} == {"99/a:oa" if wanted else "oa"}
    else:
        assert (seen["postgresql"]["verdict"], words in seen["postgresql"]["message"]) == ("unknown", True)


STANDBY = {"is_standby": True, "has_primary": True, "receives": True}


@pytest.mark.parametrize(
    ("facts", "verdict", "value"),
    [
        ({**STANDBY, "lag": 86400.0}, "ok", 0),  # the primary is idle
        ({**STANDBY, "has_replayed": False, "lag": 90.04}, "warning", 90.0),
        ({**STANDBY, "has_replayed": False, "lag": 700.0}, "critical", 700.0),
        ({**STANDBY, "has_replayed": False, "lag": None}, "unknown", None),
        ({**STANDBY, "receives": False, "lag": 1.0}, "critical", None),
        ({"is_standby": True, "has_replayed": False, "lag": 30.0}, "ok", 30.0),  # it replays an archive
        ({"standbys": 2, "standby_lag": 61.0}, "warning", 61.0),
        ({"standbys": 1, "standby_lag": None}, "ok", 0),
    ],
)
def test_a_standby_that_is_behind_or_receives_nothing_is_seen(
    machine: Machine, facts: dict[str, Any], verdict: str, *, value: float | None
) -> None:
    cluster(machine)
    answer(machine, **facts)
    seen = seen_of(machine, replication_lag={"warn": 60, "critical": 600})
    found = seen["postgresql" if verdict == "unknown" else "replication_lag"]
    assert (found["verdict"], found["value"]) == (verdict, value)


@pytest.mark.parametrize(
    ("facts", "verdict"),
    [({"standbys": 1}, "critical"), ({"standbys": 2}, "ok"), ({"is_standby": True}, None)],
)
def test_a_primary_with_too_few_standbys_is_critical(
    machine: Machine, facts: dict[str, Any], verdict: str | None
) -> None:
    cluster(machine)
    answer(machine, **facts)
    seen = seen_of(machine, standbys=2)
    assert seen.get("standbys", {}).get("verdict") == verdict


@pytest.fixture
def open_machine() -> Iterator[Machine]:
    """A folder that every account can enter, as no folder of pytest's."""
    with tempfile.TemporaryDirectory(prefix="opi-", dir="/tmp") as folder:
        Path(folder).chmod(0o755)
        yield Machine(Path(folder))


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be another account")
def test_a_cluster_is_asked_as_the_account_that_owns_it(open_machine: Machine) -> None:
    machine = open_machine
    data = cluster(machine)
    answer(machine)
    nobody = pwd.getpwnam("nobody")
    os.chown(data, nobody.pw_uid, nobody.pw_gid)
    machine.command("psql", "id -un >&2; id -Gn >&2; exit 1")
    seen = seen_of(machine)["postgresql"]
    assert "psql: nobody nogroup." in seen["message"], seen
