"""`opspact apply [FILE]`: check the hosts, show what differs, change that, verify; with FILE exactly that plan.

In: the contract's folder, maybe an approved plan or an unfinished apply. Out: hosts as the policies say, and the record
of it.
"""

import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Annotated, cast

import typer

from opspact.cli.approvals import ApprovalOptions, Approvals, emergency_reason, read_approvals
from opspact.cli.approved_plan import ApprovedPlan, read_plan
from opspact.cli.hosts import CommandContext, Diff, command_context
from opspact.cli.output_format import Format
from opspact.cli.settings import Settings, settings_of
from opspact.cli.streams import can_ask
from opspact.cli.times import elapsed
from opspact.errors import ExitCode, Refused
from opspact.fleet.ansible import RunSettings
from opspact.fleet.sessions import Sessions
from opspact.ledger.event import Head
from opspact.ledger.store import Ledger
from opspact.model.inventory.bastion import bastions
from opspact.plan.orphan import OrphanHost
from opspact.plan.plan import Plan
from opspact.report.apply import outcome_json, outcome_lines
from opspact.report.next_runs import NextRuns, next_runs
from opspact.report.orphans import orphan_lines
from opspact.report.plan import PreviousSteps, plan_lines
from opspact.report.progress import Reporter
from opspact.report.stages import stage_line
from opspact.rollout import state_folder
from opspact.rollout.apply import Apply
from opspact.rollout.apply_run import ApplyArguments, ApplyRun, new_run, unfinished_run
from opspact.rollout.base import Base
from opspact.rollout.file_contents import found_files
from opspact.rollout.orphans import orphan_hosts
from opspact.rollout.outcome import ApplyOutcome
from opspact.rollout.wait_for_locks import NO_PATIENCE, Patience, work_when_ready
from opspact.run.resume import PlannedStage
from opspact.structs import Struct, replace
from opspact.text.counts import format_count
from opspact.workspace.workspace import Compiled, now

Confirm = Callable[[Sessions, Plan, tuple[PlannedStage, ...]], None]
"""What is given the plan and the stages before anything is changed."""
Permit = Callable[[Plan, Base], None]
"""What is given the plan, and raises Refused where approvals are missing."""


Wait = Annotated[
    str | None, typer.Option("--wait", metavar="D", help="Wait so long for other applies that have locked hosts.")
]


class _Confirmation(Struct):
    """Who is asked before anything changes: the operator, or nobody. `diff`: how files differ is shown, in any case.

    `next_runs`: when the timers of the contract elapse next.
    """

    settings: Settings
    reporter: Reporter
    asks: bool
    diff: bool
    next_runs: NextRuns

    def ask(self, sessions: Sessions, plan: Plan, stages: tuple[PlannedStage, ...]) -> None:
        """Show the plan where somebody is asked or wants to see it. Raise Refused at a "no": nothing is recorded."""
        if not (self.asks or self.diff):
            return
        self.reporter.rest()
        found = found_files(sessions, plan) if self.diff else {}
        sides = PreviousSteps(found=found, next_runs=self.next_runs)
        self.settings.stderr.show([*plan_lines(plan, sides), *map(stage_line, stages)])
        if self.asks:
            _ask(plan)


def _ask(plan: Plan) -> None:
    touched = sum(not host.is_empty for host in plan.hosts)
    sys.stderr.write(f'Apply these changes to {format_count(touched, "host")}? Only "yes" is accepted: ')
    sys.stderr.flush()
    if sys.stdin.readline().strip().lower() != "yes":
        raise Refused("not confirmed; nothing was done")


def command(  # noqa: PLR0913 - one for each option
    context: typer.Context,
    file: Annotated[
        Path | None, typer.Argument(metavar="FILE", help="A plan file from `opspact plan --live --out FILE`.")
    ] = None,
    *,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask for confirmation.")] = False,
    limit: Annotated[str | None, typer.Option("--limit", metavar="PATTERN", help="Only these hosts.")] = None,
    diff: Diff = False,
    resume: Annotated[
        bool, typer.Option("--resume", help="Resume the newest unfinished apply, with its limit or plan.")
    ] = False,
    allow_older: Annotated[
        bool, typer.Option("--allow-older", help="Change hosts that have a later commit, too.")
    ] = False,
    wait: Wait = None,
    approval: Approvals = None,
    emergency: Annotated[
        bool, typer.Option("--emergency", help="Do not wait for approvals where their policies allow that.")
    ] = False,
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why --emergency; it is recorded.")] = "",
    form: Annotated[Format, typer.Option("--format", help="Output format.")] = Format.TEXT,
) -> ExitCode:
    """Given a contract, converge its hosts; return CLEAN when every chosen host converged, FINDINGS at a pause."""
    settings = settings_of(context)
    _refuse_together(file, limit, resume=resume, allow_older=allow_older)
    reason = emergency_reason(reason, emergency=emergency, sure=yes or bool(file))
    if not (resume or file or yes):
        refuse_without_terminal()
    work = command_context(context)
    approved = read_plan(file, work.head) if file is not None else None
    approvals = ApprovalOptions(approved, read_approvals(work, file, approval), reason)
    work.passwords()  # asked before anything is locked or shown
    reporter = work.reporter()
    patience = Patience(0.0 if wait is None else elapsed("--wait", wait).seconds, reporter.message)
    with work.ledger() as ledger, state_folder.one_at_a_time(work.workspace, patience):
        arguments = replace(_arguments(work.head, limit, approved), allow_older=allow_older)
        run = patience.wait_for(partial(_resumed, work, ledger, yes=yes)) if resume else new_run(arguments, now())
        orphans = () if run.arguments.limit else orphan_hosts(work.head, ledger=ledger)
        runs = next_runs(work.head.contract, work.workspace.now)
        asks = not (yes or run.arguments.plan)
        confirm = _Confirmation(settings, reporter, asks=asks, diff=diff, next_runs=runs)
        permit = approvals.permit(work, ledger, run, report=reporter.message)
        applying = partial(apply_now, reporter=reporter, permit=permit, confirm=confirm.ask)
        outcome = applying(work, ledger, run, patience=patience)
        head = ledger.head()
    _print(settings, outcome, head, orphans=orphans, form=form)
    return _exit_code(outcome)


def _resumed(work: CommandContext, ledger: Ledger, *, yes: bool) -> ApplyRun:
    """Return the run to be resumed. Raise Refused where somebody would have to be asked about it, and cannot be."""
    run = unfinished_run(ledger, work.head, now())
    if not (yes or run.arguments.plan):
        refuse_without_terminal()
    return run


def _exit_code(outcome: ApplyOutcome) -> ExitCode:
    if outcome.signal:
        return cast("ExitCode", ExitCode.SIGNAL + outcome.signal)
    if outcome.stopped:
        return ExitCode.FINDINGS
    return ExitCode.CLEAN if outcome.is_converged else ExitCode.OPERATION_FAILED


def _refuse_together(file: Path | None, limit: str | None, *, resume: bool, allow_older: bool) -> None:
    if resume and (file is not None or limit is not None or allow_older):
        raise Refused(
            "--resume cannot be used with a plan file, --limit or --allow-older: it uses those of the unfinished apply",
            hint="leave them out, or leave out --resume to start a new apply",
        )
    if file is not None and limit is not None:
        raise Refused(
            "--limit cannot be used with a plan file, which names its hosts", hint="use it with `opspact plan`"
        )


def _arguments(head: Compiled, limit: str | None, approved: ApprovedPlan | None) -> ApplyArguments:
    if approved is None:
        return ApplyArguments(head.contract.digest, limit=limit or "")
    return ApplyArguments(
        head.contract.digest, plan=approved.digest, requester=approved.requester, hosts=approved.hosts
    )


def apply_now(  # noqa: PLR0913 - who is asked, and by whom it is permitted
    work: CommandContext,
    ledger: Ledger,
    run: ApplyRun,
    *,
    reporter: Reporter,
    permit: Permit,
    confirm: Confirm,
    keeps_windows: bool = True,
    patience: Patience = NO_PATIENCE,
) -> ApplyOutcome:
    """Given a new run or one to be resumed, carry it out over sessions of its own.

    `permit` and `confirm` raise Refused. `keeps_windows`: no host is changed when the windows of the base or a freeze
    do not allow it. `patience`: how long other applies that have locked hosts are waited for.
    """
    names = run.arguments.hosts or work.hosts_to_check(ledger, run.arguments.limit or None)
    settings = RunSettings(
        verbosity=work.settings.verbose,
        bastions=bastions(work.head.hosts(names)),
        become_password=work.passwords().become,
        ssh_password=work.passwords().ssh,
    )

    def carry_out(sessions: Sessions) -> ApplyOutcome:
        confirmed = partial(confirm, sessions)
        apply = Apply(
            work.workspace, work.head, ledger, run, reporter, permit, confirmed, work.sessions, settings, keeps_windows
        )
        with reporter:
            return replace(apply, waits=patience.waits).carry_out(sessions)

    return work_when_ready(names, work.sessions, carry_out, patience=patience)


def _print(
    settings: Settings, outcome: ApplyOutcome, head: Head, *, orphans: tuple[OrphanHost, ...], form: Format
) -> None:
    if form is Format.JSON:
        sys.stdout.write(outcome_json(outcome, head, orphans))
    else:
        settings.stdout.show([*outcome_lines(outcome, head), *orphan_lines(orphans)])


def refuse_without_terminal(hint: str = "use --yes, or a plan file from `opspact plan --live --out FILE`") -> None:
    """Raise Refused, with what to do instead, where there is no terminal on which somebody can be asked."""
    if not can_ask():
        raise Refused("no terminal to ask for confirmation", hint=hint)
