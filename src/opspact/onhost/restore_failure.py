"""Why nothing was restored.

Comes in: the reason, whose fault it is. Goes out: an error. Part of `restore`.
"""

from __future__ import annotations


class NotRestored(Exception):  # noqa: N818 - named after the decision
    """Nothing was restored; `verdict`: critical when the copy is bad, unknown when this host could not or must not."""

    def __init__(self, message: str, verdict: str = "unknown") -> None:
        super().__init__(message)
        self.verdict = verdict
