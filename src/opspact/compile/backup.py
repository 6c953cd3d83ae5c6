"""The kind `backup`: steps on the hosts that are backed up and on the servers that keep the copies; what it owes.

Comes in: backup policies. Goes out: portions, obligations. The layout is that of docs/decisions/0002-backups.md:
clients may only add; the server itself prunes and checks, after comparing.
"""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from itertools import combinations, groupby
from math import ceil
from zoneinfo import ZoneInfo

from opspact.compile.borgmatic import BORG, DUMP, BackupContent, backup_settings, borgmatic_configuration
from opspact.compile.jobs import job_steps, program_text, requested_job_steps
from opspact.compile.portion import Portion, portions
from opspact.errors import Problem
from opspact.model import names
from opspact.model.contract import Contract
from opspact.model.contract_jobs import backup_job, check_job, drill_job, prune_job, repository_users, restore_job
from opspact.model.job import BACKUP, Job
from opspact.model.policies.backup import Backup, DatabaseEngine
from opspact.model.policies.data_care import DataCare
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

RepositoryUser = Backup | DataCare
"""A policy whose copies or archives are in a repository on a backup server."""
_SCRATCH_SERVERS = {
    DatabaseEngine.POSTGRESQL: ("postgresql",),
    DatabaseEngine.MARIADB: ("mariadb-server-core", "mariadb-client-core"),
}
"""What restore tests need to restore dumps, by the kind of their server: of MariaDB, no server that always runs."""
_TOLERANCE = timedelta(hours=6)
"""How long after it was due a backup, or a job that looks after a repository, may begin."""


def backup_portions(contract: Contract) -> Iterator[Portion]:
    """Given a contract, yield the steps of all its backups, and of the servers that keep copies and archives."""
    for backup in contract.backups:
        yield from _client_portions(backup, contract)
    for (server, _), users in _by_repository(contract):
        yield Portion((server,), tuple(_server_steps(users, contract.zone)))


def _by_repository(contract: Contract) -> Iterator[tuple[tuple[str, str], list[RepositoryUser]]]:
    def place(user: RepositoryUser) -> tuple[str, str]:
        return (user.server, user.repository)

    for key, users in groupby(sorted(repository_users(contract), key=place), key=place):
        yield key, list(users)


def contradictions(contract: Contract) -> Iterator[Problem]:
    """Given a contract, yield what cannot be: a standalone backup in a shared repository, two passphrases for one."""
    for first, *others in _by_machine_and_repository(contract):
        for other in others:
            where = f"{first.server}:{first.repository}"
            if other.server != first.server:
                where += f" ({other.server} is the same machine)"
            if _is_standalone(first) or _is_standalone(other):
                message = f"{first.name} and {other.name} share {where}, but one of them is standalone"
                yield Problem("OP106", other.origin.place, message, hint="use a separate repository")
            if first.passphrase != other.passphrase:
                message = f"{first.name} and {other.name} share {where} but use different passphrases"
                yield Problem("OP106", other.origin.place, message, hint="a repository has one passphrase")
    yield from _same_name_elsewhere(contract)


def _is_standalone(user: RepositoryUser) -> bool:
    return isinstance(user, Backup) and user.standalone


def _by_machine_and_repository(contract: Contract) -> Iterator[list[RepositoryUser]]:
    """Yield the users of each repository: two names of a server are one where their addresses and ports are."""
    where = contract.places
    several = len({user.server for user in repository_users(contract)}) > 1
    found: dict[tuple[str, ...], list[RepositoryUser]] = {}
    for (server, repository), users in _by_repository(contract):
        machine = (where.machines[server], where.port(server)) if several else (server,)
        found.setdefault((*machine, repository), []).extend(users)
    yield from found.values()


def _same_name_elsewhere(contract: Contract) -> Iterator[Problem]:
    """Yield where a host would keep the keys of two repositories of one name, on two servers, in one place."""
    for one, other in combinations(repository_users(contract), 2):
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


def repository_access(user: RepositoryUser, contract: Contract) -> BorgAccess:
    """Given a policy and its contract, return how its hosts reach its repository."""
    address, port = contract.places.server_address(user.server)
    keys = names.repository_keys(user.repository)
    return BorgAccess(
        server=user.server,
        address=address,
        port=port,
        account=names.BACKUP_ACCOUNT,
        repository=user.repository,
        key_path=f"{keys}/id_ed25519",
        known_hosts_path=f"{keys}/known_hosts",
        passphrase_path=names.passphrase_file("backup", user.repository) if user.passphrase else "",
    )


def repository_steps(user: RepositoryUser, access: BorgAccess) -> Iterator[Step]:
    """Given a policy and how its hosts reach its repository, yield the steps by which a host may add to it."""
    origins = (user.origin,)
    for package in ("borgbackup", "openssh-client"):  # a server's sshd does not bring ssh on every release
        yield Package(name=package, origins=origins)
    yield Directory(path=names.BACKUP_FOLDER, origins=origins)
    if user.passphrase:
        yield SecretFile(path=access.passphrase_path, secret=user.passphrase, origins=origins)
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


def _client_steps(backup: Backup, host: str, contract: Contract) -> Iterator[Step]:
    origins = (backup.origin,)
    access = repository_access(backup, contract)
    databases = backup.databases_on(host)
    content = BackupContent(policy=backup.name, paths=backup.paths, exclude=backup.exclude, databases=databases)
    place = names.borgmatic_file(backup.name)
    yield Package(name="borgmatic", origins=origins)
    if backup.databases:  # on hosts without one too: what differs between hosts is the content of files alone
        program = Content.of(program_text(DUMP))
        yield File(path=names.program(DUMP), content=program, mode="0755", origins=origins)
    yield File(path=names.program(BORG), content=Content.of(program_text(BORG)), mode="0755", origins=origins)
    configuration = Content.of(borgmatic_configuration(access, content))
    yield File(path=place, content=configuration, mode="0600", origins=origins)
    yield from repository_steps(backup, access)
    settings = backup_settings(access, content, configuration=place)
    yield from job_steps(backup_job(backup), settings, zone=contract.zone)
    yield from requested_job_steps(restore_job(backup), _restore_settings(backup, access))


def _restore_settings(backup: Backup, access: BorgAccess) -> dict[str, object]:
    return {
        "policy": backup.name,
        "repository": access.url,
        "environment": access.environment,
        "state": names.RESTORE_STATE,
        "request": names.restore_request(backup.name),
        "roles": names.accounts_file(backup.name, DatabaseEngine.POSTGRESQL),
        "users": names.accounts_file(backup.name, DatabaseEngine.MARIADB),
    }


def _server_steps(users: list[RepositoryUser], zone: str) -> Iterator[Step]:
    """Yield what keeps one repository of one server: its account, its place, and the jobs that prune and check it."""
    first = users[0]
    origins = tuple(user.origin for user in users)
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
    settings = _repository_settings(users)
    yield from job_steps(prune_job(first), settings, zone=zone)
    for user in users:
        if isinstance(user, Backup) and user.check and (job := check_job(user)):
            yield from job_steps(job, {**settings, "verify_data": user.check.data}, zone=zone)
        if isinstance(user, Backup) and (job := drill_job(user)):
            yield from _drill_steps(user, job, {**_keys(first), **_drill_settings(user, job)}, zone=zone)


def _drill_steps(backup: Backup, job: Job, settings: Mapping[str, object], *, zone: str) -> Iterator[Step]:
    origins = (backup.origin,)
    account = names.BACKUP_ACCOUNT
    yield Directory(path=names.SCRATCH_FOLDER, mode="0700", owner=account, group=account, origins=origins)
    for engine in dict.fromkeys(database.engine for database in backup.databases):
        for package in _SCRATCH_SERVERS[engine]:
            yield Package(name=package, origins=origins)
    yield from job_steps(job, settings, zone=zone)


def _drill_settings(backup: Backup, job: Job) -> dict[str, object]:
    return {
        "policy": backup.name,
        "rto": backup.rto.seconds,
        "rpo": backup.rpo.seconds,
        "scratch": names.SCRATCH_FOLDER,
        "sample": backup.drill.sample_size if backup.drill else 0,
        "head": names.ledger_head(job.key),
        "clients": {host: [one.label for one in backup.databases_on(host)] for host in sorted(backup.hosts)},
    }


def _keeping(user: RepositoryUser) -> dict[str, object]:
    """Return what borg keeps of a policy's archives: of rows, all that are young enough; there may be none."""
    if isinstance(user, Backup):
        return {"keep": dict(user.keep), "rpo": user.rpo.seconds}
    return {"keep": {"within": f"{user.keep.months}m" if user.keep.months else f"{ceil(user.keep.days)}d"}}


def _repository_settings(users: list[RepositoryUser]) -> dict[str, object]:
    first = users[0]
    return {
        **_keys(first),
        "clients": sorted({host for user in users for host in user.hosts}),
        "policies": {user.name: _keeping(user) for user in users},
    }


def _keys(user: RepositoryUser) -> dict[str, object]:
    """Return where a policy's repositories are on their server, and what opens them."""
    return {
        "repository": user.repository,
        "base": names.BACKUP_BASE,
        "passphrase_path": names.passphrase_file("repository", user.repository) if user.passphrase else "/dev/null",
    }


def backup_obligations(contract: Contract) -> Iterator[Obligation]:
    """Given a contract, yield what its backups owe.

    Of each host, these are runs, a copy young enough and restore tests; of a server, its jobs that look after the
    repository: the daily pruning, before which it compares the archives, and the checks.
    """
    zone = ZoneInfo(contract.zone)
    for backup in contract.backups:
        yield from _owed_of_hosts(backup, zone)
        yield from server_obligations(backup, zone)


def server_obligations(user: RepositoryUser, zone: ZoneInfo) -> Iterator[Obligation]:
    """Given a policy with a repository and the zone, yield what its server owes it, if it shares it with others too."""
    check = check_job(user) if isinstance(user, Backup) else None
    for what, job in {"repository pruning": prune_job(user), "repository check": check}.items():
        if job is not None:
            due = Scheduled(job.schedule, zone, _TOLERANCE)
            source, subject = JobSource(job.key, job.server), names.repository_subject(job.server, job.repository)
            yield Obligation(user.origin, subject, what, Proof.RESULT, due=due, source=source)


def _owed_of_hosts(backup: Backup, zone: ZoneInfo) -> Iterator[Obligation]:
    runs = Scheduled(backup.schedule, zone, _TOLERANCE)
    copies = Within(backup.rpo.time, State.FAILED, str(backup.rpo))
    drill = drill_job(backup)
    tests = Within(backup.drill.within.time, State.LATE, str(backup.drill.within)) if backup.drill else None
    for host in backup.hosts:
        subject, run = f"host/{host}", JobSource(f"{BACKUP.name}/{backup.name}", host)
        copy = JobSource(f"{BACKUP.name}/{backup.name}", host, of_copy=True)
        yield Obligation(backup.origin, subject, "backup run", Proof.RESULT, due=runs, source=run)
        yield Obligation(backup.origin, subject, "copy", Proof.RESULT, due=copies, source=copy)
        if drill and tests:
            source = JobSource(drill.key, backup.server, item=subject)
            yield Obligation(backup.origin, subject, "restore test", Proof.DRILL, due=tests, source=source)
