"""Rules about the escrow of passphrases: is there a copy of each elsewhere than where it is needed?

Comes in: a rule context. Goes out: violations.
"""

from collections.abc import Iterator

from opspact.analyse.host_sets import format_hosts
from opspact.analyse.rule import Rule, RuleContext, Violation
from opspact.model.contract_jobs import repository_users
from opspact.model.finding import Severity
from opspact.model.policies.backup import Backup
from opspact.model.policies.data_care import DataCare
from opspact.values.secret import SecretReference

RepositoryUser = Backup | DataCare


def _by_passphrase(context: RuleContext) -> dict[SecretReference, list[RepositoryUser]]:
    """Return the policies whose copies are encrypted, by their passphrase."""
    found: dict[SecretReference, list[RepositoryUser]] = {}
    for user in repository_users(context.contract):
        if user.passphrase is not None:
            found.setdefault(user.passphrase, []).append(user)
    return found


def _path(user: RepositoryUser, *field: str) -> tuple[str, ...]:
    return field if isinstance(user, Backup) else ("archive", *field)


def _without_escrow(context: RuleContext) -> Iterator[Violation]:
    for passphrase, users in _by_passphrase(context).items():
        if not any(user.escrow for user in users):
            first = users[0]
            message = f"the passphrase {passphrase} is in no escrow; it encrypts the copies of {_named(users)}"
            yield Violation(first.origin.policy, message, _path(first, "passphrase"), subject=str(passphrase))


def _named(users: list[RepositoryUser]) -> str:
    names = [user.origin.policy for user in users]
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")  # noqa: PLR2004 - shown


def _on_its_own_host(context: RuleContext) -> Iterator[Violation]:
    machines = context.contract.places.machines
    for passphrase, users in _by_passphrase(context).items():
        needing = {host for user in users for host in (*user.hosts, user.server)}
        for user in users:
            host = user.escrow.host if user.escrow else ""
            same = [each for each in sorted(needing) if host and machines[each] == machines[host]]
            if same:
                what = "which it protects" if any(each in one.hosts for one in users for each in same) else "its server"
                message = f"the escrow of {passphrase} is on {host}, {what}: who loses {format_hosts(same)} loses both"
                yield Violation(user.origin.policy, message, _path(user, "escrow", "host"), subject=host)


RULES = (
    Rule(
        code="OP421",
        family="backup",
        severity=Severity.WARNING,
        title="The passphrase of a backup is in no escrow",
        why="Who loses the passphrase loses every copy that it encrypts, and nobody checks that a second one works.",
        remedy=(
            "Add to one of its policies: escrow: {where: TEXT, holder: PERSON, checked: quarterly on day 10 at 10:00}."
        ),
        find=_without_escrow,
    ),
    Rule(
        code="OP422",
        family="backup",
        severity=Severity.ERROR,
        title="A passphrase is escrowed on a host that it protects",
        why="What destroys the host or its backup server destroys the copy of the passphrase, too.",
        remedy="Keep the copy on another host, or off-line.",
        find=_on_its_own_host,
    ),
)
