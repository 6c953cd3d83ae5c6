"""The kind `emergency`, as it is meant: what may happen, how it is prevented, what is done then.

Comes in: what `resolve` made of the document. Goes out: frozen values, held by the contract.
"""

from collections.abc import Mapping

from opspact.model.origin import Origin
from opspact.model.policies.runbook import Symptoms
from opspact.model.text import Text
from opspact.structs import Struct
from opspact.values.duration import Duration


class Rehearsal(Struct):
    """How an emergency is rehearsed: a runbook makes the fault, an inspection (empty: none) must notice it.

    `answers` are given at manual steps, by step and value; one that is there without values is confirmed.
    """

    fault: str
    fault_inputs: Mapping[str, str]
    noticed_by: str
    inputs: Mapping[str, str]
    answers: Mapping[str, Mapping[str, str]]


class Emergency(Struct, kw_only=True):
    """An emergency that is prepared for.

    `prevented_by` are policies as `kind/name`, `by_hand` what people do. `rehearsal` None: nobody says how.
    """

    name: str
    text: Text
    symptoms: Symptoms
    prevented_by: tuple[str, ...]
    by_hand: tuple[Text, ...]
    handling: Text | None
    runbook: str
    drill_within: Duration | None
    rehearsal: Rehearsal | None
    origin: Origin
