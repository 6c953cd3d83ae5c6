"""The kind `service`, as it is meant: what runs on which hosts, and what running normally is.

Comes in: what `resolve` made of the document. Goes out: frozen values, held by the contract.
"""

from opspact.model.origin import Origin
from opspact.structs import Struct
from opspact.values.duration import Duration


class Named(Struct):
    """A package, directory or unit that a policy asks for, and the line that does."""

    name: str
    origin: Origin


class WantedUnit(Struct):
    """A unit and the state that the policy wants it in.

    `test` is the command for sh that tests its configuration; empty: the policy names none.
    """

    name: str
    enabled: bool
    running: bool
    origin: Origin
    test: str = ""


class WantedDirectory(Struct):
    """A directory, its owner and mode."""

    path: str
    owner: str
    group: str
    mode: str
    origin: Origin


class WantedFile(Struct):
    """A file: its bytes, or a template of them, or the target of a link; exactly one of the three."""

    path: str
    owner: str
    group: str
    mode: str
    restarts: tuple[str, ...]
    reloads: tuple[str, ...]
    validate: str
    origin: Origin
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
    data_paths: tuple[str, ...]
    databases: tuple[str, ...]
    origin: Origin
