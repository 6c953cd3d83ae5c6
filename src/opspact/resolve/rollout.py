"""The kind `rollout`: from the document to its meaning.

Comes in: the document, its context. Goes out: its meaning; problems are noted in the context.
"""

from opspact.model.policies.rollout import Rollout
from opspact.resolve.context import DocumentContext
from opspact.schema import kinds

_ALL = 100
"""Per cent."""


def resolve_rollout(document: kinds.Rollout, context: DocumentContext) -> Rollout:
    """Given a rollout as written, return its meaning; waves that end before every host was in one are refused."""
    return Rollout(
        name=document.name,
        waves=_waves(document, context),
        verify=document.gate.verify,
        max_failures=document.gate.max_failures,
        settle=document.gate.settle,
        max_percent=document.brake.max_percent if document.brake else _ALL,
        origin=context.origin(),
    )


def _waves(document: kinds.Rollout, context: DocumentContext) -> tuple[tuple[str, ...] | int, ...]:
    waves: list[tuple[str, ...] | int] = []
    missing = set(context.whole.inventory.hosts)
    for index, wave in enumerate(document.waves):
        if wave.percent is not None:
            waves.append(wave.percent)
            missing = set() if wave.percent == _ALL else missing
        elif wave.hosts is not None:
            chosen = context.hosts(wave.hosts, "waves", index, "hosts")
            missing.difference_update(chosen)
            waves.append(chosen)
    if missing:
        message = f"{min(missing)} is in no wave; changes would never reach it"
        context.problem("OP141", message, "waves", hint="add a last wave {percent: 100}")
    return tuple(waves)
