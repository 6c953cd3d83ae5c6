"""The kind `quality`, as it is meant: one indicator, its target, and how it is measured.

Comes in: what `resolve` made of the document. Goes out: frozen values, held by the contract.
"""

from opspact.model.origin import Origin
from opspact.model.text import Text
from opspact.structs import Struct
from opspact.values.percent import Percent
from opspact.values.target import Target


class Sampling(Struct):
    """A sample by ISO 2859-1: the acceptable quality limit, the inspection level."""

    quality_limit: Percent
    level: str


class Quality(Struct):
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
