"""Texts for people, in the contract's languages.

Comes in: what is written, through the parts of `resolve.contract`. Goes out: texts.
"""

from typing import Protocol

from opspact.structs import Struct


class Text(Struct):
    """A text for the customer, in both languages."""

    zh: str
    en: str

    def in_language(self, language: str) -> str:
        """Given `zh-CN` or `en`, return the text in that language."""
        return self.zh if language == "zh-CN" else self.en


class OptionalText(Protocol):
    """A text as written: one language may be missing."""

    @property
    def zh(self) -> str | None:
        """The Chinese text."""

    @property
    def en(self) -> str | None:
        """The English text."""


def complete_text(written: OptionalText | None, name: str) -> Text:
    """Given a text as written (None: nothing is) and what to say otherwise, return it in both languages.

    A missing language is filled with the other one: a text in the wrong language says more than a name.
    """
    if written is None:
        return Text(name, name)
    return Text(zh=written.zh or written.en or name, en=written.en or written.zh or name)
