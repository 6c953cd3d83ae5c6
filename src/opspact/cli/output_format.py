"""The forms that most commands speak in.

Comes in: nothing. Goes out: the words for `--format`.
"""

from enum import StrEnum


class Format(StrEnum):
    """For people, or for scripts."""

    TEXT = "text"
    JSON = "json"
