"""`opspact runbook test`: the cases of runbooks' tests, run without any host or person.

Comes in: the contract's folder, maybe a runbook. Goes out: which cases passed, and how the others differ.
"""

import sys
from typing import Annotated

import typer

from opspact.cli.output_format import CheckFormat
from opspact.cli.settings import settings_of
from opspact.errors import ExitCode, NothingFound
from opspact.report.runbook_test import Gaps, case_lines, cases_json, cases_junit
from opspact.runbook.case_run import run_cases, uncovered_steps
from opspact.runbook.request import find_runbook
from opspact.workspace.workspace import Workspace, now


def run_tests(
    context: typer.Context,
    name: Annotated[
        str | None, typer.Argument(metavar="NAME", help="The runbook; default: every one that has a test.")
    ] = None,
    *,
    form: Annotated[CheckFormat, typer.Option("--format", help="Output format.")] = CheckFormat.TEXT,
) -> ExitCode:
    """Given maybe a runbook, run its cases; FINDINGS: one has failed."""
    settings = settings_of(context)
    contract = Workspace(settings.folder(), now(), settings.trust_inventory).contract()
    runbooks = [find_runbook(contract, name)] if name else contract.runbooks
    names = {each.name for each in runbooks}
    tests = [each for each in contract.runbook_tests if each.runbook in names]
    if not tests:
        what = f"runbook {name} has no test" if name else "no runbook has a test"
        raise NothingFound(what, hint="write a document of kind: runbook_test in runbooks/tests/")
    results = tuple(run_cases(contract, tests))
    tested = {each.runbook for each in tests}
    untested = sorted(each.name for each in runbooks if not (each.rehearsal_only or each.name in tested))
    gaps = Gaps(tuple(untested), uncovered_steps(contract, results))
    match form:
        case CheckFormat.JSON:
            sys.stdout.write(cases_json(results, gaps))
        case CheckFormat.JUNIT:
            sys.stdout.write(cases_junit(results))
        case CheckFormat.TEXT:
            settings.stdout.show(case_lines(results, gaps))
    return ExitCode.CLEAN if all(each.is_passed for each in results) else ExitCode.FINDINGS
