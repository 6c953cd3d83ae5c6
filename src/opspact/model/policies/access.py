"""The kind `access`, as it is meant: who may log in to which hosts, and what they may run as root.

Comes in: what `resolve` made of the document. Goes out: frozen values, held by the contract.
"""

from opspact.model.origin import Origin
from opspact.structs import Struct


class Access(Struct):
    """Who may log in to which hosts, and what they may run as root."""

    name: str
    hosts: tuple[str, ...]
    people: tuple[str, ...]
    groups: tuple[str, ...]
    sudo: tuple[str, ...]
    exclusive: bool
    origin: Origin
