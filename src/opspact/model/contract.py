"""What a contract means: hosts, people and policies, every name resolved.

Comes in: values from `model.resolve`. Goes out: one frozen contract, read by compile and every later part.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from opspact.model.accepted import Accepted
from opspact.model.care import Age, Care
from opspact.model.conduct import Conduct
from opspact.model.desk import Desk
from opspact.model.duty import Certificate, Duty
from opspact.model.host import Inventory
from opspact.model.origin import Origin
from opspact.model.schedule import Schedule
from opspact.model.secret import SecretReference
from opspact.model.text import Text
from opspact.model.written import WrittenPolicies


@dataclass(frozen=True, slots=True)
class Clause:
    """One promise of the contract's text; `evidence_within` in seconds, `kept_by` is `opspact` or `person`.

    `copies_kept`: how long copies made for it are to be kept at least (None: it does not say).
    """

    name: str
    section: str
    text: Text
    kept_by: str
    evidence_within: float
    copies_kept: Age | None
    origin: Origin


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who works under the contract, from the first to the last day (both included).

    `channels` say how they are reached: an address, or where one is kept.
    """

    name: str
    text: Text
    teams: tuple[str, ...]
    account: str
    shell: str
    keys: tuple[str, ...]
    since: date | None
    until: date | None
    channels: Mapping[str, str | SecretReference]
    certificates: tuple[Certificate, ...]
    origin: Origin

    def works_on(self, day: date) -> bool:
        """Return whether the person is with the contract on that day."""
        return (self.since is None or self.since <= day) and (self.until is None or day <= self.until)


@dataclass(frozen=True, slots=True)
class Named:
    """A package, directory or unit that a policy asks for, and the line that does."""

    name: str
    origin: Origin


@dataclass(frozen=True, slots=True)
class WantedUnit:
    """A unit and the state that the policy wants it in."""

    name: str
    enabled: bool
    running: bool
    origin: Origin


@dataclass(frozen=True, slots=True)
class WantedDirectory:
    """A directory, its owner and mode."""

    path: str
    owner: str
    group: str
    mode: str
    origin: Origin


@dataclass(frozen=True, slots=True)
class WantedFile:
    """A file: its bytes, or a template of them, or the target of a link; exactly one of the three."""

    path: str
    owner: str
    group: str
    mode: str
    restarts: tuple[str, ...]
    validate: str
    origin: Origin
    data: bytes | None = None
    template: str | None = None
    template_name: str = ""
    link: str | None = None


@dataclass(frozen=True, slots=True)
class HttpCheck:
    """An HTTP answer that is part of running normally; `within` in seconds."""

    url: str
    status: int
    contains: str
    within: float
    origin: Origin


@dataclass(frozen=True, slots=True)
class PortCheck:
    """A TCP port on which something listens."""

    port: int
    origin: Origin


@dataclass(frozen=True, slots=True)
class Service:
    """What runs on which hosts, and what running normally means.

    `owner` is a team or person, `tier` the service levels that count for it, or empty. `data_paths` and `databases`
    would be lost with its hosts.
    """

    name: str
    hosts: tuple[str, ...]
    packages: tuple[Named, ...]
    units: tuple[WantedUnit, ...]
    directories: tuple[WantedDirectory, ...]
    files: tuple[WantedFile, ...]
    normal: tuple[HttpCheck | PortCheck, ...]
    owner: str
    tier: str
    data_paths: tuple[str, ...]
    databases: tuple[str, ...]
    origin: Origin


@dataclass(frozen=True, slots=True)
class Item:
    """One thing that an inspection looks at: its settings as the on-host program reads them.

    `hosts` limits it to some of the inspection's hosts (None: all of them).
    """

    settings: Mapping[str, object]
    hosts: frozenset[str] | None


@dataclass(frozen=True, slots=True)
class Inspection:
    """A scheduled look at hosts."""

    name: str
    hosts: tuple[str, ...]
    schedule: Schedule
    items: tuple[Item, ...]
    critical_opens: str
    origin: Origin


@dataclass(frozen=True, slots=True)
class Database:
    """A PostgreSQL database to dump; on which of the backup's hosts (None: all)."""

    name: str
    hosts: frozenset[str] | None


@dataclass(frozen=True, slots=True)
class RepositoryCheck:
    """When a repository is checked, and whether every byte of its data is read. `takes`: seconds (None: not said)."""

    schedule: Schedule
    data: bool
    takes: float | None


@dataclass(frozen=True, slots=True)
class Drill:
    """How often bringing back is tried: at least once in `within` seconds.

    A drill compares so many files that with a probability of `confidence` per cent it would find defects in `defects`
    per cent of all (None: nobody says).
    """

    within: float
    confidence: float | None
    defects: float | None


@dataclass(frozen=True, slots=True)
class Backup:
    """What is copied where, when, and how long it is kept. Durations in seconds; `takes` None: not said."""

    name: str
    hosts: tuple[str, ...]
    paths: tuple[str, ...]
    exclude: tuple[str, ...]
    databases: tuple[Database, ...]
    schedule: Schedule
    takes: float | None
    server: str
    repository: str
    standalone: bool
    keep: Mapping[str, int]
    rpo: float
    rto: float
    passphrase: SecretReference | None
    check: RepositoryCheck | None
    drill: Drill | None
    origin: Origin


@dataclass(frozen=True, slots=True)
class Access:
    """Who may log in to which hosts, and what they may run as root."""

    name: str
    hosts: tuple[str, ...]
    people: tuple[str, ...]
    groups: tuple[str, ...]
    sudo: tuple[str, ...]
    exclusive: bool
    origin: Origin


@dataclass(frozen=True, slots=True, eq=False)
class Contract:
    """Everything in one repository, bound together. `digest`: SHA-256 over all that is written, in hex.

    Each is equal to itself alone, so that what is computed of one can be kept. `formerly` is the name it had before,
    empty: none; what hosts noted under that name is its own.
    """

    name: str
    zone: str
    language: str
    period: tuple[date, date]
    inventory: Inventory
    people: Mapping[str, Person]
    clauses: Mapping[str, Clause]
    services: tuple[Service, ...]
    inspections: tuple[Inspection, ...]
    backups: tuple[Backup, ...]
    accesses: tuple[Access, ...]
    accepted: tuple[Accepted, ...]
    desk: Desk
    duty: Duty
    care: Care
    conduct: Conduct
    written: WrittenPolicies
    digest: str
    formerly: str = ""
