"""`opspact backup restore NAME --host HOST`: data of a host from its copies, beside what is there.

In: the contract's folder, what is wanted. Out: files in a folder, or a database under another name; the result,
recorded.
"""

import sys
from functools import partial
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from opspact.cli import times
from opspact.cli.apply import refuse_without_terminal
from opspact.cli.hosts import CommandContext, command_context
from opspact.cli.output_format import Format
from opspact.cli.settings import settings_of
from opspact.errors import ExitCode, NothingFound, Refused
from opspact.evidence.suspect_copies import SuspectCopies, server_jobs, suspect_copies
from opspact.fleet.failures import HostLost
from opspact.jobs.collection import Collector
from opspact.jobs.run import Answer
from opspact.model.contract_jobs import restore_job
from opspact.model.policies.backup import Backup
from opspact.model.result import Outcome, Result
from opspact.recovery.restore import ChosenCopy, Folder, HostRestore, OneDatabase, RestoreRequest, Target
from opspact.report.jobs import answer_lines, answers_json
from opspact.report.lines import line
from opspact.report.restore import choice_lines, suspect_lines
from opspact.structs import Struct, replace
from opspact.text.suggestions import did_you_mean
from opspact.workspace.workspace import context as recording

_LONGEST_NAME = 63
"""Bytes of a database's name: PostgreSQL cuts off what is beyond (NAMEDATALEN)."""


def command(  # noqa: PLR0913 - one for each option
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="The backup policy.")],
    *,
    host: Annotated[str, typer.Option("--host", metavar="HOST", help="The host whose copies are restored, on it.")],
    at: Annotated[
        str | None,
        typer.Option("--at", metavar="T", help="The newest copy begun by then; default: the newest."),
    ] = None,
    to: Annotated[
        str | None, typer.Option("--to", metavar="DIR", help="The folder on the host, absent or empty.")
    ] = None,
    file: Annotated[
        list[str] | None, typer.Option("--file", metavar="PATH", help="Only this file or folder; can be repeated.")
    ] = None,
    database: Annotated[str | None, typer.Option("--database", metavar="DB", help="Only this database.")] = None,
    new_name: Annotated[
        str | None, typer.Option("--as", metavar="NEW", help="The new name of the database; it must not exist yet.")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask for confirmation.")] = False,
    form: Annotated[Format, typer.Option("--format", help="Output format.")] = Format.TEXT,
) -> ExitCode:
    """Given a contract, restore from the newest copy that counts; return CLEAN when all of it was restored."""
    settings = settings_of(context)
    _refuse_new_name(new_name or "")
    target = _target(to, tuple(file or ()), database=database, new_name=new_name)
    work = command_context(context)
    backup = _backup(work, name, host, target=target)
    zone = ZoneInfo(work.head.contract.zone)
    request = RestoreRequest(target=target, at=times.instant("--at", at, zone) if at else None)
    if not yes:
        refuse_without_terminal("use --yes")
    work.passwords()  # asked before anything is shown
    answer = _Restore(work, backup, host, asks=not yes).carry_out(request)
    job = restore_job(backup)
    if form is Format.JSON:
        sys.stdout.write(answers_json("backup-restore", [(job.key, host, answer)]))
    else:
        settings.stdout.show(answer_lines([(job.key, host, answer)], zone))
    if isinstance(answer, HostLost):
        settings.stderr.show(
            [line(("the restore goes on", "doubt"), f" on {host}: run `opspact inspect collect {host}`")]
        )
    if not isinstance(answer, Result) or answer.outcome is not Outcome.DONE:
        return ExitCode.OPERATION_FAILED
    return ExitCode.CLEAN


def _target(to: str | None, files: tuple[str, ...], *, database: str | None, new_name: str | None) -> Target:
    """Return what is asked for. Raise Refused when the options do not say one thing."""
    for path in (*files, *filter(None, [to])):
        if not path.startswith("/") or path.strip("/") == "" or {".", ".."} & {*path.split("/")}:
            raise Refused(f"expected the absolute path of a file or folder on the host, got {path}")
    if database is not None:
        if to is not None or files:
            raise Refused("--database cannot be used with --to or --file", hint="restore files separately")
        engine, _, bare = database.rpartition("/")
        if not new_name:
            raise Refused("--database needs --as, the name of the restored database", hint=f"--as {bare}_restored")
        if new_name in {database, bare}:
            hint = f"restore it under another name, such as {bare}_restored, compare, then rename it"
            raise Refused(f"--as {new_name}: a database is never restored over the live one", hint=hint)
        return OneDatabase(database, f"{engine}/{new_name.removeprefix(f'{engine}/')}" if engine else new_name)
    if new_name is not None:
        raise Refused("--as is used with --database")
    if to is None:
        raise Refused("expected --to DIR, or --database DB --as NEW", hint="--to /srv/restored")
    return Folder(to, files)


def _backup(work: CommandContext, name: str, host: str, *, target: Target) -> Backup:
    """Return the policy. Raise Refused when there is none of that name, on that host, with that database."""
    backups = {backup.name: backup for backup in work.head.contract.backups}
    if name not in backups:
        raise Refused(f'unknown backup policy "{name}"', hint=did_you_mean(name, backups) or ", ".join(backups))
    backup = backups[name]
    if host not in backup.hosts:
        hint = did_you_mean(host, backup.hosts) or f"it backs up {', '.join(backup.hosts)}"
        raise Refused(f"{name} does not back up {host}", hint=hint)
    if isinstance(target, OneDatabase):
        known = [each.label for each in backup.databases_on(host)]
        if target.name not in known:
            hint = did_you_mean(target.name, known) or (f"it backs up {', '.join(known)}" if known else "it has none")
            raise Refused(f"{name} does not back up the database {target.name} of {host}", hint=hint)
    return backup


def _refuse_new_name(name: str) -> None:
    """Raise Refused for a name that the restored database would not have in the end, or that nobody could type."""
    size = len(name.encode("utf-8", "surrogateescape"))
    if size > _LONGEST_NAME:
        raise Refused(f"--as: expected {_LONGEST_NAME} bytes at most, got {size}")
    if not name.isprintable() or name != name.strip():
        raise Refused("--as: expected a name without control characters, and without blanks at its ends")


class _Restore(Struct):
    """One restore: which policy, on which host; whether the operator is asked."""

    work: CommandContext
    backup: Backup
    host: str
    asks: bool

    def carry_out(self, request: RestoreRequest) -> Answer:
        """Choose the copy, ask, have it restored, and return what that gave. Raise Refused at a "no"."""
        backup, head = self.backup, self.work.head
        with self.work.ledger() as ledger, self.work.sessions({self.host, backup.server}) as sessions:
            collector = Collector(sessions, ledger, partial(recording, head))
            collection = collector.collect(server_jobs(head.contract, backup), [backup.server])
            suspects = suspect_copies(ledger, head.contract, backup, host=self.host)
            self._check(suspects, collection.unreached.get(backup.server))
            request = replace(request, suspect=suspects.names)
            restore = HostRestore(collector, restore_job(backup), self.host)
            copy = restore.choose(request)
            self._confirm(copy, request.target)
            return restore.wait_for_result(restore.submit(request, copy))

    def _check(self, suspects: SuspectCopies, lost: HostLost | None) -> None:
        """Show what is known against the copies. Raise NothingFound when none of them counts."""
        stderr, zone = self.work.settings.stderr, ZoneInfo(self.work.head.contract.zone)
        if lost is not None:
            words = f" {lost.detail}; what is known of damage to this repository was collected before"
            stderr.show([line((f"{lost.host}:", "doubt"), words)])
        stderr.show(suspect_lines(suspects, server=self.backup.server, zone=zone))
        if suspects.is_damaged:
            others = [
                each.name
                for each in self.work.head.contract.backups
                if self.host in each.hosts and each.repository != self.backup.repository
            ]
            message = f"no copy of {self.backup.name} counts: its repository is damaged"
            raise NothingFound(message, hint=f"restore from {' or '.join(others)}" if others else "")

    def _confirm(self, copy: ChosenCopy, target: Target) -> None:
        """Show what would be restored, and ask. Raise Refused at a "no"."""
        zone = ZoneInfo(self.work.head.contract.zone)
        self.work.settings.stderr.show(choice_lines(copy, target, host=self.host, zone=zone))
        if not self.asks:
            return
        sys.stderr.write('Restore this? Only "yes" is accepted: ')
        sys.stderr.flush()
        if sys.stdin.readline().strip().lower() != "yes":
            raise Refused("not confirmed; nothing was done")
