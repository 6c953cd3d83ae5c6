"""`opspact explain`: what a code means, why it matters, how to fix it, with an example.

Comes in: a code, or nothing. Goes out: words; without a code the list of all. Needs no contract.
"""

import re
import sys
from enum import StrEnum
from typing import Annotated

import typer

from opspact.cli.settings import settings_of
from opspact.errors import ExitCode, Refused
from opspact.report.document import document
from opspact.report.explanation import every_code, explained, explained_json, explained_lines, index_lines
from opspact.text.suggestions import nearest

_BEFORE_NUMBER = re.compile(r"^(?:[O0]P)?[ _-]*")
_DIGITS = str.maketrans("OIL", "011")


class Format(StrEnum):
    """The forms of an explanation."""

    TEXT = "text"
    JSON = "json"


def _meant(code: str) -> str | None:
    """Return the code that is meant: `412` and `op 412` as well, and letters that look like digits (`OP5O5`)."""
    known = set(every_code())
    number = _BEFORE_NUMBER.sub("", code.upper())
    if any(map(str.isdigit, number)):
        number = number.translate(_DIGITS)
    return f"OP{number}" if f"OP{number}" in known else nearest(f"OP{number}", known)


def command(
    context: typer.Context,
    *,
    code: Annotated[
        str | None, typer.Argument(metavar="CODE", help="The code, such as OP502; default: list all codes.")
    ] = None,
    form: Annotated[Format, typer.Option("--format", help="Output format.")] = Format.TEXT,
) -> ExitCode:
    """Given a code, tell what it means. Raise Refused when there is none such."""
    settings = settings_of(context)
    if code is None:
        if form is Format.JSON:
            sys.stdout.write(document("explain-index", {"codes": list(every_code())}))
        else:
            settings.stdout.show(index_lines())
        return ExitCode.CLEAN
    found = explained(code.upper())
    if found is None:
        meant = _meant(code)
        hint = f'did you mean "{meant}"?' if meant else "run `opspact explain` for the list of codes"
        raise Refused(f'unknown code "{code}"', hint=hint)
    if form is Format.JSON:
        sys.stdout.write(explained_json(found))
    else:
        settings.stdout.show(explained_lines(found))
    return ExitCode.CLEAN
