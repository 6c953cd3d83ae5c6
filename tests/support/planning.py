"""What tests ask of plans: the identities of the steps that something happens to."""

from collections.abc import Iterable

from opspact.plan.change import Action, Change


def identities(changes: Iterable[Change], *actions: Action) -> list[str]:
    """Return the identities of the steps to which one of the actions happens; without actions, of all."""
    return [change.step.identity for change in changes if not actions or change.action in actions]
