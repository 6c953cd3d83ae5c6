"""Access as steps: people's accounts, their keys, and what they may run as root.

Comes in: access policies and the day for which they are compiled. Goes out: portions.
"""

import re
from collections.abc import Iterator
from datetime import date

from opspact.compile.portion import Portion
from opspact.model import names
from opspact.model.contract import Contract
from opspact.model.policies.access import Access
from opspact.model.policies.person import Person
from opspact.steps.account import Account
from opspact.steps.authorized_keys import AuthorizedKeys
from opspact.steps.base import Step
from opspact.steps.closed_account import ClosedAccount
from opspact.steps.content import Content
from opspact.steps.file import File
from opspact.steps.membership import Membership
from opspact.steps.package import Package


def access_portions(access: Access, contract: Contract, *, day: date) -> Iterator[Portion]:
    """Given who may log in where, yield the steps.

    The accounts of those who have left by that day are closed, unless somebody else has one of that name now; whoever
    has not come yet has no step.
    """
    everybody = [contract.people[name] for name in access.people]
    yield Portion(access.hosts, tuple(_steps(access, [person for person in everybody if person.works_on(day)])))
    in_work = {blob for person in contract.people.values() if person.works_on(day) for blob in _blobs(person)}
    for person in everybody:
        if person.ended_on(day):
            keys = tuple(sorted(set(_blobs(person)) - in_work))
            step = ClosedAccount(name=person.account, keys=keys, origins=tuple(sorted({access.origin, person.origin})))
            in_use = _hosts_with(person.account, contract, day)
            yield Portion(tuple(host for host in access.hosts if host not in in_use), (step,))


def _blobs(person: Person) -> Iterator[str]:
    """Yield the keys of a person without their types and comments."""
    return (key.split()[1] for key in person.keys)


def _hosts_with(account: str, contract: Contract, day: date) -> set[str]:
    """Return the hosts on which somebody who works on that day has an account of that name."""
    people = {name for name, it in contract.people.items() if it.account == account and it.works_on(day)}
    return {host for access in contract.accesses if not people.isdisjoint(access.people) for host in access.hosts}


def _steps(access: Access, people: list[Person]) -> Iterator[Step]:
    for person in people:
        origins = tuple(sorted({access.origin, person.origin}))
        home = f"/home/{person.account}"
        yield Account(
            name=person.account,
            home=home,
            comment=person.text.en,
            shell=person.shell,
            origins=origins,
        )
        for group in access.groups:
            yield Membership(account=person.account, group=group, origins=origins)
        # Where others may have keys too, each of ours is a step of its own: one that leaves the policy is taken back.
        for keys in [person.keys] if access.exclusive else [(key,) for key in person.keys]:
            yield AuthorizedKeys(
                account=person.account, home=home, keys=keys, exclusive=access.exclusive, origins=origins
            )
    if access.sudo and people:
        yield Package(name="sudo", origins=(access.origin,))
        yield File(
            path=names.sudoers(access.name),
            content=Content.of(_sudoers(access, people)),
            mode="0440",
            validate="/usr/sbin/visudo -cf %s",
            accounts=tuple(person.account for person in people),
            origins=(access.origin,),
        )


def _sudoers(access: Access, people: list[Person]) -> str:
    commands = ", ".join(map(_command, access.sudo))
    lines = [f"{person.account} ALL=(root) NOPASSWD: {commands}" for person in people]
    return "\n".join([f"# Managed by opspact: access policy {access.name}.", *lines]) + "\n"


def _command(command: str) -> str:
    """Given a command line, return it as sudoers(5) reads it: exactly these arguments, or none at all."""
    if command == "ALL":
        return command
    program, _, arguments = command.partition(" ")
    escaped = re.sub(r"([\\,:=])", r"\\\1", arguments) if arguments else '""'
    return f"{program} {escaped}"
