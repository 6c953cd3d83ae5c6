"""Run a compiled project with Ansible, and tell for each planned host how it went.

Comes in: a project folder, the planned hosts, secrets. Goes out: a RunOutcome; progress as it runs. Ansible runs in a
supervised process of its own (`fleet.ansible_worker`); when this returns, nothing of it is left: no process, no
connection, no file.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from ipaddress import ip_address
from pathlib import Path

from opspact.errors import NothingFound, Refused
from opspact.fleet import ansible_supervisor, mitogen_support, run_folder, signals
from opspact.fleet.ansible_configuration import BECOME, SSH, TEMPORARY, RunSettings, command_line, configuration, forks
from opspact.fleet.ansible_events import EventCollector, HostRun, HostState, RunEvent, RunOutcome, RunStatus, TaskStatus
from opspact.fleet.ansible_request import Request
from opspact.structs import Struct, replace
from opspact.text.names import list_names
from opspact.values.secret import Secret, Secrets

__all__ = ["HostRun", "HostState", "RunEvent", "RunOutcome", "RunSettings", "RunStatus", "TaskStatus", "run_project"]

DEFAULTS = RunSettings()


def _ignore(_event: RunEvent) -> None:
    """Take no notice of progress."""


def run_project(
    project: Path,
    hosts: Sequence[str],
    *,
    secrets: Mapping[str, Secret] | Secrets | None = None,
    settings: RunSettings = DEFAULTS,
    on_event: Callable[[RunEvent], None] = _ignore,
) -> RunOutcome:
    """Given a project (`site.yml`, `inventory/`), run it on the planned hosts and return how each of them came out.

    `secrets` are by reference (`vault:borg`); playbooks read them as `names.secret_expression` says.
    SIGINT, SIGTERM and SIGHUP, or `settings.canceled`, end the run in order: the outcome says canceled, and by which.
    With strategy `auto`, mitogen carries the run where it fits; else plain Ansible does, and a note says so.
    Raise Refused when the project or the settings cannot be run, NothingFound without hosts.
    """
    _check(project, hosts)
    plugins, notes = _strategy(settings)
    held = {name if isinstance(name, str) else name.key: secret for name, secret in (secrets or {}).items()}
    if settings.become_password is not None:
        held[BECOME] = settings.become_password
    if settings.ssh_password is not None:
        held[SSH] = settings.ssh_password
    job = _Job(project.absolute(), tuple(hosts), held, settings, on_event)
    outcome = job.attempt(plugins)
    if plugins and settings.strategy == "auto" and outcome.status is RunStatus.BROKEN and not outcome.started:
        notes = (f"mitogen failed to start, using plain Ansible: {outcome.detail or 'no reason given'}",)
        outcome = job.attempt(None)
    slow = _slow(settings) if outcome.strategy == "plain" else ()
    return replace(outcome, notes=(*notes, *slow))


def _check(project: Path, hosts: Sequence[str]) -> None:
    """Given what is to be run, raise Refused when it cannot be, NothingFound when there is nobody to run it on."""
    if not hosts:
        raise NothingFound("no hosts to run on")
    for part in ("site.yml", "inventory"):
        if not (project / part).exists():
            raise Refused(f"{project}: not a compiled project: no {part}")
    strange = [host for host in hosts if not _is_name(host)]
    if strange:
        raise Refused(f"invalid host name: {', '.join(map(repr, strange))}")


def _is_name(host: str) -> bool:
    """Whether a text is one host's name in a limit file, and not a pattern of several."""
    with suppress(ValueError):
        return bool(ip_address(host))
    return host.isprintable() and host not in {"", "all", "ungrouped"} and not set(host) & set(" ,:&!@~*?[]")


def _strategy(settings: RunSettings) -> tuple[Path | None, tuple[str, ...]]:
    """Given settings, return mitogen's plugins (None: plain) and what to tell about that choice."""
    if settings.strategy == "plain":
        return None, ()
    if settings.mitogen_plugins is not None:
        return settings.mitogen_plugins, ()
    mitogen = mitogen_support.find()
    if mitogen.plugins is None and settings.strategy == "mitogen":
        raise Refused(
            f"mitogen is not usable: {mitogen.reason}", hint="use strategy auto, which falls back to plain Ansible"
        )
    return mitogen.plugins, () if mitogen.plugins else (f"without mitogen: {mitogen.reason}",)


def _slow(settings: RunSettings) -> Iterator[str]:
    """Yield why plain Ansible takes long: a bastion that passes one command on has no connection to share."""
    for bastion in settings.bastions:
        names = list_names(bastion.hosts)
        yield f"{names}: each task logs in several times at the bastion {bastion.address}, without mitogen"


class _Job(Struct):
    """One call of run_project, for as many attempts as it takes."""

    project: Path
    hosts: tuple[str, ...]
    secrets: Mapping[str, Secret]
    settings: RunSettings
    on_event: Callable[[RunEvent], None]

    def attempt(self, plugins: Path | None) -> RunOutcome:
        """Given mitogen's plugins (None: plain), run the project once, in a fresh folder, and return the outcome."""
        collector = EventCollector(self.hosts)
        with signals.listen() as asked, run_folder.fresh(self.settings.base) as folder:
            self._prepare(folder.path, plugins)
            with ansible_supervisor.worker(folder, self.secrets) as (process, handle):
                monitor = ansible_supervisor.WorkerMonitor(
                    process, collector, self.on_event, asked, self.settings.canceled
                )
                monitor.follow(self._request(folder.path, handle))
            failure_reason = monitor.failure_reason(folder.path / ansible_supervisor.LOG)
        status = collector.status(monitor.end.get("status", ""))
        hosts = collector.hosts()
        missed = status is RunStatus.FAILED and any(host.state is HostState.MISSING for host in hosts.values())
        return RunOutcome(
            status=status,
            hosts=hosts,
            detail=failure_reason if missed or status is RunStatus.BROKEN else "",
            strategy="mitogen" if plugins else "plain",
            signal=next(iter(asked.numbers), 0),
            started=collector.heard,
        )

    def _prepare(self, folder: Path, plugins: Path | None) -> None:
        """Given a fresh run folder, write what Ansible needs to find there. No secret is among it."""
        for name in (TEMPORARY, "ssh", "home", "env"):
            (folder / name).mkdir(mode=0o700)
        (folder / "ansible.cfg").write_text(configuration(self.settings, folder, plugins=plugins), encoding="utf-8")
        (folder / "hosts").write_text("".join(f"{host}\n" for host in self.hosts), encoding="utf-8")

    def _request(self, folder: Path, handle: int) -> Request:
        """Given the run folder and the number of the memory file, return what the worker is asked to do."""
        return Request(
            folder=str(folder),
            project=str(self.project),
            command_line=command_line(self.settings, self.project / "site.yml"),
            forks=forks(self.settings, len(self.hosts)),
            verbosity=self.settings.verbosity,
            timeout=self.settings.timeout,
            secrets=handle,
        )
