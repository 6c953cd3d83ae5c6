"""Who else may have access to a host: all that the contract gives there, and what its access policies name.

Comes in: access policies, and the steps of a host and of its backup clients. Goes out: a step.
"""

from collections.abc import Iterable, Mapping, Sequence

from opspact.model.policies.access import Access
from opspact.steps.account import Account
from opspact.steps.authorized_keys import AuthorizedKeys
from opspact.steps.backup_repository import BackupRepository
from opspact.steps.base import Step
from opspact.steps.closed_account import ClosedAccount
from opspact.steps.emergency_access import EmergencyAccess
from opspact.steps.file import File
from opspact.steps.membership import Membership
from opspact.steps.other_access import OtherAccess
from opspact.steps.public_key import fingerprint

KEY = "KEY"
"""What stands for a host's key in a line of authorized_keys."""


def other_access(
    accesses: Iterable[Access], steps: Iterable[Step], clients: Mapping[str, Sequence[BackupRepository]]
) -> OtherAccess:
    """Given access policies that say who else has access to a host, return the step that nobody has beside these.

    `steps` are all others of the host, `clients` the repositories that each of its backup clients has on it.
    """
    stated = [(access.origin, access.others) for access in accesses if access.others is not None]
    others = [each for _, each in stated]
    seen = list(steps)
    keys = [step for step in seen if isinstance(step, AuthorizedKeys)]
    granted = [step for step in seen if isinstance(step, EmergencyAccess)]  # a step of each looks whether it is over
    own = {*(step.account for step in keys if step.exclusive), *(step.account for step in granted)}
    accounts = {*(step.name for step in seen if isinstance(step, Account)), *(step.account for step in granted)}
    members = {f"{step.account} in {step.group}" for step in seen if isinstance(step, Membership)}
    members |= {f"{step.account} in {group}" for step in granted for group in step.groups}
    return OtherAccess(
        accounts=_sorted(accounts, *(each.accounts for each in others)),
        closed=_sorted(step.name for step in seen if isinstance(step, ClosedAccount)),
        own_keys=_sorted(own),
        keys=_sorted(_additional(keys, own), *(each.keys for each in others)),
        lines=_sorted(
            f"{each.account} {each.key_line(client, KEY)}" for client, found in clients.items() for each in found
        ),
        sudo=_sorted(*(each.sudo for each in others)),
        files=_sorted(
            (step.path for step in seen if isinstance(step, File) and step.path.startswith("/etc/sudo")),
            (step.rules for step in granted),
        ),
        members=_sorted(members, *(each.members for each in others)),
        directories=_sorted(*(each.directories for each in others)),
        origins=tuple(sorted(origin for origin, _ in stated)),
    )


def _sorted(*items: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted({item for each in items for item in each}))


def _additional(keys: Iterable[AuthorizedKeys], own: set[str]) -> Iterable[str]:
    """Yield the keys of accounts in which others may be: they are looked at one by one."""
    return (f"{step.account} {fingerprint(key)}" for step in keys if step.account not in own for key in step.keys)
