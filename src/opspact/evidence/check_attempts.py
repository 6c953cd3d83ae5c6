"""What checks of a host say of the policies there.

Comes in: checks as they were recorded, a policy's steps on the host. Goes out: attempts for the judge.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime

from opspact.compile.policy_steps import PolicySteps
from opspact.ledger.apply_events import HostChecked
from opspact.ledger.events import Recorded
from opspact.obligations.evidence import Observation, Outcome
from opspact.steps.check import Reach
from opspact.text.counts import format_count


def _observed(
    checked: Recorded[HostChecked], policy: str, wanted: PolicySteps, *, text_since: datetime | None
) -> Observation | None:
    """Return what a check of a host says of a policy; None where it does not know the policy."""
    event = checked.event
    if event.reach is not Reach.REACHED:
        return Observation(checked.at, checked.at, Outcome.UNKNOWN, event.detail or event.reach.value)
    counts = event.policies.get(policy)
    if counts is None:
        return None
    if counts.digest != wanted.digest:
        detail = "its steps have changed since the last check"
        outdated = is_outdated(checked.at, text_since)  # a template, or a variable, changes steps as well as a text
        return Observation(checked.at, checked.at, Outcome.UNKNOWN, detail, is_outdated=outdated)
    total = counts.ok + counts.failed + counts.unknown
    if counts.failed:
        detail = f"{counts.failed} of {format_count(total, 'check')} failed"
        return Observation(checked.at, checked.at, Outcome.FAILED, detail)
    if counts.unknown:
        return Observation(
            checked.at, checked.at, Outcome.UNKNOWN, f"{counts.unknown} of {format_count(total, 'check')} unknown"
        )
    return Observation(checked.at, checked.at, Outcome.DONE, f"{format_count(total, 'check')} ok")


def check_attempts(
    checks: Iterable[Recorded[HostChecked]], policy: str, wanted: PolicySteps, *, text_since: datetime | None
) -> Iterator[Observation]:
    """Given checks of a host, the newest first, yield what they say of a policy, up to one that looked at its steps."""
    for checked in checks:
        seen = _observed(checked, policy, wanted, text_since=text_since)
        if seen is None:
            continue
        yield seen
        counts = checked.event.policies.get(policy)
        is_other = counts is not None and counts.digest != wanted.digest
        if seen.outcome is not Outcome.UNKNOWN or is_other:
            return


def is_whole(event: HostChecked) -> bool:
    """Return whether a check reached the host and left none of its steps unknown."""
    return event.reach is Reach.REACHED and not any(counts.unknown for counts in event.policies.values())


def is_kept(checked: Recorded[HostChecked], policy: str, wanted: PolicySteps) -> bool:
    """Return whether a check of a host found all present steps of a policy there."""
    seen = _observed(checked, policy, wanted, text_since=None)
    return seen is not None and seen.outcome is Outcome.DONE


def is_outdated(began: datetime, text_since: datetime | None) -> bool:
    """Return whether what began at an instant did so before the present text of its policy was in effect there."""
    return text_since is None or began < text_since
