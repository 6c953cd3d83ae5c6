"""The kind `access`, as it is meant: who may log in to which hosts, and what they may run as root.

Comes in: what `resolve` made of the document. Goes out: frozen values, held by the contract.
"""

from opspact.model.origin import Origin
from opspact.structs import Struct


class Others(Struct):
    """Who and what has access to hosts beside people, and is meant to.

    `keys`: `ACCOUNT FINGERPRINT`; `sudo`: rules as they are written on the hosts; `members`: `ACCOUNT in GROUP`;
    `directories`: sources of accounts, keys and rules beside the files of a host.
    """

    accounts: tuple[str, ...]
    keys: tuple[str, ...]
    sudo: tuple[str, ...]
    members: tuple[str, ...]
    directories: tuple[str, ...]


class Access(Struct):
    """Who may log in to which hosts, and what they may run as root.

    `others`: whoever else has access; None: nobody looks.
    """

    name: str
    hosts: tuple[str, ...]
    people: tuple[str, ...]
    groups: tuple[str, ...]
    sudo: tuple[str, ...]
    exclusive: bool
    others: Others | None
    origin: Origin
