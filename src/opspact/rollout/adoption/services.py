"""Proposed services: packages that somebody chose, enabled units, files that are not as packages bring them.

In: what hosts have. Out: documents of the kind `service`, the files that they name, and what these do not say.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping

from opspact.analyse.shell.secrets import secrets_in
from opspact.rollout.adoption.host_state import FoundFile, FoundUnit
from opspact.rollout.adoption.known import Known
from opspact.rollout.adoption.proposal import Document, Names, NotAdopted, Proposal, host_pattern, name_part
from opspact.schema.contract_files import is_part
from opspact.schema.value_error import InvalidValueError
from opspact.schema.values import validators
from opspact.structs import Struct

_FILE = "services"
_PACKAGES = "packages"
_TEAM = "adopted"
_RELOADS = "Files name no unit: write `restarts` or `reloads` where a unit must read a file after a change."
_MANY = "Packages that somebody installed, which nothing else on these hosts is about."
_OWNER = "Who is responsible for the services: name the team that is."


class _Item(Struct):
    """Something that a service has: one of a package, a unit, a file."""

    service: str
    package: str = ""
    unit: FoundUnit | None = None
    file: FoundFile | None = None

    @property
    def identities(self) -> tuple[str, ...]:
        """The identities of the steps that want it; a file is not wanted where a link is, and the other way round."""
        if self.file:
            return tuple(f"{kind} {self.file.path}" for kind in ("file", "link", "secret-file"))
        return (f"unit {self.unit.name}",) if self.unit else (f"package {self.package}",)

    @property
    def title(self) -> str:
        """What it is, for people."""
        return f"link {self.file.path}" if self.file and self.file.link else self.identities[0]


def propose_services(known: Known, owner: str) -> Proposal:
    """Given what hosts have, and who is responsible (empty: a team to be named), return the documents for it."""
    having: dict[_Item, list[str]] = defaultdict(list)
    missed = []
    for host in known.states:
        for item in _items(host, known):
            if any(identity in known.wanted[host] for identity in item.identities):
                continue
            if why := _why_not(item, host, known):
                missed.append(NotAdopted(item.title, host, known.masked(why)))
            else:
                having[item].append(host)
    documents, files = _documents(having, known, owner or _TEAM)
    if documents and not owner:
        documents.insert(0, Document(_FILE, (_OWNER,), {"kind": "team", "name": _TEAM, "text": {"en": "To be named"}}))
    return Proposal(tuple(documents), files, tuple(sorted({*missed})))


def _items(host: str, known: Known) -> Iterator[_Item]:
    """Yield what a host has; packages that nothing else is about belong to one service."""
    found = known.states[host].services
    named = {*(unit.service for unit in found.units), *(file.service for file in found.files)}
    for package in found.packages:
        yield _Item(package if package in named else _PACKAGES, package=package)
    for unit in found.units:
        yield _Item(unit.service, unit=unit)
    for file in found.files:
        yield _Item(file.service, file=file)


def _why_not(item: _Item, host: str, known: Known) -> str:
    """Return why no policy can want something as it is; empty: one can."""
    for identity in item.identities:
        if refused := known.refused.get((host, identity)):
            return refused
    try:
        if item.unit:
            validators.unit_name(item.unit.name)
        elif item.file:
            return item.file.why or _why_no_file(item.file, known)
        else:
            validators.package_name(item.package)
    except InvalidValueError as error:
        return str(error)
    return ""


def _why_no_file(file: FoundFile, known: Known) -> str:
    validators.managed_path(file.path)
    if validators.is_template(file.path) or validators.is_template(file.link):
        return "its name has braces in it, which policies take for variables"
    if file.link:
        validators.file_path(file.link)
        return ""
    validators.contract_file(_source(file, _PACKAGES))
    if not is_part(f"files{file.path}"):
        return "files of this name are no part of a contract"
    line = next((number for number, _ in secrets_in(file.text.encode())), 0)
    if line:
        return f"line {line} looks like a secret: move it to a file of its own, or manage the file without it"
    return "something in it looks like a secret" if known.is_secret(file.text) else ""


def _documents(having: Mapping[_Item, list[str]], known: Known, owner: str) -> tuple[list[Document], dict[str, bytes]]:
    """Return a policy for each service and each set of hosts on which it is the same, and the contents of its files."""
    services: dict[str, dict[tuple[str, ...], list[_Item]]] = defaultdict(lambda: defaultdict(list))
    for item, found_on in having.items():
        services[item.service][tuple(found_on)].append(item)
    given = Names(service.name for service in known.head.contract.services)
    documents: list[Document] = []
    files: dict[str, bytes] = {}
    for service, by_hosts in sorted(services.items()):
        base = name_part(service if service not in {_PACKAGES, "settings"} else f"adopted-{service}")
        widest = sorted(by_hosts.items(), key=lambda it: -len(it[0]))
        for number, (hosts, items) in enumerate(widest):
            pattern = host_pattern(hosts, known.head.contract.inventory)
            name = given.new(base if number == 0 else f"{base}-{name_part(pattern)}")
            data = {"kind": "service", "name": name, "hosts": pattern, "owner": owner, **_fields(items, name)}
            comments = (_RELOADS,) if "files" in data else (_MANY,) if service == _PACKAGES else ()
            documents.append(Document(_FILE, comments, data))
            files |= {_source(it.file, name): it.file.text.encode() for it in items if it.file and not it.file.link}
    return documents, files


def _fields(items: Iterable[_Item], policy: str) -> dict[str, object]:
    """Return the fields of a service that has these things."""
    fields: dict[str, list[object]] = {"packages": [], "units": [], "files": []}
    for item in items:
        if item.file:
            fields["files"].append(_written_file(item.file, policy))
        elif item.unit:
            fields["units"].append(
                item.unit.name if item.unit.is_running else {"name": item.unit.name, "running": False}
            )
        else:
            fields["packages"].append(item.package)
    return {name: values for name, values in fields.items() if values}


def _written_file(file: FoundFile, policy: str) -> dict[str, object]:
    if file.link:
        return {"path": file.path, "link": file.link}
    usual = {"owner": "root", "group": "root", "mode": "0644"}
    found = {"owner": file.owner, "group": file.group, "mode": file.mode}
    own = {key: value for key, value in found.items() if value != usual[key]}
    return {"path": file.path, "source": _source(file, policy), **own}


def _source(file: FoundFile, policy: str) -> str:
    return f"files/adopted/{policy}{file.path}"
