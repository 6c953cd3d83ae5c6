"""Rules about bringing back: whether it is tried, lately, and fast enough.

Comes in: a rule context. Goes out: violations.
"""

from collections.abc import Iterator

from opspact.analyse.rule import Rule, RuleContext, Violation
from opspact.model.finding import Severity
from opspact.model.measurements import Measurement
from opspact.text.durations import format_duration
from opspact.text.instants import format_instant


def _never_tried(context: RuleContext) -> Iterator[Violation]:
    for backup in context.contract.backups:
        if backup.drill is None:
            yield Violation(f"backup/{backup.name}", f"backup {backup.name} has no restore test")


def _restores(context: RuleContext) -> dict[str, dict[str, Measurement]]:
    """Return the latest restores on record, by backup, then by host."""
    found: dict[str, dict[str, Measurement]] = {}
    for (host, backup), restore in context.measurements.restore_seconds.items():
        found.setdefault(backup, {})[host] = restore
    return found


def _drill_is_overdue(context: RuleContext) -> Iterator[Violation]:
    today, since = context.span[0], context.measurements.since
    for backup in context.contract.backups:
        if backup.drill is None or since is None:
            continue  # without a record nothing is known, and nothing is said
        last = max((each.at for each in context.once(_restores).get(backup.name, {}).values()), default=None)
        begun = last or since
        if (today - begun).total_seconds() > backup.drill.within.seconds:
            what = f"the last restore test was at {format_instant(begun, context.zone)}"
            what = what if last else f"no restore test is recorded since {format_instant(begun, context.zone)}"
            message = f"{what}; one is due every {backup.drill.within}"
            yield Violation(f"backup/{backup.name}", message, ("drill", "within"))


def _slower_than_promised(context: RuleContext) -> Iterator[Violation]:
    for backup in context.contract.backups:
        restores = context.once(_restores).get(backup.name, {})
        slowest = max(
            (host for host in backup.hosts if host in restores), key=lambda host: restores[host].value, default=""
        )
        if slowest and restores[slowest].value > backup.rto.seconds:
            last = restores[slowest]
            when = format_instant(last.at, context.zone)
            took = format_duration(last.value)
            message = f"the restore test of {slowest} at {when} took {took}; rto is {backup.rto}"
            yield Violation(f"backup/{backup.name}", message, ("rto",))


RULES = (
    Rule(
        code="OP409",
        family="backup",
        severity=Severity.WARNING,
        title="A backup has no restore test",
        why="A copy that was never restored may be unreadable, and this is only found when it is needed.",
        remedy="Add drill: {within: 92 days}.",
        find=_never_tried,
    ),
    Rule(
        code="OP410",
        family="backup",
        severity=Severity.ERROR,
        title="A restore test is overdue",
        why="The agreed interval has passed, and it is unknown whether the copies can still be restored.",
        remedy="Run a restore test now; or agree on a longer interval.",
        find=_drill_is_overdue,
    ),
    Rule(
        code="OP411",
        family="backup",
        severity=Severity.ERROR,
        title="A restore takes longer than the RTO",
        why="The last restore test of the slowest host took longer; a real restore will not be faster.",
        remedy=(
            "Restore less data or from a closer server, and test again; or agree on a longer rto with the customer."
        ),
        find=_slower_than_promised,
    ),
)
