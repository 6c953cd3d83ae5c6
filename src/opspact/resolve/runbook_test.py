"""The kind `runbook_test`: from the document to its meaning.

Comes in: the document, its context. Goes out: its meaning; problems are noted in the context.
"""

from opspact.model.policies.runbook_test import Expectation, Fault, FaultOutcome, RunbookCase, RunbookTest
from opspact.model.text import complete_text
from opspact.resolve.context import DocumentContext
from opspact.schema import kinds
from opspact.schema.documents import runbook_test as written_tests


def resolve_runbook_test(document: kinds.RunbookTest, context: DocumentContext) -> RunbookTest:
    """Given a test of a runbook as written, return its meaning."""
    context.refer("runbook", document.runbook, "runbook")
    for number, case in enumerate(document.cases):
        for index, host in enumerate(case.targets):
            context.host(host, "cases", number, "targets", index)
    return RunbookTest(document.name, document.runbook, tuple(map(_case, document.cases)), context.origin())


def _case(written: written_tests.RunbookCase) -> RunbookCase:
    expect = written.expect
    return RunbookCase(
        name=written.name,
        text=complete_text(written.text, written.name),
        targets=written.targets,
        inputs=written.inputs,
        answers=written.answers,
        attached=written.attach,
        approved=written.approved,
        faults=tuple(map(_fault, written.faults)),
        expectation=Expectation(expect.end, expect.steps, expect.values),
    )


def _fault(written: written_tests.Fault) -> Fault:
    fails: FaultOutcome = "failed" if written.exit_code else "done"
    return Fault(
        step=written.step,
        host=written.on or "",
        outcome=written.outcome or fails,
        exit_code=written.exit_code,
        output=written.output,
        error_output=written.error_output,
        changed=written.changed,
        times=written.times,
    )
