"""The rule about one machine that stands in the inventory under several names.

Comes in: a rule context. Goes out: violations, one for each machine.
"""

from collections.abc import Iterator

from opspact.analyse.rule import Rule, RuleContext, Violation
from opspact.model.contract_jobs import repository_users
from opspact.model.finding import Severity
from opspact.model.inventory.bastion import asset_user, route
from opspact.model.inventory.connection_variables import USER, is_local, value_of
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
    hosts = {user.server for user in repository_users(contract)}
    hosts.update(*(each.hosts for each in contract.services), *(each.hosts for each in contract.inspections))
    hosts.update(*(each.hosts for each in repository_users(contract)), *(each.hosts for each in contract.accesses))
    return hosts


def _destination(host: Host) -> tuple[str, ...]:
    """Return where a connection ends: the address may lie behind a jump host, or be a bastion's."""
    if is_local(host):
        return "the machine on which opspact runs", ""
    return (*route(host), asset_user(value_of(host, USER)))


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
