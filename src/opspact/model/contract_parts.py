"""Groups of policies that a contract holds.

Comes in: what `resolve` made of documents. Goes out: frozen values.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from opspact.model.policies.approval import Approval
from opspact.model.policies.channels import Channels
from opspact.model.policies.chore import Chore
from opspact.model.policies.code_table import CodeTable
from opspact.model.policies.data_care import DataCare
from opspact.model.policies.device import Device
from opspact.model.policies.emergency import Emergency
from opspact.model.policies.flow import Flow
from opspact.model.policies.ladder import Ladder
from opspact.model.policies.log_review import LogReview
from opspact.model.policies.override import Override
from opspact.model.policies.quality import Quality
from opspact.model.policies.redaction import Redaction
from opspact.model.policies.review import Review
from opspact.model.policies.rollout import Rollout
from opspact.model.policies.roster import Roster
from opspact.model.policies.runbook import Runbook
from opspact.model.policies.sla import Sla
from opspact.model.policies.staffing import Staffing
from opspact.model.policies.team import Team
from opspact.model.policies.training import Training
from opspact.model.policies.visit import Visit
from opspact.model.policies.window import Window
from opspact.model.time.calendar import Calendar


@dataclass(frozen=True, slots=True)
class Care:
    """All of it in one contract, each in the order of names."""

    data: tuple[DataCare, ...] = ()
    code_tables: tuple[CodeTable, ...] = ()
    log_reviews: tuple[LogReview, ...] = ()
    windows: tuple[Window, ...] = ()


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


@dataclass(frozen=True, slots=True)
class Duty:
    """All of it in one contract, each by name, in the order of names."""

    teams: Mapping[str, Team] = field(default_factory=lambda: MappingProxyType({}))
    rosters: Mapping[str, Roster] = field(default_factory=lambda: MappingProxyType({}))
    overrides: tuple[Override, ...] = ()
    trainings: Mapping[str, Training] = field(default_factory=lambda: MappingProxyType({}))
    visits: tuple[Visit, ...] = ()
    staffings: tuple[Staffing, ...] = ()
    chores: tuple[Chore, ...] = ()


@dataclass(frozen=True, slots=True)
class Desk:
    """All of it in one contract, by name. `calendars` has the built-in one, `always`, in the contract's zone."""

    calendars: Mapping[str, Calendar]
    slas: Mapping[str, Sla] = field(default_factory=lambda: MappingProxyType({}))
    ladders: Mapping[str, Ladder] = field(default_factory=lambda: MappingProxyType({}))
    channels: Mapping[str, Channels] = field(default_factory=lambda: MappingProxyType({}))
