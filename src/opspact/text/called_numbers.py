"""Telephone numbers, however they are written.

Comes in: text. Goes out: its digits, and whether two are one number.
"""

import re
from unicodedata import normalize

_NUMBER = re.compile(r"[+(]?[0-9][0-9 ()/.-]{2,}")
_SHORTEST_WITHOUT_COUNTRY = 8


def plain_number(text: str) -> str:
    """Given text, return its digits without the zeros that lead; empty: it is no number."""
    plain = normalize("NFKC", text)
    return re.sub(r"[^0-9]", "", plain).lstrip("0") if _NUMBER.fullmatch(plain) else ""


def is_the_end(digits: str, whole: str) -> bool:
    """Given the digits of two numbers, return whether one is the other without its country: as at home."""
    return digits.isdecimal() and len(digits) >= _SHORTEST_WITHOUT_COUNTRY and whole.endswith(digits)


def is_one_number(one: str, other: str) -> bool:
    """Given two texts, return whether they are one number: written `+86 138…`, `0086 138…` or, at home, `138…`."""
    digits, others = plain_number(one), plain_number(other)
    return bool(digits) and (digits == others or is_the_end(digits, others) or is_the_end(others, digits))
