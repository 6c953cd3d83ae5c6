"""What is in files on hosts before they change, for people who want to see the difference.

In: sessions, a plan. Out: the files as they were found, or why one is not shown: in logs of pipelines everybody reads.
"""

from collections.abc import Mapping
from shlex import join

from opspact.analyse.shell.secrets import secrets_in
from opspact.fleet.failures import HostLost
from opspact.fleet.session import Session
from opspact.fleet.sessions import Sessions
from opspact.plan.change import Action, Change
from opspact.plan.plan import HostPlan, Plan
from opspact.steps.content import Content
from opspact.steps.file import File
from opspact.steps.host_program import PATH
from opspact.steps.question import PYTHON
from opspact.steps.secret_file import SecretFile
from opspact.structs import replace

LARGEST = 200_000
"""Bytes of a file that are still shown."""
_READ_BY_ALL = 0o004
FoundFile = File | str
"""A file as it was found, or why it is not shown."""


def found_files(sessions: Sessions, plan: Plan) -> Mapping[str, Mapping[str, FoundFile]]:
    """Given sessions and a plan for their hosts, return by host and identity what is in each file that changes.

    Of a lost host nothing is known. Files that are to be added are found empty.
    """
    plans = {host.name: host for host in plan.hosts if host.name in sessions.names and any(map(_is_file, host.changes))}
    found = sessions.each(lambda session: _on_host(session, plans[session.name]), plans)
    return {name: files for name, files in found.items() if not isinstance(files, HostLost)}


def _is_file(change: Change) -> bool:
    return change.action in {Action.ADD, Action.CHANGE} and isinstance(change.step, File | SecretFile)


def _on_host(session: Session, plan: HostPlan) -> dict[str, FoundFile]:
    return {change.step.identity: _found(session, change) for change in filter(_is_file, plan.changes)}


def _found(session: Session, change: Change) -> FoundFile:
    wanted = change.step
    if not isinstance(wanted, File):
        return "it contains a secret"
    if not int(wanted.mode, 8) & _READ_BY_ALL:
        return "not everybody may read the file"
    before = replace(wanted, content=Content.of(b"")) if change.action is Action.ADD else _read(session, wanted)
    if isinstance(before, str):
        return before
    return _why_hidden(before.content.data) or _why_hidden(wanted.content.data) or before


def _read(session: Session, wanted: File) -> FoundFile:
    done = session.run(join([*PYTHON, "-c", PATH.text, "read", wanted.path, str(LARGEST + 1)]))
    about, _, data = done.stdout.partition(b"\n")
    mode = about.rpartition(b"/")[2]
    if done.rc != 0:
        return "what is there cannot be read"
    if not int(mode, 8) & _READ_BY_ALL:
        return "not everybody may read the file"
    return replace(wanted, content=Content.of(data))


def _why_hidden(data: bytes) -> str:
    """Given what is in a file, return why it is not shown; empty when it can be."""
    if len(data) > LARGEST:
        return "the file is large"
    try:
        data.decode()
    except UnicodeDecodeError:
        return "the file is binary"
    if b"\0" in data:
        return "the file is binary"
    return "it contains a secret" if any(True for _ in secrets_in(data)) else ""
