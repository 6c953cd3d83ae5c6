"""Checks of a runbook, asked of a host by testinfra over its session.

Comes in: a session, checks. Goes out: a verdict for each: what cannot be asked is unknown.
"""

import shlex
from collections.abc import Sequence
from typing import Any

from opspact.errors import OperationFailed
from opspact.fleet.failures import quoted
from opspact.fleet.session import Session
from opspact.ledger.runbook_events import StepOutcome
from opspact.model.runbook_actions import (
    CommandCheck,
    FileCheck,
    HttpCheck,
    PackageCheck,
    ProcessCheck,
    RunbookCheck,
    TcpCheck,
    UnitCheck,
)
from opspact.runbook.doors import HostCommand, Verdict
from opspact.runbook.host_command import GRACE, LONGEST, shell_command
from opspact.steps.http_answer import HttpAnswer
from opspact.steps.systemd import state_command
from opspact.verify.backend import host_of
from opspact.verify.batch import CHECK_ERRORS

_LIMIT = 60.0  # seconds for a command that checks
_SHOWN = LONGEST


def check_on_host(session: Session, checks: Sequence[RunbookCheck]) -> tuple[Verdict, ...]:
    """Given a session and checks, return a verdict for each. Raise HostLost when the host is lost meanwhile."""
    host: Any = host_of(session)
    return tuple(_verdict(session, host, check) for check in checks)


def _verdict(session: Session, host: Any, check: RunbookCheck) -> Verdict:
    try:
        return _asked(session, host, check)
    except (LookupError, OperationFailed, *CHECK_ERRORS) as error:
        return Verdict(StepOutcome.UNKNOWN, f"{check_name(check)}: the check failed: {str(error)[:_SHOWN]}")


def _asked(session: Session, host: Any, check: RunbookCheck) -> Verdict:
    match check:
        case UnitCheck():
            return _unit(session, check)
        case FileCheck():
            return _file(host, check)
        case PackageCheck():
            return _is(
                check, "installed" if host.package(check.name).is_installed else "not installed", check.installed
            )
        case ProcessCheck():
            count = len(host.process.filter(comm=check.name))
            return _is(check, f"{count} running" if count else "not running", check.running)
        case CommandCheck():
            return _command(session, check)
    return _answers(host, check)


def _answers(host: Any, check: TcpCheck | HttpCheck) -> Verdict:
    if isinstance(check, TcpCheck):
        reached = bool(host.addr(check.address).port(check.port).is_reachable)
        return _is(check, "accepts connections" if reached else "not accepting connections", True)
    step = HttpAnswer(url=check.url, status=check.status, contains=check.contains, within=check.within, origins=())
    return _of(check, list(step.check(host, {})), "answers as expected")


def _is(check: RunbookCheck, found: str, wanted: bool) -> Verdict:
    is_so = not found.startswith("not ")
    return Verdict(StepOutcome.DONE if is_so == wanted else StepOutcome.FAILED, f"{check_name(check)} {found}")


def _of(check: RunbookCheck, problems: Sequence[str], fine: str) -> Verdict:
    outcome = StepOutcome.FAILED if problems else StepOutcome.DONE
    return Verdict(outcome, f"{check_name(check)} {'; '.join(problems) or fine}")


def _unit(session: Session, check: UnitCheck) -> Verdict:
    """Ask systemd itself: testinfra takes every failure of its question for a unit that is not running."""
    done = session.run(state_command(check.name), timeout=_LIMIT)
    said = dict(line.partition("=")[::2] for line in done.stdout.decode("utf-8", "replace").splitlines())
    if done.rc != 0 or not said.get("LoadState"):
        raise ValueError(f"systemd does not answer: {quoted(done.stderr)}")
    if said["LoadState"] == "not-found":
        return _of(check, ["does not exist"], "")
    running = said["ActiveState"] in {"active", "reloading", "refreshing"}
    problems = [] if running == check.running else [f"is {'running' if running else 'not running'}"]
    enabled = said.get("UnitFileState", "").startswith(("enabled", "static", "alias", "generated"))
    if check.enabled is not None and enabled != check.enabled:
        problems.append("is not enabled" if check.enabled else "is enabled")
    return _of(check, problems, f"is {said['ActiveState']}")


def _file(host: Any, check: FileCheck) -> Verdict:
    file = host.file(check.path)
    exists = bool(file.exists)
    if not exists or not check.exists:
        return _is(check, "exists" if exists else "not found", check.exists)
    problems = []
    if check.contains is not None and check.contains not in file.content_string:
        problems.append(f'does not contain "{check.contains}"')
    if check.owner is not None and file.user != check.owner:
        problems.append(f"belongs to {file.user}, expected {check.owner}")
    if check.mode is not None and file.mode != int(check.mode, 8):
        problems.append(f"has mode {file.mode:04o}, expected {check.mode}")
    return _of(check, problems, "is as expected")


def _command(session: Session, check: CommandCheck) -> Verdict:
    line, given = shell_command(HostCommand(run=check.run, user=check.user), _LIMIT)
    done = session.run(line, input=given, timeout=_LIMIT + GRACE)
    output, errors = done.stdout.decode("utf-8", "replace").strip(), done.stderr.decode("utf-8", "replace").strip()
    if done.rc != check.exit_code:
        said = (errors or output).rpartition("\n")[2][:_SHOWN]
        return _of(check, [f"gave exit code {done.rc}, expected {check.exit_code}{f': {said}' if said else ''}"], "")
    try:
        holds = check.output is None or check.output.holds(output)
    except ValueError as error:
        raise ValueError(f"its output is no number: {output[:_SHOWN]!r}") from error
    wanted = check.output.words() if check.output else ""
    problems = [] if holds else [f"gave {output[:_SHOWN]!r}, expected that it {wanted}"]
    return _of(check, problems, f"gave {output[:_SHOWN]!r}" if check.output else "gave the expected exit code")


def check_name(check: RunbookCheck) -> str:
    """Given a check, return what it is about."""
    match check:
        case UnitCheck() | PackageCheck() | ProcessCheck():
            return f"{type(check).__name__.removesuffix('Check').lower()} {check.name}"
        case FileCheck():
            return f"file {check.path}"
        case TcpCheck():
            return f"port {check.address}:{check.port}"
        case HttpCheck():
            return check.url
        case CommandCheck():
            return shlex.join(check.run)
