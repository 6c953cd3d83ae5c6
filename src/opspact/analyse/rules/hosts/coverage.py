"""Rules about hosts that a kind of policy leaves out.

Comes in: what is given. Goes out: hits, one for all hosts that lack the same. Registered in `registry`.
"""

from collections.abc import Iterable, Iterator

from opspact.analyse.rule import Given, Hit, Rule
from opspact.model.finding import Severity
from opspact.text.words import is_or_are, some


def _left_out(given: Given, covered: Iterable[Iterable[str]], what: str) -> Iterator[Hit]:
    """Yield one hit that names a few of the hosts outside all these sets, and how many there are."""
    inside = {name for each in covered for name in each}
    outside = [name for name in given.contract.inventory.hosts if name not in inside]
    if outside:
        message = f"{some(outside, 'hosts')} {is_or_are(outside)} in no {what}"
        yield Hit(f"contract/{given.contract.name}", message, ("name",), about=tuple(outside))


def _no_inspection(given: Given) -> Iterator[Hit]:
    yield from _left_out(given, (each.hosts for each in given.contract.inspections), "inspection")


def _no_backup(given: Given) -> Iterator[Hit]:
    backups = given.contract.backups
    servers = {each.server for each in backups}
    yield from _left_out(given, [*(each.hosts for each in backups), servers], "backup")


def _no_service(given: Given) -> Iterator[Hit]:
    backups = given.contract.backups
    servers = {each.server for each in backups}
    yield from _left_out(given, [*(each.hosts for each in given.contract.services), servers], "service")


def _no_access(given: Given) -> Iterator[Hit]:
    yield from _left_out(given, (each.hosts for each in given.contract.accesses), "access policy")


RULES = (
    Rule(
        code="OP220",
        family="coverage",
        severity=Severity.WARNING,
        title="A host is in no inspection",
        why="Nobody would notice that it stopped, filled up or lost a disk.",
        mend="Choose it with hosts: of an inspection; or take it out of the inventory.",
        find=_no_inspection,
    ),
    Rule(
        code="OP221",
        family="coverage",
        severity=Severity.WARNING,
        title="A host is in no backup",
        why="What is on it is lost with it. Servers that keep the backups of others are not counted.",
        mend="Choose it with hosts: of a backup; or accept the finding, with a reason, where it keeps nothing.",
        find=_no_backup,
    ),
    Rule(
        code="OP222",
        family="coverage",
        severity=Severity.WARNING,
        title="A host is in no service",
        why="Nothing says what it is for, what runs on it, or who answers for it.",
        mend="Choose it with hosts: of a service; or take it out of the inventory.",
        find=_no_service,
    ),
    Rule(
        code="OP223",
        family="coverage",
        severity=Severity.WARNING,
        title="A host is in no access policy",
        why="Who may log in there is whatever somebody set up once, and whoever leaves keeps their keys.",
        mend="Choose it with hosts: of an access policy.",
        find=_no_access,
    ),
)
