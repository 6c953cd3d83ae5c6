"""Rules about backups: how much work may be lost, how far back one can go, who can read them, whether they find room.

Comes in: a rule context. Goes out: violations.
"""

from collections.abc import Iterator
from math import ceil

from opspact.analyse.cause import Condition, affected
from opspact.analyse.frequency import frequency
from opspact.analyse.host_sets import format_hosts
from opspact.analyse.rule import Rule, RuleContext, Violation
from opspact.analyse.scheduled_work import lengths, runs
from opspact.model.finding import Severity
from opspact.model.policies.backup import Backup
from opspact.text.durations import format_duration
from opspact.text.instants import format_instant
from opspact.text.sizes import format_bytes

_DAY = 86_400.0
_TIERS = (("hourly", 1 / 24), ("daily", 1.0), ("weekly", 7.0), ("monthly", 31.0), ("yearly", 366.0))
"""Kept ages from the finest to the coarsest, and the longest that one lasts, in days."""

_ABOUT = 1.05
"""Months and years are a little longer or shorter than the longest ones."""

_NOTHING = 0.01
"""Less than this is what reckoning with fractions leaves over, and no copy."""


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
                f"{format_duration(lost)} of work can be lost{'' if run else ', and what is done while a run lasts'}, "
                f"and {backup.rpo} may be: nothing is copied from {format_instant(gap[0], context.zone)} to "
                f"{format_instant(gap[1], context.zone)}"
            )
            if run:
                measured = slowest in known.get(f"backup/{backup.name}", {})
                whence = f"measured on {slowest}" if measured else "takes"
                message += f", and the copy is there {format_duration(run)} later ({whence})"
            yield Violation(f"backup/{backup.name}", message, ("rpo",))


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
                    f"{finer}: {backup.keep[finer]} reaches back {back}, and the next copy kept is a {tier} one, "
                    f"up to {old} old: what lies between cannot be brought back"
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
                f"clause {clause.name} promises copies for {promised.text}, and of all backups for it "
                f"{longest.name} keeps them longest: {format_duration(round(reach) * _DAY)}"
            )
            yield Violation(f"backup/{longest.name}", message, ("keep",))


def _too_few_copies(context: RuleContext) -> Iterator[Violation]:
    for backup in context.contract.backups:
        policy = f"backup/{backup.name}"
        if sum(backup.keep.values()) == 1:
            message = "one copy is kept: what was damaged before the last run is damaged in the only copy"
            yield Violation(policy, message, ("keep",))
            continue
        reach = _reach(backup, _mean(context, backup))
        check = frequency(context, backup.check.schedule) if backup.check else None
        every = check.longest_days if check else 0.0
        if reach < every:
            message = (
                f"copies are kept {format_duration(round(reach) * _DAY)}, and the repository is checked every "
                f"{format_duration(every * _DAY)}: by then no copy from before a damage is left"
            )
            yield Violation(policy, message, ("keep",))


def _unencrypted(context: RuleContext) -> Iterator[Violation]:
    for backup in context.contract.backups:
        if backup.passphrase is None:
            message = f"copies of {format_hosts(backup.hosts)} are in clear: whoever gets at {backup.server} reads them"
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
                f"{server} has {format_bytes(free.value)} free, and the copies still to come until all are there that "
                f"are kept take {format_bytes(total)} at the size of the latest ones; {largest} takes most"
            )
            yield Violation(f"backup/{largest}", message, ("keep",))


RULES = (
    Rule(
        code="OP400",
        family="backup",
        severity=Severity.ERROR,
        title="More work can be lost than the policy allows",
        why=(
            "All that was done since the newest copy is lost with the host. The longest time without a new copy "
            "counts: days on which the schedule is not due, nights of a clock change, and the time a run takes until "
            "the copy is there."
        ),
        remedy="Copy more often, also on the days left out; or agree with the customer on a longer rpo.",
        find=_gap_is_too_long,
    ),
    Rule(
        code="OP401",
        family="backup",
        severity=Severity.WARNING,
        title="Between the kept copies there is a hole",
        why="An error found too late for the fine copies and too early for the coarse ones cannot be undone.",
        remedy="Keep so many finer copies that they reach back to the next coarser one, such as daily: 7, weekly: 5.",
        find=_rotation_has_a_hole,
    ),
    Rule(
        code="OP402",
        family="backup",
        severity=Severity.ERROR,
        title="Copies are kept shorter than a clause promises",
        why="The customer was promised older states than will be there when somebody asks for one.",
        remedy="Keep more copies in one of the backups that name the clause.",
        find=_kept_shorter_than_promised,
    ),
    Rule(
        code="OP403",
        family="backup",
        severity=Severity.WARNING,
        title="So few copies are kept that a damage outlives them",
        why="A copy of damaged data is no way back; an older one must still be there when the damage is noticed.",
        remedy="Keep more copies, or check the repository more often.",
        find=_too_few_copies,
    ),
    Rule(
        code="OP412",
        family="backup",
        severity=Severity.WARNING,
        title="Copies are not encrypted",
        why="The copies hold the customer's data, and are read by whoever gets at the backup server or its disks.",
        remedy="Say passphrase: secret:vault:NAME instead of encryption: none; the repository must be begun anew.",
        find=_unencrypted,
    ),
    Rule(
        code="OP415",
        family="backup",
        severity=Severity.WARNING,
        title="The backup server will run out of space",
        why="A copy that finds no room is none, and the copies of all other hosts there fail with it.",
        remedy="Make room on the server, keep fewer copies, or leave out what need not be copied.",
        find=_no_room,
    ),
)
