"""`opspact runbook list`: the runbooks of the contract, or their runs.

Comes in: the contract's folder, the ledger. Goes out: a list. No host is contacted.
"""

import sys
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from opspact.cli.hosts import recorded_history
from opspact.cli.output_format import Format, Language
from opspact.cli.settings import settings_of
from opspact.errors import ExitCode, NothingFound
from opspact.model.contract import Contract
from opspact.report.runbook_list import run_lines, runbook_lines, runbooks_json, runs_json
from opspact.runbook.history import newest_runs
from opspact.runbook.request import runbook_suggestion
from opspact.workspace.workspace import Workspace, now


def list_(  # noqa: PLR0913 - one for each option
    context: typer.Context,
    name: Annotated[str | None, typer.Argument(metavar="NAME", help="Only runs of this runbook, with --runs.")] = None,
    *,
    runs: Annotated[bool, typer.Option("--runs", help="List runs, the newest first.")] = False,
    limit: Annotated[int, typer.Option("--limit", min=1, metavar="N", help="Number of runs.")] = 20,
    language: Annotated[
        Language | None, typer.Option("--language", help="Language of titles; default: the contract's.")
    ] = None,
    form: Annotated[Format, typer.Option("--format", help="Output format.")] = Format.TEXT,
) -> ExitCode:
    """List runbooks, or their runs with their states; NOTHING_FOUND: there are none."""
    settings = settings_of(context)
    workspace = Workspace(settings.folder(), now(), settings.trust_inventory)
    contract = workspace.contract()
    if runs:
        with recorded_history(settings, workspace) as ledger:
            found = newest_runs(ledger, contract.name, name or "", now=workspace.now, limit=limit) if ledger else []
        if form is Format.JSON:
            sys.stdout.write(runs_json(found))
        elif found:
            settings.stdout.show(run_lines(found, ZoneInfo(contract.zone)))
        if not found and form is not Format.JSON:
            raise _never_run(name, contract)
        return ExitCode.CLEAN if found else ExitCode.NOTHING_FOUND
    listed = [each for each in contract.runbooks if name in {None, each.name}]
    if not listed:
        raise _no_runbook(name, contract)
    if form is Format.JSON:
        sys.stdout.write(runbooks_json(listed))
    else:
        settings.stdout.show(runbook_lines(listed, language.value if language else contract.language))
    return ExitCode.CLEAN


def _never_run(name: str | None, contract: Contract) -> NothingFound:
    """Return what is said where no run is found; `name`: of the runbook whose runs were asked for, if of one."""
    if name is None:
        return NothingFound("no runbook was run yet")
    if any(each.name == name for each in contract.runbooks):
        return NothingFound(f"runbook {name} was not run yet")
    return _no_runbook(name, contract)


def _no_runbook(name: str | None, contract: Contract) -> NothingFound:
    if name is None:
        return NothingFound("the contract has no runbooks")
    return NothingFound(f"there is no runbook {name}", hint=runbook_suggestion(contract, name))
