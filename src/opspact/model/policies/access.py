"""The kind `access`, as it is meant: who may log in to which hosts, and what they may run as root.

Comes in: what `resolve` made of the document. Goes out: frozen values, held by the contract.
"""

from opspact.model.origin import Origin
from opspact.structs import Struct
from opspact.values.duration import Duration


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


class Emergency(Struct):
    """Access that somebody must grant, for `at_most` so long each time; reviewed within so long of its end."""

    at_most: Duration
    review_within: Duration


class Access(Struct):
    """Who may log in to which hosts, and what they may run as root.

    `others`: whoever else has access; None: nobody looks. `emergency`: they have accounts of their own for this, which
    are open while somebody granted that; None: their accounts are open all the time.
    """

    name: str
    hosts: tuple[str, ...]
    people: tuple[str, ...]
    groups: tuple[str, ...]
    sudo: tuple[str, ...]
    exclusive: bool
    others: Others | None
    emergency: Emergency | None
    origin: Origin
