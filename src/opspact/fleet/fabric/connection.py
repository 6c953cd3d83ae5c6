"""fabric's Connection over a session of the fleet: what operators know, with OpenSSH as the wire.

Comes in: a session. Goes out: a `fabric.Connection` whose commands and files go through OpenSSH: the inventory's
variables, known_hosts, `ssh_config`, jump hosts, the agent, become, the fence of the run. paramiko connects to nothing.
What fabric offers and this does not is refused, with what to do instead. Differences: docs/decisions/0061-fabric.md.
"""

import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from itertools import pairwise
from pathlib import PurePosixPath
from typing import Any, NoReturn, cast
from weakref import WeakSet

import fabric
import fabric.connection
from invoke.exceptions import AuthFailure
from invoke.runners import Result
from paramiko.config import SSHConfig

from opspact.errors import OperationFailed, Refused
from opspact.fleet.fabric.command_shell import CommandSettings, CommandShell, HostCommand
from opspact.fleet.fabric.runner import LocalRunner, SessionRunner
from opspact.fleet.fabric.transcript import Transcript
from opspact.fleet.fabric.transfer import HostTransfer
from opspact.fleet.failures import HostLost
from opspact.fleet.session import Session
from opspact.fleet.shell_words import word
from opspact.steps.check import Reach
from opspact.values.secret import Secret

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_HOME = re.compile(r"~[\w.-]*(?=/|$)")
_SSH = "connections are OpenSSH's"
_WITHOUT_PORT = 22


class PrivilegeRefused(AuthFailure):
    """The login may not become the user that `sudo` was to be; the command did not run.

    One of invoke's errors, as fabfiles catch those.
    """

    def __init__(self, result: Result, prompt: str, detail: str) -> None:
        super().__init__(result, prompt)
        self.detail = detail

    def __str__(self) -> str:
        """Return what sudo said, and the way out where one is known."""
        return self.detail


class Connection(fabric.Connection):  # type: ignore[misc]  # fabric has no types
    """One host, as tasks of a fabfile know it. Used by one thread at a time, like its session."""

    # fabric's contexts take what is not declared here for a setting.
    session: Session
    transcript: Transcript | None = None
    deadline: float | None = None
    """On the monotonic clock (seconds): when the task has to be done; None: it has no time limit."""
    name: str = ""
    _running: "WeakSet[HostCommand]"
    _was_reached: bool = False

    def __init__(self, session: Session, *, config: fabric.Config | None = None) -> None:
        """Given a session, prepare the connection; nothing is opened yet. `config`: settings of fabric's own."""
        self._set(session=session, name=session.name, _running=WeakSet())
        super().__init__(session.name, config=_configuration(config))
        client = session.client
        self.host = client[-1] if client else session.name
        self.user = _option(client, "-l") or self.config.user
        self.port = int(_option(client, "-p") or _WITHOUT_PORT)
        self.client = None

    def derive_shorthand(self, host_string: str) -> dict[str, Any]:
        """Given the inventory's name of a host, return it: no user and no port are read from it."""
        return {"user": None, "host": host_string, "port": None}

    def _identity(self) -> tuple[str, str, str, int]:
        return (self.name, self.host, self.user, self.port)

    @property
    def is_connected(self) -> bool:
        """Whether the host was reached, by the session or by a command, and the connection not closed since."""
        return self.session.is_open or self._was_reached

    def open(self) -> None:
        """Reach the host, unless that is done already. Raise HostLost when it fails."""
        self.session.open()

    def close(self) -> None:
        """End what still runs. The session belongs to who made it, and stays open.

        On a host that a run has taken, no later command goes through a connection that is older than what was changed.
        """
        for running in list(self._running):
            running.end()
        if self._was_reached and self.session.guard is not None:
            self.session.close_kept()
        self._was_reached = False

    def time_limit(self, limit: float | None) -> float | None:
        """Given a command's own time limit, return the one that it has under the task's. Raise OperationFailed at 0."""
        if self.deadline is None:
            return limit
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise OperationFailed(f"{self.name}: the time limit of the task is reached")
        return left if limit is None else min(limit, left)

    def start(
        self, command: str, settings: CommandSettings, *, user: str | None = None, password: str | None = None
    ) -> HostCommand:
        """Given a command, begin it on the host. Raise HostLost when it does not begin.

        `user`: as whom it runs, `password`: the login's own, for that; None: as who has logged in, the session's.
        """
        for lost in (self.session.lost, self.transcript.lost if self.transcript else None):
            if lost is not None:
                raise lost
        if strange := [name for name in settings.variables if not _NAME.fullmatch(name)]:
            raise Refused(f"not a name of an environment variable: {', '.join(map(repr, strange))}")
        given = Secret(password) if password is not None else None
        shell = self.session.duplicate(CommandShell, become=user is not None, password=given)
        shell.user = "" if user in {None, "root"} else str(user)
        with ExitStack() as unfinished:
            unfinished.callback(shell.close, within=0)
            running = shell.start(command, settings)
            unfinished.pop_all()
        self._running.add(running)
        self._was_reached = True
        return running

    # Commands

    def _remote_runner(self) -> SessionRunner:
        return SessionRunner(self, inline_env=True)

    def run(self, command: str, **options: Any) -> Result:
        """Given a command for the login's shell, run it on the host as fabric does; the options are fabric's.

        Raise HostLost when the connection is lost: how the command ended is unknown.
        """
        return self._run_with(self._remote_runner(), command, options)

    def sudo(self, command: str, **options: Any) -> Result:
        """Given a command, run all of it as root, or as `user`. Raise AuthFailure when the login may not become that.

        The password is `password`, in its absence the setting `sudo.password`, then the session's.
        """
        runner = self._remote_runner()
        runner.user = options.pop("user", self.config.sudo.user) or "root"
        runner.password = options.pop("password", self.config.sudo.password)
        try:
            return self._run_with(runner, command, options)
        except HostLost as lost:
            if lost.reach is not Reach.NO_PRIVILEGE:
                raise
            result = runner.generate_result(**runner.result_kwargs, stdout="", stderr=lost.detail, exited=None)
            raise PrivilegeRefused(result, self.config.sudo.prompt, str(lost)) from None

    def _run_with(self, runner: SessionRunner, command: str, options: dict[str, Any]) -> Result:
        if not isinstance(command, str):
            raise Refused(f"a command is a string, not {type(command).__name__}")
        if options.get("disown"):
            raise Refused(
                "disown=True is not supported: nobody would end the command, or know how it ended",
                hint="use asynchronous=True and join(), or start a unit on the host with systemd-run",
            )
        return cast("Result", runner.run(self._prefix_commands(command), **options))

    @property
    def cwd(self) -> str:
        """The directory of `cd`, nested ones joined; empty: where the login begins."""
        joined = PurePosixPath()
        for path in self.command_cwds:
            joined = PurePosixPath(path) if path.startswith("~") else joined / path
        return str(joined) if self.command_cwds else ""

    def _prefix_commands(self, command: str) -> str:
        """Return the command after `cd` and the prefixes; a directory is one word, whatever its name."""
        change = [f"cd {_directory(self.cwd)}"] if self.cwd else []
        return " && ".join([*change, *self.command_prefixes, command])

    # Files

    def get(self, *arguments: Any, **options: Any) -> Any:
        """Fetch a file as fabric does: over the session, compared in size, whole or not at all."""
        with self._recorded_loss():
            return HostTransfer(self).get(*arguments, **options)

    def put(self, *arguments: Any, **options: Any) -> Any:
        """Send a file as fabric does: over the session, compared in size, whole or not at all."""
        with self._recorded_loss():
            return HostTransfer(self).put(*arguments, **options)

    @contextmanager
    def _recorded_loss(self) -> Iterator[None]:
        try:
            yield
        except HostLost as lost:
            if self.transcript is not None:
                self.transcript.add_loss(lost)
            raise

    # What is refused

    def sftp(self) -> NoReturn:
        """Refuse."""
        raise Refused(f"sftp() is not supported: {_SSH}", hint="use put(), get() or run()")

    def shell(self, **_options: Any) -> NoReturn:
        """Refuse."""
        raise Refused("shell() is not supported", hint="use run(command, pty=True), or `ssh` at a terminal")

    def create_session(self) -> NoReturn:
        """Refuse."""
        raise Refused(f"create_session() is not supported: {_SSH}", hint="use run() or sudo()")

    def open_gateway(self) -> NoReturn:
        """Refuse."""
        raise Refused(
            f"gateways are not supported: {_SSH}", hint="set ProxyJump in ssh_config or ansible_ssh_common_args"
        )

    @contextmanager
    def forward_local(self, *_arguments: Any, **_options: Any) -> Iterator[None]:
        """Refuse."""
        raise Refused("forward_local() is not supported", hint="run the program on the host, or use `ssh -L`")
        yield  # makes it a context manager, as fabric's is

    @contextmanager
    def forward_remote(self, *_arguments: Any, **_options: Any) -> Iterator[None]:
        """Refuse."""
        raise Refused("forward_remote() is not supported", hint="copy what is needed with put(), or use `ssh -R`")
        yield  # as above

    @classmethod
    def _refuse_v1(cls, *_arguments: Any, **_options: Any) -> NoReturn:
        raise Refused("settings of fabric 1 are not read", hint="write the host into the inventory")

    from_v1 = _refuse_v1


def _directory(path: str) -> str:
    """Return a directory as one word of the shell; `~` and `~user` at its beginning mean a home."""
    if home := _HOME.match(path):
        rest = path[home.end() + 1 :]
        return home[0] + (f"/{word(rest)}" if rest else "")
    return word(f"./{path}" if path.startswith("-") else path)


def _option(client: Sequence[str], name: str) -> str:
    """Return the first value of an option of ssh; empty: it has none."""
    found = (value for option, value in pairwise(client) if option == name)
    return next(found, "")


def _configuration(config: fabric.Config | None) -> fabric.Config:
    """Return settings with our runners. No file of fabric's and no ssh_config is read: ssh does that."""
    made = config or fabric.Config(lazy=True, ssh_config=SSHConfig())
    runners: Mapping[str, Callable[..., Any]] = {"remote": SessionRunner, "local": LocalRunner}
    made.runners.update(runners)
    return made
