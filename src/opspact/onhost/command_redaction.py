"""Passwords in commands, masked before anything is kept.

Comes in: the contract's patterns, commands. Goes out: commands without what is secret. Part of `log_review`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from opspact.onhost.spool import CannotRun

SECRETS = tuple(
    re.compile(pattern)
    for pattern in (
        r"(?i)((?:^|[\s\"'])--?[\w-]*(?:password|passwd|passphrase|secret|token|api-?key)[\w-]*(?:=|\\?\s))(\S+)",
        r"(?i)(\b\w*(?:password|passwd|passphrase|pwd|secret|token|api_?key)\w*\s*[=:]\s*)(\S+)",
        r"(?i)((?:mysql|mariadb|sshpass)\S*\b.*?\s-p)(\S+)",
        r"(?i)(\b[a-z][a-z0-9+.-]*://[^\s/:@]*:)([^\s@]+)(?=@)",
        r"(?i)(\becho\S*\s.*?\b\S+?:)(\S+)(?=.*\bchpasswd\b)",
        r"(?i)(\bidentified\\?\s+by\\?\s+)(\S+)",
        r"(?i)(\bcurl\b.*?\s(?:-u|--user)(?:=|\s+)[^\s:]+:)(\S+)",
    )
)
HIDDEN = "[redacted]"


class CommandRedaction:
    """Masks passwords in commands: those that every host knows the look of, and what the contract redacts."""

    def __init__(self, redactions: Sequence[dict[str, Any]]) -> None:
        try:
            self.patterns = [(re.compile(str(each["pattern"])), str(each["instead"])) for each in redactions]
        except re.error as error:
            raise CannotRun(
                f"a pattern of a redaction policy is not understood by this host's Python: {error}"
            ) from error

    def masked(self, text: str) -> str:
        """Return a command without what is secret in it."""
        for pattern, instead in self.patterns:
            text = pattern.sub(lambda _, word=instead: word, text)  # type: ignore[misc]
        for secret in SECRETS:
            text = secret.sub(lambda found: f"{found[1]}{HIDDEN}", text)
        return text
