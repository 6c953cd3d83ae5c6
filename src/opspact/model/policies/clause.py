"""The kind `clause`, as it is meant: one promise of the contract's text.

Comes in: what `resolve` made of the document. Goes out: frozen values, held by the contract.
"""

from opspact.model.origin import Origin
from opspact.model.text import Text
from opspact.structs import Struct
from opspact.values.age import Age
from opspact.values.duration import Duration


class Clause(Struct):
    """One promise of the contract's text; `kept_by` is `opspact` or `person`.

    `copies_kept`: how long copies made for it are to be kept at least (None: it does not say).
    """

    name: str
    section: str
    text: Text
    kept_by: str
    evidence_within: Duration
    copies_kept: Age | None
    origin: Origin
