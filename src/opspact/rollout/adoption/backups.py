"""Proposed backups: what configurations of borgmatic say, for people to complete.

In: what hosts have. Out: documents of the kind `backup` that are no policies yet, and what these do not say. They are
not verified: opspact runs backups by jobs of its own, so that the move to it changes hosts.
"""

import re
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import cast

from opspact.model.inventory.host import Inventory
from opspact.model.policies.backup import Backup
from opspact.rollout.adoption.host_state import FoundBackup, HostState
from opspact.rollout.adoption.known import Known
from opspact.rollout.adoption.proposal import Document, Names, NotAdopted, Proposal, host_pattern, name_part
from opspact.schema.documents.backup import BackupContent, Retention
from opspact.schema.values.schedules import parse_schedule
from opspact.schema.yaml.nodes import plain
from opspact.schema.yaml.reader import read_yaml
from opspact.structs import Struct
from opspact.text.names import list_names

FILE = "backups"
_SECTIONS = ("location", "storage", "retention", "consistency", "output", "hooks")  # below borgmatic 1.8
_KEPT = ("hourly", "daily", "weekly", "monthly", "yearly")
_DATABASES = {"postgresql_databases": "postgresql", "mariadb_databases": "mariadb", "mysql_databases": "mariadb"}
_SAID = {"source_directories", "repositories", "exclude_patterns", "encryption_passphrase", *_DATABASES}
_REMOTE = re.compile(r"(?:ssh://)?(?:[^@/\s]+@)?(?P<host>\[[^]]+\]|[^:/\s\[\]]+)(?::\d+(?=/))?[:/](?P<path>\S+)")
_REPOSITORY = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
_DEBIAN_TIMER = ("borgmatic.timer", "daily at 00:00")
_PROMISES = "Only people can promise: add rpo, rto and drill; then move the policy to policies/ and stop what runs now."
_IN_VAULT = "The passphrase is not written: put it into the vault under this name."
_ZONE = "The schedule is in the zone of the hosts; policies have that of the contract."
_CRON_NAMES: Mapping[str, str] = MappingProxyType(
    {
        "@hourly": "hourly at :00",
        "@daily": "daily at 00:00",
        "@midnight": "daily at 00:00",
        "@weekly": "weekly on sunday at 00:00",
        "@monthly": "monthly on day 1 at 00:00",
    }
)


class _Written(Struct):
    """What a configuration says for one repository, as far as a policy can; `unsaid`: keys that it cannot."""

    server: str
    repository: str
    data: tuple[tuple[str, object], ...]
    unsaid: tuple[str, ...]
    path: str


def propose_backups(known: Known) -> Proposal:
    """Given what hosts have, return the documents for it."""
    having: dict[str, tuple[_Written, list[str]]] = {}
    missed: list[NotAdopted] = []
    for host, state in known.states.items():
        if "restic" in state.services.packages:
            why = "restic has no configuration to read: what it copies stands in scripts and variables"
            missed.append(NotAdopted("backups of restic", host, why))
        for configuration in state.backups:
            for found in _written(configuration, state, known):
                if isinstance(found, str):
                    missed.append(NotAdopted(f"backup {configuration.path}", host, known.masked(found)))
                elif not _is_policy(found, host, known.head.contract.backups):
                    having.setdefault(repr(found), (found, []))[1].append(host)
    given = Names(backup.name for backup in known.head.contract.backups)
    documents = [_document(found, hosts, known, given=given) for found, hosts in having.values()]
    return Proposal(tuple(documents), {}, tuple(sorted({*missed})))


def _is_policy(found: _Written, host: str, backups: tuple[Backup, ...]) -> bool:
    """Whether the contract has a backup of the host to that repository."""
    return any(host in it.hosts and (it.server, it.repository) == (found.server, found.repository) for it in backups)


def _document(found: _Written, hosts: list[str], known: Known, *, given: Names) -> Document:
    pattern = host_pattern(hosts, known.head.contract.inventory)
    data = {"kind": "backup", "name": given.new(name_part(f"{found.repository}-{pattern}")), "hosts": pattern}
    comments = [f"From {found.path} on {list_names(hosts)}."]
    if found.unsaid:
        comments.append(f"Not said by this policy: {', '.join(found.unsaid)}.")
    comments += [_IN_VAULT] if "passphrase" in dict(found.data) else []
    return Document(FILE, (*comments, _ZONE, _PROMISES), {**data, **dict(found.data)})


def _written(configuration: FoundBackup, state: HostState, known: Known) -> Iterator[_Written | str]:
    """Yield for each repository what a policy can say, or why it cannot."""
    read = read_yaml(configuration.path, configuration.text.encode())
    documents = [plain(node) for node in read.documents]
    if read.problems or len(documents) != 1 or not isinstance(documents[0], Mapping):
        where = f"line {read.problems[0].place.line}" if read.problems else "the file"
        yield f"{where} is not YAML as policies have it"
        return
    options = _flat(cast("Mapping[str, object]", documents[0]))
    schedule = _schedule(state)
    if not schedule:
        yield "nothing that runs it was found: no job of cron, no borgmatic.timer"
        return
    what, unsaid = _what(options)
    if not what:
        yield "it names no directory and no database"
        return
    keep = {period: options[f"keep_{period}"] for period in _KEPT if options.get(f"keep_{period}")}
    if why := _why_not(what, keep, schedule=schedule, known=known):
        yield why
        return
    names = {*_SAID, *(f"keep_{period}" for period in _KEPT)}
    unsaid += [name for name, value in options.items() if name not in names and value]
    for repository in _repositories(options):
        place = _place(repository, known.head.contract.inventory)
        if isinstance(place, str):
            yield place
            continue
        server, name = place
        secret = {"passphrase": f"secret:vault:{name_part(name)}"} if _is_encrypted(options) else {"encryption": "none"}
        to = {"host": server, "repository": name}
        data = {"what": what, "schedule": schedule, "to": to, "keep": keep, **secret}
        yield _Written(server, name, tuple(data.items()), tuple(sorted(unsaid)), configuration.path)


def _why_not(what: Mapping[str, object], keep: Mapping[str, object], *, schedule: str, known: Known) -> str:
    """Return why no policy can say what is copied, for how long and when; empty: one can."""
    if known.is_secret(repr(what)):
        return "something in what is copied looks like a secret"
    try:
        BackupContent.model_validate(what)
        Retention.model_validate(keep)
        parse_schedule(schedule)
    except ValueError:
        return "policies do not accept its directories, patterns, databases, schedule or numbers of copies"
    return ""


def _flat(document: Mapping[str, object]) -> dict[str, object]:
    """Given a configuration of any version, return its options without sections."""
    found: dict[str, object] = {}
    for key, value in document.items():
        if key in _SECTIONS and isinstance(value, Mapping):
            found.update(cast("Mapping[str, object]", value))
        else:
            found[key] = value
    return found


def _is_encrypted(options: Mapping[str, object]) -> bool:
    return any(options.get(name) for name in ("encryption_passphrase", "encryption_passcommand"))


def _what(options: Mapping[str, object]) -> tuple[dict[str, object], list[str]]:
    """Return what is copied, and options of it that no policy says."""
    found: dict[str, object] = {}
    unsaid: list[str] = []
    for key, field in (("source_directories", "paths"), ("exclude_patterns", "exclude")):
        if values := [each for each in _items(options.get(key)) if isinstance(each, str)]:
            found[field] = tuple(values)
    databases: dict[tuple[str, str], None] = {}
    for option, engine in _DATABASES.items():
        for each in _items(options.get(option)):
            fields = cast("Mapping[str, object]", each) if isinstance(each, Mapping) else {}
            name = fields.get("name")
            if not isinstance(name, str) or name == "all":
                unsaid.append(f"{option} without the name of a database")
                continue
            databases[(engine, name)] = None
            unsaid += [f"{option}.{key}" for key in fields if key != "name"]
    if databases:
        found["databases"] = tuple({engine: name} for engine, name in databases)
    return (found if "paths" in found or databases else {}), list(dict.fromkeys(unsaid))


def _items(value: object) -> tuple[object, ...]:
    return value if isinstance(value, tuple) else ()


def _repositories(options: Mapping[str, object]) -> Iterator[str]:
    """Yield the places of repositories; each is text, or a mapping with its path."""
    for each in _items(options.get("repositories")):
        place = each.get("path") if isinstance(each, Mapping) else each
        yield place if isinstance(place, str) else ""


def _place(repository: str, inventory: Inventory) -> tuple[str, str] | str:
    """Given where a repository is, return the host of the inventory and its name there, or why there is none."""
    found = _REMOTE.fullmatch(repository)
    if found is None or repository.startswith(("/", "~", "file:")):
        return "a repository on the host itself: backups go to another host"
    address = found["host"].strip("[]")
    hosts = [
        name for name, host in inventory.hosts.items() if address in {name, str(host.variables.get("ansible_host", ""))}
    ]
    name = found["path"].rstrip("/").rpartition("/")[2]
    if not hosts:
        return f"the repository is on {address}, which is no host of the inventory"
    return (hosts[0], name) if _REPOSITORY.fullmatch(name) else "the repository's name is none that policies accept"


def _schedule(state: HostState) -> str:
    """Return when borgmatic runs: by a job of cron, or by the timer of Debian's package; empty: nobody knows."""
    jobs = [
        _CRON_NAMES.get(job.schedule, job.schedule)
        for job in state.cron_jobs
        if job.program.rpartition("/")[2] == "borgmatic"
    ]
    timer, daily = _DEBIAN_TIMER
    by_timer = [daily for unit in state.services.units if unit.name == timer and unit.is_running]
    return next(iter((*jobs, *by_timer)), "")
