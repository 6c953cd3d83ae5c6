"""What a contract means: hosts, people and policies, every name resolved.

Comes in: values from `resolve.contract`. Goes out: one frozen contract, read by compile and every later part.
"""

from collections.abc import Mapping
from functools import cached_property

from opspact.model.inventory.host import Inventory
from opspact.model.inventory.places import Places
from opspact.model.policies.accepted import Accepted
from opspact.model.policies.access import Access
from opspact.model.policies.approval import Approval
from opspact.model.policies.backup import Backup
from opspact.model.policies.channels import Channels
from opspact.model.policies.clause import Clause
from opspact.model.policies.code_table import CodeTable
from opspact.model.policies.data_care import DataCare
from opspact.model.policies.device import Device
from opspact.model.policies.emergency import Emergency
from opspact.model.policies.flow import Flow
from opspact.model.policies.inspection import Inspection
from opspact.model.policies.known_drift import KnownDrift
from opspact.model.policies.ladder import Ladder
from opspact.model.policies.library import Library
from opspact.model.policies.log_review import LogReview
from opspact.model.policies.override import Override
from opspact.model.policies.person import Person
from opspact.model.policies.quality import Quality
from opspact.model.policies.redaction import Redaction
from opspact.model.policies.review import Review
from opspact.model.policies.rollout import Rollout
from opspact.model.policies.roster import Roster
from opspact.model.policies.runbook import Runbook
from opspact.model.policies.runbook_test import RunbookTest
from opspact.model.policies.service import Service
from opspact.model.policies.sla import Sla
from opspact.model.policies.spare import Spare
from opspact.model.policies.staffing import Staffing
from opspact.model.policies.team import Team
from opspact.model.policies.training import Training
from opspact.model.policies.visit import Visit
from opspact.model.policies.window import Window
from opspact.model.policy_index import PolicyIndex
from opspact.model.roster.assigned_work import AssignedWork
from opspact.model.time.calendar import Calendar
from opspact.structs import Struct
from opspact.values.duration import Duration
from opspact.values.period import Period


class Contract(Struct, eq=False, kw_only=True, dict=True):
    """Everything in one repository, bound together. `digest`: SHA-256 over all that is written, in hex.

    Each is equal to itself alone, so that what is computed of one can be kept. `formerly` is the name it had before,
    empty: none; what hosts noted under that name is its own. `confirm_within`: how long hosts
    wait after a change that can cut connections before they revert it. `ledger_heads`: places of signed heads.

    Policies are in the order of their names, those that others refer to by name as mappings. `calendars` has the
    built-in one, `always`, in the contract's zone. `files`: path inside the contract → content, of everything written.
    """

    name: str
    formerly: str = ""
    confirm_within: Duration
    ledger_heads: tuple[str, ...] = ()
    zone: str
    language: str
    period: Period
    digest: str
    files: Mapping[str, bytes]
    inventory: Inventory
    accepted: tuple[Accepted, ...]
    accesses: tuple[Access, ...]
    approvals: tuple[Approval, ...]
    backups: tuple[Backup, ...]
    calendars: Mapping[str, Calendar]
    channels: Mapping[str, Channels]
    clauses: Mapping[str, Clause]
    code_tables: tuple[CodeTable, ...]
    data_care: tuple[DataCare, ...]
    devices: tuple[Device, ...]
    emergencies: tuple[Emergency, ...]
    flows: tuple[Flow, ...]
    inspections: tuple[Inspection, ...]
    known_drifts: tuple[KnownDrift, ...]
    ladders: Mapping[str, Ladder]
    libraries: tuple[Library, ...]
    log_reviews: tuple[LogReview, ...]
    overrides: tuple[Override, ...]
    people: Mapping[str, Person]
    qualities: tuple[Quality, ...]
    redactions: tuple[Redaction, ...]
    reviews: tuple[Review, ...]
    rollouts: tuple[Rollout, ...]
    rosters: Mapping[str, Roster]
    runbook_tests: tuple[RunbookTest, ...]
    runbooks: tuple[Runbook, ...]
    services: tuple[Service, ...]
    slas: Mapping[str, Sla]
    spares: tuple[Spare, ...]
    staffings: tuple[Staffing, ...]
    teams: Mapping[str, Team]
    trainings: Mapping[str, Training]
    visits: tuple[Visit, ...]
    windows: tuple[Window, ...]
    assigned_work: tuple[AssignedWork, ...]
    policy_index: PolicyIndex

    @cached_property
    def places(self) -> Places:
        """Where its hosts are."""
        return Places(self.inventory)

    @cached_property
    def services_by_host(self) -> Mapping[str, tuple[Service, ...]]:
        """The services that each host has, in their order; hosts without any are not in it."""
        found: dict[str, list[Service]] = {}
        for service in self.services:
            for host in service.hosts:
                found.setdefault(host, []).append(service)
        return {host: tuple(services) for host, services in found.items()}
