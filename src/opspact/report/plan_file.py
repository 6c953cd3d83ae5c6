"""The file of a plan for `apply`: its JSON, who asks for it, and a seal over every byte.

In: a plan; or the text of such a file. Out: the text; or what it says, and why it is not what opspact wrote.

The seal is the SHA-256 of the text without it. It finds what was changed by mistake, and approvals are of it. Whoever
writes another one finds `apply`, which computes the plan again, comparing all that it says.
"""

import json
from collections.abc import Mapping
from hashlib import sha256
from typing import Any

from opspact.errors import Refused, Stale
from opspact.plan.plan import Plan
from opspact.report.document import document
from opspact.report.plan_data import plan_json
from opspact.rollout.approval_requirements import is_any_destructive

HINT = "create the plan again with `opspact plan --live --out FILE`, and have it approved"
_OUTSIDE = {"left_the_inventory", "detail"}
"""What is no part of a plan's digest, and may be other while the plan is the same: where nothing is done."""


def plan_file(plan: Plan, *, requester: str) -> str:
    """Given a plan, and who asks for it, return the text of its file."""
    content = json.loads(plan_json(plan))
    return _sealed({"requester": requester, "destroys_data": is_any_destructive(plan), **content})


def check_seal(content: Mapping[str, Any], text: str, name: str) -> str:
    """Given what a plan file says, its text and its name, return its seal. Raise Refused when a byte was changed."""
    if "seal" not in content:
        raise Refused(f"{name} has no seal: another version of opspact created it", hint=HINT)
    if text != _sealed(content):
        raise Refused(f"{name} was changed after opspact created it", hint=HINT)
    return str(content["seal"])


def check_content(content: Mapping[str, Any], plan: Plan) -> None:
    """Given what a plan file says, and the plan of its digest, raise Stale unless it says just what that one means."""
    meant = json.loads(plan_file(plan, requester=str(content.get("requester", ""))))
    if other := _differences(_compared(content), _compared(meant)):
        raise Stale(
            f"the file of plan {plan.digest[:12]} was changed: it says something else than its digest means"
            f" ({', '.join(other)})",
            hint=HINT,
        )


def _sealed(content: Mapping[str, Any]) -> str:
    whole = {name: value for name, value in content.items() if name not in {"schema", "version", "seal"}}
    return document("plan", {**whole, "seal": sha256(document("plan", whole).encode()).hexdigest()})


def _compared(content: Mapping[str, Any]) -> dict[str, str]:
    """Return what has to be the same as JSON, by what it is of: a host, or all of them."""
    parts = {name: _inside(value) for name, value in content.items() if name not in {*_OUTSIDE, "seal", "hosts"}}
    parts |= {f"host {host['name']}": _inside(host) for host in content["hosts"]}
    parts["hosts"] = [host["name"] for host in content["hosts"]]
    return {name: json.dumps(value, sort_keys=True) for name, value in parts.items()}


def _inside(value: Any) -> Any:
    return {name: each for name, each in value.items() if name not in _OUTSIDE} if isinstance(value, dict) else value


def _differences(found: Mapping[str, str], meant: Mapping[str, str]) -> list[str]:
    return sorted(name for name in {*found, *meant} if found.get(name) != meant.get(name))[:3]
