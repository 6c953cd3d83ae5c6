"""testinfra over a session of the fleet: the connection `opspact` of `testinfra.backend.BACKENDS`.

Comes in: a session. Goes out: a testinfra host whose every command goes through it. Used by `look`.
"""

from collections.abc import Sequence
from types import MappingProxyType
from typing import Any, Final, cast

import testinfra.backend
from testinfra.backend.base import BaseBackend, CommandResult
from testinfra.host import Host

from opspact.fleet.framing import Completed
from opspact.fleet.session import Session
from opspact.model.secret import Secrets
from opspact.model.steps.base import LookedAt, Step
from opspact.verify import ahead

CONNECTION = "opspact"
NO_SECRETS: Final[Secrets] = MappingProxyType({})


class SessionBackend(BaseBackend):
    """Runs testinfra's commands in a session's shell, as the user that the session has become."""

    NAME = CONNECTION

    def __init__(self, hostspec: str, *, session: Session, **options: Any) -> None:
        super().__init__(hostspec, **options)
        self._session = session
        self._answers: dict[str, Completed] = {}

    def ask_ahead(self, steps: Sequence[Step], secrets: Secrets) -> None:
        """Given the steps that will be looked at, ask their first questions at once. Raise HostLost."""
        self._answers = ahead.answers(self._session, steps, secrets)

    def run(self, command: str, *args: str, **_options: Any) -> CommandResult:
        """Given a command with `%s` for quoted arguments, return its result. A lost host passes through as HostLost."""
        line = self.get_command(command, *args)
        return ahead.result(self, line, self._answers.get(line) or self._session.run(line))

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


def host_of(session: Session, steps: Sequence[Step] = (), secrets: Secrets = NO_SECRETS) -> LookedAt:
    """Given a session and what will be looked at, return the testinfra host that looks through it. Raise HostLost."""
    backend = SessionBackend(session.name, session=session)
    backend.ask_ahead(steps, secrets)
    host = StrictHost(backend)
    backend.set_host(host)
    return cast("LookedAt", host)  # testinfra finds its modules (`package`) by name at run time


testinfra.backend.BACKENDS[CONNECTION] = f"{__name__}.{SessionBackend.__name__}"
