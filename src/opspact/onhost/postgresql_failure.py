"""Whose fault it is that a dump of PostgreSQL could not be restored.

Comes in: what pg_restore wrote, its exit status. Goes out: whether the dump is bad. A part of programs.
"""

from __future__ import annotations

import re

UNABLE = re.compile(
    "unsupported version|could not access file .*No such file|is not available|No space left on device"
    '|role ".*" does not exist|permission denied|must be superuser|must be owner'
)
"""What pg_restore says when it is this host that cannot restore the dump."""


def is_dump_broken(said: str, status: int) -> bool:
    """Given what pg_restore wrote as it failed, return whether that is the dump's fault; else this host cannot."""
    return status > 0 and not UNABLE.search(said)
