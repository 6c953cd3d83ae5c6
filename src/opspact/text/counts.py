"""Numbers of things as text.

In: numbers and nouns. Out: text.
"""


def format_count(number: int, noun: str, plural: str = "") -> str:
    """Given a number and a noun, return them as they are read: `1 host`, `2 hosts`, `10,000 hosts`."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"
