"""`opspact compile --out DIR`: write the Ansible project, whole or not at all.

Comes in: the contract's folder. Goes out: a folder for plain `ansible-playbook`, and its digest.
"""

import sys
from pathlib import Path
from typing import Annotated

import typer

from opspact.cli import times
from opspact.cli.output_format import Format
from opspact.cli.settings import settings_of
from opspact.compile.project import project
from opspact.errors import ExitCode
from opspact.report.document import document
from opspact.report.lines import line
from opspact.text.counts import format_count
from opspact.workspace.project_folder import write_whole
from opspact.workspace.workspace import Workspace, now


def command(
    context: typer.Context,
    *,
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="An empty directory, or one written by compile.")],
    on: Annotated[
        str | None,
        typer.Option("--on", metavar="DAY", help="Compile as of this day, such as 2026-02-17; default: today."),
    ] = None,
    form: Annotated[Format, typer.Option("--format", help="Output format.")] = Format.TEXT,
) -> ExitCode:
    """Given a contract and a folder, write the project there and tell its digest."""
    settings = settings_of(context)
    compiled = Workspace(settings.folder(), now(), settings.trust_inventory).compiled(
        day=times.day("--on", on), recorded=False
    )
    made = project(compiled.work, compiled.inventory_files)
    write_whole(made, out)
    hosts = sum(bool(of_host.make) for of_host in compiled.work.values())
    if form is Format.JSON:
        content = {"digest": made.digest, "folder": str(out), "files": len(made.files), "hosts": hosts}
        sys.stdout.write(document("compile", content))
    else:
        size = f"{format_count(len(made.files), 'file')} for {format_count(hosts, 'host')}"
        settings.stdout.show([line(("compiled", "good"), f": {size} in {out}"), line(made.digest)])
    return ExitCode.CLEAN
