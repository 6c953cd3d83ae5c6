"""What a contract means: hosts, people and policies, every name resolved.

Comes in: values from `resolve.contract`. Goes out: one frozen contract, read by compile and every later part.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from opspact.model.contract_parts import Care, Conduct, Desk, Duty
from opspact.model.inventory.host import Inventory
from opspact.model.policies.accepted import Accepted
from opspact.model.policies.access import Access
from opspact.model.policies.backup import Backup
from opspact.model.policies.clause import Clause
from opspact.model.policies.inspection import Inspection
from opspact.model.policies.person import Person
from opspact.model.policies.service import Service
from opspact.model.policy_index import WrittenPolicies


@dataclass(frozen=True, slots=True, eq=False)
class Contract:
    """Everything in one repository, bound together. `digest`: SHA-256 over all that is written, in hex.

    Each is equal to itself alone, so that what is computed of one can be kept. `formerly` is the name it had before,
    empty: none; what hosts noted under that name is its own.
    """

    name: str
    zone: str
    language: str
    period: tuple[date, date]
    inventory: Inventory
    people: Mapping[str, Person]
    clauses: Mapping[str, Clause]
    services: tuple[Service, ...]
    inspections: tuple[Inspection, ...]
    backups: tuple[Backup, ...]
    accesses: tuple[Access, ...]
    accepted: tuple[Accepted, ...]
    desk: Desk
    duty: Duty
    care: Care
    conduct: Conduct
    written: WrittenPolicies
    digest: str
    formerly: str = ""
