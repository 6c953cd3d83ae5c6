"""What people made on a host, as its program says.

In: a session. Out: a frozen value.
"""

from collections.abc import Mapping
from types import MappingProxyType

from opspact.compile.jobs import program_text
from opspact.fleet.session import Session
from opspact.steps.question import ask_program
from opspact.structs import Struct, from_json
from opspact.verify.backend import host_of

_PROGRAM = "host_state"
_FAILURE = "cannot read what is on the host"


class FoundAccount(Struct):
    """A person's account. `groups` are the supplementary ones; `keys`: lines of its file of keys, None: unreadable."""

    name: str
    user_id: int
    comment: str
    home: str
    shell: str
    groups: tuple[str, ...]
    keys: tuple[str, ...] | None
    has_password: bool

    @property
    def full_name(self) -> str:
        """The first part of the comment, in which people write their names."""
        return self.comment.partition(",")[0].strip()


class FoundCronJob(Struct):
    """A job of cron or at: where it is written (line 0: the whole file), whose, when, and its program's name."""

    path: str
    line: int
    user: str
    schedule: str
    program: str


class FoundUnit(Struct):
    """An enabled unit, and the service that it belongs to: a package's name, or what its name has before the type."""

    name: str
    service: str
    is_running: bool


class FoundFile(Struct):
    """A file that no package brings as it is. `link`: a link's target; `why`: why its text is not known."""

    path: str
    service: str
    owner: str
    group: str
    mode: str
    link: str
    text: str
    why: str


class FoundServices(Struct):
    """What services are made of: packages that somebody chose, enabled units, files."""

    packages: tuple[str, ...] = ()
    units: tuple[FoundUnit, ...] = ()
    files: tuple[FoundFile, ...] = ()


class FoundBackup(Struct):
    """A configuration of borgmatic: its path and its text, in which passphrases are."""

    path: str
    text: str


class HostState(Struct):
    """What people made on a host. `unknown`: why an area of it could not be read."""

    accounts: tuple[FoundAccount, ...] = ()
    backups: tuple[FoundBackup, ...] = ()
    cron_jobs: tuple[FoundCronJob, ...] = ()
    services: FoundServices = FoundServices()
    unknown: Mapping[str, str] = MappingProxyType({})


def host_state(session: Session) -> HostState:
    """Given a session, return what people made on its host. Raise ValueError when the host does not say."""
    outcome = ask_program(host_of(session), program_text(_PROGRAM), failure=_FAILURE)
    try:
        return from_json(outcome.stdout, HostState)
    except ValueError as error:
        raise ValueError(f"{_FAILURE}: unexpected answer: {error}") from error
