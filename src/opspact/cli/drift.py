"""`opspact drift`: what differs on hosts that no policy change explains, since when, and who applied last.

In: the contract's folder. Out: the drift of each host; what was seen is recorded, as by `verify`.
"""

import sys
from enum import StrEnum
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from opspact.cli.hosts import HostNames, command_context, host_limit
from opspact.cli.settings import settings_of
from opspact.errors import ExitCode, NothingFound
from opspact.report.drift import drift_lines
from opspact.report.drift_data import drift_json, drift_junit
from opspact.rollout import record
from opspact.rollout.drift import find_drift


class Format(StrEnum):
    """The forms of a drift report."""

    TEXT = "text"
    JSON = "json"
    JUNIT = "junit"


def command(
    context: typer.Context,
    hosts: HostNames = None,
    *,
    limit: Annotated[str | None, typer.Option("--limit", metavar="PATTERN", help="Only these hosts.")] = None,
    form: Annotated[Format, typer.Option("--format", help="Output format.")] = Format.TEXT,
) -> ExitCode:
    """Given a contract, report the drift of its hosts; return CLEAN when there is none and every host was checked."""
    limit = host_limit(hosts, limit)
    settings = settings_of(context)
    work = command_context(context)
    with work.ledger() as ledger:
        survey = work.survey(work.hosts_to_check(ledger, limit), ledger)
        record.verified(ledger, work.head, survey)
        report = find_drift(survey, ledger, workspace=work.workspace, head=work.head)
    if not any(host.result.checks or not host.is_clean for host in report.hosts):
        raise NothingFound("nothing to check for drift: no policy applies to these hosts")
    match form:
        case Format.TEXT:
            settings.stdout.show(drift_lines(report, ZoneInfo(work.head.contract.zone)))
        case Format.JSON:
            sys.stdout.write(drift_json(report))
        case Format.JUNIT:
            sys.stdout.write(drift_junit(report))
    return ExitCode.CLEAN if report.is_clean else ExitCode.FINDINGS
