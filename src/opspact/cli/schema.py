"""`opspact schema [KIND]`: JSON Schema of policy files, for editors and other people's tools.

Comes in: nothing, or a kind. Goes out: JSON Schema, draft 2020-12.
"""

import sys
from typing import Annotated

import typer

from opspact.errors import ExitCode, Refused
from opspact.report.json_schema import schema_of_all, schema_of_kind
from opspact.schema.kinds import KINDS
from opspact.schema.suggest import did_you_mean


def command(
    kind: Annotated[str | None, typer.Argument(metavar="[KIND]", help="One kind of policy; else all.")] = None,
) -> ExitCode:
    """Given maybe a kind, print its schema, or one schema of all kinds. Raise Refused when there is no such kind."""
    if kind is not None and kind not in KINDS:
        raise Refused(f"there is no kind {kind!r}", hint=did_you_mean(kind, KINDS) or f"there are: {', '.join(KINDS)}")
    sys.stdout.write(schema_of_kind(kind) if kind else schema_of_all())
    return ExitCode.CLEAN
