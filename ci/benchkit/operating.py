"""Commands of operators on one host: as a runbook, as a task of a fabfile over our sessions, and by fabric alone.

In: nothing. Out: a lab of one host, and rows. All run in this process; each contestant logs in once for its commands.
"""

import io
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

import fabric
from labkit import HostSpec, Lab

from benchkit.bed import LAB
from benchkit.measure import EXACT, Taking
from benchkit.table import Row
from benchkit.timing import BenchError, Run
from opspact.cli.main import main
from opspact.fleet.connection import Settings
from opspact.fleet.fabric.connection import Connection
from opspact.fleet.failures import HostLost
from opspact.fleet.session import Session
from opspact.fleet.sessions import open_sessions
from opspact.model.inventory.host import Host

HOST = "app1"
CONTRACT = """\
kind: contract
name: operating
customer: {zh: 甲, en: Customer}
provider: {zh: 乙, en: Provider}
period: 2026-01-01..2035-12-31
zone: Asia/Shanghai
language: en
"""
RUNBOOK = """\
kind: runbook
name: twenty
text: {zh: 二十条命令, en: Twenty commands}
symptoms: {zh: [慢], en: [slow]}
risk: reversible
hosts: web
without_restore_point: {zh: 没有数据, en: no data is changed}
steps:
"""
COMMANDS = tuple(f"test -e /etc/hostname && echo step {number}" for number in range(20))
SIZE = 16 * 1024 * 1024
LARGE = f"yes 数据库连接失败 | head -c {SIZE}"


class Operating:
    """The lab with its host, and a folder for a contract that has the commands as a runbook."""

    def __init__(self, lab: Lab, folder: Path) -> None:
        self.folder = folder
        (folder / "policies").mkdir(parents=True)
        (folder / "runbooks").mkdir()
        lab.inventory(folder / "inventory")
        (folder / "policies/contract.yaml").write_text(CONTRACT, encoding="utf-8")
        steps = (
            f"  - {{name: step-{number}, text: {{zh: 一步, en: a step}}, command: [sh, -c, {line!r}]}}\n"
            for number, line in enumerate(COMMANDS)
        )
        (folder / "runbooks/twenty.yaml").write_text(RUNBOOK + "".join(steps), encoding="utf-8")
        strict = f"-o UserKnownHostsFile={lab.known_hosts} -o GlobalKnownHostsFile=/dev/null -o IdentitiesOnly=yes"
        self.lab = lab
        self.host = Host(
            HOST,
            {
                "ansible_host": lab.address(HOST),
                "ansible_user": "ops",
                "ansible_ssh_private_key_file": str(lab.key),
                "ansible_ssh_common_args": strict,
            },
        )

    def by_runbook(self) -> Run:
        """Measure the commands as steps of a runbook: from reading the contract to the end of the run in the ledger."""
        shown = io.StringIO()

        def run() -> str:
            asked = ["--contract", str(self.folder), "--close-connections", "runbook", "run", "twenty", "--host", HOST]
            with redirect_stdout(shown), redirect_stderr(io.StringIO()):
                main([*asked, "--format", "json"])
            return shown.getvalue()

        return _measured(run, lambda text: text.count('"outcome": "done"') == len(COMMANDS) + 2)

    def by_ours(self) -> Run:
        """Measure the commands as a task of a fabfile runs them."""
        return self._on_session(lambda it: _steps(_quiet(Connection(it))), _check_steps)

    def by_fabric(self) -> Run:
        """Measure the commands over one connection of fabric's own."""
        with self._theirs() as connection:
            return _measured(lambda: _steps(connection), _check_steps)

    def large_by_ours(self) -> Run:
        """Measure the large output."""
        return self._on_session(lambda it: _quiet(Connection(it)).run(LARGE).stdout, _check_large)

    def large_by_fabric(self) -> Run:
        """Measure the large output over fabric's own connection, which damages characters."""
        with self._theirs() as connection:
            return _measured(lambda: connection.run(LARGE).stdout, lambda text: len(text) > SIZE // 4)

    def _on_session(self, work: Callable[[Session], Any], is_right: Callable[[Any], bool]) -> Run:
        def run() -> Any:
            with open_sessions([self.host], settings=Settings(keeps_connections=True)) as sessions:
                (answer,) = sessions.each(work).values()
                sessions.each(Session.close_kept)  # each measurement logs in for itself
            if isinstance(answer, HostLost):
                raise BenchError(str(answer))
            return answer

        return _measured(run, is_right)

    @contextmanager
    def _theirs(self) -> Iterator[Any]:
        options = {"key_filename": str(self.lab.key)}
        config = fabric.Config(lazy=True)
        with fabric.Connection(self.lab.address(HOST), "ops", config=config, connect_kwargs=options) as made:
            yield _quiet(made)


def _quiet(connection: Any) -> Any:
    connection.config.run.in_stream = False
    connection.config.run.hide = True
    return connection


def _steps(connection: Any) -> list[str]:
    return [connection.run(line).stdout for line in COMMANDS]


def _check_steps(found: list[str]) -> bool:
    return found == [f"step {number}\n" for number in range(len(COMMANDS))]


def _check_large(text: str) -> bool:
    return len(text.encode()) >= SIZE and set(text.split("\n")[:-1]) == {"数据库连接失败"}


def _measured(work: Callable[[], Any], is_right: Callable[[Any], bool]) -> Run:
    load, start = os.getloadavg()[0], time.perf_counter()
    found = work()
    seconds = time.perf_counter() - start
    if not is_right(found):
        raise BenchError("the commands gave something else")
    return Run(seconds, load=load)


def operate(folder: Path, taking: Taking) -> list[Row]:
    """Measure twenty commands, and 16 MB of output of one command, on a lab of its own."""
    lab = Lab(LAB)
    lab.down()
    try:
        bed = Operating(lab.up([HostSpec(HOST, ("web",), 11, "bookworm")]), folder / "operating")
        taking.turns({"runbook": bed.by_runbook, "ours": bed.by_ours, "fabric": bed.by_fabric}, at_least=EXACT)
        taking.turns({"large, ours": bed.large_by_ours, "large, fabric": bed.large_by_fabric})
    finally:
        lab.down()
    work, large = f"{len(COMMANDS)} commands on one host", "16 MB of output of one command"
    theirs = taking.figure("fabric", "fabric 3.2 over one connection")
    return [
        Row(work, taking.figure("runbook", "a runbook of `command` steps"), theirs, 1.0, at_most=True),
        Row(work, taking.figure("ours", "a task of a fabfile, over OpenSSH"), theirs, 1.5, at_most=True),
        Row(
            large,
            taking.figure("large, ours", "a task of a fabfile, over OpenSSH"),
            taking.figure("large, fabric", "fabric 3.2"),
            0.05,
            at_most=True,
        ),
    ]
