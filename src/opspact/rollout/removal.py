"""What became of the steps that were to leave a host: gone, still there, or something else stays in their place.

In: sessions, a plan, what was seen after acting. Out: removals, by host.
"""

from collections.abc import Mapping

from opspact.compile.shape import Work
from opspact.fleet.failures import HostLost
from opspact.fleet.session import Session
from opspact.fleet.sessions import Sessions
from opspact.plan.change import Action
from opspact.plan.plan import HostPlan
from opspact.rollout.survey import Survey
from opspact.steps.base import CheckedHost, Step
from opspact.steps.traits import remains
from opspact.structs import Struct
from opspact.verify.backend import host_of
from opspact.verify.batch import CHECK_ERRORS

_LEAVING = (Action.REMOVE, Action.RELEASE)


class Removal(Struct):
    """What is gone from a host by identity, the steps that are not, and what stays in the place of those that are."""

    identities: tuple[str, ...]
    stays: tuple[Step, ...]
    remaining: tuple[str, ...]


def removals(
    sessions: Sessions, plans: Mapping[str, HostPlan], *, work: Mapping[str, Work], after: Survey
) -> dict[str, Removal]:
    """Given the plans carried out, return what became of what was to leave, for each host that had such and answers."""

    def removal_on(session: Session) -> Removal:
        of_host, host = plans[session.name], host_of(session)
        wanted = {path for step in work[session.name].make for path in step.paths}
        removed = of_host.of(Action.REMOVE)
        stays = tuple(change.step for change in removed if not _is_removed(change.step, host))
        remaining = [
            f"{change.step.identity}: {why}"
            for change in removed
            if change.step not in stays and wanted.isdisjoint(change.step.paths)
            for why in [_remains(change.step, host)]
            if why
        ]
        kept = {step.identity for step in stays}
        leaving = (change.step.identity for change in of_host.of(*_LEAVING))
        identities = tuple(identity for identity in leaving if identity not in kept)
        return Removal(identities, stays, tuple(remaining))

    found = sessions.each(removal_on, [name for name in after.manifests if plans[name].of(*_LEAVING)])
    return {name: result for name, result in found.items() if not isinstance(result, HostLost)}


def _is_removed(step: Step, host: CheckedHost) -> bool:
    """Return whether a removal has done all that it may; what the host cannot say may still be there."""
    try:
        return step.is_removed(host)
    except (LookupError, *CHECK_ERRORS):
        return False


def _remains(step: Step, host: CheckedHost) -> str:
    """Return why something stays where a step was; empty: nothing does."""
    try:
        return remains(step, host)
    except (LookupError, *CHECK_ERRORS) as error:
        return f"not known: {error}"
