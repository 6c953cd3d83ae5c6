"""A plan file that somebody approved: `opspact plan --live --out FILE` wrote it, `opspact apply FILE` carries it out.

In: a path, the compiled contract. Out: what the file says.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from opspact.errors import Refused, Stale
from opspact.model.names import document_schema
from opspact.plan.change import Action
from opspact.report.plan_file import check_seal
from opspact.structs import Struct, field
from opspact.workspace.workspace import Compiled

_LONGEST = 200  # characters of a name


class ApprovedPlan(Struct):
    """What a plan file says: its digest, the hosts that it was created for, who created it, and the seal over it all.

    `acts`: whether it changes hosts; `destroys`: whether it deletes data there. `content`: all of it.
    """

    digest: str
    hosts: tuple[str, ...]
    requester: str = ""
    acts: bool = True
    destroys: bool = False
    seal: str = ""
    content: Mapping[str, Any] = field(default_factory=dict)


def read_plan(file: Path, head: Compiled) -> ApprovedPlan:
    """Given a plan file, return what it says. Raise Refused when it is none, Stale when it is for other policies."""
    hint = "create one with `opspact plan --live --out FILE`"
    if head.is_host_or_group(str(file)) and not file.exists():
        raise Refused(f"{file} is not a plan file", hint=f"to apply to {file} alone, use --limit {file}")
    try:
        text = file.read_bytes().decode()
        plan = json.loads(text)
        if plan["schema"] != document_schema("plan") or plan["version"] != 1:
            raise Refused(f"{file}: this version of opspact does not support its format", hint=hint)
        seal = check_seal(plan, text, str(file))
        approved = ApprovedPlan(
            str(plan["digest"]),
            tuple(str(host["name"]) for host in plan["hosts"]),
            _name(plan.get("requester", "")),
            any(host["manifest"] or any(host[action.value] for action in Action) for host in plan["hosts"]),
            plan.get("destroys_data") is True,
            seal,
            plan,
        )
        contract, is_live = str(plan["contract"]), plan["live"] is True
    except OSError as error:
        raise Refused(f"cannot read {file}: {error.strerror}", hint=hint) from error
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise Refused(f"{file} is not an opspact plan", hint=hint) from error
    if not is_live:
        raise Refused(f"{file} was created without checking the hosts and cannot be applied", hint=hint)
    if contract != head.contract.digest or not set(approved.hosts) <= head.contract.inventory.hosts.keys():
        raise Stale(f"{file} is stale: the policies or the inventory have changed since", hint=hint)
    return approved


def _name(given: object) -> str:
    if not isinstance(given, str) or len(given) > _LONGEST or not (given.isprintable() or not given):
        raise ValueError
    return given
