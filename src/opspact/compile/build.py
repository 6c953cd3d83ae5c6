"""Contract → steps per host: every policy's steps, merged, in order; what cannot stand together is refused here.

Comes in: a contract and a day. Goes out: each host's work, shared between hosts that are alike.
"""

from collections.abc import Iterator, Mapping
from datetime import date

from opspact.compile.access import access_portions, closed_account_portions
from opspact.compile.backup import backup_portions, contradictions
from opspact.compile.data_care import data_care_portions
from opspact.compile.inspection import inspection_portions
from opspact.compile.log_review import log_review_portion
from opspact.compile.merge import Conflict, Merged, merged
from opspact.compile.portion import Portion
from opspact.compile.service import service_portions
from opspact.compile.shape import Work
from opspact.compile.templates import CannotRenderError
from opspact.errors import Problem, Refused
from opspact.model.contract import Contract


def build(contract: Contract, *, day: date) -> Mapping[str, Work]:
    """Given a contract and the day it is compiled for, return every host's work in the inventory's order.

    Raise Refused, with all problems, when two policies want different things of one host, two services share one port,
    or a template does not render.
    """
    problems = list(contradictions(contract))
    by_host: dict[str, list[Portion]] = {}
    for portion in _portions(contract, day, problems):
        for host in portion.hosts:
            by_host.setdefault(host, []).append(portion)
    known: dict[tuple[int, ...], Merged] = {}
    work: dict[str, Work] = {}
    where: dict[Conflict, list[str]] = {}
    for host in contract.inventory.hosts:
        shares = by_host.get(host, [])
        key = tuple(map(id, shares))
        if key not in known:
            known[key] = merged(step for share in shares for step in share.steps)
        for conflict in known[key].conflicts:
            where.setdefault(conflict, []).append(host)
        work[host] = known[key].work
    problems += [conflict.problem(hosts) for conflict, hosts in where.items()]
    if problems:
        raise Refused("the policies conflict", dict.fromkeys(problems))
    return work


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
    yield from data_care_portions(contract)
    for access in contract.accesses:
        yield from access_portions(access, contract, day=day)
    yield from closed_account_portions(contract, day=day)
