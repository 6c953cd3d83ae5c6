"""`opspact runbook chart`: the flow chart of a runbook, drawn from its file.

Comes in: the contract's folder, a runbook. Goes out: Mermaid or SVG.
"""

import sys
from enum import StrEnum
from typing import Annotated

import typer

from opspact.cli.output_format import Language
from opspact.cli.settings import settings_of
from opspact.errors import ExitCode
from opspact.report.runbook_chart import mermaid, runbook_chart
from opspact.report.runbook_chart_svg import svg
from opspact.runbook.request import find_runbook
from opspact.workspace.workspace import Workspace, now


class ChartFormat(StrEnum):
    """For pages that draw charts themselves, or as an image."""

    MERMAID = "mermaid"
    SVG = "svg"


def chart(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="The runbook.")],
    *,
    form: Annotated[ChartFormat, typer.Option("--format", help="Output format.")] = ChartFormat.MERMAID,
    language: Annotated[
        Language | None, typer.Option("--language", help="Language of the chart; default: the contract's.")
    ] = None,
) -> ExitCode:
    """Given a runbook, write its flow chart."""
    settings = settings_of(context)
    contract = Workspace(settings.folder(), now(), settings.trust_inventory).contract()
    drawn = runbook_chart(find_runbook(contract, name), language or contract.language)
    sys.stdout.write(svg(drawn) if form is ChartFormat.SVG else mermaid(drawn))
    return ExitCode.CLEAN
