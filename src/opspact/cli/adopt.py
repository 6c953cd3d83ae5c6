"""`opspact adopt PATTERN`: policies for what hosts have already, for people to review. Changes nothing on hosts.

In: the contract's folder, a host pattern. Out: files of policies that verify finds kept; what they do not say.
"""

import sys
from pathlib import Path
from typing import Annotated

import typer

from opspact.cli.hosts import command_context
from opspact.cli.output_format import Format
from opspact.cli.settings import settings_of
from opspact.errors import ExitCode, OperationFailed
from opspact.report.adoption import adoption_json, adoption_lines
from opspact.rollout import scaffold
from opspact.rollout.adoption.adoption import Adopter
from opspact.rollout.adoption.choices import checked_choices


def command(  # noqa: PLR0913 - one parameter for each option
    context: typer.Context,
    pattern: Annotated[str, typer.Argument(metavar="PATTERN", help="The hosts, as an Ansible host pattern.")],
    *,
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="DIR", help="Write policies/ and files/ there; default: the contract directory."),
    ] = None,
    clause: Annotated[
        list[str] | None,
        typer.Option("--clause", metavar="CLAUSE", help="A clause that the policies cover; can be given again."),
    ] = None,
    owner: Annotated[
        str | None,
        typer.Option("--owner", metavar="NAME", help="Who is responsible for the services: a team or a person."),
    ] = None,
    form: Annotated[Format, typer.Option("--format", help="Output format.")] = Format.TEXT,
) -> ExitCode:
    """Given hosts, write policies for what they have; return FINDINGS when something is left to people."""
    settings = settings_of(context)
    work = command_context(context)
    hosts = work.head.chosen(pattern)
    choices = checked_choices(work.head.contract, clause or (), owner)
    folder = out or work.workspace.folder
    with work.sessions(hosts) as sessions:
        adoption = Adopter(work.workspace, work.head, sessions, folder, choices).adopt(hosts)
    if len(adoption.lost) == len(hosts):
        host, why = next(iter(adoption.lost.items()))
        raise OperationFailed(f"no host could be read: {host}: {why}")
    scaffold.add_files(adoption.files, folder)
    if form is Format.JSON:
        sys.stdout.write(adoption_json(adoption))
    else:
        settings.stdout.show(adoption_lines(adoption, folder=str(folder), width=settings.stdout.width))
    return ExitCode.CLEAN if adoption.is_complete else ExitCode.FINDINGS
