"""Contract → steps per host: every policy's steps, merged, in order; what cannot stand together is refused here.

Comes in: a contract and a day. Goes out: each host's work, shared between hosts that are alike. Called by cli, rollout.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date

from opspact.compile.access import access_portions
from opspact.compile.backup import backup_portions, contradictions
from opspact.compile.inspection import inspection_portions
from opspact.compile.portions import Portion
from opspact.compile.service import service_portions
from opspact.compile.shapes import Work
from opspact.compile.templates import CannotRenderError
from opspact.errors import Problem, Refused
from opspact.model.contract import Contract
from opspact.model.origin import union
from opspact.model.steps.base import Step
from opspact.model.steps.port_answer import PortAnswer


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
    known: dict[tuple[int, ...], Work] = {}
    work: dict[str, Work] = {}
    for host in contract.inventory.hosts:
        shares = by_host.get(host, [])
        key = tuple(map(id, shares))
        if key not in known:
            known[key] = Work(make=_merged((step for share in shares for step in share.steps), host, problems))
        work[host] = known[key]
    if problems:
        raise Refused("these policies cannot stand together", dict.fromkeys(problems))
    return work


def _portions(contract: Contract, day: date, problems: list[Problem]) -> Iterator[Portion]:
    for service in contract.services:
        try:
            yield from service_portions(service, contract)
        except CannotRenderError as error:
            problems.append(error.problem)
    for inspection in contract.inspections:
        yield from inspection_portions(inspection, contract)
    yield from backup_portions(contract)
    for access in contract.accesses:
        yield from access_portions(access, contract, day=day)


def _merged(steps: Iterable[Step], host: str, problems: list[Problem]) -> tuple[Step, ...]:
    """Return the steps of one host, each once, in the order of making; note what contradicts."""
    found: dict[str, Step] = {}
    for step in steps:
        other = found.setdefault(step.identity, step)
        if other is step:
            continue
        if isinstance(step, PortAnswer):
            problems.append(_problem("OP102", (other, step), f"two services listen on {step.subject} of {host}"))
        merged = other.merged(step)
        if merged is None:
            problems.append(
                _problem("OP101", (other, step), f"two policies want {step.identity} differently on {host}")
            )
        else:
            found[step.identity] = merged
    return tuple(sorted(found.values(), key=lambda step: step.order))


def _problem(code: str, steps: tuple[Step, Step], message: str) -> Problem:
    both = union(steps[0].origins, steps[1].origins)
    return Problem(code, both[-1].place, message, hint=f"the other is at {both[0]}")
