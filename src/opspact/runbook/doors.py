"""The doors of a runbook to the world: hosts, copies, people, the clock. Everything a run does goes through these.

Comes in: what is to be done, with all values filled in. Goes out: what that gave. The real doors are `host_doors`; a
runbook's tests put fakes in their place.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from opspact.ledger.runbook_events import Attachment, StepOutcome
from opspact.model.runbook_actions import RestoreAction, RunbookCheck
from opspact.structs import Struct
from opspact.values.secret import Secret


class HostCommand(Struct):
    """A command, or (`script`) a script for sh, for one host. It may hold secrets: it is never shown nor recorded.

    `variables` are a script's own variables. `user` empty: whoever the session is; `stdin` None: empty.
    """

    run: tuple[str, ...] = ()
    script: str = ""
    user: str = ""
    environment: Mapping[str, str] = {}
    variables: Mapping[str, str] = {}
    stdin: str | None = None


class FabricCall(Struct):
    """A task of the fabfile for one host, with its arguments."""

    task: str
    arguments: Mapping[str, str]


class Tasks(Struct):
    """Tasks of Ansible, as JSON; `check`: in check mode, which changes nothing, and may be wrong."""

    json: str
    check: bool = False


class Answer(Struct, kw_only=True):
    """What an action gave on one host. `size`: bytes of its output before it was cut; `detail` says why it failed.

    `digest` is the SHA-256 of the playbook or fabfile that ran, `value` what a task of the fabfile returned (empty:
    nothing), which is captured in place of the output. `changed`: None where nobody knows.
    """

    outcome: StepOutcome
    output: str = ""
    value: str = ""
    error_output: str = ""
    size: int = 0
    exit_code: int | None = None
    changed: bool | None = None
    digest: str = ""
    detail: str = ""


class Verdict(Struct):
    """Whether a check holds: DONE, FAILED or UNKNOWN; `found` says what was seen, in words."""

    outcome: StepOutcome
    found: str


class Prompt(Struct):
    """What the operator is asked. `name` is that of the question (`confirm`, `target`, a value's, …) at a step.

    All of an answer matches `pattern` (empty: any text), or it is one of `choice`; `default` stands for an empty one.
    `attach`: the name of the evidence that a file is wanted for.
    """

    step: str
    name: str
    text: str
    pattern: str = ""
    choice: tuple[str, ...] = ()
    default: str | None = None
    attach: str = ""


class Reply(Struct):
    """What the operator answered, with what is attached. `is_up_front`: before anything was asked."""

    text: str
    attachments: tuple[Attachment, ...] = ()
    is_up_front: bool = False


class Doors(Protocol):
    """All that a run of a runbook does. Hosts side by side: what is asked for each host is answered for each.

    What a method raises ends the run, and its step counts as unfinished: a lost host is an answer (UNKNOWN), no error.
    """

    def now(self) -> datetime:
        """Return this instant (UTC)."""

    def wait(self, seconds: float) -> None:
        """Wait."""

    def take(self, hosts: Sequence[str]) -> Mapping[str, str]:
        """Take hosts before something is written there; return why not, for each that could not be taken.

        Those that are taken already stay so.
        """

    def release(self) -> None:
        """Give back every host that is taken: the run waits for people now, or has ended."""

    def commands(self, wanted: Mapping[str, HostCommand], *, timeout: float) -> Mapping[str, Answer]:
        """Run a command on each host (`timeout` in seconds)."""

    def tasks(
        self, hosts: Sequence[str], tasks: Tasks, *, values: Mapping[str, str | Secret], timeout: float
    ) -> Mapping[str, Answer]:
        """Run tasks of Ansible on hosts, with values as variables."""

    def fabric(self, wanted: Mapping[str, FabricCall], *, timeout: float) -> Mapping[str, Answer]:
        """Call a task of the fabfile for each host."""

    def check(self, wanted: Mapping[str, Sequence[RunbookCheck]]) -> Mapping[str, tuple[Verdict, ...]]:
        """Make checks on each host: as many verdicts as checks."""

    def backup(self, backup: str, hosts: Sequence[str]) -> Mapping[str, Answer]:
        """Run a backup now on hosts."""

    def restore(self, wanted: Mapping[str, RestoreAction], *, run: str, step: str) -> Mapping[str, Answer]:
        """Restore data on each host; what was restored for that run and step before is not restored twice."""

    def copies(self, backup: str, hosts: Sequence[str]) -> Mapping[str, Verdict]:
        """Say for each host whether its newest copy is fresh and verified."""

    def approvals(self, run: str, step: str, approval: str) -> Verdict:
        """Say whether all approvals of a step that a policy asks for are there."""

    def ask(self, prompt: Prompt) -> Reply | None:
        """Ask the operator; None: nobody can be asked, and no answer was given up front."""
