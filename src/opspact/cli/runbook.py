"""`opspact runbook list|show|search|chart|test|run|resume|approve|drill|abandon`: procedures for operators.

Comes in: the contract's folder. Goes out: what each command's module does.
"""

import typer

from opspact.cli.runbook_approve import approve
from opspact.cli.runbook_chart import chart
from opspact.cli.runbook_drill import drill
from opspact.cli.runbook_list import list_
from opspact.cli.runbook_run import abandon, resume, run
from opspact.cli.runbook_search import search
from opspact.cli.runbook_show import show
from opspact.cli.runbook_test import run_tests

app = typer.Typer()

app.command("list", help="List the runbooks of the contract, or their runs.")(list_)
app.command("show", help="Show a runbook, or the record of a run as a document.")(show)
app.command("search", help="Find runbooks by what people see, or by an error text; in Chinese and English.")(search)
app.command("run", help="Run a runbook for a host.")(run)
app.command("resume", help="Go on with a run that stopped, waits or failed.")(resume)
app.command("approve", help="Approve a step of a run by a signature; another person than who runs it.")(approve)
app.command("drill", help="Rehearse emergencies: make the fault, have it noticed and cured.")(drill)
app.command("abandon", help="Give up a run that is not done.")(abandon)
app.command("chart", help="Draw the flow chart of a runbook: Mermaid or SVG.")(chart)
app.command("test", help="Run the cases of runbooks' tests, without any host or person.")(run_tests)
