"""`opspact verify`: look at the hosts, compare with the policies, record what was seen. Changes nothing on hosts.

Comes in: the contract's folder. Goes out: a verdict on every step, and what left the policy and is still there.
"""

import sys
from enum import StrEnum
from typing import Annotated

import typer

from opspact.cli.hosts import at_work
from opspact.cli.settings import Settings, settings_of
from opspact.errors import ExitCode, NothingThere
from opspact.report.verify import Seen, seen, verified_json, verified_junit, verified_lines
from opspact.rollout import record
from opspact.rollout.orphans import departed


class Format(StrEnum):
    """The forms of what was seen."""

    TEXT = "text"
    JSON = "json"
    JUNIT = "junit"


def command(
    context: typer.Context,
    *,
    limit: Annotated[str | None, typer.Option("--limit", metavar="PATTERN", help="Only these hosts.")] = None,
    form: Annotated[Format, typer.Option("--format", help="How the result is told.")] = Format.TEXT,
) -> ExitCode:
    """Given a contract, tell how its hosts differ; return CLEAN when everything planned was seen and is in order."""
    settings = settings_of(context)
    work = at_work(settings)
    with work.ledger() as ledger:
        left = () if limit else departed(work.head, ledger=ledger)
        survey = work.look(work.hosts_to_look_at(ledger, limit), ledger)
        record.verified(ledger, work.head, survey)
    found = seen(survey, left)
    if not found.planned and not found.leftovers and not found.unreached:
        raise NothingThere("nothing was checked: no policy asks anything of these hosts, and nothing is left on them")
    _tell(settings, found, form=form)
    return ExitCode.CLEAN if found.is_clean else ExitCode.FINDINGS


def _tell(settings: Settings, found: Seen, *, form: Format) -> None:
    match form:
        case Format.TEXT:
            settings.out.show(verified_lines(found))
        case Format.JSON:
            sys.stdout.write(verified_json(found))
        case Format.JUNIT:
            sys.stdout.write(verified_junit(found))
