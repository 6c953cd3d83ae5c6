"""`opspact runbook approve RUN [STEP]`: sign a step of a run, so that it goes on where a policy asks for an approval.

In: the contract's folder, the ledger, a key. Out: the approval, in the ledger or in a file. No host is contacted.
"""

from datetime import UTC
from pathlib import Path
from typing import Annotated

import typer

from opspact.cli.hosts import CommandContext, command_context
from opspact.cli.signing import SigningKey, write_out
from opspact.errors import ExitCode, NothingFound, Refused
from opspact.fleet.signers import contract_key
from opspact.fleet.ssh_signature import sign
from opspact.ledger.store import Ledger
from opspact.model.names import RUNBOOK_NAMESPACE
from opspact.report.lines import line
from opspact.report.runbook_approval import to_approve_lines
from opspact.runbook.approval_statement import SignedApproval, Statement, approval_text
from opspact.runbook.approvals import RunApprovals
from opspact.runbook.history import read_run
from opspact.runbook.waiting_step import waiting_step
from opspact.workspace.workspace import context as recording_context


def approve(
    context: typer.Context,
    run: Annotated[str, typer.Argument(metavar="RUN", help="The run, as `opspact runbook list --runs` names it.")],
    step: Annotated[
        str | None, typer.Argument(metavar="STEP", help="The step; default: the one that waits for an approval.")
    ] = None,
    *,
    key: SigningKey = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="FILE", help="Write the approval to a file instead of recording it."),
    ] = None,
) -> ExitCode:
    """Approve a step of a run by a signature; another person than who runs it."""
    work = command_context(context)
    if out is not None:
        with work.history() as ledger:
            if ledger is None:
                raise NothingFound("there is no ledger", hint="name the shared one with --ledger")
            _approve(work, ledger, (run, step), key=key, out=out)
    else:
        with work.ledger() as ledger:
            _approve(work, ledger, (run, step), key=key, out=None)
    return ExitCode.CLEAN


def _approve(
    work: CommandContext, ledger: Ledger, named: tuple[str, str | None], *, key: Path | None, out: Path | None
) -> None:
    contract = work.head.contract
    found = read_run(ledger, contract.name, named[0], now=work.workspace.now)
    approvals = RunApprovals(ledger, contract, found.started)
    waiting = waiting_step(approvals, found, named=named[1], at=work.workspace.now)
    thing = approvals.to_approve(waiting.name, waiting.approval)
    language, stdout = contract.language, work.settings.stdout
    text, commit, here = waiting.text.in_language(language), found.started.commit, work.head.commit
    stdout.show(to_approve_lines(thing, text, commit, here=here, needed_at=waiting.needed_at))
    recording = recording_context(work.head)
    statement = Statement(thing, recording.at.astimezone(UTC).replace(microsecond=0))
    signature = sign(statement.signed_bytes(), RUNBOOK_NAMESPACE, key=key or contract_key(contract, recording.at))
    signed = SignedApproval(statement, signature, "this approval")
    seen = approvals.judged(signed, at=recording.at)
    if seen.why:
        raise Refused(f"the approval does not count: {seen.person or seen.source}: {seen.why}")
    if out is None:
        approvals.receive([signed], context=recording)
    else:
        write_out(out, approval_text(signed))
    where = f": {out}" if out is not None else ", recorded in the ledger"
    stdout.show([line(f"step {thing.step} of run {thing.run} approved by {seen.person}{where}")])
