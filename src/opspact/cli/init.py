"""`opspact init DIR`: a small, commented contract that checks clean.

Comes in: a folder that is not there, or is empty. Goes out: policies, an inventory, what editors need.
"""

from pathlib import Path, PurePosixPath
from shlex import quote
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from opspact.cli.settings import settings_of
from opspact.errors import ExitCode
from opspact.report.json_schema import POLICY_FILE, modeline, schema_of_all
from opspact.report.lines import line
from opspact.rollout.scaffold import ZONE, starter, write_new
from opspact.schema.unexpected_files import FOLDERS
from opspact.text.counts import format_count
from opspact.workspace.workspace import now

_SCHEMA = f"schema/{POLICY_FILE}"


def command(
    context: typer.Context,
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A directory that does not exist yet, or is empty.")],
) -> ExitCode:
    """Given a folder, write a contract there. Raise Refused when something is in the way."""
    written = {
        path: _for_editors(path) + text for path, text in starter(now().astimezone(ZoneInfo(ZONE)).date()).items()
    }
    write_new({**written, _SCHEMA: schema_of_all()}, folder)
    out = settings_of(context).stdout
    out.show(
        [
            line(("written", "good"), f": {format_count(len(written) + 1, 'file')} in {folder}"),
            line(f"next: cd {quote(str(folder))} && opspact check; see README.md there"),
        ]
    )
    return ExitCode.CLEAN


def _for_editors(path: str) -> str:
    """Given a file's path in the contract, return the line that a policy file begins with; nothing for others."""
    if not path.startswith(FOLDERS):
        return ""
    up = "../" * (len(PurePosixPath(path).parts) - 1)
    return modeline(f"{up}{_SCHEMA}")
