"""Sentences.

Comes in: words. Goes out: text.
"""


def format_sentence(words: str) -> str:
    """Given words, return them as a sentence."""
    return f"{words[:1].upper()}{words[1:]}."
