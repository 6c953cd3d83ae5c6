"""`opspact rebuild HOST`: a host that lost everything, from a bare base to verified, by policies and copies.

In: the contract's folder, a host. Out: the host with its data, new copies of them, the time that took.
"""

import sys
from collections.abc import Sequence
from functools import partial
from typing import Annotated, cast
from zoneinfo import ZoneInfo

import typer

from opspact.cli.apply import apply_now, refuse_without_terminal
from opspact.cli.hosts import CommandContext, command_context
from opspact.cli.output_format import Format
from opspact.cli.settings import settings_of
from opspact.errors import ExitCode, NothingFound, Refused
from opspact.evidence.backup_stats import BackupStats, backup_stats
from opspact.evidence.suspect_copies import server_jobs, suspect_copies
from opspact.fleet.ansible import RunSettings
from opspact.jobs.collection import Collector
from opspact.ledger.run_events import RunOutcome
from opspact.ledger.store import Ledger
from opspact.model.policies.backup import Backup
from opspact.plan.plan import Plan
from opspact.recovery.rebuild import Applied, Rebuild, restored
from opspact.recovery.rebuild_plan import RebuildPlan, plan_rebuild
from opspact.recovery.rebuild_run import RebuildRun, new_run, run_times, unfinished_run
from opspact.report.apply import outcome_lines
from opspact.report.lines import line
from opspact.report.rebuild import RebuildOutcome, rebuild_json, rebuild_lines, rebuild_plan_lines
from opspact.report.stages import stage_line
from opspact.rollout import apply_run, state_folder
from opspact.rollout.apply_run import ApplyArguments
from opspact.rollout.base import Base
from opspact.rollout.freeze import refuse_changes
from opspact.rollout.outcome import ApplyOutcome
from opspact.rollout.permission import check_rebuild
from opspact.run.execution import Execution
from opspact.run.leases import Leases
from opspact.run.resume import PlannedStage
from opspact.run.resume import resume as planned_stages
from opspact.steps.check import State
from opspact.structs import Struct, replace
from opspact.text.names import list_names
from opspact.text.suggestions import did_you_mean
from opspact.workspace.workspace import context as recording
from opspact.workspace.workspace import now

_SHOWN = 3  # reasons that a message names


def command(
    context: typer.Context,
    host: Annotated[str, typer.Argument(metavar="HOST", help="The host that lost everything.")],
    *,
    resume: Annotated[bool, typer.Option("--resume", help="Resume the unfinished rebuild of this host.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask for confirmation.")] = False,
    form: Annotated[Format, typer.Option("--format", help="Output format.")] = Format.TEXT,
) -> ExitCode:
    """Given a contract, rebuild a bare host; return CLEAN when it is verified within the time that was promised."""
    settings = settings_of(context)
    work = command_context(context)
    contract = work.head.contract
    if host not in contract.inventory.hosts:
        hint = did_you_mean(host, contract.inventory.hosts) or "one host of the inventory"
        raise Refused(f'the inventory has no host "{host}"', hint=hint)
    if not yes:
        refuse_without_terminal("use --yes")
    work.passwords()  # asked before anything is shown
    with work.ledger() as ledger, state_folder.one_at_a_time(work.workspace):
        refuse_changes(ledger, contract, now())
        new = unfinished_run(ledger, contract.name, host, now=now()) if resume else new_run(host, now())
        rebuilding = _Rebuilding(work, ledger, new, asks=not yes)
        outcome = rebuilding.carry_out()
    if form is Format.JSON:
        sys.stdout.write(rebuild_json(outcome))
    else:
        settings.stdout.show(rebuild_lines(outcome))
    if outcome.result.signal:
        return cast("ExitCode", ExitCode.SIGNAL + outcome.result.signal)
    if not outcome.is_done:
        return ExitCode.OPERATION_FAILED
    return ExitCode.CLEAN if outcome.is_in_time and not outcome.plan.lost else ExitCode.FINDINGS


class _Rebuilding(Struct):
    """One rebuild from the command line; `asks`: somebody confirms it."""

    work: CommandContext
    ledger: Ledger
    new: RebuildRun
    asks: bool

    def carry_out(self) -> RebuildOutcome:
        """Show what is to be done, have it confirmed, do it. Raise Refused at a "no", NothingFound without a copy."""
        head, ledger, host = self.work.head, self.ledger, self.new.host
        plan = self._plan()
        run = self.new.run(plan)
        leases = Leases(ledger, lambda: recording(head), run=run.id, attempt=self.new.state.attempt + 1)
        execution = Execution(run, planned_stages(run, self.new.state), leases)
        self._confirm(plan, execution.planned)
        with self.work.reporter() as reporter:
            rebuild = Rebuild(
                plan=plan,
                run=run.id,
                head=head,
                ledger=ledger,
                reach=self.work.sessions,
                apply=self._apply,
                report=reporter.message,
                python=RunSettings().python,
            )
            result = execution.carry_out(rebuild.work())
        backups = [(use.backup.name, host) for use in plan.uses]
        if result.outcome is RunOutcome.DONE:
            plan = replace(plan, lost=(*plan.lost, *rebuild.missing_data()))
        return RebuildOutcome(
            run=run.id,
            plan=plan,
            stages=execution.planned,
            result=result,
            times=run_times(ledger, head.contract.name, run.id, now=now()),
            restored=tuple(restored(ledger, head.contract.name, run.id, of=backups))[::-1],
        )

    def _plan(self) -> RebuildPlan:
        """Return what is restored, after what backup servers know by now was collected. Raise NothingFound: nothing."""
        head, host = self.work.head, self.new.host
        backups = [backup for backup in head.contract.backups if host in backup.hosts]
        jobs = [job for backup in backups for job in server_jobs(head.contract, backup)]
        servers = dict.fromkeys(backup.server for backup in backups)
        with self.work.sessions(servers) as sessions, self.work.reporter() as reporter:
            reporter.stage("collecting from", len(servers))
            collector = Collector(sessions, self.ledger, partial(recording, head))
            unreached = collector.collect(jobs, on_progress=reporter.host).unreached
        for name, why in unreached.items():
            self.work.settings.stderr.show([line((f"{name}  ", "title"), (why.detail, "doubt"), hang=4)])
        figures = [it for it in backup_stats(self.ledger, head.contract, [host]) if self._counts(it)]
        plan = plan_rebuild(head.contract, host, figures)
        if not plan.uses:
            raise _without_copies(host, backups, list(unreached))
        return plan

    def _counts(self, figures: BackupStats) -> bool:
        """Whether nothing is against the newest copy of a backup."""
        suspects = suspect_copies(self.ledger, self.work.head.contract, figures.backup, host=figures.host)
        return not suspects.is_damaged and figures.copy not in suspects.names

    def _confirm(self, plan: RebuildPlan, stages: tuple[PlannedStage, ...]) -> None:
        zone = ZoneInfo(self.work.head.contract.zone)
        self.work.settings.stderr.show([*rebuild_plan_lines(plan, now(), zone), *map(stage_line, stages)])
        if not self.asks:
            return
        sys.stderr.write(f'Rebuild {plan.host}? Only "yes" is accepted: ')
        sys.stderr.flush()
        if sys.stdin.readline().strip().lower() != "yes":
            raise Refused("not confirmed; nothing was done")

    def _permit(self, plan: Plan, base: Base) -> None:
        """Let a rebuild restore what was there; policies that are others now need what an apply of them needs."""
        check_rebuild(self.work.head, plan, base)

    def _apply(self) -> Applied:
        """Apply the policies to the host alone; why that is not all is shown."""
        host = self.new.host
        arguments = ApplyArguments(self.work.head.contract.digest, limit=host)
        run = replace(apply_run.new_run(arguments, now()), in_waves=False)  # a bare host has nothing to lose
        with self.work.reporter() as reporter:
            outcome = apply_now(
                self.work,
                self.ledger,
                run,
                reporter=reporter,
                permit=self._permit,
                confirm=lambda *_: None,
                keeps_windows=False,
            )
        if not outcome.is_converged:
            self.work.settings.stderr.show(outcome_lines(outcome, self.ledger.head()))
        return _applied(outcome, host)


def _without_copies(host: str, backups: Sequence[Backup], unreached: Sequence[str]) -> NothingFound:
    """Return why a host cannot be rebuilt, with what to do that does not stand in the way of a rebuild later."""
    message = f"no copy of {host} that counts is known"
    if not backups:
        hint = f"no policy backs it up: `opspact apply --limit {host}` makes a new one, without data"
    elif unreached:
        hint = f"restore the connection to {list_names(unreached, _SHOWN)}; do not apply the policies to {host} before"
    else:
        hint = "see `opspact backup status`; without copies, `opspact apply` makes a new host, without data"
    return NothingFound(message, hint=hint)


def _applied(outcome: ApplyOutcome, host: str) -> Applied:
    result = outcome.results.get(host)
    if result is None:
        raise NothingFound(f"no policy applies to {host}")
    not_ok = [check for check in result.checks if check.state is not State.OK]
    of_backups = {
        check.step.identity: check.detail
        for check in not_ok
        if any(origin.policy.startswith("backup/") for origin in check.step.origins)
    }
    reasons = [outcome.why[host]] if host in outcome.why else [f"{it.step.identity}: {it.detail}" for it in not_ok]
    unreached = {"the host": result.detail} if not result.checks else {}
    why = list_names(reasons, _SHOWN) if reasons else result.detail
    return Applied(outcome.is_converged, why, {**unreached, **of_backups}, outcome.signal)
