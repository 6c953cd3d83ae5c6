"""Documents → contract: every name looked up, every host pattern answered, all that is wrong said at once.

Comes in: a tree of files (path → bytes), and the inventory when it is not a plain one. Goes out: a frozen contract. The
bridge from schema to model.
"""

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from functools import partial
from hashlib import sha256
from types import MappingProxyType
from typing import TypeVar

from opspact.errors import Place, Problem, Refused
from opspact.model.contract import Contract
from opspact.model.inventory.host import Inventory
from opspact.model.policy_index import Policy, PolicyIndex
from opspact.model.time.calendar import ALWAYS, always
from opspact.resolve.accepted import resolve_accepted
from opspact.resolve.access import resolve_access
from opspact.resolve.approval import resolve_approval
from opspact.resolve.assigned_work import assigned_work
from opspact.resolve.backup import resolve_backup
from opspact.resolve.calendar import resolve_calendar
from opspact.resolve.channels import resolve_channels
from opspact.resolve.clause import resolve_clause
from opspact.resolve.code_table import refuse_second_of_a_table, resolve_code_table
from opspact.resolve.context import Context
from opspact.resolve.data_care import resolve_data_care
from opspact.resolve.device import resolve_device
from opspact.resolve.emergency import resolve_emergency
from opspact.resolve.flow import resolve_flow
from opspact.resolve.inspection import resolve_inspection
from opspact.resolve.inventory import resolve_inventory
from opspact.resolve.known_drift import resolve_known_drift
from opspact.resolve.ladder import resolve_ladder
from opspact.resolve.library import resolve_library
from opspact.resolve.log_review import resolve_log_review
from opspact.resolve.override import resolve_override
from opspact.resolve.person import resolve_person
from opspact.resolve.quality import resolve_quality
from opspact.resolve.redaction import resolve_redaction
from opspact.resolve.review import resolve_review
from opspact.resolve.rollout import resolve_rollouts
from opspact.resolve.roster import resolve_roster
from opspact.resolve.runbook import resolve_runbook
from opspact.resolve.runbook_test import resolve_runbook_test
from opspact.resolve.service import resolve_service
from opspact.resolve.sla import resolve_sla
from opspact.resolve.spare import resolve_spare
from opspact.resolve.staffing import resolve_staffing
from opspact.resolve.strength import strengths
from opspact.resolve.team import resolve_team
from opspact.resolve.training import resolve_training
from opspact.resolve.visit import resolve_visit
from opspact.resolve.window import resolve_window
from opspact.schema import kinds
from opspact.schema.inventory.reader import read_inventory
from opspact.schema.read import policies_refused, read_policies
from opspact.text.unicode import escaped

_HOST_NAME = re.compile(r"\w[\w.:@%+-]*")
"""A name that stands for itself in a file's name, in a template and on a command line."""

Meaning = TypeVar("Meaning")


def resolve(
    tree: Mapping[str, bytes],
    *,
    inventory: Inventory | None = None,
    encrypted: Mapping[str, Collection[str]] = MappingProxyType({}),
) -> Contract:
    """Given a contract's files, return what they mean.

    `inventory` stands in for the one in the tree where that is not a plain one. `encrypted`: the names of the variables
    in files of the inventory that are encrypted as a whole, by path. Raise Refused, with every problem and
    its place, when anything in policies or inventory is wrong.
    """
    problems: list[Problem] = []
    documents = _gathered(lambda: read_policies(tree), problems)
    hosts = inventory or _gathered(lambda: resolve_inventory(read_inventory(tree, encrypted=encrypted)), problems)
    if documents is None or hosts is None:
        raise policies_refused(problems)
    problems += _strange_names(hosts)
    context = Context(tree, hosts, documents, problems)
    _refer_to_clauses(context)
    _check_head_places(context)
    contract = _contract(context)
    refuse_second_of_a_table(context, contract.code_tables)
    if problems:
        raise policies_refused(problems)
    return contract


def _strange_names(inventory: Inventory) -> Iterator[Problem]:
    """Yield the hosts whose names Ansible takes and a file system, a shell or a template could misunderstand."""
    for name in inventory.hosts:
        if not _HOST_NAME.fullmatch(name):
            message = f"unsupported host name {escaped(name)!r}"
            hint = "use letters, digits and _.:@%+-, starting with a letter or digit; put the address in ansible_host"
            yield Problem("OP108", Place("inventory"), message, hint=hint)


def _gathered(read: Callable[[], Meaning], problems: list[Problem]) -> Meaning | None:
    """Return what is read, or note its problems and return None. A refusal without problems of its own passes on."""
    try:
        return read()
    except Refused as error:
        if not error.problems:
            raise
        problems.extend(error.problems)
        return None


def _contract(context: Context) -> Contract:
    document = context.contract
    return Contract(
        name=document.name,
        formerly=document.formerly if document.formerly and document.formerly != document.name else "",
        confirm_within=document.confirm_within,
        ledger_heads=document.ledger_heads,
        zone=document.zone,
        language=document.language,
        period=document.period,
        digest=digest(context.files),
        files=context.files,
        inventory=context.inventory,
        accepted=tuple(context.resolve(kinds.Accepted, resolve_accepted).values()),
        accesses=tuple(context.resolve(kinds.Access, resolve_access).values()),
        approvals=tuple(context.resolve(kinds.Approval, resolve_approval).values()),
        backups=tuple(context.resolve(kinds.Backup, resolve_backup).values()),
        calendars={ALWAYS: always(document.zone), **context.resolve(kinds.Calendar, resolve_calendar)},
        channels=context.resolve(kinds.Channels, resolve_channels),
        clauses=context.resolve(kinds.Clause, resolve_clause),
        code_tables=tuple(context.resolve(kinds.CodeTable, resolve_code_table).values()),
        data_care=tuple(context.resolve(kinds.DataCare, resolve_data_care).values()),
        devices=tuple(context.resolve(kinds.Device, resolve_device).values()),
        emergencies=tuple(context.resolve(kinds.Emergency, resolve_emergency).values()),
        flows=tuple(context.resolve(kinds.Flow, resolve_flow).values()),
        inspections=tuple(context.resolve(kinds.Inspection, resolve_inspection).values()),
        known_drifts=tuple(context.resolve(kinds.KnownDrift, resolve_known_drift).values()),
        ladders=context.resolve(kinds.Ladder, resolve_ladder),
        libraries=tuple(context.resolve(kinds.Library, resolve_library).values()),
        log_reviews=tuple(context.resolve(kinds.LogReview, resolve_log_review).values()),
        overrides=tuple(context.resolve(kinds.Override, resolve_override).values()),
        people=context.resolve(kinds.Person, resolve_person),
        qualities=tuple(context.resolve(kinds.Quality, resolve_quality).values()),
        redactions=tuple(context.resolve(kinds.Redaction, resolve_redaction).values()),
        reviews=tuple(context.resolve(kinds.Review, resolve_review).values()),
        rollouts=resolve_rollouts(context),
        rosters=context.resolve(kinds.Roster, resolve_roster),
        runbook_tests=tuple(context.resolve(kinds.RunbookTest, resolve_runbook_test).values()),
        runbooks=tuple(context.resolve(kinds.Runbook, resolve_runbook).values()),
        services=tuple(context.resolve(kinds.Service, resolve_service).values()),
        slas=context.resolve(kinds.Sla, resolve_sla),
        spares=tuple(context.resolve(kinds.Spare, resolve_spare).values()),
        staffings=tuple(context.resolve(kinds.Staffing, resolve_staffing).values()),
        teams=context.resolve(kinds.Team, resolve_team),
        trainings=context.resolve(kinds.Training, resolve_training),
        visits=tuple(context.resolve(kinds.Visit, resolve_visit).values()),
        windows=tuple(context.resolve(kinds.Window, resolve_window).values()),
        assigned_work=tuple(assigned_work(context)),
        policy_index=_policy_index(context),  # last: by then every reference is noted
    )


def _refer_to_clauses(context: Context) -> None:
    """Note which documents keep which clauses; a contract without clauses names them for people only."""
    if not context.names("clause"):
        return
    for located in context.documents:
        document = located.document
        context.document(document.kind, document.name).refer_each("clause", document.clauses, "clauses")


def _check_head_places(context: Context) -> None:
    """Note places of signed heads on hosts that the inventory does not have."""
    for number, place in enumerate(context.contract.ledger_heads):
        if place.startswith("host:"):
            context.document("contract", context.contract.name).host(place.split(":")[1], "ledger_heads", number)


def _policy_index(context: Context) -> PolicyIndex:
    """Return the index of all documents and of the references noted so far."""
    policies = (
        Policy(
            kind=located.document.kind,
            name=located.document.name,
            origin=context.document(located.document.kind, located.document.name).origin(),
            lines=located,
            measure=partial(strengths, located.document),
        )
        for located in context.documents
    )
    return PolicyIndex(
        {str(policy): policy for policy in sorted(policies, key=str)},
        tuple(sorted(context.references)),
        tuple(context.patterns),
    )


def digest(tree: Mapping[str, bytes]) -> str:
    """Given files, return the SHA-256 in hex over their paths, lengths and contents in order."""
    whole = sha256()
    for path, data in sorted(tree.items()):
        whole.update(f"{path}\0{len(data)}\0".encode() + data)
    return whole.hexdigest()
