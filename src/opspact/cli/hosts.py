"""What the commands that reach hosts have in common: the contract, its ledger, its hosts, the progress.

In: global options, a limit. Out: the context of a command.
"""

import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from typing import Annotated

import typer

from opspact.cli.passwords import SSH, SUDO, password
from opspact.cli.settings import Settings, settings_of
from opspact.errors import LedgerBroken, LedgerUnavailable, NothingFound, OpspactError, Refused
from opspact.evidence.redaction_check import check_redactions
from opspact.evidence.run_heads import keep_run_head
from opspact.fleet import connection
from opspact.fleet.failures import HostLost
from opspact.fleet.sessions import Sessions, open_sessions
from opspact.fleet.signals import EndedBySignal
from opspact.ledger.event import Head
from opspact.ledger.faults import read_only
from opspact.ledger.signed_head import HeadStatement
from opspact.ledger.store import Ledger, open_ledger
from opspact.model.inventory.bastion import LOGINS_AT_ONCE, bastions
from opspact.model.inventory.host import Host
from opspact.model.time.host_clock import HostClock
from opspact.plan.commit_order import CommitHistory
from opspact.plan.plan import Plan
from opspact.report.bastions import bastion_lines
from opspact.report.host_clocks import host_clock_lines
from opspact.report.ledger_heads import not_kept_lines
from opspact.report.lines import line
from opspact.report.orphans import not_checked_lines
from opspact.report.progress import Reporter
from opspact.rollout import dependencies, history, planner, state_folder
from opspact.rollout.manifest_writer import recorded_manifests, replaced_machines
from opspact.rollout.survey import Survey, Surveyor, has_manifest
from opspact.rollout.wait_until_ready import wait_until_started
from opspact.structs import Struct, field
from opspact.values.secret import Secret
from opspact.workspace.commit_history import commit_history
from opspact.workspace.compile_cache import NO_CACHE, CompileCache
from opspact.workspace.workspace import Compiled, Workspace, actor, context, now, redactor

Diff = Annotated[bool, typer.Option("--diff", help="Show how text files on hosts differ; nothing of secrets.")]
HostNames = Annotated[
    list[str] | None, typer.Argument(metavar="HOST", help="Only these hosts, groups or patterns; default: all.")
]


def host_limit(names: Sequence[str] | None, limit: str | None) -> str | None:
    """Given the hosts that are arguments and the value of --limit, return one host pattern, or None for all hosts.

    Raise Refused when both are given.
    """
    if names and limit is not None:
        raise Refused("hosts and --limit cannot be used together", hint="name all hosts in one place")
    return ",".join(names) if names else limit


class Passwords(Struct):
    """What ssh and sudo ask for on hosts; None: nothing."""

    ssh: Secret | None = None
    become: Secret | None = None


@contextmanager
def recorded_history(settings: Settings, workspace: Workspace) -> Iterator[Ledger | None]:
    """Given a contract's folder, yield its ledger to read, None when nothing was ever recorded.

    Raise LedgerBroken when its end is cut off, LedgerUnreadable when it cannot be used, then or later.
    """
    try:
        ledger = open_ledger(settings.ledger_target(workspace.state), create=False)
    except NothingFound:
        yield None
        return
    with read_only(), ledger:
        ledger.check_end()
        yield ledger


class CommandContext(Struct):
    """What a command works with: a contract's folder, and what it compiles to now."""

    settings: Settings
    workspace: Workspace
    head: Compiled
    _passwords: list[Passwords] = field(default_factory=list)
    _clocks: dict[str, HostClock] = field(default_factory=dict)
    _bastions: set[str] = field(default_factory=set)
    _recorded: list[Head] = field(default_factory=list)
    """The head of the ledger after each time that something was recorded."""

    def passwords(self) -> Passwords:
        """Return the passwords that ssh and sudo ask for on hosts; the operator is asked once."""
        if not self._passwords:
            named, folder = self.settings.passwords, self.workspace.folder
            ssh = password(SSH, named.ssh, folder, ask=named.ask_ssh)
            self._passwords.append(Passwords(ssh, password(SUDO, named.become, folder, ask=named.ask_become)))
        return self._passwords[0]

    @contextmanager
    def ledger(self) -> Iterator[Ledger]:
        """Yield the ledger, created if need be; what was recorded in it is searched for what must be masked.

        Raise an error before anything is done when it cannot be used.
        """
        target = self.settings.ledger_target(state_folder.prepared(self.workspace))
        with open_ledger(target) as ledger:
            before = ledger.head()
            try:
                yield ledger
                check_redactions(self.head.contract, ledger, context(self.head), after=before.sequence)
            finally:
                with suppress(LedgerUnavailable, LedgerBroken):
                    if (head := ledger.head()) != before:
                        self._recorded.append(head)

    def sign_head(self) -> None:
        """Sign the head of what was recorded, and keep it at the contract's places; report what fails.

        What the command itself gave stays as it is: what is not signed is proved by the next head that is.
        """
        contract = self.head.contract
        if not (self._recorded and contract.ledger_heads):
            return
        statement = HeadStatement(now(), actor(), contract.name, self._recorded[-1])
        try:
            kept = keep_run_head(contract, statement, self.sessions)
        except (OpspactError, EndedBySignal) as error:
            reason = str(error).partition("\n")[0]
            self.settings.stderr.show([line(("the head of the ledger is not signed", "doubt"), f": {reason}")])
            return
        self.settings.stderr.show(not_kept_lines(kept))

    @contextmanager
    def history(self) -> Iterator[Ledger | None]:
        """Yield the ledger to read, and raise errors, as `recorded_history` does."""
        with recorded_history(self.settings, self.workspace) as ledger:
            yield ledger

    @contextmanager
    def known_history(self) -> Iterator[Ledger | None]:
        """Yield the ledger to read, as `history`; None, with a word to the operator, when it cannot be read."""
        with ExitStack() as stack:
            try:
                ledger = stack.enter_context(self.history())
            except LedgerUnavailable as error:
                reason = str(error).partition("\n")[0]
                self.settings.stderr.show([line(("the ledger is not used", "doubt"), f": {reason}")])
                ledger = None
            yield ledger

    @contextmanager
    def sessions(self, names: Iterable[str]) -> Iterator[Sessions]:
        """Given hosts, yield sessions to them."""
        passwords = self.passwords()
        settings = connection.Settings(
            become_password=passwords.become,
            ssh_password=passwords.ssh,
            keeps_connections=not self.settings.close_connections,
        )
        hosts = self.head.hosts(names)
        self._report_bastions(hosts)
        with open_sessions(hosts, settings=settings) as sessions:
            try:
                yield sessions
            finally:
                self._clocks.update(sessions.clocks)

    def _report_bastions(self, hosts: Sequence[Host]) -> None:
        """Report on standard error, once, behind which bastions more hosts are than log in there at a time."""
        busy = {it.address: len(it.hosts) for it in bastions(hosts) if it.is_busy}
        if not self.settings.quiet:
            new = {address: count for address, count in busy.items() if address not in self._bastions}
            self.settings.stderr.show(bastion_lines(new, at_once=LOGINS_AT_ONCE))
        self._bastions.update(busy)

    def report_clocks(self) -> None:
        """Report on standard error which clocks are off, of the hosts reached so far."""
        self.settings.stderr.show(host_clock_lines(self._clocks, reached=len(self._clocks)))

    def reporter(self) -> Reporter:
        """Return what shows the progress, on standard error."""
        return Reporter(sys.stderr, color=self.settings.stderr.color, quiet=self.settings.quiet)

    def planned(self, survey: Survey) -> Plan:
        """Given a survey of the hosts chosen, return what can be done; hosts on which they depend are checked."""
        plan = planner.live(self.head, survey)
        with self.sessions(dependencies.beyond(plan)) as sessions:
            others = dependencies.check_hosts(sessions, self.head, plan)
        return dependencies.possible(plan, survey.results, others)

    def hosts_to_check(self, ledger: Ledger | None, limit: str | None) -> tuple[str, ...]:
        """Given the ledger and a limit, return the chosen hosts that have steps or still carry something of ours.

        Hosts without steps that the ledger does not know are asked; which could not be is reported on standard error.
        """
        return history.hosts_to_check(self.head, ledger, limit, with_manifest=self._with_manifest)

    def _with_manifest(self, names: Sequence[str]) -> set[str]:
        contracts = [name for name in (self.head.contract.name, self.head.contract.formerly) if name]
        self.passwords()
        with self.sessions(names) as sessions, self.reporter() as reporter:
            reporter.stage("checking manifests on", len(names))
            found = sessions.each(
                lambda session: any(has_manifest(session, contract) for contract in contracts),
                names,
                on_progress=reporter.host,
            )
        lost = [it for it in found.values() if isinstance(it, HostLost)]
        self.settings.stderr.show(not_checked_lines((host.host, host.detail) for host in lost))
        return {name for name, it in found.items() if it is True}

    def survey(self, names: tuple[str, ...], ledger: Ledger | None, *, allow_older: bool = False) -> Survey:
        """Given hosts and the ledger (None: nothing was ever recorded), survey them, without taking their locks.

        Secrets that are not available leave checks unknown. `allow_older`: a later commit on a host is no obstacle.
        """
        work = {name: self.head.work[name] for name in names}
        secrets = self.workspace.secrets(work.values(), leniently=True)
        self.passwords()  # asked for before the progress is shown
        with self.sessions(names) as sessions, self.reporter() as reporter:
            reporter.stage("checking", len(names))
            contract, formerly = self.head.contract.name, self.head.contract.formerly
            history = commit_history(self.workspace.folder, self.head.commit, self.workspace.now)
            surveyor = Surveyor(
                sessions,
                contract,
                secrets,
                recorded=partial(recorded_manifests, ledger, contract),
                rebuilt=partial(replaced_machines, ledger, contract),
                formerly=formerly,
                redactor=redactor(self.head.contract),
                history=CommitHistory(history.head) if allow_older else history,
            )
            return wait_until_started(partial(surveyor.survey, work, on_progress=reporter.host), names)


def command_context(
    context: typer.Context, *, cache: CompileCache = NO_CACHE, head: str | None = None
) -> CommandContext:
    """Given a command's context, return the contract's folder, read and compiled for today. Raise Refused if wrong.

    `cache`: where what was compiled before is kept. `head`: a commit that is read in place of the folder's files.

    When the command ends, however it does, the head of what it recorded is signed, where the contract asks for that,
    and it is reported which clocks of hosts are off.
    """
    settings = settings_of(context)
    workspace = Workspace(settings.folder(), now(), settings.trust_inventory, cache)
    compiled = workspace.compiled_head(head) if head is not None else workspace.compiled()
    work = CommandContext(settings, workspace, compiled)
    context.call_on_close(work.report_clocks)
    context.call_on_close(work.sign_head)
    return work
