"""`opspact runbook search`: runbooks and emergencies by what people see, or by an error text.

Comes in: the contract's folder, what is typed. Goes out: matches with figures from the ledger. No host is contacted.
"""

import sys
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Annotated

import typer

from opspact.cli.hosts import recorded_history
from opspact.cli.output_format import Format, Language
from opspact.cli.settings import Settings, settings_of
from opspact.errors import ExitCode, LedgerBroken, LedgerInvalid, LedgerUnavailable, NothingFound
from opspact.model.contract import Contract
from opspact.report.lines import line
from opspact.report.runbook_search import SearchReport, search_json, search_lines
from opspact.runbook.knowledge.entry import entries_of
from opspact.runbook.knowledge.run_stats import NO_RUNS, RunStats, run_stats
from opspact.runbook.knowledge.search import KnowledgeBase
from opspact.workspace.workspace import Workspace, now

_PERIOD = timedelta(days=730)
"""How far back runs count."""

_MOST_BYTES = 100_000
"""What is read of a pasted text."""


def search(
    context: typer.Context,
    query: Annotated[
        list[str], typer.Argument(metavar="QUERY", help="Symptoms or an error text; -: read from standard input.")
    ],
    *,
    language: Annotated[
        Language | None, typer.Option("--language", help="Language of titles; default: the contract's.")
    ] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, metavar="N", help="Number of matches.")] = 5,
    form: Annotated[Format, typer.Option("--format", help="Output format.")] = Format.TEXT,
) -> ExitCode:
    """Given a query, show what matches, the most likely first; NOTHING_FOUND: nothing does, with what is nearest."""
    settings = settings_of(context)
    workspace = Workspace(settings.folder(), now(), settings.trust_inventory)
    contract = workspace.contract()
    entries = entries_of(contract)
    if not entries:
        raise NothingFound("the contract has no runbooks and no emergencies")
    stats = _stats(settings, workspace, contract)
    known = stats or {}
    text = _query(query)
    found = KnowledgeBase(entries).search(text, share=lambda name: known.get(name, NO_RUNS).share)
    report = SearchReport(text, found, stats, limit)
    if form is Format.JSON:
        sys.stdout.write(search_json(report))
        return ExitCode.CLEAN if found.matches else ExitCode.NOTHING_FOUND
    if not found.matches:
        nearest = ", ".join(f'"{each}"' for each in found.suggestions)
        raise NothingFound("no runbook or emergency matches", hint=f"nearest: {nearest}" if nearest else "")
    settings.stdout.show(search_lines(report, language=language or contract.language))
    return ExitCode.CLEAN


def _query(words: Sequence[str]) -> str:
    if list(words) != ["-"]:
        return " ".join(words)
    return sys.stdin.buffer.read(_MOST_BYTES).decode(errors="replace") if sys.stdin else ""


def _stats(settings: Settings, workspace: Workspace, contract: Contract) -> Mapping[str, RunStats] | None:
    """Return the figures of runbooks; None, with a word to the operator, when the ledger cannot be read."""
    names = [name for name in (contract.formerly, contract.name) if name]
    try:
        with recorded_history(settings, workspace) as ledger:
            return run_stats(ledger, names, since=workspace.now - _PERIOD)
    except (LedgerUnavailable, LedgerBroken, LedgerInvalid) as error:
        reason = str(error).partition("\n")[0]
        settings.stderr.show([line(("the ledger is not used", "doubt"), f": {reason}")])
        return None
