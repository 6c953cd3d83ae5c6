"""What a rule is: a code, words for people, and one small pure function.

Comes in: the families' own modules define rules with it. Goes out: rules for `registry`, violations for `run`.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from opspact.analyse.cause import Cause
from opspact.errors import Place
from opspact.model.contract import Contract
from opspact.model.finding import Recurrence, Severity
from opspact.model.measurements import Measurements
from opspact.structs import Struct

Made = TypeVar("Made")
_LONGEST = timedelta(days=5 * 366)


@dataclass(frozen=True, slots=True, eq=False)  # equal to itself alone, so that what rules share can be kept
class RuleContext:
    """What rules look at: the contract, for which day, what was measured, and the contract before a change (or None).

    `day` is today in the contract's zone; what lies before it cannot be changed any more and is not checked.
    """

    contract: Contract
    day: date
    measurements: Measurements = field(default_factory=Measurements)
    before: Contract | None = None
    _made: dict[Callable[..., Any], Any] = field(default_factory=dict, init=False, repr=False, compare=False)

    def once(self, make: "Callable[[RuleContext], Made]") -> Made:
        """Given how to work something out from this, return it; worked out once for all rules that ask."""
        if make not in self._made:
            self._made[make] = make(self)
        made: Made = self._made[make]
        return made

    @property
    def zone(self) -> ZoneInfo:
        """The contract's zone."""
        return ZoneInfo(self.contract.zone)

    @property
    def span(self) -> tuple[datetime, datetime]:
        """The instants looked at, half open, in the contract's zone: from today to the end of the period.

        A contract that has not begun is looked at from its first day; one that is over, over its whole period. Five
        years are looked at, at most.
        """
        period = self.contract.period
        begin = period.first if self.is_over else max(period.first, self.day)
        last = min(period.last, begin + _LONGEST)
        return self._midnight(begin), self._midnight(last + timedelta(days=1))

    @property
    def is_over(self) -> bool:
        """Whether the contract's period has ended."""
        return self.day > self.contract.period.last

    def _midnight(self, day: date) -> datetime:
        return datetime.combine(day, time(), self.zone)


class Violation(Struct):
    """One thing that a rule found: in which policy (`kind/name`), at which path of it, what is wrong, the way out.

    Without a policy it is about the contract as a whole, and reported at its document. `severity` overrides the rule's.
    `place` stands in for the path's, where none is known or it is no field of a policy. `hidden`: what is written there
    is a secret, and not shown. `about`: the hosts, where it is about the contract as a whole and some of its hosts.

    `subject`: which part of the policy, where several parts may have it (`level I resolve`). `repeats`: on how many
    days it is so, where it comes again. `states` and `rests_on` tell causes from consequences, as in `consequences`.
    """

    policy: str
    message: str
    path: tuple[str | int, ...] = ()
    help: str = ""
    severity: Severity | None = None
    place: Place | None = None
    hidden: bool = False
    about: tuple[str, ...] = ()
    subject: str = ""
    repeats: Recurrence | None = None
    states: tuple[Cause, ...] = ()
    rests_on: tuple[Cause, ...] = ()


class Rule(Struct):
    """One rule. `find` is pure and never raises for a contract that could be resolved.

    `title` says in a line what is found, `why` why it matters, `remedy` the way out. `analyse/examples/CODE/` holds a
    contract that it finds (`bad.yaml`) and one that it does not (`good.yaml`).
    """

    code: str
    family: str
    severity: Severity
    title: str
    why: str
    remedy: str
    find: Callable[[RuleContext], Iterator[Violation]]
