"""`opspact schema [KIND] [--out DIR]`: JSON Schema of policy files, for editors and other people's tools.

Comes in: nothing, a kind, or a folder. Goes out: JSON Schema, draft 2020-12.
"""

import sys
from pathlib import Path
from typing import Annotated

import typer

from opspact.cli.settings import settings_of
from opspact.errors import ExitCode, Refused
from opspact.report.json_schema import POLICY_FILE, modeline, schema_files, schema_of_all, schema_of_kind
from opspact.report.lines import line
from opspact.rollout.scaffold import write_over
from opspact.schema.kinds import KINDS
from opspact.text.counts import format_count
from opspact.text.suggestions import did_you_mean


def command(
    context: typer.Context,
    *,
    kind: Annotated[str | None, typer.Argument(metavar="KIND", help="The kind of policy; default: all kinds.")] = None,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="DIR", help="Write all schemas to this directory, for editors.")
    ] = None,
) -> ExitCode:
    """Given maybe a kind, print its schema, or one of all kinds; given a folder, write all schemas there.

    Raise Refused when there is no such kind.
    """
    if kind is not None and kind not in KINDS:
        raise Refused(f'unknown kind "{kind}"', hint=did_you_mean(kind, KINDS) or f"known kinds: {', '.join(KINDS)}")
    if out is None:
        sys.stdout.write(schema_of_kind(kind) if kind else schema_of_all())
        return ExitCode.CLEAN
    if kind is not None:
        raise Refused("--out writes the schemas of all kinds", hint=f"remove {kind}")
    files = schema_files()
    write_over(files, out)
    settings_of(context).stdout.show(
        [
            line(("written", "good"), f": {format_count(len(files), 'schema')} in {out}"),
            line("add this as the first line of a policy file:"),
            line(modeline(f"../{out.name}/{POLICY_FILE}").strip(), indent=2),
        ]
    )
    return ExitCode.CLEAN
