"""A plan file that somebody approved: `opspact plan --live --out FILE` wrote it, `opspact apply FILE` carries it out.

In: a path, the compiled contract. Out: what the file says.
"""

import json
from pathlib import Path

from opspact.errors import Refused, Stale
from opspact.model.names import document_schema
from opspact.structs import Struct
from opspact.workspace.workspace import Compiled


class ApprovedPlan(Struct):
    """What a plan file says: its digest, and the hosts that it was created for."""

    digest: str
    hosts: tuple[str, ...]


def read_plan(file: Path, head: Compiled) -> ApprovedPlan:
    """Given a plan file, return what it says. Raise Refused when it is none, Stale when it is for other policies."""
    hint = "create one with `opspact plan --live --out FILE`"
    if head.is_host_or_group(str(file)) and not file.exists():
        raise Refused(f"{file} is not a plan file", hint=f"to apply to {file} alone, use --limit {file}")
    try:
        plan = json.loads(file.read_text(encoding="utf-8"))
        of_a_plan = plan["schema"] == document_schema("plan") and plan["version"] == 1
        approved = ApprovedPlan(str(plan["digest"]), tuple(str(host["name"]) for host in plan["hosts"]))
        contract, is_live = str(plan["contract"]), plan["live"] is True
    except OSError as error:
        raise Refused(f"cannot read {file}: {error.strerror}", hint=hint) from error
    except (ValueError, KeyError, TypeError) as error:
        raise Refused(f"{file} is not an opspact plan", hint=hint) from error
    if not of_a_plan:
        raise Refused(f"{file}: this version of opspact does not support its format", hint=hint)
    if not is_live:
        raise Refused(f"{file} was created without checking the hosts and cannot be applied", hint=hint)
    if contract != head.contract.digest or not set(approved.hosts) <= head.contract.inventory.hosts.keys():
        raise Stale(f"{file} is stale: the policies or the inventory have changed since", hint=hint)
    return approved
