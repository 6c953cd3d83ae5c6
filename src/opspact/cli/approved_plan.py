"""A plan file that somebody approved: `opspact plan --live --out FILE` wrote it, `opspact apply FILE` carries it out.

In: a path, the compiled contract. Out: what the file says; or the text of such a file.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from opspact.errors import Refused, Stale
from opspact.model.names import document_schema
from opspact.plan.change import Action
from opspact.plan.plan import HostPlan, Plan
from opspact.report.document import document
from opspact.rollout.approval_requirements import is_any_destructive
from opspact.structs import Struct, field
from opspact.workspace.workspace import Compiled

_Listed = Mapping[str, list[tuple[object, object]]]
"""Steps and why they change, by action."""
_LONGEST = 200  # characters of a name


class ApprovedPlan(Struct):
    """What a plan file says: its digest, the hosts that it was created for, who created it.

    `acts`: whether it changes hosts; `destroys`: whether it deletes data there. `listed`: what is to be done on each
    host, as whoever approved it read it.
    """

    digest: str
    hosts: tuple[str, ...]
    requester: str = ""
    acts: bool = True
    destroys: bool = False
    listed: Mapping[str, _Listed] = field(default_factory=dict)

    def check_listed(self, plan: Plan) -> None:
        """Given the plan with the digest of this one, raise Stale unless the file lists just what that one does."""
        if self.listed != {host.name: _listed(host) for host in plan.hosts}:
            raise Stale(
                f"the file of plan {self.digest[:12]} was changed: it lists other changes than its digest means",
                hint="create the plan again with `opspact plan --live --out FILE`, and have it approved",
            )


def plan_file(text: str, plan: Plan, *, requester: str) -> str:
    """Given a plan, as JSON text too, and who asks for it, return the text of its file."""
    content = {name: value for name, value in json.loads(text).items() if name not in {"schema", "version"}}
    return document("plan", {"requester": requester, "destroys_data": is_any_destructive(plan), **content})


def _listed(host: HostPlan) -> _Listed:
    return {action.value: [(change.step.identity, change.why) for change in host.of(action)] for action in Action}


def _as_read(host: Mapping[str, Any]) -> _Listed:
    return {action.value: [(change["step"], change["why"]) for change in host[action.value]] for action in Action}


def read_plan(file: Path, head: Compiled) -> ApprovedPlan:
    """Given a plan file, return what it says. Raise Refused when it is none, Stale when it is for other policies."""
    hint = "create one with `opspact plan --live --out FILE`"
    if head.is_host_or_group(str(file)) and not file.exists():
        raise Refused(f"{file} is not a plan file", hint=f"to apply to {file} alone, use --limit {file}")
    try:
        plan = json.loads(file.read_text(encoding="utf-8"))
        of_a_plan = plan["schema"] == document_schema("plan") and plan["version"] == 1
        approved = ApprovedPlan(
            str(plan["digest"]),
            tuple(str(host["name"]) for host in plan["hosts"]),
            _name(plan.get("requester", "")),
            any(host["manifest"] or any(host[action.value] for action in Action) for host in plan["hosts"]),
            plan.get("destroys_data") is True,
            {str(host["name"]): _as_read(host) for host in plan["hosts"]},
        )
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


def _name(given: object) -> str:
    if not isinstance(given, str) or len(given) > _LONGEST or not (given.isprintable() or not given):
        raise ValueError
    return given
