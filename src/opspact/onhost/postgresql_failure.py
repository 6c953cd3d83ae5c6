"""Why a program of PostgreSQL failed: a dump, a restore, a server.

Comes in: what it wrote, its exit status. Goes out: the reason in its own words, and whose fault it is. A part of
programs.
"""

from __future__ import annotations

import re

UNABLE = re.compile(
    "unsupported version|could not access file .*No such file|is not available|No space left on device"
    '|role ".*" does not exist|permission denied|must be superuser|must be owner'
)
"""What pg_restore says when it is this host that cannot restore the dump."""


def failure_reason(said: str, status: int) -> str:
    """Given what a program of PostgreSQL wrote as it failed, return why it did."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    return next((line for line in lines if "error:" in line), (lines or [f"exit status {status}"])[-1])[:500]


def is_dump_broken(said: str, status: int) -> bool:
    """Given what pg_restore wrote as it failed, return whether that is the dump's fault; else this host cannot."""
    return status > 0 and not UNABLE.search(said)
