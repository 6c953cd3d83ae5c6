"""The kind `flow`, as it is meant: the way in which services are served, step by step.

Comes in: what `resolve` made of the document. Goes out: frozen values, held by the contract.
"""

from opspact.model.origin import Origin
from opspact.model.text import Text
from opspact.structs import Struct


class FlowStep(Struct):
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


class Flow(Struct):
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
