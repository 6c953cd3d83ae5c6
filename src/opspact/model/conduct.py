"""How the work is done: devices, quality, emergencies, runbooks and the rules of change, as they are meant.

Comes in: values from `model.resolve_conduct`. Goes out: frozen values, held by the contract.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from opspact.model.emergency import Emergency, Runbook
from opspact.model.origin import Origin
from opspact.model.quality import Flow, Quality, Review
from opspact.model.text import Text


@dataclass(frozen=True, slots=True)
class DeviceSign:
    """One sign that a device runs normally: `kind` is `ping`, `tcp` or `http`; `within` in seconds.

    `port` is 0 and `url` empty where they do not belong; `status` and `contains` are what an HTTP answer has.
    """

    kind: str
    within: float
    port: int = 0
    url: str = ""
    status: int = 0
    contains: str = ""


@dataclass(frozen=True, slots=True)
class Device:
    """Hardware without an agent, looked at from a host with every inspection of that host.

    `site`, `owner`, `address` and `probed_from` are empty where nothing is written.
    """

    name: str
    text: Text
    site: str
    model: str
    serial: str
    owner: str
    address: str
    probed_from: str
    normal: tuple[DeviceSign, ...]
    origin: Origin


@dataclass(frozen=True, slots=True)
class Redaction:
    """What is hidden before anything is stored or shown: patterns for single lines, and lines to try them on."""

    name: str
    patterns: tuple[re.Pattern[str], ...]
    instead: str
    hides: tuple[str, ...]
    leaves: tuple[str, ...]
    origin: Origin


@dataclass(frozen=True, slots=True)
class Approval:
    """Whose yes is needed: `role` is `customer` or a team; `expires` in seconds; `occasions` need it by themselves."""

    name: str
    role: str
    count: int
    not_requester: bool
    expires: float
    occasions: tuple[str, ...]
    origin: Origin


@dataclass(frozen=True, slots=True)
class Rollout:
    """In which order changes reach hosts.

    `waves` are hosts chosen by name (a tuple) or a share of all in per cent (a number); `settle` in seconds;
    `max_percent` is 100 where there is no brake.
    """

    name: str
    waves: tuple[tuple[str, ...] | int, ...]
    verify: bool
    max_failures: int
    settle: float
    max_percent: int
    origin: Origin


@dataclass(frozen=True, slots=True)
class Conduct:
    """All of it in one contract, each kind in the order of names; `files` is everything that is written."""

    devices: tuple[Device, ...] = ()
    emergencies: tuple[Emergency, ...] = ()
    runbooks: tuple[Runbook, ...] = ()
    qualities: tuple[Quality, ...] = ()
    reviews: tuple[Review, ...] = ()
    redactions: tuple[Redaction, ...] = ()
    approvals: tuple[Approval, ...] = ()
    rollouts: tuple[Rollout, ...] = ()
    flows: tuple[Flow, ...] = ()
    files: Mapping[str, bytes] = field(default_factory=dict, repr=False)
