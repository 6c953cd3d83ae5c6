"""A repository whose disk is full: borg cannot write its lock there, and what is in it can be read all the same.

Comes in: a command of borg, and what borg complained of. Goes out: whether it may go without the lock. A part of
programs.
"""

from __future__ import annotations

NO_SPACE = "No space left on device"
READING = {"list", "extract"}  # commands of borg that need its lock only to be sure that nobody changes anything
WITHOUT_LOCK = "--bypass-lock"


def needs_no_lock(command: str, said: str) -> bool:
    """Return whether a command only reads, and failed because there was no space for its lock."""
    return command in READING and NO_SPACE in said and ("locking.py" in said or "acquire the lock" in said)
