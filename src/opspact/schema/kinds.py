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
from opspact.schema.documents.clause import Clause
from opspact.schema.documents.code_table import CodeTable
from opspact.schema.documents.contract import Contract
from opspact.schema.documents.data_care import DataCare
from opspact.schema.documents.inspection import Inspection
from opspact.schema.documents.log_review import LogReview
from opspact.schema.documents.person import Person
from opspact.schema.documents.service import Service
from opspact.schema.documents.team import Team
from opspact.schema.documents.window import Window

__all__ = [
    "KINDS",
    "Access",
    "AnyDocument",
    "Backup",
    "Calendar",
    "Clause",
    "CodeTable",
    "Contract",
    "DataCare",
    "Inspection",
    "LogReview",
    "Person",
    "PolicyDocument",
    "Service",
    "Team",
    "Window",
]

PolicyDocument = Annotated[
    Access
    | Backup
    | Calendar
    | Clause
    | CodeTable
    | Contract
    | DataCare
    | Inspection
    | LogReview
    | Person
    | Service
    | Team
    | Window,
    Field(discriminator="kind"),
]

AnyDocument = (
    Access
    | Backup
    | Calendar
    | Clause
    | CodeTable
    | Contract
    | DataCare
    | Inspection
    | LogReview
    | Person
    | Service
    | Team
    | Window
)

KINDS: Mapping[str, type[AnyDocument]] = MappingProxyType(
    {
        "access": Access,
        "backup": Backup,
        "calendar": Calendar,
        "clause": Clause,
        "code_table": CodeTable,
        "contract": Contract,
        "data_care": DataCare,
        "inspection": Inspection,
        "log_review": LogReview,
        "person": Person,
        "service": Service,
        "team": Team,
        "window": Window,
    },
)
"""Every kind that can be written, by the word that stands after `kind:`."""
