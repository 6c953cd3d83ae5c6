"""The registry of policy kinds: a new kind is one module and one line here.

Comes in: the documents' models. Goes out: kind → model, and the closed union of all. Read by `read` and
`model.resolve`.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated

from pydantic import Field

from opspact.schema.documents.access import Access
from opspact.schema.documents.backup import Backup
from opspact.schema.documents.calendar import Calendar
from opspact.schema.documents.channels import Channels
from opspact.schema.documents.clause import Clause
from opspact.schema.documents.contract import Contract
from opspact.schema.documents.inspection import Inspection
from opspact.schema.documents.ladder import Ladder
from opspact.schema.documents.override import Override
from opspact.schema.documents.person import Person
from opspact.schema.documents.roster import Roster
from opspact.schema.documents.service import Service
from opspact.schema.documents.sla import Sla
from opspact.schema.documents.staffing import Staffing
from opspact.schema.documents.team import Team
from opspact.schema.documents.training import Training
from opspact.schema.documents.visit import Visit

__all__ = [
    "KINDS",
    "Access",
    "AnyDocument",
    "Backup",
    "Calendar",
    "Channels",
    "Clause",
    "Contract",
    "Inspection",
    "Ladder",
    "Override",
    "Person",
    "PolicyDocument",
    "Roster",
    "Service",
    "Sla",
    "Staffing",
    "Team",
    "Training",
    "Visit",
]

PolicyDocument = Annotated[
    Access
    | Backup
    | Calendar
    | Clause
    | Sla
    | Ladder
    | Channels
    | Contract
    | Inspection
    | Override
    | Person
    | Roster
    | Service
    | Staffing
    | Team
    | Training
    | Visit,
    Field(discriminator="kind"),
]

AnyDocument = (
    Access
    | Backup
    | Calendar
    | Clause
    | Sla
    | Ladder
    | Channels
    | Contract
    | Inspection
    | Override
    | Person
    | Roster
    | Service
    | Staffing
    | Team
    | Training
    | Visit
)

KINDS: Mapping[str, type[AnyDocument]] = MappingProxyType(
    {
        "access": Access,
        "backup": Backup,
        "calendar": Calendar,
        "clause": Clause,
        "sla": Sla,
        "ladder": Ladder,
        "channels": Channels,
        "contract": Contract,
        "inspection": Inspection,
        "override": Override,
        "person": Person,
        "roster": Roster,
        "service": Service,
        "staffing": Staffing,
        "team": Team,
        "training": Training,
        "visit": Visit,
    },
)
"""Every kind that can be written, by the word that stands after `kind:`."""
