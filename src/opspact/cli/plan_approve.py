"""`opspact plan approve FILE`: sign a plan file, so that `apply` accepts it where a policy asks for an approval.

In: the contract's folder, a plan file, a key. Out: a file with the approval. No host is contacted.
"""

from datetime import UTC
from pathlib import Path
from typing import Annotated

import typer

from opspact.cli.approved_plan import read_plan
from opspact.cli.hosts import CommandContext, command_context
from opspact.cli.settings import settings_of
from opspact.cli.signing import SigningKey, write_out
from opspact.errors import ExitCode, Refused
from opspact.fleet.signers import contract_key, signers_of
from opspact.fleet.ssh_signature import InvalidSignature, sign, verify
from opspact.model.names import PLAN_NAMESPACE
from opspact.report.lines import line
from opspact.rollout.approval_statement import SUFFIX, SignedApproval, Statement, approval_text
from opspact.workspace.workspace import now


def command(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A plan file from `opspact plan --live --out FILE`.")],
    *,
    key: SigningKey = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="FILE", help="The file to write; default: FILE.PERSON.approval."),
    ] = None,
) -> ExitCode:
    """Sign a plan, and write the approval to a file."""
    settings = settings_of(context)
    work = command_context(context)
    plan = read_plan(file, work.head)
    statement = Statement(
        contract=work.head.contract.name,
        contract_digest=work.head.contract.digest,
        plan=plan.digest,
        requester=plan.requester,
        seal=plan.seal,
        approved=now().astimezone(UTC).replace(microsecond=0),
    )
    if not plan.requester:
        raise Refused(f"{file} does not say who created it", hint="create the plan again with this version of opspact")
    signature = sign(
        statement.signed_bytes(), PLAN_NAMESPACE, key=key or contract_key(work.head.contract, work.workspace.now)
    )
    person, why = _signed_by(work, statement, signature)
    place = out or file.with_name(f"{file.name}.{person or 'unknown'}{SUFFIX}")
    write_out(place, approval_text(SignedApproval(statement, signature)))
    words = f"plan {plan.digest[:12]} of {plan.requester} approved by {person or 'somebody unknown'}: {place}"
    settings.stdout.show([line(words), *([line((why, "doubt"), indent=2)] if why else [])])
    return ExitCode.CLEAN


def _signed_by(work: CommandContext, statement: Statement, signature: str) -> tuple[str, str]:
    """Return who has signed, by the policies as they are here; or why that is nobody. The base decides in the end."""
    signers = signers_of(work.head.contract)
    try:
        signed = verify(statement.signed_bytes(), signature, signers, namespace=PLAN_NAMESPACE, at=statement.approved)
    except InvalidSignature as error:
        return "", str(error)
    return signed.person, ""
