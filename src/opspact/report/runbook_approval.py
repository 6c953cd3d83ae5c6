"""What somebody is about to approve of a run, shown before they sign.

Comes in: the step and all that is signed of it. Goes out: lines.
"""

from collections.abc import Iterator

from opspact.report.lines import Line, line
from opspact.runbook.approval_statement import StepApproval


def to_approve_lines(thing: StepApproval, text: str, commit: str, *, here: str, needed_at: str = "") -> Iterator[Line]:
    """Given what is to be approved, the step's text, the commit of the run's policies and the one here, yield that.

    `needed_at`: the later step at which the run is, if the step was approved before.
    """
    yield line(("runbook: ", "title"), f"{thing.runbook} ({thing.digest[:12]}), run {thing.run} of {thing.requester}")
    if commit != here:
        words = f"the run uses commit {_named(commit)}; this directory has {_named(here)}"
        yield line((words, "doubt"), indent=2)
    yield line(("targets: ", "title"), ", ".join(thing.targets))
    for name, value in thing.inputs.items():
        yield line((f"{name}: ", "title"), value)
    yield line(("step: ", "title"), f"{thing.step}: {text}")
    yield line(("approval: ", "title"), f"{thing.approval}, after event {thing.after.partition(':')[0]}")
    if needed_at:
        words = f"approved before, but that no longer counts; the run is at step {needed_at} now"
        yield line((words, "doubt"), indent=2)
    yield line(f"`opspact runbook show {thing.run}` shows what was done so far", indent=2)


def _named(commit: str) -> str:
    name, _, dirty = commit.partition("+")
    return f"{name[:12] or 'none'}{' and uncommitted changes' if dirty else ''}"
