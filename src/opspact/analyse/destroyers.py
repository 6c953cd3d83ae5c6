"""Commands that cannot be undone: what they do, and how they look.

Comes in: a command of a runbook, one line or several. Goes out: what it destroys, or nothing. Called by the rule about
destructive steps. What each option does is what the program's own manual says.
"""

import re

_PASSING = r"(?:/tmp|/run|/var/run|/var/lock|/var/tmp|/dev/shm)/"
"""Where files lie that nobody keeps."""

_CLIENT = r"(?:psql|mysql|mariadb)"
_REST = r"(?:[^|;&\n'\"<]|'[^'\n]*'|\"[^\"\n]*\")*?"
"""The rest of a command, as far as it goes without a redirection; what stands in quotes counts as one thing."""

_NOTHING = r"(?::|true|cat\s+/dev/null|echo\s+-n|printf\s+(?:''|\"\"))?"
"""Commands that say nothing, or none."""

_DESTROYS = {
    "deletes files": (
        r"(?<![-\w])rm\s+(?:-\w*[rRf]|--recursive|--force)",
        rf"(?<![-\w])(?:rm|unlink)\s+(?:(?:-|{_PASSING})\S*\s+)*(?!-|{_PASSING})[^\s;|&]",
        r"\bfind\b.*\s-delete\b",
        r"\bshred\b",
        r"\brsync\b.*\s--del(?:ete)?\b",
        r"\bgit\b.*\s(?:clean\s+(?:-\w*f|--force)|reset\s+--hard)",
        r"\bcrontab\b.*\s-r\b",
    ),
    "empties a file": (
        rf"(?:^|[;&|({{]|\b(?:do|then|else)\s)\s*{_NOTHING}\s*(?<![0-9&>])>\s*(?!>|&|/dev/|{_PASSING})\S",
        r"\bcp\s+/dev/null\s",
        r"(?i:\btruncate\s+(?:-s|--size))",
    ),
    "overwrites a disk or a file system": (
        r"\bmkfs",
        r"\bmkswap\b",
        r"\bwipefs\b",
        r"\bdd\b.*\bof=/dev/",
        r"\bsgdisk\b",
        r"\bparted\b.*\bmk",
        r"\bblkdiscard\b",
        r"\bcryptsetup\b.*\s(?:luksFormat|luksErase|erase|reencrypt)\b",
    ),
    "drops or empties data": (
        r"\bdropdb\b",
        r"\bdropuser\b",
        r"\bpg_(?:dropcluster|resetwal)\b",
        r"(?i:\bdrop\s+(?:table|database|schema|column|role|user|tablespace|materialized\s+view|owned)\b)",
        r"(?i:\btruncate\s+(?:table\b|(?:only\s+)?[\w.\"]+\s*[;\"',]))",
        r"(?i:\bdelete\s+from\b)",
        r"(?i:\bupdate\s+[\w.\"]+\s+set\b)",
        r"(?i:\bflush(?:all|db)\b)",
    ),
    "overwrites data with a copy": (
        r"\bpg_restore\b.*\s(?:--clean|-c)\b",
        r"\bborgmatic\b.*\srestore\b",
        r"\bborg\b.*\s(?:delete|prune)\b",
        r"\b(?:zfs|btrfs)\b.*\s(?:rollback|receive)\b",
        r"\blvconvert\b.*--merge",
    ),
    "runs statements that are not shown": (
        rf"\b{_CLIENT}\b{_REST}(?<!<)<(?![<(])",
        rf"\b{_CLIENT}\b{_REST}\s(?:-f|--file)\b",
        rf"\|\s*(?:(?:sudo|runuser|su)\b{_REST}\s)?{_CLIENT}\b(?!{_REST}\s(?:-c|--command|-e|--execute)\b)",
    ),
    "removes software, volumes, machines or accounts": (
        r"\b(?:apt|apt-get|aptitude|dnf|yum)\b.*\s(?:purge|autoremove|remove|erase)\b",
        r"\bdpkg\b.*\s(?:-r|-P|--remove|--purge)\b",
        r"\b(?:lv|vg|pv)(?:remove|reduce)\b",
        r"\b(?:zfs|zpool)\b.*\sdestroy\b",
        r"\bbtrfs\b.*\ssubvolume\s+delete\b",
        r"\b(?:docker|podman)\b.*\s(?:rm|rmi|prune)\b",
        r"\bkubectl\b.*\sdelete\b",
        r"\bvirsh\b.*\s(?:undefine|vol-delete|pool-delete)\b",
        r"\b(?:user|group)del\b",
    ),
}

_DESTROYERS = tuple((what, re.compile("|".join(patterns), re.MULTILINE)) for what, patterns in _DESTROYS.items())


def destroys(command: str) -> str:
    """Given a command, return in words what it does that cannot be undone; empty where it does nothing of the kind."""
    return next((what for what, pattern in _DESTROYERS if pattern.search(command)), "")
