"""The kind `training`, as it is meant: who learns what, before when, from whom.

Comes in: what `resolve` made of the document. Goes out: frozen values, held by the contract.
"""

from collections.abc import Mapping
from datetime import date

from opspact.model.origin import Origin
from opspact.model.text import Text
from opspact.structs import Struct
from opspact.values.duration import Duration
from opspact.values.schedule import Schedule


class Training(Struct):
    """Who learns what. `schedule` None: before first duty. `audience`: people of ours."""

    name: str
    text: Text
    audience: tuple[str, ...]
    users: tuple[Text, ...]
    schedule: Schedule | None
    stage: Text | None
    content: Text
    trainer: str
    takes: Duration | None
    done: Mapping[str, date]
    origin: Origin
