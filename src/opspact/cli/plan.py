"""`opspact plan`: what would change, between two commits or on the hosts as they are. Changes nothing.

Comes in: the contract's folder, maybe a commit. Goes out: a plan; with `--out` a file that `apply` carries out exactly.
"""

import sys
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from opspact.analyse.rule import RuleContext
from opspact.analyse.rules.contract.reductions import RULES as WEAKENING
from opspact.analyse.run import analyse
from opspact.cli.hosts import AtWork, at_work
from opspact.cli.settings import Settings, settings_of
from opspact.errors import ExitCode, Refused
from opspact.ledger.store import Ledger
from opspact.model.contract import Contract
from opspact.model.finding import Finding
from opspact.model.roster.changes import duty_changes
from opspact.plan.change import Action
from opspact.plan.plan import Plan
from opspact.report.lines import line
from opspact.report.oncall import DutyChanges
from opspact.report.plan import NO_SIDES, Sides, plan_lines, plan_markdown
from opspact.report.plan_data import plan_json
from opspact.report.reductions import reduction_lines, reduction_markdown
from opspact.rollout import history, planner
from opspact.rollout.orphans import departed
from opspact.workspace.commits import is_git_installed
from opspact.workspace.workspace import Compiled


class Format(StrEnum):
    """The forms of plans."""

    TEXT = "text"
    JSON = "json"
    MARKDOWN = "markdown"


def command(  # noqa: PLR0913 - one parameter for each option
    context: typer.Context,
    *,
    base: Annotated[str | None, typer.Option("--base", metavar="REF", help="Compare with this commit.")] = None,
    live: Annotated[bool, typer.Option("--live", help="Look at the hosts, and compare with them.")] = False,
    limit: Annotated[str | None, typer.Option("--limit", metavar="PATTERN", help="Only these hosts.")] = None,
    out: Annotated[Path | None, typer.Option("--out", metavar="FILE", help="Write the plan, for apply.")] = None,
    form: Annotated[Format, typer.Option("--format", help="How the plan is told.")] = Format.TEXT,
    exit_code: Annotated[bool, typer.Option("--exit-code", help="End with 1 when there is something to do.")] = False,
) -> ExitCode:
    """Given a contract, tell what would change; return CLEAN, or FINDINGS on wish when something is to be done."""
    settings = settings_of(context)
    if live and base is not None:
        raise Refused("--live compares with the hosts, --base with a commit: name one of them")
    work = at_work(settings)
    plan, told = _live(work, limit) if live else _between(work, base, limit)
    if out is not None:
        _write(out, plan_json(plan))
    _tell(settings, plan, told, form=form)
    return ExitCode.FINDINGS if exit_code and (plan.orphans or not plan.is_empty) else ExitCode.CLEAN


@dataclass(frozen=True, slots=True)
class _Told:
    """What is told beside a plan: both sides' steps, who changes when, what is promised less."""

    sides: Sides = NO_SIDES
    duty: DutyChanges | None = None
    reductions: tuple[Finding, ...] = ()


def _live(work: AtWork, limit: str | None) -> tuple[Plan, _Told]:
    with work.past() as ledger:
        survey = work.look(work.hosts_to_look_at(ledger, limit), ledger)
        left = () if limit else departed(work.head, ledger=ledger)
    return replace(work.planned(survey), orphans=left), _Told()


def _between(work: AtWork, base: str | None, limit: str | None) -> tuple[Plan, _Told]:
    chosen = work.head.chosen(limit)
    with work.past() as ledger:
        if base is not None:
            whole = _compiled_at(work, base)
            before, plan = dict.fromkeys(chosen, whole), planner.between(whole, work.head, chosen)
        else:
            whole, before = None, _last_kept(work, ledger, chosen)
            plan = planner.since_kept(before, work.head, chosen)
        if limit is None:
            plan = replace(plan, orphans=departed(work.head, ledger=ledger, base=whole))
    changed = {
        host.name: before[host.name].work for host in plan.hosts if host.of(Action.CHANGE) and host.name in before
    }
    sides = {
        name: {step.identity: step for step in of_base[name].make}
        for name, of_base in changed.items()
        if name in of_base
    }
    return plan, _beside(Sides(sides), _as_one(before.values()), work.head)


def _as_one(before: Iterable[Compiled]) -> Compiled | None:
    """Return what all hosts are compared with; None where they are not at one commit: duty has no single past then."""
    distinct = {id(each): each for each in before}
    return next(iter(distinct.values())) if len(distinct) == 1 else None


def _beside(sides: Sides, before: Compiled | None, head: Compiled) -> _Told:
    """Return what is told beside a plan; without anything to compare with, the steps alone."""
    if before is None:
        return _Told(sides)
    return _Told(
        sides,
        _duty(before.contract, head.contract, head.day),
        analyse(RuleContext(head.contract, head.day, before=before.contract), WEAKENING),
    )


def _duty(before: Contract, after: Contract, day: date) -> DutyChanges:
    """Return who changes when, from a day on to the end of the contract."""
    zone = ZoneInfo(after.zone)
    last = max(before.period.last, after.period.last, day) + timedelta(days=1)
    start, end = (datetime.combine(each, time(), zone) for each in (day, last))
    return DutyChanges(before, after, duty_changes(before, after, start=start, end=end))


def _last_kept(work: AtWork, ledger: Ledger | None, chosen: Iterable[str]) -> dict[str, Compiled]:
    """Return what each host was last kept at, compiled; each commit once."""
    recorded = history.kept_commits(ledger, work.head.contract.name, chosen) if ledger else {}
    commits = {name: commit.partition("+")[0] for name, commit in recorded.items()}
    compiled = {commit: _compiled_at(work, commit, kept=True) for commit in set(commits.values()) if commit}
    return {name: compiled[commit] for name, commit in commits.items() if commit}


def _compiled_at(work: AtWork, name: str, *, kept: bool = False) -> Compiled:
    try:
        return work.workspace.compiled_at(name, day=work.head.day)
    except Refused as refused:
        origin = ", a commit that was last kept on hosts," if kept else ""
        message = f"the base {name}{origin} cannot be compared with: {refused.args[0]}"
        raise Refused(message, refused.problems, hint=refused.hint or "name another with --base") from refused


def _tell(settings: Settings, plan: Plan, told: _Told, *, form: Format) -> None:
    if plan.base == planner.NOTHING and not is_git_installed():
        words = ": what was there before cannot be read, and all of it is planned as if nothing were there"
        said_on = settings.out if form is Format.TEXT else settings.err
        said_on.show([line(("git is not installed", "doubt"), words)])
    match form:
        case Format.TEXT:
            settings.out.show([*reduction_lines(told.reductions), *plan_lines(plan, told.sides, duty=told.duty)])
        case Format.JSON:
            sys.stdout.write(plan_json(plan, duty=told.duty, reductions=told.reductions))
        case Format.MARKDOWN:
            sys.stdout.write(plan_markdown(plan, told.sides, duty=told.duty) + reduction_markdown(told.reductions))


def _write(path: Path, text: str) -> None:
    """Write a file as a whole: one that is cut short is never taken for a plan. Raise Refused when it cannot be."""
    if not path.name:
        raise Refused(f"--out: expected a file, got {str(path)!r}", hint="for example --out plan.json")
    try:
        beside = path.with_name(f".{path.name}.new")
        beside.write_text(text, encoding="utf-8")
        beside.replace(path)
    except OSError as error:
        raise Refused(f"{path} cannot be written: {error.strerror}", hint="name another file") from error
