"""The kind `rollout`: from the document to its meaning.

Comes in: the document, its context. Goes out: its meaning; problems are noted in the context.
"""

from collections.abc import Iterator

from opspact.model.policies.rollout import ChosenHosts, HostCount, HostShare, Pause, Rollout, Wave
from opspact.resolve.context import Context, DocumentContext
from opspact.schema import kinds
from opspact.text.suggestions import did_you_mean

_ALL = 100
"""Per cent."""


def resolve_rollouts(context: Context) -> tuple[Rollout, ...]:
    """Given what is written, return the meaning of all rollouts; a host in two of them is refused."""
    rollouts = tuple(context.resolve(kinds.Rollout, resolve_rollout).values())
    owners: dict[str, str] = {}
    for rollout in rollouts:
        twice = [host for host in rollout.hosts if host in owners]
        if twice:
            message = f"{twice[0]} is already in rollout/{owners[twice[0]]}; which of them counts is not clear"
            hint = "exclude it from one of them, such as hosts: all:!db"
            context.document("rollout", rollout.name).problem("OP143", message, "hosts", hint=hint)
        owners |= dict.fromkeys(rollout.hosts, rollout.name)
    return rollouts


def resolve_rollout(document: kinds.Rollout, context: DocumentContext) -> Rollout:
    """Given a rollout as written, return its meaning; waves that end before every host was in one are refused."""
    hosts = context.hosts(document.hosts, "hosts")
    waves = tuple(_waves(document, context))
    missing = set(hosts).difference(*(wave.hosts for wave in waves if isinstance(wave, ChosenHosts)))
    if missing and HostShare(_ALL) not in waves:
        message = f"{min(missing)} is in no wave; changes would never reach it"
        context.problem("OP141", message, "waves", hint="add a last wave {percent: 100}")
    for index, policy in enumerate(document.fix_drift):
        kind, _, name = policy.partition("/")
        if kind in kinds.KINDS:
            context.refer(kind, name, "fix_drift", index)
        else:
            hint = did_you_mean(kind, kinds.KINDS)
            context.problem("OP103", f'there is no kind "{kind}" of policies', "fix_drift", index, hint=hint)
    brake = document.brake
    return Rollout(
        name=document.name,
        hosts=hosts,
        waves=waves,
        verify=document.gate.verify,
        max_failures=document.gate.max_failures,
        settle=document.gate.settle,
        max_hosts=brake.max_hosts if brake else None,
        max_percent=(brake.max_percent if brake else None) or _ALL,
        rollback=document.rollback,
        fix_drift=document.fix_drift,
        origin=context.origin(),
    )


def _waves(document: kinds.Rollout, context: DocumentContext) -> Iterator[Wave]:
    for index, wave in enumerate(document.waves):
        if wave.hosts is not None:
            yield ChosenHosts(wave.hosts, context.hosts(wave.hosts, "waves", index, "hosts"))
        elif wave.count is not None:
            yield HostCount(wave.count)
        elif wave.percent is not None:
            yield HostShare(wave.percent)
        elif wave.pause is not None:
            yield Pause(wave.pause)
