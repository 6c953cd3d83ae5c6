"""Rules about what the patterns of a backup leave out: all of a path, nothing, or every run.

Comes in: a rule context. Goes out: violations.
"""

from collections.abc import Iterator

from opspact.analyse.backup_coverage import exclude_pattern_of, idle_reason, refusal
from opspact.analyse.rule import Rule, RuleContext, Violation
from opspact.model.finding import Severity
from opspact.model.policies.backup import Backup
from opspact.text.names import join_names


def _refused(context: RuleContext) -> Iterator[Violation]:
    for backup, index, pattern in _patterns(context):
        if why := refusal(pattern):
            yield _violation(backup, index, f"borg refuses the exclude pattern {pattern}: {why}")


def _left_out(context: RuleContext) -> Iterator[Violation]:
    for backup in context.contract.backups:
        found: dict[str, list[str]] = {}
        for folder in backup.paths:
            if pattern := exclude_pattern_of(backup, folder):
                found.setdefault(pattern, []).append(folder)
        for pattern, folders in found.items():
            what = "all paths" if len(folders) == len(backup.paths) > 1 else join_names(folders)
            message = f"the exclude pattern {pattern} leaves out {what}"
            yield _violation(backup, backup.exclude.index(pattern), message)


def _without_effect(context: RuleContext) -> Iterator[Violation]:
    for backup, index, pattern in _patterns(context):
        if backup.paths and not refusal(pattern) and (why := idle_reason(pattern, backup.paths)):
            yield _violation(backup, index, f"the exclude pattern {pattern} leaves out nothing: {why}")


def _patterns(context: RuleContext) -> Iterator[tuple[Backup, int, str]]:
    for backup in context.contract.backups:
        for index, pattern in enumerate(backup.exclude):
            yield backup, index, pattern


def _violation(backup: Backup, index: int, message: str) -> Violation:
    return Violation(f"backup/{backup.name}", message, ("what", "exclude", index))


RULES = (
    Rule(
        code="OP417",
        family="backup",
        severity=Severity.ERROR,
        title="An exclude pattern is refused by borg",
        why="Every run of this backup fails, and nothing is copied.",
        remedy="Correct the pattern; the styles are fm: (the default), sh:, re:, pp: and pf: (borg help patterns).",
        find=_refused,
    ),
    Rule(
        code="OP418",
        family="backup",
        severity=Severity.ERROR,
        title="An exclude pattern leaves out a whole path of the backup",
        why="The backup succeeds every day, and holds nothing of it.",
        remedy="Remove the path from the backup, or narrow the pattern.",
        find=_left_out,
    ),
    Rule(
        code="OP419",
        family="backup",
        severity=Severity.WARNING,
        title="An exclude pattern has no effect",
        why="What was to be left out is copied: the backup takes longer and needs more space than planned.",
        remedy="Start the pattern with a path of the backup, with */ (sh: **/) for every folder, or remove it.",
        find=_without_effect,
    ),
)
