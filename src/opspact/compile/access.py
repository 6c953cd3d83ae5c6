"""Access as steps: people's accounts, their keys, and what they may run as root.

Comes in: access policies and the day for which they are compiled. Goes out: portions.
"""

import math
from collections.abc import Hashable, Iterator, Mapping
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from opspact.compile.emergency_access import emergency_access_portion
from opspact.compile.portion import Portion, portions
from opspact.compile.sudo_rules import sudo_commands
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

_DAY = 86400  # seconds


def access_portions(access: Access, contract: Contract, *, day: date) -> Iterator[Portion]:
    """Given who may log in where, yield the steps. Whoever is not with the contract on that day has none."""
    if access.emergency is not None:
        yield emergency_access_portion(access, access.emergency, contract, day=day)
        return
    people = [person for name in access.people if (person := contract.people[name]).works_on(day)]
    ends = {person.name: _ends(person, contract, day) for person in people}
    yield Portion(access.hosts, tuple(_steps(access, people, ends)))


def closed_account_portions(contract: Contract, *, day: date) -> Iterator[Portion]:
    """Given a contract, yield the steps that close the accounts of those who have left by that day.

    They are closed on each host to which an access policy of the contract says who may log in, whichever of them the
    person was in; but not where somebody else has an account of that name now.
    """
    left = [person for person in contract.people.values() if person.ended_on(day)]
    if not left:
        return
    working = [person for person in contract.people.values() if person.works_on(day)]
    in_work = {blob for person in working for blob in _blobs(person)}
    in_use: dict[str, set[str]] = {}
    accesses: dict[str, list[Access]] = {}
    for access in contract.accesses:
        permanent = () if access.emergency else access.people
        accounts = {person.account for person in working if person.name in permanent}
        for host in access.hosts:
            accesses.setdefault(host, []).append(access)
            in_use.setdefault(host, set()).update(accounts)

    def closed(host: str) -> tuple[Step, ...]:
        return tuple(
            ClosedAccount(
                name=person.account,
                keys=tuple(sorted(set(_blobs(person)) - in_work)),
                origins=tuple(sorted({person.origin, *(access.origin for access in accesses[host])})),
            )
            for person in left
            if person.account not in in_use[host]
        )

    def depends(host: str) -> Hashable:
        taken = frozenset(person.account for person in left if person.account in in_use[host])
        return (taken, *(access.name for access in accesses[host]))

    yield from portions(accesses, depends, closed)


def _blobs(person: Person) -> Iterator[str]:
    """Yield the keys of a person without their types and comments."""
    return (key.split()[1] for key in person.keys)


def _ends(person: Person, contract: Contract, day: date) -> int:
    """Return the day (of UTC, counted from 1970-01-01) with which the host itself ends the account; -1: none.

    The first that begins when the last day is over in the contract's zone: never early, and hours late in the east.
    """
    last = person.last_day(day)
    if last is None:
        return -1
    over = datetime.combine(last + timedelta(days=1), time(), ZoneInfo(contract.zone))
    return math.ceil(over.timestamp() / _DAY)


def _steps(access: Access, people: list[Person], ends: Mapping[str, int]) -> Iterator[Step]:
    for person in people:
        origins = tuple(sorted({access.origin, person.origin}))
        home = f"/home/{person.account}"
        yield Account(
            name=person.account,
            home=home,
            comment=person.text.en,
            shell=person.shell,
            expires=ends[person.name],
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
    commands = ", ".join(sudo_commands(access))
    lines = [f"{person.account} ALL=(root) NOPASSWD: {commands}" for person in people]
    return "\n".join([f"# Managed by opspact: access policy {access.name}.", *lines]) + "\n"
