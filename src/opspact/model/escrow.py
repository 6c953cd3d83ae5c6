"""The escrow of a passphrase, as it is meant: where a copy of it lies, who checks it, when.

Comes in: what `resolve` made of the part of a document. Goes out: frozen values, parts of the policies with copies.
"""

from opspact.model.text import Text
from opspact.structs import Struct
from opspact.values.schedule import Schedule


class Escrow(Struct):
    """Where a copy of a passphrase is kept; on which host (empty: on none). `holder` checks it by `schedule`."""

    where: Text
    host: str
    holder: str
    schedule: Schedule
