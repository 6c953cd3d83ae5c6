"""Indicators of quality, reviews and flows of service, as they are meant.

Comes in: values from `model.resolve_quality`. Goes out: frozen values, held by the contract's conduct.
"""

from dataclasses import dataclass

from opspact.model.origin import Origin
from opspact.model.schedule import Schedule
from opspact.model.text import Text


@dataclass(frozen=True, slots=True)
class Target:
    """What a measured number is compared with: `unit` is `%`, `seconds` or empty for a count."""

    text: str
    comparison: str
    number: float
    unit: str

    def met_by(self, measured: float) -> bool:
        """Given a measured number in the target's unit, return whether the target is met."""
        match self.comparison:
            case ">=":
                return measured >= self.number
            case "<=":
                return measured <= self.number
            case ">":
                return measured > self.number
            case "<":
                return measured < self.number
            case _:
                return measured == self.number


@dataclass(frozen=True, slots=True)
class Sampling:
    """A sample by ISO 2859-1: the acceptable quality limit in per cent, the inspection level."""

    quality_limit: float
    level: str


@dataclass(frozen=True, slots=True)
class Quality:
    """An indicator.

    `measures` is what is measured (`milestone`, `backup`, …) and `of` its name; `levels` limits cases, `over` is the
    span (`month`, …). `figure` is how many measurements become one number. `chart` is empty where there is none.
    """

    name: str
    text: Text
    stage: Text | None
    target: Target
    measures: str
    of: str
    levels: tuple[str, ...]
    over: str
    figure: str
    method: Text | None
    chart: str
    sample: Sampling | None
    origin: Origin


@dataclass(frozen=True, slots=True)
class Review:
    """A review: who leads it and comes, what is on the table; `record_within` in seconds."""

    name: str
    text: Text
    schedule: Schedule
    led_by: str
    attended_by: tuple[str, ...]
    inputs: tuple[str, ...]
    record_within: float
    origin: Origin


@dataclass(frozen=True, slots=True)
class FlowStep:
    """One box of a flow chart: `then` and `otherwise` are names of steps, or `end`; no `otherwise`: no question.

    `records` is what is written down with it, `levels` limits it to some cases, `approval` is whose yes it waits for.
    """

    name: str
    text: Text
    by: str
    then: str
    otherwise: str
    records: tuple[str, ...] = ()
    levels: tuple[str, ...] = ()
    approval: str = ""


@dataclass(frozen=True, slots=True)
class Flow:
    """How services are served (`way` is `resident` or `inspection_and_repair`), or the course of a case (`case`).

    `cases` is `incident`, `consultation` or `defect` for the course of a case, and empty otherwise.
    """

    name: str
    text: Text
    services: tuple[str, ...]
    way: str
    cases: str
    roster: str
    inspections: tuple[str, ...]
    steps: tuple[FlowStep, ...]
    origin: Origin
