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
            yield Violation(f"backup/{backup.name}", f"nobody tries to bring anything back from {backup.name}")


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
            what = f"the last drill was at {format_instant(begun, context.zone)}"
            what = what if last else f"no drill is on record, which begins at {format_instant(begun, context.zone)}"
            message = f"{what}: one is due every {backup.drill.within}"
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
            message = f"the drill of {slowest} at {when} took {took}, and {backup.rto} is promised"
            yield Violation(f"backup/{backup.name}", message, ("rto",))


RULES = (
    Rule(
        code="OP409",
        family="backup",
        severity=Severity.WARNING,
        title="Bringing back is never tried",
        why="A copy that nobody ever brought back is a hope: whether it can be read is learnt on the worst day.",
        remedy="Say drill: {within: 92 days}.",
        find=_never_tried,
    ),
    Rule(
        code="OP410",
        family="backup",
        severity=Severity.ERROR,
        title="A restore drill is overdue",
        why="The promise to try within a time is broken, and nobody knows whether the copies are still good.",
        remedy="Carry a drill out now; or agree on a longer time between two.",
        find=_drill_is_overdue,
    ),
    Rule(
        code="OP411",
        family="backup",
        severity=Severity.ERROR,
        title="Bringing back takes longer than promised",
        why="The last drill of the slowest host measured it: in earnest it will not go faster.",
        remedy="Bring back less or from nearer, and measure again; or agree with the customer on a longer rto.",
        find=_slower_than_promised,
    ),
)
