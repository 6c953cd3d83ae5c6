"""The kind `emergency`, as it is meant: what may happen, how it is prevented, what is done then.

Comes in: what `resolve` made of the document. Goes out: frozen values, held by the contract.
"""

from opspact.model.origin import Origin
from opspact.model.policies.runbook import Symptoms
from opspact.model.text import Text
from opspact.structs import Struct
from opspact.values.duration import Duration


class Emergency(Struct):
    """An emergency that is prepared for.

    `prevented_by` are policies as `kind/name`, `by_hand` what people do.
    """

    name: str
    text: Text
    symptoms: Symptoms
    prevented_by: tuple[str, ...]
    by_hand: tuple[Text, ...]
    handling: Text | None
    runbook: str
    drill_within: Duration | None
    origin: Origin
