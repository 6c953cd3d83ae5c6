"""Rules about backups: how much work may be lost, how far back one can go, who can read them, whether they find room.

Comes in: a rule context. Goes out: violations.
"""

from collections.abc import Iterator
from datetime import UTC, timedelta
from math import ceil

from opspact.analyse.cause import Condition, affected
from opspact.analyse.clock_changes import explain_length
from opspact.analyse.frequency import Frequency, frequency
from opspact.analyse.host_sets import format_hosts
from opspact.analyse.recurrence import recurrence
from opspact.analyse.rule import Rule, RuleContext, Violation
from opspact.analyse.scheduled_work import lengths, runs
from opspact.model.finding import Recurrence, Severity
from opspact.model.policies.backup import Backup
from opspact.model.time.intervals import intersection, union
from opspact.text.durations import format_duration
from opspact.text.instants import format_instant
from opspact.text.sizes import format_bytes

_DAY = 86_400.0
_MOMENT = timedelta(microseconds=1)
_TIERS = (("hourly", 1 / 24), ("daily", 1.0), ("weekly", 7.0), ("monthly", 31.0), ("yearly", 366.0))
"""Kept ages from the finest to the coarsest, and the longest that one lasts, in days."""

_ABOUT = 1.05
"""Months and years are a little longer or shorter than the longest ones."""

_NOTHING = 0.01
"""Less than this is what rounding leaves over, not a copy."""


def _gap_is_too_long(context: RuleContext) -> Iterator[Violation]:
    known = context.once(runs)
    for backup in context.contract.backups:
        found = frequency(context, backup.schedule)
        if found is None:
            continue  # it is never due: another rule says so
        gap = found.longest
        took = lengths(known, f"backup/{backup.name}", backup.hosts, said=backup.takes)
        slowest = max(took, key=lambda host: took[host], default="")
        run = took.get(slowest, 0.0)
        lost = (gap[1] - gap[0]).total_seconds() + run
        # A run takes a while: how long is not known, and then there is no time left for it.
        if lost > backup.rpo.seconds or (lost == backup.rpo.seconds and not run):
            message = (
                f"up to {format_duration(lost)} of data can be lost{'' if run else ', plus the duration of a run'}; "
                f"rpo is {backup.rpo}; longest gap: {format_instant(gap[0], context.zone)} to "
                f"{format_instant(gap[1], context.zone)}{explain_length(context, *gap)}"
            )
            if run:
                measured = slowest in known.get(f"backup/{backup.name}", {})
                source = f"measured on {slowest}" if measured else "set in takes"
                message += f"; a run takes {format_duration(run)} ({source})"
            repeats = _exceeded(context, backup, found, run=run)
            message += f"; the rpo is exceeded {repeats.times}, first on {repeats.first}" if repeats else ""
            yield Violation(f"backup/{backup.name}", message, ("rpo",), repeats=repeats)


def _exceeded(context: RuleContext, backup: Backup, found: Frequency, *, run: float) -> Recurrence | None:
    """Return on how many of the days looked at more would be lost than the RPO allows; None where it is one spell."""
    rpo, takes = timedelta(seconds=backup.rpo.seconds), timedelta(seconds=run)
    spells = [(begin + rpo, end + takes) for begin, end in found.gaps]
    if not run:  # of unknown length, and never of none: it exceeds an RPO as long as the gap
        spells = [(begin, end + _MOMENT if begin == end else end) for begin, end in spells]
    start, end = (at.astimezone(UTC) for at in context.span)
    return recurrence(context, intersection(union(spells), [(start, end)]))


def _mean(context: RuleContext, backup: Backup) -> float:
    """Return the days between two copies, on average; 0 where none is ever made."""
    found = frequency(context, backup.schedule)
    return found.mean if found else 0.0


def _reach(backup: Backup, gap: float) -> float:
    """Given the days between two copies, return how many days back kept copies reach."""
    return sum(backup.keep.get(tier, 0) * max(unit, gap) for tier, unit in _TIERS)


def _rotation_has_a_hole(context: RuleContext) -> Iterator[Violation]:
    for backup in context.contract.backups:
        gap = _mean(context, backup)
        reach, finer = 0.0, ""
        for tier, unit in _TIERS:
            count = backup.keep.get(tier, 0)
            if not count:
                continue
            if finer and unit > gap * _ABOUT and reach * _ABOUT < unit:
                back, old = format_duration(round(reach * 24) * 3600), format_duration(unit * _DAY)
                message = (
                    f"{finer}: {backup.keep[finer]} covers {back}, but the next older copy is a {tier} copy "
                    f"up to {old} old: there is no copy in between"
                )
                yield Violation(f"backup/{backup.name}", message, ("keep", finer))
            reach += count * max(unit, gap)
            finer = tier


def _kept_shorter_than_promised(context: RuleContext) -> Iterator[Violation]:
    for clause in context.contract.clauses.values():
        asked = [backup for backup in context.contract.backups if clause.name in backup.origin.clauses]
        if clause.copies_kept is None or not asked:
            continue
        reaches = {backup.name: _reach(backup, _mean(context, backup)) for backup in asked}
        longest = max(asked, key=lambda backup: reaches[backup.name])
        reach, promised = reaches[longest.name], clause.copies_kept
        if reach < promised.days - 1:  # a month is a little shorter or longer than its average
            message = (
                f"clause {clause.name} requires copies to be kept for {promised.text}; the longest retention of its "
                f"backups is {format_duration(round(reach) * _DAY)} ({longest.name})"
            )
            yield Violation(f"backup/{longest.name}", message, ("keep",))


def _too_few_copies(context: RuleContext) -> Iterator[Violation]:
    for backup in context.contract.backups:
        policy = f"backup/{backup.name}"
        if sum(backup.keep.values()) == 1:
            message = "only one copy is kept: data damaged before the last run is damaged in this copy too"
            yield Violation(policy, message, ("keep",))
            continue
        reach = _reach(backup, _mean(context, backup))
        check = frequency(context, backup.check.schedule) if backup.check else None
        every = check.longest_days if check else 0.0
        if reach < every:
            message = (
                f"copies are kept for {format_duration(round(reach) * _DAY)}, but the repository is checked every "
                f"{format_duration(every * _DAY)}: damage may be found after the last intact copy is deleted"
            )
            yield Violation(policy, message, ("keep",))


def _unencrypted(context: RuleContext) -> Iterator[Violation]:
    for backup in context.contract.backups:
        if backup.passphrase is None:
            message = f"copies of {format_hosts(backup.hosts)} on {backup.server} are not encrypted"
            clear = affected(Condition.NOT_ENCRYPTED, backup.name)
            yield Violation(f"backup/{backup.name}", message, ("encryption",), states=(clear,))


def _still_there(backup: Backup, gap: float, made: float) -> float:
    """Given the days between two copies and how many were made, return how many of them are kept.

    Finer ages first, since borg counts no copy twice; of what they leave, one for each time that a coarser age lasts.
    """
    there, left = 0.0, made
    for tier, unit in _TIERS:
        every = max(1.0, unit / gap)  # in copies
        kept = min(backup.keep.get(tier, 0), ceil(left / every - _NOTHING))
        there, left = there + kept, max(0.0, left - kept * every)
    return there


def _still_to_come(context: RuleContext, backup: Backup, made: float) -> float:
    """Given how many copies were made, return how many more are there once as many are as are kept."""
    gap = _mean(context, backup)
    return sum(backup.keep.values()) - _still_there(backup, gap, made) if gap else 0.0


def _no_room(context: RuleContext) -> Iterator[Violation]:
    """Find servers without room for all copies that are still to come until as many are there as are kept."""
    measurements = context.measurements
    for server, free in measurements.free_bytes.items():
        wanted: dict[str, float] = {}
        for backup in context.contract.backups:
            for host in backup.hosts if backup.server == server else ():
                added, made = (
                    measurements.stored_bytes.get((host, backup.name)),
                    measurements.copies.get((host, backup.name)),
                )
                if added:
                    more = _still_to_come(context, backup, made.value if made else 0) * added.value
                    wanted[backup.name] = wanted.get(backup.name, 0.0) + more
        total = sum(wanted.values())
        if wanted and total > free.value:
            largest = max(wanted, key=lambda name: wanted[name])
            message = (
                f"{server} has {format_bytes(free.value)} free; full retention needs another {format_bytes(total)}, at "
                f"the size of the latest copies; {largest} needs most of it"
            )
            yield Violation(f"backup/{largest}", message, ("keep",))


RULES = (
    Rule(
        code="OP400",
        family="backup",
        severity=Severity.ERROR,
        title="More data can be lost than the RPO allows",
        why=(
            "Everything changed since the newest copy is lost with the host. The longest time between two copies "
            "counts, including days without a run, clock changes and the duration of a run."
        ),
        remedy=(
            "Run the backup more often, also on the days without a run; or agree on a longer rpo with the customer."
        ),
        find=_gap_is_too_long,
    ),
    Rule(
        code="OP401",
        family="backup",
        severity=Severity.WARNING,
        title="Retention leaves a gap between copies",
        why="An error found after the frequent copies are deleted cannot be undone until the next older copy.",
        remedy="Keep enough frequent copies to reach the next older one, such as daily: 7, weekly: 5.",
        find=_rotation_has_a_hole,
    ),
    Rule(
        code="OP402",
        family="backup",
        severity=Severity.ERROR,
        title="Copies are kept for less time than a clause requires",
        why="The contract promises older states than the copies contain.",
        remedy="Keep more copies in one of the backups for this clause.",
        find=_kept_shorter_than_promised,
    ),
    Rule(
        code="OP403",
        family="backup",
        severity=Severity.WARNING,
        title="Copies are deleted before damage can be found",
        why=(
            "Damaged data cannot be restored from a copy of it; an older copy must still exist when the damage "
            "is found."
        ),
        remedy="Keep more copies, or check the repository more often.",
        find=_too_few_copies,
    ),
    Rule(
        code="OP412",
        family="backup",
        severity=Severity.WARNING,
        title="Copies are not encrypted",
        why="Whoever has access to the backup server or its disks can read the customer's data.",
        remedy="Replace encryption: none with passphrase: secret:vault:NAME; this needs a new repository.",
        find=_unencrypted,
    ),
    Rule(
        code="OP415",
        family="backup",
        severity=Severity.WARNING,
        title="The backup server will run out of space",
        why="When the disk is full, the backups of all hosts on this server fail.",
        remedy="Free up space on the server, keep fewer copies, or exclude data that needs no backup.",
        find=_no_room,
    ),
)
