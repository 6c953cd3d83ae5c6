"""The registry of policy kinds: a new kind is one module and one line here.

Comes in: the documents' models. Goes out: kind → model, and the closed union of all.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated

from pydantic import Field

from opspact.schema.documents.accepted import Accepted
from opspact.schema.documents.access import Access
from opspact.schema.documents.approval import Approval
from opspact.schema.documents.backup import Backup
from opspact.schema.documents.calendar import Calendar
from opspact.schema.documents.channels import Channels
from opspact.schema.documents.clause import Clause
from opspact.schema.documents.code_table import CodeTable
from opspact.schema.documents.contract import Contract
from opspact.schema.documents.data_care import DataCare
from opspact.schema.documents.device import Device
from opspact.schema.documents.emergency import Emergency
from opspact.schema.documents.flow import Flow
from opspact.schema.documents.inspection import Inspection
from opspact.schema.documents.known_drift import KnownDrift
from opspact.schema.documents.ladder import Ladder
from opspact.schema.documents.library import Library
from opspact.schema.documents.log_review import LogReview
from opspact.schema.documents.override import Override
from opspact.schema.documents.person import Person
from opspact.schema.documents.quality import Quality
from opspact.schema.documents.redaction import Redaction
from opspact.schema.documents.review import Review
from opspact.schema.documents.rollout import Rollout
from opspact.schema.documents.roster import Roster
from opspact.schema.documents.runbook import Runbook
from opspact.schema.documents.runbook_test import RunbookTest
from opspact.schema.documents.service import Service
from opspact.schema.documents.sla import Sla
from opspact.schema.documents.spare import Spare
from opspact.schema.documents.staffing import Staffing
from opspact.schema.documents.team import Team
from opspact.schema.documents.training import Training
from opspact.schema.documents.visit import Visit
from opspact.schema.documents.window import Window

__all__ = [
    "KINDS",
    "Accepted",
    "Access",
    "AnyDocument",
    "Approval",
    "Backup",
    "Calendar",
    "Channels",
    "Clause",
    "CodeTable",
    "Contract",
    "DataCare",
    "Device",
    "Emergency",
    "Flow",
    "Inspection",
    "KnownDrift",
    "Ladder",
    "Library",
    "LogReview",
    "Override",
    "Person",
    "PolicyDocument",
    "Quality",
    "Redaction",
    "Review",
    "Rollout",
    "Roster",
    "Runbook",
    "RunbookTest",
    "Service",
    "Sla",
    "Spare",
    "Staffing",
    "Team",
    "Training",
    "Visit",
    "Window",
]

AnyDocument = (
    Accepted
    | Access
    | Approval
    | Backup
    | Calendar
    | Channels
    | Clause
    | CodeTable
    | Contract
    | DataCare
    | Device
    | Emergency
    | Flow
    | Inspection
    | KnownDrift
    | Ladder
    | Library
    | LogReview
    | Override
    | Person
    | Quality
    | Redaction
    | Review
    | Rollout
    | Roster
    | Runbook
    | RunbookTest
    | Service
    | Sla
    | Spare
    | Staffing
    | Team
    | Training
    | Visit
    | Window
)

PolicyDocument = Annotated[AnyDocument, Field(discriminator="kind")]

KINDS: Mapping[str, type[AnyDocument]] = MappingProxyType(
    {
        "accepted": Accepted,
        "access": Access,
        "approval": Approval,
        "backup": Backup,
        "calendar": Calendar,
        "channels": Channels,
        "clause": Clause,
        "code_table": CodeTable,
        "contract": Contract,
        "data_care": DataCare,
        "device": Device,
        "emergency": Emergency,
        "flow": Flow,
        "inspection": Inspection,
        "known_drift": KnownDrift,
        "ladder": Ladder,
        "library": Library,
        "log_review": LogReview,
        "override": Override,
        "person": Person,
        "quality": Quality,
        "redaction": Redaction,
        "review": Review,
        "rollout": Rollout,
        "roster": Roster,
        "runbook": Runbook,
        "runbook_test": RunbookTest,
        "service": Service,
        "sla": Sla,
        "spare": Spare,
        "staffing": Staffing,
        "team": Team,
        "training": Training,
        "visit": Visit,
        "window": Window,
    },
)
"""Every kind that can be written, by the word that stands after `kind:`."""
