"""Contract → steps per host: every policy's steps, merged, in order; what cannot stand together is refused here.

Comes in: a contract and a day. Goes out: each host's work, shared between hosts that are alike.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date

from opspact.compile.access import access_portions, closed_account_portions
from opspact.compile.backup import backup_portions, contradictions
from opspact.compile.code_table import code_table_portion
from opspact.compile.data_care import data_care_portions
from opspact.compile.inspection import inspection_portions
from opspact.compile.library import library_portion
from opspact.compile.log_review import log_review_portion
from opspact.compile.merge import Conflict, Merged, merged
from opspact.compile.other_access import other_access
from opspact.compile.portion import Portion
from opspact.compile.redaction import redaction_portions
from opspact.compile.service import service_portions
from opspact.compile.shape import Work
from opspact.compile.templates import CannotRenderError
from opspact.errors import Problem, Refused
from opspact.model.contract import Contract
from opspact.steps.backup_repository import BackupRepository
from opspact.structs import replace


def build(contract: Contract, *, day: date) -> Mapping[str, Work]:
    """Given a contract and the day it is compiled for, return every host's work in the inventory's order.

    Raise Refused, with all problems, when two policies want different things of one host, two services share one port,
    or a template does not render.
    """
    problems = list(contradictions(contract))
    by_host: dict[str, list[Portion]] = {}
    every = list(_portions(contract, day, problems))
    for portion in every:
        for host in portion.hosts:
            by_host.setdefault(host, []).append(portion)
    known: dict[tuple[int, ...], Merged] = {}
    work: dict[str, Work] = {}
    where: dict[Conflict, list[str]] = {}
    for host in contract.inventory.hosts:
        shares = by_host.get(host, [])
        key = tuple(map(id, shares))
        if key not in known:
            found = merged(step for share in shares for step in share.steps)
            known[key] = _with_other_access(found, contract, (host, every))
        for conflict in known[key].conflicts:
            where.setdefault(conflict, []).append(host)
        work[host] = known[key].work
    problems += [conflict.problem(hosts) for conflict, hosts in where.items()]
    if problems:
        raise Refused("the policies conflict", dict.fromkeys(problems))
    return work


def _with_other_access(found: Merged, contract: Contract, of_host: tuple[str, Iterable[Portion]]) -> Merged:
    """Given a host and all portions, return its steps with the one that nobody else has access to it.

    As they were, where no access policy says who else has.
    """
    host, every = of_host
    accesses = [access for access in contract.accesses if access.others is not None and host in access.hosts]
    if not accesses:
        return found
    clients: dict[str, list[BackupRepository]] = {}
    for portion in every:
        for step in portion.steps:
            if isinstance(step, BackupRepository) and step.server == host:
                for client in portion.hosts:
                    clients.setdefault(client, []).append(step)
    make = (*found.work.make, other_access(accesses, found.work.make, clients))
    return replace(found, work=replace(found.work, make=tuple(sorted(make, key=lambda step: step.order))))


def _portions(contract: Contract, day: date, problems: list[Problem]) -> Iterator[Portion]:
    for service in contract.services:
        try:
            yield from service_portions(service, contract)
        except CannotRenderError as error:
            error.found.add_to(problems)
    for inspection in contract.inspections:
        yield from inspection_portions(inspection, contract)
    for review in contract.log_reviews:
        yield log_review_portion(review, contract)
    yield from backup_portions(contract)
    for table in contract.code_tables:
        yield code_table_portion(table, contract)
    for library in contract.libraries:
        yield library_portion(library, contract)
    yield from data_care_portions(contract)
    yield from redaction_portions(contract)
    for access in contract.accesses:
        yield from access_portions(access, contract, day=day)
    yield from closed_account_portions(contract, day=day)
