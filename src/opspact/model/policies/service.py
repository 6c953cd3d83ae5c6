"""The kind `service`, as it is meant: what runs on which hosts, and what running normally is.

Comes in: what `resolve` made of the document. Goes out: frozen values, held by the contract.
"""

from typing import TypeVar

from opspact.model.origin import Origin
from opspact.structs import Struct, replace
from opspact.values.duration import Duration


class Item(Struct, kw_only=True):
    """What the items of a service have in common: the line that asks for it, and its place in the list it is in.

    Where a value holds variables, there is an item for each value that they give, with the `hosts` that it is for; None
    is all hosts of the service.
    """

    origin: Origin
    index: int
    hosts: frozenset[str] | None = None

    def is_on(self, host: str) -> bool:
        """Given a host of the service, return whether the item is for it."""
        return self.hosts is None or host in self.hosts


AnyItem = TypeVar("AnyItem", bound=Item)


class Named(Item):
    """A package, or a path of data, that a policy names."""

    name: str


class WantedUnit(Item):
    """A unit and the state that the policy wants it in.

    `test` is the command for sh that tests its configuration; empty: the policy names none.
    """

    name: str
    enabled: bool
    running: bool
    test: str = ""


class WantedDirectory(Item):
    """A directory, its owner and mode."""

    path: str
    owner: str
    group: str
    mode: str


class WantedFile(Item):
    """A file: its bytes, or a template of them, or the target of a link; exactly one of the three."""

    path: str
    owner: str
    group: str
    mode: str
    restarts: tuple[str, ...]
    reloads: tuple[str, ...]
    validate: str
    data: bytes | None = None
    template: str | None = None
    template_name: str = ""
    link: str | None = None


class HttpCheck(Struct):
    """An HTTP answer that is part of running normally."""

    url: str
    status: int
    contains: str
    within: Duration
    origin: Origin


class PortCheck(Struct):
    """A TCP port on which something listens."""

    port: int
    origin: Origin


class Service(Struct):
    """What runs on which hosts, and what running normally means.

    `owner` is a team or person, `tier` the service levels that count for it, or empty. `data_paths` and `databases`
    would be lost with its hosts.
    """

    name: str
    hosts: tuple[str, ...]
    packages: tuple[Named, ...]
    units: tuple[WantedUnit, ...]
    directories: tuple[WantedDirectory, ...]
    files: tuple[WantedFile, ...]
    normal: tuple[HttpCheck | PortCheck, ...]
    owner: str
    tier: str
    data_paths: tuple[Named, ...]
    databases: tuple[str, ...]
    origin: Origin

    def on(self, host: str) -> "Service":
        """Given one of its hosts, return the service with the items for that host alone."""
        return replace(
            self,
            packages=_on(host, self.packages),
            units=_on(host, self.units),
            directories=_on(host, self.directories),
            files=_on(host, self.files),
            data_paths=_on(host, self.data_paths),
        )


def _on(host: str, items: tuple[AnyItem, ...]) -> tuple[AnyItem, ...]:
    return tuple(item for item in items if item.is_on(host))
