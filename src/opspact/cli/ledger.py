"""`opspact ledger verify|sign|attest|show|retire|export|import`: the record, its integrity, in and out as text.

Comes in: the ledger. Goes out: what holds, events, lines.
"""

import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, TextIO

import typer

from opspact.cli.head_places import SignersFile, found_heads
from opspact.cli.ledger_heads import attest, sign
from opspact.cli.output_format import Format
from opspact.cli.settings import Settings, settings_of
from opspact.errors import ExitCode, NothingFound, Refused
from opspact.evidence.signed_heads import prove
from opspact.ledger import transfer
from opspact.ledger.chain import RecordedHead, expected
from opspact.ledger.event import Head
from opspact.ledger.events import EVENT_TYPES, typed_any
from opspact.ledger.store import Ledger, open_ledger
from opspact.ledger.verify import Verified
from opspact.ledger.verify import verify as verify_ledger
from opspact.report.document import document
from opspact.report.ledger import event_lines, events_json, verified_json, verified_lines
from opspact.report.ledger_heads import proof_json, proof_lines
from opspact.report.lines import line
from opspact.report.orphans import orphan_data
from opspact.rollout import state_folder
from opspact.rollout.orphans import retire
from opspact.text.counts import format_count
from opspact.text.suggestions import did_you_mean
from opspact.workspace.workspace import Workspace, now

app = typer.Typer()

Form = Annotated[Format, typer.Option("--format", help="Output format.")]
Expected = Annotated[
    str | None, typer.Option("--expect-head", metavar="HEAD", help="A head recorded elsewhere, such as 12:9f86….")
]


@app.command("verify", help="Verify that no event was changed, removed, inserted or reordered.")
def verify(  # noqa: PLR0913 - one parameter for each option
    context: typer.Context,
    export: Annotated[
        Path | None,
        typer.Argument(metavar="FILE", help="An exported ledger, instead of the contract's.", show_default=False),
    ] = None,
    *,
    against: Annotated[
        list[str] | None,
        typer.Option(
            "--against",
            metavar="PLACE",
            help="A place of signed heads that it must contain: file:PATH, git:REPOSITORY#BRANCH or host:NAME:/PATH.",
        ),
    ] = None,
    signers: SignersFile = None,
    other_contract: Annotated[
        list[str] | None,
        typer.Option(
            "--other-contract", metavar="TEXT", help="A contract with a ledger of its own that keeps heads there, too."
        ),
    ] = None,
    expect_head: Expected = None,
    form: Form = Format.TEXT,
) -> ExitCode:
    """Given a ledger, tell that it holds. Raise LedgerBroken when it does not, NothingFound when nothing was proved."""
    settings = settings_of(context)
    named = expected(Head.parse(expect_head) if expect_head else None)

    def verified(heads: Iterable[RecordedHead]) -> Verified:
        if export is not None:
            with _lines_of(export) as lines:
                return transfer.verify_lines(lines, heads=[*named, *heads])
        with _existing(settings) as ledger:
            return verify_ledger(ledger, heads=[*named, *heads])

    proof = prove(found_heads(context, against or (), signers), verified, others=other_contract or ())
    if not proof.holds.count:
        raise NothingFound("the ledger is empty; nothing was verified")
    if form is Format.JSON:
        sys.stdout.write(proof_json(proof))
    else:
        settings.stdout.show(proof_lines(proof))
    return ExitCode.CLEAN


app.command("sign", help="Sign the ledger's head and keep it elsewhere, where it proves the events.")(sign)
app.command("attest", help="Write a signed in-toto statement of what was applied and verified, failures included.")(
    attest
)


@app.command("show", help="Show the newest events.")
def show(
    context: typer.Context,
    *,
    last: Annotated[int, typer.Option("--last", min=1, metavar="N", help="Number of events.")] = 20,
    kind: Annotated[
        str | None, typer.Option("--kind", help="Only events of this kind, such as apply.finished.")
    ] = None,
    form: Form = Format.TEXT,
) -> ExitCode:
    """Given a ledger, tell its newest events, oldest first. Raise NothingFound when there is none."""
    settings = settings_of(context)
    if kind and kind not in EVENT_TYPES:
        hint = did_you_mean(kind, EVENT_TYPES) or f"one of {', '.join(sorted(EVENT_TYPES))}"
        raise Refused(f"--kind: unknown event kind {kind}", hint=hint)
    with _existing(settings) as ledger:
        sealed = list(ledger.sealed(kind=kind or "", newest_first=True, limit=last))[::-1]
    if not sealed:
        raise NothingFound("no matching events in the ledger")
    if form is Format.JSON:
        sys.stdout.write(events_json(sealed))
    else:
        settings.stdout.show(event_lines(map(typed_any, sealed)))
    return ExitCode.CLEAN


@app.command("export", help="Write all events to standard output, one line of JSON each.")
def export(context: typer.Context) -> ExitCode:
    """Given a ledger, write its events as lines that `import` takes."""
    with _existing(settings_of(context)) as ledger:
        for text in transfer.export(ledger):
            sys.stdout.write(text)
    return ExitCode.CLEAN


@app.command("import", help="Create a new ledger from an export.")
def import_(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A file written by `opspact ledger export`.")],
    *,
    expect_head: Expected = None,
    form: Form = Format.TEXT,
) -> ExitCode:
    """Given exported lines and a ledger that is empty or not there yet, record them all, or none."""
    settings = settings_of(context)
    heads = expected(Head.parse(expect_head) if expect_head else None)
    with _lines_of(file) as lines, open_ledger(_target(settings, make=True)) as ledger:
        made = transfer.import_lines(lines, ledger, heads=heads)
    if form is Format.JSON:
        sys.stdout.write(verified_json("ledger-import", made))
    else:
        settings.stdout.show(verified_lines("imported", made))
    return ExitCode.CLEAN


@app.command("retire", help="Record that a host no longer exists, so that it is no longer reported.")
def retire_host(
    context: typer.Context,
    host: Annotated[str, typer.Argument(metavar="HOST", help="The host's name, as it was in the inventory.")],
    *,
    reason: Annotated[
        str, typer.Option("--reason", metavar="TEXT", help="The reason, such as scrapped, returned or renamed.")
    ],
    form: Form = Format.TEXT,
) -> ExitCode:
    """Given a host that is in the inventory no more, record that nothing there is ours any more, and why."""
    settings = settings_of(context)
    head = Workspace(settings.folder(), now(), settings.trust_inventory).compiled()
    with _existing(settings) as ledger:
        left = retire(ledger, head, host, reason=reason)
    if form is Format.JSON:
        sys.stdout.write(document("ledger-retire", {"retired": orphan_data([left])}))
    else:
        items = format_count(len(left.stays), "item")
        settings.stdout.show([line(("retired", "good"), f": {host}; {items} on it no longer reported")])
    return ExitCode.CLEAN


@contextmanager
def _lines_of(file: Path) -> Iterator[TextIO]:
    try:
        lines = file.open(encoding="utf-8")
    except (FileNotFoundError, IsADirectoryError, PermissionError) as error:
        raise Refused(f"cannot read {file}: {error.strerror}") from error
    with lines:
        yield lines


@contextmanager
def _existing(settings: Settings) -> Iterator[Ledger]:
    with open_ledger(_target(settings, make=False), create=False) as ledger:
        yield ledger


def _target(settings: Settings, *, make: bool) -> str:
    """Return the ledger's path or URL. One that is named outright needs no contract beside it."""
    if named := settings.named_ledger:
        return named
    workspace = Workspace(settings.folder(), now())
    return settings.ledger_target(state_folder.prepared(workspace) if make else workspace.state)
