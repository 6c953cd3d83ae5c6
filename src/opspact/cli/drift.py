"""`opspact drift`: what differs on hosts that no policy change explains, since when, and who applied last.

In: the contract's folder. Out: the drift of each host; what was seen is recorded, as by `verify`. With `--fix`, hosts
whose drift is fixed as far as their rollout says.
"""

import sys
from contextlib import nullcontext
from typing import Annotated, cast
from zoneinfo import ZoneInfo

import typer

from opspact.cli.apply import apply_now
from opspact.cli.approvals import ApprovalOptions
from opspact.cli.hosts import CommandContext, HostNames, command_context, host_limit
from opspact.cli.output_format import CheckFormat
from opspact.cli.settings import Settings, settings_of
from opspact.errors import ExitCode, NothingFound, OpspactError
from opspact.ledger.store import Ledger
from opspact.plan.plan import HostPlan
from opspact.report.drift import drift_lines
from opspact.report.drift_data import drift_json, drift_junit
from opspact.rollout import record, state_folder
from opspact.rollout.apply_run import ApplyArguments, new_run
from opspact.rollout.base import Base
from opspact.rollout.base_for_apply import base_for_apply
from opspact.rollout.drift import DriftReport, find_drift
from opspact.rollout.drift_fix import DriftFix, drift_fix
from opspact.rollout.outcome import ApplyOutcome
from opspact.rollout.survey import Survey
from opspact.structs import replace
from opspact.workspace.workspace import now


def command(
    context: typer.Context,
    hosts: HostNames = None,
    *,
    limit: Annotated[str | None, typer.Option("--limit", metavar="PATTERN", help="Only these hosts.")] = None,
    fix: Annotated[
        bool, typer.Option("--fix", help="Fix drift as far as the rollouts of the last apply allow that.")
    ] = False,
    form: Annotated[CheckFormat, typer.Option("--format", help="Output format.")] = CheckFormat.TEXT,
) -> ExitCode:
    """Given a contract, report the drift of its hosts; return CLEAN when there is none and every host was checked."""
    limit = host_limit(hosts, limit)
    settings = settings_of(context)
    work = command_context(context)
    outcome = None
    with work.ledger() as ledger, state_folder.one_at_a_time(work.workspace) if fix else nullcontext():
        names = work.hosts_to_check(ledger, limit)
        base = base_for_apply(work.workspace, work.head, ledger, hosts=names)
        if fix:
            work = _at(work, base)
            names = work.hosts_to_check(ledger, limit)
        survey = work.survey(names, ledger)
        record.verified(ledger, work.head, survey)
        report = _report(work, ledger, survey, base)
        if fix:
            report, outcome = _fixed(work, ledger, survey, report=report, base=base, form=form)
    _print(settings, work, report, form=form)
    return _exit_code(report, outcome)


def _at(work: CommandContext, base: Base) -> CommandContext:
    """Return what a command works with at the commit that was applied last: nothing later is applied by it."""
    if base.commit == work.head.commit:
        return work
    return replace(work, head=work.workspace.compiled_at(base.commit, day=work.head.day, head=work.head))


def _report(work: CommandContext, ledger: Ledger, survey: Survey, base: Base) -> DriftReport:  # noqa: PLR0917 - as given
    report = find_drift(survey, ledger, base.contract, workspace=work.workspace, head=work.head)
    if not any(host.result.checks or not host.is_clean for host in report.hosts):
        raise NothingFound("nothing to check for drift: no policy applies to these hosts")
    return report


def _fixed(  # noqa: PLR0913 - what was seen, what decides, and how it is shown
    work: CommandContext, ledger: Ledger, survey: Survey, *, report: DriftReport, base: Base, form: CheckFormat
) -> tuple[DriftReport, ApplyOutcome | None]:
    """Fix what may be fixed; return what differs then. Where that is refused, the drift is shown all the same."""
    fix = drift_fix(report, base.contract, now())
    if not fix.steps:
        return replace(report, why_not_fixed=fix.why_not), None
    try:
        outcome = _apply(work, ledger, fix)
    except OpspactError:
        _print(work.settings, work, report, form=form)
        raise
    seen = replace(survey, results={**survey.results, **outcome.results})
    failed = {name: outcome.why.get(name) or "it still differs after the fix" for name in outcome.failed}
    return (
        replace(
            _report(work, ledger, seen, base),
            fixed={host.name: _done(outcome, host) for host in outcome.plan.hosts},
            why_not_fixed={**fix.why_not, **failed},
            notes=(*outcome.notes, *filter(None, [outcome.stopped])),
        ),
        outcome,
    )


def _done(outcome: ApplyOutcome, host: HostPlan) -> tuple[str, ...]:
    return tuple(identity for identities in outcome.done(host).values() for identity in identities)


def _apply(work: CommandContext, ledger: Ledger, fix: DriftFix) -> ApplyOutcome:
    arguments = ApplyArguments(work.head.contract.digest, hosts=tuple(fix.steps), fixed=fix.steps)
    run = new_run(arguments, work.workspace.now)
    with work.reporter() as reporter:
        permit = ApprovalOptions(None, (), "").permit(work, ledger, run, report=reporter.message)
        return apply_now(work, ledger, run, reporter=reporter, permit=permit, confirm=lambda *_: None)


def _print(settings: Settings, work: CommandContext, report: DriftReport, *, form: CheckFormat) -> None:
    match form:
        case CheckFormat.TEXT:
            settings.stdout.show(drift_lines(report, ZoneInfo(work.head.contract.zone)))
        case CheckFormat.JSON:
            sys.stdout.write(drift_json(report))
        case CheckFormat.JUNIT:
            sys.stdout.write(drift_junit(report))


def _exit_code(report: DriftReport, outcome: ApplyOutcome | None) -> ExitCode:
    if outcome is not None and outcome.signal:
        return cast("ExitCode", ExitCode.SIGNAL + outcome.signal)
    if outcome is not None and outcome.failed and not outcome.stopped:
        return ExitCode.OPERATION_FAILED
    return ExitCode.CLEAN if report.is_clean else ExitCode.FINDINGS
