"""`opspact runbook show NAME|RUN`: a runbook, or the record of one of its runs, as a document.

Comes in: the contract's folder, the ledger. Goes out: the document. No host is contacted.
"""

import sys
from contextlib import suppress
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from opspact.cli.hosts import recorded_history
from opspact.cli.output_format import Language
from opspact.cli.settings import Settings, settings_of
from opspact.errors import ExitCode, NothingFound
from opspact.ledger.store import Ledger
from opspact.model.contract import Contract
from opspact.report.lines import line
from opspact.report.page import Page
from opspact.report.page_html import page_html
from opspact.report.page_markdown import page_markdown
from opspact.report.page_text import page_lines
from opspact.report.runbook_list import runbooks_json
from opspact.report.runbook_page import runbook_page
from opspact.report.runbook_transcript import transcript_page
from opspact.report.transcript_json import transcript_json
from opspact.runbook.attachment_files import write_attachments
from opspact.runbook.history import RunbookRun, read_run
from opspact.runbook.run_text import run_text
from opspact.runbook.transcript import transcript
from opspact.text.suggestions import nearest
from opspact.workspace.workspace import Workspace, now


class PageFormat(StrEnum):
    """For a terminal, for scripts, for a repository, or to be printed and sent."""

    TEXT = "text"
    JSON = "json"
    MARKDOWN = "markdown"
    HTML = "html"


def show(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME|RUN", help="A runbook, or a run of one.")],
    *,
    form: Annotated[PageFormat, typer.Option("--format", help="Output format.")] = PageFormat.TEXT,
    language: Annotated[
        Language | None, typer.Option("--language", help="Language of the document; default: the contract's.")
    ] = None,
    attachments: Annotated[
        Path | None,
        typer.Option("--attachments", metavar="DIR", help="Write what was attached to the run to files there."),
    ] = None,
) -> ExitCode:
    """Show a runbook, or the record of a run; FINDINGS: events of the run were changed, added or removed."""
    settings = settings_of(context)
    workspace = Workspace(settings.folder(), now(), settings.trust_inventory)
    contract = workspace.contract()
    words = language.value if language else contract.language
    runbook = next((each for each in contract.runbooks if each.name == name), None)
    if runbook is not None:
        _show(settings, runbook_page(runbook, contract, words), form, data=runbooks_json([runbook]))
        return ExitCode.CLEAN
    with recorded_history(settings, workspace) as ledger:
        if ledger is None:
            raise _not_found(contract, name)
        run = _run(ledger, contract, name, at=workspace.now)
        found = transcript(ledger, contract, run, text=run_text(workspace, contract, run.started))
    if attachments is not None:
        for file in write_attachments(found, attachments):
            settings.stderr.show([line(f"{file} written")])
    _show(settings, transcript_page(found, contract, words), form, data=transcript_json(found))
    return ExitCode.FINDINGS if found.breaks else ExitCode.CLEAN


def _run(ledger: Ledger, contract: Contract, name: str, *, at: datetime) -> RunbookRun:
    """Return a run. Raise NothingFound, with the nearest runbook's name, when there is none."""
    with suppress(NothingFound):
        return read_run(ledger, contract.name, name, now=at)
    raise _not_found(contract, name)


def _not_found(contract: Contract, name: str) -> NothingFound:
    near = nearest(name, [each.name for each in contract.runbooks])
    hint = f'did you mean "{near}"?' if near else "`opspact runbook list` shows all, with --runs the runs"
    return NothingFound(f"there is no runbook and no run {name}", hint=hint)


def _show(settings: Settings, page: Page, form: PageFormat, *, data: str) -> None:
    match form:
        case PageFormat.TEXT:
            settings.stdout.show(page_lines(page))
        case PageFormat.JSON:
            sys.stdout.write(data)
        case PageFormat.MARKDOWN:
            sys.stdout.write(page_markdown(page))
        case PageFormat.HTML:
            sys.stdout.write(page_html(page))
