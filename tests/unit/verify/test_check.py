"""Every planned step gets exactly one verdict; what nobody could see is unknown."""

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import pytest
import testinfra.host

from opspact.errors import NothingFound
from opspact.fleet.connection import Settings
from opspact.fleet.sessions import open_sessions
from opspact.model.inventory.host import Host
from opspact.steps.base import CheckedHost, Step, Task
from opspact.steps.check import HostResult, Reach, Results, State
from opspact.steps.traits import SlowCheck
from opspact.values.secret import Secrets
from opspact.verify.backend import StrictHost, host_of
from opspact.verify.check import check_host, check_hosts

SHELL = "$(ps -o ppid= -p $PPID)"
"""The session's own shell, as a command in it finds it: above the time limit above the command's shell."""

LOCAL = {"ansible_connection": "local", "ansible_become": False}


@dataclass(frozen=True, kw_only=True)
class Says(Step, SlowCheck):
    """Wants a command to say nothing; every line is a difference. `KEY` and `BAD` raise what real looks raise."""

    kind: ClassVar[str] = "says"
    rank: ClassVar[int] = 10
    command: str

    @property
    def subject(self) -> str:
        return self.command

    def tasks(self) -> tuple[Task, ...]:
        return ()

    def removal(self) -> tuple[Task, ...]:
        return ()

    def check(self, host: CheckedHost, secrets: Secrets) -> Iterator[str]:  # noqa: ARG002 - the kinds' common signature
        said = host.run(self.command).stdout
        if said == "KEY\n":
            raise LookupError("secret vault:borg is not available")
        if said == "BAD\n":
            raise ValueError("not a number: x")
        yield from said.splitlines()

    def present(self, host: CheckedHost) -> bool:
        return host.run(f"({self.command}) | grep -q there").rc == 0


def look(commands: dict[str, list[str]]) -> Results:
    work = {name: [Says(command=command) for command in wanted] for name, wanted in commands.items()}
    with open_sessions([Host(name, LOCAL) for name in work], settings=Settings()) as sessions:
        return check_hosts(sessions, work, {})


def seen(result: HostResult) -> list[tuple[State, str, bool | None]]:
    return [(check.state, check.detail, check.present) for check in result.checks]


def test_a_step_is_ok_failed_or_unknown() -> None:
    result = look({"web1": ["true", "echo is there; echo twice", "echo gone", "echo KEY", "echo BAD"]})["web1"]
    expected = [
        (State.OK, "", None),
        (State.FAILED, "is there; twice", True),
        (State.FAILED, "gone", False),
        (State.UNKNOWN, "secret vault:borg is not available", None),
        (State.UNKNOWN, "the check failed: not a number: x", None),
    ]
    assert expected == seen(result)
    assert result.reach is Reach.REACHED


def test_what_comes_after_a_lost_connection_is_unknown_and_counted() -> None:
    results = look({"web1": ["true", f"kill -9 {SHELL}", "true"], "web2": ["true"]})
    states = [check.state for check in results["web1"].checks]
    assert states == [State.OK, State.UNKNOWN, State.UNKNOWN]
    assert results["web1"].reach is Reach.BROKEN
    assert results["web1"].detail == results["web1"].checks[1].detail
    assert [check.state for check in results["web2"].checks] == [State.OK]


def test_a_connection_lost_while_asking_for_presence_makes_that_step_unknown(tmp_path: Path) -> None:
    flag = tmp_path / "asked"
    result = look({"web1": [f"if [ -e {flag} ]; then kill -9 {SHELL}; else echo gone >{flag}; echo gone; fi"]})["web1"]
    assert ([check.state for check in result.checks], result.reach) == ([State.UNKNOWN], Reach.BROKEN)


def test_a_host_that_is_never_reached_has_all_its_steps_unknown() -> None:
    variables = {"ansible_host": "127.0.0.1", "ansible_port": 1}
    work = {"down": [Says(command="true")] * 3}
    with open_sessions([Host("down", variables)], settings=Settings()) as sessions:
        result = check_hosts(sessions, work, {})["down"]
    assert (result.reach, result.count(State.UNKNOWN)) == (Reach.DOWN, 3)
    assert "Connection refused" in result.checks[2].detail


def test_a_verify_that_would_check_nothing_is_an_error() -> None:
    with open_sessions([Host("web1", LOCAL)], settings=Settings()) as sessions, pytest.raises(NothingFound):
        check_hosts(sessions, {"web1": []}, {})


def test_hosts_without_steps_stand_beside_those_with_some() -> None:
    results = look({"web1": [], "web2": ["true"]})
    assert {name: seen(result) for name, result in results.items()} == {"web1": [], "web2": [(State.OK, "", None)]}


def test_output_that_is_no_utf8_makes_the_step_unknown() -> None:
    (check,) = look({"web1": [r"printf '\377\376'"]})["web1"].checks
    assert (check.state, "codec can't decode" in check.detail) == (State.UNKNOWN, True)


def test_the_same_steps_can_be_looked_at_over_any_testinfra_host() -> None:
    steps = [Says(command="true"), Says(command="echo is there")]
    checks = check_host(testinfra.host.get_host("local://"), steps, {})
    assert [(check.state, check.detail) for check in checks] == [(State.OK, ""), (State.FAILED, "is there")]


def test_our_connection_is_registered_and_runs_in_the_session() -> None:
    with open_sessions([Host("web1", LOCAL)], settings=Settings()) as sessions:
        said = sessions.each(
            lambda session: testinfra.host.Host.get_host("web1", connection="opspact", session=session).check_output(
                "echo %s", "a b"
            )
        )
    assert said == {"web1": "a b"}


def test_testinfras_modules_work_without_asking_for_the_encoding() -> None:
    with open_sessions([Host("web1", LOCAL)], settings=Settings()) as sessions:
        said = sessions.each(lambda session: host_of(session).run("printf '数据'").stdout)
    assert said == {"web1": "数据"}


OPTIMISED = """
from opspact.fleet.connection import Settings
from opspact.fleet.sessions import open_sessions
from opspact.model.inventory.host import Host
from opspact.verify.backend import host_of
def work(session):
    try:
        return host_of(session).check_output("echo no >&2; exit 3")
    except AssertionError as error:
        return str(error)
hosts = [Host("web1", {"ansible_connection": "local", "ansible_become": False})]
with open_sessions(hosts, settings=Settings()) as sessions:
    print(sessions.each(work)["web1"])
"""


def test_assertions_about_commands_hold_under_python_o() -> None:
    done = subprocess.run(
        [sys.executable, "-O", "-c", OPTIMISED], capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.stdout, done.stderr) == ("exit status 3 of 'echo no >&2; exit 3': no\n", "")


def test_a_strict_host_is_still_testinfras_host() -> None:
    assert issubclass(StrictHost, testinfra.host.Host)
