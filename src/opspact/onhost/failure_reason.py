"""Why a program failed, in its own words.

Comes in: what it wrote, its exit status. Goes out: the line that says why. A part of programs.
"""

from __future__ import annotations


def failure_reason(said: str, status: int) -> str:
    """Given what a program wrote as it failed, return why it did: a client of a database says `error:`."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    return next((line for line in lines if "error:" in line), (lines or [f"exit status {status}"])[-1])[:500]
