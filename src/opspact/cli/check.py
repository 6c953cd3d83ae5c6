"""`opspact check`: are the policies valid, and can their promises be kept? No network, nothing is executed.

Comes in: the contract's folder. Goes out: findings, in the form asked for.
"""

import sys
from enum import StrEnum
from importlib import import_module
from pathlib import Path
from typing import Annotated

import typer

from opspact.analyse.rule import RuleContext
from opspact.analyse.run import analyse
from opspact.cli import times
from opspact.cli.settings import Settings, settings_of
from opspact.errors import ExitCode, LedgerBroken, LedgerUnavailable, Refused
from opspact.model.finding import Severity, from_problems
from opspact.model.measurements import Measurements
from opspact.report.findings import findings_github, findings_json, findings_junit, findings_sarif
from opspact.report.findings_text import findings_lines
from opspact.report.lines import line
from opspact.report.refusal import refusal_lines
from opspact.text.counts import format_count
from opspact.workspace.workspace import Compiled, Workspace, now


class Format(StrEnum):
    """The forms of findings."""

    TEXT = "text"
    JSON = "json"
    SARIF = "sarif"
    GITHUB = "github"
    JUNIT = "junit"


_FORMS = {
    Format.JSON: findings_json,
    Format.SARIF: findings_sarif,
    Format.GITHUB: findings_github,
    Format.JUNIT: findings_junit,
}


class SeverityLimit(StrEnum):
    """From which severity on a finding is a failure."""

    ERROR = "error"
    WARNING = "warning"


_FAILS = {SeverityLimit.ERROR: {Severity.ERROR}, SeverityLimit.WARNING: {Severity.ERROR, Severity.WARNING}}


def command(  # noqa: PLR0913 - one parameter for each option
    context: typer.Context,
    *,
    form: Annotated[Format, typer.Option("--format", help="Output format.")] = Format.TEXT,
    base: Annotated[
        str | None, typer.Option("--base", metavar="REF", help="Also report commitments reduced since this commit.")
    ] = None,
    head: Annotated[
        str | None,
        typer.Option("--head", metavar="REF", help="Check this commit or tree of git, not the directory's files."),
    ] = None,
    fail_on: Annotated[
        SeverityLimit, typer.Option("--fail-on", help="Exit with 1 from this severity on.")
    ] = SeverityLimit.WARNING,
    at: Annotated[
        str | None,
        typer.Option("--at", metavar="DAY", help="Check as of this day, such as 2026-02-17; default: today."),
    ] = None,
) -> ExitCode:
    """Given a contract, tell what is wrong with it; return CLEAN, FINDINGS, or REFUSED when it cannot be read."""
    settings = settings_of(context)
    day = times.day("--at", at)
    try:
        workspace = Workspace(settings.folder(), now(), settings.trust_inventory)
        compiled = workspace.compiled_tree(head, day=day) if head else workspace.compiled(day=day, recorded=False)
        before = workspace.contract_at(base) if base else None
    except Refused as refused:
        if not refused.problems:
            raise
        return _refused(refused, settings, form)
    findings = analyse(
        RuleContext(compiled.contract, compiled.day, _measurements(settings, workspace, compiled), before)
    )
    failed = any(finding.severity is not Severity.NOTE for finding in findings)
    if form in _FORMS:
        sys.stdout.write(_FORMS[form](findings))
    else:
        lines = findings_lines(findings, width=settings.stdout.width) if findings else ()
        settings.stdout.show([*lines, *([] if failed else [line(("ok", "good"), f": {_size(compiled)}")])])
    fails = any(finding.severity in _FAILS[fail_on] for finding in findings)
    return ExitCode.FINDINGS if fails else ExitCode.CLEAN


def _measurements(settings: Settings, workspace: Workspace, compiled: Compiled) -> Measurements:
    """Return what the ledger knows, where there is one. One that cannot be read is reported and not used."""
    target = settings.ledger_target(workspace.state)
    if not settings.named_ledger and _is_absent(Path(target)):
        return Measurements()
    try:
        found: Measurements = import_module("opspact.cli.measurements").known(target, compiled.contract, workspace.now)
    except (LedgerBroken, LedgerUnavailable) as error:
        reason = str(error).partition("\n")[0]
        settings.stderr.show([line(("the ledger is not used", "doubt"), f": {reason}")])
        return Measurements()
    return found


def _is_absent(place: Path) -> bool:
    """Return whether no ledger is there; one in a folder that cannot be searched may be."""
    try:
        return not place.exists()
    except PermissionError:
        return False


def _refused(refused: Refused, settings: Settings, form: Format) -> ExitCode:
    if form in _FORMS:
        sys.stdout.write(_FORMS[form](from_problems(refused.problems)))
    else:
        stderr = settings.stderr
        stderr.show(refusal_lines(refused, width=stderr.width))
    return refused.exit_code


def _size(compiled: Compiled) -> str:
    contract = compiled.contract
    policies = len(contract.policy_index.policies) - len(contract.clauses)
    steps = sum(len(of_host.make) for of_host in compiled.work.values())
    hosts = format_count(len(contract.inventory.hosts), "host")
    return (
        f"{contract.name}: {format_count(policies, 'policy', 'policies')}, "
        f"{format_count(len(contract.clauses), 'clause')}, "
        f"{format_count(len(contract.people), 'person', 'people')}, {hosts}, {format_count(steps, 'step')}"
    )
