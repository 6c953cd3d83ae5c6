"""Rules about access: what may be run as root, and whose keys count.

Comes in: a rule context. Goes out: violations.
"""

from collections.abc import Iterator

from opspact.analyse.rule import Rule, RuleContext, Violation
from opspact.analyse.shell.privilege_escalation import describe_escalation
from opspact.model.finding import Severity
from opspact.model.policies.access import Access
from opspact.text.names import join_names


def _wide_sudo(context: RuleContext) -> Iterator[Violation]:
    for access in _lasting(context):
        for index, command in enumerate(access.sudo):
            why = describe_escalation(command)
            if why:
                message = f"{join_names(access.people, 'people')} can gain full root access: {command} {why}"
                yield Violation(access.origin.policy, message, ("sudo", index))


_ROOT_GROUPS = frozenset({"disk", "docker", "incus-admin", "kmem", "libvirt", "lxd", "shadow"})
"""Groups whose members can become root, or read every file: by a container, a virtual machine, a device, a hash."""


def _wide_groups(context: RuleContext) -> Iterator[Violation]:
    for access in _lasting(context):
        for index, group in enumerate(access.groups):
            if group in _ROOT_GROUPS:
                message = f"{join_names(access.people, 'people')} can gain full root access as members of {group}"
                yield Violation(access.origin.policy, message, ("groups", index))


def _lasting(context: RuleContext) -> list[Access]:
    """Return the access that is there all the time. Full rights for an hour, granted and reviewed, are no finding."""
    return [access for access in context.contract.accesses if access.emergency is None]


def _wide_access(context: RuleContext) -> Iterator[Violation]:
    yield from _wide_sudo(context)
    yield from _wide_groups(context)


def _keys_of_others(context: RuleContext) -> Iterator[Violation]:
    promised: dict[str, str] = {}
    for access in _lasting(context):
        if access.exclusive:
            for host in access.hosts:
                promised.setdefault(host, access.origin.policy)
    for access in context.contract.accesses:
        both = [host for host in access.hosts if host in promised]
        if not access.exclusive and both:
            where, other = join_names(both, "hosts"), promised[both[0]]
            message = (
                f"on {where}, keys that are not in any policy are preserved, although {other} sets keys: exclusive"
            )
            yield Violation(access.origin.policy, message, ("keys",))


RULES = (
    Rule(
        code="OP243",
        family="safety",
        severity=Severity.WARNING,
        title="A command or group can be used to gain full root access",
        why="Whoever has it can do anything on the host, although the policy appears to allow only a part.",
        remedy="Allow a narrower command with all its arguments, or a wrapper that does only this; drop the group.",
        find=_wide_access,
    ),
    Rule(
        code="OP245",
        family="safety",
        severity=Severity.WARNING,
        title="Unmanaged SSH keys are preserved although another policy sets keys: exclusive",
        why="An exclusive list of keys has no effect on hosts where other accounts keep unmanaged keys.",
        remedy="Set keys: exclusive in both policies, or select different hosts.",
        find=_keys_of_others,
    ),
)
