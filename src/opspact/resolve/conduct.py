"""Documents → conduct: devices, quality, emergencies, runbooks and the rules of change.

Comes in: documents and what is at hand. Goes out: their meaning.
"""

import re

from opspact.model.contract_parts import Conduct
from opspact.model.policies.approval import Approval
from opspact.model.policies.device import Device, DeviceSign
from opspact.model.policies.redaction import Redaction
from opspact.model.policies.rollout import Rollout
from opspact.model.text import meant
from opspact.resolve.context import Resolving, origin
from opspact.resolve.emergencies import emergencies, runbooks
from opspact.resolve.quality import flows, qualities, reviews
from opspact.resolve.references import CUSTOMER, refer_to_actor
from opspact.schema import kinds
from opspact.schema.documents import device as device_document
from opspact.schema.read import Written
from opspact.text.regex import SlowExpression, refuse_slow


def conduct(at_hand: Resolving) -> Conduct:
    """Given what is at hand, return what its documents mean; problems are noted there."""
    return Conduct(
        devices=tuple(_device(written, found, at_hand) for written, found in at_hand.of(kinds.Device)),
        emergencies=emergencies(at_hand),
        runbooks=runbooks(at_hand),
        qualities=qualities(at_hand),
        reviews=reviews(at_hand),
        redactions=tuple(_redaction(written, found, at_hand) for written, found in at_hand.of(kinds.Redaction)),
        approvals=tuple(_approval(written, found, at_hand) for written, found in at_hand.of(kinds.Approval)),
        rollouts=tuple(_rollout(written, found, at_hand) for written, found in at_hand.of(kinds.Rollout)),
        flows=flows(at_hand),
        files=at_hand.tree,
    )


def _device(written: Written, document: kinds.Device, at_hand: Resolving) -> Device:
    if document.owner:
        refer_to_actor(at_hand, written, document.owner, path=("owner",))
    if document.probed_from:
        at_hand.host(written, document.probed_from, "probed_from")
    return Device(
        name=document.name,
        text=meant(document.text, document.name),
        site=document.site or "",
        model=document.model or "",
        serial=document.serial or "",
        owner=document.owner or "",
        address=document.address or "",
        probed_from=document.probed_from or "",
        normal=tuple(map(_sign, document.normal)),
        origin=origin(written),
    )


def _sign(written: device_document.DeviceSign) -> DeviceSign:
    if written.tcp is not None:
        return DeviceSign("tcp", written.tcp.within.seconds, port=written.tcp.port)
    if (http := written.http) is not None:
        return DeviceSign("http", http.within.seconds, url=http.url, status=http.status, contains=http.contains or "")
    ping = written.ping or device_document.PingCheck()
    return DeviceSign("ping", ping.within.seconds)


def _redaction(written: Written, document: kinds.Redaction, at_hand: Resolving) -> Redaction:
    """Return a redaction; note a problem for each expression with which a search could last for hours."""
    patterns = []
    for index, expression in enumerate(document.patterns):
        try:
            refuse_slow(expression)
        except SlowExpression as error:
            message = f"a search with it could last for hours: {error}"
            hint = "bound the repeats, such as {1,64}, and repeat no group that repeats itself"
            at_hand.problem(written, "OP140", message, path=("patterns", index), hint=hint)
        else:
            patterns.append(re.compile(expression))
    return Redaction(
        name=document.name,
        patterns=tuple(patterns),
        instead=document.instead,
        hides=document.hides,
        leaves=document.leaves,
        origin=origin(written),
    )


def _approval(written: Written, document: kinds.Approval, at_hand: Resolving) -> Approval:
    needs = document.needs
    if needs.role != CUSTOMER:
        at_hand.refer(written, "team", needs.role, "needs", "role")
    return Approval(
        name=document.name,
        role=needs.role,
        count=needs.count,
        not_requester=needs.not_requester,
        expires=needs.expires.seconds,
        occasions=document.for_,
        origin=origin(written),
    )


def _rollout(written: Written, document: kinds.Rollout, at_hand: Resolving) -> Rollout:
    """Return a rollout; note a problem when its waves end before every host was in one."""
    waves: list[tuple[str, ...] | int] = []
    left = set(at_hand.inventory.hosts)
    for index, wave in enumerate(document.waves):
        if wave.percent is not None:
            waves.append(wave.percent)
            left = set() if wave.percent == 100 else left  # noqa: PLR2004 - per cent
        elif wave.hosts is not None:
            chosen = at_hand.hosts(written, wave.hosts, "waves", index, "hosts")
            left.difference_update(chosen)
            waves.append(chosen)
    if left:
        message = f"{min(left)} is in no wave: a change would never reach it"
        at_hand.problem(written, "OP141", message, path=("waves",), hint="end with {percent: 100}")
    return Rollout(
        name=document.name,
        waves=tuple(waves),
        verify=document.gate.verify,
        max_failures=document.gate.max_failures,
        settle=document.gate.settle.seconds if document.gate.settle else 0.0,
        max_percent=document.brake.max_percent if document.brake else 100,
        origin=origin(written),
    )
