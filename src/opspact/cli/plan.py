"""`opspact plan`: what would change, between two commits or on the hosts as they are. Changes nothing.

In: the contract's folder, maybe a commit. Out: a plan; with `--out` a file that `apply` carries out exactly.
"""

import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from opspact.cli.hosts import CommandContext, Diff, HostNames, command_context, host_limit
from opspact.compile.policy_steps import steps_by_identity
from opspact.errors import ExitCode, LedgerUnreadable, Refused
from opspact.ledger.store import Ledger
from opspact.plan.change import Action
from opspact.plan.plan import Plan
from opspact.report.freeze import freeze_lines
from opspact.report.lines import line
from opspact.report.next_runs import next_runs
from opspact.report.plan import PreviousSteps, plan_lines, unreachable_hosts
from opspact.report.plan_context import PlanContext
from opspact.report.plan_data import plan_json
from opspact.report.plan_file import plan_file
from opspact.report.plan_markdown import plan_markdown
from opspact.report.plan_requirements import requirement_lines
from opspact.report.secrets import missing_secret_lines
from opspact.report.waves import wave_lines
from opspact.report.windows import closed_lines
from opspact.rollout import history, planner, windows
from opspact.rollout.base import Base
from opspact.rollout.base_for_apply import base_for_apply
from opspact.rollout.change_reasons import reasons_of
from opspact.rollout.contract_comparison import compare_contracts
from opspact.rollout.file_contents import found_files
from opspact.rollout.freeze import Freeze, freezes
from opspact.rollout.live_waves import LiveWaves, live_waves
from opspact.rollout.orphans import orphan_hosts
from opspact.rollout.plan_requirements import plan_requirements
from opspact.rollout.windows import ClosedHosts
from opspact.steps.check import Reach
from opspact.structs import replace
from opspact.workspace.commits import is_git_installed
from opspact.workspace.compile_cache import NO_CACHE, CompileCache, user_cache
from opspact.workspace.workspace import Compiled, actor


class Format(StrEnum):
    """The forms of plans."""

    TEXT = "text"
    JSON = "json"
    MARKDOWN = "markdown"


def command(  # noqa: PLR0913 - one parameter for each option
    context: typer.Context,
    hosts: HostNames = None,
    *,
    base: Annotated[str | None, typer.Option("--base", metavar="REF", help="Compare with this commit.")] = None,
    head: Annotated[
        str | None, typer.Option("--head", metavar="REF", help="Plan for this commit, not for the directory's files.")
    ] = None,
    live: Annotated[bool, typer.Option("--live", help="Check the hosts and compare with them.")] = False,
    limit: Annotated[str | None, typer.Option("--limit", metavar="PATTERN", help="Only these hosts.")] = None,
    diff: Diff = False,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="Write the plan to a file, for apply.")
    ] = None,
    form: Annotated[Format, typer.Option("--format", help="Output format.")] = Format.TEXT,
    exit_code: Annotated[bool, typer.Option("--exit-code", help="Exit with 1 when there are changes.")] = False,
    allow_older: Annotated[
        bool, typer.Option("--allow-older", help="With --live: plan for hosts that have a later commit, too.")
    ] = False,
) -> ExitCode:
    """Given a contract, show what would change.

    Return FINDINGS when a host was not reached, as `verify` does, and on request when there are changes; else CLEAN.
    """
    limit = host_limit(hosts, limit)
    if live and base is not None:
        raise Refused(
            "--live and --base cannot be used together", hint="--live compares with the hosts, --base with a commit"
        )
    if live and head is not None:
        raise Refused("--live and --head cannot be used together", hint="check out the commit to plan it with --live")
    if allow_older and not live:
        raise Refused("--allow-older is for --live: nothing else asks the hosts which commit they have")
    work = command_context(context, cache=NO_CACHE if live else user_cache(), head=head)
    if live:
        plan, beside = _live(work, limit, allow_older=allow_older, diff=diff)
    else:
        plan, beside = _between(work, base, limit)
    if out is not None:
        _write(out, plan_file(plan, requester=actor()))
    sides = PreviousSteps(reasons=beside.sides.reasons) if form is Format.JSON and not diff else beside.sides
    runs = next_runs(work.head.contract, work.workspace.now)
    beside = replace(beside, sides=replace(sides, next_runs=runs))
    _print(work, plan, beside, form=form)
    has_changes = bool(plan.orphans) or not plan.is_empty
    return ExitCode.FINDINGS if unreachable_hosts(plan) or (exit_code and has_changes) else ExitCode.CLEAN


def _live(work: CommandContext, limit: str | None, *, allow_older: bool, diff: bool) -> tuple[Plan, PlanContext]:
    with work.known_history() as ledger:
        survey = work.survey(work.hosts_to_check(ledger, limit), ledger, allow_older=allow_older)
        orphans = () if limit else orphan_hosts(work.head, ledger=ledger)
        missing = work.workspace.missing_secrets(work.head.work[name] for name in survey.results)
        plan = replace(work.planned(survey), orphans=orphans)
        base = _base(work, ledger, plan)
        frozen = _frozen(work, ledger, base)
        closed = _closed(work, base, plan)
        reasons = reasons_of(plan, survey, ledger, workspace=work.workspace, head=work.head)
        waves = live_waves(base, work.head, plan) if base else LiveWaves()
    with work.sessions(host.name for host in plan.hosts if host.reach is Reach.REACHED and diff) as sessions:
        found = found_files(sessions, plan) if diff else {}
    asked = plan_requirements(work.workspace, base, work.head, plan=plan) if base else None
    sides = PreviousSteps(found=found, reasons=reasons)
    return plan, PlanContext(sides, missing=missing, waves=waves, closed=closed, frozen=frozen, requirements=asked)


def _base(work: CommandContext, ledger: Ledger | None, plan: Plan) -> Base | None:
    """Return what decides over the plan when it is applied; on standard error, why that is not known."""
    try:
        return base_for_apply(work.workspace, work.head, ledger, hosts=[host.name for host in plan.hosts])
    except Refused as refused:
        work.settings.stderr.show([line(("apply would refuse this", "bad"), f": {refused.args[0]}", hang=4)])
        return None


def _frozen(work: CommandContext, ledger: Ledger | None, base: Base | None) -> tuple[Freeze, ...]:
    """Return the freezes that hold, by the contract's name and by that under which it was applied last."""
    contracts = {it.name: it for it in (work.head.contract, *([base.contract] if base else []))}
    found = (it for each in contracts.values() for it in freezes(ledger, each, work.workspace.now))
    return tuple({it.name: it for it in found}.values())


def _closed(work: CommandContext, base: Base | None, plan: Plan) -> tuple[ClosedHosts, ...]:
    """Return which hosts apply may not change now, by what decides."""
    changed = windows.hosts_to_change(plan)
    return windows.closed_hosts(base.contract, changed, work.workspace.now) if base and changed else ()


@contextmanager
def _recorded(work: CommandContext) -> Iterator[Ledger | None]:
    """Yield the ledger to read. Raise LedgerUnreadable with the ways to plan without one."""
    try:
        with work.history() as ledger:
            yield ledger
    except LedgerUnreadable as error:
        raise LedgerUnreadable(str(error), hint=f"{error.hint}; --live and --base REF need no ledger") from error


def _between(work: CommandContext, base: str | None, limit: str | None) -> tuple[Plan, PlanContext]:
    chosen = work.head.chosen(limit)
    with _recorded(work) if base is None else work.known_history() as ledger:
        if base is not None:
            whole = _compiled_at(work, base)
            before, plan = dict.fromkeys(chosen, whole), planner.between(whole, work.head, chosen)
        else:
            whole, before = None, _last_converged(work, ledger, chosen)
            plan = planner.since_converged(before, work.head, chosen)
        if limit is None:
            plan = replace(plan, orphans=orphan_hosts(work.head, ledger=ledger, base=whole))
        decides = Base(whole.contract, whole.commit) if whole else _base(work, ledger, plan)
        closed = _closed(work, decides, plan) if base is None else ()
        frozen = _frozen(work, ledger, decides) if base is None else ()
    changing = [host.name for host in plan.hosts if host.of(Action.CHANGE) and host.name in before]
    sides = steps_by_identity({name: before[name].work[name] for name in changing if name in before[name].work})
    one = _as_one(before.values())
    comparison = compare_contracts(one, work.head, cache=_cache(work)) if one else None
    asked = None
    if decides:
        same = comparison if comparison and comparison.before.digest == decides.contract.digest else None
        asked = plan_requirements(work.workspace, decides, work.head, plan=plan, comparison=same)
    return plan, PlanContext(PreviousSteps(sides), comparison, closed=closed, frozen=frozen, requirements=asked)


def _cache(work: CommandContext) -> CompileCache:
    """Return the cache, where nothing but files decides over what the contract means."""
    is_kept = work.workspace.is_kept(work.head.tree)
    return work.workspace.cache if is_kept else NO_CACHE


def _as_one(before: Iterable[Compiled]) -> Compiled | None:
    """Return what all hosts are compared with; None where that is not one commit: duty has no single history then."""
    distinct = {id(each): each for each in before}
    return next(iter(distinct.values())) if len(distinct) == 1 else None


def _last_converged(work: CommandContext, ledger: Ledger | None, chosen: Iterable[str]) -> dict[str, Compiled]:
    """Return where each host last converged, compiled; each commit once."""
    recorded = history.converged_commits(ledger, work.head.contract.name, chosen) if ledger else {}
    commits = {name: commit.partition("+")[0] for name, commit in recorded.items()}
    compiled = {commit: _compiled_at(work, commit, is_recorded=True) for commit in set(commits.values()) if commit}
    return {name: compiled[commit] for name, commit in commits.items() if commit}


def _compiled_at(work: CommandContext, name: str, *, is_recorded: bool = False) -> Compiled:
    try:
        return work.workspace.compiled_at(name, day=work.head.day, head=work.head)
    except Refused as refused:
        origin = ", at which hosts last converged," if is_recorded else ""
        message = f"cannot compare with the base {name}{origin}: {refused.args[0]}"
        raise Refused(message, refused.problems, hint=refused.hint or "use another with --base") from refused


def _print(work: CommandContext, plan: Plan, beside: PlanContext, *, form: Format) -> None:
    settings = work.settings
    if plan.base == planner.NOTHING and not is_git_installed():
        words = ": earlier commits cannot be read, so the plan adds everything"
        output = settings.stdout if form is Format.TEXT else settings.stderr
        output.show([line(("git is not installed", "doubt"), words)])
    match form:
        case Format.TEXT:
            lines = plan_lines(plan, beside.sides, comparison=beside.comparison)
            held = freeze_lines(beside.frozen, ZoneInfo(work.head.contract.zone))
            closed = closed_lines(beside.closed)
            asked = requirement_lines(beside.requirements) if beside.requirements else ()
            missing = missing_secret_lines(beside.missing)
            settings.stdout.show([*lines, *missing, *wave_lines(beside.waves), *held, *closed, *asked])
        case Format.JSON:
            sys.stdout.write(plan_json(plan, beside))
            settings.stderr.show(missing_secret_lines(beside.missing))
        case Format.MARKDOWN:
            sys.stdout.write(plan_markdown(plan, beside, contract=work.head.contract.name))
            settings.stderr.show(missing_secret_lines(beside.missing))


def _write(path: Path, text: str) -> None:
    """Write a file as a whole: one that is cut short is never taken for a plan. Raise Refused when it cannot be."""
    if not path.name:
        raise Refused(f"--out: expected a file name, got {str(path)!r}", hint="for example --out plan.json")
    try:
        beside = path.with_name(f".{path.name}.new")
        beside.write_text(text, encoding="utf-8")
        beside.replace(path)
    except OSError as error:
        raise Refused(f"cannot write {path}: {error.strerror}", hint="use another file") from error
