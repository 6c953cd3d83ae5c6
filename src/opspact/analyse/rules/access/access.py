"""Rules about access: what may be run as root, and whose keys count.

Comes in: a rule context. Goes out: violations.
"""

from collections.abc import Iterator

from opspact.analyse.rule import Rule, RuleContext, Violation
from opspact.analyse.shell.privilege_escalation import describe_escalation
from opspact.model.finding import Severity
from opspact.text.names import join_names


def _wide_sudo(context: RuleContext) -> Iterator[Violation]:
    for access in context.contract.accesses:
        for index, command in enumerate(access.sudo):
            why = describe_escalation(command)
            if why:
                message = f"as root {command} {why}; so {join_names(access.people, 'people')} could do anything"
                yield Violation(access.origin.policy, message, ("sudo", index))


def _keys_of_others(context: RuleContext) -> Iterator[Violation]:
    promised: dict[str, str] = {}
    for access in context.contract.accesses:
        if access.exclusive:
            for host in access.hosts:
                promised.setdefault(host, access.origin.policy)
    for access in context.contract.accesses:
        both = [host for host in access.hosts if host in promised]
        if not access.exclusive and both:
            where, other = join_names(both, "hosts"), promised[both[0]]
            message = f"on {where} keys that no policy names stay, while {other} promises that there are none"
            yield Violation(access.origin.policy, message, ("keys",))


RULES = (
    Rule(
        code="OP243",
        family="safety",
        severity=Severity.WARNING,
        title="A command allowed as root allows more than it says",
        why="Whoever may run it can do anything on the host, although the policy reads as if it were one thing.",
        remedy="Allow a narrower command with all its arguments, or a program of your own that does just that.",
        find=_wide_sudo,
    ),
    Rule(
        code="OP245",
        family="safety",
        severity=Severity.WARNING,
        title="Keys that no policy names are left where another policy promises that there are none",
        why="An exclusive list of keys is worth nothing for hosts on which other accounts keep what they have.",
        remedy="Write keys: exclusive in both, or choose other hosts.",
        find=_keys_of_others,
    ),
)
