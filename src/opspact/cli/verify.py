"""`opspact verify`: check the hosts against the policies, and record the result. Changes nothing on hosts.

In: the contract's folder. Out: a verdict on every step, and orphans: what left the policies and is still there.
"""

import sys
from typing import Annotated

import typer

from opspact.cli.hosts import HostNames, command_context, host_limit
from opspact.cli.output_format import CheckFormat
from opspact.cli.settings import Settings, settings_of
from opspact.errors import ExitCode, NothingFound
from opspact.report.verify import verify_lines
from opspact.report.verify_data import verify_json, verify_junit
from opspact.report.verify_result import VerifyResult, verify_result
from opspact.rollout import record
from opspact.rollout.orphans import orphan_hosts


def command(
    context: typer.Context,
    hosts: HostNames = None,
    *,
    limit: Annotated[str | None, typer.Option("--limit", metavar="PATTERN", help="Only these hosts.")] = None,
    form: Annotated[CheckFormat, typer.Option("--format", help="Output format.")] = CheckFormat.TEXT,
) -> ExitCode:
    """Given a contract, report how its hosts differ; return CLEAN when every planned check is ok."""
    limit = host_limit(hosts, limit)
    settings = settings_of(context)
    work = command_context(context)
    with work.ledger() as ledger:
        orphans = () if limit else orphan_hosts(work.head, ledger=ledger)
        survey = work.survey(work.hosts_to_check(ledger, limit), ledger)
        record.verified(ledger, work.head, survey)
    result = verify_result(survey, orphans)
    if not result.planned and not result.findings and not result.unreachable:
        raise NothingFound("nothing to verify: no policy applies to these hosts, and they have no orphans")
    _print(settings, result, form=form)
    return ExitCode.CLEAN if result.is_clean else ExitCode.FINDINGS


def _print(settings: Settings, result: VerifyResult, *, form: CheckFormat) -> None:
    match form:
        case CheckFormat.TEXT:
            settings.stdout.show(verify_lines(result))
        case CheckFormat.JSON:
            sys.stdout.write(verify_json(result))
        case CheckFormat.JUNIT:
            sys.stdout.write(verify_junit(result))
