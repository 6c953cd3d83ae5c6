"""The kind `channels`, as it is meant: how the desk is reached, when, and who answers.

Comes in: what `resolve` made of the document. Goes out: frozen values, held by the contract.
"""

from opspact.model.origin import Origin
from opspact.model.text import Text
from opspact.structs import Struct
from opspact.values.recipient import Recipient
from opspact.values.secret import SecretReference


class Route(Struct):
    """One way to the desk in the hours of a calendar less those of `closed` ones, and who answers."""

    reach: Text
    at: str | SecretReference
    takes: tuple[str, ...]
    calendar: str
    closed: tuple[str, ...]
    answered_by: Recipient
    by: tuple[str, ...]


class Channels(Struct):
    """All ways to the desk."""

    name: str
    text: Text
    routes: tuple[Route, ...]
    origin: Origin
