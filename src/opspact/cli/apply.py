"""`opspact apply [FILE]`: look, show what differs, change that, look again; with FILE exactly that plan.

Comes in: the contract's folder, maybe an approved plan. Goes out: hosts as the policies say, and the record of it.
"""

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, cast

import typer

from opspact.cli.hosts import AtWork, at_work
from opspact.cli.output_format import Format
from opspact.cli.settings import Settings, settings_of
from opspact.errors import ExitCode, Refused, Stale
from opspact.fleet.ansible import RunSettings
from opspact.ledger.event import Head
from opspact.ledger.store import Ledger
from opspact.plan.orphan import OrphanHost
from opspact.plan.plan import Plan
from opspact.report.apply import applied_json, applied_lines
from opspact.report.document import counted
from opspact.report.orphans import left_lines
from opspact.report.plan import plan_lines
from opspact.report.progress import Reporter
from opspact.rollout import state_folder
from opspact.rollout.apply import Applying
from opspact.rollout.orphans import departed
from opspact.rollout.outcome import Applied
from opspact.workspace.workspace import Compiled


@dataclass(frozen=True, slots=True)
class Approved:
    """What a plan file says: its digest, and the hosts that it was made for."""

    digest: str
    hosts: tuple[str, ...]


def command(
    context: typer.Context,
    file: Annotated[
        Path | None, typer.Argument(metavar="[FILE]", help="A plan written by `plan --live --out`.")
    ] = None,
    *,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    limit: Annotated[str | None, typer.Option("--limit", metavar="PATTERN", help="Only these hosts.")] = None,
    form: Annotated[Format, typer.Option("--format", help="How the result is told.")] = Format.TEXT,
) -> ExitCode:
    """Given a contract, make its hosts so; return CLEAN when everything chosen is kept afterwards."""
    settings = settings_of(context)
    if file is not None and limit is not None:
        raise Refused("a plan file names its hosts itself; --limit goes with making the plan")
    if file is None and not yes and not _somebody_answers():
        raise Refused("nobody is there to be asked", hint="--yes, or a plan file from `opspact plan --live --out FILE`")
    work = at_work(settings)
    approved = _approved(file, work.head) if file is not None else None
    work.become_password()  # asked for before anything is locked or shown
    with work.ledger() as ledger, state_folder.one_at_a_time(work.workspace):
        left = () if limit else departed(work.head, ledger=ledger)
        names = approved.hosts if approved else work.hosts_to_look_at(ledger, limit)
        with work.reporter() as reporter:
            sure = yes or approved is not None
            confirm = _agree if sure else _asking(settings, reporter)
            applied = _apply(work, ledger, names, reporter=reporter, confirm=confirm, approved=approved)
        head = ledger.head()
    _tell(settings, applied, head, left=left, form=form)
    if applied.signal:
        return cast("ExitCode", ExitCode.SIGNAL + applied.signal)
    return ExitCode.CLEAN if applied.is_kept else ExitCode.FAILED_ON_THE_WAY


def _apply(  # noqa: PLR0913 - the parts of one apply
    work: AtWork,
    ledger: Ledger,
    names: tuple[str, ...],
    *,
    reporter: Reporter,
    confirm: Callable[[Plan], bool],
    approved: Approved | None,
) -> Applied:
    applying = Applying(
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
        return applying.carry_out(sessions)


def _tell(settings: Settings, applied: Applied, head: Head, *, left: tuple[OrphanHost, ...], form: Format) -> None:
    if form is Format.JSON:
        sys.stdout.write(applied_json(applied, head, left))
    else:
        settings.out.show([*applied_lines(applied, head), *left_lines(left)])


def _somebody_answers() -> bool:
    return sys.stdin is not None and sys.stdin.isatty() and sys.stderr.isatty()


def _agree(_plan: Plan) -> bool:
    return True


def _asking(settings: Settings, reporter: Reporter) -> Callable[[Plan], bool]:
    """Return what shows the plan and asks; a no is an error, so that nothing is recorded as carried out."""

    def ask(plan: Plan) -> bool:
        reporter.rest()
        settings.err.show(plan_lines(plan))
        touched = sum(not host.is_empty for host in plan.hosts)
        sys.stderr.write(f"Carry this out on {counted(touched, 'host')}? Only `yes` is taken as yes: ")
        sys.stderr.flush()
        if sys.stdin.readline().strip().lower() != "yes":
            raise Refused("not agreed; nothing was done")
        return True

    return ask


def _approved(file: Path, head: Compiled) -> Approved:
    """Given a plan file, return what it says. Raise Refused when it is none, Stale when it is for other policies."""
    hint = "make one with `opspact plan --live --out FILE`"
    try:
        plan = json.loads(file.read_text(encoding="utf-8"))
        of_a_plan = plan["schema"] == "opspact/plan" and plan["version"] == 1
        approved = Approved(str(plan["digest"]), tuple(str(host["name"]) for host in plan["hosts"]))
        contract, is_live = str(plan["contract"]), plan["live"] is True
    except OSError as error:
        raise Refused(f"{file} cannot be read: {error.strerror}", hint=hint) from error
    except (ValueError, KeyError, TypeError) as error:
        raise Refused(f"{file} is no plan of opspact", hint=hint) from error
    if not of_a_plan:
        raise Refused(f"{file} is no plan that this version of opspact can carry out", hint=hint)
    if not is_live:
        raise Refused(f"{file} was made without looking at the hosts, so it cannot be carried out exactly", hint=hint)
    if contract != head.contract.digest or not set(approved.hosts) <= head.contract.inventory.hosts.keys():
        raise Stale(f"{file} was made for other policies than those that lie here now", hint=hint)
    return approved
