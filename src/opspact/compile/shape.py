"""Hosts with equal work are one shape, and one shape is one play.

Comes in: the work of each host. Goes out: shapes, in a settled order.
"""

from collections.abc import Hashable, Mapping

from opspact.steps.base import Step
from opspact.steps.file import File
from opspact.steps.traits import depends_on
from opspact.structs import Struct, replace


class Work(Struct):
    """What is to be done on one host: steps to make, in their order, and steps to take away, in theirs.

    Hosts that share their work share the very object: ten thousand hosts are compared by a few.
    """

    make: tuple[Step, ...] = ()
    remove: tuple[Step, ...] = ()


class Shape(Struct):
    """Hosts that share their work; `varying` names the files whose content is each host's own.

    `work` is the first host's, each step with the origins that it has on any of the hosts.
    """

    hosts: tuple[str, ...]
    work: Work
    varying: frozenset[str]


def shapes(work: Mapping[str, Work]) -> tuple[Shape, ...]:
    """Given each host's work, return its shapes; hosts on which others depend (a backup server) come first.

    Otherwise the order is that of their first hosts. Hosts without work are in no shape.
    """
    distinct = {id(of_host): of_host for of_host in work.values() if of_host.make or of_host.remove}
    by_key: dict[Hashable, list[str]] = {}
    hosts_of = {number: by_key.setdefault(_key(of_host), []) for number, of_host in distinct.items()}
    for host, of_host in work.items():
        if id(of_host) in hosts_of:
            hosts_of[id(of_host)].append(host)
    depended_on = {host for of_host in distinct.values() for step in of_host.make for host in depends_on(step)}
    found = [_shape(tuple(hosts), work) for hosts in by_key.values()]
    return tuple(sorted(found, key=lambda shape: depended_on.isdisjoint(shape.hosts)))


def _key(work: Work) -> Hashable:
    return (tuple(map(_shape_of, work.make)), tuple(map(_shape_of, work.remove)))


def _shape_of(step: Step) -> Hashable:
    """Return what hosts of one shape have in common in a step; a file's content may be each host's own."""
    return step.shape if isinstance(step, File) else step


def _shape(hosts: tuple[str, ...], work: Mapping[str, Work]) -> Shape:
    distinct = list({id(work[host]): work[host] for host in hosts}.values())
    first, *others = distinct
    varying = frozenset(
        step.path
        for position, step in enumerate(first.make)
        if isinstance(step, File) and any(other.make[position] != step for other in others)
    )
    make = tuple(_asked_by_all(alike) for alike in zip(*(of_host.make for of_host in distinct), strict=True))
    return Shape(hosts, Work(make, first.remove), varying)


def _asked_by_all(alike: tuple[Step, ...]) -> Step:
    """Given one step of several hosts, return the first host's, with everybody's origins."""
    origins = {origin for step in alike for origin in step.origins}
    return replace(alike[0], origins=tuple(sorted(origins))) if len(alike) > 1 else alike[0]
