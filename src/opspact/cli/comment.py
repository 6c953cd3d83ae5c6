"""`opspact comment`: a plan as the one comment of a pull request.

Comes in: Markdown, the pipeline's environment, a token by reference. Goes out: a comment on the forge.
"""

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from opspact.cli.output_format import Format
from opspact.cli.settings import settings_of
from opspact.errors import ExitCode, Refused
from opspact.fleet import secrets
from opspact.forge.comment import Commenter, marker_of
from opspact.forge.environment import Named, own_token, target
from opspact.forge.forges import ForgeKind
from opspact.report.comment import comment_json, posted_lines, skipped_lines
from opspact.schema.value_error import InvalidValueError
from opspact.schema.values.secrets import parse_secret
from opspact.values.secret import SecretReference


def command(  # noqa: PLR0913 - one parameter for each option
    context: typer.Context,
    file: Annotated[
        Path | None, typer.Argument(metavar="FILE", help="The Markdown; default: standard input.", show_default=False)
    ] = None,
    *,
    forge: Annotated[
        ForgeKind | None, typer.Option("--forge", help="The kind of forge; default: that of the pipeline.")
    ] = None,
    url: Annotated[str, typer.Option("--url", metavar="URL", help="The forge's API; default: the pipeline's.")] = "",
    repository: Annotated[
        str,
        typer.Option("--repository", metavar="OWNER/NAME", help="The repository; for GitLab also a project's number."),
    ] = "",
    number: Annotated[str, typer.Option("--number", metavar="N", help="The number of the pull request.")] = "",
    token: Annotated[
        str,
        typer.Option(
            "--token",
            metavar="REFERENCE",
            help="Reference to the token, such as secret:file:PATH; default: OPSPACT_FORGE_TOKEN, or the forge's own.",
        ),
    ] = "",
    form: Annotated[Format, typer.Option("--format", help="Output format.")] = Format.TEXT,
) -> ExitCode:
    """Make or update the comment. For a pull request from a fork nothing is posted; the Markdown is printed."""
    settings = settings_of(context)
    markdown = _text(file)
    marker_of(markdown)
    where = target(os.environ, Named(forge, url, repository, number))
    if where.is_fork:
        settings.stderr.show(skipped_lines())
        sys.stdout.write(comment_json(None) if form is Format.JSON else markdown)
        return ExitCode.CLEAN
    reference = _reference(token) if token else _own(own_token(where.forge, os.environ))
    secret = secrets.resolve([reference], settings.contract or Path.cwd())[reference]
    posted = Commenter(where.forge, where.forge.client(where.url, secret), where.request).post(markdown)
    if form is Format.JSON:
        sys.stdout.write(comment_json(posted))
    else:
        settings.stdout.show(posted_lines(posted, where.request))
    return ExitCode.CLEAN


def _text(file: Path | None) -> str:
    try:
        return sys.stdin.read() if file is None else file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise Refused(f"cannot read {file or 'standard input'}: {reason}") from error


def _reference(text: str) -> SecretReference:
    """Given the option's text, return the reference. The text is not repeated: it may be the token itself."""
    try:
        return parse_secret(text)
    except InvalidValueError:
        raise Refused(
            "--token takes a reference, not the token itself", hint="use secret:env:NAME or secret:file:PATH"
        ) from None


def _own(variable: str) -> SecretReference:
    if not variable:
        raise Refused("there is no token for the forge", hint="set OPSPACT_FORGE_TOKEN, or use --token REFERENCE")
    return SecretReference("env", variable)
