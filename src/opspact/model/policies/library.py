"""The kind `library`, as it is meant: an installer that lies on a host, and its SHA-256.

Comes in: what `resolve` made of the document. Goes out: frozen values, held by the contract.
"""

from datetime import date

from opspact.model.origin import Origin
from opspact.model.text import Text
from opspact.structs import Struct
from opspact.values.duration import Duration
from opspact.values.schedule import Schedule


class Library(Struct):
    """An installer: a file on a host, needed in `emergencies`.

    `licence` in words (None: it is not said), `licensed_until` its last day (None: it does not end).
    """

    name: str
    text: Text
    version: str
    sha256: str
    licence: Text | None
    licensed_until: date | None
    host: str
    path: str
    emergencies: tuple[str, ...]
    owner: str
    schedule: Schedule
    takes: Duration | None
    origin: Origin
