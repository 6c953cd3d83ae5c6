"""`opspact apply [FILE]`: check the hosts, show what differs, change that, verify; with FILE exactly that plan.

In: the contract's folder, maybe an approved plan. Out: hosts as the policies say, and the record of it.
"""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, cast

import typer

from opspact.cli.hosts import CommandContext, command_context
from opspact.cli.output_format import Format
from opspact.cli.settings import Settings, settings_of
from opspact.errors import ExitCode, Refused, Stale
from opspact.fleet.ansible import RunSettings
from opspact.ledger.event import Head
from opspact.ledger.store import Ledger
from opspact.model.names import document_schema
from opspact.plan.orphan import OrphanHost
from opspact.plan.plan import Plan
from opspact.report.apply import outcome_json, outcome_lines
from opspact.report.orphans import orphan_lines
from opspact.report.plan import plan_lines
from opspact.report.progress import Reporter
from opspact.rollout import state_folder
from opspact.rollout.apply import Apply
from opspact.rollout.orphans import orphan_hosts
from opspact.rollout.outcome import ApplyOutcome
from opspact.structs import Struct
from opspact.text.counts import format_count
from opspact.workspace.workspace import Compiled


class Approved(Struct):
    """What a plan file says: its digest, and the hosts that it was created for."""

    digest: str
    hosts: tuple[str, ...]


def command(
    context: typer.Context,
    file: Annotated[
        Path | None, typer.Argument(metavar="[FILE]", help="A plan file from `opspact plan --live --out FILE`.")
    ] = None,
    *,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask for confirmation.")] = False,
    limit: Annotated[str | None, typer.Option("--limit", metavar="PATTERN", help="Only these hosts.")] = None,
    form: Annotated[Format, typer.Option("--format", help="Output format.")] = Format.TEXT,
) -> ExitCode:
    """Given a contract, converge its hosts; return CLEAN when every chosen host converged."""
    settings = settings_of(context)
    if file is not None and limit is not None:
        raise Refused(
            "--limit cannot be used with a plan file, which names its hosts", hint="use it with `opspact plan`"
        )
    if file is None and not yes and not _somebody_answers():
        raise Refused(
            "no terminal to ask for confirmation",
            hint="use --yes, or a plan file from `opspact plan --live --out FILE`",
        )
    work = command_context(settings)
    approved = _approved(file, work.head) if file is not None else None
    work.become_password()  # asked before anything is locked or shown
    with work.ledger() as ledger, state_folder.one_at_a_time(work.workspace):
        orphans = () if limit else orphan_hosts(work.head, ledger=ledger)
        names = approved.hosts if approved else work.hosts_to_check(ledger, limit)
        with work.reporter() as reporter:
            sure = yes or approved is not None
            confirm = _agree if sure else _asking(settings, reporter)
            outcome = _apply(work, ledger, names, reporter=reporter, confirm=confirm, approved=approved)
        head = ledger.head()
    _print(settings, outcome, head, orphans=orphans, form=form)
    if outcome.signal:
        return cast("ExitCode", ExitCode.SIGNAL + outcome.signal)
    return ExitCode.CLEAN if outcome.is_converged else ExitCode.OPERATION_FAILED


def _apply(  # noqa: PLR0913 - the parts of one apply
    work: CommandContext,
    ledger: Ledger,
    names: tuple[str, ...],
    *,
    reporter: Reporter,
    confirm: Callable[[Plan], bool],
    approved: Approved | None,
) -> ApplyOutcome:
    apply = Apply(
        work.workspace,
        work.head,
        ledger,
        reporter,
        confirm,
        work.sessions,
        approved=approved.digest if approved else None,
        settings=RunSettings(verbosity=work.settings.verbose, become_password=work.become_password()),
    )
    with work.sessions(names) as sessions:
        return apply.carry_out(sessions)


def _print(
    settings: Settings, outcome: ApplyOutcome, head: Head, *, orphans: tuple[OrphanHost, ...], form: Format
) -> None:
    if form is Format.JSON:
        sys.stdout.write(outcome_json(outcome, head, orphans))
    else:
        settings.stdout.show([*outcome_lines(outcome, head), *orphan_lines(orphans)])


def _somebody_answers() -> bool:
    return sys.stdin is not None and sys.stdin.isatty() and sys.stderr.isatty()


def _agree(_plan: Plan) -> bool:
    return True


def _asking(settings: Settings, reporter: Reporter) -> Callable[[Plan], bool]:
    """Return what shows the plan and asks; a "no" is an error, so that nothing is recorded as carried out."""

    def ask(plan: Plan) -> bool:
        reporter.rest()
        settings.stderr.show(plan_lines(plan))
        touched = sum(not host.is_empty for host in plan.hosts)
        sys.stderr.write(f'Apply these changes to {format_count(touched, "host")}? Only "yes" is accepted: ')
        sys.stderr.flush()
        if sys.stdin.readline().strip().lower() != "yes":
            raise Refused("not confirmed; nothing was done")
        return True

    return ask


def _approved(file: Path, head: Compiled) -> Approved:
    """Given a plan file, return what it says. Raise Refused when it is none, Stale when it is for other policies."""
    hint = "create one with `opspact plan --live --out FILE`"
    try:
        plan = json.loads(file.read_text(encoding="utf-8"))
        of_a_plan = plan["schema"] == document_schema("plan") and plan["version"] == 1
        approved = Approved(str(plan["digest"]), tuple(str(host["name"]) for host in plan["hosts"]))
        contract, is_live = str(plan["contract"]), plan["live"] is True
    except OSError as error:
        raise Refused(f"cannot read {file}: {error.strerror}", hint=hint) from error
    except (ValueError, KeyError, TypeError) as error:
        raise Refused(f"{file} is not an opspact plan", hint=hint) from error
    if not of_a_plan:
        raise Refused(f"{file}: this version of opspact does not support its format", hint=hint)
    if not is_live:
        raise Refused(f"{file} was created without checking the hosts and cannot be applied", hint=hint)
    if contract != head.contract.digest or not set(approved.hosts) <= head.contract.inventory.hosts.keys():
        raise Stale(f"{file} is stale: the policies or the inventory have changed since", hint=hint)
    return approved
