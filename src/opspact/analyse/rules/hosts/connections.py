"""The rule about connection variables of the inventory that no run can follow.

Comes in: a rule context. Goes out: violations, one for each variable and reason.
"""

from collections.abc import Iterator

from opspact.analyse.host_sets import host_sets
from opspact.analyse.rule import Rule, RuleContext, Violation
from opspact.analyse.rules.hosts.addresses import hosts_with_work
from opspact.model.finding import Severity
from opspact.model.inventory.connection_variables import VariableRefusal, refusals
from opspact.text.sentences import format_sentence


def _refused(context: RuleContext) -> Iterator[Violation]:
    sets = context.once(host_sets)
    found: dict[VariableRefusal, list[str]] = {}
    known: dict[int, tuple[VariableRefusal, ...]] = {}  # hosts of the same groups share their variables
    concerned = hosts_with_work(context)
    for name, host in context.contract.inventory.hosts.items():
        if name in concerned:
            key = id(host.variables)
            if key not in known:
                known[key] = tuple(refusals(host))
            for refusal in known[key]:
                found.setdefault(refusal, []).append(name)
    for refusal, hosts in found.items():
        message = f"{refusal.variable} of {sets.format(sets.of(hosts))}: {refusal.message}"
        help_ = format_sentence(refusal.hint) if refusal.hint else ""
        yield Violation(f"contract/{context.contract.name}", message, ("name",), help_, about=tuple(hosts))


RULES = (
    Rule(
        code="OP211",
        family="references",
        severity=Severity.ERROR,
        title="The inventory says how to reach a host, and no run can do that",
        why="No plan --live, apply or verify of these hosts begins.",
        remedy="Reach the host over ssh with a key, and become root with sudo.",
        find=_refused,
    ),
)
