"""The kind `redaction`, as it is meant: what is hidden before anything is stored or shown.

Comes in: what `resolve` made of the document. Goes out: frozen values, held by the contract.
"""

import re
from collections.abc import Mapping

from opspact.model.origin import Origin
from opspact.structs import Struct


class Redaction(Struct):
    """What is hidden before anything is stored or shown: patterns for single lines, and lines to try them on."""

    name: str
    patterns: tuple[re.Pattern[str], ...]
    instead: str
    hides: tuple[str, ...]
    leaves: tuple[str, ...]
    origin: Origin

    def as_data(self) -> Mapping[str, object]:
        """Return what masks, as data: its patterns and what stands in the place of what they match."""
        return {"patterns": [pattern.pattern for pattern in self.patterns], "instead": self.instead}

    @property
    def samples(self) -> tuple[tuple[str, str], ...]:
        """The lines under `hides`, each with the longest part of it that a pattern matches: what must not be kept."""
        return tuple((line, self._secret(line)) for line in self.hides)

    def _secret(self, line: str) -> str:
        matches = (found[0] for pattern in self.patterns for found in pattern.finditer(line))
        return max(matches, key=len, default="")
