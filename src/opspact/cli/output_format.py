"""The forms that most commands speak in.

Comes in: nothing. Goes out: the words for `--format`.
"""

from enum import StrEnum


class Format(StrEnum):
    """For people, or for scripts."""

    TEXT = "text"
    JSON = "json"


class CheckFormat(StrEnum):
    """For people, for scripts, or for the test reports of pipelines."""

    TEXT = "text"
    JSON = "json"
    JUNIT = "junit"
