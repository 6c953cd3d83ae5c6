"""The kind `backup`: steps on the hosts that are backed up and on the servers that keep the copies; what it owes.

Comes in: backup policies. Goes out: portions, obligations. The layout is that of docs/decisions/0002-backups.md:
clients may only add; the server itself prunes and checks, after comparing.
"""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from itertools import combinations, groupby
from zoneinfo import ZoneInfo

from opspact.compile.borgmatic import DUMP, BackupContent, backup_settings, borgmatic_configuration
from opspact.compile.jobs import job_steps, program_text
from opspact.compile.portion import Portion, portions
from opspact.errors import Problem
from opspact.model import names
from opspact.model.contract import Contract
from opspact.model.contract_jobs import backup_job, check_job, drill_job, prune_job
from opspact.model.job import BACKUP, Job
from opspact.model.policies.backup import Backup
from opspact.obligations.obligation import JobSource, Obligation, Proof, Scheduled, State, Within
from opspact.steps.account import Account
from opspact.steps.backup_repository import BackupRepository
from opspact.steps.base import Step
from opspact.steps.borg import BorgAccess
from opspact.steps.content import Content
from opspact.steps.directory import Directory
from opspact.steps.file import File
from opspact.steps.package import Package
from opspact.steps.secret_file import SecretFile

_TOLERANCE = timedelta(hours=6)
"""How long after it was due a backup, or a job that looks after a repository, may begin."""


def backup_portions(contract: Contract) -> Iterator[Portion]:
    """Given a contract, yield the steps of all its backups."""
    for backup in contract.backups:
        yield from _client_portions(backup, contract)
    for (server, _), backups in _by_repository(contract):
        yield Portion((server,), tuple(_server_steps(backups, contract.zone)))


def _by_repository(contract: Contract) -> Iterator[tuple[tuple[str, str], list[Backup]]]:
    def place(backup: Backup) -> tuple[str, str]:
        return (backup.server, backup.repository)

    for key, backups in groupby(sorted(contract.backups, key=place), key=place):
        yield key, list(backups)


def contradictions(contract: Contract) -> Iterator[Problem]:
    """Given a contract, yield what cannot be: a standalone backup in a shared repository, two passphrases for one."""
    for first, *others in _by_machine_and_repository(contract):
        for other in others:
            where = f"{first.server}:{first.repository}"
            if other.server != first.server:
                where += f" ({other.server} is the same machine)"
            if first.standalone or other.standalone:
                message = f"{first.name} and {other.name} share {where}, but one of them is standalone"
                yield Problem("OP106", other.origin.place, message, hint="use a separate repository")
            if first.passphrase != other.passphrase:
                message = f"{first.name} and {other.name} share {where} but use different passphrases"
                yield Problem("OP106", other.origin.place, message, hint="a repository has one passphrase")
    yield from _same_name_elsewhere(contract)


def _by_machine_and_repository(contract: Contract) -> Iterator[list[Backup]]:
    """Yield the backups of each repository: two names of a server are one where their addresses and ports are."""
    where = contract.places
    several = len({backup.server for backup in contract.backups}) > 1
    found: dict[tuple[str, ...], list[Backup]] = {}
    for (server, repository), backups in _by_repository(contract):
        machine = (where.machines[server], where.port(server)) if several else (server,)
        found.setdefault((*machine, repository), []).extend(backups)
    yield from found.values()


def _same_name_elsewhere(contract: Contract) -> Iterator[Problem]:
    """Yield where a host would keep the keys of two repositories of one name, on two servers, in one place."""
    for one, other in combinations(contract.backups, 2):
        alike = one.repository == other.repository and one.server != other.server
        if alike and (both := sorted({*one.hosts} & {*other.hosts})):
            message = (
                f"{both[0]} would have two repositories named {one.repository}, on {one.server} and {other.server}"
            )
            yield Problem("OP106", other.origin.place, message, hint="rename one of them")


def _client_portions(backup: Backup, contract: Contract) -> Iterator[Portion]:
    return portions(
        backup.hosts,
        lambda host: tuple(database.hosts is None or host in database.hosts for database in backup.databases),
        lambda host: tuple(_client_steps(backup, host, contract)),
    )


def _access(backup: Backup, contract: Contract) -> BorgAccess:
    address, port = contract.places.server_address(backup.server)
    keys = names.repository_keys(backup.repository)
    return BorgAccess(
        server=backup.server,
        address=address,
        port=port,
        account=names.BACKUP_ACCOUNT,
        repository=backup.repository,
        key_path=f"{keys}/id_ed25519",
        known_hosts_path=f"{keys}/known_hosts",
        passphrase_path=names.passphrase_file("backup", backup.repository) if backup.passphrase else "",
    )


def _client_steps(backup: Backup, host: str, contract: Contract) -> Iterator[Step]:
    origins = (backup.origin,)
    access = _access(backup, contract)
    databases = _databases_on(backup, host)
    content = BackupContent(policy=backup.name, paths=backup.paths, exclude=backup.exclude, databases=databases)
    place = names.borgmatic_file(backup.name)
    for package in ("borgbackup", "borgmatic", "openssh-client"):  # a server's sshd does not bring ssh on every release
        yield Package(name=package, origins=origins)
    yield Directory(path=names.BACKUP_FOLDER, origins=origins)
    if backup.passphrase:
        yield SecretFile(path=access.passphrase_path, secret=backup.passphrase, origins=origins)
    if backup.databases:  # on hosts without one too: what differs between hosts is the content of files alone
        program = Content.of(program_text(DUMP))
        yield File(path=names.program(DUMP), content=program, mode="0755", origins=origins)
    configuration = Content.of(borgmatic_configuration(access, content))
    yield File(path=place, content=configuration, mode="0600", origins=origins)
    yield BackupRepository(
        server=access.server,
        address=access.address,
        port=access.port,
        account=access.account,
        base=names.BACKUP_BASE,
        repository=access.repository,
        key_path=access.key_path,
        known_hosts_path=access.known_hosts_path,
        passphrase_path=access.passphrase_path,
        origins=origins,
    )
    settings = backup_settings(access, content, configuration=place)
    yield from job_steps(backup_job(backup), settings, zone=contract.zone)


def _server_steps(backups: list[Backup], zone: str) -> Iterator[Step]:
    """Yield what keeps one repository of one server: its account, its place, and the jobs that prune and check it."""
    first = backups[0]
    origins = tuple(backup.origin for backup in backups)
    account = names.BACKUP_ACCOUNT
    own = {"owner": account, "group": account}
    yield Package(name="borgbackup", origins=origins)
    yield Account(  # noqa: S604 - an account's login shell; nothing is run
        name=account,
        home=names.BACKUP_BASE,
        comment="opspact",
        shell="/bin/sh",
        system=True,
        origins=origins,
    )
    yield Directory(path=names.BACKUP_BASE, mode="0750", **own, origins=origins)
    yield Directory(path=names.SETTINGS_FOLDER, origins=origins)
    yield Directory(path=names.REPOSITORY_FOLDER, origins=origins)
    if first.passphrase:
        path = names.passphrase_file("repository", first.repository)
        yield SecretFile(path=path, secret=first.passphrase, **own, origins=origins)
    settings = _repository_settings(backups)
    yield from job_steps(prune_job(first), settings, zone=zone)
    for backup in backups:
        if backup.check and (job := check_job(backup)):
            yield from job_steps(job, {**settings, "verify_data": backup.check.data}, zone=zone)
        if job := drill_job(backup):
            yield from _drill_steps(backup, job, {**_keys(first), **_drill_settings(backup)}, zone=zone)


def _drill_steps(backup: Backup, job: Job, settings: Mapping[str, object], *, zone: str) -> Iterator[Step]:
    origins = (backup.origin,)
    account = names.BACKUP_ACCOUNT
    yield Directory(path=names.SCRATCH_FOLDER, mode="0700", owner=account, group=account, origins=origins)
    if backup.databases:
        yield Package(name="postgresql", origins=origins)
    yield from job_steps(job, settings, zone=zone)


def _drill_settings(backup: Backup) -> dict[str, object]:
    return {
        "policy": backup.name,
        "rto": backup.rto.seconds,
        "rpo": backup.rpo.seconds,
        "scratch": names.SCRATCH_FOLDER,
        "clients": {host: _databases_on(backup, host) for host in sorted(backup.hosts)},
    }


def _databases_on(backup: Backup, host: str) -> tuple[str, ...]:
    return tuple(found.name for found in backup.databases if found.hosts is None or host in found.hosts)


def _repository_settings(backups: list[Backup]) -> dict[str, object]:
    first = backups[0]
    return {
        **_keys(first),
        "clients": sorted({host for backup in backups for host in backup.hosts}),
        "policies": {backup.name: {"keep": dict(backup.keep), "rpo": backup.rpo.seconds} for backup in backups},
    }


def _keys(backup: Backup) -> dict[str, object]:
    """Return where a backup's repositories are on their server, and what opens them."""
    return {
        "repository": backup.repository,
        "base": names.BACKUP_BASE,
        "passphrase_path": names.passphrase_file("repository", backup.repository) if backup.passphrase else "/dev/null",
    }


def backup_obligations(contract: Contract) -> Iterator[Obligation]:
    """Given a contract, yield what its backups owe.

    Of each host, these are runs, a copy young enough and restore tests; of a server, its jobs that look after the
    repository: the daily pruning, before which it compares the archives, and the checks.
    """
    zone = ZoneInfo(contract.zone)
    for backup in contract.backups:
        yield from _owed_of_hosts(backup, zone)
        yield from _owed_of_server(backup, zone)


def _owed_of_server(backup: Backup, zone: ZoneInfo) -> Iterator[Obligation]:
    """Yield what a server owes each backup of a repository, those whose policy shares it with others too."""
    jobs = {"repository pruning": prune_job(backup), "repository check": check_job(backup)}
    for what, job in jobs.items():
        if job is not None:
            due = Scheduled(job.schedule, zone, _TOLERANCE)
            source, subject = JobSource(job.key, job.server), names.repository_subject(job.server, job.repository)
            yield Obligation(backup.origin, subject, what, Proof.RESULT, due=due, source=source)


def _owed_of_hosts(backup: Backup, zone: ZoneInfo) -> Iterator[Obligation]:
    runs = Scheduled(backup.schedule, zone, _TOLERANCE)
    copies = Within(backup.rpo.time, State.FAILED, str(backup.rpo))
    for host in backup.hosts:
        subject, run = f"host/{host}", JobSource(f"{BACKUP.name}/{backup.name}", host)
        copy = JobSource(f"{BACKUP.name}/{backup.name}", host, of_copy=True)
        yield Obligation(backup.origin, subject, "backup run", Proof.RESULT, due=runs, source=run)
        yield Obligation(backup.origin, subject, "copy", Proof.RESULT, due=copies, source=copy)
        if backup.drill and (job := drill_job(backup)):
            due = Within(backup.drill.within.time, State.LATE, str(backup.drill.within))
            source = JobSource(job.key, backup.server, item=subject)
            yield Obligation(backup.origin, subject, "restore test", Proof.DRILL, due=due, source=source)
