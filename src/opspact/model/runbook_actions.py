"""What steps of a runbook do: a closed union, one class for each kind of step.

Comes in: what `resolve` made of the document. Goes out: frozen values, held by the steps. A text may hold `{{ name }}`,
which stands for a value.
"""

from collections.abc import Mapping

from opspact.model.condition import Comparison
from opspact.model.text import Text
from opspact.structs import Struct
from opspact.values.duration import Duration
from opspact.values.recipient import Recipient


class UnitCheck(Struct):
    """A systemd unit runs, or not; it starts at boot, or not (None: not asked)."""

    name: str
    running: bool = True
    enabled: bool | None = None


class FileCheck(Struct):
    """A file or directory exists, or not, with this content, owner and mode (None: not asked)."""

    path: str
    exists: bool = True
    contains: str | None = None
    owner: str | None = None
    mode: str | None = None


class PackageCheck(Struct):
    """A package is installed, or not."""

    name: str
    installed: bool = True


class ProcessCheck(Struct):
    """A process of that name is there, or not."""

    name: str
    running: bool = True


class TcpCheck(Struct):
    """A port accepts connections, asked on the host itself; `within` in seconds."""

    port: int
    address: str
    within: float


class HttpCheck(Struct):
    """A URL answers, asked on the host itself; `within` in seconds, `contains` empty: not asked."""

    url: str
    status: int
    contains: str
    within: float


class CommandCheck(Struct):
    """A command gives this exit code and this output; `user` empty: whoever the session is."""

    run: tuple[str, ...]
    user: str = ""
    exit_code: int = 0
    output: Comparison | None = None


RunbookCheck = UnitCheck | FileCheck | PackageCheck | ProcessCheck | TcpCheck | HttpCheck | CommandCheck
"""Every kind of check."""


class AnsibleAction(Struct):
    """Tasks of Ansible, as JSON: a list of mappings."""

    tasks: str


class CommandAction(Struct):
    """A command: each text stays one argument. `stdin` None: empty."""

    run: tuple[str, ...]
    user: str = ""
    environment: Mapping[str, str] = {}
    stdin: str | None = None


class ScriptAction(Struct):
    """A script for sh: values are its variables, nothing is put into its text."""

    script: str
    user: str = ""
    environment: Mapping[str, str] = {}
    stdin: str | None = None


class FabricAction(Struct):
    """A task of the fabfile, called with arguments by name. `digest`: SHA-256 of its text, and of what it imports."""

    task: str
    arguments: Mapping[str, str]
    digest: str = ""


class CheckAction(Struct):
    """Checks, all of which must hold."""

    checks: tuple[RunbookCheck, ...]


class Question(Struct):
    """A value that the operator gives: all of it matches `pattern` (empty: any text), or it is one of `choice`."""

    text: Text
    pattern: str = ""
    choice: tuple[str, ...] = ()
    default: str | None = None


class ManualAction(Struct):
    """What the operator does and confirms; values asked for, by name; `attach`: the evidence attached, or empty."""

    text: Text
    questions: Mapping[str, Question]
    attach: str = ""


class ApproveAction(Struct):
    """An approval policy, by name: as many people as it says must have approved."""

    approval: str


class WaitAction(Struct):
    """Checks that are made again and again until all hold."""

    checks: tuple[RunbookCheck, ...]
    every: Duration


class NotifyAction(Struct):
    """Somebody is notified."""

    recipient: Recipient
    message: Text


class BackupAction(Struct):
    """A backup policy, by name, run now."""

    backup: str


class RestoreAction(Struct):
    """Data of a backup's copy: a database under a new name, or files (none: all) to a folder; `at` empty: newest."""

    backup: str
    database: str = ""
    new_name: str = ""
    files: tuple[str, ...] = ()
    folder: str = ""
    at: str = ""


class CallAction(Struct):
    """Another runbook, by name, with values for its inputs."""

    runbook: str
    inputs: Mapping[str, str]


WritingAction = AnsibleAction | CommandAction | ScriptAction | FabricAction
"""What may write on a host by itself; copies are taken and restored by the host's own jobs."""
HarmlessAction = ApproveAction | CheckAction | ManualAction | NotifyAction | WaitAction
"""What changes nothing."""
Action = WritingAction | HarmlessAction | BackupAction | RestoreAction | CallAction
"""Every kind of action."""
RollbackAction = WritingAction
"""What takes the effect of a step back."""
ACTION_NAMES: Mapping[type, str] = {
    AnsibleAction: "ansible",
    ApproveAction: "approve",
    BackupAction: "backup",
    CallAction: "runbook",
    CheckAction: "check",
    CommandAction: "command",
    FabricAction: "fabric",
    ManualAction: "manual",
    NotifyAction: "notify",
    RestoreAction: "restore",
    ScriptAction: "script",
    WaitAction: "wait",
}
"""The word by which each action is written."""
