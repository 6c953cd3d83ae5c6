"""Placeholders: `{{ name }}` in a text stands for a value, and nothing else can be written between the braces.

Comes in: texts, values by name. Goes out: names, texts with values in them.
"""

import re
from collections.abc import Mapping

_PLACEHOLDER = re.compile(r"\{\{\s*([a-z][a-z0-9_]*)\s*\}\}")
_BRACES = re.compile(r"\{\{(.*?)\}\}", re.DOTALL)


def placeholder_names(text: str) -> tuple[str, ...]:
    """Given a text, return the names of the values that it asks for, each once, in their order."""
    return tuple(dict.fromkeys(_PLACEHOLDER.findall(text)))


def invalid_placeholders(text: str) -> tuple[str, ...]:
    """Given a text, return what stands between double braces and is no name."""
    return tuple(found[0] for found in _BRACES.finditer(text) if not _PLACEHOLDER.fullmatch(found[0]))


def whole_placeholder(text: str) -> str:
    """Given a text, return the one name that is all of it; empty when there is more, or none."""
    found = _PLACEHOLDER.fullmatch(text.strip())
    return found[1] if found else ""


def filled(text: str, values: Mapping[str, str]) -> str:
    """Given a text and values, return the text with the values in it; a value's own braces stay what they are.

    Raise KeyError, with the name, for a value that is not there.
    """
    return _PLACEHOLDER.sub(lambda found: values[found[1]], text)
