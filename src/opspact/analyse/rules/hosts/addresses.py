"""The rule about one machine that stands in the inventory under several names.

Comes in: a rule context. Goes out: violations, one for each machine.
"""

from collections.abc import Iterator

from opspact.analyse.rule import Rule, RuleContext, Violation
from opspact.model.finding import Severity
from opspact.model.inventory.connection_variables import ADDRESS, ARGUMENTS, PORT, is_local, value_of
from opspact.model.inventory.host import Host
from opspact.text.names import list_names


def _one_machine(context: RuleContext) -> Iterator[Violation]:
    machines: dict[tuple[str, ...], list[str]] = {}
    concerned = hosts_with_work(context)
    for name, host in context.contract.inventory.hosts.items():
        if name in concerned:
            machines.setdefault(_destination(host), []).append(name)
    for destination, names in machines.items():
        if len(names) > 1:
            address, port = destination[:2]
            at = f"{address} port {port}" if port else address
            message = f"{list_names(names)} are one machine: {at}"
            yield Violation(f"contract/{context.contract.name}", message, ("name",), about=tuple(names))


def hosts_with_work(context: RuleContext) -> set[str]:
    """Given a rule context, return the hosts on which a policy acts."""
    contract = context.contract
    hosts = {backup.server for backup in contract.backups}
    hosts.update(*(each.hosts for each in contract.services), *(each.hosts for each in contract.inspections))
    hosts.update(*(each.hosts for each in contract.backups), *(each.hosts for each in contract.accesses))
    return hosts


def _destination(host: Host) -> tuple[str, ...]:
    """Return where a connection ends: address, port, and ssh's arguments, since an address may lie behind two hosts."""
    if is_local(host):
        return "the machine on which opspact runs", "", ""
    way = " ".join(str(host.variables[name]) for name in ARGUMENTS if name in host.variables)
    return value_of(host, ADDRESS) or host.name, value_of(host, PORT) or "22", way


RULES = (
    Rule(
        code="OP209",
        family="references",
        severity=Severity.ERROR,
        title="Two names in the inventory are one machine",
        why="Policies of both names change the same files, and apply can lock the machine under one name only.",
        remedy="Keep one of the names; write the policies of both for it.",
        find=_one_machine,
    ),
)
"""The one rule of this family."""
