"""testinfra over a session of the fleet: the connection `opspact` of `testinfra.backend.BACKENDS`.

In: a session. Out: a testinfra host whose every command goes through it.
"""

from collections.abc import Mapping
from typing import Any, cast

import testinfra.backend
from testinfra.backend.base import BaseBackend, CommandResult
from testinfra.host import Host

from opspact.fleet.framing import Completed
from opspact.fleet.session import Session
from opspact.steps.base import CheckedHost

CONNECTION = "opspact"


class SessionBackend(BaseBackend):
    """Runs testinfra's commands in a session's shell, as the user that the session has become.

    `answers` are what is known already of commands; those are not run.
    """

    NAME = CONNECTION

    def __init__(
        self, hostspec: str, *, session: Session, answers: Mapping[str, Completed] | None = None, **options: Any
    ) -> None:
        super().__init__(hostspec, **options)
        self._session = session
        self._answers: Mapping[str, Completed] = {} if answers is None else answers

    def run(self, command: str, *args: str, **_options: Any) -> CommandResult:
        """Given a command with `%s` for quoted arguments, return its result. A lost host passes through as HostLost."""
        line = self.get_command(command, *args)
        done = self._answers.get(line) or self.ask(line)
        return CommandResult(self, done.rc, line.encode("utf-8", "surrogateescape"), done.stdout, done.stderr)

    def ask(self, line: str) -> Completed:
        """Given a command whose answer is not known, run it. Raise HostLost."""
        return self._session.run(line)

    def get_encoding(self) -> str:
        """Return the encoding of the session's shell, which always runs in C.UTF-8; testinfra would ask the host."""
        return "utf-8"


class StrictHost(Host):
    """testinfra's host with its own assertions kept: `python -O` removes those, and with them the verdicts."""

    def run_expect(self, expected: list[int], command: str, *args: str, **kwargs: Any) -> CommandResult:
        """Run a command and return its result. Raise AssertionError when its exit status is none of those expected."""
        done = self.run(command, *args, **kwargs)
        if done.rc not in expected:
            raise AssertionError(f"exit status {done.rc} of {command!r}: {done.stderr.strip()}")
        return done

    def check_output(self, command: str, *args: str, **kwargs: Any) -> str:
        """Return what a command says. Raise AssertionError when it fails."""
        return self.run_expect([0], command, *args, **kwargs).stdout.rstrip("\r\n")


def host_of(session: Session, answers: Mapping[str, Completed] | None = None) -> CheckedHost:
    """Given a session and what is known of its host's answers, return the testinfra host over it."""
    return host_over(SessionBackend(session.name, session=session, answers=answers))


def host_over(backend: SessionBackend) -> CheckedHost:
    """Given a backend, return the testinfra host over it."""
    host = StrictHost(backend)
    backend.set_host(host)
    return cast("CheckedHost", host)


testinfra.backend.BACKENDS[CONNECTION] = f"{__name__}.{SessionBackend.__name__}"
