"""Rules about where copies are: on another machine, storage and site, and with a key that outlives the host.

Comes in: a rule context. Goes out: violations.
"""

from collections.abc import Iterable, Iterator, Mapping

from opspact.analyse.cause import Affected, Condition, affected
from opspact.analyse.copies import Copy, copies
from opspact.analyse.host_sets import HostSets, format_hosts, host_sets
from opspact.analyse.rule import Rule, RuleContext, Violation
from opspact.model import names
from opspact.model.finding import Severity
from opspact.model.inventory.own_variables import SITE, STORAGE
from opspact.model.inventory.places import HERE, SITE_GROUPS
from opspact.model.policies.backup import Backup


def _same_machine(context: RuleContext) -> Iterator[Violation]:
    where, sets = context.contract.places, context.once(host_sets)
    for copy in context.once(copies):
        machine = where.machines[copy.server]
        both = [host for host in sets.names(_common(copy, where.names[machine], sets)) if host != copy.server]
        if not both:
            continue
        what = "the machine that opspact runs on" if machine == HERE else f"same address {machine}"
        ports = {where.port(host) for host in (*both, copy.server)}
        if len(ports) > 1:
            what += f" (ports {' and '.join(sorted(ports))}: one machine, or several behind a gateway)"
        message = f"{copy.server} and {format_hosts(both)} are the same machine ({what})"
        same = _pairs(Condition.SAME_MACHINE, copy, both)
        severity = Severity.WARNING if len(ports) > 1 else None
        yield Violation(copy.policy, message, copy.path, severity=severity, states=(same,), rests_on=(same,))


def _pairs(condition: Condition, copy: Copy, hosts: Iterable[str]) -> Affected:
    """Return the key for a server that shares something with hosts whose copies it keeps."""
    return affected(condition, *(f"{host} {copy.server}" for host in hosts))


def _common(copy: Copy, hosts: tuple[str, ...], sets: HostSets) -> int:
    return sets.of(copy.hosts) & sets.of(hosts)


def _same_storage(context: RuleContext) -> Iterator[Violation]:
    where = context.contract.places
    help_ = f"Choose a server on different storage; the storage of a host is its variable {STORAGE}."
    for copy, place, hosts in _shared(context, where.storages, where.by_storage):
        both = f"{copy.server} and {format_hosts(hosts)}"
        message = f"{both} are on the same storage, {place}: data and copy are lost together"
        same = _pairs(Condition.SAME_STORAGE, copy, hosts)
        causes = (_pairs(Condition.SAME_MACHINE, copy, hosts), same)
        yield Violation(copy.policy, message, copy.path, help_, subject=place, states=(same,), rests_on=causes)


def _same_site(context: RuleContext) -> Iterator[Violation]:
    where = context.contract.places
    help_ = f"Choose a server at another site; a host's site is its variable {SITE} or its group {SITE_GROUPS}…."
    for copy, place, hosts in _shared(context, where.sites, where.by_site):
        message = (
            f"{copy.server} and {format_hosts(hosts)} are at the same site, {place}: data and copy are lost together"
        )
        same = _pairs(Condition.SAME_SITE, copy, hosts)
        causes = (_pairs(Condition.SAME_MACHINE, copy, hosts), same)
        yield Violation(copy.policy, message, copy.path, help_, subject=place, states=(same,), rests_on=causes)


def _shared(
    context: RuleContext, of_host: Mapping[str, frozenset[str]], by_place: Mapping[str, tuple[str, ...]]
) -> Iterator[tuple[Copy, str, list[str]]]:
    """Yield each copy whose server shares a place with hosts that it copies: the place, and those hosts."""
    sets = context.once(host_sets)
    masks: dict[str, int] = {}
    for copy in context.once(copies):
        for place in sorted(of_host.get(copy.server, ())):
            if place not in masks:
                masks[place] = sets.of(by_place[place])
            if both := sets.of(copy.hosts) & masks[place]:
                yield copy, place, sets.names(both)


def _key_goes_with_the_host(context: RuleContext) -> Iterator[Violation]:
    machines = context.contract.places.machines
    here = {host for host, machine in machines.items() if machine == HERE}
    for backup in context.contract.backups:
        secret = backup.passphrase
        if secret is None:
            continue
        own = [host for host in backup.hosts if host in here]
        if own:
            message = (
                f"the passphrase for the copies of {format_hosts(own)} is {secret}, which is stored on the same "
                f"machine, where opspact runs"
            )
            # A vault is in git, on other machines too; what opens it may be here alone.
            weight = Severity.ERROR if secret.scheme == "file" else Severity.WARNING
            yield Violation(f"backup/{backup.name}", message, ("passphrase",), severity=weight)
        elif secret.scheme == "file" and (inside := _protected(secret.name, backup)):
            message = (
                f"the passphrase is read from {secret.name}, and this backup contains {inside} of "
                f"{format_hosts(backup.hosts)}: if there is no other copy, the key is lost with the host"
            )
            yield Violation(f"backup/{backup.name}", message, ("passphrase",), severity=Severity.WARNING)


def _protected(path: str, backup: Backup) -> str:
    """Return the folder of those that are copied, or of opspact's own on hosts, below which a path lies; or nothing."""
    folders = (*backup.paths, names.SETTINGS_FOLDER, names.STATE_FOLDER)
    return next((folder for folder in folders if path.startswith(f"{folder.rstrip('/')}/")), "")


def _servers_in_a_circle(context: RuleContext) -> Iterator[Violation]:
    """Find backup servers that keep each other's copies, directly or over others; each circle once."""
    machines = context.contract.places.machines
    servers = {machines[copy.server]: copy.server for copy in context.once(copies)}
    kept: dict[str, dict[str, Copy]] = {}
    for copy in context.once(copies):
        for host in copy.hosts:
            if (machine := machines[host]) in servers and machine != machines[copy.server]:
                kept.setdefault(machine, {}).setdefault(machines[copy.server], copy)
    reported: set[str] = set()
    for machine in sorted(kept):
        circle = _circle(machine, kept) if machine not in reported else []
        reported.update(circle)
        if circle:
            copy = kept[circle[0]][circle[1 % len(circle)]]
            around = " → ".join(servers[each] for each in [*circle, circle[0]])
            yield Violation(copy.policy, f"backup servers back each other up in a cycle: {around}", copy.path)


def _circle(start: str, kept: Mapping[str, Mapping[str, object]]) -> list[str]:
    """Return the shortest way from a machine back to it over who keeps whose copies; empty where there is none."""
    before: dict[str, str] = {}
    ahead = [start]
    for machine in ahead:
        for other in sorted(kept.get(machine, ())):
            if other == start:
                way = [machine]
                while way[-1] != start:
                    way.append(before[way[-1]])
                return way[::-1]
            if other not in before:
                before[other] = machine
                ahead.append(other)
    return []


RULES = (
    Rule(
        code="OP404",
        family="backup",
        severity=Severity.ERROR,
        title="A backup is stored on the machine that it protects",
        why="Two names in the inventory may be one machine; data and copy are lost together.",
        remedy="Choose a server on another machine, or correct the address in the inventory.",
        find=_same_machine,
    ),
    Rule(
        code="OP405",
        family="backup",
        severity=Severity.ERROR,
        title="A backup is on the same storage as its data",
        why="When the storage fails, data and copy are lost together.",
        remedy="Choose a server on different storage.",
        find=_same_storage,
    ),
    Rule(
        code="OP406",
        family="backup",
        severity=Severity.WARNING,
        title="A backup is at the same site as its data",
        why="Fire, water and theft affect a site as a whole; the copy must be elsewhere.",
        remedy="Choose a server at another site, or add a second backup there.",
        find=_same_site,
    ),
    Rule(
        code="OP407",
        family="backup",
        severity=Severity.ERROR,
        title="The backup passphrase is stored on the host that it protects",
        why="When the host is lost, the passphrase is lost too, and no copy can be decrypted.",
        remedy="Store the passphrase elsewhere too, such as in a vault on another machine or on paper in a safe.",
        find=_key_goes_with_the_host,
    ),
    Rule(
        code="OP408",
        family="backup",
        severity=Severity.WARNING,
        title="Backup servers back each other up",
        why="One error or one intruder can reach all of them, and none can be restored first.",
        remedy="Back up one of the servers to a place outside the cycle.",
        find=_servers_in_a_circle,
    ),
)
