"""The kind `redaction`, as it is meant: what is hidden before anything is stored or shown.

Comes in: what `resolve` made of the document. Goes out: frozen values, held by the contract.
"""

import re

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
