"""The forms that most commands speak in, and the languages of texts for the customer.

Comes in: nothing. Goes out: the words for `--format` and `--language`.
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


class Language(StrEnum):
    """The languages of a contract's texts."""

    ZH = "zh-CN"
    EN = "en"
