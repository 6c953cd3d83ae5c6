"""Rules about services and devices: tier, owner, looks, copies of their data, the flow in which they are served.

Comes in: a rule context. Goes out: violations.
"""

import re
from collections.abc import Iterator

from opspact.analyse.backup_coverage import holds
from opspact.analyse.cause import Condition, affected
from opspact.analyse.copies import not_copied
from opspact.analyse.rule import Rule, RuleContext, Violation
from opspact.model.contract_jobs import probe_inspections
from opspact.model.finding import Severity
from opspact.model.policies.backup import Backup
from opspact.model.policies.service import Service
from opspact.text.names import join_names


def _no_tier(context: RuleContext) -> Iterator[Violation]:
    services = context.contract.services
    if not context.contract.policy_index.of("sla") and not any(service.tier for service in services):
        return
    for service in services:
        if not service.tier:
            message = f"service {service.name} has no tier, so its faults have no response time"
            yield Violation(service.origin.policy, message, ("name",), "Set tier: to the name of an sla policy.")


def _not_looked_at(context: RuleContext) -> Iterator[Violation]:
    for service in context.contract.services:
        if service.units and not service.normal:
            units = join_names([unit.name for unit in service.units])
            message = f"service {service.name} runs {units}, but has no checks under normal:"
            yield Violation(service.origin.policy, message, ("units",))


_CLUSTER = re.compile(r"/etc/postgresql/([0-9.]+)/([A-Za-z0-9_.-]+)/")
_FOR_OTHERS = {
    "postgresql.service": "the unit of each cluster, such as postgresql@15-main.service",
    "openvpn.service": "the unit of each connection, such as openvpn-server@office.service",
}
"""Units of Debian that start others and stay active when these stop, with the units that tell."""


def _active_without_service(context: RuleContext) -> Iterator[Violation]:
    for service in context.contract.services:
        for unit in service.units:
            if unit.name in _FOR_OTHERS and unit.running:
                message = f"{unit.name} stays active when what it starts has stopped"
                help_ = f"Name {_own_unit(service) or _FOR_OTHERS[unit.name]}."
                yield Violation(service.origin.policy, message, ("units", unit.index), help_, subject=unit.name)


def _own_unit(service: Service) -> str:
    """Return the units of the clusters of PostgreSQL whose files a service has; empty: of none."""
    found = {each.groups() for file in service.files if (each := _CLUSTER.match(file.path))}
    return " and ".join(f"postgresql@{version}-{name}.service" for version, name in sorted(found))


def _data_not_kept(context: RuleContext) -> Iterator[Violation]:
    backups = [(backup, frozenset(backup.hosts)) for backup in context.contract.backups]
    for service in context.contract.services:
        for data in service.data_paths:
            path, missing = data.name, {host for host in service.hosts if data.is_on(host)}
            for backup, hosts in backups:
                if missing and holds(backup, path):
                    missing -= hosts
            if missing:
                message = (
                    f"no backup contains {path} of service {service.name} on {join_names(sorted(missing), 'hosts')}"
                )
                causes = not_copied(missing, path)
                yield Violation(
                    service.origin.policy,
                    message,
                    ("data", "paths", data.index),
                    subject=path,
                    states=causes[1:],
                    rests_on=causes,
                )
        for index, name in enumerate(service.databases):
            if not any(_dumps(backup, hosts, name, of=service) for backup, hosts in backups):
                where = join_names(service.hosts, "hosts")
                message = f"no backup contains database {name} of service {service.name} on {where}"
                causes = not_copied(service.hosts, name)
                yield Violation(
                    service.origin.policy,
                    message,
                    ("data", "databases", index),
                    subject=name,
                    states=causes[1:],
                    rests_on=causes,
                )


def _dumps(backup: Backup, hosts: frozenset[str], name: str, *, of: Service) -> bool:
    """Whether a backup dumps a database on a host of the service; which of them has it is not written."""
    return any(
        each.name == name and not (hosts if each.hosts is None else each.hosts & hosts).isdisjoint(of.hosts)
        for each in backup.databases
    )


def _served_in_no_flow(context: RuleContext) -> Iterator[Violation]:
    flows = [flow for flow in context.contract.flows if flow.way != "case"]
    served: dict[str, str] = {}
    for flow in flows:
        for index, name in enumerate(flow.services):
            first = served.setdefault(name, flow.name)
            if first != flow.name:
                message = f"service {name} is in two flows, {first} and {flow.name}"
                yield Violation(flow.origin.policy, message, ("services", index), "Remove it from one of them.")
    for service in context.contract.services if flows else ():
        if service.name not in served:
            message = f"service {service.name} is in no flow"
            yield Violation(service.origin.policy, message, ("name",), "Add it to services: of a flow.")


def _device_without_owner(context: RuleContext) -> Iterator[Violation]:
    for device in context.contract.devices:
        if not device.owner:
            message = f"device {device.name} has no owner"
            yield Violation(device.origin.policy, message, ("name",), "Set owner: to a person or a team.")


def _device_not_looked_at(context: RuleContext) -> Iterator[Violation]:
    for device in context.contract.devices:
        if not device.normal:
            message = f"device {device.name} has no checks under normal:"
            yield Violation(device.origin.policy, message, ("name",), "Set normal:, such as [{ping: {within: 1s}}].")
        elif not probe_inspections(device, context.contract):
            message = f"device {device.name} is probed from {device.probed_from}, which is in no inspection"
            yield Violation(
                device.origin.policy,
                message,
                ("probed_from",),
                "Choose a host that is in an inspection.",
                rests_on=(affected(Condition.NO_INSPECTION, device.probed_from),),
            )


def _device_looks_at_itself(context: RuleContext) -> Iterator[Violation]:
    hosts = context.contract.inventory.hosts
    for device in context.contract.devices:
        host = hosts.get(device.probed_from)
        if host is None or not device.address:
            continue
        if device.address in {host.name, host.variables.get("ansible_host"), "localhost", "127.0.0.1", "::1"}:
            message = f"{device.address} is {host.name} itself, so device {device.name} is not probed"
            yield Violation(device.origin.policy, message, ("probed_from",))


RULES = (
    Rule(
        code="OP224",
        family="coverage",
        severity=Severity.WARNING,
        title="A service has no tier",
        why="Without a service level its cases have no deadlines. Reported only if the contract has service levels.",
        remedy="Set tier: to the name of its service level policy (sla).",
        find=_no_tier,
    ),
    Rule(
        code="OP225",
        family="coverage",
        severity=Severity.WARNING,
        title="A service has no checks",
        why="A running unit may not answer requests; only a check of the service itself shows it.",
        remedy="Add normal:, such as [{tcp: {port: 80}}].",
        find=_not_looked_at,
    ),
    Rule(
        code="OP236",
        family="coverage",
        severity=Severity.WARNING,
        title="A unit is active whether its service runs or not",
        why="A database that stopped is reported as running by verify and inspections, and no apply starts it.",
        remedy="Name the unit of the service itself, such as postgresql@15-main.service.",
        find=_active_without_service,
    ),
    Rule(
        code="OP226",
        family="coverage",
        severity=Severity.ERROR,
        title="A service's data is in no backup",
        why="The service lists this data, but no backup contains it.",
        remedy="Add the path or database to a backup of these hosts.",
        find=_data_not_kept,
    ),
    Rule(
        code="OP227",
        family="coverage",
        severity=Severity.WARNING,
        title="A service is in no flow, or in several",
        why="The desk must know whether an engineer is on site or must be sent.",
        remedy="Add each service to exactly one flow.",
        find=_served_in_no_flow,
    ),
    Rule(
        code="OP230",
        family="coverage",
        severity=Severity.WARNING,
        title="A device has no owner",
        why="The contract requires a responsible person for each device.",
        remedy="Set owner: to a person or a team.",
        find=_device_without_owner,
    ),
    Rule(
        code="OP231",
        family="coverage",
        severity=Severity.WARNING,
        title="A device is not inspected",
        why="Devices have no agent: a host probes them as part of its inspections.",
        remedy="Set address:, probed_from: to an inspected host, and normal:.",
        find=_device_not_looked_at,
    ),
    Rule(
        code="OP232",
        family="coverage",
        severity=Severity.ERROR,
        title="A device is probed from itself",
        why="A probe from the device itself does not show that others can reach it.",
        remedy="Probe it from another host.",
        find=_device_looks_at_itself,
    ),
)
